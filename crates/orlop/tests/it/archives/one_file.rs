//! `export` of an image that isn't here, and of one file of it.

use orlop_testing::{
    Compression, FaultProxy, Image, Layer, MediaTypes, PlatformName, Program, Registry, Tarball,
};

use super::{loaded, path};
use crate::{layer, orlop, small};

/// Four layers: a base, what a link leads to, something else, and what is on top.
fn image() -> Image {
    with_third(|third| third.dir("opt", 0o755).file("opt/through", 0o644, "said\n"))
}

/// The third layer doesn't say what `opt` is: a link below it may lead anywhere.
fn with_a_loose_file() -> Image {
    with_third(|third| third.file("opt/through", 0o644, "loose\n"))
}

fn with_third(more: impl FnOnce(Tarball) -> Tarball) -> Image {
    let base = Tarball::new()
        .dir("etc", 0o755)
        .file("etc/os-release", 0o644, "base\n")
        .file("etc/gone", 0o644, "x")
        .symlink("etc/link", "../usr/lib/os-release");
    let second = Tarball::new()
        .dir("usr", 0o755)
        .dir("usr/lib", 0o755)
        .file("usr/lib/os-release", 0o644, "linked\n")
        .hard_link("usr/lib/other", "usr/lib/os-release");
    let third = Tarball::new().dir("etc", 0o755).whiteout("etc/gone");
    let third = more(third);
    let top = Tarball::new()
        .dir("etc", 0o755)
        .file("etc/os-release", 0o644, "top\n");
    let layers = [base, second, third, top].map(|tar| Layer::new(&tar.finish(), Compression::Zstd));
    Image::new(&PlatformName::host(), &layers)
}

#[test]
fn of_a_remote_image_only_the_layers_come_that_tell() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    let images = [("v1", image()), ("loose", with_a_loose_file())];
    for (tag, image) in &images {
        registry.serve("team/app", tag, image);
    }
    let named = |tag: &str| format!("docker://{}/team/app:{tag}", registry.host());
    let digests = images.map(|(_, image)| {
        let mut digests = image.layer_digests();
        digests.reverse();
        digests
    });
    for (tag, file, content, layers) in [
        ("v1", "/etc/os-release", "top\n", 1),
        ("v1", "etc/../etc//os-release", "top\n", 1),
        ("v1", "/opt/through", "said\n", 2),
        ("v1", "/usr/lib/other", "linked\n", 3),
        ("v1", "/etc/link", "linked\n", 4),
        ("loose", "/etc/os-release", "top\n", 1),
        ("loose", "/opt/through", "loose\n", 4),
        // The file may have had to make room.
        ("loose", "/usr/lib/other", "linked\n", 4),
    ] {
        registry.forget();
        let name = named(tag);
        let digests = &digests[usize::from(tag == "loose")];
        let exported = orlop.ok(["export", &name, file]);
        assert_eq!(exported.stdout, content, "{file}");
        for (number, digest) in digests.iter().enumerate() {
            let part = format!("/blobs/{digest}");
            let count = registry.count("GET", &part);
            assert_eq!(
                count,
                usize::from(number < layers),
                "{tag}, {file}: layer {number}"
            );
        }
    }
    // What a whiteout hides needs no layer below it.
    registry.forget();
    let (name, digests) = (named("v1"), &digests[0]);
    let said = orlop.fails(["export", &name, "/etc/gone"]);
    let missing = format!("Error: Could not find the file /etc/gone in image {name}\n");
    assert_eq!(said, missing);
    assert_eq!(registry.count("GET", &digests[2]), 0);
    let said = orlop.fails(["export", &name, "/etc"]);
    assert_eq!(said, "Error: /etc: it is a directory\n");
    assert!(
        !orlop.store().join("orlop.db").exists(),
        "the store isn't asked"
    );
}

