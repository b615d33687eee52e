//! Blobs of the store on their way out. They were verified when they came in, but disks rot: they are
//! checked again as they pass ([`CheckedBlob`]).

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use orlop_distribution::BlobSource;
use orlop_oci::Descriptor;
use orlop_store::Store;

use crate::checked::{CheckedBlob, Fault};
use crate::error::{Error, Result};

/// Opens the blob of the store that `descriptor` describes.
///
/// # Errors
/// [`Error::Damaged`] when its length is wrong, and when it can't be opened.
pub(crate) fn stored_blob(store: &Store, descriptor: &Descriptor) -> Result<CheckedBlob> {
    let file = store
        .open_blob(&descriptor.digest)
        .map_err(Error::stored(&descriptor.media_type))?;
    whole_file(file, descriptor)
}

fn whole_file(file: File, descriptor: &Descriptor) -> Result<CheckedBlob> {
    let size = file
        .metadata()
        .map_err(Error::io(format!("look at blob {}", descriptor.digest)))?
        .len();
    if size != descriptor.size {
        let reason = format!("it has {size} bytes instead of {}", descriptor.size);
        return Err(Error::damaged(descriptor, reason));
    }
    CheckedBlob::new(Arc::new(WholeFile(Arc::new(file))), descriptor, blame)
}

fn blame(descriptor: &Descriptor, fault: Fault) -> Error {
    let reason = match fault {
        Fault::Digest(actual) => format!("its bytes have the digest {actual}"),
        Fault::Short(length) => format!("it ends after {length} bytes"),
    };
    Error::damaged(descriptor, reason)
}

/// A file that several may read at once, each where it is.
struct WholeFile(Arc<File>);

impl BlobSource for WholeFile {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let file = Arc::clone(&self.0);
        Ok(Box::new(ReadAt { file, offset }))
    }
}

struct ReadAt {
    file: Arc<File>,
    offset: u64,
}

impl Read for ReadAt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
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
    fn blob(stored: &[u8], promised: &[u8]) -> Result<CheckedBlob> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), stored).unwrap();
        whole_file(file.reopen().unwrap(), &describe(promised))
    }

    /// Reads in chunks, each by a reader of its own, as uploads do.
    fn read(blob: &CheckedBlob, chunk: usize) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        while read.len() < LENGTH {
            let mut piece = vec![0; chunk.min(LENGTH - read.len())];
            let mut reader = blob.open(read.len() as u64)?;
            reader.read_exact(&mut piece)?;
            drop(reader);
            read.extend(piece);
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
        let blob = whole_file(file.reopen().unwrap(), &describe(&bytes())).unwrap();
        file.as_file().set_len(5000).unwrap();
        let error = read(&blob, LENGTH).unwrap_err();
        assert!(
            error.to_string().contains("ends after 5000 bytes"),
            "{error}"
        );
    }
}
