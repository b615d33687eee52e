//! Archives that lie.

use orlop_archive::{Error, Local};
use orlop_layer::Bounds;
use orlop_testing::{Compression, Tarball, digest_of};
use serde_json::json;

use crate::support::{config, docker_archive, image, layer, open, open_within, tar};

fn refused(archive: &[u8]) -> String {
    open(archive).expect_err("it is refused").to_string()
}

#[test]
fn what_is_no_archive_is_named_so() {
    for archive in [
        &b"#!/bin/sh\necho this is a script, and a long enough one to be looked at as a tar header, which takes 512 bytes, so that it goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on"[..],
        &tar(&[("etc/passwd", b"root")]),
        &tar(&[]),
    ] {
        let error = open(archive).unwrap_err();
        assert!(matches!(error, Error::Unrecognized { .. }), "{error}");
        assert!(error.hint().unwrap().contains("orlop import"));
    }
    assert!(refused(b"").ends_with("it is empty"));
    assert!(refused(b"short").contains("truncated"));
    let folder = tempfile::tempdir().unwrap();
    let error = Local::open(folder.path(), folder.path(), &Bounds::default()).unwrap_err();
    assert!(matches!(error, Error::Unrecognized { .. }), "{error}");
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../manifest.json", "a/../../manifest.json"] {
        let said = refused(&tar(&[(name, b"[]")]));
        assert!(said.contains("\"..\" component"), "{said}");
    }
    // Without the root they are names like any other.
    let said = refused(&tar(&[("/etc/passwd", b"x")]));
    assert!(said.contains("unrecognized"), "{said}");
}

#[test]
fn links_that_lead_out_lead_nowhere() {
    let layer = layer("x", Compression::None);
    let config = config(&[&layer.diff_id]).to_string();
    let manifest = json!([{"Config": "c.json", "Layers": ["a/layer.tar"]}]).to_string();
    for target in [
        "/etc/passwd",
        "../../etc/passwd",
        "layer.tar",
        "../b",
        "../a/layer.tar",
    ] {
        let archive = Tarball::new()
            .symlink("a/layer.tar", target)
            .file("c.json", 0o644, &config)
            .file("manifest.json", 0o644, &manifest)
            .finish();
        assert!(refused(&archive).ends_with("layer a/layer.tar is not in it"));
    }
    // A list that is a link to a file outside is no list.
    let archive = Tarball::new()
        .symlink("manifest.json", "/etc/passwd")
        .finish();
    assert!(refused(&archive).contains("unrecognized"));
}

