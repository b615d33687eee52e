//! Images, and archives made of them by hand.

use std::io::{Read as _, Write as _};
use std::path::Path;

use orlop_archive::{Archived, Local, Name, Result};
use orlop_layer::Bounds;
use orlop_oci::{Descriptor, Digest, Raw};
use orlop_testing::{Compression, Document, Image, Layer, PlatformName, Tarball, digest_of};
use serde_json::{Value, json};

/// A layer with one file.
pub(crate) fn layer(name: &str, compression: Compression) -> Layer {
    let tar = Tarball::new().file(name, 0o644, name).finish();
    Layer::new(&tar, compression)
}

/// An image of two layers.
pub(crate) fn image(name: &str) -> Image {
    let layers = [
        layer("base", Compression::Gzip),
        layer(name, Compression::Gzip),
    ];
    Image::new(&PlatformName::host(), &layers)
}

pub(crate) fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

/// What our own types call a document.
pub(crate) fn descriptor(document: &Document) -> Descriptor {
    let size = document.bytes.len() as u64;
    let media_type = document.media_type.as_str().into();
    Descriptor::new(media_type, digest(&document.digest), size)
}

pub(crate) fn raw(document: &Document) -> Raw {
    Raw::new(document.media_type.as_str().into(), document.bytes.clone())
}

pub(crate) fn named(image: &Image, names: &[&str]) -> Archived {
    Archived {
        names: names
            .iter()
            .map(|n| Name::Full(n.parse().unwrap()))
            .collect(),
        target: descriptor(&image.top),
    }
}

/// Opens an archive in memory, as a file and as a stream; both must say the same.
pub(crate) fn open(archive: &[u8]) -> Result<Local> {
    open_within(archive, &Bounds::default())
}

pub(crate) fn open_within(archive: &[u8], bounds: &Bounds) -> Result<Local> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.tar");
    std::fs::File::create(&path)
        .unwrap()
        .write_all(archive)
        .unwrap();
    let opened = Local::open(&path, folder.path(), bounds);
    let label = path.display().to_string();
    let streamed = Local::read(archive, &label, folder.path(), bounds);
    match (&opened, &streamed) {
        (Ok(one), Ok(other)) => assert_eq!(one.images(), other.images()),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("{opened:?} and {streamed:?}"),
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    opened
}

/// All bytes of a blob.
pub(crate) fn bytes_of(local: &Local, digest: &Digest) -> Vec<u8> {
    let blob = local.blob(digest).unwrap().expect("the blob is there");
    let mut bytes = Vec::new();
    blob.reader(0).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The names of an image, as docker says them.
pub(crate) fn familiar(image: &Archived) -> Vec<String> {
    let names = image.names.iter().filter_map(Name::reference);
    names.map(|name| name.familiar()).collect()
}

/// Puts the files of a folder's worth of names into an archive.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tarball = Tarball::new();
    for (name, content) in files {
        tarball = tarball.file(name, 0o644, content);
    }
    tarball.finish()
}

/// A docker archive of before OCI: `HEX.json`, `NAME/layer.tar`, `manifest.json`.
pub(crate) fn docker_archive(config: &Value, layers: &[(&str, &[u8])], tags: &[&str]) -> Vec<u8> {
    let config = config.to_string();
    let hex = digest_of(config.as_bytes())["sha256:".len()..].to_owned();
    let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
    let manifest = json!([{"Config": format!("{hex}.json"), "RepoTags": tags, "Layers": names}]);
    let config_name = format!("{hex}.json");
    let manifest = manifest.to_string();
    let mut files: Vec<(&str, &[u8])> = layers.to_vec();
    files.push((&config_name, config.as_bytes()));
    files.push(("manifest.json", manifest.as_bytes()));
    tar(&files)
}

/// A configuration of layers with these diff IDs.
pub(crate) fn config(diff_ids: &[&str]) -> Value {
    json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
}

/// Everything below a directory, by path.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let path = path.strip_prefix(folder).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
