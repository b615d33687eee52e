//! Where a blob's bytes are: a part of an archive, a file of a layout, or memory.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// A blob: somewhere to begin and a length. Cheap to clone; readers don't disturb each other.
#[derive(Clone, Debug)]
pub struct BlobAt {
    bytes: Bytes,
    start: u64,
    length: u64,
}

#[derive(Clone, Debug)]
enum Bytes {
    File(Arc<File>),
    Memory(Arc<[u8]>),
}

impl BlobAt {
    /// `length` bytes of a file from `start` on.
    pub(crate) fn part(file: &Arc<File>, start: u64, length: u64) -> Self {
        Self {
            bytes: Bytes::File(Arc::clone(file)),
            start,
            length,
        }
    }

    /// The whole of a regular file; `None` when there is none.
    pub(crate) fn file(path: &Path) -> io::Result<Option<Self>> {
        use rustix::fs::{Mode, OFlags};
        // Not blocking: what isn't a regular file is only looked at.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(Some(Self::part(&Arc::new(file), 0, meta.len())))
    }

    /// Bytes that were made here.
    pub(crate) fn memory(bytes: &[u8]) -> Self {
        Self {
            bytes: Bytes::Memory(bytes.into()),
            start: 0,
            length: bytes.len() as u64,
        }
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads from `offset` on, which may be the end. Nothing is verified: whoever reads hashes.
    pub fn reader(&self, offset: u64) -> BlobReader {
        let offset = offset.min(self.length);
        BlobReader {
            bytes: self.bytes.clone(),
            position: self.start + offset,
            left: self.length - offset,
        }
    }
}

/// Reads a blob to its end. A file that became shorter is an error, not an early end.
#[derive(Debug)]
pub struct BlobReader {
    bytes: Bytes,
    position: u64,
    left: u64,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let buffer = &mut buffer[..wanted];
        let count = match &self.bytes {
            Bytes::File(file) => file.read_at(buffer, self.position)?,
            Bytes::Memory(bytes) => {
                // What is in memory is addressed by `usize`.
                let from = self.position as usize;
                buffer.copy_from_slice(&bytes[from..from + wanted]);
                wanted
            }
        };
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the file ends {} bytes too early", self.left),
            ));
        }
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn any_part_is_read_from_any_offset() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let file = Arc::new(file);
        for (blob, all) in [
            (BlobAt::part(&file, 2, 5), &b"23456"[..]),
            (BlobAt::memory(b"abc"), b"abc"),
        ] {
            for offset in 0..=all.len() + 2 {
                let mut read = Vec::new();
                blob.reader(offset as u64).read_to_end(&mut read).unwrap();
                assert_eq!(read, &all[offset.min(all.len())..]);
            }
        }
        file.set_len(4).unwrap();
        let mut read = Vec::new();
        let error = BlobAt::part(&file, 2, 5)
            .reader(0)
            .read_to_end(&mut read)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_pipe_is_no_blob() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        assert!(BlobAt::file(&pipe).is_err());
        assert!(BlobAt::file(&folder.path().join("none")).unwrap().is_none());
    }
}
