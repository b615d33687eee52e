//! The other tools run what Orlop pushed, and Orlop takes what they pushed.

use orlop_fs::TreeListing;
use orlop_testing::peer::{DockerEngine, Podman, Skopeo, Umoci};
use orlop_testing::{
    Compression, Image, Layer, MediaTypes, Orlop, PlatformName, Registry, Tarball, busybox_layer,
    is_root,
};
use serde_json::json;

use crate::{assert_same_tree, mounted, orlop, small};

/// A program that says a line from a file of an upper layer.
fn talking() -> Option<Image> {
    let top = Tarball::new()
        .dir("etc", 0o755)
        .owner(1000, 1000)
        .file("etc/motd", 0o644, "it runs\n")
        .finish();
    let layers = [
        busybox_layer(Compression::Gzip)?,
        Layer::new(&top, Compression::Gzip),
    ];
    let config = json!({"Cmd": ["cat", "/etc/motd"], "Env": ["PATH=/bin"], "WorkingDir": "/etc"});
    Some(Image::with(
        &PlatformName::host(),
        &layers,
        MediaTypes::Oci,
        config,
    ))
}

/// Brings an image into a store from one registry and pushes it to another; its name there.
fn pushed_by(orlop: &Orlop, image: &Image, from: &Registry, to: &Registry) -> String {
    let name = image.push(&from.host(), "talking", "v1");
    let target = format!("{}/pushed/talking:v2", to.host());
    orlop.ok(["pull", "-q", &name]);
    orlop.ok(["tag", &name, &target]);
    orlop.ok(["push", &target]);
    target
}

#[test]
fn root_podman_runs_what_orlop_pushed_and_orlop_pulls_what_it_pushed() {
    let (true, Some(image), Some(podman)) = (is_root(), talking(), Podman::new()) else {
        return;
    };
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let orlop = orlop();
    let name = pushed_by(&orlop, &image, &first, &second);
    podman.pull(&name);
    assert_eq!(podman.run(&name, &["cat", "motd"]), "it runs\n");

    let back = format!("{}/by/podman:v3", second.host());
    podman.program().args(["tag", &name, &back]).ok();
    podman.push(&back);
    orlop.ok(["pull", &back]);
    assert_same_tree(&mounted(&orlop, &back), &mounted(&orlop, &name), "podman");

    let Some(buildah) = podman.buildah() else {
        return;
    };
    let built = format!("{}/by/buildah:v4", second.host());
    buildah
        .args([
            "push",
            "--quiet",
            "--tls-verify=false",
            "--format",
            "v2s2",
            &name,
            &built,
        ])
        .ok();
    orlop.ok(["pull", &built]);
    assert_same_tree(&mounted(&orlop, &built), &mounted(&orlop, &name), "buildah");
}

#[test]
fn root_docker_runs_what_orlop_pushed_and_orlop_pulls_what_it_pushed() {
    let (true, Some(image), Some(docker)) = (is_root(), talking(), DockerEngine::start()) else {
        return;
    };
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let orlop = orlop();
    let name = pushed_by(&orlop, &image, &first, &second);
    let pulled = docker.pull(&name);
    assert!(
        pulled
            .stdout
            .contains(&format!("Digest: {}", image.top.digest)),
        "{pulled}"
    );
    assert_eq!(docker.run(&name, &["cat", "motd"]), "it runs\n");

    let back = format!("{}/by/docker:v3", second.host());
    docker.program().args(["tag", &name, &back]).ok();
    docker.push(&back);
    orlop.ok(["pull", &back]);
    assert_same_tree(&mounted(&orlop, &back), &mounted(&orlop, &name), "docker");

    // An image that docker itself made: its own configuration, its own layer.
    let context = tempfile::tempdir().unwrap();
    let made = format!("{}/by/commit:v4", second.host());
    docker
        .program()
        .args(["create", "--name", "made", "--network=none", &name, "true"])
        .current_dir(context.path())
        .ok();
    docker
        .program()
        .args(["cp", "/etc/hostname", "made:/etc/copied"])
        .ok();
    docker
        .program()
        .args(["commit", "--message", "a layer on top", "made", &made])
        .ok();
    docker.push(&made);
    orlop.ok(["pull", &made]);
    let tree = mounted(&orlop, &made);
    assert!(tree.nodes.contains_key(b"etc/copied".as_slice()));
    assert!(
        orlop
            .ok(["history", &made])
            .stdout
            .contains("a layer on top")
    );
}

