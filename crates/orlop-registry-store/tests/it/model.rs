//! Collection, compared with a simple model of what it should do, after whatever went before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use orlop_oci::Digest;
use orlop_registry_store::{StorageError, TagName};
use proptest::prelude::*;

use crate::collect::{collect, collect_with};
use crate::support::{
    TestStorage, by, image_of, index_of, new_manifest, origin, repo, subject_of, tag,
};

const REPOSITORIES: [&str; 3] = ["a", "b", "b/c"];
const BLOBS: [&[u8]; 3] = [b"zero", b"one", b"two"];
const TAGS: [&str; 2] = ["x", "y"];

/// A manifest that may be pushed, by numbers of blobs and of other manifests.
struct Sample {
    bytes: Bytes,
    blobs: &'static [usize],
    lists: &'static [usize],
    subject: Option<usize>,
}

fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut image = |blobs: &'static [usize], subject: Option<usize>| {
        let extra = subject.map_or_else(String::new, |s| subject_of(&samples[s].bytes));
        let layers: Vec<&[u8]> = blobs[1..].iter().map(|n| BLOBS[*n]).collect();
        samples.push(Sample {
            bytes: image_of(BLOBS[blobs[0]], &layers, &extra),
            blobs,
            lists: &[],
            subject,
        });
    };
    image(&[0, 1], None);
    image(&[1, 2], None);
    image(&[0], Some(0));
    image(&[2], Some(2));
    image(&[1], Some(1));
    let index = index_of(&[&samples[0].bytes, &samples[2].bytes], "");
    samples.push(Sample {
        bytes: index,
        blobs: &[],
        lists: &[0, 2],
        subject: None,
    });
    let about_index = image_of(BLOBS[2], &[], &subject_of(&samples[5].bytes));
    samples.push(Sample {
        bytes: about_index,
        blobs: &[2],
        lists: &[],
        subject: Some(5),
    });
    samples
}

const SAMPLES: usize = 7;

#[derive(Clone, Debug)]
enum Step {
    Blob(usize, usize),
    Mount(usize, usize, usize),
    Manifest(usize, usize, Option<usize>),
    DeleteTag(usize, usize),
    DeleteManifest(usize, usize),
    DeleteBlob(usize, usize),
    DeleteRepository(usize),
    Collect,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (r, b, m, t) = (0..3_usize, 0..3_usize, 0..SAMPLES, 0..2_usize);
    let step = prop_oneof![
        6 => (r.clone(), b.clone()).prop_map(|(r, b)| Step::Blob(r, b)),
        2 => (r.clone(), b.clone(), r.clone()).prop_map(|(r, b, from)| Step::Mount(r, b, from)),
        9 => (r.clone(), m.clone(), proptest::option::of(t.clone()))
            .prop_map(|(r, m, t)| Step::Manifest(r, m, t)),
        2 => (r.clone(), t).prop_map(|(r, t)| Step::DeleteTag(r, t)),
        3 => (r.clone(), m).prop_map(|(r, m)| Step::DeleteManifest(r, m)),
        1 => (r.clone(), b).prop_map(|(r, b)| Step::DeleteBlob(r, b)),
        1 => r.prop_map(Step::DeleteRepository),
        3 => Just(Step::Collect),
    ];
    proptest::collection::vec(step, 1..40)
}

#[derive(Default)]
struct Repository {
    blobs: BTreeSet<usize>,
    /// And whether it lost its subject.
    manifests: BTreeMap<usize, bool>,
    tags: BTreeMap<usize, usize>,
}

struct Model {
    samples: Vec<Sample>,
    repositories: BTreeMap<usize, Repository>,
}

impl Model {
    fn repository(&mut self, r: usize) -> &mut Repository {
        self.repositories.entry(r).or_default()
    }

    fn has_blob(&self, r: usize, b: usize) -> bool {
        let found = self.repositories.get(&r);
        found.is_some_and(|repository| repository.blobs.contains(&b))
    }

    /// Whether it is taken.
    fn put(&mut self, r: usize, m: usize, t: Option<usize>) -> bool {
        if !self.samples[m].blobs.iter().all(|b| self.has_blob(r, *b)) {
            return false;
        }
        let speaking: Vec<usize> = self.speaking_of(m);
        let repository = self.repository(r);
        repository.manifests.entry(m).or_insert(false);
        for other in speaking {
            repository
                .manifests
                .entry(other)
                .and_modify(|lost| *lost = false);
        }
        if let Some(t) = t {
            repository.tags.insert(t, m);
        }
        true
    }

    fn speaking_of(&self, m: usize) -> Vec<usize> {
        let all = 0..self.samples.len();
        all.filter(|o| self.samples[*o].subject == Some(m))
            .collect()
    }

    fn delete_manifest(&mut self, r: usize, m: usize) -> bool {
        let speaking = self.speaking_of(m);
        let Some(repository) = self.repositories.get_mut(&r) else {
            return false;
        };
        let there = repository.manifests.remove(&m).is_some();
        if there {
            repository.tags.retain(|_, named| *named != m);
            for other in speaking {
                repository
                    .manifests
                    .entry(other)
                    .and_modify(|lost| *lost = true);
            }
        }
        there
    }

    fn uses(&self, r: usize, b: usize) -> bool {
        let repository = &self.repositories[&r];
        repository
            .manifests
            .keys()
            .any(|m| self.samples[*m].blobs.contains(&b))
    }

