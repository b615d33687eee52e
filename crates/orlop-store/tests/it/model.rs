//! Any sequence of pulls, tags, removals and their undoing: what is stored is what the images need,
//! those that are held for an undo included, no more, no less.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use orlop_oci::Digest;
use orlop_store::{Release, WhenUnnamed};
use proptest::prelude::*;

use crate::support::{Files, Image, TestStore, name};

#[derive(Clone, Debug)]
enum Step {
    Pull(usize, u8),
    Tag(u8, usize),
    Untag(u8, bool),
    Remove(usize),
    /// Removes an image, and holds it to be put back.
    Hold(usize),
    /// Takes the last removal back.
    Undo,
    /// Lets go of all that is held.
    Release,
    Collect,
}

/// A removal on record: the image that went, and the names.
struct Record {
    image: usize,
    held: bool,
    names: Vec<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6_usize, 0..4_u8).prop_map(|(image, tag)| Step::Pull(image, tag)),
        1 => (0..4_u8, 0..6_usize).prop_map(|(tag, image)| Step::Tag(tag, image)),
        2 => (0..4_u8, any::<bool>()).prop_map(|(tag, remove)| Step::Untag(tag, remove)),
        1 => (0..6_usize).prop_map(Step::Remove),
        2 => (0..6_usize).prop_map(Step::Hold),
        2 => Just(Step::Undo),
        1 => Just(Step::Release),
        1 => Just(Step::Collect),
    ]
}

fn images() -> Vec<Image> {
    let layers: [&[&str]; 6] = [
        &["base"],
        &["base", "one"],
        &["base", "one", "two"],
        &["two", "one"],
        &["one", "base"],
        &["base", "base"],
    ];
    let numbered = layers.iter().enumerate();
    numbered
        .map(|(i, l)| Image::new(&i.to_string(), l))
        .collect()
}

/// What has to be stored.
fn stored(present: &HashSet<usize>, records: &[Record], images: &[Image]) -> HashSet<Digest> {
    let held = records.iter().filter(|r| r.held).map(|r| &r.image);
    let kept = present.iter().chain(held);
    kept.flat_map(|i| images[*i].digests()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stored_is_what_images_need(steps in prop::collection::vec(step(), 1..20)) {
        let test = TestStore::new();
        let store = &test.store;
        let space = Files::new(store);
        let images = images();
        let mut present: HashSet<usize> = HashSet::new();
        let mut names: BTreeMap<u8, usize> = BTreeMap::new();
        let mut records: Vec<Record> = Vec::new();
        let tag = |number: u8| name(&format!("x:{number}"));
        for step in steps {
            match step {
                Step::Pull(image, number) => {
                    images[image].pull(store, &[&format!("x:{number}")]).unwrap();
                    present.insert(image);
                    names.insert(number, image);
                }
                Step::Tag(number, image) => {
                    let done = store.set_name(&tag(number), &images[image].id());
                    prop_assert_eq!(done.is_ok(), present.contains(&image));
                    if done.is_ok() {
                        names.insert(number, image);
                    }
                }
                Step::Untag(number, remove) => {
                    let when = if remove { WhenUnnamed::Remove } else { WhenUnnamed::Keep };
                    let done = store.remove_names(&[tag(number)], when, &space);
                    let was = names.remove(&number);
                    prop_assert_eq!(done.is_ok(), was.is_some());
                    if let Some(image) = was && remove && !names.values().any(|i| *i == image) {
                        present.remove(&image);
                    }
                }
                Step::Remove(image) => {
                    let done = store.remove_images(&[images[image].id()], &space);
                    prop_assert_eq!(done.is_ok(), present.remove(&image));
                    names.retain(|_, i| *i != image);
                }
                Step::Hold(image) => {
                    let hour = Duration::from_secs(3600);
                    let done = store.undoable("rmi", hour).remove_images(&[images[image].id()], &space);
                    prop_assert_eq!(done.is_ok(), present.remove(&image));
                    if done.is_ok() {
                        let went = names.extract_if(.., |_, i| *i == image);
                        records.push(Record { image, held: true, names: went.map(|(n, _)| n).collect() });
                    }
                }
                Step::Undo => {
                    let Some(last) = store.removals().unwrap().into_iter().next() else {
                        prop_assert!(records.is_empty());
                        continue;
                    };
                    let undone = store.undo(last.id).unwrap();
                    let record = records.pop().unwrap();
                    let there: HashSet<Digest> = stored(&present, &records, &images);
                    let whole = images[record.image].digests().iter().all(|d| there.contains(d));
                    if record.held || whole || present.contains(&record.image) {
                        prop_assert!(undone.missing.is_empty());
                        present.insert(record.image);
                        for number in record.names {
                            names.entry(number).or_insert(record.image);
                        }
                    } else {
                        prop_assert_eq!(undone.missing.len(), 1);
                        records.push(record);
                    }
                }
                Step::Release => {
                    store.release(&Release::All, &space).unwrap();
                    records.iter_mut().for_each(|record| record.held = false);
                }
                Step::Collect => {
                    let collected = store.gc(&space).unwrap();
                    prop_assert!(collected.blobs.is_empty() && collected.snapshots.is_empty());
                }
            }
            let needed = stored(&present, &records, &images);
            let found: HashSet<Digest> = store.blobs().unwrap().into_iter().map(|b| b.digest).collect();
            prop_assert_eq!(&found, &needed);
            prop_assert_eq!(store.images().unwrap().len(), present.len());
            let kept = present.iter().chain(records.iter().filter(|r| r.held).map(|r| &r.image));
            let chains: HashSet<_> = kept.flat_map(|i| images[*i].chains()).collect();
            let unpacked: HashSet<_> = store.snapshots().unwrap().into_iter().map(|s| s.chain_id).collect();
            prop_assert_eq!(unpacked, chains);
            prop_assert_eq!(test.blob_files().len(), needed.len());
            prop_assert_eq!(store.names().unwrap().len(), names.len());
        }
        for image in present {
            images[image].assert_whole(store);
        }
    }
}
