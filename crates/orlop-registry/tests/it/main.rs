//! The server, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod access;
mod blobs;
mod client;
mod faults;
mod lists;
mod manifests;
mod operation;
mod ranges;
mod sending;
mod server;
mod tls;
