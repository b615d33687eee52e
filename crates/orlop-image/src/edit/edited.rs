//! An origin of what was made here, over the origins of all the rest.
//!
//! So an edited image is copied like any other one: only what the destination lacks moves, blobs that weren't
//! touched are mounted from where they are, and the name comes last. What comes from where is learned from
//! the documents as they pass: what a manifest names is where the manifest is.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orlop_archive::{Archived, Local, Made};
use orlop_oci::{Descriptor, Digest, Raw, Repository};

use crate::error::Result;
use crate::origin::Origin;

/// New documents and layers, and where the others are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Edited(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    made: Local,
    /// The first is where everything is of which nothing else is known.
    origins: Vec<Origin>,
    /// In which of the origins something is.
    homes: Mutex<HashMap<Digest, usize>>,
}

/// What is becoming an [`Edited`].
#[derive(Debug)]
pub(crate) struct Bench {
    documents: Vec<Raw>,
    blobs: Vec<(Digest, File, u64)>,
    origins: Vec<Origin>,
    homes: HashMap<Digest, usize>,
}

impl Bench {
    /// Nothing new yet; everything comes from this origin.
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            documents: Vec::new(),
            blobs: Vec::new(),
            origins: vec![origin],
            homes: HashMap::new(),
        }
    }

    /// Adds an origin, and gives its number.
    pub(crate) fn origin(&mut self, origin: Origin) -> usize {
        self.origins.push(origin);
        self.origins.len() - 1
    }

    /// Adds a manifest, index or configuration that was made.
    pub(crate) fn document(&mut self, raw: Raw) {
        self.documents.push(raw);
    }

    /// Adds a layer that was made, the whole of a file.
    pub(crate) fn layer(&mut self, descriptor: &Descriptor, file: File) {
        let digest = descriptor.digest.clone();
        self.blobs.push((digest, file, descriptor.size));
    }

    /// These are in that origin.
    pub(crate) fn at<'a>(&mut self, home: usize, there: impl IntoIterator<Item = &'a Descriptor>) {
        for descriptor in there {
            self.homes.entry(descriptor.digest.clone()).or_insert(home);
        }
    }

    /// The image that `target` describes, ready to be copied.
    pub(crate) fn finish(self, target: Descriptor) -> Origin {
        let made = Local::made(Made {
            label: "the edited image".to_owned(),
            documents: self.documents,
            blobs: self.blobs,
            image: Archived {
                names: Vec::new(),
                target,
            },
        });
        Origin::Edited(Edited(Arc::new(Inner {
            made,
            origins: self.origins,
            homes: Mutex::new(self.homes),
        })))
    }
}

impl Edited {
    fn homes(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        // Each holder leaves a whole value, whatever happens.
        self.0.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn home(&self, digest: &Digest) -> usize {
        self.homes().get(digest).copied().unwrap_or(0)
    }

    /// Where this is to be had.
    pub(crate) fn source(&self, digest: &Digest) -> Result<Origin> {
        if self.0.made.blob(digest)?.is_some() {
            return Ok(Origin::Local(self.0.made.clone()));
        }
        Ok(self.0.origins[self.home(digest)].clone())
    }

    /// A manifest came from where it is: there is what it names, unless it was said otherwise.
    pub(crate) fn learn(&self, raw: &Raw) {
        let home = self.home(raw.digest());
        // One that isn't right is refused by who asked for it.
        let Ok(manifest) = raw.manifest() else { return };
        let mut homes = self.homes();
        for child in manifest.children() {
            homes.entry(child.digest.clone()).or_insert(home);
        }
    }

    /// A repository that may have this blob.
    pub(crate) fn lender(&self, digest: &Digest) -> Option<Repository> {
        match self.source(digest) {
            Ok(Origin::Registry(remote)) => Some(remote.repository().clone()),
            _ => None,
        }
    }
}
