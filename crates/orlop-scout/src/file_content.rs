//! A file that catalogers read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;

use orlop_sbom::Content;

/// Bytes at the beginning of a file that are read once for all catalogers: each of them looks there
/// whether the file is for it.
const HEAD: usize = 64 << 10;

/// A file on disk.
#[derive(Debug)]
pub(crate) struct FileContent<'a> {
    file: &'a File,
    size: u64,
    head: OnceLock<Vec<u8>>,
}

impl<'a> FileContent<'a> {
    /// A file of this size.
    pub(crate) fn new(file: &'a File, size: u64) -> Self {
        Self {
            file,
            size,
            head: OnceLock::new(),
        }
    }

    fn head(&self) -> io::Result<&[u8]> {
        if let Some(head) = self.head.get() {
            return Ok(head);
        }
        let length = usize::try_from(self.size).map_or(HEAD, |size| size.min(HEAD));
        let mut head = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.file.read_at(&mut head[filled..], filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        head.truncate(filled);
        Ok(self.head.get_or_init(|| head))
    }
}

impl Content for FileContent<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let end = offset.saturating_add(buffer.len() as u64);
        if end <= HEAD as u64 {
            let head = self.head()?;
            return head.read_at(offset, buffer);
        }
        self.file.read_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_the_same_with_and_without_the_head() {
        let bytes: Vec<u8> = (0..HEAD + 5000).map(|n| (n % 251) as u8).collect();
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        let content = FileContent::new(&file, bytes.len() as u64);
        for (offset, length) in [(0, 10), (HEAD - 5, 5), (HEAD - 5, 6), (HEAD, 100), (100, 3)] {
            let mut buffer = vec![0; length];
            assert_eq!(content.read_at(offset as u64, &mut buffer).unwrap(), length);
            assert_eq!(buffer, bytes[offset..offset + length], "{offset}");
        }
        let mut buffer = [0; 9];
        assert_eq!(
            content
                .read_at(bytes.len() as u64 - 4, &mut buffer)
                .unwrap(),
            4
        );
    }
}