    fn collect(&mut self) {
        for r in 0..REPOSITORIES.len() {
            while let Some(orphan) = self.orphan(r) {
                self.delete_manifest(r, orphan);
            }
            for b in 0..BLOBS.len() {
                if self.has_blob(r, b) && !self.uses(r, b) {
                    self.repository(r).blobs.remove(&b);
                }
            }
        }
    }

    fn orphan(&self, r: usize) -> Option<usize> {
        let repository = self.repositories.get(&r)?;
        let listed = |m: &usize| {
            let mut all = repository.manifests.keys();
            all.any(|other| self.samples[*other].lists.contains(m))
        };
        let mut lost = repository.manifests.iter().filter(|(_, lost)| **lost);
        lost.find(|(m, _)| !repository.tags.values().any(|named| named == *m) && !listed(m))
            .map(|(m, _)| *m)
    }

    /// What the disk has to hold when everything is collected.
    fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        for repository in self.repositories.values() {
            let blobs = repository.blobs.iter().map(|b| Digest::of(BLOBS[*b]));
            let manifests = repository.manifests.keys();
            let manifests = manifests.map(|m| Digest::of(&self.samples[*m].bytes));
            files.extend(blobs.chain(manifests).map(|d| d.hex().to_owned()));
        }
        files
    }
}

async fn run(steps: Vec<Step>) {
    let test = TestStorage::with(|options| options.grace = Duration::ZERO);
    let mut model = Model {
        samples: samples(),
        repositories: BTreeMap::new(),
    };
    for step in steps {
        take(&test, &mut model, &step).await;
        compare(&test, &model).await;
    }
    take(&test, &mut model, &Step::Collect).await;
    compare(&test, &model).await;
    let report = test.storage.verify(1, &mut |_| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn take(test: &TestStorage, model: &mut Model, step: &Step) {
    let storage = &test.storage;
    let name = |r: usize| repo(REPOSITORIES[r]);
    let tag_name = |t: usize| -> TagName { tag(TAGS[t]) };
    match *step {
        Step::Blob(r, b) => {
            test.push(REPOSITORIES[r], BLOBS[b]).await;
            model.repository(r).blobs.insert(b);
        }
        Step::Mount(r, b, from) => {
            let digest = Digest::of(BLOBS[b]);
            let mounted = storage
                .mount_blob(&name(r), &digest, &name(from), &origin())
                .await;
            assert_eq!(mounted.is_ok(), model.has_blob(from, b));
            if mounted.is_ok() {
                model.repository(r).blobs.insert(b);
            }
        }
        Step::Manifest(r, m, t) => {
            let tags: Vec<&str> = t.iter().map(|t| TAGS[*t]).collect();
            let manifest = new_manifest(&tags, &model.samples[m].bytes);
            let put = storage.put_manifest(&name(r), manifest, &origin()).await;
            match (model.put(r, m, t), put) {
                (true, put) => drop(put.unwrap()),
                (false, Err(StorageError::ManifestBlobUnknown(_))) => {}
                (false, other) => panic!("{other:?}"),
            }
        }
        Step::DeleteTag(r, t) => {
            let deleted = storage.delete_tag(&name(r), &tag_name(t), &origin()).await;
            let expected = model
                .repositories
                .get_mut(&r)
                .and_then(|r| r.tags.remove(&t));
            assert_eq!(deleted.is_ok(), expected.is_some());
        }
        Step::DeleteManifest(r, m) => {
            let digest = Digest::of(&model.samples[m].bytes);
            let deleted = storage.delete_manifest(&name(r), &digest, &origin()).await;
            assert_eq!(deleted.is_ok(), model.delete_manifest(r, m));
        }
        Step::DeleteBlob(r, b) => {
            let digest = Digest::of(BLOBS[b]);
            let deleted = storage.delete_blob(&name(r), &digest, &origin()).await;
            let expected = model.has_blob(r, b) && !model.uses(r, b);
            assert_eq!(deleted.is_ok(), expected);
            if expected {
                model.repository(r).blobs.remove(&b);
            }
        }
        Step::DeleteRepository(r) => {
            let deleted = storage.delete_repository(&name(r), &origin()).await;
            assert_eq!(deleted.is_ok(), model.repositories.remove(&r).is_some());
        }
        Step::Collect => {
            let dry = collect_with(storage, |options| options.dry_run = true).await;
            let real = collect(storage).await;
            assert_eq!(dry.repositories, real.repositories);
            assert_eq!((dry.freed, dry.files), (real.freed, real.files));
            model.collect();
            let files: BTreeSet<String> = test.files("blobs/sha256").into_iter().collect();
            assert_eq!(files, model.files());
            assert_eq!(test.files("trash"), [""; 0]);
        }
    }
}

async fn compare(test: &TestStorage, model: &Model) {
    let storage = &test.storage;
    for (r, name) in REPOSITORIES.iter().enumerate() {
        for (b, content) in BLOBS.iter().enumerate() {
            let found = storage.open_blob(&repo(name), &Digest::of(content)).await;
            assert_eq!(found.is_ok(), model.has_blob(r, b), "blob {b} of {name}");
        }
        for (m, sample) in model.samples.iter().enumerate() {
            let found = storage
                .manifest(&repo(name), &by(&Digest::of(&sample.bytes)))
                .await;
            let repository = model.repositories.get(&r);
            let expected = repository.is_some_and(|r| r.manifests.contains_key(&m));
            assert_eq!(found.is_ok(), expected, "manifest {m} of {name}");
        }
    }
    let files: BTreeSet<String> = test.files("blobs/sha256").into_iter().collect();
    assert!(files.is_superset(&model.files()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn collection_does_what_the_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(run(steps));
    }
}
