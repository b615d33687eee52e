//! Gzip made plain, compared with zlib's way of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzz_gzip;
mod gzip;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
