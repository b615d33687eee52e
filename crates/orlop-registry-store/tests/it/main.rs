//! The storage as its users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod blobs;
mod collect;
mod crash;
mod full;
mod fuzz_names;
mod fuzz_policies;
mod fuzz_pushes;
mod import;
mod layout;
mod lists;
mod manifests;
mod many;
mod model;
mod pulls;
mod quota;
mod retention;
mod seams;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod stress;
mod support;
mod upload_model;
mod uploads;
mod verify;
mod warnings;
