//! Pull: from a name to an image in the store, its layers unpacked.
//!
//! ```text
//! resolve → plan (manifests, platform, configuration) → rounds of layers → publish
//!
//! socket ─▶ chunks ─▶ store + hash ─▶ inflate ─▶ belt ─▶ hash ─▶ untar ─▶ files ─▶ settle
//!  task      (32)      └──────── thread 1 ─────┘  (6)    └────── thread 2 ─────┘   in order
//! ```
//!
//! All layers run at once, each into its own directory. Only the last step, in which a layer takes
//! from the layers below what it needs of them, goes in order. One publication makes everything
//! durable and visible.

pub(crate) mod buffered;
mod layer;
mod plan;
mod reapply;
mod refusal;
mod round;
pub(crate) mod stage;
mod stored_layer;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;

use orlop_layer::{Bounds, Observer};
use orlop_oci::{Descriptor, Digest, MAX_MANIFEST_SIZE, Platform, Raw, Reference};
use orlop_store::{Cause, Lease, Publication};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{Event, EventSink};
use crate::facts;
use crate::images::Images;
use crate::model::Pulled;
use crate::origin::Origin;

pub(crate) use plan::{Plan, PlannedLayer, Planner, layers_of};
pub(crate) use round::{Rounds, blocking, publish};
pub(crate) use stored_layer::unpack_stored;

/// Which of an image's platforms are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// The one that runs here.
    Host,
    /// These, each in its best fit.
    These(Vec<Platform>),
    /// Whatever there is, attestations included. Only the one that runs here is unpacked.
    All,
}

/// Makes the observers of one layer.
pub type ObserverFactory = Arc<dyn Fn() -> Vec<Box<dyn Observer>> + Send + Sync>;

/// What to pull, and how.
#[derive(Clone)]
pub struct PullOptions {
    /// Which platforms.
    pub platforms: Platforms,
    /// How many layers move at once.
    pub parallel: usize,
    /// What a layer may ask of the machine.
    pub bounds: Bounds,
    /// Who else sees the layers pass.
    pub observers: ObserverFactory,
    /// The image shall not get the name that it is pulled by.
    pub nameless: bool,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            platforms: Platforms::Host,
            parallel: 4,
            bounds: Bounds::default(),
            observers: Arc::new(Vec::new),
            nameless: false,
        }
    }
}

