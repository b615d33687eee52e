//! What becomes of events: webhooks and the audit log.
//!
//! Every change writes a row into the log of events, in the transaction that makes it. Who wants to
//! hear of changes reads that log and remembers how far it got; nothing is handed over in memory. So
//! a push never waits for a webhook, a `kill -9` loses no event, and an endpoint that was down for a
//! night gets the night's events in their order. Delivery is at least once: an endpoint that answers
//! while the registry dies hears the same event again, with the same ID.
//!
//! ```text
//! push ─▶ row in the log ─┬─▶ delivery (one task, one cursor for each webhook) ─▶ endpoint
//!                         └─▶ audit (one task, one cursor)                     ─▶ file
//! ```

mod audit;
mod backoff;
mod cloud;
mod delivery;
mod distribution;
mod endpoint;
mod identity;
mod log_file;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use orlop_registry_store::{Storage, StorageError};

pub(crate) use audit::up_to as audited_up_to;
pub use audit::{AuditLog, AuditTarget};
pub use delivery::{Pace, Webhook, WebhookError};
pub use identity::Source;
pub use log_file::{LogFile, Reopen};

/// Whom [`EventNotice`]s are told to. Called from any thread, and must not block.
pub type EventObserver = Arc<dyn Fn(EventNotice) + Send + Sync>;

/// What happens to webhooks and the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventNotice {
    /// A webhook couldn't be delivered. Told at the first failure, and then each time that the
    /// number of failures doubles.
    Undelivered {
        /// The webhook.
        name: String,
        /// Why.
        reason: String,
        /// How many times in a row.
        failures: u32,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// It could be delivered again.
    Recovered {
        /// The webhook.
        name: String,
        /// How many times it had failed.
        failures: u32,
    },
    /// Events were too old to be delivered any more.
    Dropped {
        /// The webhook.
        name: String,
        /// How many.
        events: usize,
    },
    /// The log of events can't be read now, or the place in it not be written.
    LogUnavailable {
        /// Who wanted to: a webhook's name, or `audit`.
        name: String,
        /// Why.
        reason: String,
    },
    /// The audit log can't be written now. It is tried again; nothing is left out.
    AuditFailed {
        /// Why.
        reason: String,
    },
}

/// How often the log is looked at without being told of an event: other processes write into it.
const LOOK: Duration = Duration::from_secs(5);

/// How far somebody got in the log of events, kept in the storage.
struct Cursor {
    storage: Storage,
    key: String,
    /// All up to this event is done with.
    at: u64,
    /// What the storage knows.
    saved: u64,
}

impl Cursor {
    /// Where it was left, or `start`, which is then kept.
    async fn open(storage: Storage, key: String, start: u64) -> Result<Self, StorageError> {
        let kept = storage.setting(&key).await?;
        let kept = kept.and_then(|text| text.parse().ok());
        let mut cursor = Self {
            storage,
            key,
            at: kept.unwrap_or(start),
            saved: kept.unwrap_or(0),
        };
        if kept.is_none() {
            cursor.save().await?;
        }
        Ok(cursor)
    }

    async fn save(&mut self) -> Result<(), StorageError> {
        let value = Some(self.at.to_string());
        self.storage.set_setting(&self.key, value).await?;
        self.saved = self.at;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
