//! Copies into the store: a pull that doesn't unpack.

use std::sync::Arc;

use orlop_archive::{Archived, Name};
use orlop_oci::{Descriptor, Reference};
use orlop_store::Cause;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::event::EventSink;
use crate::images::Images;
use crate::model::Loaded;
use crate::origin::Origin;
use crate::pull::PullOptions;

impl Images {
    /// Brings the image that `target` describes into the store without unpacking it, under `name`;
    /// without a name it is dangling.
    ///
    /// # Errors
    /// When the origin doesn't give it, or gives something else, when the disk doesn't take it, or
    /// [`crate::Error::Cancelled`]. Nothing of the image is left then.
    pub async fn copy_in(
        &self,
        origin: &Origin,
        target: &Descriptor,
        name: Option<&Reference>,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Loaded> {
        let image = Archived {
            names: name.cloned().map(Name::from).into_iter().collect(),
            target: target.clone(),
        };
        let cause = Cause::Copied;
        self.take_in(cause, origin, &image, false, options, events, cancel)
            .await
    }
}
