//! What an operator sees: the access log, metrics, and what happens beside requests.

mod beside;
mod log;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;

pub use beside::BesideMetrics;
pub(crate) use beside::Reader;
pub(crate) use log::{AccessLog, Record};
pub(crate) use metrics::Metrics;

/// Where a server writes to.
#[derive(Default)]
pub struct Sinks {
    /// Gets a JSON line for each request. It is written on a thread of its own; when it can't keep
    /// up, lines are dropped and counted rather than requests held up.
    pub access_log: Option<Box<dyn std::io::Write + Send>>,
    /// Is told what happens beside requests.
    pub observer: Option<Observer>,
}

/// Whom [`Notice`]s are told to. Called from any thread, and must not block.
pub type Observer = Arc<dyn Fn(Notice) + Send + Sync>;

/// What happens beside requests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Connections are taken.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Behind TLS.
        secure: bool,
    },
    /// The files of TLS changed and are in use.
    TlsRead,
    /// The files of TLS changed and can't be used; what was read before holds on.
    TlsRefused {
        /// Why.
        reason: String,
    },
    /// No connection can be taken now, mostly for want of file descriptors.
    AcceptFailed {
        /// Why.
        reason: String,
    },
    /// A request met a fault of the program. It was answered with 500.
    Panicked {
        /// The request.
        request: String,
        /// What is known of it.
        reason: String,
    },
    /// A request met a fault of the machine. It was answered with 5xx.
    Failed {
        /// The request.
        request: String,
        /// Why.
        reason: String,
    },
    /// The server stops: no connection is taken any more, and what runs is finished.
    Draining,
    /// What still ran when the time was over was cut off.
    CutOff {
        /// How many connections.
        connections: usize,
    },
}
