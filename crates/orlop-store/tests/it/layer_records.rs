//! Records of layers: kept, bounded, and gone with their layer.

use orlop_oci::{DiffId, Digest};
use orlop_store::LayerRecordUsage;

use crate::support::{Files, Image, TestStore};

fn diff_id(layer: &str) -> DiffId {
    DiffId(Digest::of(layer.as_bytes()))
}

#[test]
fn a_record_is_kept_by_layer_and_variant() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, b) = (diff_id("a"), diff_id("b"));
    store.set_layer_record("x", &a, b"old").unwrap();
    store.set_layer_record("x", &a, b"new").unwrap();
    store.set_layer_record("y", &b, b"other").unwrap();
    let found = store.layer_records("x", &[a.clone(), b.clone()]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&a], b"new");
    let usage = LayerRecordUsage { count: 2, bytes: 8 };
    assert_eq!(store.layer_record_usage().unwrap(), usage);
}

#[test]
fn the_oldest_records_make_room() {
    let test = TestStore::new();
    let store = &test.store;
    for layer in ["a", "b", "c"] {
        store
            .set_layer_record("x", &diff_id(layer), b"1234")
            .unwrap();
    }
    let removed = store.prune_layer_records(9).unwrap();
    assert_eq!(removed, LayerRecordUsage { count: 1, bytes: 4 });
    let found = store
        .layer_records("x", &["a", "b", "c"].map(diff_id))
        .unwrap();
    assert!(found.len() == 2 && !found.contains_key(&diff_id("a")));
    assert_eq!(store.prune_layer_records(0).unwrap().count, 2);
    assert_eq!(
        store.layer_record_usage().unwrap(),
        LayerRecordUsage::default()
    );
}

#[test]
fn a_record_goes_with_the_last_image_that_has_the_layer() {
    let test = TestStore::new();
    let store = &test.store;
    let first = Image::new("a", &["base", "own"]);
    let second = Image::new("b", &["base"]);
    first.pull(store, &["x:a"]).unwrap();
    second.pull(store, &["x:b"]).unwrap();
    for layer in ["base", "own", "elsewhere"] {
        store.set_layer_record("x", &diff_id(layer), b"1").unwrap();
    }
    let left = || {
        let layers = ["base", "own", "elsewhere"];
        let found = store.layer_records("x", &layers.map(diff_id)).unwrap();
        let kept = layers
            .into_iter()
            .filter(|l| found.contains_key(&diff_id(l)));
        kept.collect::<Vec<_>>()
    };
    let space = Files::new(store);
    store.remove_images(&[first.id()], &space).unwrap();
    assert_eq!(left(), ["base", "elsewhere"]);
    store.remove_images(&[second.id()], &space).unwrap();
    assert_eq!(left(), ["elsewhere"]);
}

#[test]
fn a_stack_is_its_layers_in_their_order() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, b) = (diff_id("a"), diff_id("b"));
    let (ab, ba) = ([a.clone(), b.clone()], [b.clone(), a.clone()]);
    store.set_stack_record("x", &ab, b"both").unwrap();
    store.set_stack_record("x", &[], b"none").unwrap();
    let found = |variant: &str, layers: &[DiffId]| store.stack_record(variant, layers).unwrap();
    assert_eq!(found("x", &ab).as_deref(), Some(&b"both"[..]));
    assert_eq!(found("x", &ba), None);
    assert_eq!(found("y", &ab), None);
    assert_eq!(found("x", &[a]), None);
    assert_eq!(found("x", &[]), None);
    store.set_stack_record("x", &ab, b"again").unwrap();
    assert_eq!(found("x", &ab).as_deref(), Some(&b"again"[..]));
}

#[test]
fn records_of_layers_and_stacks_are_counted_and_bounded_together() {
    let test = TestStore::new();
    let store = &test.store;
    let layers = ["a", "b"].map(diff_id);
    store.set_stack_record("x", &layers, b"12345").unwrap();
    store.set_layer_record("x", &layers[0], b"1234").unwrap();
    let usage = LayerRecordUsage { count: 2, bytes: 9 };
    assert_eq!(store.layer_record_usage().unwrap(), usage);
    // The stack's is the older one.
    let removed = store.prune_layer_records(4).unwrap();
    assert_eq!(removed, LayerRecordUsage { count: 1, bytes: 5 });
    assert_eq!(store.stack_record("x", &layers).unwrap(), None);
    assert_eq!(store.layer_records("x", &layers).unwrap().len(), 1);
}

#[test]
fn what_nobody_reads_is_told_by_its_first_bytes() {
    let test = TestStore::new();
    let store = &test.store;
    let layers = ["a", "b"].map(diff_id);
    let new = b"new, and longer than a head";
    store.set_layer_record("x", &layers[0], b"old").unwrap();
    store.set_layer_record("x", &layers[1], new).unwrap();
    store.set_stack_record("x", &layers, b"old").unwrap();
    let is_read = |head: &[u8]| head == &new[..16];
    let expected = LayerRecordUsage { count: 2, bytes: 6 };
    assert_eq!(store.unread_record_usage(is_read).unwrap(), expected);
    let removed = store.prune_unread_records(is_read);
    assert_eq!(removed.unwrap(), expected);
    let found = store.layer_records("x", &layers).unwrap();
    assert!(found.len() == 1 && found.contains_key(&layers[1]));
    assert_eq!(store.stack_record("x", &layers).unwrap(), None);
}

#[test]
fn the_record_of_a_stack_goes_with_the_last_image_that_has_it() {
    let test = TestStore::new();
    let store = &test.store;
    let first = Image::new("a", &["base", "own"]);
    let second = Image::new("b", &["base"]);
    first.pull(store, &["x:a"]).unwrap();
    second.pull(store, &["x:b"]).unwrap();
    let (base, both) = ([diff_id("base")], ["base", "own"].map(diff_id));
    for layers in [&base[..], &both] {
        store.set_stack_record("x", layers, b"1").unwrap();
    }
    let elsewhere = [diff_id("elsewhere")];
    store.set_stack_record("x", &elsewhere, b"12").unwrap();
    let sizes = store.stack_record_sizes().unwrap();
    let sizes: Vec<_> = sizes
        .iter()
        .map(|it| (it.manifest.clone(), it.bytes))
        .collect();
    let mut stored = [first.id(), second.id()];
    stored.sort();
    let [one, two] = stored.map(Some);
    assert_eq!(sizes, [(one, 1), (two, 1), (None, 2)]);
    let is_there = |layers: &[DiffId]| store.stack_record("x", layers).unwrap().is_some();
    let space = Files::new(store);
    store.remove_images(&[first.id()], &space).unwrap();
    assert!(is_there(&base) && !is_there(&both));
    store.remove_images(&[second.id()], &space).unwrap();
    assert!(!is_there(&base));
}
