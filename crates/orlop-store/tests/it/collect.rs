//! Removal and collection.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use orlop_oci::{Descriptor, Digest, MediaType};
use orlop_store::{Error, MountRecord, NoSnapshots, Publication, Store, WhenUnnamed};

use crate::support::{DRIVER, Files, Image, TestStore, fetch, files, name, snapshot_path};

fn digests(blobs: &[orlop_store::BlobInfo]) -> HashSet<Digest> {
    blobs.iter().map(|b| b.digest.clone()).collect()
}

#[test]
fn removing_frees_what_only_this_image_needs() {
    let test = TestStore::new();
    let store = &test.store;
    let a = Image::new("a", &["base", "middle", "top a"]);
    let b = Image::new("b", &["base", "middle", "top b"]);
    a.pull(store, &["x:a"]).unwrap();
    b.pull(store, &["x:b"]).unwrap();
    let space = Files::new(store);
    let removed = store.remove_images(&[a.id()], &space).unwrap();
    assert_eq!(removed.images, [a.id()]);
    assert_eq!(removed.names.len(), 1);
    assert_eq!(
        digests(&removed.collected.blobs),
        HashSet::from([a.id(), a.config_digest(), a.layer_digests()[2].clone()])
    );
    assert_eq!(*space.removed.lock().unwrap(), [a.chains()[2].clone()]);
    let freed = a.manifest.len() + a.config.len() + 2 * "top a".len();
    assert_eq!(removed.collected.bytes, freed as u64);
    b.assert_whole(store);
    assert!(!snapshot_path(store, &a.chains()[2]).exists());

    store.remove_images(&[b.id()], &space).unwrap();
    assert!(test.blob_files().is_empty());
    assert!(store.snapshots().unwrap().is_empty());
    assert!(matches!(
        store.remove_images(&[b.id()], &space),
        Err(Error::NoImage(_))
    ));
}

#[test]
fn the_same_layer_at_another_place_is_another_snapshot() {
    let test = TestStore::new();
    let store = &test.store;
    let a = Image::new("a", &["one", "two"]);
    let b = Image::new("b", &["two", "one", "one"]);
    a.pull(store, &["a"]).unwrap();
    b.pull(store, &["b"]).unwrap();
    let removed = store.remove_images(&[b.id()], &Files::new(store)).unwrap();
    assert_eq!(removed.collected.snapshots.len(), 3);
    assert_eq!(removed.collected.blobs.len(), 2);
    a.assert_whole(store);
}

#[test]
fn untagging() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let image = Image::new("a", &["base"]);
    image.pull(store, &["x:1", "x:2", "x:3"]).unwrap();
    let removed = store
        .remove_names(&[name("x:1")], WhenUnnamed::Remove, &space)
        .unwrap();
    assert!(removed.images.is_empty());
    image.assert_whole(store);
    // One that doesn't exist: nothing happens to the other.
    assert!(
        store
            .remove_names(&[name("x:2"), name("x:9")], WhenUnnamed::Remove, &space)
            .is_err()
    );
    assert_eq!(store.names_of(&image.id()).unwrap().len(), 2);
    let removed = store
        .remove_names(&[name("x:2"), name("x:3")], WhenUnnamed::Keep, &space)
        .unwrap();
    assert!(removed.images.is_empty());
    image.assert_whole(store);
    store.set_name(&name("x:1"), &image.id()).unwrap();
    let removed = store
        .remove_names(&[name("x:1")], WhenUnnamed::Remove, &space)
        .unwrap();
    assert_eq!(removed.images, [image.id()]);
    assert!(test.blob_files().is_empty());
}

