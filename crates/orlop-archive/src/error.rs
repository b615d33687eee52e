//! What can be wrong with an archive, a layout, or the place where one is written.
//!
//! Each message begins with the archive that it speaks of, as the user named it.

use orlop_oci::{Digest, ManifestError};

/// What this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an archive can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system doesn't read or write.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, to which file.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It is neither a docker archive nor an OCI layout.
    #[error("{place}: unrecognized image format: {reason}")]
    Unrecognized {
        /// The archive.
        place: String,
        /// What was looked for.
        reason: String,
    },
    /// The compression around the archive or the archive itself is broken, or beyond a bound.
    #[error("{place}: {source}")]
    Archive {
        /// The archive.
        place: String,
        /// What is wrong with it.
        source: orlop_layer::Error,
    },
    /// Something in it isn't allowed there.
    #[error("{place}: {reason}")]
    Invalid {
        /// The archive.
        place: String,
        /// What.
        reason: String,
    },
    /// A document in it breaks a rule.
    #[error("{place}: {what}: {source}")]
    Document {
        /// The archive.
        place: String,
        /// Which: its digest or its name.
        what: String,
        /// Which rule.
        source: ManifestError,
    },
    /// A blob that its index or manifest names isn't in it.
    #[error("{place}: {digest} is not in it")]
    NoBlob {
        /// The archive.
        place: String,
        /// Which.
        digest: Digest,
    },
    /// What was to be written isn't what it was said to be.
    #[error("blob {digest}: {reason}")]
    WrongBlob {
        /// Which.
        digest: Digest,
        /// How it is seen.
        reason: String,
    },
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unrecognized { .. } => {
                Some("the archive of a root file system is brought in by `orlop import`".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn invalid(place: &str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn document(
        place: &str,
        what: impl Into<String>,
    ) -> impl FnOnce(ManifestError) -> Self {
        let (place, what) = (place.to_owned(), what.into());
        move |source| Self::Document {
            place,
            what,
            source,
        }
    }
}
