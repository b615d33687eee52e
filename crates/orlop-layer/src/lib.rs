//! A layer as bytes: compression, bounds, digests, tar entries, whiteouts. No file system.
//!
//! A layer travels through this crate in one direction and is never held in memory: compressed
//! bytes → [`Decompressor`] → [`BoundedReader`] → (a digest of all that passes: the diff ID) →
//! [`TarReader`], which hands out one [`Entry`] after the other and the content of files as slices
//! of its source's own buffer, so that a byte is copied once, by the kernel, when it is written.
//!
//! The tar headers themselves are decoded by `tar-core`, which does no I/O. This crate drives it,
//! closes the gaps that matter for hostile input (lenient PAX records, negative times, map sizes)
//! and reduces every dialect to one shape, with the same reading of ambiguous archives as Go's
//! `archive/tar`, because that is what every other container engine uses: two readers that
//! disagree about one archive are a way to smuggle files.

mod bounds;
mod decompress;
mod digest_reader;
mod entry;
mod error;
mod finder;
mod flatten;
mod observer;
mod path;
mod pax;
mod tar_reader;
mod tar_writer;
mod whiteout;

pub use bounds::{BoundedReader, Bounds};
pub use decompress::{BUFFER_SIZE, Decompressor, sniff};
pub use digest_reader::DigestReader;
pub use entry::{Entry, EntryKind, Region, Time};
pub use error::{Error, Result, is_invisible, printable};
pub use finder::{Finder, Place, Sight, copy_entry};
pub use flatten::{Flat, Flattener};
pub use observer::Observer;
pub use tar_reader::TarReader;
pub use tar_writer::TarWriter;
pub use whiteout::{Whiteout, WhiteoutError};
