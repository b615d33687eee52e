//! The vocabulary against words that nobody would write.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzz_digests;
mod fuzz_image_configs;
mod fuzz_manifests;
mod fuzz_references;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
