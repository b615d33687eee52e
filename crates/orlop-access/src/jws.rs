//! Signed tokens.

/// Why a token doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is not a token.
    #[error("malformed")]
    Malformed,
}
