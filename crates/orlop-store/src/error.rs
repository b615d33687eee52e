//! Why the store refuses. Messages are lower case and one line: what, where, and what to do in
//! [`Error::hint`].

use std::path::{Path, PathBuf};

use orlop_oci::{Digest, Reference};

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: "create", "read", …
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database says no, for no reason of its own below.
    #[error("store database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database file is no database, or holds what can't be.
    #[error("store database {path} is damaged: {reason}", path = path.display())]
    DamagedDatabase {
        /// Which file.
        path: PathBuf,
        /// In SQLite's words.
        reason: String,
    },
    /// There are blobs, but no database.
    #[error("{root}/orlop.db is missing, and there are blobs", root = root.display())]
    LostDatabase {
        /// Which store.
        root: PathBuf,
    },
    /// Something can't be done while others are at it.
    #[error("store {root} is in use by another process", root = root.display())]
    InUseByOthers {
        /// Which store.
        root: PathBuf,
    },
    /// The database was written by a later program.
    #[error("store database {path} has schema {found}, newer than {known}, the newest this program knows", path = path.display())]
    NewerDatabase {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Another process kept the write lock for longer than the time-out.
    #[error("store {root} is busy: another process has been writing for more than {seconds} s", root = root.display())]
    Busy {
        /// Which store.
        root: PathBuf,
        /// The time-out.
        seconds: u64,
    },
    /// The store can only be read.
    #[error("store {root} is read-only", root = root.display())]
    ReadOnly {
        /// Which store.
        root: PathBuf,
    },
    /// There is no such blob.
    #[error("blob {0} is not in the store")]
    NoBlob(Digest),
    /// There is no such image.
    #[error("image {0} is not in the store")]
    NoImage(Digest),
    /// There is no such name.
    #[error("no such name: {}", .0.familiar())]
    NoName(Reference),
    /// A name has to be `repository:tag` or `repository@digest`.
    #[error("{} can't name an image in the store: it needs either a tag or a digest", .0.familiar())]
    BadName(Reference),
    /// A stored blob isn't what its name says.
    #[error("blob {digest} is damaged: {reason}")]
    DamagedBlob {
        /// Which.
        digest: Digest,
        /// How.
        reason: String,
    },
    /// Bytes that came in don't have the digest they were asked for by.
    #[error("digest mismatch: expected {expected}, got {actual}")]
    DigestMismatch {
        /// Asked for.
        expected: Digest,
        /// Received.
        actual: Digest,
    },
    /// Bytes that came in are more or fewer than the descriptor names.
    #[error("size mismatch of blob {digest}: expected {expected} bytes, got {actual}")]
    SizeMismatch {
        /// Which blob.
        digest: Digest,
        /// Of the descriptor.
        expected: u64,
        /// Received.
        actual: u64,
    },
    /// A document larger than what is read into memory.
    #[error("document {digest} of {size} bytes is larger than the {max} bytes allowed")]
    TooLarge {
        /// Which.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        max: u64,
    },
    /// An image can't be removed now.
    #[error("image {} is in use: {by}", image.short())]
    InUse {
        /// Which.
        image: Digest,
        /// By what: "mounted on /mnt".
        by: String,
    },
    /// A removal that can't be taken back: it was, or it is too old.
    #[error("this removal is not on record any more")]
    NoRemoval,
    /// A publication contradicts itself.
    #[error("incomplete publication: {0}")]
    Incomplete(String),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::DamagedBlob { .. } => {
                "`orlop system repair` puts it aside, and the next pull fetches it; if it happens again, check the disk"
                    .to_owned()
            }
            Self::DamagedDatabase { .. } | Self::LostDatabase { .. } => {
                "`orlop system repair` makes it anew from the images".to_owned()
            }
            Self::InUseByOthers { .. } => "try again when the other process is done".to_owned(),
            Self::NewerDatabase { .. } => "use the newer program".to_owned(),
            Self::Busy { .. } => "try again when the other operation is done".to_owned(),
            Self::Io { source, path, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied => format!(
                    "{} belongs to another user: run as that user, or choose another store with --root",
                    path.display()
                ),
                std::io::ErrorKind::StorageFull => {
                    "free some space; what was downloaded is kept and the next try resumes"
                        .to_owned()
                }
                _ => return None,
            },
            Self::InUse { .. } => "unmount it first".to_owned(),
            _ => return None,
        })
    }

    /// There is no room left on the disk.
    pub(crate) fn is_full_disk(&self) -> bool {
        matches!(self, Self::Io { source, .. } if matches!(
            source.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        ))
    }

    /// Wraps what a file operation answers.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Wraps what a system call answers.
    pub(crate) fn os(action: &'static str, path: &Path) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.to_owned();
        move |errno| Self::Io {
            action,
            path,
            source: errno.into(),
        }
    }
}
