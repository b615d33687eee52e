//! A layer's bytes: an archive and the way it is compressed.

use std::io::Write;

use sha2::{Digest as _, Sha256};

/// `sha256:` and the digest of `bytes` in hexadecimal.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// One gzip member.
    Gzip,
    /// Several gzip members in a row, as parallel compressors and eStargz write them.
    GzipMembers,
    /// zstd, one frame.
    Zstd,
}

impl Compression {
    /// The suffix of the layer's media type in OCI.
    pub(crate) fn oci_suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip | Compression::GzipMembers => "+gzip",
            Compression::Zstd => "+zstd",
        }
    }

    fn apply(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Compression::None => tar.to_vec(),
            Compression::Gzip => gzip(tar),
            Compression::GzipMembers => tar
                .chunks(tar.len().div_ceil(5).max(1))
                .flat_map(gzip)
                .collect(),
            Compression::Zstd => zstd::encode_all(tar, 3).expect("memory takes what is written"),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder
        .write_all(bytes)
        .expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written")
}

/// A layer: what is stored, and the digest of what it unpacks to.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The bytes as they are stored and sent.
    pub blob: Vec<u8>,
    /// How `blob` is compressed.
    pub compression: Compression,
    /// The digest of the uncompressed archive, as the configuration tells it.
    pub diff_id: String,
}

impl Layer {
    /// Compresses an archive.
    #[must_use]
    pub fn new(tar: &[u8], compression: Compression) -> Self {
        Layer {
            blob: compression.apply(tar),
            compression,
            diff_id: digest_of(tar),
        }
    }

    /// A layer of one file whose `size` bytes hardly compress: for tests that need a transfer to
    /// take its time. The same `seed` makes the same bytes.
    #[must_use]
    pub fn noise(path: &str, size: usize, seed: u64) -> Self {
        let tar = crate::Tarball::new()
            .file(path, 0o644, noise(size, seed))
            .finish();
        Layer::new(&tar, Compression::Gzip)
    }

    /// The digest of the stored bytes.
    #[must_use]
    pub fn digest(&self) -> String {
        digest_of(&self.blob)
    }
}

/// Bytes without a pattern that a compressor could find (splitmix64).
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
