//! The catalogers on what real tools made, and on what they didn't.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binaries;
mod catalog;
mod fuzz_packages;
mod programs;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod syft;
mod tools;
mod tree;
