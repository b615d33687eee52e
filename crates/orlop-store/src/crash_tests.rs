//! `kill -9` at each step of a publication: a child process dies there, and the parent looks.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use crate::failpoint;
use crate::{NoSnapshots, Store};

#[path = "../tests/it/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests in tests/, which use more of it"
)]
mod support;

use support::{Files, Image, TestStore, name};

const ROOT: &str = "ORLOP_TEST_CRASH_ROOT";
const POINT: &str = "ORLOP_TEST_CRASH_POINT";

fn before() -> Image {
    Image::new("before", &["base", "before"])
}

fn during() -> Image {
    Image::new("during", &["base", "one", "two"])
}

#[test]
fn child_process() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let store = Store::open(root.as_ref()).unwrap();
    failpoint::die_at(&std::env::var(POINT).unwrap());
    during().pull(&store, &["x:1"]).unwrap();
}

fn die_at(store: &Store, point: &str) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash_tests::child_process"])
        .env(ROOT, store.root())
        .env(POINT, point)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9), "{point}");
}

fn index_json(store: &Store) -> String {
    let mut text = String::new();
    std::fs::File::open(store.oci_dir().join("index.json"))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn drafts(store: &Store) -> usize {
    let names = support::files(&store.root().join("ingest"));
    names.iter().filter(|n| n.starts_with("draft-")).count()
}

#[test]
fn killed_while_publishing() {
    for (point, done) in [
        ("before sync", false),
        ("after sync", false),
        ("between renames", false),
        ("after renames", false),
        ("before commit", false),
        ("after commit", true),
    ] {
        let TestStore { store, dir } = TestStore::new();
        before().pull(&store, &["x:1"]).unwrap();
        die_at(&store, point);
        let written = ["before sync", "after sync", "between renames"].contains(&point);
        assert_eq!(drafts(&store) > 0, written, "{point}");
        let store = Store::open(&dir.path().join("root")).unwrap();
        assert_eq!(drafts(&store), 0, "{point}");
        before().assert_whole(&store);
        let current = store.resolve(&name("x:1")).unwrap().unwrap();
        if done {
            during().assert_whole(&store);
            assert_eq!(current, during().id());
            assert!(index_json(&store).contains(during().id().hex()), "{point}");
        } else {
            assert_eq!(current, before().id(), "{point}");
            assert_eq!(store.images().unwrap().len(), 1);
            assert_eq!(store.blobs().unwrap().len(), 4, "{point}");
            assert_eq!(store.snapshots().unwrap().len(), 2);
            assert!(!index_json(&store).contains(during().id().hex()), "{point}");
        }

        // The next try goes through, over whatever was left.
        during().pull(&store, &["x:1"]).unwrap();
        during().assert_whole(&store);
        before().assert_whole(&store);

        // And so does collection.
        die_at_again(&store, point);
        store.gc(&Files::new(&store)).unwrap();
        before().assert_whole(&store);
        during().assert_whole(&store);
        assert_eq!(support::files(&store.root().join("locks")), [""; 0]);
        store.gc(&NoSnapshots).unwrap();
    }
}

/// Leaves a dead publication of an image that isn't there.
fn die_at_again(store: &Store, point: &str) {
    let other = Store::open(store.root()).unwrap();
    other
        .remove_images(&[during().id()], &Files::new(&other))
        .unwrap();
    die_at(store, point);
    let space = Files::new(store);
    store.gc(&space).unwrap();
    assert_eq!(support::files(&store.root().join("ingest")), [""; 0]);
    during().pull(store, &["x:1"]).unwrap();
}
