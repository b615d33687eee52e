//! The running hashes of uploads between their requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use orlop_oci::{Algorithm, Digest, Digester};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::{RepositoryName, StorageError, UploadAbout, UploadData, UploadId};

/// Hashes that are kept. Any more are computed again from the files.
const KEPT: usize = 4096;

/// The hash of an upload as far as it got. Whoever has it locked is the only one in this process
/// that adds to the upload.
#[derive(Debug)]
pub(super) struct Hash {
    algorithm: Algorithm,
    digester: Digester,
    /// How many bytes it saw. Others than the file has: it is of no use.
    hashed: u64,
    /// The upload is finished or given up; whoever waited for it finds nothing.
    pub(super) ended: bool,
}

impl Hash {
    fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            digester: Digester::new(algorithm),
            hashed: 0,
            ended: false,
        }
    }

    /// Brings it to the length of the file, when another process added to that or this one was
    /// restarted.
    pub(super) fn catch_up(&mut self, data: &dyn UploadData) -> Result<(), StorageError> {
        if self.hashed != data.len() {
            self.digester = hash(data, self.algorithm)?;
            self.hashed = data.len();
        }
        Ok(())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.digester.update(bytes);
        self.hashed += bytes.len() as u64;
    }

    /// As it is, to come back to.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            digester: self.digester.clone(),
            hashed: self.hashed,
        }
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.digester = mark.digester;
        self.hashed = mark.hashed;
    }

    /// The digest of the whole file.
    pub(super) fn digest(
        &self,
        data: &dyn UploadData,
        algorithm: Algorithm,
    ) -> Result<Digest, StorageError> {
        if self.algorithm == algorithm && self.hashed == data.len() {
            return Ok(self.digester.clone().finish());
        }
        hash(data, algorithm).map(Digester::finish)
    }
}

fn hash(data: &dyn UploadData, algorithm: Algorithm) -> Result<Digester, StorageError> {
    let mut digester = Digester::new(algorithm);
    data.replay(&mut |bytes| digester.update(bytes))?;
    Ok(digester)
}

/// A hash as it was at some moment.
pub(super) struct Mark {
    digester: Digester,
    hashed: u64,
}

/// The hash of an upload that nobody else can know of.
pub(super) fn unlisted(algorithm: Algorithm) -> OwnedMutexGuard<Hash> {
    Arc::new(AsyncMutex::new(Hash::new(algorithm)))
        .try_lock_owned()
        .expect("nobody else has seen it")
}

/// An upload that somebody in this process added to.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) repository: RepositoryName,
    pub(super) begun_at: Timestamp,
    pub(super) hash: Arc<AsyncMutex<Hash>>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<UploadId, Entry>>>);

impl Running {
    fn map(&self) -> MutexGuard<'_, HashMap<UploadId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: &UploadId) -> Option<Entry> {
        self.map().get(id).cloned()
    }

    /// Adds one that exists, unless somebody else just did.
    pub(super) fn insert(
        &self,
        id: &UploadId,
        about: &UploadAbout,
        repository: &RepositoryName,
    ) -> Entry {
        let mut map = self.map();
        if map.len() >= KEPT {
            map.retain(|_, entry| Arc::strong_count(&entry.hash) > 1);
        }
        let entry = map.entry(id.clone()).or_insert_with(|| Entry {
            repository: repository.clone(),
            begun_at: about.begun_at,
            hash: Arc::new(AsyncMutex::new(Hash::new(about.algorithm()))),
        });
        entry.clone()
    }

    pub(super) fn forget(&self, id: &UploadId) {
        self.map().remove(id);
    }

    /// Somebody in this process holds it or waits for it.
    pub(super) fn in_use(&self, id: &UploadId) -> bool {
        self.map()
            .get(id)
            .is_some_and(|entry| Arc::strong_count(&entry.hash) > 1)
    }
}
