//! The reader of layers against archives made by the `tar` crate, by hand and at random.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod dialects;
mod finder;
mod flatten;
mod fuzz_compression;
mod fuzz_layers;
mod hostile;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod writer;
