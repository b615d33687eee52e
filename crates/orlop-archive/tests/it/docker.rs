//! Docker's own archives: what is told of them, and that their manifests are containerd's.

use orlop_oci::{Digest, MAX_MANIFEST_SIZE, MediaType};
use orlop_testing::{Compression, Tarball, digest_of};
use serde_json::json;

use crate::support::{bytes_of, config, docker_archive, familiar, layer, open, tar};

#[test]
fn the_manifest_is_the_one_that_containerd_makes() {
    let (base, top) = (
        layer("base", Compression::None),
        layer("top", Compression::None),
    );
    let config = config(&[&base.diff_id, &top.diff_id]);
    let archive = docker_archive(
        &config,
        &[("a/layer.tar", &base.blob), ("b/layer.tar", &top.blob)],
        &["alpine:3.20", "example.com/app"],
    );
    let local = open(&archive).unwrap();
    let [image] = local.images() else {
        panic!("{:?}", local.images());
    };
    assert_eq!(familiar(image), ["alpine:3.20", "example.com/app:latest"]);
    let config = config.to_string();
    let layer = |blob: &[u8]| {
        json!({
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
            "digest": digest_of(blob), "size": blob.len(),
        })
    };
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": digest_of(config.as_bytes()), "size": config.len(),
        },
        "layers": [layer(&base.blob), layer(&top.blob)],
    });
    let raw = local.document(&image.target, MAX_MANIFEST_SIZE).unwrap();
    assert_eq!(String::from_utf8_lossy(raw.bytes()), expected.to_string());
    assert_eq!(
        image.target.platform.as_ref().unwrap().to_string(),
        "linux/amd64"
    );
    for blob in [config.as_bytes(), &base.blob, &top.blob] {
        assert!(bytes_of(&local, &Digest::of(blob)) == blob);
    }
}

#[test]
fn compressed_layers_keep_their_bytes() {
    for (compression, media_type) in [
        (Compression::Gzip, MediaType::DockerLayerGzip),
        (Compression::Zstd, MediaType::DockerLayerZstd),
    ] {
        let layer = layer("x", compression);
        let config = config(&[&layer.diff_id]);
        let archive = docker_archive(&config, &[("x.tar.gz", &layer.blob)], &[]);
        let local = open(&archive).unwrap();
        assert!(local.images()[0].names.is_empty());
        let raw = local
            .document(&local.images()[0].target, MAX_MANIFEST_SIZE)
            .unwrap();
        let orlop_oci::Manifest::Image(manifest) = raw.manifest().unwrap() else {
            panic!("an index");
        };
        assert_eq!(manifest.layers[0].media_type, media_type);
        assert!(bytes_of(&local, &manifest.layers[0].digest) == layer.blob);
    }
}

#[test]
fn links_between_layers_are_followed() {
    let layer = layer("x", Compression::None);
    let config = config(&[&layer.diff_id, &layer.diff_id]).to_string();
    let manifest = json!([{
        "Config": "c.json", "RepoTags": null, "Layers": ["one/layer.tar", "two/layer.tar"],
    }]);
    for hard in [false, true] {
        let tarball = Tarball::new().file("one/layer.tar", 0o644, &layer.blob);
        let tarball = match hard {
            false => tarball.symlink("two/layer.tar", "../one/layer.tar"),
            true => tarball.hard_link("two/layer.tar", "one/layer.tar"),
        };
        let archive = tarball
            .file("c.json", 0o644, &config)
            .file("manifest.json", 0o644, manifest.to_string())
            .finish();
        let local = open(&archive).unwrap();
        assert!(bytes_of(&local, &layer.diff_id.parse().unwrap()) == layer.blob);
    }
}

#[test]
fn names_of_both_lists_are_those_of_the_layout() {
    let image = crate::support::image("both");
    let top = image.top.descriptor();
    let mut entry = top.clone();
    entry["annotations"] = json!({
        "io.containerd.image.name": "docker.io/library/both:v1",
        "org.opencontainers.image.ref.name": "v1",
    });
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let path = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
    let layers: Vec<String> = image.layer_digests().iter().map(|d| path(d)).collect();
    let manifest = json!([{
        "Config": path(&image.config().digest), "Layers": layers,
        "RepoTags": ["both:v1", "also:latest"],
    }])
    .to_string();
    let mut files: Vec<(String, &[u8])> = image
        .blobs
        .iter()
        .chain([&image.top])
        .map(|document| (path(&document.digest), &document.bytes[..]))
        .collect();
    files.push(("index.json".to_owned(), index.as_bytes()));
    files.push(("manifest.json".to_owned(), manifest.as_bytes()));
    files.push((
        "oci-layout".to_owned(),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    ));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    let local = open(&tar(&files)).unwrap();
    let [found] = local.images() else {
        panic!("{:?}", local.images());
    };
    assert_eq!(found.target.digest.as_str(), image.top.digest);
    assert_eq!(familiar(found), ["both:v1", "also:latest"]);
    assert!(
        found.target.annotations.is_empty(),
        "they are the layout's own"
    );
    for (name, there) in [("both:v1", true), ("also", true), ("both", false)] {
        assert_eq!(
            local.find(&name.parse().unwrap()).is_some(),
            there,
            "{name}"
        );
    }
    let pinned = format!("any@{}", image.top.digest);
    assert!(local.find(&pinned.parse().unwrap()).is_some());
}
