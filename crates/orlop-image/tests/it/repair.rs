//! Damage of every kind, done by hand, and what a repair makes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use orlop_image::event::{BlobState, NoEvents};
use orlop_image::repair::{Damage, LayerFault, Outcome, RepairOptions, RepairReport};
use orlop_image::{Cancel, Error, Images, MountOptions};
use orlop_oci::{Digest, chain_ids};
use orlop_store::{BlobFault, Depth, Store};
use orlop_testing::{Compression, Image, Layer, PlatformName, Tarball, is_root};

use crate::world::World;

fn image() -> Image {
    let layer = |tar: Tarball| Layer::new(&tar.finish(), Compression::Gzip);
    Image::new(
        &PlatformName::host(),
        &[
            layer(
                Tarball::new()
                    .file("etc/passwd", 0o644, "root")
                    .file("bin/sh", 0o755, "#!"),
            ),
            layer(Tarball::new().file("etc/hosts", 0o644, "localhost")),
            layer(
                Tarball::new()
                    .file("etc/.wh.passwd", 0o644, "")
                    .file("top", 0o644, "top"),
            ),
        ],
    )
}

fn pulled(driver: &str) -> World {
    let world = World::with_driver(driver);
    world.publish(&image(), "latest");
    world.pull("app").unwrap();
    world
}

fn repair_with(world: &World, options: RepairOptions) -> RepairReport {
    world
        .images
        .repair(&options, &NoEvents, &Cancel::new())
        .unwrap()
}

fn repair(world: &World) -> RepairReport {
    repair_with(world, RepairOptions::default())
}

fn dry(world: &World) -> RepairReport {
    let options = RepairOptions {
        dry_run: true,
        ..RepairOptions::default()
    };
    repair_with(world, options)
}

fn fast(world: &World) -> RepairReport {
    let options = RepairOptions {
        fast: true,
        ..RepairOptions::default()
    };
    repair_with(world, options)
}

fn assert_right(world: &World) {
    let report = repair(world);
    assert_eq!(report.findings, []);
    assert_eq!((report.blobs, report.layers), (5, 3));
    assert!(report.bytes > 0);
    assert_eq!(fast(world).findings, []);
}

/// The digest of a layer's blob.
fn layer(number: usize) -> Digest {
    image().layer_digests()[number].parse().unwrap()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    assert_right(&pulled("vfs"));
}

#[test]
fn root_overlay2_is_compared_too() {
    if !is_root() {
        return;
    }
    let world = pulled("overlay2");
    assert_right(&world);
    let top = world.top("app");
    fs::write(top.join("top"), "tampered with").unwrap();
    fs::remove_file(top.join("etc/passwd")).unwrap();
    let report = repair(&world);
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}")
    };
    let Damage::Layer { fault, images, .. } = &finding.damage else {
        panic!("{finding:?}")
    };
    let some = vec!["/etc/passwd".to_owned(), "/top".to_owned()];
    assert_eq!(*fault, LayerFault::Different { some, count: 2 });
    assert_eq!(*images, ["app:latest"]);
    assert!(matches!(finding.outcome, Outcome::Repaired(_)));
    assert_eq!(fs::read_to_string(top.join("top")).unwrap(), "top");
    assert_right(&world);
}

#[test]
fn root_what_is_mounted_is_left_alone() {
    if !is_root() {
        return;
    }
    let world = pulled("overlay2");
    let target = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (options, cancel) = (MountOptions::default(), Cancel::new());
    let mount = world.images.mount("app", target.path(), &options, &cancel);
    runtime.block_on(mount).unwrap();
    fs::write(world.top("app").join("top"), "tampered with").unwrap();
    let report = repair(&world);
    assert_eq!(report.remaining(), 1, "{report:?}");
    world.images.unmount(target.path()).unwrap();
    assert_eq!(repair(&world).remaining(), 0);
    assert_right(&world);
}

