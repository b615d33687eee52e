//! Mounting as far as it goes without root: what has to be unpacked first.

use orlop_image::{Cancel, Error, MountOptions, Result};
use orlop_layer::Bounds;
use orlop_testing::{Image, Layer, PlatformName};

use crate::world::World;

/// A pulled image of two layers, of which nothing is unpacked any more.
fn pulled() -> (World, Image) {
    let world = World::new();
    let layers = [Layer::noise("a", 300_000, 1), Layer::noise("b", 300_000, 2)];
    let image = Image::new(&PlatformName::host(), &layers);
    world.publish(&image, "latest");
    world.pull("app").unwrap();
    std::fs::remove_dir_all(world.images.store().root().join("snapshots/vfs")).unwrap();
    (world, image)
}

fn mount(world: &World, bounds: Bounds) -> Result<()> {
    let target = tempfile::tempdir().unwrap();
    let options = MountOptions {
        bounds,
        ..MountOptions::default()
    };
    let cancel = Cancel::new();
    let mounting = world.images.mount("app", target.path(), &options, &cancel);
    tokio::runtime::Runtime::new().unwrap().block_on(mounting)?;
    world.images.unmount(target.path())
}

/// All is unpacked, whether it may be mounted or not.
fn assert_unpacked(world: &World, mounted: Result<()>) {
    match mounted {
        Ok(()) => {}
        Err(error) => assert!(error.to_string().contains("needs root"), "{error}"),
    }
    let top = world.top("app");
    assert!(top.join("a").exists() && top.join("b").exists());
}

#[test]
fn what_has_to_be_unpacked_is_bounded() {
    let (world, image) = pulled();
    let tight = Bounds {
        max_uncompressed: 100_000,
        ..Bounds::default()
    };
    let error = mount(&world, tight).unwrap_err().to_string();
    let [a, b] = &image.layer_digests()[..] else {
        panic!("there are two layers");
    };
    assert!(error.contains(a) || error.contains(b), "{error}");
    assert_unpacked(&world, mount(&world, Bounds::default()));
}

#[test]
fn a_damaged_blob_is_not_unpacked() {
    let (world, image) = pulled();
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes[150_000] ^= 1,
        |bytes| bytes.truncate(1000),
        // Behind all that is unpacked.
        |bytes| *bytes.last_mut().unwrap() ^= 1,
    ];
    for digest in image.layer_digests() {
        let hex = digest.trim_start_matches("sha256:");
        let store = world.images.store().root();
        let file = store.join("oci/blobs/sha256").join(hex);
        let whole = std::fs::read(&file).unwrap();
        for damage in damages {
            let mut bytes = whole.clone();
            damage(&mut bytes);
            std::fs::write(&file, bytes).unwrap();
            let error = mount(&world, Bounds::default()).unwrap_err();
            let said = error.to_string();
            assert!(matches!(error, Error::Damaged { .. }), "{said}");
            assert!(said.starts_with(&format!("layer {digest}: ")), "{said}");
            assert!(error.hint().unwrap().contains("pull it again"));
        }
        std::fs::write(&file, whole).unwrap();
    }
    assert_unpacked(&world, mount(&world, Bounds::default()));
}
