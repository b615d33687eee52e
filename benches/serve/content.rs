//! Blobs to push: bytes that no two of them share and that no file system can make smaller.

use sha2::{Digest as _, Sha256};

/// A blob and its digest.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: String,
}

impl Blob {
    /// A blob of `size` bytes; another for every seed.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        let mut bytes = vec![0; size];
        fill(&mut bytes, seed);
        let digest = digest(&bytes);
        Self { bytes, digest }
    }
}

/// Fills a buffer with noise (xorshift).
pub(crate) fn fill(bytes: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for chunk in bytes.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
}

/// `sha256:HEX`
pub(crate) fn digest(bytes: &[u8]) -> String {
    name(&Sha256::digest(bytes))
}

/// `sha256:HEX` of a finished hash.
pub(crate) fn name(hash: &[u8]) -> String {
    hash.iter().fold("sha256:".to_owned(), |name, byte| {
        format!("{name}{byte:02x}")
    })
}
