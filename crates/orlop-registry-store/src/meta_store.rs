//! The seam for metadata: which repository has what.
//!
//! The verbs are coarse: each is one atomic change or one consistent look, so that a store needs no
//! sessions and no transactions that outlive a call. What a manifest must look like, what it must
//! find, which tags it gets and when a blob counts as touched is decided above and handed in; a
//! store only has to do all of it or nothing.
//!
//! A store that takes content over ([`MetaStore::add_blob`], [`MetaStore::put_manifest`]) calls
//! [`BlobStore::place`](crate::BlobStore::place) under its write lock, and
//! [`BlobStore::settle`](crate::BlobStore::settle) before it commits: *file before row when something
//! comes*. A store that lets content go ([`MetaStore::discard`]) takes files away under the same
//! lock, only of digests that no row names any more: *row before file when it goes*. The lock makes
//! a push and a collection of the same digest happen one after the other, over all processes.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest};
use orlop_secret::Secret;
use tokio::sync::watch;

use crate::{
    BlobInfo, Event, EventKind, Listing, Origin, Page, RepositoryName, Staged, StorageError,
    TagName, TagOrDigest, Upkeep,
};

type Result<T> = std::result::Result<T, StorageError>;

/// A look for something in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// There is no such repository.
    NoRepository,
    /// The repository doesn't have it.
    Missing,
    /// It does.
    Found(T),
}

impl<T> Lookup<T> {
    /// What was found, or the error that says what wasn't.
    ///
    /// # Errors
    /// `NameUnknown`, or `missing()`.
    pub fn found(
        self,
        repository: &RepositoryName,
        missing: impl FnOnce() -> StorageError,
    ) -> Result<T> {
        match self {
            Self::NoRepository => Err(StorageError::NameUnknown(repository.clone())),
            Self::Missing => Err(missing()),
            Self::Found(found) => Ok(found),
        }
    }
}

/// A blob of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its length in bytes.
    pub size: u64,
    /// When a client last sent it or asked for it in order to push.
    pub touched_at: Timestamp,
}

/// A manifest of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// Its digest.
    pub digest: Digest,
    /// The type that it was pushed with.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
}

/// What a manifest is, apart from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRecord {
    /// Digest, type and size.
    pub row: ManifestRow,
    /// What referrers say that it is (distribution-spec, "Listing Referrers").
    pub artifact_type: Option<String>,
    /// What it speaks of.
    pub subject: Option<Digest>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// What it names.
    pub children: Vec<Child>,
}

/// What a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Which.
    pub digest: Digest,
    /// Its length in bytes, as the manifest says.
    pub size: u64,
    /// As what.
    pub kind: ChildKind,
    /// The repository must have it.
    pub required: bool,
}

/// As what a manifest names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChildKind {
    /// A blob: a configuration, a layer.
    Blob,
    /// A manifest of an index.
    Manifest,
}

/// A change that puts a manifest and names it.
#[derive(Clone, Debug)]
pub struct ManifestChange {
    /// What it is.
    pub record: ManifestRecord,
    /// The tags that shall name it.
    pub tags: Vec<TagName>,
    /// Its bytes, when they have to be placed.
    pub staged: Option<Staged>,
}

/// What became of putting a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestPut {
    /// It is there.
    Done(PutNotes),
    /// Nothing was changed: its bytes aren't there any more. Stage them and try again.
    ContentNeeded,
}

/// What was seen while a manifest was put, for who pushed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutNotes {
    /// How many of the manifests that it lists the repository doesn't have.
    pub missing: usize,
    /// The repository doesn't have its subject.
    pub without_subject: bool,
    /// Those of its tags that there weren't before.
    pub new_tags: Vec<TagName>,
    /// Quotas that are nearly used up, in words.
    pub nearly_used: Vec<String>,
}

/// What became of taking a blob from a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobRemoval {
    /// The repository hasn't it any more.
    Removed,
    /// This manifest of the repository names it; nothing was changed.
    InUse(Digest),
}

/// Something that happened, to be written with the change.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// In which repository.
    pub repository: Option<RepositoryName>,
    /// Which tag.
    pub tag: Option<TagName>,
    /// To what.
    pub target: Option<Descriptor>,
    /// Who did it.
    pub origin: Origin,
    /// Anything else.
    pub note: Option<String>,
}

/// When something was last pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullNote {
    /// From which repository.
    pub repository: RepositoryName,
    /// Under which name.
    pub reference: TagOrDigest,
    /// Which manifest.
    pub digest: Digest,
    /// When last.
    pub at: Timestamp,
}

/// What kind of account a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// An account for a machine.
    Robot,
    /// A key that signs tokens.
    SigningKey,
}

/// An account, of which the store knows only its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its name, unique among its kind.
    pub name: String,
    /// What it is, as JSON.
    pub record: Secret,
    /// When it was last used. Not written by inserting and updating.
    pub used_at: Option<Timestamp>,
}

/// A repository whose layout on disk is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleLayout {
    /// Which.
    pub repository: RepositoryName,
    /// How many changes it is behind. When it is still so many after writing, the layout is current.
    pub changes: u64,
    /// What its `index.json` lists: tagged manifests with their tag, and those that neither a tag
    /// nor an index names. Without the annotations of the manifests.
    pub entries: Vec<(Descriptor, Option<String>)>,
}

/// Which repository has what. Every verb is atomic; a change is durable when its future is ready.
pub trait MetaStore: Upkeep + fmt::Debug + Send + Sync {
    /// Looks for a blob in a repository.
    fn blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<Lookup<Membership>>>;

