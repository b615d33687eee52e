//! Load: from an archive or layout to images in the store, on the same way as a pull.
//!
//! Two things are different. What an archive lacks of an index is left out, since it was saved so. And an
//! interrupted load keeps nothing for the next: what it would keep is in the archive still.

use std::sync::Arc;

use orlop_archive::{Archived, Local};
use orlop_oci::Reference;
use orlop_store::Cause;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::event::EventSink;
use crate::images::Images;
use crate::model::Loaded;
use crate::origin::Origin;
use crate::pull::{Planner, PullOptions, Rounds, publish};

impl Images {
    /// Brings one of the images of `local` into the store, with the names that it has there. Without a
    /// name it is dangling.
    ///
    /// Of several platforms those come that `options` ask for; [`crate::Platforms::All`] means all that
    /// are in the archive.
    ///
    /// # Errors
    /// When the archive hasn't what is asked for, when its content isn't what it says, when the disk
    /// doesn't take it, or [`crate::Error::Cancelled`]. Nothing of the image is left then.
    pub async fn load_image(
        &self,
        local: &Local,
        image: &Archived,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Loaded> {
        self.load_because(Cause::Loaded, local, image, options, events, cancel)
            .await
    }

    /// The same for another reason.
    pub(crate) async fn load_because(
        &self,
        cause: Cause,
        local: &Local,
        image: &Archived,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Loaded> {
        let origin = Origin::Local(local.clone());
        self.take_in(cause, &origin, image, true, options, events, cancel)
            .await
    }

    /// Brings an image from anywhere into the store, under the names that it has in `image`. With
    /// `unpack` its layers are unpacked at once.
    #[expect(clippy::too_many_arguments, reason = "what an image is brought by")]
    pub(crate) async fn take_in(
        &self,
        cause: Cause,
        origin: &Origin,
        image: &Archived,
        unpack: bool,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Loaded> {
        let names = image.names.iter().filter_map(|name| name.reference());
        let names: Vec<Reference> = names.collect();
        let lease = self.store.lease("load")?;
        lease.hold_blob(&image.target.digest)?;
        let rounds = Rounds::new(self, Some(origin), options, events, cancel).of_a_load();
        let loading = async {
            let target = origin.described(&image.target).await?;
            let title = names.first().map_or_else(
                || image.target.digest.to_string(),
                |name: &Reference| name.familiar(),
            );
            let planner = Planner::new(self, Some(origin));
            let mut plan = planner.plan(target, &options.platforms, &title).await?;
            for image in &mut plan.images {
                image.unpack &= unpack;
            }
            lease.hold(&plan.digests(), &plan.chains())?;
            let mut publication = rounds.run(&plan).await?;
            plan.add_to(&mut publication)?;
            publication.names.clone_from(&names);
            let published = publish(&self.store.because(cause), publication).await?;
            let moved = published
                .names
                .into_iter()
                .filter(|change| change.is_change());
            Ok(Loaded {
                moved: moved
                    .filter_map(|change| Some((change.reference, change.old?)))
                    .collect(),
                names: names.clone(),
                target: plan.target.descriptor(),
            })
        };
        let loaded = loading.await;
        if let Err(error) = &loaded {
            rounds.take_back(error).await;
            drop(lease);
            rounds.collect_parts().await;
        }
        loaded
    }
}
