//! Any sequence of pulls, tags and removals: what is stored is what the images need, no more, no less.

use std::collections::{BTreeMap, HashSet};

use orlop_oci::Digest;
use orlop_store::WhenUnnamed;
use proptest::prelude::*;

use crate::support::{Files, Image, TestStore, name};

#[derive(Clone, Debug)]
enum Step {
    Pull(usize, u8),
    Tag(u8, usize),
    Untag(u8, bool),
    Remove(usize),
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6_usize, 0..4_u8).prop_map(|(image, tag)| Step::Pull(image, tag)),
        1 => (0..4_u8, 0..6_usize).prop_map(|(tag, image)| Step::Tag(tag, image)),
        2 => (0..4_u8, any::<bool>()).prop_map(|(tag, remove)| Step::Untag(tag, remove)),
        1 => (0..6_usize).prop_map(Step::Remove),
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stored_is_what_images_need(steps in prop::collection::vec(step(), 1..16)) {
        let test = TestStore::new();
        let store = &test.store;
        let space = Files::new(store);
        let images = images();
        let mut present: HashSet<usize> = HashSet::new();
        let mut names: BTreeMap<u8, usize> = BTreeMap::new();
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
                Step::Collect => {
                    let collected = store.gc(&space).unwrap();
                    prop_assert!(collected.blobs.is_empty() && collected.snapshots.is_empty());
                }
            }
            let needed: HashSet<Digest> = present.iter().flat_map(|i| images[*i].digests()).collect();
            let stored: HashSet<Digest> = store.blobs().unwrap().into_iter().map(|b| b.digest).collect();
            prop_assert_eq!(&stored, &needed);
            let chains: HashSet<_> = present.iter().flat_map(|i| images[*i].chains()).collect();
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