impl fmt::Debug for PullOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PullOptions")
            .field("platforms", &self.platforms)
            .field("parallel", &self.parallel)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Images {
    /// Brings `reference` from `origin` into the store.
    ///
    /// # Errors
    /// When the registry doesn't give it, when what it gives isn't what it says, when the disk
    /// doesn't take it, or [`Error::Cancelled`]. Nothing of the image is visible. When it was
    /// interrupted, complete and partial blobs are kept for the next try; when the image is at fault,
    /// all that it brought is taken away again.
    pub async fn pull(
        &self,
        origin: &Origin,
        reference: &Reference,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Pulled> {
        tokio::select! {
            result = self.pull_now(origin, reference, options, events, cancel) => result,
            // Threads see the flag by themselves; what they hold is let go when they return.
            () = cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    async fn pull_now(
        &self,
        origin: &Origin,
        reference: &Reference,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Pulled> {
        let reference = reference.clone().with_default_tag().pinned();
        events.emit(Event::PullStarted {
            reference: reference.clone(),
        });
        let lease = self
            .store
            .lease(&format!("pull {}", reference.familiar()))?;
        let rounds = Rounds::new(self, Some(origin), options, events, cancel);
        let pulled = self
            .bring(origin, reference, options, &lease, &rounds)
            .await;
        if let Err(error) = &pulled
            && error.is_refusal()
        {
            rounds.take_back(error).await;
            drop(lease);
            rounds.collect_parts().await;
        }
        pulled
    }

    async fn bring(
        &self,
        origin: &Origin,
        reference: Reference,
        options: &PullOptions,
        lease: &Lease,
        rounds: &Rounds<'_>,
    ) -> Result<Pulled> {
        let target = self.target(origin, &reference, lease).await?;
        let planner = Planner::new(self, Some(origin));
        let plan = planner
            .plan(target, &options.platforms, &reference.familiar())
            .await?;
        lease.hold(&plan.digests(), &plan.chains())?;
        let mut publication = rounds.run(&plan).await?;
        plan.add_to(&mut publication)?;
        publication.sources = plan
            .blobs()
            .map(|d| (d, reference.repository().clone()))
            .collect();
        if !options.nameless {
            publication.names = vec![reference.clone()];
        }
        self.finish(plan, publication, reference, origin.cause())
            .await
    }

    /// What the name stands for: from the store when its digest is known, else from the registry.
    async fn target(&self, origin: &Origin, reference: &Reference, lease: &Lease) -> Result<Raw> {
        let descriptor = match reference.digest() {
            Some(digest) => match self.known_target(digest)? {
                Some(descriptor) => descriptor,
                None => return origin.manifest(digest, None).await,
            },
            None => origin.resolve(reference).await?,
        };
        lease.hold_blob(&descriptor.digest)?;
        if self.store.blob(&descriptor.digest)?.is_some()
            && let Ok(bytes) = self
                .store
                .read_document(&descriptor.digest, MAX_MANIFEST_SIZE)
        {
            return Raw::verified(descriptor.media_type.clone(), &descriptor.digest, bytes)
                .map_err(Error::document("manifest", &descriptor.digest));
        }
        origin
            .manifest(&descriptor.digest, Some(&descriptor.media_type))
            .await
    }

    fn known_target(&self, digest: &Digest) -> Result<Option<Descriptor>> {
        Ok(self.store.image(digest)?.map(|record| record.target))
    }

    /// Publishes, unless there is nothing new to say.
    async fn finish(
        &self,
        plan: Plan,
        publication: Publication<'static>,
        reference: Reference,
        cause: Cause,
    ) -> Result<Pulled> {
        let new_content = !publication.blobs.is_empty() || !publication.snapshots.is_empty();
        let had = self.store.resolve(&reference)?;
        let target = plan.target.descriptor();
        if !new_content && had.as_ref() == Some(&target.digest) && self.has_all(&plan)? {
            self.store.mark_used(std::slice::from_ref(&target.digest))?;
            return Ok(Pulled {
                reference,
                target,
                changed: false,
                moved_from: None,
            });
        }
        let published = publish(&self.store.because(cause), publication).await?;
        let old = published
            .names
            .into_iter()
            .next()
            .and_then(|change| change.old);
        let changed = old.as_ref() != Some(&target.digest) || new_content;
        let moved_from = old.filter(|digest| *digest != target.digest);
        Ok(Pulled {
            reference,
            target,
            changed,
            moved_from,
        })
    }

    fn has_all(&self, plan: &Plan) -> Result<bool> {
        let documents: Vec<Digest> = plan
            .documents
            .iter()
            .map(|raw| raw.digest().clone())
            .collect();
        Ok(self.store.present(&documents)?.len() == documents.len())
    }
}

impl Plan {
    /// Every blob that the plan brings, documents included, each once.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        self.blobs().collect()
    }

    fn blobs(&self) -> impl Iterator<Item = Digest> + '_ {
        let documents = self.documents.iter().map(|raw| raw.digest());
        let layers = self
            .images
            .iter()
            .flat_map(|image| image.layers.iter().map(|l| &l.descriptor.digest));
        let others = self
            .images
            .iter()
            .flat_map(|image| image.others.iter().map(|d| &d.digest));
        let mut all: Vec<&Digest> = documents.chain(layers).chain(others).collect();
        all.sort();
        all.dedup();
        all.into_iter().cloned()
    }

    pub(crate) fn chains(&self) -> Vec<orlop_oci::ChainId> {
        let images = self.images.iter().filter(|image| image.unpack);
        images
            .flat_map(|image| image.layers.iter().map(|l| l.chain.clone()))
            .collect()
    }

    /// Everything but the blobs and snapshots themselves.
    pub(crate) fn add_to(&self, publication: &mut Publication<'_>) -> Result<()> {
        publication.documents = self
            .documents
            .iter()
            .map(|raw| (raw.digest().clone(), raw.bytes().to_vec()))
            .collect();
        publication.edges = self.edges.clone();
        for image in &self.images {
            let chains = image
                .layers
                .iter()
                .map(|layer| layer.chain.clone())
                .collect();
            publication.chains.push((image.manifest.clone(), chains));
            for layer in &image.layers {
                publication
                    .layers
                    .push((layer.diff_id.clone(), layer.descriptor.digest.clone()));
            }
        }
        publication.facts = facts::of_documents(&self.documents)?;
        publication.image = Some(self.target.descriptor());
        Ok(())
    }
}