#[test]
fn a_damaged_blob_is_the_only_one_that_is_fetched_again() {
    for damage in [Some("garbage"), None] {
        let world = pulled("vfs");
        let path = world.images.store().blob_path(&layer(1));
        match damage {
            Some(garbage) => fs::write(&path, garbage).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        assert_eq!(dry(&world).remaining(), 1);
        assert_eq!(dry(&world).remaining(), 1, "nothing was changed");
        let report = repair(&world);
        let blob = Damage::Blob {
            digest: layer(1),
            fault: damage.map_or(
                BlobFault::Missing,
                |text| BlobFault::Size(text.len() as u64),
            ),
            images: vec!["app:latest".to_owned()],
        };
        let lacking = Damage::Incomplete {
            image: "app:latest".to_owned(),
            lacks: vec![layer(1)],
        };
        let found: Vec<&Damage> = report.findings.iter().map(|f| &f.damage).collect();
        assert_eq!(found, [&blob, &lacking]);
        assert_eq!(report.remaining(), 1, "until it is pulled again");
        let before = world.count(|s| *s == BlobState::Downloaded);
        world.pull("app").unwrap();
        assert_eq!(world.count(|s| *s == BlobState::Downloaded), before + 1);
        assert_right(&world);
    }
}

#[test]
fn rotten_bytes_are_found_by_reading_and_not_by_looking() {
    let world = pulled("vfs");
    let path = world.images.store().blob_path(&layer(0));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(fast(&world).findings, []);
    let report = repair(&world);
    let Damage::Blob { fault, .. } = &report.findings[0].damage else {
        panic!("{report:?}")
    };
    assert_eq!(*fault, BlobFault::Digest(Digest::of(&bytes)));
    let aside = world.images.store().root().join("quarantine");
    let aside = aside.join(format!("sha256-{}", layer(0).hex()));
    assert_eq!(fs::read(aside).unwrap(), bytes);
}

#[test]
fn damaged_documents_leave_the_rest_listable() {
    let image = image();
    let (manifest, config) = (&image.top.digest, &image.config().digest);
    for digest in [manifest, config] {
        let world = pulled("vfs");
        let digest: Digest = digest.parse().unwrap();
        fs::write(world.images.store().blob_path(&digest), "{}").unwrap();
        let report = repair(&world);
        assert_eq!(report.remaining(), 1, "{report:?}");
        assert_eq!(world.images.list().unwrap().len(), 1);
        world.pull("app").unwrap();
        assert_right(&world);
    }
}

#[test]
fn unpacked_layers_are_made_anew() {
    for (number, spoil) in [
        (0, "missing"),
        (1, "missing"),
        (2, "changed"),
        (2, "mode"),
        (0, "extra"),
    ] {
        let world = pulled("vfs");
        let directories = directories(&world);
        let directory = &directories[number];
        match spoil {
            "missing" => fs::remove_dir_all(directory).unwrap(),
            "changed" => fs::write(directory.join("top"), "tap").unwrap(),
            "mode" => {
                let mode = fs::Permissions::from_mode(0o4755);
                fs::set_permissions(directory.join("top"), mode).unwrap();
            }
            _ => fs::write(directory.join("extra"), "").unwrap(),
        }
        let report = dry(&world);
        assert_eq!(report.remaining(), 1, "{spoil}: {report:?}");
        let seen = fast_dry(&world).findings.len();
        assert_eq!(seen, usize::from(spoil == "missing"), "{spoil}");
        let report = repair(&world);
        assert_eq!(report.findings.len(), 1, "{spoil}: {report:?}");
        assert_eq!(report.remaining(), 0, "{spoil}: {report:?}");
        assert_right(&world);
        assert_eq!(
            fs::read_to_string(directories[2].join("top")).unwrap(),
            "top"
        );
    }
}

/// Where the driver keeps each layer of the image, bottom first.
fn directories(world: &World) -> Vec<PathBuf> {
    let config = world.images.inspect("app", None).unwrap().config.unwrap();
    let chains = chain_ids(&config.rootfs.diff_ids);
    let driver = world.images.driver();
    chains.iter().map(|chain| driver.layer_dir(chain)).collect()
}

fn fast_dry(world: &World) -> RepairReport {
    let options = RepairOptions {
        fast: true,
        dry_run: true,
        ..RepairOptions::default()
    };
    repair_with(world, options)
}

#[test]
fn a_layer_without_its_blob_waits_for_it() {
    let world = pulled("vfs");
    let store = world.images.store();
    fs::write(store.blob_path(&layer(2)), "garbage").unwrap();
    fs::remove_dir_all(&directories(&world)[2]).unwrap();
    let report = repair(&world);
    assert_eq!(report.remaining(), 2, "{report:?}");
    world.pull("app").unwrap();
    assert_eq!(repair(&world).remaining(), 0);
    assert_right(&world);
}

#[test]
fn what_is_derived_is_read_again() {
    let world = pulled("vfs");
    let root = world.images.store().root().to_owned();
    let database = rusqlite::Connection::open(root.join("orlop.db")).unwrap();
    database
        .execute_batch(
            "DELETE FROM edges; DELETE FROM facts; DELETE FROM image_chains; DELETE FROM layers;",
        )
        .unwrap();
    fs::write(root.join("oci/index.json"), "{}").unwrap();
    fs::remove_file(root.join("oci/oci-layout")).unwrap();
    let found = dry(&world);
    assert_eq!(found.findings.len(), 4, "{found:?}");
    assert_eq!(found.remaining(), 4);
    assert_eq!(repair(&world).remaining(), 0);
    assert_right(&world);
    // What a collection goes by is right again.
    let policy = Default::default();
    let plan = world.images.plan_prune(&policy, &|_| true).unwrap();
    assert_eq!(world.images.prune(&plan, &policy).unwrap().reclaimed, 0);
    assert_right(&world);
    assert!(root.join("oci/oci-layout").exists());
}

#[test]
fn files_of_crashes_harm_nobody() {
    let world = pulled("vfs");
    let orphan = world.images.store().blob_path(&Digest::of(b"orphan"));
    fs::write(orphan, "orphan").unwrap();
    let report = repair(&world);
    assert_eq!(report.remaining(), 0);
    assert_eq!(
        report.findings[0].damage,
        Damage::Orphans { count: 1, bytes: 6 }
    );
}

#[test]
fn a_lost_database_is_made_anew_with_all_that_it_knew() {
    let world = pulled("vfs");
    world.images.tag("app", "other:1").unwrap();
    let before = world.images.list().unwrap();
    let root = world.images.store().root().to_owned();
    for name in ["orlop.db", "orlop.db-wal", "orlop.db-shm"] {
        let _ = fs::remove_file(root.join(name));
    }
    Store::rebuild(&root).unwrap();
    let store = Store::open(&root).unwrap();
    let images = Images::new(store, world.images.driver().clone());
    let report = images
        .repair(&RepairOptions::default(), &NoEvents, &Cancel::new())
        .unwrap();
    assert_eq!(report.remaining(), 0, "{report:?}");
    let unrecorded = report.findings.iter().filter(|finding| {
        matches!(
            &finding.damage,
            Damage::Layer {
                fault: LayerFault::Unrecorded,
                ..
            }
        )
    });
    assert_eq!(
        unrecorded.count(),
        3,
        "layers that are right are taken over"
    );
    let after = images.list().unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].tags, before[0].tags);
    assert_eq!(after[0].disk_usage, before[0].disk_usage);
    assert_eq!(after[0].manifests, before[0].manifests);
    let again = images.repair(&RepairOptions::default(), &NoEvents, &Cancel::new());
    assert_eq!(again.unwrap().findings, []);
}

#[test]
fn it_stops_when_it_is_asked_to() {
    let world = pulled("vfs");
    let cancel = Cancel::new();
    cancel.cancel();
    let stopped = world
        .images
        .repair(&RepairOptions::default(), &NoEvents, &cancel);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    let blob = world.images.store().blobs().unwrap().remove(0);
    let depth = Depth::Content;
    let stopped = world
        .images
        .store()
        .check_blob(&blob, depth, cancel.flag(), &mut |_| {});
    assert!(stopped.is_err());
}

#[test]
fn others_may_pull_and_remove_meanwhile() {
    let world = pulled("vfs");
    let images = &world.images;
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            for _ in 0..12 {
                images.remove("app", Default::default()).unwrap();
                world.pull("app").unwrap();
            }
        });
        while !work.is_finished() {
            let report = images.repair(&RepairOptions::default(), &NoEvents, &Cancel::new());
            let report = report.unwrap();
            assert_eq!(report.remaining(), 0, "{:?}", report.findings);
        }
        work.join().unwrap();
    });
    let policy = Default::default();
    let plan = images.plan_prune(&policy, &|_| true).unwrap();
    images.prune(&plan, &policy).unwrap();
    assert_right(&world);
}
