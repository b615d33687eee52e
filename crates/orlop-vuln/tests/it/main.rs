//! Versions, ranges and scores, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod database;
mod feeds;
mod findings;
mod fuzz_affected;
mod fuzz_feeds;
mod fuzz_vectors;
mod fuzz_versions;
mod images;
mod laws;
mod near;
mod pairs;
mod ranges;
mod scores;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod tools;
mod verdicts;
