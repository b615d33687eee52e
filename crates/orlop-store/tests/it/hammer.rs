//! Many threads and processes at once.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use orlop_oci::Digest;
use orlop_store::{Error, Release, Store, WhenUnnamed};

use crate::support::{Files, Image, TestStore, is_gone, name};

/// In a child, the root of the store to work on; else the test that is the child does nothing.
const ROOT: &str = "ORLOP_TEST_STORE";
const ROLE: &str = "ORLOP_TEST_ROLE";

fn child(store: &Store, role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hammer::child_process", "--nocapture"])
        .env(ROOT, store.root())
        .env(ROLE, role)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Images that share layers in different orders.
fn images() -> Vec<Image> {
    vec![
        Image::new("a", &["base", "one", "two"]),
        Image::new("b", &["base", "two", "one"]),
        Image::new("c", &["base", "one", "three"]),
        Image::new("d", &["two", "base"]),
    ]
}

#[test]
fn child_process() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let role = std::env::var(ROLE).unwrap();
    let store = Store::open(root.as_ref()).unwrap();
    match role.as_str() {
        "hold" => {
            let lease = store.lease("held by a child").unwrap();
            lease.hold_blob(&images()[0].id()).unwrap();
            std::fs::write(store.root().join("ready"), "").unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
        "collect" => {
            for _ in 0..30 {
                store.gc(&Files::new(&store)).unwrap();
            }
        }
        seed => work(&store, seed.parse().unwrap(), 25),
    }
}

/// Pulls and removes; what was pulled under a lease must be whole.
fn work(store: &Store, seed: usize, rounds: usize) {
    let images = images();
    let space = Files::new(store);
    for round in 0..rounds {
        let image = &images[(seed + round) % images.len()];
        let tag = format!("x:{}", (seed * 7 + round) % 5);
        let lease = store.lease("hammer").unwrap();
        lease.hold(&image.digests(), &image.chains()).unwrap();
        image.pull(store, &[&tag]).unwrap();
        for digest in image.digests() {
            store.read_document(&digest, 1 << 20).unwrap();
        }
        drop(lease);
        match (seed + round) % 3 {
            0 => match store.remove_names(&[name(&tag)], WhenUnnamed::Remove, &space) {
                Err(e) if !is_gone(&e) => panic!("{e}"),
                _ => {}
            },
            1 => match store.remove_images(&[image.id()], &space) {
                Err(e) if !is_gone(&e) => panic!("{e}"),
                _ => {}
            },
            _ => remove_and_undo(store, image, &space),
        }
    }
}

/// Removes an image, held or not, and takes it back; others may do all of this at the same time.
fn remove_and_undo(store: &Store, image: &Image, space: &Files<'_>) {
    let hold = Duration::from_secs(3600 * (image.layers.len() as u64 % 2));
    match store
        .undoable("rmi", hold)
        .remove_images(&[image.id()], space)
    {
        Err(e) if !is_gone(&e) => panic!("{e}"),
        _ => {}
    }
    for record in store.removals().unwrap().iter().take(2) {
        match store.undo(record.id) {
            Err(Error::NoRemoval) | Ok(_) => {}
            Err(e) => panic!("{e}"),
        }
    }
    store
        .release(&Release::Images(vec![image.id()]), space)
        .unwrap();
}

fn assert_sound(store: &Store) {
    for record in store.images().unwrap() {
        let image = images()
            .into_iter()
            .find(|i| i.id() == record.target.digest)
            .unwrap();
        image.assert_whole(store);
    }
    let space = Files::new(store);
    store.release(&Release::All, &space).unwrap();
    store.gc(&space).unwrap();
    let stored: Vec<Digest> = store
        .blobs()
        .unwrap()
        .into_iter()
        .map(|b| b.digest)
        .collect();
    let mut files = crate::support::files(&store.oci_dir().join("blobs/sha256"));
    let mut rows: Vec<String> = stored.iter().map(|d| d.hex().to_owned()).collect();
    files.sort();
    rows.sort();
    assert_eq!(files, rows);
    for record in store.images().unwrap() {
        images()
            .iter()
            .find(|i| i.id() == record.target.digest)
            .unwrap()
            .assert_whole(store);
    }
}

#[test]
fn threads_pull_remove_and_collect() {
    let test = TestStore::new();
    std::thread::scope(|scope| {
        for seed in 0..6 {
            let store = test.store.clone();
            scope.spawn(move || work(&store, seed, 20));
        }
        let store = test.store.clone();
        scope.spawn(move || {
            for _ in 0..20 {
                store.gc(&Files::new(&store)).unwrap();
            }
        });
    });
    assert_sound(&test.store);
}

#[test]
fn processes_pull_remove_and_collect() {
    let test = TestStore::new();
    let mut children: Vec<Child> = (0..4)
        .map(|seed| child(&test.store, &seed.to_string()))
        .collect();
    children.push(child(&test.store, "collect"));
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_sound(&test.store);
}

#[test]
fn many_processes_make_one_store() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a/b/root");
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| Store::open(&root).map(|s| s.images().unwrap().len())))
            .collect();
        for thread in opened {
            assert_eq!(thread.join().unwrap().unwrap(), 0);
        }
    });
}

