//! Reading what is stored.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};

use orlop_oci::{Descriptor, DiffId, Digest, Repository};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::{Error, Result};
use crate::sql;
use crate::store::{Durability, Store};

/// A stored blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobInfo {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Store {
    /// The blob, when it is stored. To be sure that it stays, hold it by a [`crate::Lease`] first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blob(&self, digest: &Digest) -> Result<Option<BlobInfo>> {
        self.read(|db| Ok(size_of(db, digest)?.map(|size| info(digest, size))))
    }

    /// Those of `digests` that are stored, in the same order.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn present(&self, digests: &[Digest]) -> Result<Vec<BlobInfo>> {
        self.read(|db| {
            let mut found = Vec::new();
            for digest in digests {
                if let Some(size) = size_of(db, digest)? {
                    found.push(info(digest, size));
                }
            }
            Ok(found)
        })
    }

    /// All stored blobs.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blobs(&self) -> Result<Vec<BlobInfo>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT digest, size FROM blobs")?;
            let rows = statement.query_map([], |row| {
                Ok(BlobInfo {
                    digest: sql::digest(row, 0)?,
                    size: sql::count(row, 1)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Opens a stored blob to read. Its bytes were verified when it came in; whoever must know that
    /// the disk kept them hashes them again, as [`Store::read_document`] does.
    ///
    /// # Errors
    /// [`Error::NoBlob`], or [`Error::DamagedBlob`] when its file is missing or has another length.
    pub fn open_blob(&self, digest: &Digest) -> Result<File> {
        let info = self
            .blob(digest)?
            .ok_or_else(|| Error::NoBlob(digest.clone()))?;
        let path = self.layout().blob(digest);
        let damaged = |reason: String| Error::DamagedBlob {
            digest: digest.clone(),
            reason,
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(damaged("its file is missing".to_owned()));
            }
            Err(e) => return Err(Error::io("open", &path)(e)),
        };
        let actual = file.metadata().map_err(Error::io("look at", &path))?.len();
        if actual != info.size {
            return Err(damaged(format!(
                "its file has {actual} bytes instead of {}",
                info.size
            )));
        }
        Ok(file)
    }

    /// Reads a stored document of at most `max` bytes and verifies its digest.
    ///
    /// # Errors
    /// [`Error::NoBlob`], [`Error::TooLarge`], or [`Error::DamagedBlob`].
    pub fn read_document(&self, digest: &Digest, max: u64) -> Result<Vec<u8>> {
        let file = self.open_blob(digest)?;
        let path = self.layout().blob(digest);
        let size = file.metadata().map_err(Error::io("look at", &path))?.len();
        if size > max {
            return Err(Error::TooLarge {
                digest: digest.clone(),
                size,
                max,
            });
        }
        // At most `max`, which the caller is ready to have in memory.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(size)
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", &path))?;
        if !digest.matches(&bytes) {
            return Err(Error::DamagedBlob {
                digest: digest.clone(),
                reason: format!("its bytes have the digest {}", Digest::of(&bytes)),
            });
        }
        Ok(bytes)
    }

    /// [`Store::read_document`] of what `descriptor` describes, of exactly that size.
    ///
    /// # Errors
    /// As there, and [`Error::SizeMismatch`].
    pub fn read_described(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        let bytes = self.read_document(&descriptor.digest, max)?;
        let actual = bytes.len() as u64;
        if actual != descriptor.size {
            return Err(Error::SizeMismatch {
                digest: descriptor.digest.clone(),
                expected: descriptor.size,
                actual,
            });
        }
        Ok(bytes)
    }

    /// Where the file of a blob is, or would be.
    pub fn blob_path(&self, digest: &Digest) -> std::path::PathBuf {
        self.layout().blob(digest)
    }

    /// Forgets a damaged blob, so that the next pull fetches it again. What names it stays.
    ///
    /// # Errors
    /// When the database or the file can't be changed.
    pub fn discard_damaged_blob(&self, digest: &Digest) -> Result<()> {
        let lock = self.lock_blob(digest, &crate::store::NEVER)?;
        self.write(Durability::Durable, |tx| {
            tx.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?
                .execute([digest.as_str()])?;
            Ok(())
        })?;
        let path = self.layout().blob(digest);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", &path)(e)),
            _ => {
                drop(lock);
                Ok(())
            }
        }
    }

    /// The blobs that are known to unpack to this layer, in whatever compression.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blobs_of_layer(&self, diff_id: &DiffId) -> Result<Vec<Digest>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT blob FROM layers WHERE diff_id = ?1")?;
            let rows = statement.query_map([diff_id.as_str()], |row| sql::digest(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The layer that a blob unpacks to, when it has been unpacked once.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn layer_of_blob(&self, blob: &Digest) -> Result<Option<DiffId>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT diff_id FROM layers WHERE blob = ?1")?;
            Ok(statement
                .query_row([blob.as_str()], |row| sql::diff_id(row, 0))
                .optional()?)
        })
    }

    /// The repositories in which a blob is known to be.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn repositories_of(&self, digest: &Digest) -> Result<Vec<Repository>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT repository FROM sources WHERE digest = ?1 ORDER BY repository",
            )?;
            let rows = statement.query_map([digest.as_str()], |row| sql::text(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Remembers that blobs are in a repository, after a push.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn add_sources(&self, digests: &[Digest], repository: &Repository) -> Result<()> {
        let repository = repository.to_string();
        self.write(Durability::Process, |tx| {
            for digest in digests {
                insert_source(tx, digest, &repository)?;
            }
            Ok(())
        })
    }
}

/// Notes where a blob is, as far as it is stored: what is known of others would never be collected.
pub(crate) fn insert_source(
    db: &Connection,
    digest: &Digest,
    repository: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO sources (digest, repository)
         SELECT digest, ?2 FROM blobs WHERE digest = ?1",
    )?
    .execute([digest.as_str(), repository])?;
    Ok(())
}

pub(crate) fn size_of(db: &Connection, digest: &Digest) -> rusqlite::Result<Option<u64>> {
    db.prepare_cached("SELECT size FROM blobs WHERE digest = ?1")?
        .query_row([digest.as_str()], |row| sql::count(row, 0))
        .optional()
}

fn info(digest: &Digest, size: u64) -> BlobInfo {
    BlobInfo {
        digest: digest.clone(),
        size,
    }
}
