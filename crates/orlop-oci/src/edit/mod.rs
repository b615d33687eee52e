//! Edits of images and indexes: pure functions from what they are to what they shall be.
//!
//! A document is edited as the JSON object that came, not as what we understand of it. So everything that
//! isn't meant keeps its value and its place, members that we don't know too; and where an edit changes
//! nothing the bytes are the same ones, and with them the digest. What is written anew, a list of
//! manifests ([`docker_list`], [`combined`]), is written as the tool that has the same command writes it,
//! to the byte.
//!
//! Nothing is edited that wasn't read strictly before ([`Parts::new`]): whoever edits a document vouches for
//! it with a new digest.

mod changes;
mod document;
mod index;
mod layers;
mod list;
mod rebase;
#[cfg(test)]
mod tests;

pub use changes::{Changes, Setting};
pub use document::Parts;
pub use index::{Fate, NewChild, Rebuilt, rebuild};
pub use layers::{NewLayer, append, empty, flattened, layer_type};
pub use list::{ListAnnotations, combined, docker_list, docker_list_of, for_platforms};
pub use rebase::{Base, rebase};

use crate::{ManifestError, MediaType};

/// Why something isn't edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A document isn't right.
    #[error(transparent)]
    Document(#[from] ManifestError),
    /// An artifact has no configuration that could be changed.
    #[error("it is no image but an artifact ({0})")]
    NotImage(MediaType),
    /// Something is in the place of an image manifest, or of an index.
    #[error("it is no {wanted} but {actual}")]
    Kind {
        /// What was expected.
        wanted: &'static str,
        /// What it is.
        actual: MediaType,
    },
    /// Manifest, configuration and history contradict each other.
    #[error("{0}")]
    Contradiction(String),
    /// The layers of a base aren't those that the image begins with.
    #[error("it is not based on {base} ({why})")]
    NotBased {
        /// The base.
        base: String,
        /// How it is seen.
        why: String,
    },
    /// An annotation can't be where it shall be.
    #[error("{0}")]
    Annotation(String),
}
