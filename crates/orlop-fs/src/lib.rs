//! A file tree below a root: safe lookup, unpacking, comparing, removing.
//!
//! Everything here works relative to directory descriptors and opens one path component at a time
//! without following links. Symbolic links in the way of a parent are followed by our own code,
//! clamped to the root. `openat2(RESOLVE_IN_ROOT)` would do the same in one call, but it doesn't
//! tell which real path it arrived at, and nearly every question about a layer ("was this path
//! here before?", "what does this whiteout hide?") is about real paths; parents are cached, so
//! that the one call isn't missed.
//!
//! - [`unpack()`] writes a layer into a directory, either *onto* the tree of the layers below or
//!   into a directory of its own with overlayfs's whiteouts ([`WhiteoutStyle`]).
//! - [`settle`] gives an own directory what it could not know before the layers below were there.
//! - [`Union`] looks things up in a stack of such directories, as overlayfs would show them.
//! - [`copy_tree`], [`remove_tree`], [`usage`] and [`TreeListing`] treat whole trees.

mod copy;
mod error;
mod listing;
mod names;
mod node;
mod overlay;
mod path;
mod privilege;
mod remove;
mod settle;
mod union;
mod unpack;
mod usage;

pub use copy::copy_tree;
pub use error::{Error, Result};
pub use listing::{Difference, Node, NodeKind, TreeListing};
pub use overlay::{WhiteoutStyle, is_opaque, is_whiteout};
pub use privilege::Privilege;
pub use remove::remove_tree;
pub use settle::{Settled, settle};
pub use union::{Found, Union};
pub use unpack::{DeferredLink, Position, UnpackOptions, Unpacked, unpack};
pub use usage::{Usage, usage};
