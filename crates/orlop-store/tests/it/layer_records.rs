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
