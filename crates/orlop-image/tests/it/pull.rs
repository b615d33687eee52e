//! Pull, and what it must refuse.

use orlop_image::event::BlobState;
use orlop_image::{Error, Platforms};
use orlop_oci::Platform;
use orlop_testing::{Compression, Image, Layer, MediaTypes, PlatformName, Tarball};

use crate::world::World;

fn layer(path: &str, content: &str) -> Layer {
    Layer::new(
        &Tarball::new().file(path, 0o644, content).finish(),
        Compression::Gzip,
    )
}

fn image(platform: &PlatformName, layers: &[Layer]) -> Image {
    Image::new(platform, layers)
}

fn read(world: &World, name: &str, file: &str) -> String {
    std::fs::read_to_string(world.top(name).join(file)).unwrap()
}

#[test]
fn an_image_is_pulled_once() {
    let world = World::new();
    world.publish(
        &image(&PlatformName::host(), &[layer("a", "1"), layer("b", "2")]),
        "latest",
    );
    let first = world.pull("app").unwrap();
    assert!(first.changed);
    assert_eq!(first.reference.to_string(), "docker.io/library/app:latest");
    assert_eq!(read(&world, "app", "a"), "1");
    assert_eq!(read(&world, "app", "b"), "2");
    assert_eq!(world.count(|s| *s == BlobState::Pulled), 2);
    let again = world.pull("app").unwrap();
    assert!(!again.changed);
    assert_eq!(
        world.count(|s| *s == BlobState::Pending),
        2,
        "no layer lines the second time"
    );
    let listed = world.images.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, first.target.digest);
    assert_eq!(
        world.images.history("app", None).unwrap()[0].id,
        Some(first.target.digest)
    );
}

#[test]
fn shared_layers_come_once_and_a_moved_tag_says_from_where() {
    let world = World::new();
    let host = PlatformName::host();
    world.publish(&image(&host, &[layer("a", "1")]), "latest");
    let first = world.pull("app").unwrap();
    world.publish(&image(&host, &[layer("a", "1"), layer("b", "2")]), "latest");
    let second = world.pull("app").unwrap();
    assert_eq!(second.moved_from, Some(first.target.digest.clone()));
    assert_eq!(world.count(|s| *s == BlobState::Exists), 1);
    let listed = world.images.list().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .any(|i| i.is_dangling() && i.id == first.target.digest)
    );
}

#[test]
fn every_compression_and_both_families_of_types() {
    for types in [MediaTypes::Oci, MediaTypes::Docker] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let world = World::new();
            let tar = Tarball::new().file("f", 0o644, "x").finish();
            let image = Image::with(
                &PlatformName::host(),
                &[Layer::new(&tar, compression)],
                types,
                serde_json::json!({}),
            );
            world.publish(&image, "latest");
            world.pull("app").unwrap();
            assert_eq!(read(&world, "app", "f"), "x");
        }
    }
}

fn two_platforms() -> (Image, PlatformName, PlatformName) {
    let (host, other) = (PlatformName::host(), PlatformName::new("linux/s390x"));
    let index = Image::index(
        MediaTypes::Oci,
        &[
            image(&other, &[layer("f", "other")]),
            image(&host, &[layer("f", "host")]),
        ],
    );
    (index, host, other)
}

#[test]
fn the_platform_is_the_hosts_or_the_one_asked_for() {
    let world = World::new();
    world.publish(&two_platforms().0, "latest");
    world.pull("app").unwrap();
    assert_eq!(read(&world, "app", "f"), "host");
    let s390x: Platform = "linux/s390x".parse().unwrap();
    let missing = world.images.inspect("app", Some(&s390x)).unwrap_err();
    assert!(matches!(missing, Error::NotPulled { .. }), "{missing}");
    world
        .pull_platforms("app", Platforms::These(vec![s390x.clone()]))
        .unwrap();
    let details = world.images.inspect("app", Some(&s390x)).unwrap();
    assert_eq!(details.config.unwrap().platform.architecture, "s390x");
}

#[test]
fn a_missing_platform_lists_those_that_exist() {
    let world = World::new();
    world.publish(&two_platforms().0, "latest");
    let wanted = Platforms::These(vec!["linux/riscv64".parse().unwrap()]);
    let error = world.pull_platforms("app", wanted).unwrap_err().to_string();
    assert!(
        error.starts_with("no matching manifest for linux/riscv64 in the manifest list entries"),
        "{error}"
    );
    assert!(
        error.contains("linux/s390x") && error.contains(&Platform::host().to_string()),
        "{error}"
    );
    assert_eq!(world.images.list().unwrap().len(), 0);
}

