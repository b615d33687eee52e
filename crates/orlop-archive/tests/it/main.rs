//! Archives of every age and dialect, read and written, tame and hostile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod docker;
mod fuzz_archives;
mod hostile;
mod legacy;
mod properties;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod support;
mod written;
