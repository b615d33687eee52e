use orlop_testing::peer::{DockerEngine, Podman, Skopeo, Umoci};
use orlop_testing::{
    Compression, Image, Layer, MediaTypes, Method, PlatformName, Registry, Tarball, busybox_layer,
    http,
};
use serde_json::json;

fn busybox() -> Option<Image> {
    let top = Tarball::new()
        .owner(7, 8)
        .file("etc/motd", 0o640, "hello from a layer\n")
        .whiteout("bin/uname")
        .finish();
    let layers = [
        busybox_layer(Compression::Gzip)?,
        Layer::new(&top, Compression::Gzip),
    ];
    let config = json!({"Cmd": ["/bin/cat", "/etc/motd"], "Env": ["PATH=/bin:/usr/bin"], "Labels": {"a": "b"}});
    Some(Image::with(
        &PlatformName::host(),
        &layers,
        MediaTypes::Oci,
        config,
    ))
}

#[test]
fn a_pushed_image_is_what_skopeo_sees() {
    let (Some(registry), Some(skopeo), Some(image)) = (Registry::start(), Skopeo::new(), busybox())
    else {
        return;
    };
    let name = image.push(&registry.host(), "test/busybox", "one");
    let seen = skopeo.inspect(&format!("docker://{name}"));
    assert_eq!(seen["Digest"], image.top.digest);
    assert_eq!(seen["Labels"]["a"], "b");
    assert_eq!(seen["Layers"], json!(image.layer_digests()));
    let tags = http(
        Method::Get,
        &registry.host(),
        "/v2/test/busybox/tags/list",
        &[],
        None,
    );
    assert_eq!(
        String::from_utf8_lossy(&tags.body).trim(),
        r#"{"name":"test/busybox","tags":["one"]}"#
    );
}

#[test]
fn indexes_and_docker_types_are_taken_and_given_back() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let layer = |text: &str| {
        Layer::new(
            &Tarball::new().file("a", 0o644, text).finish(),
            Compression::Gzip,
        )
    };
    let arm = Image::with(
        &PlatformName::new("linux/arm/v7"),
        &[layer("arm")],
        MediaTypes::Docker,
        json!({}),
    );
    let amd = Image::with(
        &PlatformName::new("linux/amd64"),
        &[layer("amd")],
        MediaTypes::Docker,
        json!({}),
    );
    let list = Image::index(MediaTypes::Docker, &[amd, arm]);
    let name = list.push(&registry.host(), "list", "latest");
    assert_eq!(
        skopeo.raw(&format!("docker://{name}")).as_bytes(),
        list.top.bytes
    );

    let proven = Image::with_attestation(&Image::new(&PlatformName::host(), &[layer("proven")]));
    let nested = Image::index(MediaTypes::Oci, std::slice::from_ref(&proven));
    let name = nested.push(&registry.host(), "nested", "latest");
    assert_eq!(
        skopeo.raw(&format!("docker://{name}")).as_bytes(),
        nested.top.bytes
    );
}

#[test]
fn root_podman_and_buildah_pull_run_and_push() {
    if !orlop_testing::is_root() {
        return;
    }
    let (Some(registry), Some(podman), Some(image)) = (Registry::start(), Podman::new(), busybox())
    else {
        return;
    };
    let name = image.push(&registry.host(), "busybox", "one");
    podman.pull(&name);
    assert_eq!(
        podman.run(&name, &["cat", "/etc/motd"]),
        "hello from a layer\n"
    );
    assert_eq!(podman.inspect(&name)["Labels"]["a"], "b");
    let Some(buildah) = podman.buildah() else {
        return;
    };
    let again = format!("{}/again:two", registry.host());
    buildah
        .args(["push", "--quiet", "--tls-verify=false", &name, &again])
        .ok();
    podman.pull(&again);
}

#[test]
fn root_docker_pulls_runs_and_pushes() {
    let (Some(registry), Some(docker), Some(image)) =
        (Registry::start(), DockerEngine::start(), busybox())
    else {
        return;
    };
    let name = image.push(&registry.host(), "busybox", "one");
    docker.pull(&name);
    assert_eq!(
        docker.run(&name, &["cat", "/etc/motd"]),
        "hello from a layer\n"
    );
    assert_eq!(docker.inspect(&name)["Config"]["Labels"]["a"], "b");
    let again = format!("{}/again:two", registry.host());
    docker.program().args(["tag", &name, &again]).ok();
    docker.push(&again);
}

#[test]
fn root_umoci_unpacks_every_kind_of_entry() {
    let (true, Some(umoci)) = (orlop_testing::is_root(), Umoci::new()) else {
        return;
    };
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let tar = Tarball::new()
        .dir("etc", 0o755)
        .xattr("user.note", b"kept")
        .file("etc/a", 0o4755, "a")
        .hard_link("etc/b", "etc/a")
        .symlink("etc/c", "../etc/a")
        .fifo("pipe", 0o600)
        .char_device("null", 0o666, 1, 3)
        .dir(&"d".repeat(120), 0o711)
        .file(&long, 0o644, "long")
        .gnu_long_names()
        .file(&format!("{long}2"), 0o644, "longer")
        .mtime(1_600_000_000, 123_456_789)
        .owner(3_000_000, 3_000_001)
        .file("late", 0o600, "late")
        .finish();
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::GzipMembers,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let image = Image::new(&PlatformName::host(), &[Layer::new(&tar, compression)]);
        image.write_layout(&folder.path().join("layout"), "x");
        let tree = umoci.unpack(
            &folder.path().join("layout"),
            "x",
            &folder.path().join("bundle"),
        );
        use std::os::unix::fs::MetadataExt;
        let a = std::fs::metadata(tree.join("etc/a")).unwrap();
        assert_eq!(
            (a.mode() & 0o7777, a.nlink()),
            (0o4755, 2),
            "{compression:?}"
        );
        assert_eq!(std::fs::read_to_string(tree.join(&long)).unwrap(), "long");
        assert_eq!(
            std::fs::read_to_string(tree.join(format!("{long}2"))).unwrap(),
            "longer"
        );
        let late = std::fs::metadata(tree.join("late")).unwrap();
        assert_eq!(
            (late.uid(), late.gid(), late.mtime(), late.mtime_nsec()),
            (3_000_000, 3_000_001, 1_600_000_000, 123_456_789)
        );
        assert_eq!(
            std::fs::symlink_metadata(tree.join("null")).unwrap().rdev(),
            0x103
        );
    }
}
