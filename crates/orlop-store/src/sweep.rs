//! Removing files: of rows that are deleted, and those that no row names.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use orlop_oci::{Algorithm, ChainId, Digest};

use crate::blobs;
use crate::error::{Error, Result};
use crate::gc::Collected;
use crate::layout::digest_of_file_name;
use crate::leases::LivingLeases;
use crate::locks::FileLock;
use crate::snapshots::SnapshotSpace;
use crate::store::Store;

/// How long a blob that came in in part, or whole but for no image, waits for another try, counted
/// from its last byte; and how long what is put aside in quarantine stays there.
pub const KEEP_PARTIAL: Duration = Duration::from_secs(7 * 24 * 3600);

impl Store {
    /// Removes the files of what was collected. All are tried; the first error is told.
    pub(crate) fn remove_files(
        &self,
        collected: Collected,
        space: &dyn SnapshotSpace,
    ) -> Result<Collected> {
        let mut first = None;
        for snapshot in &collected.snapshots {
            let removed = self.remove_snapshot(&snapshot.driver, &snapshot.chain_id, space);
            first = first.or(removed.err());
        }
        for blob in &collected.blobs {
            let removed = self.remove_blob_file(&blob.digest);
            first = first.or(removed.err());
        }
        match first {
            None => Ok(collected),
            Some(error) => Err(error),
        }
    }

    /// Removes the file of a blob, unless a row names it or someone brings it in. Bytes freed.
    fn remove_blob_file(&self, digest: &Digest) -> Result<u64> {
        let Some(lock) = self.try_lock_blob(digest)? else {
            // Whoever has the lock brings the blob in again, and adopts or replaces the file.
            return Ok(0);
        };
        if self.read(|db| Ok(blobs::size_of(db, digest)?.is_some()))? {
            return Ok(0);
        }
        let freed = remove_file(&self.layout().blob(digest));
        drop(lock);
        freed
    }

    /// Removes the files of a snapshot, unless a row names it or someone makes it.
    fn remove_snapshot(
        &self,
        driver: &str,
        chain: &ChainId,
        space: &dyn SnapshotSpace,
    ) -> Result<()> {
        let Some(lock) = self.try_lock_chain(chain)? else {
            return Ok(());
        };
        if self.snapshot(driver, chain)?.is_some() {
            return Ok(());
        }
        let removed = space
            .remove(driver, chain)
            .map_err(Error::io("remove from", &self.snapshots_dir(driver)));
        drop(lock);
        removed
    }

    /// Removes everything that no row names and nobody is at. Bytes freed, as far as they are known.
    pub(crate) fn sweep(&self, space: &dyn SnapshotSpace) -> Result<u64> {
        let mut freed = 0;
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for name in names_in(&self.layout().blobs(algorithm))? {
                if let Ok(digest) = format!("{algorithm}:{name}").parse() {
                    freed += self.remove_blob_file(&digest)?;
                }
            }
        }
        freed += self.sweep_ingest(|_| true)?;
        let snapshots = self.root().join("snapshots");
        for (driver, chain) in space.present().map_err(Error::io("read", &snapshots))? {
            if self.snapshot(&driver, &chain)?.is_none() && !self.is_chain_leased(&chain)? {
                self.remove_snapshot(&driver, &chain, space)?;
            }
        }
        space.sweep().map_err(Error::io("sweep", &snapshots))?;
        freed += self.sweep_quarantine()?;
        self.sweep_locks()?;
        Ok(freed)
    }

    /// Whether a living operation holds a chain; its snapshot may be in its place before its row is.
    fn is_chain_leased(&self, chain: &ChainId) -> Result<bool> {
        let holders: Vec<String> = self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT lease FROM lease_chains WHERE chain_id = ?1")?;
            let rows = statement.query_map([chain.as_str()], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })?;
        let mut living = LivingLeases::new(self.layout());
        for holder in holders {
            if living.is_alive(&holder)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes what dead processes left in `ingest` and nobody will go on with: drafts at once, blobs
    /// after [`KEEP_PARTIAL`]. Whoever opens the store does this; it costs one look into a directory
    /// that is empty nearly always.
    pub(crate) fn sweep_dead(&self) {
        // Who came to do something else needn't know of rubbish that can't be removed; `gc` tells.
        let _ = self.sweep_ingest(is_old);
    }

    /// Removes drafts of dead writers, and blobs in the making that nobody is at, as far as `unwanted`.
    fn sweep_ingest(&self, unwanted: impl Fn(&Path) -> bool) -> Result<u64> {
        let mut freed = 0;
        for name in names_in(&self.layout().ingest())? {
            let path = self.layout().ingest().join(&name);
            if let Some(digest) = digest_of_file_name(&name) {
                if unwanted(&path)
                    && let Some(lock) = self.try_lock_blob(&digest)?
                {
                    // Somebody may have gone on with it before the lock was taken.
                    if unwanted(&path) {
                        freed += remove_file(&path)?;
                    }
                    drop(lock);
                }
            } else if let Some(path_of_lock) = self.layout().lock_of_draft(&name) {
                if let Some(lock) = FileLock::try_take(&path_of_lock)? {
                    freed += remove_file(&path)?;
                    drop(lock);
                }
            } else if is_old(&path) {
                freed += remove_file(&path)?;
            }
        }
        Ok(freed)
    }

    /// Removes what was put aside long ago. Bytes freed.
    fn sweep_quarantine(&self) -> Result<u64> {
        let quarantine = self.layout().quarantine();
        if !quarantine
            .try_exists()
            .map_err(Error::io("look at", &quarantine))?
        {
            return Ok(0);
        }
        let mut freed = 0;
        for name in names_in(&quarantine)? {
            let path = quarantine.join(name);
            // Its content is as old as it was; it was moved when its entry changed.
            let moved = fs::symlink_metadata(&path).map(|meta| meta.ctime());
            let moved = moved.ok().and_then(|seconds| u64::try_from(seconds).ok());
            if moved.is_some_and(|s| has_passed(SystemTime::UNIX_EPOCH + Duration::from_secs(s))) {
                freed += remove_file(&path)?;
            }
        }
        Ok(freed)
    }

    fn sweep_locks(&self) -> Result<()> {
        for name in names_in(&self.layout().locks())? {
            // Taking a lock that is free and letting it go removes its file.
            drop(FileLock::try_take(&self.layout().locks().join(name))?);
        }
        Ok(())
    }
}

/// By the clock, or by one that was set back since.
fn is_old(path: &Path) -> bool {
    fs::metadata(path)
        .and_then(|meta| meta.modified())
        .is_ok_and(has_passed)
}

/// [`KEEP_PARTIAL`] has passed since.
fn has_passed(since: SystemTime) -> bool {
    match SystemTime::now().duration_since(since) {
        Ok(age) => age > KEEP_PARTIAL,
        Err(ahead) => ahead.duration() > KEEP_PARTIAL,
    }
}

pub(crate) fn names_in(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(Error::io("read", directory))? {
        let entry = entry.map_err(Error::io("read", directory))?;
        // A name that is no text was not given by us.
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// Removes a file; how many bytes it had. One that isn't there had none.
fn remove_file(path: &Path) -> Result<u64> {
    let size = match fs::symlink_metadata(path) {
        Ok(meta) => meta.len(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(Error::io("look at", path)(e)),
    };
    match fs::remove_file(path) {
        Ok(()) => Ok(size),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
        Err(e) => Err(Error::io("remove", path)(e)),
    }
}