#[test]
fn all_platforms_and_attestations() {
    let world = World::new();
    world.publish(
        &Image::with_attestation(&image(&PlatformName::host(), &[layer("f", "x")])),
        "latest",
    );
    world.pull_platforms("app", Platforms::All).unwrap();
    let listed = world.images.list().unwrap();
    assert_eq!(listed[0].manifests.len(), 2);
    assert!(listed[0].manifests.iter().all(|m| m.available));
    assert_eq!(read(&world, "app", "f"), "x");
}

#[test]
fn the_biggest_layer_goes_first_wherever_it_stands() {
    let world = World::new();
    let layers = [
        layer("a", "1"),
        Layer::noise("big", 300_000, 1),
        layer("b", "2"),
    ];
    world.publish(&image(&PlatformName::host(), &layers), "latest");
    world.pull("app").unwrap();
    assert_eq!(read(&world, "app", "a"), "1");
    assert_eq!(read(&world, "app", "b"), "2");
}

#[test]
fn one_blob_twice_in_one_image() {
    let world = World::new();
    let same = layer("f", "x");
    world.publish(
        &image(
            &PlatformName::host(),
            &[same.clone(), layer("g", "y"), same],
        ),
        "latest",
    );
    world.pull("app").unwrap();
    assert_eq!(read(&world, "app", "f"), "x");
    assert_eq!(read(&world, "app", "g"), "y");
}

#[test]
fn a_layer_with_wrong_bytes_is_refused_and_nothing_stays() {
    let world = World::new();
    let image = image(&PlatformName::host(), &[layer("a", "1")]);
    world.publish(&image, "latest");
    let digest = image.layer_digests()[0].replace("sha256:", "");
    let blob = world.layout().join("blobs/sha256").join(digest);
    let mut bytes = std::fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&blob, bytes).unwrap();
    let error = world.pull("app").unwrap_err().to_string();
    assert!(error.contains("digest"), "{error}");
    assert_eq!(world.images.list().unwrap().len(), 0);
    assert_eq!(world.blob_files(), 0);
}

#[test]
fn a_damaged_blob_that_is_needed_is_fetched_again() {
    let world = World::new();
    let image = image(&PlatformName::host(), &[layer("a", "1"), layer("b", "2")]);
    world.publish(&image, "latest");
    world.pull("app").unwrap();
    let root = world.images.store().root();
    let files: Vec<_> = image
        .layer_digests()
        .iter()
        .map(|digest| root.join("oci/blobs/sha256").join(&digest[7..]))
        .collect();
    let whole: Vec<_> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    let mut flipped = whole[0].clone();
    flipped[20] ^= 1;
    std::fs::write(&files[0], flipped).unwrap();
    std::fs::write(&files[1], "short").unwrap();
    std::fs::remove_dir_all(root.join("snapshots/vfs")).unwrap();
    world.pull("app").unwrap();
    for (file, whole) in files.iter().zip(whole) {
        assert!(std::fs::read(file).unwrap() == whole);
    }
    assert_eq!(read(&world, "app", "b"), "2");
}

#[test]
fn a_wrong_diff_id_is_refused() {
    let world = World::new();
    let mut layer = layer("a", "1");
    layer.diff_id =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
    let image = image(&PlatformName::host(), &[layer]);
    world.publish(&image, "latest");
    let error = world.pull("app").unwrap_err().to_string();
    assert!(error.contains("wrong diff ID"), "{error}");
    assert_eq!(world.images.list().unwrap().len(), 0);
}

#[test]
fn layers_and_diff_ids_must_be_as_many() {
    let world = World::new();
    let whole = image(&PlatformName::host(), &[layer("a", "1")]);
    let layers = [layer("a", "1"), layer("b", "2")];
    let image = Image::from_parts(whole.config().clone(), &layers, MediaTypes::Oci, |_| {});
    world.publish(&image, "latest");
    let error = world.pull("app").unwrap_err().to_string();
    assert!(
        error.contains("manifest has 2 layers, its configuration 1"),
        "{error}"
    );
}

#[test]
fn root_overlay2_sees_links_of_lower_layers() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: overlay2 needs root");
        return;
    }
    let world = World::with_driver("overlay2");
    let base = Tarball::new()
        .dir("usr", 0o755)
        .dir("usr/lib", 0o750)
        .file("usr/lib/a", 0o600, "a")
        .symlink("lib", "usr/lib");
    let through = Tarball::new()
        .file("lib/b", 0o644, "b")
        .hard_link("usr/lib/c", "usr/lib/a");
    let layers = [base.finish(), through.finish()].map(|tar| Layer::new(&tar, Compression::Gzip));
    world.publish(&image(&PlatformName::host(), &layers), "latest");
    world.pull("app").unwrap();
    let top = world.top("app");
    assert_eq!(std::fs::read_to_string(top.join("usr/lib/b")).unwrap(), "b");
    assert_eq!(std::fs::read_to_string(top.join("usr/lib/c")).unwrap(), "a");
    assert!(!top.join("lib").exists(), "the link below stays a link");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &top.join("usr/lib").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o7777, 0o750);
}
