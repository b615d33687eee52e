//! Uploads: what arrives, in which order, and what becomes of it (distribution-spec, "Pushing blobs").
//!
//! A body is read by the task of its request and written by another, with a short queue between
//! them: the first waits when the disk is slower than the network, and no blob is ever in memory.
//! Whatever is queued is hashed and written on a thread, and the thread is given back: a thousand
//! clients that send a byte a minute hold none. The running hash of an upload stays in memory between
//! its requests; when it isn't there (the process was restarted, the digest turned out to be of
//! another algorithm) it is computed again from the file.
//!
//! A request that is given up takes its own task with it, but not the other: that finds the queue
//! closed without its end, keeps what arrived, and lets go of the upload. Everything behind the last
//! byte (verification, sync, naming) runs in a task that nobody can give up.

pub(crate) mod in_flight;
mod receive;
mod running;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use orlop_oci::{Algorithm, Digest};
use tokio::sync::OwnedMutexGuard;

use crate::policy::CurrentRules;
use crate::{
    BlobInfo, BlobStore, Chunk, MetaStore, RepositoryName, Resumed, Staged, StorageError,
    StorageOptions, UploadAbout, UploadData, UploadId,
};
use in_flight::{InFlight, Room};
use receive::{Limits, receive};
use running::{Hash, Running};

type Result<T> = std::result::Result<T, StorageError>;

/// How often a lock that another process holds is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// What can't be resumed and is written by nobody belongs to a process that died, unless it was made
/// a moment ago and isn't locked yet.
const ABANDONED: Duration = Duration::from_secs(60);

/// All uploads of a storage.
#[derive(Debug)]
pub(crate) struct Uploads {
    blobs: Arc<dyn BlobStore>,
    meta: Arc<dyn MetaStore>,
    rules: CurrentRules,
    running: Running,
    in_flight: InFlight,
    wait: Duration,
    max_blob_size: Option<u64>,
}

/// An upload that is ours: nobody else in this or another process adds to it.
struct Held {
    id: UploadId,
    data: Box<dyn UploadData>,
    hash: OwnedMutexGuard<Hash>,
    /// Another request may go on where this one ends.
    resumable: bool,
    begun_at: Timestamp,
    room: Room,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.leave(self.data.len());
    }
}

/// What was staged, and ours until this is dropped: it can't expire before it is placed.
pub(crate) struct StagedBytes {
    pub(crate) staged: Staged,
    _data: Box<dyn UploadData>,
}

impl Uploads {
    pub(crate) fn new(
        options: &StorageOptions,
        blobs: Arc<dyn BlobStore>,
        meta: Arc<dyn MetaStore>,
        rules: CurrentRules,
    ) -> Result<Self> {
        Ok(Self {
            in_flight: InFlight::found(blobs.uploads()?),
            blobs,
            meta,
            rules,
            running: Running::default(),
            wait: options.upload_wait,
            max_blob_size: options.max_blob_size,
        })
    }

    /// All that is under way.
    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// What an upload must fit into; quotas don't count for what the repository has already.
    fn room(&self, id: &UploadId, repository: &RepositoryName, counts: bool) -> Room {
        let quotas = counts.then(|| (self.rules.clone(), self.meta.clone()));
        Room::new(&self.in_flight, id, repository, quotas)
    }

    pub(crate) async fn start(
        &self,
        repository: &RepositoryName,
        algorithm: Algorithm,
    ) -> Result<UploadId> {
        let id = new_id()?;
        let about = UploadAbout {
            repository: repository.as_str().to_owned(),
            algorithm: algorithm.as_str().to_owned(),
            begun_at: Timestamp::now(),
        };
        let (blobs, begun) = (self.blobs.clone(), id.clone());
        blocking(move || blobs.start(&begun, Some(&about)).map(drop)).await?;
        self.in_flight.begin(&id, repository);
        Ok(id)
    }

    pub(crate) async fn offset(&self, repository: &RepositoryName, id: &UploadId) -> Result<u64> {
        self.about(repository, id).await.map(|(_, len)| len)
    }

    async fn about(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
    ) -> Result<(UploadAbout, u64)> {
        let (blobs, asked) = (self.blobs.clone(), id.clone());
        let about = blocking(move || blobs.about(&asked)).await?;
        about
            .filter(|(about, _)| about.repository == repository.as_str())
            .ok_or(StorageError::UploadUnknown)
    }

    pub(crate) async fn append(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        chunk: Chunk,
    ) -> Result<u64> {
        let held = self.hold(repository, id, true).await?;
        let held = self.receive(held, chunk).await?;
        Ok(held.data.len())
    }

