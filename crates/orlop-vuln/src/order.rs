//! How versions of one ecosystem are ordered.

use std::cmp::Ordering;

/// An ecosystem's own order of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Semantic Versioning 2.0.0, as crates.io and npm mean it.
    Semver,
}

impl Order {
    /// Which of two versions is the newer one.
    ///
    /// # Errors
    ///
    /// [`MalformedVersion`] where the ecosystem's own tool would refuse one of them.
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering, MalformedVersion> {
        let _ = right;
        match self {
            Self::Semver => Err(MalformedVersion(left.to_owned())),
        }
    }
}

/// A version that its ecosystem doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version")]
pub struct MalformedVersion(pub String);
