//! A wish to stop, which threads and tasks can both hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Says once that an operation shall stop. Clones are the same wish.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

impl Cancel {
    /// Nobody has wished anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wishes it. Safe from any thread, not from a signal handler.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether it was wished.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// The flag itself, for blocking code that looks now and then.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }

    /// Waits until it is wished.
    pub async fn cancelled(&self) {
        loop {
            let notified = self.notify.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}
