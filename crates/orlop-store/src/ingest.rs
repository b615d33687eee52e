//! Bringing a blob in. Its file is named by the digest it must have, so that a later try, of this or
//! another process, goes on where an earlier one stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use orlop_oci::Digest;

use crate::blobs;
use crate::error::{Error, Result};
use crate::locks::BlobLock;
use crate::store::Store;

/// A blob that is coming in. When dropped, the bytes so far are kept for the next try,
/// for at most [`crate::KEEP_PARTIAL`].
#[derive(Debug)]
pub struct Ingest {
    lock: BlobLock,
    file: File,
    path: PathBuf,
    size: u64,
    offset: u64,
}

/// A blob that came in and is right, but isn't named by anything yet: hand it to
/// [`Store::publish`]. When dropped, its bytes are kept for the next try.
#[derive(Debug)]
pub struct IngestedBlob {
    pub(crate) lock: BlobLock,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
}

impl Store {
    /// Begins, or goes on, to bring in the blob of this lock, which must have `size` bytes.
    ///
    /// What an earlier try left is found in [`Ingest::existing`]; it may be anything, so it must be
    /// hashed with the rest. The file of a blob that was put in place just before a crash, and that
    /// nothing names, counts as such.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn ingest(&self, lock: BlobLock, size: u64) -> Result<Ingest> {
        self.must_be_writable()?;
        let path = self.layout().ingest_of(lock.digest());
        let orphan = self.layout().blob(lock.digest());
        let named = self.read(|db| Ok(blobs::size_of(db, lock.digest())?.is_some()))?;
        if !named {
            match fs::rename(&orphan, &path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("adopt", &orphan)(e));
                }
                _ => {}
            }
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
            .mode(0o644)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let mut offset = file
            .seek(SeekFrom::End(0))
            .map_err(Error::io("read", &path))?;
        if offset > size {
            offset = 0;
            empty(&mut file).map_err(Error::io("write", &path))?;
        }
        Ok(Ingest {
            lock,
            file,
            path,
            size,
            offset,
        })
    }

    /// Takes away what came in of the blob of this lock and isn't published: nobody shall go on with
    /// it.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn discard_ingest(&self, lock: &BlobLock) -> Result<()> {
        let path = self.layout().ingest_of(lock.digest());
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", &path)(e)),
            _ => Ok(()),
        }
    }

    /// How many bytes of a blob an earlier try left.
    ///
    /// # Errors
    /// When the file can't be looked at.
    pub fn ingest_offset(&self, digest: &Digest) -> Result<u64> {
        let path = self.layout().ingest_of(digest);
        match fs::metadata(&path) {
            Ok(meta) => Ok(meta.len()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
            Err(e) => Err(Error::io("look at", &path)(e)),
        }
    }
}

fn empty(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()
}

impl Ingest {
    /// Which blob.
    pub fn digest(&self) -> &Digest {
        self.lock.digest()
    }

    /// How many bytes it must have.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes are there, those of earlier tries included.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the bytes that are there, from the beginning, to hash them.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn existing(&self) -> Result<impl Read + Send + use<>> {
        let file = File::open(&self.path).map_err(Error::io("open", &self.path))?;
        Ok(file.take(self.offset))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] when they would be more than the blob may have, or when the disk is full.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let after = self.offset + bytes.len() as u64;
        if after > self.size {
            return Err(Error::SizeMismatch {
                digest: self.digest().clone(),
                expected: self.size,
                actual: after,
            });
        }
        if let Err(error) = self.file.write_all(bytes) {
            // Some of them may be there, as on a full disk: the next try shall find what was counted.
            let _ = self.file.set_len(self.offset);
            let _ = self.file.seek(SeekFrom::Start(self.offset));
            return Err(Error::io("write", &self.path)(error));
        }
        self.offset = after;
        Ok(())
    }

    /// Throws away all bytes, to begin from the start.
    ///
    /// # Errors
    /// When the file can't be changed.
    pub fn restart(&mut self) -> Result<()> {
        empty(&mut self.file).map_err(Error::io("write", &self.path))?;
        self.offset = 0;
        Ok(())
    }

    /// Ends: all bytes are there and `actual` is the digest that the caller computed of them, those of
    /// [`Ingest::existing`] included. Nothing is synced yet; [`Store::publish`] does that for all.
    ///
    /// # Errors
    /// [`Error::SizeMismatch`] when bytes are missing: they are kept, the next try goes on.
    /// [`Error::DigestMismatch`] when they are wrong: they are deleted.
    pub fn finish(self, actual: &Digest) -> Result<IngestedBlob> {
        if self.offset != self.size {
            return Err(Error::SizeMismatch {
                digest: self.digest().clone(),
                expected: self.size,
                actual: self.offset,
            });
        }
        if actual != self.digest() {
            fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))?;
            return Err(Error::DigestMismatch {
                expected: self.digest().clone(),
                actual: actual.clone(),
            });
        }
        Ok(IngestedBlob {
            lock: self.lock,
            path: self.path,
            size: self.size,
        })
    }
}

impl IngestedBlob {
    /// Which blob.
    pub fn digest(&self) -> &Digest {
        self.lock.digest()
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Opens it to read.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(Error::io("open", &self.path))
    }
}