#[test]
fn an_index_keeps_its_platforms_until_they_are_removed() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let amd = Image::new("amd64", &["common", "amd"]);
    let arm = Image::new("arm64", &["common", "arm"]);
    let absent = Digest::of(b"riscv");
    let index = serde_json::to_vec(&serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OciIndex,
        "manifests": [amd.target(), arm.target(), Descriptor::new(MediaType::OciManifest, absent.clone(), 5)],
    }))
    .unwrap();
    let id = Digest::of(&index);
    amd.pull(store, &[]).unwrap();
    arm.pull(store, &[]).unwrap();
    store
        .publish(Publication {
            documents: vec![(id.clone(), index.clone())],
            edges: vec![
                (id.clone(), amd.id()),
                (id.clone(), arm.id()),
                (id.clone(), absent.clone()),
            ],
            image: Some(Descriptor::new(
                MediaType::OciIndex,
                id.clone(),
                index.len() as u64,
            )),
            names: vec![name("multi:1")],
            ..Publication::default()
        })
        .unwrap();
    // The platforms stop to be images of their own; the index keeps their content.
    let removed = store.remove_images(&[amd.id(), arm.id()], &space).unwrap();
    assert!(removed.collected.blobs.is_empty());
    assert!(removed.collected.snapshots.is_empty());

    let graph = store.graph().unwrap();
    assert!(graph.is_complete(&amd.id()));
    assert!(!graph.is_complete(&id));
    assert_eq!(graph.children(&id).len(), 3);
    assert_eq!(graph.size(&absent), None);
    assert_eq!(graph.content(&id).len(), 1 + 2 + 2 + 3);

    let collected = store.remove_manifests(&[arm.id()], &space).unwrap();
    assert_eq!(
        digests(&collected.blobs),
        HashSet::from([arm.id(), arm.config_digest(), Digest::of(b"arm")])
    );
    assert_eq!(collected.snapshots.len(), 1);
    assert!(store.gc(&space).unwrap().blobs.is_empty());
    store.remove_images(&[id], &space).unwrap();
    assert!(test.blob_files().is_empty());
}

#[test]
fn a_lease_keeps_and_ends() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let image = Image::new("a", &["base", "top"]);
    image.pull(store, &["x"]).unwrap();
    let lease = store.lease("test").unwrap();
    lease.hold_blob(&image.id()).unwrap();
    lease.hold_chain(&image.chains()[1]).unwrap();
    let removed = store.remove_images(&[image.id()], &space).unwrap();
    assert!(removed.collected.blobs.is_empty());
    assert!(removed.collected.snapshots.is_empty());
    assert!(store.gc(&space).unwrap().blobs.is_empty());
    assert_eq!(test.blob_files().len(), 4);
    drop(lease);
    let collected = store.collect(&[image.id()], &[], &space).unwrap();
    assert_eq!(collected.blobs.len(), 4);
    assert_eq!(collected.snapshots.len(), 2);
}

#[test]
fn a_lease_on_the_top_chain_keeps_those_below() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base", "top"]);
    image.pull(store, &["x"]).unwrap();
    let lease = store.lease("test").unwrap();
    lease.hold_chain(&image.chains()[1]).unwrap();
    let removed = store
        .remove_images(&[image.id()], &Files::new(store))
        .unwrap();
    assert_eq!(removed.collected.blobs.len(), 4);
    assert!(removed.collected.snapshots.is_empty());
    assert!(store.gc(&Files::new(store)).unwrap().snapshots.is_empty());
    drop(lease);
    assert_eq!(store.gc(&Files::new(store)).unwrap().snapshots.len(), 2);
    assert!(!snapshot_path(store, &image.chains()[0]).exists());
}

#[test]
fn gc_sweeps_what_crashes_leave() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let kept = Image::new("kept", &["base"]);
    kept.pull(store, &["kept"]).unwrap();
    // A part of an image, of a pull that died.
    let partial = Image::new("partial", &["base", "lost"]);
    let mut publication = partial.publication();
    let lock = store.try_lock_blob(&Digest::of(b"lost")).unwrap().unwrap();
    publication.blobs.push(fetch(store, lock, b"lost").unwrap());
    store.publish(publication).unwrap();
    // Files without a row.
    let orphan = store
        .oci_dir()
        .join("blobs/sha256")
        .join(Digest::of(b"orphan").hex());
    std::fs::write(&orphan, "orphan").unwrap();
    let stray = snapshot_path(store, &partial.chains()[1]);
    std::fs::write(&stray, "").unwrap();
    let unfinished = store
        .root()
        .join("ingest")
        .join(format!("sha256-{}", Digest::of(b"half").hex()));
    std::fs::write(&unfinished, "ha").unwrap();
    std::fs::write(store.root().join("locks/blob-sha256-stale"), "").unwrap();
    std::fs::write(store.root().join("locks/lease-1-2-3"), "").unwrap();
    // One that is coming in right now.
    let busy = Digest::of(b"busy");
    let lock = store.try_lock_blob(&busy).unwrap().unwrap();
    let mut ingest = store.ingest(lock, 4).unwrap();
    ingest.write_all(b"bu").unwrap();

    let collected = store.gc(&space).unwrap();
    assert_eq!(
        digests(&collected.blobs),
        HashSet::from([partial.id(), partial.config_digest(), Digest::of(b"lost")])
    );
    assert!(!orphan.exists() && !stray.exists() && !unfinished.exists());
    assert_eq!(
        files(&store.root().join("locks")),
        [format!("blob-sha256-{}", busy.hex())]
    );
    kept.assert_whole(store);
    ingest.write_all(b"sy").unwrap();
    ingest.finish(&busy).unwrap();
    assert!(store.gc(&space).unwrap().blobs.is_empty());
}

