//! The server, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod blobs;
mod client;
mod manifests;
mod ranges;
mod server;
