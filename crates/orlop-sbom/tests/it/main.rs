//! The catalogers on what real tools made, and on what they didn't.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binaries;
mod catalog;
mod fuzz_documents;
mod fuzz_packages;
mod fuzz_programs;
mod fuzz_purls;
mod jars;
mod programs;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod syft;
mod syft_programs;
mod tools;
mod tree;
