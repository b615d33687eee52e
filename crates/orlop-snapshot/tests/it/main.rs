//! The drivers as their users see them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conform;
mod datasets;
mod equal;
mod namespaces;
mod subvolumes;
mod with_store;