    pub(crate) async fn finish(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        last: Chunk,
        digest: &Digest,
        counts: bool,
    ) -> Result<BlobInfo> {
        let held = self.hold(repository, id, counts).await?;
        let held = self.receive(held, last).await?;
        self.complete(held, repository, digest).await
    }

    pub(crate) async fn put(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        content: Chunk,
        counts: bool,
    ) -> Result<BlobInfo> {
        let id = new_id()?;
        let guard = Abandoned::new(self, &id);
        // Before anything is made.
        let mut room = self.room(&id, repository, counts);
        room.reserve(content.length.unwrap_or(0)).await?;
        let (blobs, begun) = (self.blobs.clone(), id.clone());
        let data = blocking(move || blobs.start(&begun, None)).await?;
        let held = Held {
            id,
            data,
            hash: running::unlisted(digest.algorithm()),
            resumable: false,
            begun_at: Timestamp::now(),
            room,
        };
        let held = self.receive(held, content).await?;
        guard.disarm();
        self.complete(held, repository, digest).await
    }

    /// Writes bytes that are verified, such as a manifest's, ready to be placed.
    pub(crate) async fn stage(&self, digest: &Digest, bytes: Bytes) -> Result<StagedBytes> {
        let id = new_id()?;
        let staged = Staged {
            upload: id.clone(),
            digest: digest.clone(),
            size: bytes.len() as u64,
            begun_at: Timestamp::now(),
        };
        let blobs = self.blobs.clone();
        let guard = Abandoned::new(self, &id);
        let data = blocking(move || {
            let mut data = blobs.start(&id, None)?;
            data.write(&bytes)?;
            data.sync()?;
            Ok(data)
        })
        .await?;
        guard.disarm();
        Ok(StagedBytes {
            staged,
            _data: data,
        })
    }

    /// Removes what is left of something staged, placed or not.
    pub(crate) async fn clear(&self, staged: StagedBytes) {
        let blobs = self.blobs.clone();
        // Housekeeping finds it when this fails.
        let _ = blocking(move || blobs.cancel(&staged.staged.upload)).await;
    }

    pub(crate) async fn cancel(&self, repository: &RepositoryName, id: &UploadId) -> Result<()> {
        let mut held = self.hold(repository, id, false).await?;
        let blobs = self.blobs.clone();
        held.hash.ended = true;
        self.running.forget(id);
        blocking(move || blobs.cancel(&held.id)).await?;
        self.in_flight.end(id);
        Ok(())
    }

    /// Gives up uploads that nothing happened to for `expiry`, and bodies whose process died.
    pub(crate) async fn expire(&self, expiry: Duration) -> Result<usize> {
        let blobs = self.blobs.clone();
        let known = self.in_flight.known();
        let states = blocking(move || blobs.uploads()).await?;
        let there: HashSet<UploadId> = states.iter().map(|state| state.id.clone()).collect();
        self.in_flight.forget_lost(&known, &there);
        let now = Timestamp::now();
        let mut removed = 0;
        for state in states {
            let idle = Duration::try_from(now.duration_since(state.active_at)).unwrap_or_default();
            let patience = if state.resumable { expiry } else { ABANDONED };
            if state.busy || idle < patience || self.running.in_use(&state.id) {
                continue;
            }
            self.running.forget(&state.id);
            let (blobs, id) = (self.blobs.clone(), state.id.clone());
            blocking(move || blobs.cancel(&id)).await?;
            self.in_flight.end(&state.id);
            removed += 1;
        }
        Ok(removed)
    }

