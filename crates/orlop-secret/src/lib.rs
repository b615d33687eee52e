//! A text that must not show.
//!
//! A crate of its own, below everything that touches a password: client and server wrap the same
//! type, and a review of who calls [`Secret::expose`] finds every place where one leaves.

mod secret;

pub use secret::{Secret, exposed};
