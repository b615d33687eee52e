//! The drivers beneath a store: collection, mounts that protect.

use std::fs;
use std::path::Path;

use orlop_oci::{ChainId, Descriptor, DiffId, Digest, MediaType};
use orlop_snapshot::conformance::{Attributes, Bench, Layer};
use orlop_snapshot::{Btrfs, Driver, MountMode, Overlay2, Space, Vfs, Zfs};
use orlop_store::{MountRecord, Publication, SnapshotRecord, Store};

/// Publishes an image of two layers by this driver.
fn publish(store: &Store, driver: &dyn Driver, scratch: &Path) -> (Digest, Vec<ChainId>) {
    let bench = Bench::new(driver, scratch);
    let layers = [
        Layer::new().file("a", Attributes::mode(0o644), b"a"),
        Layer::new().file("b", Attributes::mode(0o644), b"b"),
    ];
    let (chain, _) = bench.stack(&layers).unwrap();
    let manifest = b"{}".to_vec();
    let id = Digest::of(&manifest);
    let record = |chain_id: &ChainId, parent: Option<&ChainId>| SnapshotRecord {
        driver: driver.name().to_owned(),
        chain_id: chain_id.clone(),
        parent: parent.cloned(),
        diff_id: DiffId(Digest::of(chain_id.as_str().as_bytes())),
        bytes: 1,
        inodes: 1,
    };
    store
        .publish(Publication {
            documents: vec![(id.clone(), manifest)],
            chains: vec![(id.clone(), chain.clone())],
            snapshots: vec![record(&chain[0], None), record(&chain[1], Some(&chain[0]))],
            image: Some(Descriptor::new(MediaType::OciManifest, id.clone(), 2)),
            names: vec!["x:1".parse().unwrap()],
            ..Publication::default()
        })
        .unwrap();
    (id, chain)
}

#[test]
fn collection_removes_snapshots_and_leftovers() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("root")).unwrap();
    let vfs = Vfs::new(store.root());
    let (id, chain) = publish(&store, &vfs, &dir.path().join("scratch"));
    let home = store.snapshots_dir("vfs");
    // An orphan, rubbish of a dead process, and the writable part of a mount that is no more.
    let orphan = ChainId(Digest::of(b"orphan"));
    vfs.publish(vfs.begin(&orphan, None).unwrap()).unwrap();
    fs::create_dir_all(home.join("staging/dead/tree")).unwrap();
    fs::create_dir_all(home.join("throwaway/dead/upper")).unwrap();
    fs::write(home.join("throwaway/dead/target"), "/nowhere").unwrap();
    let busy = ChainId(Digest::of(b"busy"));
    let staging = vfs.begin(&busy, None).unwrap();

    let space = Space::new(&store).unwrap();
    let collected = store.gc(&space).unwrap();
    assert!(collected.snapshots.is_empty());
    assert!(!vfs.exists(&orphan));
    assert!(!home.join("staging/dead").exists());
    assert!(!home.join("throwaway/dead").exists());
    assert!(staging.path().exists());
    assert!(chain.iter().all(|c| vfs.exists(c)));
    vfs.publish(staging).unwrap();

    let removed = store.remove_images(&[id], &space).unwrap();
    assert_eq!(removed.collected.snapshots.len(), 2);
    assert!(!chain.iter().any(|c| vfs.exists(c)));
}

#[test]
fn root_a_mount_protects_and_a_throwaway_part_survives_collection() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_a_mount_protects…: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("root")).unwrap();
    mount_protects(&store, &Overlay2::new(store.root()), dir.path());
    mount_protects(&store, &Vfs::new(store.root()), dir.path());
}

#[test]
fn root_so_it_does_with_btrfs() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let store = Store::open(&disk.path().join("root")).unwrap();
    mount_protects(&store, &Btrfs::new(store.root()), disk.path());
}

/// For the test that has the pool.
pub(crate) fn protects_on_zfs(pool: &orlop_testing::ZfsPool) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("root")).unwrap();
    let driver = Zfs::new(store.root(), Some(pool.name()));
    mount_protects(&store, &driver, dir.path());
}

fn mount_protects(store: &Store, driver: &dyn Driver, place: &Path) {
    let space = Space::new(store).unwrap();
    let scratch = place.join(driver.name());
    let (id, chain) = publish(store, driver, &scratch);
    for mode in [MountMode::ReadOnly, MountMode::Throwaway] {
        let target = Bench::new(driver, &scratch.join(format!("{mode:?}")))
            .directory()
            .unwrap()
            .canonicalize()
            .unwrap();
        driver.mount(&chain, &target, mode).unwrap();
        store
            .add_mount(&MountRecord {
                target: target.clone(),
                driver: driver.name().to_owned(),
                image: Some(id.clone()),
                chain: chain.last().cloned(),
                writable: mode == MountMode::Throwaway,
            })
            .unwrap();
        assert_eq!(store.mounts_of(&id).unwrap().len(), 1);
        let error = store
            .remove_images(std::slice::from_ref(&id), &space)
            .unwrap_err();
        assert!(error.to_string().contains("mounted on"), "{error}");
        store.gc(&space).unwrap();
        assert_eq!(fs::read(target.join("a")).unwrap(), b"a");
        if mode == MountMode::Throwaway {
            fs::write(target.join("new"), "new").unwrap();
            store.gc(&space).unwrap();
            assert_eq!(fs::read(target.join("new")).unwrap(), b"new");
        }
        driver.unmount(&target).unwrap();
        // Unmounted by hand it would look the same: the row alone protects nothing.
        assert!(store.mounts().unwrap().is_empty());
        store.remove_mount(&target).unwrap();
        let throwaway = store.snapshots_dir(driver.name()).join("throwaway");
        let left = fs::read_dir(throwaway).map_or(0, Iterator::count);
        assert_eq!(left, 0);
    }
    store.remove_images(&[id], &space).unwrap();
    assert!(!chain.iter().any(|c| driver.exists(c)));
}
