//! Removals that are taken back, held and not.

use std::time::Duration;

use orlop_store::{Cause, Error, NoSnapshots, Release, Store, Unused, WhenUnnamed};

use crate::support::{Files, Image, TestStore, name};

const HOUR: Duration = Duration::from_secs(3600);

fn two(store: &Store) -> (Image, Image) {
    let a = Image::new("a", &["base", "top a"]);
    let b = Image::new("b", &["base", "top b"]);
    a.pull(store, &["x:a", "y:a"]).unwrap();
    b.pull(store, &["x:b"]).unwrap();
    (a, b)
}

#[test]
fn what_is_held_comes_back_as_it_was() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (a, b) = two(store);
    let before = store.image(&a.id()).unwrap();
    let command = store.undoable("rmi a b", HOUR);
    let removed = command.remove_images(&[a.id()], &space).unwrap();
    assert_eq!(removed.collected.bytes, 0, "nothing is freed yet");
    command
        .remove_names(&[name("x:b")], WhenUnnamed::Remove, &space)
        .unwrap();
    assert!(store.images().unwrap().is_empty());
    assert!(store.names().unwrap().is_empty());
    store.gc(&space).unwrap();
    let index = std::fs::read_to_string(store.oci_dir().join("index.json")).unwrap();
    assert!(!index.contains(a.id().hex()), "{index}");

    let records = store.removals().unwrap();
    assert_eq!(records.len(), 1, "one command, one removal");
    assert_eq!(records[0].command, "rmi a b");
    assert!(records[0].images.iter().all(|i| i.is_here));
    assert_eq!(records[0].names.len(), 3);
    let undone = store.undo(records[0].id).unwrap();
    assert_eq!(undone.images.len(), 2);
    assert_eq!(undone.names.len(), 3);
    assert!(undone.missing.is_empty() && undone.taken.is_empty());
    a.assert_whole(store);
    b.assert_whole(store);
    let after = store.image(&a.id()).unwrap().unwrap();
    assert_eq!(after.stored, before.unwrap().stored);
    assert_eq!(store.names_of(&a.id()).unwrap().len(), 2);
    let history = store.name_history(&name("x:b")).unwrap();
    assert_eq!(history[0].cause, Some(Cause::Restored));
    assert!(store.removals().unwrap().is_empty());
    assert!(matches!(store.undo(records[0].id), Err(Error::NoRemoval)));
    // Nothing is held any more.
    store.remove_images(&[a.id(), b.id()], &space).unwrap();
    assert!(test.blob_files().is_empty());
}

#[test]
fn what_is_not_held_is_freed_at_once_and_stays_on_record() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (a, b) = two(store);
    let removed = store
        .undoable("rmi", Duration::ZERO)
        .remove_images(&[a.id()], &space)
        .unwrap();
    assert!(removed.collected.bytes > 0);
    let record = store.removals().unwrap().remove(0);
    assert!(!record.images[0].is_here);
    let undone = store.undo(record.id).unwrap();
    assert_eq!(undone.missing, [a.target()]);
    assert!(undone.names.is_empty() && undone.images.is_empty());
    assert_eq!(store.names().unwrap().len(), 1);
    // Whoever fetches it can go on.
    a.pull(store, &[]).unwrap();
    let undone = store.undo(record.id).unwrap();
    assert!(undone.missing.is_empty());
    assert_eq!(undone.names.len(), 2);
    a.assert_whole(store);
    b.assert_whole(store);
}

#[test]
fn names_that_mean_something_else_by_now_are_left_alone() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (a, b) = two(store);
    let command = store.undoable("rmi", HOUR);
    command.remove_images(&[a.id()], &space).unwrap();
    store.set_name(&name("x:a"), &b.id()).unwrap();
    let undone = store.undo(store.removals().unwrap()[0].id).unwrap();
    assert_eq!(undone.taken, [(name("x:a"), b.id())]);
    assert_eq!(undone.names.len(), 1);
    assert_eq!(store.resolve(&name("x:a")).unwrap(), Some(b.id()));
    assert_eq!(store.resolve(&name("y:a")).unwrap(), Some(a.id()));
}