#[test]
fn wherever_an_image_is_its_files_are_the_same() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    let image = image();
    registry.serve("team/app", "v1", &image);
    loaded(&orlop, &image, "app:v1");
    let at = |name: &str| path(&orlop.folder().join(name));
    let layout = at("layout");
    image.write_layout(std::path::Path::new(&layout), "v1");
    let saved = at("app.tar");
    orlop.ok(["save", "-q", "-o", &saved, "app:v1"]);
    let flat = at("flat.tar");
    orlop.ok(["export", "-o", &flat, "app:v1"]);
    let expected = std::fs::read(&flat).unwrap();
    for place in [
        format!("docker://{}/team/app:v1", registry.host()),
        format!("oci:{layout}:v1"),
        format!("docker-archive:{saved}"),
        format!("oci-archive:{saved}:app:v1"),
        "store:app:v1".to_owned(),
    ] {
        let other = at("other.tar");
        orlop.ok(["export", "-o", &other, &place]);
        assert!(std::fs::read(&other).unwrap() == expected, "{place}");
        let one = orlop.ok(["export", &place, "/etc/link"]);
        assert_eq!(one.stdout, "linked\n", "{place}");
        let into = at("one");
        orlop.ok(["export", "-o", &into, &place, "/etc/os-release"]);
        assert_eq!(std::fs::read_to_string(&into).unwrap(), "top\n", "{place}");
    }
}

#[test]
fn of_a_remote_index_the_platform_that_was_asked_for() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    let image = |platform: &str| Image::new(&PlatformName::new(platform), &[layer("f", platform)]);
    let images = ["linux/arm64", "linux/s390x"].map(image);
    registry.serve("a", "v1", &Image::index(MediaTypes::Oci, &images));
    registry.serve("b", "v1", &images[1]);
    let [index, single] = ["a", "b"].map(|name| format!("docker://{}/{name}:v1", registry.host()));
    for platform in ["linux/arm64", "linux/s390x"] {
        let exported = orlop.ok(["export", "--platform", platform, &index, "/f"]);
        assert_eq!(exported.stdout, platform);
    }
    let said = orlop.fails(["export", "--platform", "linux/mips", &index, "/f"]);
    assert!(
        said.contains("no matching manifest for linux/mips"),
        "{said}"
    );
    let said = orlop.fails(["export", "--platform", "linux/arm64", &single, "/f"]);
    assert!(
        said.contains("does not match the specified platform"),
        "{said}"
    );
}

#[test]
fn nothing_is_written_of_what_isnt_what_it_is_said_to_be() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    let (mut flipped, mut short, mut bomb) = (small("x"), small("y"), small("z"));
    // A bit of gzip's header that changes nothing of what is in it.
    flipped.blobs[2].bytes[5] ^= 1;
    short.blobs[2].bytes.truncate(60);
    bomb.blobs[2].bytes = vec![0; 2_000_000];
    let into = orlop.folder().join("out");
    for (name, image) in [("flipped", &flipped), ("short", &short), ("bomb", &bomb)] {
        registry.serve("team/app", name, image);
        let digest = image.blobs[2].digest.clone();
        let name = format!("docker://{}/team/app:{name}", registry.host());
        for file in [&[][..], &["/top"]] {
            let arguments = ["export", "-o", &path(&into), &name].map(str::to_owned);
            let file = file.iter().map(|&file: &&str| file.to_owned());
            let said = orlop.fails(arguments.into_iter().chain(file));
            assert!(
                said.starts_with("Error: ") && said.contains(&digest),
                "{said}"
            );
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(!into.exists());
        }
    }
    let name = format!("docker://{}/team/app:none", registry.host());
    let said = orlop.fails(["export", &name, "/top"]);
    assert!(said.contains("team/app:none"), "{said}");
}

#[test]
fn crane_and_orlop_see_the_same_tree() {
    let Some(crane) = std::env::var_os("ORLOP_TEST_CRANE") else {
        return;
    };
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = image().push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    let list = |archive: &str| {
        let listed = Program::new("tar").args(["-tf", archive]).ok();
        let mut names: Vec<String> = listed
            .stdout
            .lines()
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect();
        names.sort();
        names
    };
    let at = |name: &str| path(&orlop.folder().join(name));
    let (ours, theirs) = (at("ours.tar"), at("theirs.tar"));
    orlop.ok(["export", "-o", &ours, &format!("docker://{name}")]);
    Program::new(crane)
        .args(["export", "--insecure", &name, &theirs])
        .ok();
    // crane writes no directory that no layer describes.
    let mut expected = list(&theirs);
    expected.retain(|name| name != "opt");
    let mut found = list(&ours);
    found.retain(|name| name != "opt");
    assert_eq!(found, expected);
}