    /// Sets when a blob was last touched. Returns whether the repository still has it.
    fn touch_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Places a blob and gives it to a repository, which is made when there is none.
    fn add_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        staged: Staged,
    ) -> BoxFuture<'a, Result<()>>;

    /// Gives `repository` what `from` has. `Missing` when it hasn't, `NoRepository` when there is
    /// no `from`.
    fn mount_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        from: &'a RepositoryName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<BlobInfo>>>;

    /// Takes a blob from a repository, unless one of its manifests names it.
    fn remove_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<BlobRemoval>>>;

    /// Repositories that have a blob, in the order of their making.
    fn holders<'a>(
        &'a self,
        digest: &'a Digest,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RepositoryName>>>;

    /// Looks for a manifest in a repository.
    fn manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        reference: &'a TagOrDigest,
    ) -> BoxFuture<'a, Result<Lookup<ManifestRow>>>;

    /// Notes that somebody asked for a manifest in order to push, unless that or a push was noted
    /// after `since`. Returns whether the repository has it.
    fn touch_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Whether a blob of this digest is known to any repository; used to spare a write.
    fn knows<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<bool>>;

    /// Puts a manifest, names it by tags, and writes an event for each tag (or one without).
    ///
    /// # Errors
    /// `ManifestBlobUnknown` when required children aren't there, `ManifestInvalid` when one has
    /// another size than the manifest says. Nothing was changed then.
    fn put_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        change: ManifestChange,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<ManifestPut>>;

    /// Deletes a tag.
    fn remove_tag<'a>(
        &'a self,
        repository: &'a RepositoryName,
        tag: &'a TagName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<()>>>;

    /// Deletes a manifest and its tags, and marks its referrers as orphans.
    fn remove_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<()>>>;

    /// Deletes a repository with everything in it. Returns whether there was one.
    fn remove_repository<'a>(
        &'a self,
        repository: &'a RepositoryName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<bool>>;

    /// A page of tags. `None` when there is no such repository.
    fn tags<'a>(
        &'a self,
        repository: &'a RepositoryName,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<Option<Listing<String>>>>;

    /// A page of repositories.
    fn repositories<'a>(&'a self, page: &'a Page)
    -> BoxFuture<'a, Result<Listing<RepositoryName>>>;

    /// A page of manifests whose subject is `subject`. It has at least one when there is one, but may
    /// end early, with `more`, so that it doesn't hold megabytes of annotations.
    fn referrers<'a>(
        &'a self,
        repository: &'a RepositoryName,
        subject: &'a Digest,
        artifact_type: Option<&'a str>,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<Listing<Descriptor>>>;

    /// Writes when manifests and tags were last pulled, and events of it.
    fn note_pulls(&self, pulls: Vec<PullNote>, events: Vec<NewEvent>) -> BoxFuture<'_, Result<()>>;

    /// Events after `after`, oldest first.
    fn events(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Event>>>;

    /// Takes events away that are older than `before`, the oldest first, up to the ID `up_to` and at
    /// most `limit`. Returns how many.
    fn forget_events(
        &self,
        before: Timestamp,
        up_to: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize>>;

    /// Writes an event alone.
    fn record(&self, event: NewEvent) -> BoxFuture<'_, Result<()>>;

    /// The ID of the last event that this process wrote; changes when there is another.
    fn watch(&self) -> watch::Receiver<u64>;

    /// Repositories whose layout is behind, at most `limit`.
    fn stale_layouts(&self, limit: usize) -> BoxFuture<'_, Result<Vec<StaleLayout>>>;

    /// Notes that a layout was written as of so many changes.
    fn layouts_written(&self, written: Vec<(RepositoryName, u64)>) -> BoxFuture<'_, Result<()>>;

    /// Takes away the files of those digests that no row names, under the write lock. Returns which.
    fn discard(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<Digest>>>;

    /// A small named value.
    fn setting<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>>>;

    /// Sets a small named value; `None` removes it.
    fn set_setting<'a>(&'a self, name: &'a str, value: Option<String>)
    -> BoxFuture<'a, Result<()>>;

    /// Sets a small named value that has none. Returns whether it had none.
    fn insert_setting<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<bool>>;

    /// All accounts of a kind, by name.
    fn accounts(&self, kind: AccountKind) -> BoxFuture<'_, Result<Vec<AccountRow>>>;

    /// One account.
    fn account<'a>(
        &'a self,
        kind: AccountKind,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<AccountRow>>>;

    /// Adds an account. Returns whether its name was free; else nothing was changed.
    fn insert_account(&self, kind: AccountKind, account: AccountRow)
    -> BoxFuture<'_, Result<bool>>;

    /// Replaces the record of an account. Returns whether there is one of its name.
    fn update_account(&self, kind: AccountKind, account: AccountRow)
    -> BoxFuture<'_, Result<bool>>;

    /// Notes when accounts were last used; those that are gone are passed over.
    fn accounts_used(
        &self,
        kind: AccountKind,
        used: Vec<(String, Timestamp)>,
    ) -> BoxFuture<'_, Result<()>>;

    /// Removes an account. Returns whether there was one.
    fn remove_account<'a>(
        &'a self,
        kind: AccountKind,
        name: &'a str,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Fails unless metadata can be read, and changes are taken.
    fn ready(&self) -> BoxFuture<'_, Result<()>>;
}
