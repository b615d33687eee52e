//! The verbs of the storage, and the rules that hold whatever it stands on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use orlop_oci::{Algorithm, Descriptor, Digest, MediaType};

use crate::accounts::RobotsUsed;
use crate::cache::ManifestCache;
use crate::layout::Layouts;
use crate::meta_store::{BlobRemoval, Lookup, ManifestChange, ManifestPut, Membership, NewEvent};
use crate::policy::CurrentRules;
use crate::pulls::Pulls;
use crate::upload::Uploads;
use crate::warnings::Seen;
use crate::*;

type Result<T> = std::result::Result<T, StorageError>;

/// How old the note may be that somebody asked for something in order to push. A collection may have
/// a shorter grace than ours, so that this is little beside any.
const NOTED: Duration = Duration::from_secs(60);

/// Events that are forgotten in one change.
const FORGET_BATCH: usize = 1000;

/// What a registry keeps, and every change to it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: StorageOptions,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) meta: Arc<dyn MetaStore>,
    pub(crate) uploads: Uploads,
    pub(crate) layouts: Layouts,
    pub(crate) pulls: Pulls,
    pub(crate) robots_used: RobotsUsed,
    pub(crate) rules: CurrentRules,
    pull_events: AtomicBool,
    cache: ManifestCache,
}

impl Storage {
    /// Opens a storage in a folder, and makes what isn't there. Other processes may have it open.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`: the folder can't be written, or a later version wrote it.
    pub fn open(options: StorageOptions) -> Result<Self> {
        let blobs: Arc<dyn BlobStore> = Arc::new(LocalBlobs::open(&options.root)?);
        let meta = Sqlite::open(&options.root.join("registry.db"), blobs.clone())?;
        Self::with(options, blobs, Arc::new(meta))
    }

