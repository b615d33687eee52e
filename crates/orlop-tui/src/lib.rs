//! The terminal interface of `explore`: layers, files and wasted space of an image.
//!
//! [`Explorer`] is a state machine: keys go in ([`Explorer::press`]), and what it then looks like is
//! drawn into a frame ([`Explorer::draw`]). It knows of no terminal, no time and no image store, so every
//! test is a list of keys and a picture. Whoever runs it owns the terminal: its modes, its size, and that
//! it is left as it was found.
//!
//! The panes, keys and colours are dive's, as far as people know them by heart.

mod draw;
mod explorer;
mod key;
mod rows;
mod subject;
mod tree_view;

pub use explorer::{Explorer, Flow};
pub use key::Key;
pub use subject::{LayerLine, Subject};
