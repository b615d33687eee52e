//! The use-cases over a real store and driver, from image layouts on disk.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod load;
mod look;
mod mount;
mod official;
mod pull;
mod remove;
mod repair;
mod usage;
mod world;
