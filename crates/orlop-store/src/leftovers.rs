//! What lies on the disk beside what images need: for lists of what takes space.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};
use crate::gc::mark;
use crate::layout::digest_of_file_name;
use crate::locks::is_locked;
use crate::sql;
use crate::store::Store;
use crate::sweep::names_in;

/// Bytes on disk that no image needs. The first three are what [`Store::gc`] frees, as far as nobody
/// comes and needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Of blobs and snapshots that nothing holds.
    pub unneeded: u64,
    /// Of blobs that came in in part, or whole but for no image, and that nobody brings now.
    pub unfinished: u64,
    /// Of files of blobs that no row names.
    pub orphans: u64,
    /// Of blobs that are coming in.
    pub arriving: u64,
    /// Of what was found damaged and put aside.
    pub quarantined: u64,
    /// How many things all of these are.
    pub count: u64,
}

impl Leftovers {
    /// What a collection would free.
    pub fn reclaimable(&self) -> u64 {
        self.unneeded + self.unfinished + self.orphans
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.reclaimable() + self.arriving + self.quarantined
    }
}

impl Store {
    /// Looks for what no image needs.
    ///
    /// # Errors
    /// When the database or a directory can't be read.
    pub fn leftovers(&self) -> Result<Leftovers> {
        let mut found = Leftovers::default();
        (found.unneeded, found.count) = self.read(|db| {
            mark(db, self.layout())?;
            Ok(db.query_row(
                "SELECT coalesce(sum(bytes), 0), count(*) FROM (
                    SELECT size AS bytes FROM blobs
                    WHERE digest NOT IN (SELECT digest FROM temp.live_blobs)
                    UNION ALL SELECT bytes FROM snapshots
                    WHERE chain_id NOT IN (SELECT chain_id FROM temp.live_chains))",
                [],
                |row| Ok((sql::count(row, 0)?, sql::count(row, 1)?)),
            )?)
        })?;
        self.look_into_ingest(&mut found)?;
        self.look_for_orphans(&mut found)?;
        self.look_into_quarantine(&mut found)?;
        Ok(found)
    }

    fn look_into_ingest(&self, found: &mut Leftovers) -> Result<()> {
        let ingest = self.layout().ingest();
        for name in names_in(&ingest)? {
            let length = length(&ingest.join(&name))?;
            found.count += 1;
            let lock = match digest_of_file_name(&name) {
                Some(digest) => Some(self.layout().blob_lock(&digest)),
                None => self.layout().lock_of_draft(&name),
            };
            match lock {
                Some(lock) if is_locked(&lock)? => found.arriving += length,
                _ => found.unfinished += length,
            }
        }
        Ok(())
    }

    fn look_for_orphans(&self, found: &mut Leftovers) -> Result<()> {
        for digest in self.orphans()? {
            found.orphans += length(&self.layout().blob(&digest))?;
            found.count += 1;
        }
        Ok(())
    }

    fn look_into_quarantine(&self, found: &mut Leftovers) -> Result<()> {
        let quarantine = self.layout().quarantine();
        if !quarantine
            .try_exists()
            .map_err(Error::io("look at", &quarantine))?
        {
            return Ok(());
        }
        for name in names_in(&quarantine)? {
            found.quarantined += length(&quarantine.join(name))?;
            found.count += 1;
        }
        Ok(())
    }

    /// Bytes of the database, what waits to be written into it included.
    ///
    /// # Errors
    /// When its files can't be looked at.
    pub fn database_size(&self) -> Result<u64> {
        let mut bytes = 0;
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.layout().database().into_os_string();
            path.push(suffix);
            bytes += length(Path::new(&path))?;
        }
        Ok(bytes)
    }
}

/// The bytes of a file; 0 when it isn't there any more.
fn length(path: &Path) -> Result<u64> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(meta.len()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
        Err(e) => Err(Error::io("look at", path)(e)),
    }
}
