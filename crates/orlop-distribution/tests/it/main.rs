//! The registry client against servers that play each kind of registry, the friendly ones and the
//! hostile ones, and against Debian's `docker-registry` where that is installed.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds nothing to unwrap has failed"
)]

mod auth;
mod blob;
mod delete;
mod hostile;
mod login;
mod manifest;
mod mirror;
mod peer;
mod referrers;
mod search;
mod support;
mod tags;
mod tls;
mod upload;