    /// A storage that stands on other stores. `options.root` is where it puts layouts.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn with(
        options: StorageOptions,
        blobs: Arc<dyn BlobStore>,
        meta: Arc<dyn MetaStore>,
    ) -> Result<Self> {
        let rules = options.policies.compile().map(Arc::new);
        let rules = rules.map_err(|error| StorageError::Internal(error.to_string()))?;
        meta.set_rules(rules.clone());
        let rules = CurrentRules::new(rules);
        Ok(Self(Arc::new(Inner {
            uploads: Uploads::new(&options, blobs.clone(), meta.clone(), rules.clone())?,
            rules,
            layouts: Layouts::open(&options.root)?,
            pulls: Pulls::default(),
            robots_used: RobotsUsed::default(),
            cache: ManifestCache::new(options.manifest_cache),
            pull_events: AtomicBool::new(options.pull_events),
            options,
            blobs,
            meta,
        })))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// How it behaves, as it began.
    pub fn options(&self) -> &StorageOptions {
        &self.0.options
    }

    /// Whether each pull of a manifest becomes an event, from now on.
    pub fn set_pull_events(&self, events: bool) {
        self.0.pull_events.store(events, Ordering::Relaxed);
    }

    /// Looks for a blob. `pushing` says that the asker may push: collection then leaves the blob
    /// alone for the grace period, as a push that finds it won't send it.
    ///
    /// # Errors
    /// `BlobUnknown`, `NameUnknown`.
    pub async fn blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        pushing: bool,
    ) -> Result<BlobInfo> {
        let Membership { size, touched_at } = self.membership(repository, digest).await?;
        if pushing
            && touched_at <= self.noted_since()
            && !self.0.meta.touch_blob(repository, digest).await?
        {
            // Collection was faster; the client has to send it.
            return Err(StorageError::BlobUnknown(digest.clone()));
        }
        Ok(BlobInfo {
            digest: digest.clone(),
            size,
        })
    }

    /// A note for each question would be a write for each: one that is younger than this stands.
    fn noted_since(&self) -> Timestamp {
        let noted = NOTED.min(self.0.options.grace / 2);
        let since = Timestamp::now().checked_sub(noted);
        since.unwrap_or(Timestamp::MIN)
    }

    async fn membership(&self, repository: &RepositoryName, digest: &Digest) -> Result<Membership> {
        let found = self.0.meta.blob(repository, digest).await?;
        found.found(repository, || StorageError::BlobUnknown(digest.clone()))
    }

    /// Opens a blob to be sent.
    ///
    /// # Errors
    /// `BlobUnknown`, `NameUnknown`; `Damaged` when its file is missing or has another length.
    pub async fn open_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<OpenBlob> {
        let Membership { size, .. } = self.membership(repository, digest).await?;
        if let Some(open) = self.0.blobs.open(digest).await? {
            if open.info.size == size {
                return Ok(open);
            }
            return Err(StorageError::Damaged {
                digest: digest.clone(),
                reason: format!("it has {} bytes instead of {size}", open.info.size),
            });
        }
        // Collected between the two looks, or lost.
        self.membership(repository, digest).await?;
        Err(missing(digest))
    }

    /// Removes a blob from a repository; the bytes go when no repository has it any more.
    ///
    /// # Errors
    /// `BlobUnknown`, `NameUnknown`; `InUse` when a manifest of the repository names it.
    pub async fn delete_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        origin: &Origin,
    ) -> Result<()> {
        let removed = self.0.meta.remove_blob(repository, digest, origin).await?;
        let unknown = || StorageError::BlobUnknown(digest.clone());
        match removed.found(repository, unknown)? {
            BlobRemoval::Removed => Ok(()),
            BlobRemoval::InUse(by) => {
                let what = format!("blob {digest} of manifest {by}");
                Err(StorageError::InUse(what))
            }
        }
    }

    /// Repositories that have a blob (at most `limit`), to mount it from one that the asker may read.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn holders(&self, digest: &Digest, limit: usize) -> Result<Vec<RepositoryName>> {
        self.0.meta.holders(digest, limit).await
    }

    /// Gives `repository` a blob that `from` has. `BlobUnknown` when it hasn't.
    ///
    /// # Errors
    /// `BlobUnknown`.
    pub async fn mount_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        from: &RepositoryName,
        origin: &Origin,
    ) -> Result<BlobInfo> {
        let meta = &self.0.meta;
        match meta.mount_blob(repository, digest, from, origin).await? {
            Lookup::Found(info) => Ok(info),
            Lookup::Missing | Lookup::NoRepository => {
                Err(StorageError::BlobUnknown(digest.clone()))
            }
        }
    }

    /// Begins an upload, hashed by `algorithm` as it arrives.
    ///
    /// # Errors
    /// `NoSpace`.
    pub async fn start_upload(
        &self,
        repository: &RepositoryName,
        algorithm: Algorithm,
    ) -> Result<UploadId> {
        self.0.uploads.start(repository, algorithm).await
    }

    /// How many bytes of an upload have arrived.
    ///
    /// # Errors
    /// `UploadUnknown`.
    pub async fn upload_offset(&self, repository: &RepositoryName, id: &UploadId) -> Result<u64> {
        self.0.uploads.offset(repository, id).await
    }

    /// Adds a chunk; returns how many bytes have arrived in all. When the body breaks off, what
    /// arrived is kept.
    ///
    /// # Errors
    /// `UploadUnknown`; `RangeInvalid` when it doesn't begin where the last one ended, or another
    /// request is still at it; `SizeInvalid`, `TooLarge` and `NoSpace`, after which the upload is as
    /// it was before; `QuotaExceeded`, which ends the upload; `Body`.
    pub async fn append(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        chunk: Chunk,
    ) -> Result<u64> {
        let appended = self.0.uploads.append(repository, id, chunk).await;
        self.give_up_refused(repository, id, appended).await
    }

    /// Adds the last chunk (which may be empty), verifies the digest, and gives the blob to the
    /// repository. It is durable when this returns. A wrong digest ends the upload.
    ///
    /// # Errors
    /// As [`Storage::append`]; `DigestInvalid`.
    pub async fn finish_upload(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        last: Chunk,
        digest: &Digest,
    ) -> Result<BlobInfo> {
        let uploads = &self.0.uploads;
        let counts = self.counts(repository, digest).await?;
        let finished = uploads.finish(repository, id, last, digest, counts).await;
        self.give_up_refused(repository, id, finished).await
    }

    /// The uploads that aren't finished. Those that another process ended since are known within a
    /// minute of [housekeeping](Storage::housekeeping).
    pub fn open_uploads(&self) -> OpenUploads {
        self.0.uploads.in_flight().sum()
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// `UploadUnknown`; `RangeInvalid` when a request is still at it.
    pub async fn cancel_upload(&self, repository: &RepositoryName, id: &UploadId) -> Result<()> {
        self.0.uploads.cancel(repository, id).await
    }

    /// Takes a whole blob in one request. After an error nothing of it is left.
    ///
    /// # Errors
    /// `SizeInvalid`, `TooLarge`, `DigestInvalid`, `NoSpace`, `QuotaExceeded`, `Body`.
    pub async fn put_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        content: Chunk,
    ) -> Result<BlobInfo> {
        let uploads = &self.0.uploads;
        let counts = self.counts(repository, digest).await?;
        uploads.put(repository, digest, content, counts).await
    }

    /// Finds a manifest. `ManifestUnknown`, or `NameUnknown` when there is no such repository.
    ///
    /// # Errors
    /// `ManifestUnknown`, `NameUnknown`, `Damaged`.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
    ) -> Result<StoredManifest> {
        let unknown = || StorageError::ManifestUnknown(reference.to_string());
        let mut lost = None;
        loop {
            let found = self.0.meta.manifest(repository, reference).await?;
            let row = found.found(repository, unknown)?;
            let bytes = match self.0.cache.get(&row.digest) {
                Some(bytes) => Some(bytes),
                None => self.read_manifest(&row.digest, row.size).await?,
            };
            if let Some(bytes) = bytes {
                return Ok(StoredManifest {
                    digest: row.digest,
                    media_type: row.media_type,
                    bytes,
                });
            }
            // Collected between the two looks; when it is still named, its file is lost.
            if lost.as_ref() == Some(&row.digest) {
                return Err(missing(&row.digest));
            }
            lost = Some(row.digest);
        }
    }

    /// Has retention leave a manifest alone for the grace period: somebody who may push was told that
    /// it is there, and won't send it before the index that lists it.
    ///
    /// # Errors
    /// `ManifestUnknown`: retention was faster; the client has to send it.
    pub async fn hold_manifest(&self, repository: &RepositoryName, digest: &Digest) -> Result<()> {
        let (meta, since) = (&self.0.meta, self.noted_since());
        match meta.touch_manifest(repository, digest, since).await? {
            true => Ok(()),
            false => Err(StorageError::ManifestUnknown(digest.to_string())),
        }
    }

    /// Reads a manifest from its file, and believes it only when it has its digest.
    async fn read_manifest(&self, digest: &Digest, size: u64) -> Result<Option<Bytes>> {
        let Some(bytes) = self.0.blobs.read(digest, size).await? else {
            return Ok(None);
        };
        if !digest.matches(&bytes) {
            return Err(StorageError::Damaged {
                digest: digest.clone(),
                reason: "its content has another digest".into(),
            });
        }
        self.0.cache.insert(digest, &bytes);
        Ok(Some(bytes))
    }

    /// Notes that a manifest was pulled (for retention; written in bulk, seconds later).
    pub fn pulled(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
        digest: &Digest,
        origin: &Origin,
    ) {
        let events = self.0.pull_events.load(Ordering::Relaxed);
        let event = events.then(|| NewEvent {
            kind: EventKind::Pull,
            repository: Some(repository.clone()),
            tag: match reference {
                TagOrDigest::Tag(tag) => Some(tag.clone()),
                TagOrDigest::Digest(_) => None,
            },
            target: Some(Descriptor::new(MediaType::from(""), digest.clone(), 0)),
            origin: origin.clone(),
            note: None,
        });
        self.0.pulls.note(repository, reference, digest, event);
    }

    /// Takes a manifest and names it.
    ///
    /// # Errors
    /// `TooLarge`, `DigestInvalid`, `ManifestInvalid`, `ManifestBlobUnknown`, `NoSpace`.
    pub async fn put_manifest(
        &self,
        repository: &RepositoryName,
        manifest: NewManifest,
        origin: &Origin,
    ) -> Result<PutManifest> {
        let (mut put, seen) = self.put_silently(repository, manifest, origin).await?;
        put.warnings = self.0.warnings(repository, &put, seen).await;
        Ok(put)
    }

    /// The same without a look for what the client should hear.
    pub(crate) async fn put_silently(
        &self,
        repository: &RepositoryName,
        manifest: NewManifest,
        origin: &Origin,
    ) -> Result<(PutManifest, Seen)> {
        let examined = manifest::examine(&manifest, self.0.options.sparse)?;
        let (record, foreign_layers) = (examined.record, examined.foreign_layers);
        let NewManifest { tags, bytes, .. } = manifest;
        let put = PutManifest {
            digest: record.row.digest.clone(),
            subject: record.subject.clone(),
            tags,
            warnings: Vec::new(),
        };
        let mut change = ManifestChange {
            record,
            tags: put.tags.clone(),
            staged: None,
        };
        // Most pushes of a tag name what is there already; those need no file.
        if self.is_there(&put.digest, bytes.len() as u64).await? {
            let meta = &self.0.meta;
            let done = meta.put_manifest(repository, change.clone(), origin);
            if let ManifestPut::Done(notes) = done.await? {
                return Ok((
                    put,
                    Seen {
                        foreign_layers,
                        notes,
                    },
                ));
            }
        }
        let staged = self.0.uploads.stage(&put.digest, bytes).await?;
        change.staged = Some(staged.staged.clone());
        let done = self.0.meta.put_manifest(repository, change, origin).await;
        self.0.uploads.clear(staged).await;
        self.0.cache.remove(&put.digest);
        let notes = match done? {
            ManifestPut::Done(notes) => notes,
            ManifestPut::ContentNeeded => {
                let why = "a manifest's bytes were staged and not taken".into();
                return Err(StorageError::Internal(why));
            }
        };
        Ok((
            put,
            Seen {
                foreign_layers,
                notes,
            },
        ))
    }

    async fn is_there(&self, digest: &Digest, size: u64) -> Result<bool> {
        Ok(self.0.meta.knows(digest).await? && self.0.blobs.size(digest).await? == Some(size))
    }

    /// Deletes a tag; what it named stays.
    ///
    /// # Errors
    /// `ManifestUnknown`, `NameUnknown`.
    pub async fn delete_tag(
        &self,
        repository: &RepositoryName,
        tag: &TagName,
        origin: &Origin,
    ) -> Result<()> {
        let removed = self.0.meta.remove_tag(repository, tag, origin).await?;
        let unknown = || StorageError::ManifestUnknown(tag.to_string());
        removed.found(repository, unknown)
    }

    /// Deletes a manifest and all tags that name it.
    ///
    /// # Errors
    /// `ManifestUnknown`, `NameUnknown`.
    pub async fn delete_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        origin: &Origin,
    ) -> Result<()> {
        let meta = &self.0.meta;
        let removed = meta.remove_manifest(repository, digest, origin).await?;
        let unknown = || StorageError::ManifestUnknown(digest.to_string());
        removed.found(repository, unknown)
    }

    /// Deletes a repository with everything in it, for administrators. Emptied by its users, a
    /// repository stays.
    ///
    /// # Errors
    /// `NameUnknown`.
    pub async fn delete_repository(
        &self,
        repository: &RepositoryName,
        origin: &Origin,
    ) -> Result<()> {
        if !self.0.meta.remove_repository(repository, origin).await? {
            return Err(StorageError::NameUnknown(repository.clone()));
        }
        self.0.layouts.remove(repository).await
    }

    /// The tags of a repository, in byte order.
    ///
    /// # Errors
    /// `NameUnknown`.
    pub async fn tags(&self, repository: &RepositoryName, page: &Page) -> Result<Listing<String>> {
        let tags = self.0.meta.tags(repository, page).await?;
        tags.ok_or_else(|| StorageError::NameUnknown(repository.clone()))
    }

    /// The repositories, in byte order.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn repositories(&self, page: &Page) -> Result<Listing<RepositoryName>> {
        self.0.meta.repositories(page).await
    }

    /// The manifests whose subject is `subject` (with `artifactType` and annotations), in byte order
    /// of their digests. Empty when there are none; neither the subject nor the repository needs to
    /// exist (distribution-spec, "Listing Referrers": never a 404). A page ends early, with `more`,
    /// where the annotations on it become a megabyte.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        artifact_type: Option<&str>,
        page: &Page,
    ) -> Result<Listing<Descriptor>> {
        let meta = &self.0.meta;
        meta.referrers(repository, subject, artifact_type, page)
            .await
    }

    /// Events after `after`, oldest first.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.0.meta.events(after, limit).await
    }

    /// Forgets events that are older than `before`, of those up to the ID `up_to`. Returns how many.
    ///
    /// # Errors
    /// `NoSpace`.
    pub async fn forget_events(&self, before: Timestamp, up_to: u64) -> Result<usize> {
        let mut forgotten = 0;
        loop {
            // In small changes, so that no push waits long.
            let meta = &self.0.meta;
            let some = meta.forget_events(before, up_to, FORGET_BATCH).await?;
            forgotten += some;
            if some < FORGET_BATCH {
                return Ok(forgotten);
            }
        }
    }

    /// The ID of the last event that this process wrote; changes when there is another. Those of
    /// other processes don't show here.
    pub fn watch_events(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.meta.watch()
    }

    /// Adds an event that isn't a change of content (accounts, keys).
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn record(&self, kind: EventKind, note: &str, origin: &Origin) -> Result<()> {
        let event = NewEvent {
            kind,
            repository: None,
            tag: None,
            target: None,
            origin: origin.clone(),
            note: Some(note.to_owned()),
        };
        self.0.meta.record(event).await
    }

    /// A small named value (how far a webhook got), `None` when it was never set.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        self.0.meta.setting(name).await
    }

    /// Sets a small named value; `None` removes it. Durable when this returns.
    ///
    /// # Errors
    /// `NoSpace`.
    pub async fn set_setting(&self, name: &str, value: Option<String>) -> Result<()> {
        self.0.meta.set_setting(name, value).await
    }

    /// Fails unless content and metadata can be read and written.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn ready(&self) -> Result<()> {
        self.0.meta.ready().await?;
        self.0.blobs.probe()
    }
}

/// A row says that it is there, and it isn't.
fn missing(digest: &Digest) -> StorageError {
    StorageError::Damaged {
        digest: digest.clone(),
        reason: "its file is missing".into(),
    }
}
