//! The store as its users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod collect;
mod content;
mod hammer;
mod layer_records;
mod layout;
mod model;
mod names;
mod repair;
mod support;
mod undo;
