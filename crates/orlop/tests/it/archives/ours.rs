//! What Orlop saves, the others load.

use std::path::Path;

use orlop_fs::TreeListing;
use orlop_testing::peer::{DockerEngine, Podman, Skopeo, Umoci};
use orlop_testing::{
    Compression, Image, Layer, MediaTypes, PlatformName, Program, Tarball, busybox_layer,
    digest_of, fixtures, is_root,
};
use serde_json::{Value, json};

use super::{field, id, loaded, path, saved};
use crate::{assert_same_tree, big, mounted, orlop, small};

/// A program that says a line from a file of an upper layer.
pub(super) fn talking() -> Option<Image> {
    let top = Tarball::new()
        .dir("etc", 0o755)
        .file("etc/motd", 0o644, "it runs\n")
        .finish();
    let layers = [
        busybox_layer(Compression::Gzip)?,
        Layer::new(&top, Compression::Gzip),
    ];
    let config = json!({"Cmd": ["cat", "/etc/motd"], "Env": ["PATH=/bin"]});
    let host = PlatformName::host();
    Some(Image::with(&host, &layers, MediaTypes::Oci, config))
}

#[test]
fn root_docker_runs_what_orlop_saved() {
    let (true, Some(image), Some(docker)) = (is_root(), talking(), DockerEngine::start()) else {
        return;
    };
    let orlop = orlop();
    loaded(&orlop, &image, "example.com/talking:v1");
    loaded(&orlop, &small("another"), "another:v2");
    let names = ["example.com/talking:v1", "another:v2"];
    for (file, options) in [
        ("plain.tar", &[][..]),
        ("gzip.tar.gz", &["--compress", "gzip"]),
    ] {
        let archive = saved(&orlop, file, &[options, &names].concat());
        let said = docker.program().args(["load", "-i", &path(&archive)]).ok();
        for name in names {
            assert!(
                said.stdout.contains(&format!("Loaded image: {name}")),
                "{said}"
            );
        }
        // docker's own store knows an image by its configuration.
        assert_eq!(docker.inspect(names[0])["Id"], image.config().digest);
        assert_eq!(docker.run(names[0], &[]), "it runs\n");
        docker.program().args(["rmi", names[0], names[1]]).ok();
    }
}