    /// Takes hold of an upload, or waits for a moment until whoever has it lets go.
    async fn hold(&self, repository: &RepositoryName, id: &UploadId, counts: bool) -> Result<Held> {
        let deadline = tokio::time::Instant::now() + self.wait;
        let entry = match self.running.get(id) {
            Some(entry) => entry,
            None => {
                let (about, _) = self.about(repository, id).await?;
                self.running.insert(id, &about, repository)
            }
        };
        if entry.repository != *repository {
            return Err(StorageError::UploadUnknown);
        }
        let locked = tokio::time::timeout_at(deadline, entry.hash.lock_owned()).await;
        let Ok(hash) = locked else {
            return Err(self.busy(repository, id).await);
        };
        if hash.ended {
            return Err(StorageError::UploadUnknown);
        }
        loop {
            let (blobs, wanted) = (self.blobs.clone(), id.clone());
            match blocking(move || blobs.resume(&wanted)).await? {
                Resumed::Ready(data) => {
                    return Ok(Held {
                        id: id.clone(),
                        data,
                        hash,
                        resumable: true,
                        begun_at: entry.begun_at,
                        room: self.room(id, repository, counts),
                    });
                }
                Resumed::Unknown => {
                    self.running.forget(id);
                    return Err(StorageError::UploadUnknown);
                }
                Resumed::Busy if tokio::time::Instant::now() >= deadline => {
                    return Err(self.busy(repository, id).await);
                }
                Resumed::Busy => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// What a second request hears while the first is still at it: how far that has come.
    async fn busy(&self, repository: &RepositoryName, id: &UploadId) -> StorageError {
        match self.offset(repository, id).await {
            Ok(offset) => StorageError::RangeInvalid { offset },
            Err(error) => error,
        }
    }

    /// Adds a body to an upload. An error leaves the upload as it was, or with what arrived.
    async fn receive(&self, held: Held, chunk: Chunk) -> Result<Held> {
        let offset = held.data.len();
        if chunk.start.is_some_and(|start| start != offset) {
            return Err(StorageError::RangeInvalid { offset });
        }
        let limits = Limits {
            length: chunk.length,
            room: self.max_blob_size.map(|limit| limit.saturating_sub(offset)),
            limit: self.max_blob_size.unwrap_or(u64::MAX),
        };
        receive(held, chunk.body, limits).await
    }

    /// Verifies an upload that has all its bytes, makes it durable, and names it. This runs in a
    /// task of its own, which nobody can give up in the middle.
    async fn complete(
        &self,
        held: Held,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<BlobInfo> {
        let (blobs, meta) = (self.blobs.clone(), self.meta.clone());
        let (running, in_flight) = (self.running.clone(), self.in_flight.clone());
        let (repository, digest) = (repository.clone(), digest.clone());
        let task = async move {
            let (mut held, verified) = blocking(move || {
                let mut held = held;
                let verified = verify(&mut held, &digest);
                Ok((held, verified))
            })
            .await?;
            let named = match verified {
                Ok(staged) => {
                    let info = BlobInfo {
                        digest: staged.digest.clone(),
                        size: staged.size,
                    };
                    in_flight.naming(&held.id);
                    match meta.add_blob(&repository, staged).await {
                        Ok(()) => {
                            in_flight.end(&held.id);
                            Ok(info)
                        }
                        Err(error) => {
                            in_flight.not_named(&held.id);
                            Err(error)
                        }
                    }
                }
                Err(error) => Err(error),
            };
            let hopeless = matches!(
                named,
                Err(StorageError::DigestInvalid { .. }
                    | StorageError::NoSpace
                    | StorageError::QuotaExceeded(_))
            );
            if named.is_ok() || hopeless || !held.resumable {
                held.hash.ended = true;
                running.forget(&held.id);
                let id = held.id.clone();
                let _ = blocking(move || blobs.cancel(&held.id)).await;
                in_flight.end(&id);
            }
            named
        };
        tokio::spawn(task)
            .await
            .map_err(|e| StorageError::Internal(format!("finishing an upload: {e}")))?
    }
}

/// The content has the digest, and would survive the loss of power.
fn verify(held: &mut Held, digest: &Digest) -> Result<Staged> {
    let actual = held.hash.digest(&*held.data, digest.algorithm())?;
    if actual != *digest {
        return Err(StorageError::DigestInvalid {
            expected: digest.clone(),
            actual,
        });
    }
    held.data.sync()?;
    Ok(Staged {
        upload: held.id.clone(),
        digest: actual,
        size: held.data.len(),
        begun_at: held.begun_at,
    })
}

/// 128 random bits: who isn't told the ID of an upload can't add to it.
pub(crate) fn new_id() -> Result<UploadId> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|e| StorageError::Internal(format!("no random bits: {e}")))?;
    Ok(UploadId(format!("{:032x}", u128::from_ne_bytes(bits))))
}

/// Runs what waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StorageError::Internal(format!("a thread failed: {e}")))?
}

/// Removes an upload that can't be resumed when its request ends before it does.
struct Abandoned<'a> {
    uploads: &'a Uploads,
    id: Option<UploadId>,
}

impl<'a> Abandoned<'a> {
    fn new(uploads: &'a Uploads, id: &UploadId) -> Self {
        Self {
            uploads,
            id: Some(id.clone()),
        }
    }

    fn disarm(mut self) {
        self.id = None;
    }
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (blobs, in_flight) = (self.uploads.blobs.clone(), self.uploads.in_flight.clone());
        // Who is dropped can't wait. Should nobody run it any more, housekeeping finds it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || {
                // Of the files, too, housekeeping finds what is left.
                let _ = blobs.cancel(&id);
                in_flight.end(&id);
            });
        }
    }
}
