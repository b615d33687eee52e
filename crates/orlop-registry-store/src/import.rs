//! Adopting what another registry keeps in a folder: CNCF distribution, or zot.
//!
//! The folder is only read, and nothing in it is believed: names go through our grammar, no link is
//! followed, sizes are bounded, and everything is hashed before it counts. Where the file system
//! allows it, a blob becomes a hard link to the same file, else a copy.
//!
//! A repository's manifests come with what they name and the source gives to that repository, an
//! index after its manifests, tags in the order of their time. What no manifest names stays behind.
//! What is here already is left as it is, so that an import that was broken off is begun again and
//! goes on; a tag that names something else here stays so.

mod adopt;
mod distribution;
mod folder;
mod run;
mod source;
mod zot;

use std::path::Path;

use crate::{Extent, Origin, RepositoryName, Storage, StorageError};
pub use source::ImportFormat;

/// The most notes of what was skipped that are kept.
const NOTES: usize = 10_000;

impl ImportFormat {
    /// Looks whose folder it is. Blocks.
    ///
    /// # Errors
    /// `Internal` when it isn't the folder of a registry that is known, or can't be read.
    pub fn of(folder: &Path) -> Result<Self, StorageError> {
        run::open(folder).map(|source| source.format)
    }
}

/// How to import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Let files of the source be ours, too, where that works and nobody else may write to them.
    /// Else everything is copied.
    pub link: bool,
    /// Who does it, for the events.
    pub origin: Origin,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            link: true,
            origin: Origin::system(),
        }
    }
}

/// Something that wasn't adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// In which repository.
    pub repository: Option<RepositoryName>,
    /// What: a digest, a tag, a name in the folder.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What was adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Who wrote the folder.
    pub format: Option<ImportFormat>,
    /// Repositories of the source.
    pub repositories: u64,
    /// Blobs that are hard links now.
    pub linked: u64,
    /// Blobs that were copied.
    pub copied: u64,
    /// Blobs that another repository had already.
    pub shared: u64,
    /// Bytes of what was linked and copied.
    pub bytes: u64,
    /// Manifests that were adopted.
    pub manifests: u64,
    /// Tags that were adopted.
    pub tags: u64,
    /// Blobs, manifests and tags that were here.
    pub present: u64,
    /// What wasn't adopted, the first ten thousand.
    pub skipped: Vec<Skipped>,
    /// How many more weren't.
    pub skipped_more: u64,
}

impl ImportReport {
    fn skip(&mut self, repository: Option<&RepositoryName>, what: &str, why: impl Into<String>) {
        if self.skipped.len() >= NOTES {
            self.skipped_more += 1;
            return;
        }
        self.skipped.push(Skipped {
            repository: repository.cloned(),
            what: what.to_owned(),
            why: why.into(),
        });
    }
}

/// How far it is: the repository that it is at, and the report so far.
#[derive(Clone, Copy, Debug)]
pub struct ImportProgress<'p> {
    /// Which.
    pub repository: &'p RepositoryName,
    /// The report so far.
    pub report: &'p ImportReport,
    /// How many contents of the source were dealt with, and how large they are. What several
    /// repositories have may count several times.
    pub done: Extent,
    /// What the source has.
    pub all: Extent,
}

impl Storage {
    /// Adopts all of the folder of another registry. `progress` hears of each repository and blob.
    ///
    /// # Errors
    /// `Internal` when it isn't the folder of a registry that is known; `NoSpace` and others of the
    /// machine, after which it may be called again.
    pub async fn import(
        &self,
        folder: &Path,
        options: &ImportOptions,
        progress: &mut (dyn FnMut(ImportProgress<'_>) + Send),
    ) -> Result<ImportReport, StorageError> {
        run::run(self, folder, options, progress).await
    }
}