#[test]
fn lists_of_what_is_not_there_are_refused() {
    let layer = layer("x", Compression::None);
    let missing = json!([{"Config": "none.json", "Layers": []}]).to_string();
    let said = refused(&tar(&[("manifest.json", missing.as_bytes())]));
    assert!(
        said.ends_with("configuration none.json is not in it"),
        "{said}"
    );
    let outside = json!([{"Config": "../../etc/passwd", "Layers": []}]).to_string();
    assert!(refused(&tar(&[("manifest.json", outside.as_bytes())])).contains("is not in it"));
    let config = config(&[&layer.diff_id, &layer.diff_id]);
    let said = refused(&docker_archive(&config, &[("l", &layer.blob)], &[]));
    assert!(
        said.contains("has 1 layers for an image, its configuration 2"),
        "{said}"
    );
    let layout = [
        ("oci-layout", &br#"{"imageLayoutVersion":"2.0.0"}"#[..]),
        ("index.json", br#"{"schemaVersion":2,"manifests":[]}"#),
    ];
    assert!(refused(&tar(&layout)).contains("version 2.0.0"));
}

#[test]
fn a_list_in_place_of_an_object_is_refused() {
    let index: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;
    for files in [
        &[("oci-layout", &br#"["1.0.0"]"#[..]), ("index.json", index)][..],
        &[("manifest.json", br#"[["c.json",["a:b"],[]]]"#)],
        &[("l/layer.tar", b""), ("l/json", br#"["p"]"#)],
        &[
            ("l/layer.tar", b""),
            ("l/json", br#"{"container_config":[["x"]]}"#),
        ],
    ] {
        let said = refused(&tar(files));
        assert!(said.contains("expected an object"), "{said}");
    }
}

#[test]
fn an_entry_longer_than_the_file_is_cut_off() {
    let whole = tar(&[("manifest.json", &[b' '; 5000])]);
    let said = refused(&whole[..3000]);
    assert!(
        said.contains("\"manifest.json\" lacks 2512 bytes"),
        "{said}"
    );
}

#[test]
fn two_entries_of_one_name_must_be_the_same() {
    let manifest: &[u8] = b"[]";
    open(&tar(&[
        ("manifest.json", manifest),
        ("manifest.json", manifest),
    ]))
    .unwrap();
    for other in [&b"{}"[..], b"[ ]"] {
        let said = refused(&tar(&[
            ("manifest.json", manifest),
            ("manifest.json", other),
        ]));
        assert!(
            said.ends_with("two different entries \"manifest.json\""),
            "{said}"
        );
    }
    let linked = Tarball::new()
        .file("a", 0o644, "x")
        .symlink("a", "b")
        .finish();
    assert!(refused(&linked).contains("two different entries"));
    let linked = Tarball::new()
        .symlink("a", "b")
        .file("a", 0o644, "x")
        .finish();
    assert!(refused(&linked).contains("two different entries"));
}

#[test]
fn endless_lists_and_archives_are_bounded() {
    let big = vec![b' '; 5 << 20];
    let said = refused(&tar(&[("manifest.json", &big)]));
    assert!(said.contains("larger than"), "{said}");
    let deep = [br#"[{"X":"#.to_vec(), vec![b'['; 100_000]].concat();
    assert!(refused(&tar(&[("manifest.json", &deep)])).contains("malformed document"));
    // Headers of empty files, a quarter of a million.
    let one = Tarball::new().file("f", 0o644, "").finish();
    let many = one[..512].repeat(250_000);
    assert!(refused(&many).contains("more than 200000 entries"));
}

#[test]
fn a_million_names_of_one_layer_cost_nothing() {
    let layer = layer("x", Compression::Gzip);
    let config = config(&[&layer.diff_id]).to_string();
    let entry = json!({"Config": "c", "RepoTags": ["a:b"], "Layers": ["l"]});
    let manifest = serde_json::Value::from(vec![entry; 50_000]).to_string();
    let archive = tar(&[
        ("c", config.as_bytes()),
        ("l", &layer.blob),
        ("manifest.json", manifest.as_bytes()),
    ]);
    assert_eq!(open(&archive).unwrap().images().len(), 1);
}

#[test]
fn bombs_around_the_archive_are_stopped() {
    use std::io::Write as _;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&[0; 1 << 20]).unwrap();
    }
    let bounds = Bounds {
        ratio_floor: 1 << 20,
        ..Bounds::default()
    };
    let said = open_within(&bomb.finish().unwrap(), &bounds)
        .unwrap_err()
        .to_string();
    assert!(said.contains("decompression bomb"), "{said}");
}

#[test]
fn documents_are_what_they_are_said_to_be() {
    let image = image("x");
    let folder = tempfile::tempdir().unwrap();
    image.write_layout(folder.path(), "v1");
    let hex = &image.top.digest["sha256:".len()..];
    std::fs::write(folder.path().join("blobs/sha256").join(hex), "{}").unwrap();
    let local = Local::open(folder.path(), folder.path(), &Bounds::default()).unwrap();
    let target = &local.images()[0].target;
    let error = local.document(target, 1 << 20).unwrap_err().to_string();
    assert!(error.contains(&digest_of(b"{}")), "{error}");
    std::fs::remove_file(folder.path().join("blobs/sha256").join(hex)).unwrap();
    let error = local.document(target, 1 << 20).unwrap_err();
    assert!(matches!(error, Error::NoBlob { .. }), "{error}");
}

#[test]
fn parents_without_end_are_refused() {
    let json = json!({"id": "a", "parent": "a"}).to_string();
    let archive = tar(&[
        ("a/json", json.as_bytes()),
        ("a/layer.tar", b""),
        ("repositories", br#"{"x":{"y":"a"}}"#),
    ]);
    assert!(refused(&archive).contains("no end of parents"));
}
