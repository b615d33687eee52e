//! Locks between threads and processes: `flock` on files in `locks/`.
//!
//! A lock file is unlinked by whoever holds it, so the directory doesn't fill up. Between opening a
//! file and locking it another one may have unlinked it; so after locking, the path must still lead to
//! the file that is locked, or all begins again.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orlop_oci::{ChainId, Digest};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::store::Store;

/// Waiting starts with short sleeps and ends with these: a cancelled wait ends soon enough.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// A locked file, unlinked and unlocked when dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    /// Closing it unlocks it.
    _file: File,
}

impl FileLock {
    /// Takes the lock if nobody has it.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>> {
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(Error::io("lock", path))?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Error::os("lock", path)(errno)),
            }
            if leads_to(path, &file)? {
                return Ok(Some(Self {
                    path: path.to_owned(),
                    _file: file,
                }));
            }
        }
    }

    /// Takes the lock, waiting until it is free or `cancelled` is set.
    pub(crate) fn wait(path: &Path, cancelled: &AtomicBool) -> Result<Self> {
        let mut sleep = Duration::from_millis(1);
        loop {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            std::thread::sleep(sleep);
            sleep = (sleep * 2).min(LONGEST_SLEEP);
        }
    }

    /// Creates a new lock file that nobody else has, and locks it. A sweeper may come between the two;
    /// then another name is tried.
    pub(crate) fn create(path_of: impl Fn(&str) -> PathBuf) -> Result<(String, Self)> {
        loop {
            let id = crate::layout::unique();
            let path = path_of(&id);
            let file = match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
            {
                Ok(file) => file,
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(Error::io("create", &path)(e)),
            };
            rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
                .map_err(Error::os("lock", &path))?;
            if leads_to(&path, &file)? {
                return Ok((id, Self { path, _file: file }));
            }
        }
    }
}

impl FileLock {
    /// The name of its file.
    pub(crate) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Still locked here, so nobody else can have put a file of their own under this name. A file
        // that stays is harmless and is swept later.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether someone has the file locked. A file that isn't there is not locked.
pub(crate) fn is_locked(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Error::io("open", path)(e)),
    };
    match rustix::io::retry_on_intr(|| {
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared)
    }) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(errno) => Err(Error::os("lock", path)(errno)),
    }
}

fn leads_to(path: &Path, file: &File) -> Result<bool> {
    let locked = file.metadata().map_err(Error::io("look at", path))?;
    match std::fs::metadata(path) {
        Ok(there) => Ok(there.ino() == locked.ino() && there.dev() == locked.dev()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io("look at", path)(e)),
    }
}

/// The right to bring in, or to remove, the file of one blob. Given back when the last clone is
/// dropped.
#[derive(Clone, Debug)]
pub struct BlobLock {
    digest: Digest,
    lock: Arc<FileLock>,
}

impl BlobLock {
    /// Which blob.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) fn file(&self) -> &FileLock {
        &self.lock
    }
}

/// The right to make, or to remove, the snapshot of one chain. Given back when the last clone is
/// dropped.
#[derive(Clone, Debug)]
pub struct ChainLock {
    chain: ChainId,
    _lock: Arc<FileLock>,
}

impl ChainLock {
    /// Which chain.
    pub fn chain(&self) -> &ChainId {
        &self.chain
    }
}

impl Store {
    /// Takes the lock of a blob if nobody has it. Look again whether the blob is there once it is
    /// taken. See the crate's documentation for the order of locks.
    ///
    /// # Errors
    /// When the lock file can't be made.
    pub fn try_lock_blob(&self, digest: &Digest) -> Result<Option<BlobLock>> {
        self.must_be_writable()?;
        let lock = FileLock::try_take(&self.layout().blob_lock(digest))?;
        Ok(lock.map(|lock| BlobLock {
            digest: digest.clone(),
            lock: Arc::new(lock),
        }))
    }

    /// Takes the lock of a blob, waiting until it is free. Hold no other lock while waiting.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `cancelled` is set meanwhile.
    pub fn lock_blob(&self, digest: &Digest, cancelled: &AtomicBool) -> Result<BlobLock> {
        self.must_be_writable()?;
        let lock = FileLock::wait(&self.layout().blob_lock(digest), cancelled)?;
        Ok(BlobLock {
            digest: digest.clone(),
            lock: Arc::new(lock),
        })
    }

    /// Takes the lock of a chain if nobody has it. Look again whether the snapshot is there once it is
    /// taken.
    ///
    /// # Errors
    /// When the lock file can't be made.
    pub fn try_lock_chain(&self, chain: &ChainId) -> Result<Option<ChainLock>> {
        self.must_be_writable()?;
        let lock = FileLock::try_take(&self.layout().chain_lock(chain))?;
        Ok(lock.map(|lock| ChainLock {
            chain: chain.clone(),
            _lock: Arc::new(lock),
        }))
    }

    /// Takes the lock of a chain, waiting until it is free. Hold no other lock while waiting.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `cancelled` is set meanwhile.
    pub fn lock_chain(&self, chain: &ChainId, cancelled: &AtomicBool) -> Result<ChainLock> {
        self.must_be_writable()?;
        let lock = FileLock::wait(&self.layout().chain_lock(chain), cancelled)?;
        Ok(ChainLock {
            chain: chain.clone(),
            _lock: Arc::new(lock),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_exclusive_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let lock = FileLock::try_take(&path).unwrap().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        assert!(is_locked(&path).unwrap());
        drop(lock);
        assert!(!path.exists());
        assert!(!is_locked(&path).unwrap());
    }

    #[test]
    fn a_cancelled_wait_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let _lock = FileLock::try_take(&path).unwrap().unwrap();
        let cancelled = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let wait = scope.spawn(|| FileLock::wait(&path, &cancelled));
            std::thread::sleep(Duration::from_millis(20));
            cancelled.store(true, Ordering::Relaxed);
            assert!(matches!(wait.join().unwrap(), Err(Error::Cancelled)));
        });
    }

    #[test]
    fn unlinking_never_lets_two_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let inside = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let lock = FileLock::wait(&path, &crate::store::NEVER).unwrap();
                        assert!(!inside.swap(true, Ordering::SeqCst));
                        inside.store(false, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
