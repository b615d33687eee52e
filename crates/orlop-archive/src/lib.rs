//! Image archives and layouts: reading every dialect, writing one that all tools read. No sockets, no
//! database.
//!
//! # In
//!
//! ```text
//! docker save, of any age ─┐
//! OCI archive ─────────────┤   Local: names, targets, and blobs at offsets of one file
//! OCI layout directory ────┤
//! parts made elsewhere ────┘
//! ```
//!
//! A [`Local`] is *opened*, not unpacked. Only the small documents are read; a blob is a file with a
//! beginning and a length, to be read from any offset, so that whoever takes it into a store or to a
//! registry streams it and hashes it on the way. What is compressed as a whole or can't be sought
//! in is first written to an unlinked temporary file.
//!
//! Archives from before OCI have no manifest. It is synthesised as docker's containerd store does it
//! (schema 2, uncompressed layers under their diff ID), to the byte, so that the same archive gets the
//! same digest here as there.
//!
//! # Out
//!
//! [`ArchiveWriter`] streams one tar that is an OCI layout and docker's archive at once; the same images
//! in the same order become the same bytes. [`LayoutWriter`] adds images to a layout directory, which
//! is valid at every moment. Both hash what passes, and take no blob that isn't what it is said to be.
//! [`NewFile`] is a file that appears whole or not at all. [`RootLayer`] makes the archive of a root file
//! system a layer, and [`Local::made`] takes an image that was put together where archives are taken.
//!
//! # Trust
//!
//! Everything in an archive is hostile until its digest is checked: names that lead out, links,
//! entries longer than the file, two entries of one name, bombs around the archive, documents without end.
//! Nothing here ever opens a path that an archive names.

mod archive_writer;
mod blob;
mod checked;
mod compression;
mod contents;
mod docker;
mod docker_names;
mod error;
mod image;
mod layout_writer;
mod legacy;
mod local;
mod new_file;
mod oci;
mod outline;
mod place;
mod root_layer;
mod spool;

pub use archive_writer::{ArchiveFormat, ArchiveWriter};
pub use blob::{BlobAt, BlobReader};
pub use compression::{Compress, Encoder};
pub use error::{Error, Result};
pub use image::{Archived, Name};
pub use layout_writer::LayoutWriter;
pub use local::{Local, Made};
pub use new_file::NewFile;
pub use root_layer::RootLayer;
