//! Gzip made plain (RFC 1952, RFC 1951), for streams that are read once from end to end: layers.
//!
//! ```
//! use std::io::Read;
//!
//! let gzip = [
//!     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, // the header
//!     0x4b, 0x4c, 0x4a, 0x06, 0x00, // "abc"
//!     0xc2, 0x41, 0x24, 0x35, 3, 0, 0, 0, // checksum and length
//! ];
//! let mut plain = String::new();
//! orlop_inflate::GzipDecoder::new(&gzip[..]).read_to_string(&mut plain)?;
//! assert_eq!(plain, "abc");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Why not the library
//!
//! Half of the processor's time of a pull is inflating. A decoder that may stop at any byte of its input and
//! of its output, as zlib's may, has to look after both at each symbol. This one owns its input buffer and its
//! window: the input is padded behind its end, the window has room for the longest match behind its limit, and
//! the inner loop looks at both once for a symbol. Its tables and its loop are those of Eric Biggers's
//! libdeflate, which needs all of the input in memory. What is valid and what isn't is the same as with zlib, byte
//! for byte, and a fuzz target keeps it so.
//!
//! ```text
//! reader ─▶ input.rs: bits ─▶ blocks.rs: blocks, with tables.rs ─▶ window.rs ─▶ gzip.rs: members, checksums
//! ```

mod blocks;
mod error;
mod gzip;
mod input;
mod tables;
mod window;

pub use error::InflateError;
pub use gzip::GzipDecoder;
