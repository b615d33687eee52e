//! Versions, ranges and scores, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod laws;
mod near;
mod pairs;
mod ranges;
mod scores;
mod tools;