#[test]
fn what_nobody_resumes_for_a_week_goes() {
    let test = TestStore::new();
    let root = test.store.root();
    let partial = |words: &str, days: u64| {
        let name = format!("sha256-{}", Digest::of(words.as_bytes()).hex());
        let path = root.join("ingest").join(name);
        std::fs::write(&path, "half").unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(then).unwrap();
        path
    };
    let (old, young, busy) = (partial("old", 8), partial("young", 6), partial("busy", 8));
    let lock = test.store.try_lock_blob(&Digest::of(b"busy")).unwrap();
    Store::open(root).unwrap();
    assert!(!old.exists());
    assert!(young.exists());
    assert!(busy.exists(), "somebody goes on with it right now");
    drop(lock);
    test.store.gc(&NoSnapshots).unwrap();
    assert!(!young.exists() && !busy.exists());
}

#[test]
fn what_a_pull_takes_back_goes_and_the_rest_stays() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (kept, refused) = (
        Image::new("kept", &["base"]),
        Image::new("refused", &["base", "top"]),
    );
    kept.pull(store, &["kept"]).unwrap();
    refused.pull(store, &["refused"]).unwrap();
    // Its rows without the image, as those of the first round of a pull.
    let chains = refused.chains();
    store
        .remove_names(
            &[name("refused").with_default_tag()],
            WhenUnnamed::Keep,
            &space,
        )
        .unwrap();
    let lease = store.lease("another pull").unwrap();
    lease.hold_chain(&chains[1]).unwrap();
    store.remove_images(&[refused.id()], &space).unwrap();
    assert!(store.snapshot(DRIVER, &chains[1]).unwrap().is_some());
    let collected = store.collect(&[], &chains, &space).unwrap();
    assert!(collected.snapshots.is_empty(), "another pull holds it");
    drop(lease);
    let collected = store.collect(&[], &chains, &space).unwrap();
    assert_eq!(collected.snapshots.len(), 1);
    kept.assert_whole(store);

    let digest = Digest::of(b"half");
    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let blob = fetch(store, lock.clone(), b"half").unwrap();
    drop(blob);
    assert_eq!(store.ingest_offset(&digest).unwrap(), 4);
    store.discard_ingest(&lock).unwrap();
    store.discard_ingest(&lock).unwrap();
    assert!(files(&store.root().join("ingest")).is_empty());
}

#[test]
fn a_snapshot_that_waits_for_its_row_is_not_swept() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let chains = Image::new("a", &["one", "two", "three"]).chains();
    std::fs::create_dir_all(store.snapshots_dir(DRIVER)).unwrap();
    for chain in &chains {
        std::fs::write(snapshot_path(store, chain), "").unwrap();
    }
    let lease = store.lease("unpack").unwrap();
    lease.hold_chain(&chains[0]).unwrap();
    let lock = store.try_lock_chain(&chains[1]).unwrap().unwrap();
    store.gc(&space).unwrap();
    assert_eq!(*space.removed.lock().unwrap(), [chains[2].clone()]);
    drop((lease, lock));
    store.gc(&space).unwrap();
    assert_eq!(space.removed.lock().unwrap().len(), 3);
}

#[test]
fn dangling_images_are_no_garbage() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &[]).unwrap();
    test.store.gc(&Files::new(&test.store)).unwrap();
    image.assert_whole(&test.store);
}

fn mount(store: &Store, image: &Image, target: &str) {
    store
        .add_mount(&MountRecord {
            target: target.into(),
            driver: DRIVER.to_owned(),
            image: Some(image.id()),
            chain: image.chains().last().cloned(),
            writable: false,
        })
        .unwrap();
}

#[test]
fn a_mount_that_is_no_more_keeps_nothing() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["x"]).unwrap();
    mount(store, &image, "/nowhere/mounted");
    assert!(store.mounts().unwrap().is_empty());
    store.gc(&Files::new(store)).unwrap();
    image.assert_whole(store);
    store
        .remove_images(&[image.id()], &Files::new(store))
        .unwrap();
    assert!(test.blob_files().is_empty());
}