#[test]
fn skopeo_sees_what_orlop_pushed_and_orlop_pulls_what_it_pushed() {
    let (Some(first), Some(second), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let image = small("for skopeo");
    let orlop = orlop();
    let name = pushed_by(&orlop, &image, &first, &second);
    let seen = skopeo.inspect(&format!("docker://{name}"));
    assert_eq!(seen["Digest"], image.top.digest);
    assert_eq!(seen["Layers"], json!(image.layer_digests()));
    for (tag, options) in [
        ("v2s2", ["--format", "v2s2"].as_slice()),
        ("oci", &["--format", "oci"]),
        (
            "zstd",
            &[
                "--dest-compress-format",
                "zstd",
                "--dest-compress",
                "--format",
                "oci",
            ],
        ),
    ] {
        let target = format!("{}/by/skopeo:{tag}", second.host());
        skopeo.copy(
            &format!("docker://{name}"),
            &format!("docker://{target}"),
            options,
        );
        orlop.ok(["pull", &target]);
        assert_eq!(
            orlop
                .ok(["inspect", "-f", "{{index .RootFS.Layers 1}}", &target])
                .text(),
            layer_id(&image, 1)
        );
    }
}

fn layer_id(image: &Image, number: usize) -> String {
    let config: serde_json::Value =
        serde_json::from_slice(&image.config().bytes).expect("made as JSON");
    config["rootfs"]["diff_ids"][number]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_store_is_a_layout_that_the_others_read() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let (one, two) = (small("one"), small("two"));
    let orlop = orlop();
    for (image, tag) in [(&one, "one"), (&two, "two")] {
        orlop.ok(["pull", "-q", &image.push(&registry.host(), "app", tag)]);
    }
    orlop.ok(["tag", &format!("{}/app:two", registry.host()), "mine:v1"]);
    for (name, image) in [
        (format!("{}/app:one", registry.host()), &one),
        ("docker.io/library/mine:v1".to_owned(), &two),
    ] {
        let stored = format!("oci:{}:{name}", orlop.layout().display());
        assert_eq!(skopeo.raw(&stored).as_bytes(), image.top.bytes, "{name}");
        let copied = orlop.folder().join("copied");
        skopeo.copy(&stored, &format!("dir:{}", copied.display()), &[]);
        for digest in image.layer_digests() {
            assert!(
                copied.join(digest.trim_start_matches("sha256:")).exists(),
                "{name}: {digest}"
            );
        }
    }
    orlop.ok(["rmi", "mine:v1"]);
    let gone = format!("oci:{}:docker.io/library/mine:v1", orlop.layout().display());
    assert!(
        !skopeo
            .program()
            .args(["inspect", "--raw", &gone])
            .run()
            .status
            .success()
    );
}

#[test]
fn root_umoci_reads_the_store() {
    let (true, Some(registry), Some(umoci)) = (is_root(), Registry::start(), Umoci::new()) else {
        return;
    };
    let image = small("for umoci");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &image.push(&registry.host(), "app", "v1")]);
    orlop.ok(["tag", &format!("{}/app:v1", registry.host()), "mine"]);
    // umoci takes everything after the last colon as the tag.
    let index = std::fs::read_to_string(orlop.layout().join("index.json")).unwrap();
    assert!(index.contains("docker.io/library/mine:latest"), "{index}");
    let skopeo = Skopeo::new().expect("installed with the others");
    let copied = orlop.folder().join("copied");
    let from = format!(
        "oci:{}:docker.io/library/mine:latest",
        orlop.layout().display()
    );
    skopeo.copy(&from, &format!("oci:{}:x", copied.display()), &[]);
    let tree = umoci.unpack(&copied, "x", &orlop.folder().join("bundle"));
    let tree = TreeListing::read(&tree).unwrap();
    assert!(
        tree.nodes.contains_key(b"top".as_slice()) && tree.nodes.contains_key(b"base".as_slice())
    );
}
