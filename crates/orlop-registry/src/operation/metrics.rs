//! Prometheus metrics. They belong to one server: no recorder of the process is used.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::BesideMetrics;

/// Seconds: from a manifest out of memory to a layer over a slow line.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

type MakeHistogram = fn() -> Histogram;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    durations: Family<Kind, Histogram, MakeHistogram>,
    received: Family<Kind, Counter>,
    sent: Family<Kind, Counter>,
    uploads: Family<Outcome, Counter>,
    dropped: Counter,
    panics: Counter,
    /// Requests that are being answered.
    pub(crate) in_flight: Gauge,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Connections that were taken.
    pub(crate) accepted: Counter<u64, AtomicU64>,
    /// What goes on beside requests.
    pub(crate) beside: BesideMetrics,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let make: MakeHistogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("orlop"),
            requests: Family::default(),
            durations: Family::new_with_constructor(make),
            received: Family::default(),
            sent: Family::default(),
            uploads: Family::default(),
            dropped: Counter::default(),
            panics: Counter::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            beside: BesideMetrics::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        let help = "Requests that were answered";
        r.register("http_requests", help, self.requests.clone());
        let help = "Time from a request's headers to the end of its answer";
        let (name, unit) = ("http_request_duration", Unit::Seconds);
        r.register_with_unit(name, help, unit, self.durations.clone());
        let help = "Bytes of the bodies of requests";
        r.register_with_unit("http_received", help, Unit::Bytes, self.received.clone());
        let help = "Bytes of the bodies of answers";
        r.register_with_unit("http_sent", help, Unit::Bytes, self.sent.clone());
        let help = "Requests that are being answered";
        r.register("http_requests_in_flight", help, self.in_flight.clone());
        let help = "Connections that are open";
        r.register("http_connections", help, self.connections.clone());
        let help = "Connections that were taken";
        r.register("http_connections_accepted", help, self.accepted.clone());
        let help = "Uploads of blobs, by what became of them";
        r.register("uploads", help, self.uploads.clone());
        let help = "Lines of the access log that were dropped, since the log couldn't keep up";
        r.register("access_log_dropped", help, self.dropped.clone());
        let help = "Requests that met a fault of the program";
        r.register("panics", help, self.panics.clone());
        self.beside.register(r);
    }

    /// A request has been answered.
    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        duration: Duration,
        (received, sent): (u64, u64),
    ) {
        let asked = Asked {
            method,
            route,
            status,
        };
        let kind = Kind { method, route };
        self.requests.get_or_create(&asked).inc();
        let durations = self.durations.get_or_create(&kind);
        durations.observe(duration.as_secs_f64());
        drop(durations);
        if received > 0 {
            self.received.get_or_create(&kind).inc_by(received);
        }
        if sent > 0 {
            self.sent.get_or_create(&kind).inc_by(sent);
        }
    }

    /// An upload was `started`, `finished` or `cancelled`.
    pub(crate) fn upload(&self, outcome: &'static str) {
        self.uploads.get_or_create(&Outcome { outcome }).inc();
    }

    /// A line of the access log was dropped.
    pub(crate) fn log_dropped(&self) {
        self.dropped.inc();
    }

    /// A request met a fault of the program.
    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// All of it, as OpenMetrics text.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing into a text can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use orlop_registry_store::{CollectReport, RetentionReport};

    use super::*;

    #[test]
    fn the_documentation_has_them_all() {
        let metrics = Metrics::new();
        metrics.answered("GET", "/v2/", 200, Duration::from_secs(1), (1, 1));
        metrics.upload("started");
        let beside = &metrics.beside;
        beside.collected(Some(&CollectReport::default()), Duration::from_secs(1));
        beside.retained(Some(&RetentionReport::default()));
        let folder = tempfile::tempdir().unwrap();
        let options = orlop_registry_store::StorageOptions::new(folder.path());
        let storage = orlop_registry_store::Storage::open(options).unwrap();
        let reader = beside.reader(Some("ci"));
        reader.asked(true, 1);
        beside.look(&storage);
        let text = metrics.encode();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let names = types.map(|line| match line.split_once(' ') {
            Some((name, "counter")) => format!("{name}_total"),
            Some((name, _)) => name.to_owned(),
            None => line.to_owned(),
        });
        let known: BTreeSet<String> = names.collect();
        let document = include_str!("../../../../docs/metrics.md");
        let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
        let described: BTreeSet<String> = rows
            .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
            .collect();
        assert_eq!(known, described);
    }
}
