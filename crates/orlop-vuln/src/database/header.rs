//! The first bytes of a database, by which the rest is found and checked.

use sha2::{Digest, Sha256};

use super::contents::Contents;
use super::{DatabaseError, FORMAT};

const MAGIC: &[u8; 8] = b"ORLOPADV";
/// How long the header is, in bytes.
pub(super) const LENGTH: usize = 136;
/// The largest contents, in bytes. Ten thousand ecosystems have some 5 MB.
const CONTENTS: u64 = 64 << 20;

/// ```text
///   0  magic
///   8  version of the format (32 bits, little endian, as all numbers)
///  12  zero
///  16  length of the file
///  24  offset of the contents, which end the file
///  32  SHA-256 of the contents
///  64  SHA-256 of everything after the header
///  96  zero
/// 104  SHA-256 of the bytes before
/// ```
pub(super) struct Header {
    length: u64,
    contents: u64,
    checksum: [u8; 32],
    pub(super) digest: [u8; 32],
}

impl Header {
    fn write(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.length.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.contents.to_le_bytes());
        bytes[32..64].copy_from_slice(&self.checksum);
        bytes[64..96].copy_from_slice(&self.digest);
        let checksum: [u8; 32] = Sha256::digest(&bytes[..104]).into();
        bytes[104..].copy_from_slice(&checksum);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, DatabaseError> {
        let magic = bytes.get(..8);
        if magic != Some(MAGIC) {
            return Err(DatabaseError::Foreign);
        }
        let Some(header) = bytes.first_chunk::<LENGTH>() else {
            return Err(DatabaseError::Damaged("it ends early"));
        };
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&header[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let format = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        if format != FORMAT {
            return Err(DatabaseError::Format(format));
        }
        if Sha256::digest(&header[..104])[..] != header[104..] {
            return Err(DatabaseError::Damaged(
                "the checksum of its header is wrong",
            ));
        }
        let mut read = Self {
            length: number(16),
            contents: number(24),
            checksum: [0; 32],
            digest: [0; 32],
        };
        read.checksum.copy_from_slice(&header[32..64]);
        read.digest.copy_from_slice(&header[64..96]);
        Ok(read)
    }
}

/// Puts a database together from the sections and what they are.
pub(super) fn write(mut file: Vec<u8>, contents: &Contents) -> Vec<u8> {
    let offset = file.len() as u64;
    // Plain structs with text for keys can always be written.
    let json = serde_json::to_vec(contents).expect("contents are written as JSON");
    file.extend_from_slice(&json);
    let header = Header {
        length: file.len() as u64,
        contents: offset,
        checksum: Sha256::digest(&json).into(),
        digest: Sha256::digest(&file[LENGTH..]).into(),
    };
    file[..LENGTH].copy_from_slice(&header.write());
    file
}

/// Reads the header and the contents.
pub(super) fn read(bytes: &[u8]) -> Result<(Header, Contents), DatabaseError> {
    let header = Header::read(bytes)?;
    if header.length != bytes.len() as u64 {
        return Err(DatabaseError::Damaged("it hasn't the length that it says"));
    }
    let start = usize::try_from(header.contents).ok();
    let contents = start
        .filter(|&start| start >= LENGTH)
        .and_then(|start| bytes.get(start..))
        .ok_or(DatabaseError::Damaged("its contents are missing"))?;
    if contents.len() as u64 > CONTENTS {
        return Err(DatabaseError::Damaged("its contents are too long"));
    }
    if Sha256::digest(contents)[..] != header.checksum {
        return Err(DatabaseError::Damaged(
            "the checksum of its contents is wrong",
        ));
    }
    let contents = serde_json::from_slice(contents)
        .map_err(|_| DatabaseError::Damaged("its contents can't be read"))?;
    Ok((header, contents))
}

/// Everything before the contents.
pub(super) fn sections<'a>(bytes: &'a [u8], header: &Header) -> &'a [u8] {
    let end = usize::try_from(header.contents).unwrap_or(usize::MAX);
    // It was looked at when the contents were read.
    bytes.get(..end).unwrap_or_default()
}

/// Compares everything after the header with its checksum.
pub(super) fn verify(bytes: &[u8], header: &Header) -> Result<(), DatabaseError> {
    let after = bytes.get(LENGTH..).unwrap_or_default();
    match Sha256::digest(after)[..] == header.digest {
        true => Ok(()),
        false => Err(DatabaseError::Damaged("its checksum is wrong")),
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
