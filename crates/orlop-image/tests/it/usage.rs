//! What `system df` says, beside what is on the disk.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use orlop_image::model::ContentKind;
use orlop_testing::{Compression, Image, Layer, PlatformName, Tarball, is_root};

use crate::world::World;

fn image(words: &str) -> Image {
    let layer = |path: &str, content: &str| {
        Layer::new(
            &Tarball::new()
                .file(path, 0o644, content.repeat(5000).as_str())
                .finish(),
            Compression::Gzip,
        )
    };
    Image::new(
        &PlatformName::host(),
        &[layer("base", "shared"), layer("top", words)],
    )
}

/// Lengths of all files below, and their blocks with those of the folders.
fn below(path: &Path) -> (u64, u64) {
    let mut sums = (0, 0);
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        sums.1 += meta.blocks() * 512;
        if meta.is_dir() {
            let (length, blocks) = below(&path);
            sums = (sums.0 + length, sums.1 + blocks);
        } else {
            sums.0 += meta.len();
        }
    }
    sums
}

fn is_true_to_the_disk(driver: &str) {
    let world = World::with_driver(driver);
    for words in ["one", "two"] {
        world.publish(&image(words), words);
        world.pull(&format!("app:{words}")).unwrap();
    }
    let store = world.images.store();
    fs::write(
        store
            .root()
            .join("ingest")
            .join(format!("sha256-{}", "1".repeat(64))),
        "partial",
    )
    .unwrap();
    fs::write(store.blob_path(&orlop_oci::Digest::of(b"orphan")), "orphan").unwrap();
    let usage = world.images.content_usage().unwrap();
    let size = |kind: &ContentKind| usage.iter().find(|u| u.kind == *kind).map(|u| u.size);
    let (blobs, _) = below(&store.root().join("oci/blobs"));
    assert_eq!(size(&ContentKind::Blobs), Some(blobs - 6));
    assert_eq!(size(&ContentKind::Unfinished), Some(6 + 7));
    let layers = size(&ContentKind::Layers(driver.to_owned())).unwrap();
    let (mut lengths, mut blocks) = (0, 0);
    for directory in fs::read_dir(store.snapshots_dir(driver)).unwrap() {
        let directory = directory.unwrap().path();
        if directory
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("sha256-")
        {
            let (length, block) = below(&directory);
            lengths += length;
            blocks += block + fs::metadata(&directory).unwrap().blocks() * 512;
        }
    }
    // What is counted while it is unpacked are bytes of files; what is walked through are blocks.
    assert!(
        (lengths..=blocks).contains(&layers),
        "{lengths} {layers} {blocks}"
    );
    // The images' own sum is that of what they need, each thing once.
    let images = world.images.list_with_shared_sizes().unwrap();
    let df = world.images.disk_usage(&images).unwrap();
    assert_eq!(df.size, size(&ContentKind::Blobs).unwrap() + layers);
    let unique: u64 = images
        .iter()
        .map(|i| i.disk_usage - i.shared_size.unwrap())
        .sum();
    let shared = images[0].shared_size.unwrap();
    assert_eq!(unique + shared, df.size, "two images share one thing");
    let leftovers = world.images.leftover_usage().unwrap();
    assert_eq!(
        (leftovers.images, leftovers.size, leftovers.reclaimable),
        (2, 13, 13)
    );
}

#[test]
fn vfs_is_true_to_the_disk() {
    is_true_to_the_disk("vfs");
}

#[test]
fn root_overlay2_is_true_to_the_disk() {
    if is_root() {
        is_true_to_the_disk("overlay2");
    }
}

#[test]
fn what_is_held_is_counted_apart() {
    let world = World::new();
    world.publish(&image("one"), "latest");
    world.pull("app").unwrap();
    let before = world
        .images
        .disk_usage(&world.images.list().unwrap())
        .unwrap();
    let held = world
        .images
        .undoable("rmi app", std::time::Duration::from_secs(3600));
    held.remove("app", Default::default()).unwrap();
    let images = world.images.list().unwrap();
    assert_eq!(world.images.disk_usage(&images).unwrap().size, 0);
    let removed = world.images.removed_usage().unwrap();
    assert_eq!((removed.images, removed.size), (1, before.size));
    assert_eq!(world.images.leftover_usage().unwrap().size, 0);
    assert_eq!(world.images.let_go(None).unwrap(), before.size);
    assert_eq!(world.images.removed_usage().unwrap().size, 0);
}
