//! Small files, written whole before they get their name.
//!
//! A draft is called after the lock that its writer holds until the file has its name:
//! `ingest/draft-LOCK`. So it costs no file of its own to tell whether anybody is at it: when the lock
//! is free, its writer is dead.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::locks::FileLock;

/// A file that has no name yet. Removed when dropped without [`Draft::place`]; drop it before its
/// lock.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    placed: bool,
}

impl Draft {
    /// Writes one, over what a dead holder of the lock left.
    pub(crate) fn write(layout: &Layout, lock: &FileLock, content: &[u8]) -> Result<Self> {
        let draft = Self {
            path: layout.draft(lock.name()),
            placed: false,
        };
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
            .mode(0o644)
            .open(&draft.path)
            .and_then(|mut file| file.write_all(content))
            .map_err(Error::io("write", &draft.path))?;
        Ok(draft)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its content survives the loss of power.
    pub(crate) fn sync(&self) -> Result<()> {
        File::open(&self.path)
            .and_then(|file| file.sync_data())
            .map_err(Error::io("write", &self.path))
    }

    /// Gives it its name.
    pub(crate) fn place(&mut self, path: &Path) -> Result<()> {
        fs::rename(&self.path, path).map_err(Error::io("write", path))?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // It is of no use to anyone; the error that matters is the one that led here.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use orlop_oci::Digest;

    use crate::Store;

    use super::*;

    #[test]
    fn it_lives_as_long_as_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let lock = store.try_lock_blob(&Digest::of(b"x")).unwrap().unwrap();
        let draft = Draft::write(store.layout(), lock.file(), b"half").unwrap();
        let path = draft.path().to_owned();
        Store::open(dir.path()).unwrap();
        store.gc(&crate::NoSnapshots).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"half");

        // As when its writer is killed: the lock ends, the file stays.
        std::mem::forget(draft);
        drop(lock);
        assert!(path.exists());
        Store::open(dir.path()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn it_takes_the_place_of_a_dead_one_and_goes_when_it_fails() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let lock = store.try_lock_blob(&Digest::of(b"x")).unwrap().unwrap();
        let draft = Draft::write(store.layout(), lock.file(), b"of a dead one").unwrap();
        std::mem::forget(draft);
        let mut draft = Draft::write(store.layout(), lock.file(), b"new").unwrap();
        let path = draft.path().to_owned();
        assert!(draft.place(&dir.path().join("missing/place")).is_err());
        draft.place(&dir.path().join("place")).unwrap();
        drop(draft);
        assert_eq!(fs::read(dir.path().join("place")).unwrap(), b"new");
        drop(Draft::write(store.layout(), lock.file(), b"x").unwrap());
        assert!(!path.exists());
    }
}
