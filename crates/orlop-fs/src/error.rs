//! What can go wrong with a tree. Every message names the path it is about; paths that came from
//! an archive are escaped.

use std::{io, path::Path};

use orlop_layer::printable;

/// What this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A tree that can't be made, read or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The layer's bytes are at fault.
    #[error(transparent)]
    Layer(#[from] orlop_layer::Error),
    /// An entry that may not be made.
    #[error("refusing to unpack \"{path}\": {reason}")]
    Refused {
        /// The entry, escaped, relative to the root.
        path: String,
        /// Why.
        reason: String,
    },
    /// An entry that makes no sense where it is: its parent is no directory, or there is nothing
    /// to link to. In a directory of its own a layer may only seem to have one.
    #[error("refusing to unpack \"{path}\": {reason}")]
    Unresolved {
        /// The entry, escaped, relative to the root.
        path: String,
        /// Why.
        reason: String,
    },
    /// An entry that belongs to somebody whom the user namespace hasn't got.
    #[error(
        "refusing to unpack \"{path}\": it belongs to {uid}:{gid}, and this user namespace has no such ids"
    )]
    NoSuchOwner {
        /// The entry, escaped, relative to the root.
        path: String,
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// The system refuses something.
    #[error("{action} \"{path}\": {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// On what: relative to the root of the tree, escaped.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    pub(crate) fn refused(path: &[u8], reason: impl Into<String>) -> Self {
        Self::Refused {
            path: shown(path),
            reason: reason.into(),
        }
    }

    pub(crate) fn unresolved(path: &[u8], reason: impl Into<String>) -> Self {
        Self::Unresolved {
            path: shown(path),
            reason: reason.into(),
        }
    }

    pub(crate) fn no_such_owner(path: &[u8], uid: u32, gid: u32) -> Self {
        Self::NoSuchOwner {
            path: shown(path),
            uid,
            gid,
        }
    }

    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        matches!(self, Self::NoSuchOwner { .. }).then(|| {
            "give the user more ids in /etc/subuid and /etc/subgid, or use --storage-driver vfs, \
             with which all files belong to the user"
                .to_owned()
        })
    }

    pub(crate) fn system(action: &'static str, path: &[u8], source: impl Into<io::Error>) -> Self {
        Self::System {
            action,
            path: shown(path),
            source: source.into(),
        }
    }

    pub(crate) fn at(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::system(action, path.as_os_str().as_encoded_bytes(), source)
    }

    /// The disk, or the caller's share of it, is full.
    pub fn is_full(&self) -> bool {
        let source = match self {
            Self::System { source, .. } => source,
            Self::Layer(orlop_layer::Error::Read(source)) => source,
            _ => return false,
        };
        matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

fn shown(path: &[u8]) -> String {
    match path {
        b"" => "/".to_owned(),
        _ => printable(path),
    }
}
