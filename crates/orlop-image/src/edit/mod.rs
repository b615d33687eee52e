//! Edits of images without unpacking them, wherever they are: other settings, more layers, another base.
//!
//! ```text
//! target ─▶ images of the index that are meant ─▶ orlop_oci::edit ─▶ index rebuilt ─▶ an Origin
//!                                                                                     │
//!                                         Copier or Images::copy_in, as any copy ◀────┘
//! ```
//!
//! An edit makes documents, and layers in files without a name; nothing is written anywhere else. What it
//! comes to is an [`Origin`] of its own ([`Edited`]), to be copied by what copies everything.

mod bases;
mod edited;
mod operation;
mod walk;

pub use bases::{BaseImage, Bases};
pub(crate) use edited::Bench;
pub use edited::Edited;
pub use operation::{LayerFile, Operation};
pub use walk::{Edition, edit};

use orlop_oci::Digest;
use orlop_oci::edit::EditError;

use crate::error::Error;

impl Error {
    /// Why something isn't edited.
    pub(crate) fn edit(digest: &Digest) -> impl FnOnce(EditError) -> Self {
        let digest = digest.clone();
        move |error| match error {
            EditError::Document(source) => Self::Document {
                what: "manifest",
                digest,
                source,
            },
            error => Self::Invalid {
                digest,
                why: error.to_string(),
            },
        }
    }
}
