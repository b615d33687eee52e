//! What is known of a repository when retention decides.

use jiff::Timestamp;
use orlop_oci::Digest;

use crate::TagName;

/// All tags and manifests of a repository, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Its tags.
    pub tags: Vec<TagFact>,
    /// Its manifests.
    pub manifests: Vec<ManifestFact>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFact {
    /// Its name.
    pub name: TagName,
    /// What it names.
    pub digest: Digest,
    /// When it was last pushed.
    pub pushed_at: Timestamp,
    /// When it was last pulled by this name.
    pub pulled_at: Option<Timestamp>,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFact {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last pushed.
    pub pushed_at: Timestamp,
    /// When it was last pulled, by whatever name.
    pub pulled_at: Option<Timestamp>,
    /// When a tag last ceased to name it.
    pub untagged_at: Option<Timestamp>,
    /// When somebody who may push last asked for it, which an index that lists it may follow.
    pub touched_at: Option<Timestamp>,
    /// What it speaks of, whether that is there or not.
    pub subject: Option<Digest>,
    /// The manifests that it lists as an index, whether they are there or not.
    pub children: Vec<Digest>,
}

impl ManifestFact {
    /// When somebody last pushed it, pulled it, asked for it to push, or took its last tag away.
    pub(crate) fn used_at(&self) -> Timestamp {
        let times = [self.pulled_at, self.untagged_at, self.touched_at];
        times
            .into_iter()
            .flatten()
            .fold(self.pushed_at, Timestamp::max)
    }
}
