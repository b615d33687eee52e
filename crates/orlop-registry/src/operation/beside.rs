//! Metrics of what goes on beside requests: collection, retention, webhooks, the audit log.
//!
//! Counters are counted where it happens. What waits is asked for when somebody looks: each reader of
//! the log of events says how far it is, and only the look compares that with the newest event.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use orlop_registry_store::{CollectReport, RetentionReport, Storage};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    webhook: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivery {
    webhook: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reads {
    reader: String,
}

/// What is counted beside requests. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct BesideMetrics(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    collections: Family<Outcome, Counter>,
    collection_duration: Seconds,
    collection_finished: Seconds,
    freed_blobs: Counter,
    freed_bytes: Counter,
    retentions: Family<Outcome, Counter>,
    removed_tags: Counter,
    removed_manifests: Counter,
    requests: Family<Delivery, Counter>,
    events: Family<Delivery, Counter>,
    waiting: Family<Of, Gauge>,
    oldest: Family<Of, Seconds>,
    behind: Family<Reads, Gauge>,
    open_uploads: Gauge,
    open_upload_bytes: Gauge,
    readers: Mutex<Vec<Weak<Reader>>>,
}

/// One who reads the log of events, and how far it is. It counts for as long as it lives.
#[derive(Debug)]
pub(crate) struct Reader {
    name: String,
    webhook: Option<Of>,
    metrics: BesideMetrics,
    /// The last event that was read.
    read: AtomicU64,
    /// Of those that were read, how many still wait.
    waiting: AtomicU64,
    /// When the first of them happened, in microseconds since 1970.
    oldest: AtomicI64,
}

impl BesideMetrics {
    pub(crate) fn register(&self, r: &mut Registry) {
        let m = &self.0;
        let help = "Collections, by what became of them";
        r.register("collections", help, m.collections.clone());
        let help = "How long the last collection took";
        let name = "collection_last_duration";
        r.register_with_unit(name, help, Unit::Seconds, m.collection_duration.clone());
        let help = "When a collection last came to its end, since 1970";
        let name = "collection_last_finished_timestamp";
        r.register_with_unit(name, help, Unit::Seconds, m.collection_finished.clone());
        let help = "Blobs and manifests that collection freed";
        r.register("collection_freed_blobs", help, m.freed_blobs.clone());
        let help = "Bytes that collection freed";
        r.register_with_unit("collection_freed", help, Unit::Bytes, m.freed_bytes.clone());
        let help = "Runs of retention, by what became of them";
        r.register("retentions", help, m.retentions.clone());
        let help = "Tags that retention removed";
        r.register("retention_removed_tags", help, m.removed_tags.clone());
        let help = "Manifests that retention removed";
        let removed = m.removed_manifests.clone();
        r.register("retention_removed_manifests", help, removed);
        let help = "Requests to webhooks, by what became of them";
        r.register("webhook_requests", help, m.requests.clone());
        let help = "Events for webhooks, by what became of them";
        r.register("webhook_events", help, m.events.clone());
        let help = "Events that wait for a webhook";
        r.register("webhook_waiting_events", help, m.waiting.clone());
        let help = "Age of the oldest event that waits for a webhook";
        let name = "webhook_oldest_waiting";
        r.register_with_unit(name, help, Unit::Seconds, m.oldest.clone());
        let help = "Events in the log that a reader hasn't read yet";
        r.register("events_behind", help, m.behind.clone());
        let help = "Uploads of blobs that aren't finished";
        r.register("uploads_open", help, m.open_uploads.clone());
        let help = "Bytes that uploads have which aren't finished";
        let bytes = m.open_upload_bytes.clone();
        r.register_with_unit("uploads_open", help, Unit::Bytes, bytes);
    }

