//! Damage: found, put aside, and what is lost made anew.

use std::fs;
use std::sync::atomic::AtomicBool;

use orlop_oci::Digest;
use orlop_store::{BlobFault, BlobInfo, Depth, Error, Rebuilt, Store};

use crate::support::{DRIVER, Files, Image, TestStore, files, name};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn check(store: &Store, digest: &Digest, depth: Depth) -> Option<BlobFault> {
    let blob = store.blob(digest).unwrap().unwrap();
    store.check_blob(&blob, depth, &GO_ON, &mut |_| {}).unwrap()
}

#[test]
fn each_fault_is_found() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["one", "two", "three", "four"]);
    image.pull(store, &["x"]).unwrap();
    let layers = image.layer_digests();
    for layer in &layers {
        assert_eq!(check(store, layer, Depth::Content), None);
    }
    fs::write(store.blob_path(&layers[0]), "0ne").unwrap();
    fs::write(store.blob_path(&layers[1]), "tw").unwrap();
    fs::remove_file(store.blob_path(&layers[2])).unwrap();
    fs::remove_file(store.blob_path(&layers[3])).unwrap();
    fs::create_dir(store.blob_path(&layers[3])).unwrap();
    assert_eq!(
        check(store, &layers[0], Depth::Content),
        Some(BlobFault::Digest(Digest::of(b"0ne")))
    );
    assert_eq!(check(store, &layers[0], Depth::Size), None);
    for depth in [Depth::Size, Depth::Content] {
        assert_eq!(check(store, &layers[1], depth), Some(BlobFault::Size(2)));
        assert_eq!(check(store, &layers[2], depth), Some(BlobFault::Missing));
        assert!(check(store, &layers[3], depth).is_some());
    }
    let gone = BlobInfo {
        digest: Digest::of(b"never here"),
        size: 3,
    };
    let fault = store.check_blob(&gone, Depth::Content, &GO_ON, &mut |_| {});
    assert_eq!(fault.unwrap(), None, "what is removed meanwhile is right");
    let blob = store.blob(&layers[0]).unwrap().unwrap();
    let stop = AtomicBool::new(true);
    assert!(matches!(
        store.check_blob(&blob, Depth::Content, &stop, &mut |_| {}),
        Err(Error::Cancelled)
    ));
}

#[test]
fn a_damaged_blob_goes_aside_and_comes_again() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["one", "two"]);
    image.pull(store, &["x"]).unwrap();
    let digest = image.layer_digests()[0].clone();
    let blob = store.blob(&digest).unwrap().unwrap();
    assert!(
        !store
            .quarantine_blob(&blob, Depth::Content, &GO_ON)
            .unwrap()
    );
    fs::write(store.blob_path(&digest), "0ne").unwrap();
    assert!(
        store
            .quarantine_blob(&blob, Depth::Content, &GO_ON)
            .unwrap()
    );
    assert!(store.blob(&digest).unwrap().is_none());
    let aside = store
        .root()
        .join("quarantine")
        .join(format!("sha256-{}", digest.hex()));
    assert_eq!(fs::read_to_string(&aside).unwrap(), "0ne");
    assert_eq!(store.leftovers().unwrap().quarantined, 3);
    image.pull(store, &["x"]).unwrap();
    image.assert_whole(store);
    // A young one stays, an old one goes.
    store.gc(&Files::new(store)).unwrap();
    assert!(aside.exists());
}

