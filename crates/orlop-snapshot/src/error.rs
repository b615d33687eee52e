//! Why a storage driver refuses. Messages are lower case and one line; what to do is in
//! [`Error::hint`].

use std::io;
use std::path::{Path, PathBuf};

use orlop_oci::ChainId;

/// A result of a storage driver.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a storage driver refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An operation on a tree of files.
    #[error(transparent)]
    Tree(#[from] orlop_fs::Error),
    /// An operation of the store.
    #[error(transparent)]
    Store(#[from] orlop_store::Error),
    /// There is no driver of this name.
    #[error("unknown storage driver {0:?}")]
    UnknownDriver(String),
    /// A driver that was asked for doesn't work here.
    #[error("storage driver {driver} doesn't work here: {reason}")]
    Unusable {
        /// Which.
        driver: &'static str,
        /// Why.
        reason: String,
    },
    /// A program that a driver needs can't be run, or refuses.
    #[error("`{line}`: {said}")]
    Command {
        /// What was run.
        line: String,
        /// What it said, or why it couldn't be run.
        said: String,
    },
    /// `zfs` was asked for, and neither the store nor the configuration says on which dataset.
    #[error("{} lies on no ZFS dataset, and none is configured", .0.display())]
    NoDataset(PathBuf),
    /// A layer isn't unpacked, or no more.
    #[error("layer {chain} is not unpacked by the storage driver {driver}")]
    NoSnapshot {
        /// Which.
        chain: ChainId,
        /// By which driver.
        driver: &'static str,
    },
    /// More layers than the kernel stacks.
    #[error("a stack of {layers} layers can't be mounted: the kernel takes {max} at most")]
    TooManyLayers {
        /// How many.
        layers: usize,
        /// The kernel's bound.
        max: usize,
    },
    /// A mount that the kernel refuses.
    #[error("cannot mount on {target}: {source}{detail}", target = target.display())]
    Mount {
        /// Where.
        target: PathBuf,
        /// Why not.
        source: io::Error,
        /// What the kernel says beside it.
        detail: String,
    },
    /// Mounting needs a privilege that this process doesn't have.
    #[error("mounting on {} needs root", .0.display())]
    NeedsRoot(PathBuf),
    /// The target of a mount is no directory.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Nothing is mounted there.
    #[error("nothing is mounted on {}", .0.display())]
    NotMounted(PathBuf),
    /// What is mounted there is not ours.
    #[error("what is mounted on {} is no image of this store", .0.display())]
    NotOurs(PathBuf),
    /// The mount is used.
    #[error("{} is in use: a process works in it or has a file of it open", .0.display())]
    Busy(PathBuf),
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownDriver(_) => format!("choose one of: {}", crate::DRIVERS.join(", ")),
            Self::Unusable { .. } => {
                "leave the choice to orlop, or use the storage driver vfs, which works everywhere"
                    .to_owned()
            }
            Self::NoSnapshot { .. } => "pull the image again".to_owned(),
            Self::NeedsRoot(_) => {
                "run as root, or in a namespace of your own (`orlop unshare`)".to_owned()
            }
            Self::NotOurs(_) => "use `umount`".to_owned(),
            Self::Busy(path) => format!(
                "leave the directory; `fuser -vm {}` shows who is there",
                path.display()
            ),
            Self::Store(error) => return error.hint(),
            Self::Tree(error) => return error.hint(),
            _ => return None,
        })
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn os(action: &'static str, path: &Path) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.to_owned();
        move |errno| Self::Io {
            action,
            path,
            source: errno.into(),
        }
    }

    pub(crate) fn mount(target: &Path, errno: rustix::io::Errno, detail: String) -> Self {
        match errno {
            rustix::io::Errno::PERM | rustix::io::Errno::ACCESS => {
                Self::NeedsRoot(target.to_owned())
            }
            _ => Self::Mount {
                target: target.to_owned(),
                source: errno.into(),
                detail,
            },
        }
    }
}
