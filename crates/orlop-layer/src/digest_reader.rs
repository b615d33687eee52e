//! A reader that hashes what passes.

use std::io::{self, Read};

use orlop_oci::{Algorithm, Digest, Digester};

/// Hashes and counts the bytes read through it: around a compressed source it gives the blob's
/// digest and size, around a [`Decompressor`](crate::Decompressor) the diff ID.
#[derive(Debug)]
pub struct DigestReader<R> {
    inner: R,
    digester: Digester,
    passed: u64,
}

impl<R: Read> DigestReader<R> {
    /// Hashes with SHA-256.
    pub fn new(inner: R) -> Self {
        Self::with_algorithm(inner, Algorithm::Sha256)
    }

    /// Hashes with `algorithm`.
    pub fn with_algorithm(inner: R, algorithm: Algorithm) -> Self {
        Self {
            inner,
            digester: Digester::new(algorithm),
            passed: 0,
        }
    }

    /// Bytes that have passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The digest of all bytes that have passed, and the reader inside.
    pub fn finish(self) -> (Digest, R) {
        (self.digester.finish(), self.inner)
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digester.update(&buffer[..count]);
        self.passed += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_what_passed() {
        let mut reader = DigestReader::new(&b"hello world"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.passed(), 11);
        assert_eq!(reader.finish().0, Digest::of(b"hello world"));
    }
}