#[test]
fn root_podman_runs_what_orlop_saved() {
    let (true, Some(image), Some(podman)) = (is_root(), talking(), Podman::new()) else {
        return;
    };
    let orlop = orlop();
    let name = "example.com/talking:v1";
    loaded(&orlop, &image, name);
    // Directories are for skopeo: this podman takes none whose path isn't a repository's.
    for format in ["docker-archive", "oci-archive"] {
        let archive = saved(&orlop, format, &["--format", format, name]);
        podman
            .program()
            .args(["load", "-q", "-i", &path(&archive)])
            .ok();
        assert_eq!(podman.run(name, &[]), "it runs\n", "{format}");
        let config = podman.inspect(name)["Id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(image.config().digest.ends_with(&config), "{format}");
        podman.program().args(["rmi", name]).ok();
    }
}

#[test]
fn skopeo_finds_each_image_with_its_digest() {
    let Some(skopeo) = Skopeo::new() else { return };
    let orlop = orlop();
    let (one, two) = (small("one"), small("two"));
    for (image, name) in [(&one, "app:one"), (&two, "app:two")] {
        loaded(&orlop, image, name);
    }
    let docker = path(&saved(&orlop, "docker.tar", &["app"]));
    let oci = path(&saved(
        &orlop,
        "oci.tar",
        &["--format", "oci-archive", "app"],
    ));
    let layout = path(&saved(&orlop, "layout", &["--format", "oci-dir", "app"]));
    for (image, tag) in [(&one, "one"), (&two, "two")] {
        let whole = format!("docker.io/library/app:{tag}");
        for place in [
            format!("oci-archive:{docker}:{tag}"),
            format!("oci-archive:{oci}:{whole}"),
            format!("oci:{layout}:{whole}"),
        ] {
            assert_eq!(skopeo.raw(&place).as_bytes(), image.top.bytes, "{place}");
        }
        let seen = skopeo.raw(&format!("docker-archive:{docker}:app:{tag}"));
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(seen["config"]["digest"], image.config().digest);
    }
}

#[test]
fn root_umoci_unpacks_what_orlop_saved() {
    let (true, Some(umoci)) = (is_root(), Umoci::new()) else {
        return;
    };
    let orlop = orlop();
    let image = small("for umoci");
    loaded(&orlop, &image, "mine:v1");
    let layout = saved(&orlop, "layout", &["--format", "oci-dir", "mine:v1"]);
    // umoci takes bare tags only.
    let tagged = orlop.folder().join("tagged");
    let skopeo = Skopeo::new().expect("installed with the others");
    let from = format!("oci:{}:docker.io/library/mine:v1", path(&layout));
    skopeo.copy(&from, &format!("oci:{}:v1", path(&tagged)), &[]);
    let tree = umoci.unpack(&tagged, "v1", &orlop.folder().join("bundle"));
    let tree = TreeListing::read(&tree).unwrap();
    for file in ["base", "top"] {
        assert!(tree.nodes.contains_key(file.as_bytes()), "{file}");
    }
}

#[test]
fn all_eight_platforms_go_and_come_back() {
    let (Some(fixtures), Some(skopeo)) = (fixtures(), Skopeo::new()) else {
        return;
    };
    let layout = fixtures.join("images/alpine-3.20");
    let (first, second) = (orlop(), orlop());
    let said = first.ok(["load", "-q", "-i", &path(&layout)]);
    assert_eq!(said.text(), "Loaded image: 3.20:latest");
    first.ok(["tag", "3.20", "alpine:3.20"]);
    let archive = saved(&first, "alpine.tar", &["alpine:3.20"]);
    let raw = skopeo.raw(&format!("oci:{}:3.20", path(&layout)));
    let copy = first.folder().join("copy");
    // Every blob of every platform is in it, or this fails.
    let from = format!("oci-archive:{}:3.20", path(&archive));
    skopeo.copy(&from, &format!("oci:{}:x", path(&copy)), &["--all"]);
    assert_eq!(skopeo.raw(&format!("oci:{}:x", path(&copy))), raw);

    let said = second.ok(["load", "-q", "-i", &path(&archive)]);
    assert_eq!(said.text(), "Loaded image: alpine:3.20");
    assert_eq!(id(&second, "alpine:3.20"), digest_of(raw.as_bytes()));
    assert_eq!(
        second
            .ok(["images", "--tree"])
            .stdout
            .matches("linux/")
            .count(),
        8
    );
    let again = saved(&second, "again.tar", &["alpine:3.20"]);
    assert!(same(&archive, &again), "the same bytes from another store");
    // One platform is an image of its own, two are in their index.
    let arm = saved(
        &first,
        "arm.tar",
        &["--platform", "linux/arm64", "alpine:3.20"],
    );
    let third = orlop();
    third.ok(["load", "-q", "-i", &path(&arm)]);
    assert_eq!(field(&third, "alpine:3.20", "{{.Architecture}}"), "arm64");
    assert_ne!(id(&third, "alpine:3.20"), id(&first, "alpine:3.20"));
    let two = ["--platform", "linux/arm64,linux/s390x", "alpine:3.20"];
    let two = saved(&first, "two.tar", &two);
    let fourth = orlop();
    fourth.ok(["load", "-q", "-i", &path(&two)]);
    assert_eq!(id(&fourth, "alpine:3.20"), id(&first, "alpine:3.20"));
    for (platform, there) in [("arm64", true), ("s390x", true), ("386", false)] {
        let platform = format!("linux/{platform}");
        let found = fourth.run(["image", "inspect", "--platform", &platform, "alpine:3.20"]);
        assert_eq!(found.code() == 0, there, "{platform}");
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let read = |path| std::fs::read(path).expect("it was written");
    read(one) == read(other)
}

#[test]
fn the_same_images_are_the_same_bytes() {
    let (first, second) = (orlop(), orlop());
    let (one, two) = (small("one"), small("two"));
    for orlop in [&first, &second] {
        let images = [(&one, "app:one"), (&two, "app:two")];
        let reversed = std::ptr::eq(orlop, &second);
        for number in if reversed { [1, 0] } else { [0, 1] } {
            let (image, name) = images[number];
            loaded(orlop, image, name);
        }
    }
    for options in [
        &[][..],
        &["--compress", "gzip"],
        &["--compress", "zstd"],
        &["--format", "oci-archive"],
    ] {
        let names = ["app:one", "app:two"];
        let here = saved(&first, "a", &[options, &names].concat());
        let there = saved(&second, "b", &[options, &["app:two", "app:one"]].concat());
        assert!(same(&here, &there), "{options:?}");
    }
}

#[test]
fn root_through_every_compression_and_pipe_the_tree_is_the_same() {
    let programs = [
        ("xz", "xz-utils"),
        ("bzip2", "bzip2"),
        ("zstd", "zstd"),
        ("gzip", "gzip"),
    ];
    if !is_root() || !orlop_testing::need_programs(&programs) {
        return;
    }
    let first = orlop();
    loaded(&first, &small("x"), "app:v1");
    let tree = mounted(&first, "app:v1");
    let archive = path(&saved(&first, "app.tar", &["app:v1"]));
    for (program, _) in programs {
        let compressed = Program::new("sh")
            .args(["-c", "\"$0\" -c \"$1\" > \"$1.$0\"", program, &archive])
            .ok();
        drop(compressed);
        let bytes = std::fs::read(format!("{archive}.{program}")).unwrap();
        for piped in [false, true] {
            let second = orlop();
            let load = match piped {
                true => second.program().args(["load", "-q"]).input(bytes.clone()),
                false => second
                    .program()
                    .args(["load", "-q", "-i"])
                    .arg(format!("{archive}.{program}")),
            };
            assert_eq!(load.ok().text(), "Loaded image: app:v1");
            assert_same_tree(&mounted(&second, "app:v1"), &tree, program);
            let left = second.files_below("ingest");
            assert!(left.is_empty(), "{left:?}");
        }
    }
    let piped = format!("{archive}.piped");
    let (program, root) = (env!("CARGO_BIN_EXE_orlop"), path(first.store()));
    let save = "\"$0\" --root \"$1\" save app:v1 > \"$2\"";
    Program::new("sh")
        .args(["-c", save, program, &root, &piped])
        .ok();
    assert!(same(Path::new(&piped), Path::new(&archive)));
}

/// The program may have so much memory of its own, in KiB; the image has much more.
const MEMORY: &str = "150000";

#[test]
fn a_big_image_streams_in_flat_memory() {
    let (first, second) = (orlop(), orlop());
    let image = big(300, 5);
    loaded(&first, &image, "big:v1");
    let archive = path(&first.folder().join("big.tar"));
    let limited = |orlop: &orlop_testing::Orlop, words: &[&str]| {
        let script = format!("ulimit -d {MEMORY}; exec \"$@\"");
        let root = path(orlop.store());
        let program = env!("CARGO_BIN_EXE_orlop");
        Program::new("sh")
            .args(["-c", &script, "sh", program, "--root", &root])
            .args(words)
            .ok();
    };
    limited(&first, &["save", "-o", &archive, "big:v1"]);
    limited(&second, &["load", "-i", &archive]);
    assert_eq!(id(&second, "big:v1"), image.top.digest);
    let flat = path(&first.folder().join("flat.tar"));
    limited(&first, &["export", "-o", &flat, "big:v1"]);
    limited(&second, &["import", &flat, "flat:v1"]);
    let third = orlop();
    let piped =
        format!("ulimit -d {MEMORY}; \"$1\" --root \"$2\" save big:v1 | \"$1\" --root \"$3\" load");
    let program = env!("CARGO_BIN_EXE_orlop");
    let (from, to) = (path(first.store()), path(third.store()));
    Program::new("sh")
        .args(["-c", &piped, "sh", program, &from, &to])
        .ok();
    assert_eq!(id(&third, "big:v1"), image.top.digest);
}
