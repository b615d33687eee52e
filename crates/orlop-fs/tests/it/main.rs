//! Unpacking, settling and comparing trees. Tests named `root_*` need root and say so when they
//! are skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped test must say so")]

mod acls;
mod edges;
mod escapes;
mod layer;
mod model;
mod overlay;
mod racing;
mod settling;
mod trees;
mod unprivileged;
