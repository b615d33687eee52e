//! The server, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod access;
mod authority;
mod blobs;
mod browser;
mod client;
mod endless;
mod every_route;
mod faults;
mod full_disk;
mod fuzz_globs;
mod fuzz_ranges;
mod fuzz_routes;
mod fuzz_serve;
mod lists;
mod manifests;
mod operation;
mod path_tricks;
mod ranges;
mod registries;
mod roles;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod sending;
mod server;
mod slow_http2;
mod tls;
mod tokens;