    /// A collection ended, `None` by failing.
    pub(crate) fn collected(&self, report: Option<&CollectReport>, took: Duration) {
        let m = &self.0;
        m.collection_duration.set(took.as_secs_f64());
        let outcome = match report {
            None => "failed",
            Some(report) if report.complete => "finished",
            Some(_) => "unfinished",
        };
        m.collections.get_or_create(&Outcome { outcome }).inc();
        let Some(report) = report else { return };
        m.freed_blobs.inc_by(report.freed.count);
        m.freed_bytes.inc_by(report.freed.bytes);
        if report.complete {
            let now = Timestamp::now().as_duration().as_secs_f64();
            m.collection_finished.set(now);
        }
    }

    /// Retention ended, `None` by failing.
    pub(crate) fn retained(&self, report: Option<&RetentionReport>) {
        let m = &self.0;
        let outcome = match report {
            Some(_) => "finished",
            None => "failed",
        };
        m.retentions.get_or_create(&Outcome { outcome }).inc();
        if let Some(report) = report {
            m.removed_tags.inc_by(report.removed_tags as u64);
            m.removed_manifests.inc_by(report.removed_manifests as u64);
        }
    }

    /// Somebody begins to read the log of events: a webhook of this name, or the audit log.
    pub(crate) fn reader(&self, webhook: Option<&str>) -> Arc<Reader> {
        let reader = Arc::new(Reader {
            name: webhook.map_or_else(|| "audit".to_owned(), |name| format!("webhook.{name}")),
            webhook: webhook.map(|webhook| Of {
                webhook: webhook.to_owned(),
            }),
            metrics: self.clone(),
            read: AtomicU64::new(u64::MAX),
            waiting: AtomicU64::new(0),
            oldest: AtomicI64::new(0),
        });
        let mut readers = self
            .0
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(&reader));
        reader
    }

    /// Looks at what waits.
    pub(crate) fn look(&self, storage: &Storage) {
        let m = &self.0;
        let open = storage.open_uploads();
        m.open_uploads.set(signed(open.count));
        m.open_upload_bytes.set(signed(open.bytes));
        let newest = *storage.watch_events().borrow();
        m.waiting.clear();
        m.oldest.clear();
        m.behind.clear();
        let readers = m.readers.lock().unwrap_or_else(PoisonError::into_inner);
        for reader in readers.iter().filter_map(Weak::upgrade) {
            let behind = newest.saturating_sub(reader.read.load(Ordering::Relaxed));
            let name = reader.name.clone();
            let of = Reads { reader: name };
            m.behind.get_or_create(&of).set(signed(behind));
            let Some(of) = &reader.webhook else { continue };
            let waiting = reader.waiting.load(Ordering::Relaxed);
            m.waiting.get_or_create(of).set(signed(waiting + behind));
            let oldest = reader.oldest.load(Ordering::Relaxed);
            let age = match waiting {
                0 => 0.0,
                _ => (Timestamp::now().as_microsecond() - oldest) as f64 / 1e6,
            };
            m.oldest.get_or_create(of).set(age.max(0.0));
        }
    }
}

impl Reader {
    /// Has read up to an event, and has gone through all of it but so many; `oldest` is when the
    /// first of those happened.
    pub(crate) fn at(&self, event: u64, waiting: usize, oldest: Option<Timestamp>) {
        let oldest = oldest.map_or(0, Timestamp::as_microsecond);
        self.oldest.store(oldest, Ordering::Relaxed);
        self.waiting.store(waiting as u64, Ordering::Relaxed);
        self.read.store(event, Ordering::Relaxed);
    }

    /// A webhook's request with so many events was answered.
    pub(crate) fn asked(&self, delivered: bool, events: usize) {
        let outcome = if delivered { "delivered" } else { "failed" };
        self.count(&self.metrics.0.requests, outcome, 1);
        if delivered {
            self.count(&self.metrics.0.events, "delivered", events);
        }
    }

    /// Events were too old to be delivered.
    pub(crate) fn dropped(&self, events: usize) {
        self.count(&self.metrics.0.events, "dropped", events);
    }

    fn count(&self, counters: &Family<Delivery, Counter>, outcome: &'static str, count: usize) {
        if let Some(Of { webhook }) = self.webhook.clone() {
            let counter = counters.get_or_create(&Delivery { webhook, outcome });
            counter.inc_by(count as u64);
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
