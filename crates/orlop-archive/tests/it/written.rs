//! What is written: read back by us, the same each time, and never a wrong blob in it.

use orlop_archive::{ArchiveFormat, ArchiveWriter, Archived, Error, LayoutWriter, Local, Name};
use orlop_layer::Bounds;
use orlop_testing::{Document, Image, MediaTypes, PlatformName};
use serde_json::Value;

use crate::support::{bytes_of, descriptor, familiar, files_below, image, named, open, raw};

/// Everything of images in the order of digests, once.
fn documents(images: &[&Image]) -> Vec<Document> {
    let mut all: Vec<Document> = images
        .iter()
        .flat_map(|image| {
            image
                .blobs
                .iter()
                .chain(&image.children)
                .chain([&image.top])
        })
        .cloned()
        .collect();
    all.sort_by(|a, b| a.digest.cmp(&b.digest));
    all.dedup_by(|a, b| a.digest == b.digest);
    all
}

fn is_document(document: &Document) -> bool {
    document.media_type.ends_with("json")
}

fn write(images: &[&Image], list: &[Archived], format: ArchiveFormat) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new(), format);
    for document in documents(images) {
        if is_document(&document) {
            writer.document(&raw(&document)).unwrap();
        } else {
            let descriptor = descriptor(&document);
            let mut passed = 0;
            let mut progress = |count| passed = count;
            writer
                .blob(&descriptor, &document.bytes[..], &mut progress)
                .unwrap();
            assert_eq!(passed, descriptor.size);
            assert!(writer.has(&descriptor.digest));
        }
    }
    writer.finish(list).unwrap()
}

fn json_in(archive: &[u8], name: &str) -> Option<Value> {
    use std::io::Read as _;
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path_bytes() == name.as_bytes() {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            return Some(serde_json::from_str(&text).unwrap());
        }
    }
    None
}

#[test]
fn several_images_come_back_with_their_digests_and_names() {
    let (one, two) = (image("one"), image("two"));
    let list = [
        named(&one, &["app:one", "example.com/app:1"]),
        named(&two, &["app:two"]),
    ];
    for format in [ArchiveFormat::Docker, ArchiveFormat::Oci] {
        let archive = write(&[&one, &two], &list, format);
        let local = open(&archive).unwrap();
        let mut found: Vec<(String, Vec<String>)> = local
            .images()
            .iter()
            .map(|i| (i.target.digest.to_string(), familiar(i)))
            .collect();
        found.sort_by(|a, b| a.1.cmp(&b.1));
        let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let expected = [
            (
                one.top.digest.clone(),
                names(&["app:one", "example.com/app:1"]),
            ),
            (two.top.digest.clone(), names(&["app:two"])),
        ];
        assert_eq!(found, expected, "{format:?}");
        for document in documents(&[&one, &two]) {
            let bytes = bytes_of(&local, &document.digest.parse().unwrap());
            assert!(bytes == document.bytes);
        }
        let shuffled = [list[1].clone(), list[0].clone()];
        assert!(
            write(&[&two, &one], &shuffled, format) == archive,
            "{format:?}"
        );
        assert_eq!(
            json_in(&archive, "manifest.json").is_some(),
            format == ArchiveFormat::Docker
        );
    }
}

