//! Docker Official Images: which tags are supported, for which architectures, from which source.
//!
//! What is official is written in the library files of `docker-library/official-images`, one for each
//! image. Nothing of it is built in, because it would be wrong within days: a [`Catalogue`] is a file in
//! the store's root that is there when somebody fetched it, and that says of when and from where it is.
//!
//! ```text
//! archive (.tar, .tar.gz) or directory ──▶ library files ──▶ ROOT/official.json  (all or nothing)
//!                                                                 │
//!                                          LibraryFile::parse ◀───┘  when one is asked for
//! ```

mod catalogue;
mod library_file;
mod source;

pub use catalogue::{Catalogue, Refreshed};
pub use library_file::{LibraryEntry, LibraryFile, SourceTree};
pub use source::{CatalogueSource, DEFAULT_CATALOGUE};
