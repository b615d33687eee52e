//! Why a server doesn't start, or doesn't take new files.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server doesn't start, or doesn't take new files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// There is nowhere to listen.
    #[error("no address to listen on")]
    NoAddress,
    /// An address can't be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A file of TLS can't be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of TLS holds something else.
    #[error("{path}: {reason}")]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key don't go together, or the like.
    #[error("TLS: {0}")]
    Tls(String),
}