#[test]
fn index_json_is_compared() {
    let test = TestStore::new();
    let store = &test.store;
    Image::new("a", &["one"]).pull(store, &["x"]).unwrap();
    assert!(store.is_index_json_right().unwrap());
    let path = store.oci_dir().join("index.json");
    for damage in [Some("{}"), None] {
        match damage {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        assert!(!store.is_index_json_right().unwrap());
        store.rewrite_layout_files().unwrap();
        assert!(store.is_index_json_right().unwrap());
    }
    assert_eq!(store.check_database().unwrap(), [""; 0]);
}

fn lose_database(test: &TestStore) {
    for name in files(&test.dir.path().join("root")) {
        if name.starts_with("orlop.db") {
            fs::remove_file(test.dir.path().join("root").join(name)).unwrap();
        }
    }
}

/// A store of two images under three names and one dangling image, its database about to be lost.
fn three() -> (TestStore, [Image; 3]) {
    let test = TestStore::new();
    let images = [
        Image::new("a", &["base", "a"]),
        Image::new("b", &["base", "b"]),
        Image::new("c", &["base", "c"]),
    ];
    images[0].pull(&test.store, &["x:1", "y:1"]).unwrap();
    images[1].pull(&test.store, &["x:2"]).unwrap();
    images[2].pull(&test.store, &[]).unwrap();
    (test, images)
}

#[test]
fn a_lost_database_is_told_and_made_anew() {
    let (test, images) = three();
    let root = test.dir.path().join("root");
    lose_database(&test);
    assert!(matches!(
        Store::open(&root),
        Err(Error::LostDatabase { .. })
    ));
    assert_eq!(test.blob_files().len(), 10, "nothing is swept");
    let rebuilt = Store::rebuild(&root).unwrap();
    let expected = Rebuilt {
        blobs: 10,
        images: 3,
        names: 3,
        without_index: false,
        old: None,
    };
    assert_eq!(rebuilt, expected);
    let store = Store::open(&root).unwrap();
    for image in &images {
        assert!(store.image(&image.id()).unwrap().is_some());
        assert_eq!(store.children(&image.id()).unwrap().len(), 3);
    }
    assert_eq!(store.resolve(&name("x:2")).unwrap(), Some(images[1].id()));
    assert_eq!(store.names_of(&images[0].id()).unwrap().len(), 2);
    // Collection leaves all that the images need.
    assert!(store.gc(&Files::new(&store)).unwrap().blobs.is_empty());
    // What is left of the old snapshots is replaced by the next pull.
    assert!(
        store
            .snapshot(DRIVER, &images[0].chains()[0])
            .unwrap()
            .is_none()
    );
    images[0].pull(&store, &["x:1"]).unwrap();
    images[0].assert_whole(&store);
    assert!(store.is_index_json_right().unwrap());
}

#[test]
fn a_damaged_database_is_put_aside() {
    let (test, images) = three();
    let root = test.dir.path().join("root");
    let damaged = root.join("orlop.db");
    drop(test.store);
    fs::write(
        &damaged,
        "not a database, but long enough to be looked at by anybody",
    )
    .unwrap();
    assert!(matches!(
        Store::open(&root),
        Err(Error::DamagedDatabase { .. })
    ));
    // The layout's own file is gone too: the documents that nobody names are the images.
    fs::write(root.join("oci/index.json"), "{").unwrap();
    let rebuilt = Store::rebuild(&root).unwrap();
    assert_eq!((rebuilt.images, rebuilt.names), (3, 0));
    assert!(rebuilt.without_index);
    let aside = rebuilt.old.unwrap();
    assert!(fs::read(aside).unwrap().starts_with(b"not a database"));
    let store = Store::open(&root).unwrap();
    let targets: Vec<_> = store
        .images()
        .unwrap()
        .into_iter()
        .map(|i| i.target)
        .collect();
    for image in &images {
        assert!(
            targets.contains(&image.target()),
            "with the type that it says"
        );
    }
}

#[test]
fn nothing_is_made_anew_while_others_work() {
    let (test, _) = three();
    let lease = test.store.lease("a pull").unwrap();
    let root = test.dir.path().join("root");
    assert!(matches!(
        Store::rebuild(&root),
        Err(Error::InUseByOthers { .. })
    ));
    drop(lease);
    Store::rebuild(&root).unwrap();
}

#[test]
fn what_a_killed_rebuild_left_is_begun_anew() {
    let (test, images) = three();
    let root = test.dir.path().join("root");
    drop(test.store);
    // Killed after the old one went aside, before the new one had its name.
    fs::rename(root.join("orlop.db"), root.join("aside")).unwrap();
    fs::write(root.join("orlop.db-new"), "half a database").unwrap();
    fs::write(root.join("orlop.db-new-wal"), "half a log").unwrap();
    assert!(matches!(
        Store::open(&root),
        Err(Error::LostDatabase { .. })
    ));
    let rebuilt = Store::rebuild(&root).unwrap();
    assert_eq!((rebuilt.images, rebuilt.names), (3, 3));
    let store = Store::open(&root).unwrap();
    assert!(store.image(&images[2].id()).unwrap().is_some());
    assert!(!root.join("orlop.db-new").exists());
}

#[test]
fn a_store_that_never_had_an_image_is_opened_without_its_database() {
    let test = TestStore::new();
    let root = test.dir.path().join("root");
    lose_database(&test);
    assert!(Store::open(&root).unwrap().images().unwrap().is_empty());
}
