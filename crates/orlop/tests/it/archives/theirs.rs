//! What the others save, Orlop loads.

use orlop_testing::peer::{DockerEngine, Podman, Skopeo};
use orlop_testing::{Program, is_root};
use serde_json::Value;

use super::ours::talking;
use super::{field, id, loaded, path, saved};
use crate::{assert_same_tree, mounted, orlop, small};

#[test]
fn root_orlop_loads_what_docker_saved_of_any_age() {
    let (true, Some(image), Some(docker)) = (is_root(), talking(), DockerEngine::start()) else {
        return;
    };
    let (first, second) = (orlop(), orlop());
    let name = "example.com/talking:v1";
    loaded(&first, &image, name);
    let tree = mounted(&first, name);
    let archive = path(&saved(&first, "orlop.tar", &[name]));
    docker.program().args(["load", "-i", &archive]).ok();
    let theirs = path(&second.folder().join("docker.tar"));
    docker.program().args(["save", "-o", &theirs, name]).ok();
    let said = second.ok(["load", "-q", "-i", &theirs]);
    assert_eq!(said.text(), format!("Loaded image: {name}"));
    assert_same_tree(&mounted(&second, name), &tree, "docker save");
    let config = |orlop: &orlop_testing::Orlop, name: &str| {
        let manifest = field(orlop, name, "{{json .Metadata}}");
        (manifest, field(orlop, name, "{{json .RootFS.Layers}}"))
    };
    assert_eq!(config(&second, name).1, config(&first, name).1);

    // The same archive without its list is one of before 2016. docker makes a configuration for it,
    // and so do we: to the byte the same.
    let old = path(&second.folder().join("old.tar"));
    let strip = "mkdir \"$1.d\" && cd \"$1.d\" && tar xf \"$0\" && rm *.json && tar cf \"$1\" *";
    Program::new("sh").args(["-c", strip, &theirs, &old]).ok();
    docker.program().args(["rmi", name]).ok();
    docker.program().args(["load", "-i", &old]).ok();
    let third = orlop();
    let said = third.ok(["load", "-q", "-i", &old]);
    assert_eq!(said.text(), format!("Loaded image: {name}"));
    assert_same_tree(&mounted(&third, name), &tree, "repositories");
    let raw = third.folder().join("raw");
    let layout = saved(&third, "raw", &["--format", "oci-dir", name]);
    assert_eq!(raw, layout);
    let theirs = docker.inspect(name)["Id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let config = layout.join("blobs").join(theirs.replace(':', "/"));
    assert!(config.exists(), "docker calls it {theirs}");
}

#[test]
fn root_orlop_loads_what_podman_saved() {
    let (true, Some(image), Some(podman)) = (is_root(), talking(), Podman::new()) else {
        return;
    };
    let first = orlop();
    let name = "example.com/talking:v1";
    loaded(&first, &image, name);
    let tree = mounted(&first, name);
    let archive = path(&saved(&first, "orlop.tar", &[name]));
    podman.program().args(["load", "-q", "-i", &archive]).ok();
    for format in ["docker-archive", "oci-archive", "oci-dir"] {
        let second = orlop();
        let theirs = path(&second.folder().join("podman"));
        let save = ["save", "-q", "--format", format, "-o", &theirs, name];
        podman.program().args(save).ok();
        let said = second.ok(["load", "-q", "-i", &theirs]);
        assert_eq!(said.text(), format!("Loaded image: {name}"), "{format}");
        assert_same_tree(&mounted(&second, name), &tree, format);
    }
}

#[test]
fn orlop_loads_what_skopeo_copied_with_its_digest() {
    let Some(skopeo) = Skopeo::new() else { return };
    let image = small("for skopeo");
    let first = orlop();
    let layout = first.folder().join("layout");
    image.write_layout(&layout, "v1");
    let from = format!("oci:{}:v1", path(&layout));
    let at = |name: &str| path(&first.folder().join(name));
    let name = "example.com/app:v1";
    for (kind, file, keeps) in [
        ("oci", "oci", true),
        ("oci-archive", "oci.tar", true),
        ("docker-archive", "docker.tar", false),
    ] {
        skopeo.copy(&from, &format!("{kind}:{}:{name}", at(file)), &[]);
        let second = orlop();
        let said = second.ok(["load", "-q", "-i", &at(file)]);
        assert_eq!(said.text(), format!("Loaded image: {name}"), "{kind}");
        assert_eq!(id(&second, name) == image.top.digest, keeps, "{kind}");
        let config: Value = serde_json::from_slice(&image.config().bytes).unwrap();
        let layers: Value =
            serde_json::from_str(&field(&second, name, "{{json .RootFS.Layers}}")).unwrap();
        assert_eq!(layers, config["rootfs"]["diff_ids"], "{kind}");
    }
}

#[test]
fn root_orlop_loads_what_umoci_made() {
    if !is_root() || orlop_testing::peer::Umoci::new().is_none() {
        return;
    }
    let orlop = orlop();
    let layout = path(&orlop.folder().join("umoci"));
    let umoci = |words: &[&str]| Program::new("umoci").args(words).ok();
    let image = format!("{layout}:mine");
    umoci(&["init", "--layout", &layout]);
    umoci(&["new", "--image", &image]);
    let bundle = path(&orlop.folder().join("bundle"));
    umoci(&["unpack", "--image", &image, &bundle]);
    std::fs::write(format!("{bundle}/rootfs/made"), "by umoci").unwrap();
    umoci(&["repack", "--image", &image, &bundle]);
    umoci(&["config", "--image", &image, "--config.cmd", "/made"]);
    let said = orlop.ok(["load", "-q", "-i", &layout]);
    assert_eq!(said.text(), "Loaded image: mine:latest");
    assert_eq!(field(&orlop, "mine", "{{json .Config.Cmd}}"), "[\"/made\"]");
    assert!(
        mounted(&orlop, "mine")
            .nodes
            .contains_key(b"made".as_slice())
    );
}
