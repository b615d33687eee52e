//! Archives of every age and dialect, read and written, tame and hostile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod docker;
mod hostile;
mod legacy;
mod properties;
mod support;
mod written;
