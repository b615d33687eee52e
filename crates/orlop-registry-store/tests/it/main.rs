//! The storage as its users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod blobs;
mod crash;
mod full;
mod layout;
mod lists;
mod manifests;
mod many;
mod pulls;
mod support;
mod uploads;
