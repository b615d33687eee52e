//! What a collection did, or would do.

use crate::{BlobInfo, RepositoryName};

/// A count of things, and of their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Freed {
    pub(super) fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }

    pub(super) fn add_all(&mut self, blobs: &[BlobInfo]) {
        blobs.iter().for_each(|blob| self.add(blob.size));
    }
}

/// What went from one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryCollected {
    /// Which.
    pub repository: RepositoryName,
    /// Untagged referrers whose subject was deleted.
    pub orphans: Freed,
    /// Blobs that no manifest names.
    pub blobs: Freed,
}

/// What a collection did, or with `dry_run` would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The repositories that something went from, in byte order. What one of them lost, another may
    /// still have.
    pub repositories: Vec<RepositoryCollected>,
    /// Content that no repository has any more: what the disk gets back.
    pub freed: Freed,
    /// Files that nothing knew of, left by a crash.
    pub files: Freed,
    /// Uploads that nobody went on with.
    pub uploads: u64,
    /// It came to its end. Else the time was over, and the next one goes on.
    pub complete: bool,
}

impl CollectReport {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            ..Self::default()
        }
    }

    pub(super) fn repository(&mut self, name: &RepositoryName) -> &mut RepositoryCollected {
        let last = self.repositories.last();
        if last.is_none_or(|last| last.repository != *name) {
            self.repositories.push(RepositoryCollected {
                repository: name.clone(),
                orphans: Freed::default(),
                blobs: Freed::default(),
            });
        }
        self.repositories.last_mut().expect("it was just pushed")
    }
}

/// What it is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollectPhase {
    /// Content that no repository has.
    Unowned,
    /// A repository.
    Repository(RepositoryName),
    /// Files that nothing knows of.
    Files,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectProgress {
    /// What it is at.
    pub phase: CollectPhase,
    /// Of a phase that goes through repositories or files: how many so far.
    pub done: u64,
    /// How many of these there were when it began.
    pub total: u64,
    /// What the disk got back so far.
    pub freed: Freed,
}
