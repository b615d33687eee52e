//! Bounds. What isn't said stays as [`ServerOptions`] has it.

use orlop_oci::MAX_MANIFEST_SIZE;
use serde::Deserialize;

use super::Period;
use super::check::ConfigError;
use crate::options::{ServerOptions, Timeouts};

/// Bounds in number and size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Connections at a time.
    pub connections: Option<usize>,
    /// Requests at a time on one HTTP/2 connection.
    pub streams: Option<u32>,
    /// Headers of a request.
    pub headers: Option<usize>,
    /// Bytes of a request's line and headers.
    pub header_bytes: Option<usize>,
    /// Bytes of a request's path and query.
    pub target_bytes: Option<usize>,
    /// Bytes of a manifest; at most what the storage takes ([`MAX_MANIFEST_SIZE`]).
    pub manifest_bytes: Option<u64>,
    /// Bytes of a blob.
    pub blob_bytes: Option<u64>,
    /// The least bytes of a chunk that isn't the last of an upload, told to clients.
    pub chunk_bytes: Option<u64>,
    /// Entries of a page of tags, repositories or referrers.
    pub page: Option<usize>,
}

/// Bounds in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutsConfig {
    /// From the first byte of a request to the end of its headers; also a TLS handshake.
    pub header: Option<Period>,
    /// Between two requests of a connection.
    pub idle: Option<Period>,
    /// Between two parts of a request's body.
    pub body: Option<Period>,
    /// Bytes a second at which a body must come.
    pub body_rate: Option<u64>,
    /// While an answer is sent and the client takes nothing of it.
    pub send: Option<Period>,
    /// For what runs when the server stops.
    pub shutdown: Option<Period>,
}

/// A registry that can't take any manifest of the specification is none ("Pushing Manifests": 4 MiB
/// at least should be taken; this is what small images need).
const LEAST_MANIFEST: u64 = 64 * 1024;

impl LimitsConfig {
    pub(super) fn apply(&self, options: &mut ServerOptions) {
        let limits = &mut options.limits;
        set(&mut limits.connections, self.connections);
        set(&mut limits.streams, self.streams);
        set(&mut limits.headers, self.headers);
        set(&mut limits.header_bytes, self.header_bytes);
        set(&mut limits.target_bytes, self.target_bytes);
        set(&mut limits.manifest_bytes, self.manifest_bytes);
        set(&mut limits.page, self.page);
        options.chunk_min_length = self.chunk_bytes;
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let size = |value: Option<usize>| value.map(|value| value as u64);
        for (key, value, least, most) in [
            ("connections", size(self.connections), 1, 1 << 20),
            ("streams", self.streams.map(u64::from), 1, 1 << 16),
            ("headers", size(self.headers), 16, 10_000),
            ("header_bytes", size(self.header_bytes), 8 << 10, 16 << 20),
            ("target_bytes", size(self.target_bytes), 1 << 10, 1 << 20),
            (
                "manifest_bytes",
                self.manifest_bytes,
                LEAST_MANIFEST,
                MAX_MANIFEST_SIZE,
            ),
            ("blob_bytes", self.blob_bytes, LEAST_MANIFEST, u64::MAX),
            ("chunk_bytes", self.chunk_bytes, 1, 1 << 40),
            ("page", size(self.page), 1, 100_000),
        ] {
            if value.is_some_and(|value| value < least || value > most) {
                let reason = if most == u64::MAX {
                    format!("must be {least} or more")
                } else {
                    format!("must be between {least} and {most}")
                };
                return Err(ConfigError::new(format!("limits.{key}"), reason));
            }
        }
        Ok(())
    }
}

impl TimeoutsConfig {
    pub(super) fn apply(&self, timeouts: &mut Timeouts) {
        let time = |period: Option<Period>| period.map(|period| period.0);
        set(&mut timeouts.header, time(self.header));
        set(&mut timeouts.idle, time(self.idle));
        set(&mut timeouts.body_idle, time(self.body));
        set(&mut timeouts.body_rate, self.body_rate);
        set(&mut timeouts.send, time(self.send));
        set(&mut timeouts.shutdown, time(self.shutdown));
    }
}

fn set<T>(value: &mut T, configured: Option<T>) {
    if let Some(configured) = configured {
        *value = configured;
    }
}