#[test]
fn dockers_list_has_one_platform_of_an_index() {
    let layers = |name: &str| {
        [crate::support::layer(
            name,
            orlop_testing::Compression::Gzip,
        )]
    };
    let other = Image::new(&PlatformName::new("linux/s390x"), &layers("other"));
    let host = Image::new(&PlatformName::host(), &layers("host"));
    let index = Image::index(MediaTypes::Oci, &[other.clone(), host.clone()]);
    let list = [named(&index, &["app:v1"])];
    let config_of = |archive: &[u8]| {
        let manifest = json_in(archive, "manifest.json").unwrap();
        assert_eq!(manifest[0]["RepoTags"], serde_json::json!(["app:v1"]));
        manifest[0]["Config"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let archive = write(&[&index], &list, ArchiveFormat::Docker);
    assert!(host.config().digest.ends_with(&config_of(&archive)));
    let repositories = json_in(&archive, "repositories").unwrap();
    let top = repositories["app"]["v1"].as_str().unwrap();
    assert!(host.layer_digests()[0].ends_with(top));
    // Only the other one is there.
    let mut part = index.clone();
    part.blobs
        .retain(|blob| other.blobs.iter().any(|o| o.digest == blob.digest));
    let archive = write(&[&part], &list, ArchiveFormat::Docker);
    assert!(other.config().digest.ends_with(&config_of(&archive)));
    assert_eq!(
        open(&archive).unwrap().images()[0].target.digest.as_str(),
        index.top.digest
    );
}

#[test]
fn a_wrong_blob_spoils_the_archive() {
    let image = image("x");
    let blob = &image.blobs[1];
    for wrong in [&blob.bytes[1..], &[&blob.bytes[..], b"!"].concat(), b""] {
        let mut writer = ArchiveWriter::new(Vec::new(), ArchiveFormat::Docker);
        let error = writer
            .blob(&descriptor(blob), wrong, &mut |_| {})
            .unwrap_err();
        assert!(matches!(error, Error::WrongBlob { .. }), "{error}");
        assert!(writer.finish(&[]).is_err());
    }
}

fn write_layout(writer: &LayoutWriter, image: &Image) {
    for document in documents(&[image]) {
        if is_document(&document) {
            writer.document(&raw(&document)).unwrap();
        } else {
            let descriptor = descriptor(&document);
            writer
                .blob(&descriptor, &document.bytes[..], &mut |_| {})
                .unwrap();
            assert!(writer.has(&descriptor));
        }
    }
}

#[test]
fn a_layout_keeps_its_other_entries() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("layout");
    let (one, two) = (image("one"), image("two"));
    let bare = |image: &Image, name: &str| Archived {
        names: vec![Name::Bare(name.to_owned())],
        target: descriptor(&image.top),
    };
    for (image, entry) in [
        (&one, bare(&one, "a")),
        (&two, named(&two, &["app:two"])),
        (&two, bare(&two, "a")),
    ] {
        let writer = LayoutWriter::open(&directory).unwrap();
        write_layout(&writer, image);
        writer.finish(&[entry]).unwrap();
    }
    let local = Local::open(&directory, folder.path(), &Bounds::default()).unwrap();
    let [only] = local.images() else {
        panic!("{:?}", local.images());
    };
    assert_eq!(only.target.digest.as_str(), two.top.digest);
    assert_eq!(familiar(only), ["app:two", "a:latest"]);
    assert_eq!(local.find(&"x:a".parse().unwrap()), Some(only));
    let files = files_below(&directory);
    assert_eq!(files.len(), 2 + documents(&[&one, &two]).len(), "{files:?}");
}

#[test]
fn a_wrong_blob_never_gets_into_a_layout() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("layout");
    let writer = LayoutWriter::open(&directory).unwrap();
    let image = image("x");
    let blob = &image.blobs[1];
    let error = writer
        .blob(&descriptor(blob), &blob.bytes[1..], &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, Error::WrongBlob { .. }), "{error}");
    assert!(!writer.has(&descriptor(blob)));
    assert_eq!(files_below(&directory), ["index.json", "oci-layout"]);
    // An empty layout is one.
    let local = Local::open(&directory, folder.path(), &Bounds::default()).unwrap();
    assert!(local.images().is_empty());
}

#[test]
fn no_other_directory_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "x").unwrap();
    let error = LayoutWriter::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no image layout"), "{error}");
    assert_eq!(files_below(folder.path()), ["mine"]);
}

#[test]
fn a_long_list_of_documents_has_no_name_twice() {
    let image = image("x");
    let again = named(&image, &["app:v1"]);
    let archive = write(&[&image], &[again.clone(), again], ArchiveFormat::Docker);
    let index = json_in(&archive, "index.json").unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(
        json_in(&archive, "manifest.json")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
