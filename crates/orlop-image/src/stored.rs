//! Blobs of the store on their way out. They were verified when they came in, but disks rot: they are
//! hashed as they pass, and the end of a blob is given out only when all of it is right. So nobody
//! else gets a whole blob that is damaged.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use orlop_distribution::BlobSource;
use orlop_oci::{Descriptor, Digester};
use orlop_store::Store;

use crate::error::{Error, Result};

/// A blob of the store, which an upload may read in pieces and go back in.
pub(crate) struct StoredBlob {
    file: Arc<File>,
    descriptor: Descriptor,
    /// What the last reader had hashed, from which the next one goes on.
    hashed: Arc<Mutex<Hashed>>,
}

/// The hash of a blob's first bytes.
#[derive(Clone)]
struct Hashed {
    length: u64,
    digester: Digester,
}

impl StoredBlob {
    /// Opens the blob that `descriptor` describes.
    pub(crate) fn open(store: &Store, descriptor: &Descriptor) -> Result<Self> {
        let file = store
            .open_blob(&descriptor.digest)
            .map_err(Error::stored(&descriptor.media_type))?;
        Self::new(file, descriptor)
    }

    fn new(file: File, descriptor: &Descriptor) -> Result<Self> {
        let size = file
            .metadata()
            .map_err(Error::io(format!("look at blob {}", descriptor.digest)))?
            .len();
        if size != descriptor.size {
            let reason = format!("it has {size} bytes instead of {}", descriptor.size);
            return Err(Error::damaged(descriptor, reason));
        }
        let nothing = Hashed::nothing(descriptor);
        if descriptor.size == 0 {
            // Nobody will read anything of it.
            nothing.verify(descriptor)?;
        }
        Ok(Self {
            file: Arc::new(file),
            descriptor: descriptor.clone(),
            hashed: Arc::new(Mutex::new(nothing)),
        })
    }
}

impl Hashed {
    fn nothing(descriptor: &Descriptor) -> Self {
        Self {
            length: 0,
            digester: Digester::new(descriptor.digest.algorithm()),
        }
    }

    fn verify(&self, descriptor: &Descriptor) -> Result<()> {
        let actual = self.digester.clone().finish();
        if actual == descriptor.digest {
            return Ok(());
        }
        let reason = format!("its bytes have the digest {actual}");
        Err(Error::damaged(descriptor, reason))
    }
}

impl BlobSource for StoredBlob {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let kept = || self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hashed = kept().clone();
        if hashed.length > offset {
            // The registry got less than was read.
            hashed = Hashed::nothing(&self.descriptor);
        }
        let missing = offset - hashed.length;
        let mut reader = Reader {
            file: Arc::clone(&self.file),
            descriptor: self.descriptor.clone(),
            hashed,
            kept: Arc::clone(&self.hashed),
        };
        io::copy(&mut reader.by_ref().take(missing), &mut io::sink())?;
        Ok(Box::new(reader))
    }
}

/// Reads on behind what it has hashed.
struct Reader {
    file: Arc<File>,
    descriptor: Descriptor,
    hashed: Hashed,
    kept: Arc<Mutex<Hashed>>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.descriptor.size - self.hashed.length;
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self
            .file
            .read_at(&mut buffer[..wanted], self.hashed.length)?;
        if count == 0 {
            let reason = format!("it ends after {} bytes", self.hashed.length);
            return Err(io::Error::other(Error::damaged(&self.descriptor, reason)));
        }
        self.hashed.digester.update(&buffer[..count]);
        self.hashed.length += count as u64;
        if self.hashed.length == self.descriptor.size {
            self.hashed
                .verify(&self.descriptor)
                .map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone_from(&self.hashed);
    }
}

/// What went wrong in an upload: what a [`StoredBlob`] found comes back as itself.
pub(crate) fn upload_error(error: orlop_distribution::Error) -> Error {
    match error {
        orlop_distribution::Error::Source { digest, source } => match source.downcast::<Error>() {
            Ok(damaged) => damaged,
            Err(source) => orlop_distribution::Error::Source { digest, source }.into(),
        },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use orlop_oci::{Digest, MediaType};

    use super::*;

    const LENGTH: usize = 100_000;

    fn bytes() -> Vec<u8> {
        (0..LENGTH).map(|n| (n % 251) as u8).collect()
    }

    fn describe(bytes: &[u8]) -> Descriptor {
        let digest = Digest::of(bytes);
        Descriptor::new(MediaType::OciLayerGzip, digest, bytes.len() as u64)
    }

    /// `stored` in the place of what `promised` describes.
    fn blob(stored: &[u8], promised: &[u8]) -> Result<StoredBlob> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), stored).unwrap();
        StoredBlob::new(file.reopen().unwrap(), &describe(promised))
    }

    /// Reads in chunks, each by a reader of its own, as uploads do.
    fn read(blob: &StoredBlob, chunk: usize) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        while read.len() < LENGTH {
            let mut piece = vec![0; chunk.min(LENGTH - read.len())];
            let mut reader = blob.open(read.len() as u64)?;
            reader.read_exact(&mut piece)?;
            drop(reader);
            read.extend(piece);
            assert_eq!(
                blob.hashed.lock().unwrap().length,
                read.len() as u64,
                "the next chunk goes on from here"
            );
        }
        Ok(read)
    }

    #[test]
    fn what_is_right_passes_in_any_pieces() {
        for chunk in [1000, 33_333, LENGTH] {
            assert!(read(&blob(&bytes(), &bytes()).unwrap(), chunk).unwrap() == bytes());
        }
        blob(b"", b"").unwrap();
    }

    #[test]
    fn a_reader_begins_where_it_is_told_to() {
        let blob = blob(&bytes(), &bytes()).unwrap();
        for offset in [0, 60_000, 20_000, 99_999, LENGTH] {
            let mut rest = Vec::new();
            let mut reader = blob.open(offset as u64).unwrap();
            reader.read_to_end(&mut rest).unwrap();
            assert!(rest == bytes()[offset..], "{offset}");
        }
    }

    #[test]
    fn the_end_of_a_damaged_blob_is_held_back() {
        for at in [0, LENGTH / 2, LENGTH - 1] {
            let mut stored = bytes();
            stored[at] ^= 1;
            let blob = blob(&stored, &bytes()).unwrap();
            for chunk in [1000, LENGTH] {
                let error = read(&blob, chunk).unwrap_err().downcast::<Error>().unwrap();
                let said = error.to_string();
                let layer = format!("layer {}: ", Digest::of(&bytes()));
                assert!(said.starts_with(&layer), "{said}");
                assert!(said.contains("the stored copy is damaged"), "{said}");
                assert!(
                    said.contains(Digest::of(&stored).as_str()),
                    "what it is: {said}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_size_is_told_before_anything_is_read() {
        for (stored, promised) in [(&bytes()[1..], &bytes()[..]), (b"x", b""), (b"", b"x")] {
            let error = blob(stored, promised).err().unwrap();
            assert!(matches!(error, Error::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_that_shrinks_is_damaged() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes()).unwrap();
        let blob = StoredBlob::new(file.reopen().unwrap(), &describe(&bytes())).unwrap();
        file.as_file().set_len(5000).unwrap();
        let error = read(&blob, LENGTH).unwrap_err();
        assert!(
            error.to_string().contains("ends after 5000 bytes"),
            "{error}"
        );
    }
}
