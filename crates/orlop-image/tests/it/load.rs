//! Loading archives and layouts: names, platforms, what is missing, what is left of a bad one.

use std::sync::Arc;

use orlop_archive::Local;
use orlop_image::event::EventSink;
use orlop_image::model::Loaded;
use orlop_image::{Cancel, Error, Platforms, PullOptions, Result};
use orlop_layer::Bounds;
use orlop_testing::{Compression, Image, Layer, MediaTypes, PlatformName, Tarball, digest_of};

use crate::world::World;

fn layer(name: &str) -> Layer {
    let tar = Tarball::new().file(name, 0o644, name).finish();
    Layer::new(&tar, Compression::Gzip)
}

fn load(world: &World, platforms: Platforms, cancel: &Cancel) -> Result<Vec<Loaded>> {
    let scratch = world.images.store().root();
    let local = Local::open(&world.layout(), scratch, &Bounds::default())?;
    let events: Arc<dyn EventSink> = Arc::clone(&world.recorder) as _;
    let options = PullOptions {
        platforms,
        ..PullOptions::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut loaded = Vec::new();
        for image in local.images() {
            let one = world
                .images
                .load_image(&local, image, &options, &events, cancel);
            loaded.push(one.await?);
        }
        Ok(loaded)
    })
}

fn load_all(world: &World) -> Result<Vec<Loaded>> {
    load(world, Platforms::All, &Cancel::new())
}

#[test]
fn an_image_gets_the_names_of_the_layout() {
    let world = World::new();
    let image = Image::new(&PlatformName::host(), &[layer("a")]);
    world.publish(&image, "example.com/app:v1");
    let loaded = load_all(&world).unwrap();
    assert_eq!(loaded[0].names[0].familiar(), "example.com/app:v1");
    assert_eq!(loaded[0].target.digest.as_str(), image.top.digest);
    assert!(world.top("example.com/app:v1").join("a").exists());
    let other = Image::new(&PlatformName::host(), &[layer("a"), layer("b")]);
    world.publish(&other, "example.com/app:v1");
    let again = load_all(&world).unwrap();
    assert_eq!(again[0].moved[0].1.as_str(), image.top.digest);
    assert!(load_all(&world).unwrap()[0].moved.is_empty());
}

/// An index whose second platform isn't there.
fn half(world: &World) -> Image {
    let host = Image::new(&PlatformName::host(), &[layer("host")]);
    let other = Image::new(&PlatformName::new("linux/s390x"), &[layer("other")]);
    let index = Image::index(MediaTypes::Oci, &[host, other.clone()]);
    world.publish(&index, "app:v1");
    let folder = world.layout().join("blobs/sha256");
    for gone in [&other.top, &other.blobs[1]] {
        std::fs::remove_file(folder.join(&gone.digest["sha256:".len()..])).unwrap();
    }
    index
}

#[test]
fn what_an_archive_lacks_is_left_out() {
    let world = World::new();
    let index = half(&world);
    let loaded = load_all(&world).unwrap();
    assert_eq!(loaded[0].target.digest.as_str(), index.top.digest);
    assert!(world.top("app:v1").join("host").exists());
    let wanted = Platforms::These(vec!["linux/s390x".parse().unwrap()]);
    let error = load(&world, wanted, &Cancel::new()).unwrap_err();
    assert!(matches!(error, Error::NoMatchingPlatform { .. }), "{error}");
}

#[test]
fn nothing_is_left_of_a_load_that_fails() {
    let world = World::new();
    let (good, bad) = (layer("good"), layer("bad"));
    let image = Image::new(&PlatformName::host(), &[good, bad.clone()]);
    world.publish(&image, "app:v1");
    let hex = digest_of(&bad.blob)["sha256:".len()..].to_owned();
    let path = world.layout().join("blobs/sha256").join(hex);
    std::fs::write(&path, vec![0; bad.blob.len()]).unwrap();
    load_all(&world).unwrap_err();
    let left = || {
        let ingest = world.images.store().root().join("ingest");
        let entries = std::fs::read_dir(ingest).unwrap();
        (
            entries.count(),
            world.blob_files(),
            world.images.list().unwrap().len(),
        )
    };
    assert_eq!(left(), (0, 0, 0));
    // Nor of one that is stopped, which leaves a pull its bytes.
    std::fs::write(&path, &bad.blob).unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = load(&world, Platforms::All, &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert_eq!(left(), (0, 0, 0));
    load_all(&world).unwrap();
}

#[test]
fn an_index_named_many_times_is_read_once() {
    let world = World::new();
    let mut image = Image::new(&PlatformName::host(), &[layer("host")]);
    // Two hundred to the seventh are more than anybody can read.
    for _ in 0..7 {
        image = Image::index_with(MediaTypes::Oci, &[image], |index| {
            let entry = index["manifests"][0].clone();
            index["manifests"] = vec![entry; 200].into();
        });
    }
    world.publish(&image, "app:v1");
    load_all(&world).unwrap();
    assert!(world.top("app:v1").join("host").exists());
}
