//! Archives from before `manifest.json`.

use orlop_oci::{Digest, MAX_CONFIG_SIZE, MAX_MANIFEST_SIZE, Manifest};
use orlop_testing::{Compression, Layer, Tarball};
use serde_json::json;

use crate::support::{bytes_of, familiar, layer, open};

/// An archive of two layers, the second on the first.
pub(crate) fn archive(base: &Layer, top: &Layer, repositories: Option<&str>) -> Vec<u8> {
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    let base_json = json!({
        "id": one, "created": "2015-01-02T03:04:05Z",
        "container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) ADD file:x in / && <y>"]},
        "docker_version": "1.9.1", "architecture": "amd64", "os": "linux", "Size": 5,
    });
    let top_json = json!({
        "id": two, "parent": one, "created": "2015-01-02T03:05:06Z", "comment": "hello",
        "container_config": {"Cmd": ["/bin/sh", "-c", "true"]}, "docker_version": "1.9.1",
        "author": "me", "config": {"Cmd": ["sh"], "Env": ["A=<b>"]},
        "architecture": "amd64", "os": "linux", "Size": 7,
    });
    let mut tarball = Tarball::new();
    for (id, json, layer) in [(&one, base_json, base), (&two, top_json, top)] {
        tarball = tarball
            .dir(id, 0o755)
            .file(&format!("{id}/VERSION"), 0o644, "1.0")
            .file(&format!("{id}/json"), 0o644, json.to_string())
            .file(&format!("{id}/layer.tar"), 0o644, &layer.blob);
    }
    if let Some(repositories) = repositories {
        tarball = tarball.file("repositories", 0o644, repositories);
    }
    tarball.finish()
}

pub(crate) fn repositories() -> String {
    json!({"old": {"v1": "2".repeat(64), "base": "1".repeat(64)}}).to_string()
}

#[test]
fn each_tag_is_an_image_with_a_configuration_of_its_own() {
    let (base, top) = (
        layer("base", Compression::None),
        layer("top", Compression::None),
    );
    let local = open(&archive(&base, &top, Some(&repositories()))).unwrap();
    let [first, second] = local.images() else {
        panic!("{:?}", local.images());
    };
    assert_eq!(familiar(first), ["old:base"]);
    assert_eq!(familiar(second), ["old:v1"]);
    let raw = local.document(&second.target, MAX_MANIFEST_SIZE).unwrap();
    let Manifest::Image(manifest) = raw.manifest().unwrap() else {
        panic!("an index");
    };
    let digests: Vec<&str> = manifest.layers.iter().map(|l| l.digest.as_str()).collect();
    assert_eq!(digests, [base.diff_id.as_str(), &top.diff_id]);
    let config = local.document(&manifest.config, MAX_CONFIG_SIZE).unwrap();
    let expected = format!(
        r#"{{"architecture":"amd64","author":"me","comment":"hello","config":{{"Cmd":["sh"],"Env":["A=\u003cb\u003e"]}},"container_config":{{"Cmd":["/bin/sh","-c","true"]}},"created":"2015-01-02T03:05:06Z","docker_version":"1.9.1","history":[{{"created":"2015-01-02T03:04:05Z","created_by":"/bin/sh -c #(nop) ADD file:x in / \u0026\u0026 \u003cy\u003e"}},{{"created":"2015-01-02T03:05:06Z","author":"me","created_by":"/bin/sh -c true","comment":"hello"}}],"os":"linux","rootfs":{{"type":"layers","diff_ids":["{}","{}"]}}}}"#,
        base.diff_id, top.diff_id
    );
    assert_eq!(String::from_utf8_lossy(config.bytes()), expected);
    assert!(bytes_of(&local, &Digest::of(&top.blob)) == top.blob);
}

#[test]
fn without_names_the_topmost_is_the_image() {
    let (base, top) = (
        layer("base", Compression::None),
        layer("top", Compression::None),
    );
    let local = open(&archive(&base, &top, None)).unwrap();
    let [image] = local.images() else {
        panic!("{:?}", local.images());
    };
    assert!(image.names.is_empty());
}
