//! The storage as its users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blobs;
mod lists;
mod manifests;
mod support;
mod uploads;
