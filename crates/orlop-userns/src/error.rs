//! Why there is no way into a namespace.

use std::io;
use std::path::PathBuf;

/// What this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no way into a namespace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel doesn't make one.
    #[error("the kernel gives no user namespace: {0}")]
    Refused(#[source] io::Error),
    /// A file of the system can't be read or written.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The programs that write the map of ids refuse, and the process is in a namespace without ids now.
    #[error("newuidmap and newgidmap refuse: {0}")]
    NoMap(String),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(_) => Some(
                "have them allowed (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, \
                 kernel.apparmor_restrict_unprivileged_userns), or use --storage-driver vfs"
                    .to_owned(),
            ),
            Self::NoMap(_) => Some("see /etc/subuid and /etc/subgid".to_owned()),
            Self::Io { .. } => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