#[test]
fn holds_end() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (a, b) = two(store);
    let soon = store.undoable("rmi a", Duration::from_nanos(1));
    soon.remove_images(&[a.id()], &space).unwrap();
    let later = store.undoable("rmi b", HOUR);
    later.remove_images(&[b.id()], &space).unwrap();
    let freed = store.release(&Release::Over, &space).unwrap();
    assert_eq!(freed.blobs.len(), 3, "but not what the other shares");
    assert_eq!(freed.snapshots.len(), 1);
    assert_eq!(store.held().unwrap(), [b.id()]);
    assert_eq!(store.removals().unwrap().len(), 2, "still on record");
    let nothing = store.release(&Release::Over, &space).unwrap();
    assert_eq!(nothing.bytes, 0);
    store.release(&Release::All, &space).unwrap();
    assert!(test.blob_files().is_empty());
    assert!(store.snapshots().unwrap().is_empty());
}

#[test]
fn collection_ends_holds_too() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["x"]).unwrap();
    store
        .undoable("rmi", Duration::from_nanos(1))
        .remove_images(&[image.id()], &Files::new(store))
        .unwrap();
    let collected = store.gc(&Files::new(store)).unwrap();
    assert_eq!(collected.blobs.len(), 3);
    assert!(test.blob_files().is_empty());
}

#[test]
fn old_removals_are_forgotten() {
    let test = TestStore::new();
    let store = &test.store;
    two(store);
    let command = store.undoable("rmi", Duration::ZERO);
    command
        .remove_names(&[name("y:a")], WhenUnnamed::Keep, &NoSnapshots)
        .unwrap();
    store.release(&Release::Over, &NoSnapshots).unwrap();
    assert_eq!(store.removals().unwrap().len(), 1);
    let database = rusqlite::Connection::open(store.root().join("orlop.db")).unwrap();
    let week = i64::try_from(orlop_store::KEEP_REMOVALS.as_nanos()).unwrap();
    database
        .execute("UPDATE removals SET at = at - ?1", [week])
        .unwrap();
    store.release(&Release::Over, &NoSnapshots).unwrap();
    assert!(store.removals().unwrap().is_empty());
    let names: u32 = database
        .query_row("SELECT count(*) FROM removed_names", [], |row| row.get(0))
        .unwrap();
    assert_eq!(names, 0);
}

#[test]
fn only_what_is_still_unused_is_removed() {
    let test = TestStore::new();
    let store = &test.store;
    let space = Files::new(store);
    let (a, b) = two(store);
    let unused = |image: &Image, names: &[&str]| Unused {
        target: image.id(),
        names: names.iter().map(|n| name(n)).collect(),
    };
    let plan = [unused(&a, &["y:a", "x:a"]), unused(&b, &["x:b"])];
    store.set_name(&name("z:b"), &b.id()).unwrap();
    let removed = store.remove_unused(&plan, &space).unwrap();
    assert_eq!(removed.images, [a.id()]);
    b.assert_whole(store);
    let removed = store.remove_unused(&plan, &space).unwrap();
    assert!(removed.images.is_empty(), "gone is no error");
}

#[test]
fn uses_are_noted() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, _) = two(store);
    let used = || store.image(&a.id()).unwrap().unwrap().used;
    let pulled = used();
    store.mark_used(&[a.id()]).unwrap();
    let marked = used();
    assert!(marked > pulled);
    store.set_name(&name("x:a"), &a.id()).unwrap();
    assert!(used() > marked, "tagging is a use, also with the same name");
}

#[test]
fn not_more_than_a_hundred_are_remembered_but_for_those_that_hold() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, b) = two(store);
    let held = store.undoable("held", HOUR);
    held.remove_images(&[a.id()], &Files::new(store)).unwrap();
    for number in 0..105 {
        store.set_name(&name("x:again"), &b.id()).unwrap();
        store
            .undoable(&number.to_string(), HOUR)
            .remove_names(&[name("x:again")], WhenUnnamed::Keep, &NoSnapshots)
            .unwrap();
    }
    let records = store.removals().unwrap();
    assert_eq!(records.len(), 101);
    assert_eq!(records[0].command, "104");
    assert_eq!(records[100].command, "held");
    assert_eq!(store.undo(records[100].id).unwrap().images, [a.id()]);
}
