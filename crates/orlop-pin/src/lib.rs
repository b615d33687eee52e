//! Image references in the files that people keep beside their code: where they stand, and how a
//! digest gets into them. Pure: text in, edits out.
//!
//! ```
//! use orlop_pin::{Kind, find, rewrite};
//!
//! let text = "FROM alpine:3.20 # small\n";
//! let digest = orlop_oci::Digest::of(b"an index");
//! let pinned = rewrite(Kind::Dockerfile, text, |_| Some(digest.clone()))?;
//! assert_eq!(pinned, format!("FROM alpine:3.20@{digest} # small\n"));
//! assert!(find(Kind::Dockerfile, &pinned)?[0].is_pinned());
//! # Ok::<(), orlop_pin::Error>(())
//! ```
//!
//! # Why edits, and not documents that are written again
//!
//! A file that people write is more than what a parser keeps of it: comments, quotes, the width of an
//! indent, the ends of its lines. So nothing here writes a document. Each format has a reader that
//! knows at which byte a reference *ends*, and pinning puts `@sha256:…` there; every other byte stays.
//! [`rewrite`] then reads the result again and refuses it unless each reference is what it was, with
//! the digest it was to get. Whatever a reader gets wrong ends in an error, not in a wrong file.
//!
//! # What isn't guessed
//!
//! A reference may be put together from variables. Where their values stand in the same file (`ARG` of
//! a Dockerfile) they are followed, and the digest goes to where the end of the reference stands.
//! Where they come from elsewhere, or where a digest would silently overrule a variable that somebody
//! may set, the reference is [`State::Unresolved`] and says why.

mod dockerfile;
mod edit;
mod error;
mod image;
mod kind;
mod position;
mod rewrite;
mod yaml;

pub use edit::{Edit, apply};
pub use error::{Error, Result};
pub use image::{Image, State};
pub use kind::Kind;
pub use position::Position;
pub use rewrite::{MAX_FILE_SIZE, find, rewrite};
