//! Why a file can't be read or rewritten. Messages are lower case, one line, and begin with where.

use crate::position::Position;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file can't be read or rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More bytes than are read.
    #[error("the file has {size} bytes, more than the {max} that are read")]
    TooLarge {
        /// Bytes of the file.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// A Dockerfile that no builder takes either.
    #[error("{at}: {why}")]
    Dockerfile {
        /// Where.
        at: Position,
        /// What is wrong.
        why: String,
    },
    /// Not YAML.
    #[error("{at}: not YAML: {why}")]
    Yaml {
        /// Where the reader stopped.
        at: Position,
        /// In its words.
        why: String,
        /// It looks like a template (`{{ … }}`).
        template: bool,
    },
    /// A document deeper or larger than anything that people write.
    #[error("{at}: the document is {what} than is read")]
    Excessive {
        /// Where the bound was passed.
        at: Position,
        /// `deeper` or `larger`.
        what: &'static str,
    },
    /// The rewritten text doesn't read as it should: the file has a form that isn't understood.
    #[error("{at}: {reference} can't be pinned here without changing something else")]
    Unsafe {
        /// Where the reference stands.
        at: Position,
        /// The reference.
        reference: String,
    },
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Yaml { template: true, .. } => Some(
                "a template is read only once it is rendered; pin the values that it is filled with"
                    .to_owned(),
            ),
            Self::Unsafe { .. } => Some("write the digest there by hand".to_owned()),
            _ => None,
        }
    }
}