#[test]
fn root_a_mounted_image_stays() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_a_mounted_image_stays: needs root");
        return;
    }
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base", "top"]);
    image.pull(store, &["x"]).unwrap();
    let target = test.dir.path().join("here");
    std::fs::create_dir(&target).unwrap();
    std::fs::create_dir(store.snapshots_dir(DRIVER).join("tree")).unwrap();
    rustix::mount::mount_bind(store.snapshots_dir(DRIVER).join("tree"), &target).unwrap();
    mount(store, &image, target.to_str().unwrap());
    assert_eq!(store.mounts_of(&image.id()).unwrap().len(), 1);
    let error = store
        .remove_images(&[image.id()], &NoSnapshots)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "image {} is in use: mounted on {}",
            image.id().short(),
            target.display()
        )
    );
    assert!(
        store
            .remove_names(&[name("x:latest")], WhenUnnamed::Remove, &NoSnapshots)
            .is_err()
    );
    assert_eq!(store.names().unwrap().len(), 1);
    store.gc(&NoSnapshots).unwrap();
    image.assert_whole(store);
    rustix::mount::unmount(&target, rustix::mount::UnmountFlags::empty()).unwrap();
    store.remove_mount(&target).unwrap();
    store
        .remove_images(&[image.id()], &Files::new(store))
        .unwrap();
}

#[test]
fn sizes_and_what_is_shared() {
    let test = TestStore::new();
    let store = &test.store;
    let a = Image::new("a", &["base!", "a"]);
    let b = Image::new("b", &["base!", "bb"]);
    a.pull(store, &[]).unwrap();
    b.pull(store, &[]).unwrap();
    let graph = store.graph().unwrap();
    let (ida, idb) = (a.id(), b.id());
    let documents = (a.manifest.len() + a.config.len()) as u64;
    assert_eq!(graph.content_size([&ida]), documents + 6);
    assert_eq!(graph.unpacked_size([&ida]), 6);
    assert_eq!(graph.unpacked_size([&ida, &idb]), 8);
    let shared = graph.shared_sizes(&[&ida, &idb]);
    assert_eq!(shared[&ida], 10);
    assert_eq!(shared[&idb], 10);
    assert_eq!(graph.chains(&ida).len(), 2);
    assert_eq!(graph.snapshot_bytes(&b.chains()[1]), Some(2));
    assert_eq!(graph.size(&ida), Some(a.manifest.len() as u64));
}

#[test]
fn leftovers_are_what_a_collection_frees() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let a = Image::new("a", &["base", "top a"]);
    let b = Image::new("b", &["base", "top b"]);
    a.pull(store, &["a"]).unwrap();
    b.pull(store, &["b"]).unwrap();
    assert_eq!(store.leftovers().unwrap().total(), 0);
    // Content without an image, a partial blob, and a file without a row.
    let c = Image::new("c", &["base", "top c"]);
    c.pull(store, &["c"]).unwrap();
    rusqlite::Connection::open(store.root().join("orlop.db"))
        .unwrap()
        .execute_batch("DELETE FROM images WHERE target NOT IN (SELECT target FROM names WHERE name LIKE '%/a:%' OR name LIKE '%/b:%')")
        .unwrap();
    let digest = Digest::of(b"partial");
    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let mut ingest = store.ingest(lock, 7).unwrap();
    ingest.write_all(b"par").unwrap();
    assert_eq!(store.leftovers().unwrap().arriving, 3);
    drop(ingest);
    let orphan = Digest::of(b"orphan");
    std::fs::write(
        store.oci_dir().join("blobs/sha256").join(orphan.hex()),
        "orphan",
    )
    .unwrap();
    let found = store.leftovers().unwrap();
    let own = c.manifest.len() + c.config.len() + 2 * "top c".len();
    assert_eq!(found.unneeded, own as u64);
    assert_eq!((found.unfinished, found.orphans, found.arriving), (3, 6, 0));
    assert_eq!(store.gc(&space).unwrap().bytes, found.reclaimable());
    assert_eq!(store.leftovers().unwrap().total(), 0);
}

#[test]
fn what_images_free_in_turn() {
    let test = TestStore::new();
    let store = &test.store;
    let a = Image::new("a", &["base", "top a"]);
    let b = Image::new("b", &["base", "top b"]);
    a.pull(store, &["a"]).unwrap();
    b.pull(store, &["b"]).unwrap();
    let graph = store.graph().unwrap();
    let (a_id, b_id) = (a.id(), b.id());
    let space = Files::new(store);
    let both = graph.freed_in_turn([&a_id, &b_id], &[&b_id, &a_id]);
    let alone = graph.freed_in_turn([&a_id, &b_id], &[&a_id]);
    assert!(alone[0] < both[1], "the last one frees what is shared");
    for (image, expected) in [(b_id, both[0]), (a_id, both[1])] {
        let removed = store.remove_images(&[image], &space).unwrap();
        assert_eq!(removed.collected.bytes, expected);
    }
}
