//! What can be wrong with compressed data.

use std::io;

/// What is wrong with compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It ends in the middle.
    #[error("it ends early")]
    Truncated,
    /// A member doesn't begin as one, or is compressed by another method.
    #[error("invalid gzip header")]
    Header,
    /// The checksum of a header is wrong.
    #[error("the header's checksum is wrong")]
    HeaderChecksum,
    /// A block has a type that isn't known.
    #[error("invalid block type")]
    BlockType,
    /// A stored block says its length twice, and not the same.
    #[error("invalid stored block lengths")]
    StoredLength,
    /// A block has more codes than there are.
    #[error("too many length or distance symbols")]
    TooManyCodes,
    /// The lengths of codes can't be those of a code.
    #[error("invalid code lengths")]
    CodeLengths,
    /// A block couldn't end.
    #[error("a block without an end")]
    NoEnd,
    /// There is no such code.
    #[error("invalid code")]
    Code,
    /// A match begins before the data does.
    #[error("invalid distance too far back")]
    TooFarBack,
    /// The content isn't what it was when it was compressed.
    #[error("the checksum is wrong")]
    Checksum,
    /// The content hasn't the length that is said.
    #[error("the length is wrong")]
    Length,
}

impl From<InflateError> for io::Error {
    fn from(error: InflateError) -> Self {
        let kind = match error {
            InflateError::Truncated => io::ErrorKind::UnexpectedEof,
            InflateError::Header => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
