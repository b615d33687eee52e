//! A file of a layer, as a cataloger sees it.

use std::io;

use crate::Fault;

/// What is known of a regular file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct FileInfo<'a> {
    /// Its path below the root of the image, without a leading slash. Bytes that aren't UTF-8 stand
    /// as `\xHH`.
    pub path: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// Whether anybody may execute it.
    pub is_executable: bool,
}

impl<'a> FileInfo<'a> {
    /// The last component of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// The bytes of a file, wherever they are: in memory, or in a file that is too large for it.
pub trait Content {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads at `offset`; fewer bytes than asked for only at the end.
    ///
    /// # Errors
    ///
    /// Where the bytes can't be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Content for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).map_or(self.len(), |offset| offset.min(self.len()));
        let length = buffer.len().min(self.len() - start);
        buffer[..length].copy_from_slice(&self[start..start + length]);
        Ok(length)
    }
}

/// All bytes of a file of at most `bound` bytes.
///
/// # Errors
///
/// [`Fault`] if the file is larger, or can't be read.
pub fn read_whole(content: &dyn Content, bound: u64) -> Result<Vec<u8>, Fault> {
    let size = content.size();
    if size > bound {
        return Err(Fault::new(format!(
            "it has {size} bytes; at most {bound} are read"
        )));
    }
    let size = usize::try_from(size).map_err(|_| Fault::new("it is larger than memory"))?;
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match content.read_at(filled as u64, &mut bytes[filled..]) {
            Ok(0) => return Err(Fault::new("it ends early")),
            Ok(length) => filled += length,
            Err(error) => return Err(Fault::new(error.to_string())),
        }
    }
    Ok(bytes)
}

/// The first bytes of a file, at most `count`; fewer where it can't be read further.
pub(crate) fn read_at_most(content: &dyn Content, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        match content.read_at(filled as u64, &mut bytes[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(length) => filled += length,
        }
    }
    bytes.truncate(filled);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_at_their_offset_and_no_further() {
        let bytes: &[u8] = b"abcdef";
        let mut buffer = [0; 4];
        assert_eq!(bytes.read_at(4, &mut buffer).unwrap(), 2);
        assert_eq!(&buffer[..2], b"ef");
        assert_eq!(bytes.read_at(9, &mut buffer).unwrap(), 0);
        assert_eq!(bytes.read_at(u64::MAX, &mut buffer).unwrap(), 0);
    }

    #[test]
    fn a_file_beyond_its_bound_is_a_fault() {
        let bytes: &[u8] = b"abcdef";
        assert_eq!(read_whole(&Drops(bytes), 6).unwrap(), b"abcdef");
        let fault = read_whole(&Drops(bytes), 5).unwrap_err().to_string();
        assert_eq!(fault, "it has 6 bytes; at most 5 are read");
    }

    /// Gives one byte at a time, as a slow file may.
    struct Drops<'a>(&'a [u8]);

    impl Content for Drops<'_> {
        fn size(&self) -> u64 {
            self.0.size()
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read_at(offset, &mut buffer[..length])
        }
    }
}
