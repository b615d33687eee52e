//! Docker's words, and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use orlop_testing::{Image, MediaTypes, PlatformName, Program, Tarball};

use super::{field, loaded, path, saved};
use crate::{assert_nothing_visible, layer, orlop, small};

#[test]
fn a_saved_file_is_for_its_owner_only() {
    let orlop = orlop();
    loaded(&orlop, &small("x"), "app:v1");
    let file = saved(&orlop, "app.tar", &["app:v1"]);
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_cannot_be_saved_is_said_as_docker_says_it() {
    let orlop = orlop();
    loaded(&orlop, &small("x"), "app:v1");
    for (arguments, said) in [
        (&["save", "none"][..], "No such image: none:latest"),
        (&["save", "app:v1", "none:v2"], "No such image: none:v2"),
        (
            &["save", "--platform", "linux/s390x", "app:v1"],
            "no suitable export target found for platform linux/s390x",
        ),
        (
            &["save", "-o", "/none/x.tar", "app:v1"],
            "invalid output path: directory \"/none\" does not exist",
        ),
        (&["export", "none"], "No such image: none:latest"),
    ] {
        let stderr = orlop.fails(arguments);
        assert_eq!(stderr, format!("Error: {said}\n"), "{arguments:?}");
    }
    let words = format!(
        "{} --root {} save app:v1",
        env!("CARGO_BIN_EXE_orlop"),
        path(orlop.store())
    );
    let refused = Program::new("script")
        .args(["-qec", &words, "/dev/null"])
        .run();
    let refusal = "cowardly refusing to save to a terminal. Use the -o flag or redirect";
    assert!(refused.stdout.contains(refusal), "{refused}");
    assert_eq!(refused.code(), 1);
    let words = words.replace("save app:v1", "load");
    let refused = Program::new("script")
        .args(["-qec", &words, "/dev/null"])
        .run();
    let refusal = "requested load from stdin, but stdin is empty";
    assert!(refused.stdout.contains(refusal), "{refused}");
}

#[test]
fn names_go_with_the_images_as_they_were_asked_for() {
    let (first, second) = (orlop(), orlop());
    let (one, two) = (small("one"), small("two"));
    for (image, name) in [(&one, "app:one"), (&two, "app:two"), (&two, "other:v1")] {
        loaded(&first, image, name);
    }
    // A repository is all of its tags.
    let archive = path(&saved(&first, "app.tar", &["app"]));
    let said = second.ok(["load", "-q", "-i", &archive]).stdout;
    assert_eq!(said, "Loaded image: app:one\nLoaded image: app:two\n");
    // An ID has no name.
    let archive = path(&saved(&first, "id.tar", &[&one.top.digest]));
    let third = orlop();
    let said = third.ok(["load", "-q", "-i", &archive]);
    assert_eq!(said.text(), format!("Loaded image ID: {}", one.top.digest));
    let listed = third.ok(["images", "--format", "{{.Repository}} {{.Tag}}"]);
    assert_eq!(listed.text(), "<none> <none>");
    // Two names, one image.
    let archive = path(&saved(&first, "two.tar", &["other:v1", "app:two"]));
    let said = third.ok(["load", "-q", "-i", &archive]).stdout;
    assert_eq!(said, "Loaded image: app:two\nLoaded image: other:v1\n");
    // A name that moves says so.
    first.ok(["tag", "app:one", "app:two"]);
    let archive = path(&saved(&first, "moved.tar", &["app:two"]));
    let said = third.ok(["load", "-q", "-i", &archive]).stderr;
    assert!(
        said.contains(&format!("app:two has moved: it was {}", two.top.digest)),
        "{said}"
    );
}

#[test]
fn what_is_no_archive_of_images_is_refused_with_a_hint() {
    let orlop = orlop();
    let file = path(&orlop.folder().join("rootfs.tar"));
    std::fs::write(
        &file,
        Tarball::new().file("etc/passwd", 0o644, "x").finish(),
    )
    .unwrap();
    let said = orlop.fails(["load", "-i", &file]);
    assert!(said.contains("unrecognized image format"), "{said}");
    assert!(
        said.contains("hint: the archive of a root file system"),
        "{said}"
    );
    let said = orlop.fails(["load", "-i", "/none.tar"]);
    assert!(
        said.starts_with("Error: open /none.tar: No such file or directory"),
        "{said}"
    );
    assert_nothing_visible(&orlop);
}

#[test]
fn a_damaged_blob_is_never_saved() {
    let orlop = orlop();
    let image = small("x");
    loaded(&orlop, &image, "app:v1");
    let hex = image.layer_digests()[1].replace("sha256:", "");
    let blob = orlop.layout().join("blobs/sha256").join(hex);
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let file = orlop.folder().join("app.tar");
    for arguments in [
        &["save", "-o", &path(&file), "app:v1"][..],
        &["export", "-o", &path(&file), "app:v1"],
    ] {
        let said = orlop.fails(arguments);
        assert!(said.contains("the stored copy is damaged"), "{said}");
        assert!(!file.exists());
    }
}

#[test]
fn of_an_index_what_is_asked_for_is_loaded() {
    let orlop = orlop();
    let image = |platform: &str| Image::new(&PlatformName::new(platform), &[layer("f", platform)]);
    let images = ["linux/amd64", "linux/arm64", "linux/s390x"].map(image);
    let layout = orlop.folder().join("layout");
    Image::index(MediaTypes::Oci, &images).write_layout(&layout, "app:v1");
    let load = [
        "load",
        "-q",
        "-i",
        &path(&layout),
        "--platform",
        "linux/arm64",
    ];
    orlop.ok(load);
    assert_eq!(field(&orlop, "app:v1", "{{.Architecture}}"), "arm64");
    assert_eq!(orlop.files_below("oci/blobs").len(), 4);
    let mut load = load;
    load[5] = "linux/mips64";
    let said = orlop.fails(load);
    assert!(
        said.contains("no matching manifest for linux/mips64"),
        "{said}"
    );
}
