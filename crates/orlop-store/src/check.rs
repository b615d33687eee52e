//! Looking for damage, and putting what is damaged aside.
//!
//! A blob that isn't what its name says goes to `quarantine/`, where a person may look at it, and its
//! row goes: so the next pull of an image that needs it fetches it, and nothing else. What names it
//! stays. The row goes first, as with every file that goes; a crash between leaves an orphan, which the
//! next pull finds to be wrong, as it hashes whatever it adopts.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use orlop_oci::{Algorithm, Digest, Digester};

use crate::blobs::{self, BlobInfo};
use crate::error::{Error, Result};
use crate::layout::file_name;
use crate::locks::is_locked;
use crate::store::{Durability, Store};
use crate::sweep::names_in;

/// How a blob is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whether its file is there and as long as it should be.
    Size,
    /// All of its bytes are read and hashed.
    Content,
}

/// What is wrong with a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobFault {
    /// Its file is missing.
    Missing,
    /// Its file has so many bytes.
    Size(u64),
    /// Its bytes have this digest.
    Digest(Digest),
    /// The disk doesn't give it, in its own words.
    Unreadable(String),
}

impl fmt::Display for BlobFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its file is missing"),
            Self::Size(actual) => write!(f, "its file has {actual} bytes"),
            Self::Digest(actual) => write!(f, "its bytes have the digest {actual}"),
            Self::Unreadable(why) => write!(f, "it can't be read: {why}"),
        }
    }
}

/// Bytes that are hashed between two looks at whether to stop.
const PIECE: usize = 1 << 20;

impl Store {
    /// What is wrong with a stored blob. `progress` is told how many bytes were read since the last
    /// time. One that was removed meanwhile is right.
    ///
    /// # Errors
    /// [`Error::Cancelled`], or when the database can't be read.
    pub fn check_blob(
        &self,
        blob: &BlobInfo,
        depth: Depth,
        cancelled: &AtomicBool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Option<BlobFault>> {
        let fault = self.look_at_blob(blob, depth, cancelled, progress)?;
        if fault.is_some() && self.blob(&blob.digest)?.as_ref() != Some(blob) {
            return Ok(None);
        }
        Ok(fault)
    }

    fn look_at_blob(
        &self,
        blob: &BlobInfo,
        depth: Depth,
        cancelled: &AtomicBool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Option<BlobFault>> {
        let unreadable = |error: std::io::Error| Ok(Some(BlobFault::Unreadable(error.to_string())));
        let mut file = match File::open(self.layout().blob(&blob.digest)) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Some(BlobFault::Missing)),
            Err(e) => return unreadable(e),
        };
        let length = match file.metadata() {
            Ok(meta) => meta.len(),
            Err(e) => return unreadable(e),
        };
        if length != blob.size {
            return Ok(Some(BlobFault::Size(length)));
        }
        if depth == Depth::Size {
            return Ok(None);
        }
        let mut digester = Digester::new(blob.digest.algorithm());
        let mut buffer = vec![0; PIECE];
        loop {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    digester.update(&buffer[..count]);
                    progress(count as u64);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return unreadable(e),
            }
        }
        let actual = digester.finish();
        Ok((actual != blob.digest).then_some(BlobFault::Digest(actual)))
    }

    /// Puts a damaged blob aside and forgets it, so that the next pull fetches it again. Whether it
    /// was still damaged when nobody else was at it.
    ///
    /// # Errors
    /// [`Error::Cancelled`], or when the database or the file can't be changed.
    pub fn quarantine_blob(
        &self,
        blob: &BlobInfo,
        depth: Depth,
        cancelled: &AtomicBool,
    ) -> Result<bool> {
        let lock = self.lock_blob(&blob.digest, cancelled)?;
        if self
            .check_blob(blob, depth, cancelled, &mut |_| {})?
            .is_none()
        {
            return Ok(false);
        }
        self.write(Durability::Durable, |tx| {
            tx.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?
                .execute([blob.digest.as_str()])?;
            Ok(())
        })?;
        self.put_aside(&blob.digest)?;
        drop(lock);
        Ok(true)
    }

    /// Moves the file of a blob to the quarantine; the caller has its lock.
    fn put_aside(&self, digest: &Digest) -> Result<()> {
        let quarantine = self.layout().quarantine();
        make_quarantine(&quarantine)?;
        let path = self.layout().blob(digest);
        match fs::rename(&path, quarantine.join(file_name(digest))) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("put aside", &path)(e)),
            _ => Ok(()),
        }
    }

    /// What SQLite finds wrong with the database, in its words; nothing when it is right.
    ///
    /// # Errors
    /// When it can't be read at all.
    pub fn check_database(&self) -> Result<Vec<String>> {
        self.read(|db| {
            let mut statement = db.prepare("PRAGMA integrity_check(20)")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            let found: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
            Ok(found.into_iter().filter(|line| line != "ok").collect())
        })
    }

    /// The files among the blobs that no row names and nobody brings in.
    ///
    /// # Errors
    /// When the database or a directory can't be read.
    pub fn orphans(&self) -> Result<Vec<Digest>> {
        let mut files: Vec<Digest> = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let names = names_in(&self.layout().blobs(algorithm))?;
            let digests = names
                .iter()
                .filter_map(|name| format!("{algorithm}:{name}").parse().ok());
            files.extend(digests);
        }
        let unnamed = self.read(|db| {
            let mut unnamed = Vec::new();
            for digest in files {
                if blobs::size_of(db, &digest)?.is_none() {
                    unnamed.push(digest);
                }
            }
            Ok(unnamed)
        })?;
        let mut orphans = Vec::new();
        for digest in unnamed {
            // One that is locked gets its row any moment.
            if !is_locked(&self.layout().blob_lock(&digest))? {
                orphans.push(digest);
            }
        }
        Ok(orphans)
    }
}

pub(crate) fn make_quarantine(path: &std::path::Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::io("create", path))
}
