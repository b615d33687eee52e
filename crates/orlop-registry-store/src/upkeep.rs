//! The second seam for metadata: what collection, retention, verification and rules need of a store.
//!
//! The verbs of [`MetaStore`](crate::MetaStore) serve requests; these serve whoever keeps the
//! registry in order. Looks may take long and answer in pages; changes take little at a time, so that
//! no push waits long for one. What a look found may be gone or in use again when the change comes:
//! every change looks again, under the write lock, and returns what it really did.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use orlop_oci::Digest;

use crate::{
    BlobInfo, Finding, ManifestRow, Origin, RepositoryFacts, RepositoryName, Rules, StorageError,
    TagName,
};

type Result<T> = std::result::Result<T, StorageError>;

/// Pushes to a repository that follow one another within this time count as one: what the first of
/// them brought may be for a manifest that the last one brings.
pub const PUSH_PAUSE: Duration = Duration::from_secs(10 * 60);

/// When a repository was last pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryActivity {
    /// Which.
    pub repository: RepositoryName,
    /// When the pushes began that went on without a long pause until `last`.
    pub since: Option<Timestamp>,
    /// When a push last did something.
    pub last: Option<Timestamp>,
}

/// Until when collection may take something of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    /// Referrers that are orphans since then, or longer.
    pub orphans: Timestamp,
    /// Blobs that nobody touched since then.
    pub blobs: Timestamp,
}

/// What would go from a repository, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Garbage {
    /// Orphaned referrers, and theirs.
    pub manifests: Vec<ManifestRow>,
    /// Blobs that none of the other manifests names.
    pub blobs: Vec<BlobInfo>,
    /// Where the next page of blobs begins, when there is one.
    pub next: Option<u64>,
}

/// What was taken from a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Manifests that are gone from it.
    pub manifests: Vec<ManifestRow>,
    /// Blobs that are gone from it.
    pub blobs: Vec<BlobInfo>,
    /// Those of both that no repository has any more; their files are to be discarded.
    pub freed: Vec<BlobInfo>,
}

/// A page of a list that is read by a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// What the next page begins after, when there is one.
    pub next: Option<u64>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Repositories.
    pub repositories: u64,
    /// Contents, each once: blobs and manifests.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Something that retention removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The tag; `None` removes the manifest.
    pub tag: Option<TagName>,
    /// What the tag names, or the manifest.
    pub digest: Digest,
    /// Nothing of it was pushed since then, or it stays.
    pub as_of: Timestamp,
    /// Why, for the event.
    pub reason: String,
}

/// Who needs some content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The repository.
    pub repository: RepositoryName,
    /// The manifest that is it or names it.
    pub manifest: Digest,
    /// The tags that reach that manifest, in byte order.
    pub tags: Vec<TagName>,
}

/// What keeps a registry in order.
pub trait Upkeep: fmt::Debug + Send + Sync {
    /// Sets the rules that every change from now on has to keep.
    fn set_rules(&self, rules: Arc<Rules>);

    /// How many bytes are used of each quota that a repository must fit into, as of now and in the
    /// order of [`Rules::quotas`].
    fn used<'a>(
        &'a self,
        rules: Arc<Rules>,
        repository: &'a RepositoryName,
    ) -> BoxFuture<'a, Result<Vec<u64>>>;

    /// Repositories after one, in byte order, and when they were pushed to.
    fn activity(
        &self,
        after: Option<RepositoryName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RepositoryActivity>>>;

    /// Makes times that lie in the future (a clock was wrong) the present. Returns how many.
    fn settle_times(&self, now: Timestamp) -> BoxFuture<'_, Result<u64>>;

    /// What collection would take from a repository: all manifests, and a page of blobs.
    fn garbage<'a>(
        &'a self,
        repository: &'a RepositoryName,
        cutoffs: Cutoffs,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Garbage>>;

    /// Removes at most `limit` orphans from a repository. Their own referrers are orphans of the same
    /// age then, so that the next call takes them.
    fn take_orphans<'a>(
        &'a self,
        repository: &'a RepositoryName,
        before: Timestamp,
        limit: usize,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Taken>>;

    /// Takes those of these blobs from a repository that none of its manifests names and nobody
    /// touched since.
    fn take_blobs<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digests: Vec<Digest>,
        before: Timestamp,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Taken>>;

    /// How many times repositories have each of these: as a blob, and as a manifest.
    fn owners(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<u64>>>;

    /// A page of content that no repository has.
    fn unowned(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Numbered<BlobInfo>>>;

    /// Forgets those of these that no repository has; returns them, to be discarded.
    fn take_unowned(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<BlobInfo>>>;

    /// Those of these that there is no row of. With `exactly`, while nobody is just placing one.
    fn unknown(&self, digests: Vec<Digest>, exactly: bool) -> BoxFuture<'_, Result<Vec<Digest>>>;

    /// All about a repository, as of one moment. `None` when there is no such repository.
    fn facts<'a>(
        &'a self,
        repository: &'a RepositoryName,
    ) -> BoxFuture<'a, Result<Option<RepositoryFacts>>>;

    /// Removes tags and manifests, each only when it is still as it was: the tag names the manifest,
    /// no tag and no index reaches the manifest, nothing was pushed or touched since. Says which
    /// went.
    fn retain<'a>(
        &'a self,
        repository: &'a RepositoryName,
        removals: Vec<Removal>,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Vec<bool>>>;

    /// How much there should be.
    fn extent(&self) -> BoxFuture<'_, Result<Extent>>;

    /// A page of all content that there should be.
    fn contents(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Numbered<BlobInfo>>>;

    /// A page of all manifests.
    fn manifests(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Numbered<(RepositoryName, ManifestRow)>>>;

    /// Who needs some content; at most `limit` of them.
    fn needs<'a>(&'a self, digest: &'a Digest, limit: usize) -> BoxFuture<'a, Result<Vec<Need>>>;

    /// What is wrong inside the metadata.
    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>>>;
}
