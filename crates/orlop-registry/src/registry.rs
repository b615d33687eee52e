//! What all requests share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use orlop_access::AccessControl;
use orlop_registry_store::Storage;

use crate::browser::Pages;
use crate::operation::{AccessLog, Metrics, Observer};
use crate::options::ServerOptions;

/// What all requests share.
pub(crate) struct Registry {
    pub(crate) options: ServerOptions,
    pub(crate) pages: Pages,
    pub(crate) storage: Storage,
    pub(crate) access: AccessControl,
    pub(crate) metrics: Metrics,
    pub(crate) log: AccessLog,
    pub(crate) observer: Observer,
    /// The server is stopping: what runs is finished, and `/readyz` says so.
    pub(crate) draining: AtomicBool,
    requests: RequestIds,
}

impl Registry {
    pub(crate) fn new(
        options: ServerOptions,
        storage: Storage,
        access: AccessControl,
        log: AccessLog,
        observer: Observer,
        metrics: Metrics,
    ) -> Self {
        Self {
            pages: Pages::new(&options),
            options,
            storage,
            access,
            metrics,
            log,
            observer,
            draining: AtomicBool::new(false),
            requests: RequestIds::new(),
        }
    }

    /// An ID that no other request has.
    pub(crate) fn request_id(&self) -> String {
        self.requests.next()
    }
}

/// IDs of requests: when the server started, and a count.
struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    fn new() -> Self {
        let now = jiff::Timestamp::now().as_microsecond();
        Self {
            start: now.unsigned_abs(),
            count: AtomicU64::new(1),
        }
    }

    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{count:x}", self.start)
    }
}
