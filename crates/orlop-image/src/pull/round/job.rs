//! One layer of a round: its bytes, its directory, and its place on top of those below.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use orlop_fs::{UnpackOptions, Unpacked};
use orlop_oci::Descriptor;
use orlop_snapshot::Staging;
use orlop_store::{BlobLock, IngestedBlob, SnapshotRecord};
use tokio::sync::{Semaphore, mpsc, watch};

use super::{Done, Rounds, Taken, Work, blocking};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::BlobState;
use crate::origin::CHUNKS_IN_FLIGHT;
use crate::progress::progress;
use crate::pull::PlannedLayer;
use crate::pull::layer::{LayerInput, LayerOutput, UnpackTo, process};
use crate::pull::stored_layer::settle_layer;
use crate::pull::wire::{OnProgress, Source};

impl Rounds<'_> {
    /// Brings it, until it is done or `stop` says that it is in vain.
    pub(super) async fn one(
        &self,
        mut taken: Taken,
        slots: &Semaphore,
        stop: &Cancel,
    ) -> Result<Done> {
        let (descriptor, is_layer) = (taken.work.descriptor.clone(), taken.work.is_layer);
        let mut brought = None;
        if taken.chain.is_some() && self.images.driver.needs_parent() {
            // Such a driver begins with the layer below; only fetching needn't wait for that.
            if taken.blob.is_some() && is_waiting(&taken.ready) {
                brought = self.bytes(&mut taken, None, slots, stop).await?.blob;
            }
            wait_ready(&mut taken.ready).await?;
        }
        let output = self
            .bytes(&mut taken, brought.as_ref(), slots, stop)
            .await?;
        let LayerOutput { blob, unpacked } = output;
        let blob = brought.or(blob);
        let snapshot = match (unpacked, taken.work.unpack.clone()) {
            (Some((staging, unpacked)), Some(layer)) => {
                wait_ready(&mut taken.ready).await?;
                let file = self.blob_of(&layer, blob.as_ref())?;
                Some(self.settle(staging, unpacked, layer, file, stop).await?)
            }
            _ => None,
        };
        if let Some(settled) = taken.settled.take() {
            settled.send_replace(true);
        }
        self.tell(&descriptor, is_layer, BlobState::Pulled);
        Ok(Done {
            height: taken
                .work
                .unpack
                .as_ref()
                .map_or(0, |layer| layer.below.len()),
            blob,
            snapshot,
            chain: taken.chain,
        })
    }

    /// Brings the bytes, and has them unpacked unless the layer below is still missing. `brought` is the
    /// blob when they have come already.
    async fn bytes(
        &self,
        taken: &mut Taken,
        brought: Option<&IngestedBlob>,
        slots: &Semaphore,
        stop: &Cancel,
    ) -> Result<LayerOutput> {
        let permit = slots.acquire().await.map_err(|_| Error::Cancelled)?;
        if stop.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let descriptor = taken.work.descriptor.clone();
        let is_layer = taken.work.is_layer;
        let waits = is_waiting(&taken.ready) && self.images.driver.needs_parent();
        let staging = match (&taken.chain, &taken.work.unpack) {
            (Some(_), Some(layer)) if !waits => Some(self.begin(layer).await?),
            _ => None,
        };
        let (source, feeder) = match brought {
            Some(blob) => (Source::Stored(blob.open()?), None),
            None => self.source(taken.blob.take(), &descriptor, stop)?,
        };
        let input = LayerInput {
            unpack: staging
                .map(|s| self.unpack_to(s, &taken.work))
                .transpose()?,
            source,
            cancelled: Arc::clone(stop.flag()),
            progress: self.progress(&descriptor, is_layer, feeder.is_some()),
            descriptor: descriptor.clone(),
        };
        let work = tokio::task::spawn_blocking(move || process(input));
        let output = match feeder {
            Some(feeder) => tokio::join!(work, feeder).0,
            None => work.await,
        };
        drop(permit);
        let output =
            output.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        if output.blob.is_some() {
            self.tell(&descriptor, is_layer, BlobState::Downloaded);
        }
        Ok(output)
    }

    /// A fresh directory, after what a crash may have left in its place is gone.
    async fn begin(&self, layer: &PlannedLayer) -> Result<Staging> {
        let driver = Arc::clone(&self.images.driver);
        let (chain, parent) = (layer.chain.clone(), layer.parent().cloned());
        blocking(move || {
            if driver.exists(&chain) {
                driver.remove(&chain)?;
            }
            Ok(driver.begin(&chain, parent.as_ref())?)
        })
        .await
    }

    fn unpack_to(&self, staging: Staging, work: &Work) -> Result<UnpackTo> {
        let Some(layer) = &work.unpack else {
            return Err(Error::invalid(
                &work.descriptor.digest,
                "unpacked without a diff ID",
            ));
        };
        Ok(UnpackTo {
            staging,
            diff_id: layer.diff_id.clone(),
            options: self.unpack_options(layer),
            observers: (self.options.observers)(),
        })
    }

    fn unpack_options(&self, layer: &PlannedLayer) -> UnpackOptions {
        let whiteouts = self.images.driver.whiteouts();
        UnpackOptions {
            bounds: self.options.bounds.clone(),
            ..UnpackOptions::new(whiteouts, layer.position(), self.images.privilege.clone())
        }
    }

    /// Where the bytes come from, and the task that brings them, if one does.
    fn source(
        &self,
        lock: Option<BlobLock>,
        descriptor: &Descriptor,
        stop: &Cancel,
    ) -> Result<(Source, Option<impl Future<Output = ()> + use<>>)> {
        let Some(lock) = lock else {
            let file = self.images.store.open_blob(&descriptor.digest);
            let file = file.map_err(Error::stored(&descriptor.media_type))?;
            return Ok((Source::Stored(file), None));
        };
        let origin = self
            .origin
            .ok_or_else(|| Error::invalid(&descriptor.digest, "its content is not in the store"))?;
        let ingest = self.images.store.ingest(lock, descriptor.size)?;
        let offset = ingest.offset();
        let kept = if offset > 0 {
            self.resumed.store(true, Ordering::Relaxed);
            let existing: Box<dyn std::io::Read + Send> = Box::new(ingest.existing()?);
            Some(existing)
        } else {
            self.unpublished().begin(&descriptor.digest);
            None
        };
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let origin = origin.clone();
        let (descriptor, stop) = (descriptor.clone(), stop.clone());
        let feeder = async move {
            if offset < descriptor.size {
                origin.feed(descriptor, offset, sender, stop).await;
            }
        };
        Ok((
            Source::Wire {
                kept,
                ingest,
                receiver,
            },
            Some(feeder),
        ))
    }

    fn progress(&self, descriptor: &Descriptor, layer: bool, downloads: bool) -> OnProgress {
        let loads = self.loads;
        let state = move |current, total| match (downloads, loads) {
            (true, false) => BlobState::Downloading { current, total },
            (true, true) => BlobState::Loading { current, total },
            (false, _) => BlobState::Extracting { current, total },
        };
        Box::new(progress(self.events, descriptor, layer, state))
    }

    fn blob_of(&self, layer: &PlannedLayer, brought: Option<&IngestedBlob>) -> Result<File> {
        match brought {
            Some(blob) => Ok(blob.open()?),
            None => {
                let file = self.images.store.open_blob(&layer.descriptor.digest);
                file.map_err(Error::stored(&layer.descriptor.media_type))
            }
        }
    }

    /// Takes from the layers below what this one needs of them, and puts it in its place.
    async fn settle(
        &self,
        staging: Staging,
        unpacked: Unpacked,
        layer: PlannedLayer,
        file: File,
        stop: &Cancel,
    ) -> Result<SnapshotRecord> {
        let driver = Arc::clone(&self.images.driver);
        let options = self.unpack_options(&layer);
        let cancelled = Arc::clone(stop.flag());
        let observers = Arc::clone(&self.options.observers);
        blocking(move || {
            let (staging, counted) = settle_layer(
                &*driver,
                (staging, unpacked),
                &layer,
                file,
                &options,
                || observers(),
                &cancelled,
            )?;
            driver.publish(staging)?;
            let usage = match counted {
                Some(usage) => usage,
                None => driver.usage(&layer.chain)?,
            };
            Ok(SnapshotRecord {
                driver: driver.name().to_owned(),
                parent: layer.parent().cloned(),
                chain_id: layer.chain,
                diff_id: layer.diff_id,
                bytes: usage.bytes,
                inodes: usage.inodes,
            })
        })
        .await
    }
}

/// Whether the layer below isn't settled yet.
fn is_waiting(ready: &Option<watch::Receiver<bool>>) -> bool {
    ready.as_ref().is_some_and(|settled| !*settled.borrow())
}

/// Waits for the layer below; then there is nothing to wait for any more.
async fn wait_ready(ready: &mut Option<watch::Receiver<bool>>) -> Result<()> {
    if let Some(mut receiver) = ready.take() {
        // The other side is gone without a word: its error is the one that is reported.
        receiver
            .wait_for(|settled| *settled)
            .await
            .map_err(|_| Error::Cancelled)?;
    }
    Ok(())
}