#[test]
fn the_lease_of_a_killed_process_ends() {
    let test = TestStore::new();
    let store = &test.store;
    let image = &images()[0];
    image.pull(store, &["x"]).unwrap();
    let mut holder = child(store, "hold");
    let ready = store.root().join("ready");
    let start = Instant::now();
    while !ready.exists() {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let space = Files::new(store);
    let removed = store.remove_images(&[image.id()], &space).unwrap();
    assert!(removed.collected.blobs.is_empty());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let collected = store.collect(&[image.id()], &[], &space).unwrap();
    assert_eq!(collected.blobs.len(), 5);
    store.gc(&space).unwrap();
    assert!(crate::support::files(&store.root().join("locks")).is_empty());
}

#[test]
fn a_thousand_images_are_listed() {
    let test = TestStore::new();
    insert_rows(&test.store, 1000, 8);
    let store = Store::open(test.store.root()).unwrap();
    let images = store.images().unwrap();
    assert_eq!((images.len(), store.names().unwrap().len()), (1000, 1000));
    let graph = store.graph().unwrap();
    assert_eq!(graph.content(&images[7].target.digest).len(), 9);
}

/// Rows of images that have this many blobs each; publishing them would take most of the test's time.
fn insert_rows(store: &Store, images: usize, blobs: usize) {
    let mut database = rusqlite::Connection::open(store.root().join("orlop.db")).unwrap();
    let tx = database.transaction().unwrap();
    let blob = |digest: &Digest| {
        tx.execute(
            "INSERT INTO blobs (digest, size, stored) VALUES (?1, 5, 0)",
            [digest.as_str()],
        )
        .unwrap();
    };
    for number in 0..images {
        let target = Image::new(&number.to_string(), &[]).target();
        blob(&target.digest);
        for child in 0..blobs {
            let child = Digest::of(format!("{number} {child}").as_bytes());
            blob(&child);
            tx.execute(
                "INSERT INTO edges (parent, child) VALUES (?1, ?2)",
                [target.digest.as_str(), child.as_str()],
            )
            .unwrap();
        }
        let json = serde_json::to_string(&target).unwrap();
        tx.execute(
            "INSERT INTO images (target, descriptor, stored) VALUES (?1, ?2, 0)",
            [target.digest.as_str(), &json],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO names (name, target, updated) VALUES (?1, ?2, 0)",
            [
                &format!("docker.io/library/x:{number}"),
                target.digest.as_str(),
            ],
        )
        .unwrap();
    }
    tx.commit().unwrap();
}
