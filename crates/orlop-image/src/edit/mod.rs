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
mod layer_file;
mod operation;
mod walk;

pub use bases::{BaseImage, Bases};
pub(crate) use edited::Bench;
pub use edited::Edited;
pub use layer_file::{Flatten, LayerFile};
pub use operation::Operation;
pub use walk::{Edition, edit};

use orlop_archive::{Archived, Local, Made};
use orlop_oci::edit::{EditError, empty};
use orlop_oci::{Descriptor, Digest, Platform};

use crate::error::Error;
use crate::origin::Origin;

/// An image without layers, which others begin with.
pub fn scratch(platform: &Platform) -> (Origin, Descriptor) {
    let image = empty(platform);
    let target = image.manifest().descriptor();
    let local = Local::made(Made {
        label: "an empty image".to_owned(),
        documents: vec![image.manifest().clone(), image.config().clone()],
        blobs: Vec::new(),
        image: Archived {
            names: Vec::new(),
            target: target.clone(),
        },
    });
    (Origin::Local(local), target)
}

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
