//! What a long operation tells while it runs. A terminal, a log, a JSON reader, the Engine API and
//! the portal are all shown these same events.

use orlop_oci::{Digest, Platform, Reference};
use serde::Serialize;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A pull knows what it pulls: docker's `latest: Pulling from library/redis`.
    PullStarted {
        /// The name asked for.
        #[serde(serialize_with = "as_text")]
        reference: Reference,
    },
    /// A push knows where it pushes: docker's `The push refers to repository […]`.
    PushStarted {
        /// The name pushed to.
        #[serde(serialize_with = "as_text")]
        reference: Reference,
    },
    /// One platform of an image is about to move; only told when there are several.
    Platform {
        /// Which.
        #[serde(serialize_with = "as_text")]
        platform: Platform,
        /// Its manifest.
        digest: Digest,
    },
    /// A layer or another blob changed its state.
    Blob {
        /// Which blob.
        digest: Digest,
        /// A layer, or another kind of blob (a configuration, a manifest).
        layer: bool,
        /// What happens to it.
        #[serde(flatten)]
        state: BlobState,
    },
    /// Something long goes on that isn't one blob's.
    Work(Work),
    /// Something worth a line that isn't an error: a retry, a mirror left out, a moved tag.
    Note {
        /// The line.
        text: String,
    },
    /// A registry warns of something.
    Warning {
        /// The line, which begins with the registry's name.
        text: String,
    },
}

/// How far a long piece of work is that isn't one blob's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// What is being done: `Reading`.
    pub what: &'static str,
    /// How many so far.
    pub done: u64,
    /// How many in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Of what: `blobs`.
    pub unit: &'static str,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What happens to a blob. `current` and `total` count bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BlobState {
    /// It will be fetched (`Pulling fs layer`).
    Pending,
    /// It waits for a free connection, or for another process that fetches it (`Waiting`).
    Waiting,
    /// Bytes come in (compressed).
    Downloading {
        /// So far, bytes kept from an earlier try included.
        current: u64,
        /// In all.
        total: u64,
    },
    /// All bytes are here and right (`Download complete`).
    Downloaded,
    /// Files are written (compressed bytes consumed).
    Extracting {
        /// So far.
        current: u64,
        /// In all.
        total: u64,
    },
    /// Done (`Pull complete`).
    Pulled,
    /// It was here before (`Already exists`).
    Exists,
    /// Bytes come in from an archive (`Loading layer`).
    Loading {
        /// So far.
        current: u64,
        /// In all.
        total: u64,
    },
    /// Done (`Loaded layer`).
    Loaded,
    /// Bytes go into an archive or layout (`Saving`).
    Saving {
        /// So far.
        current: u64,
        /// In all.
        total: u64,
    },
    /// Done (`Saved`).
    Saved,
    /// It will be sent (`Preparing`).
    Preparing,
    /// Bytes go out.
    Pushing {
        /// So far.
        current: u64,
        /// In all.
        total: u64,
    },
    /// Done (`Pushed`).
    Pushed,
    /// The registry had it in this repository (`Layer already exists`).
    LayerExists,
    /// The registry took it from another of its repositories (`Mounted from library/x`).
    Mounted {
        /// The other repository.
        from: String,
    },
    /// A layer that may not be redistributed is left out (`Skipped foreign layer`).
    SkippedForeign,
}

/// Takes events. Called from many threads; must not block for long.
pub trait EventSink: Send + Sync {
    /// Takes one.
    fn emit(&self, event: Event);
}

/// Drops all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _event: Event) {}
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
