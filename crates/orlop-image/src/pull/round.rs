//! Rounds of layers: take all that is free, bring it, and only then wait for others.
//!
//! A layer that another process brings right now is locked. Waiting for it while holding locks of our
//! own could have two pulls wait for each other, so a round takes what it can get at once, works it
//! off, publishes it, and lets go; when something is left, it waits for that with empty hands and
//! looks again. Alone on a machine there is one round, and its publication is the image's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orlop_fs::{Settled, UnpackOptions, Unpacked, Usage};
use orlop_oci::{ChainId, Descriptor, Digest};
use orlop_snapshot::Staging;
use orlop_store::{
    BlobLock, ChainLock, IngestedBlob, Publication, Published, SnapshotRecord, Store,
};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{BlobState, Event, EventSink};
use crate::images::{Images, is_privileged};
use crate::origin::{CHUNKS_IN_FLIGHT, Origin};
use crate::progress::progress;
use crate::pull::layer::{LayerInput, LayerOutput, UnpackTo, process};
use crate::pull::wire::{OnProgress, Source};
use crate::pull::{Plan, PlannedLayer, PullOptions};

/// A blob that the plan needs, and what is to become of it.
#[derive(Clone, Debug)]
struct Work {
    descriptor: Descriptor,
    is_layer: bool,
    unpack: Option<PlannedLayer>,
}

/// A piece of work with the locks that allow it.
struct Taken {
    work: Work,
    /// Set when the blob has to be brought.
    blob: Option<BlobLock>,
    /// Set when the layer has to be unpacked.
    chain: Option<ChainLock>,
    /// Says when the layer below is settled; absent when it was before.
    ready: Option<watch::Receiver<bool>>,
    settled: Option<watch::Sender<bool>>,
}

/// What one piece of work gave.
struct Done {
    /// How many layers are below.
    height: usize,
    blob: Option<IngestedBlob>,
    snapshot: Option<SnapshotRecord>,
    /// Kept until the row is there.
    chain: Option<ChainLock>,
}

/// Brings the layers of a plan.
pub(crate) struct Rounds<'a> {
    images: &'a Images,
    /// Nothing when all blobs are in the store already.
    origin: Option<&'a Origin>,
    options: &'a PullOptions,
    events: &'a Arc<dyn EventSink>,
    cancel: &'a Cancel,
    /// A blob went on from where an earlier try stopped.
    resumed: AtomicBool,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(
        images: &'a Images,
        origin: Option<&'a Origin>,
        options: &'a PullOptions,
        events: &'a Arc<dyn EventSink>,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            images,
            origin,
            options,
            events,
            cancel,
            resumed: AtomicBool::new(false),
        }
    }

    /// Brings everything. What the last round gave is in the publication, not yet published.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<Publication<'static>> {
        let work = list(plan);
        let mut announced = false;
        let mut discarded = HashSet::new();
        loop {
            let missing = self.missing(&work)?;
            if !announced {
                self.announce(&work, &missing);
                announced = true;
            }
            if missing.is_empty() {
                return Ok(Publication::default());
            }
            let taken = self.take(&missing)?;
            if taken.is_empty() {
                self.wait_for(&missing[0]).await?;
                continue;
            }
            let complete = taken.len() == missing.len();
            let publication = match self.bring(taken).await {
                // What an earlier try left may have been the wrong half; it is deleted by now.
                Err(Error::Store(orlop_store::Error::DigestMismatch { .. }))
                    if self.resumed.swap(false, Ordering::Relaxed) =>
                {
                    continue;
                }
                // What the store has is of no use, and there is somewhere to fetch it from.
                Err(Error::Damaged { digest, .. })
                    if self.origin.is_some() && discarded.insert(digest.clone()) =>
                {
                    let store = self.images.store.clone();
                    blocking(move || Ok(store.discard_damaged_blob(&digest)?)).await?;
                    continue;
                }
                publication => publication?,
            };
            if complete {
                return Ok(publication);
            }
            publish(&self.images.store, publication).await?;
        }
    }

    /// Says what is here and what will come, unless nothing has to come (docker's silence).
    fn announce(&self, work: &[Work], missing: &[Work]) {
        if missing.is_empty() {
            return;
        }
        let mut seen = HashSet::new();
        for item in work
            .iter()
            .filter(|w| w.is_layer && seen.insert(w.descriptor.digest.clone()))
        {
            let is_missing = missing
                .iter()
                .any(|m| m.descriptor.digest == item.descriptor.digest);
            let state = if is_missing {
                BlobState::Pending
            } else {
                BlobState::Exists
            };
            self.tell(&item.descriptor, true, state);
        }
    }

    fn tell(&self, descriptor: &Descriptor, layer: bool, state: BlobState) {
        self.events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer,
            state,
        });
    }

    fn missing(&self, work: &[Work]) -> Result<Vec<Work>> {
        let mut missing = Vec::new();
        for item in work {
            if !self.has_blob(&item.descriptor.digest)?
                || !self.has_snapshot(item.unpack.as_ref())?
            {
                missing.push(item.clone());
            }
        }
        Ok(missing)
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool> {
        Ok(self.images.store.blob(digest)?.is_some())
    }

    fn has_snapshot(&self, unpack: Option<&PlannedLayer>) -> Result<bool> {
        unpack.map_or(Ok(true), |layer| self.has_chain(&layer.chain))
    }

    /// A row alone doesn't do when somebody took the files away.
    fn has_chain(&self, chain: &ChainId) -> Result<bool> {
        let driver = &self.images.driver;
        let row = self.images.store.snapshot(driver.name(), chain)?;
        Ok(row.is_some() && driver.exists(chain))
    }

    /// Locks all that can be locked without waiting, each layer only when the one below is here or
    /// taken too.
    fn take(&self, missing: &[Work]) -> Result<Vec<Taken>> {
        let store = &self.images.store;
        let mut blobs: HashSet<Digest> = HashSet::new();
        let mut chains: HashMap<ChainId, watch::Receiver<bool>> = HashMap::new();
        let mut taken = Vec::new();
        for item in missing {
            let digest = &item.descriptor.digest;
            // The same blob twice in one round: the second waits for the next round.
            if !blobs.insert(digest.clone()) {
                continue;
            }
            let mut ready = None;
            let mut chain_lock = None;
            if let Some(layer) = &item.unpack
                && !self.has_snapshot(Some(layer))?
            {
                match layer.parent() {
                    Some(parent) if chains.contains_key(parent) => {
                        ready = chains.get(parent).cloned()
                    }
                    Some(parent) if !self.has_chain(parent)? => continue,
                    _ => {}
                }
                let Some(lock) = store.try_lock_chain(&layer.chain)? else {
                    continue;
                };
                chain_lock = Some(lock);
            }
            let mut blob_lock = None;
            if !self.has_blob(digest)? {
                let Some(lock) = store.try_lock_blob(digest)? else {
                    continue;
                };
                // Another process may have published between the look and the lock.
                blob_lock = (!self.has_blob(digest)?).then_some(lock);
            }
            let (settled, receiver) = watch::channel(false);
            if let (Some(layer), Some(_)) = (&item.unpack, &chain_lock) {
                chains.insert(layer.chain.clone(), receiver);
            }
            taken.push(Taken {
                work: item.clone(),
                blob: blob_lock,
                chain: chain_lock,
                ready,
                settled: Some(settled),
            });
        }
        Ok(taken)
    }

    /// Waits, holding nothing, until somebody else is done with `item`.
    async fn wait_for(&self, item: &Work) -> Result<()> {
        self.tell(&item.descriptor, item.is_layer, BlobState::Waiting);
        let store = self.images.store.clone();
        let digest = item.descriptor.digest.clone();
        let chain = item.unpack.as_ref().map(|layer| layer.chain.clone());
        let flag = Arc::clone(self.cancel.flag());
        blocking(move || {
            drop(store.lock_blob(&digest, &flag)?);
            if let Some(chain) = chain {
                drop(store.lock_chain(&chain, &flag)?);
            }
            Ok(())
        })
        .await
    }

    /// Works off one round, the biggest first.
    async fn bring(&self, mut taken: Vec<Taken>) -> Result<Publication<'static>> {
        taken.sort_by_key(|t| std::cmp::Reverse(t.work.descriptor.size));
        let slots = Semaphore::new(self.options.parallel.max(1));
        let jobs = taken.into_iter().map(|t| self.one(t, &slots));
        let results = futures_util::future::try_join_all(jobs).await;
        let mut done = results?;
        // A snapshot comes after the one that it stands on.
        done.sort_by_key(|done| done.height);
        let mut publication = Publication::default();
        for done in done {
            publication.blobs.extend(done.blob);
            publication.snapshots.extend(done.snapshot);
            publication.chain_locks.extend(done.chain);
        }
        Ok(publication)
    }

    async fn one(&self, mut taken: Taken, slots: &Semaphore) -> Result<Done> {
        if taken.chain.is_some() && self.images.driver.needs_parent() {
            // Such a driver begins with a copy of the layer below.
            wait_ready(&mut taken.ready).await?;
        }
        let permit = slots.acquire().await.map_err(|_| Error::Cancelled)?;
        let descriptor = taken.work.descriptor.clone();
        let is_layer = taken.work.is_layer;
        let staging = match (&taken.chain, &taken.work.unpack) {
            (Some(_), Some(layer)) => Some(self.begin(layer).await?),
            _ => None,
        };
        let (source, feeder) = self.source(taken.blob.take(), &descriptor)?;
        let input = LayerInput {
            unpack: staging
                .as_ref()
                .map(|s| self.unpack_to(s, &taken.work))
                .transpose()?,
            source,
            cancelled: Arc::clone(self.cancel.flag()),
            progress: self.progress(&descriptor, is_layer, feeder.is_some()),
            descriptor: descriptor.clone(),
        };
        let work = tokio::task::spawn_blocking(move || process(input));
        let output = match feeder {
            Some(feeder) => tokio::join!(work, feeder).0,
            None => work.await,
        };
        let LayerOutput { blob, unpacked } =
            output.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        drop(permit);
        if blob.is_some() {
            self.tell(&descriptor, is_layer, BlobState::Downloaded);
        }
        let snapshot = match (staging, unpacked, taken.work.unpack.clone()) {
            (Some(staging), Some(unpacked), Some(layer)) => {
                wait_ready(&mut taken.ready).await?;
                Some(self.settle(staging, unpacked, layer, blob.as_ref()).await?)
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

    fn unpack_to(&self, staging: &Staging, work: &Work) -> Result<UnpackTo> {
        let Some(layer) = &work.unpack else {
            return Err(Error::invalid(
                &work.descriptor.digest,
                "unpacked without a diff ID",
            ));
        };
        Ok(UnpackTo {
            directory: staging.path().to_owned(),
            diff_id: layer.diff_id.clone(),
            options: self.unpack_options(),
            observers: (self.options.observers)(),
        })
    }

    fn unpack_options(&self) -> UnpackOptions {
        UnpackOptions {
            bounds: self.options.bounds.clone(),
            ..UnpackOptions::new(self.images.driver.whiteouts(), is_privileged())
        }
    }

    /// Where the bytes come from, and the task that brings them, if one does.
    fn source(
        &self,
        lock: Option<BlobLock>,
        descriptor: &Descriptor,
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
            None
        };
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let origin = origin.clone();
        let (descriptor, cancel) = (descriptor.clone(), self.cancel.clone());
        let feeder = async move {
            if offset < descriptor.size {
                origin.feed(descriptor, offset, sender, cancel).await;
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
        let state = move |current, total| {
            if downloads {
                BlobState::Downloading { current, total }
            } else {
                BlobState::Extracting { current, total }
            }
        };
        Box::new(progress(self.events, descriptor, layer, state))
    }

    /// Takes from the layers below what this one needs of them, and puts it in its place.
    async fn settle(
        &self,
        staging: Staging,
        unpacked: Unpacked,
        layer: PlannedLayer,
        blob: Option<&IngestedBlob>,
    ) -> Result<SnapshotRecord> {
        let driver = Arc::clone(&self.images.driver);
        let file = match blob {
            Some(blob) => blob.open()?,
            None => {
                let file = self.images.store.open_blob(&layer.descriptor.digest);
                file.map_err(Error::stored(&layer.descriptor.media_type))?
            }
        };
        let bounds = self.options.bounds.clone();
        let cancelled = Arc::clone(self.cancel.flag());
        let observers = Arc::clone(&self.options.observers);
        blocking(move || {
            let settled = driver.settle(&staging, &layer.below, &unpacked)?;
            let staging = match settled {
                Settled::Done => staging,
                Settled::NeedsApply => {
                    drop(staging);
                    // Who has seen the whole layer needn't see it again.
                    let seers = if unpacked.needs_apply {
                        observers()
                    } else {
                        Vec::new()
                    };
                    super::reapply::reapply(&*driver, &layer, file, &bounds, seers, &cancelled)?
                }
            };
            driver.publish(staging)?;
            let usage = if driver.needs_parent() || settled == Settled::NeedsApply {
                driver.usage(&layer.chain)?
            } else {
                // Counted while it was written: a walk over all files would only say it again.
                Usage {
                    bytes: unpacked.bytes,
                    inodes: unpacked.entries,
                }
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

/// All blobs of a plan. Layers are in the order of their image, bottom first.
fn list(plan: &Plan) -> Vec<Work> {
    let mut work = Vec::new();
    let mut chains = HashSet::new();
    let mut plain = HashSet::new();
    for image in &plan.images {
        for layer in &image.layers {
            if image.unpack && chains.insert(layer.chain.clone()) {
                work.push(Work {
                    descriptor: layer.descriptor.clone(),
                    is_layer: true,
                    unpack: Some(layer.clone()),
                });
            }
        }
    }
    for image in plan.images.iter().filter(|image| !image.unpack) {
        let layers = image.layers.iter().map(|l| (&l.descriptor, true));
        let others = image.others.iter().map(|d| (d, false));
        for (descriptor, is_layer) in layers.chain(others) {
            if plain.insert(descriptor.digest.clone()) {
                work.push(Work {
                    descriptor: descriptor.clone(),
                    is_layer,
                    unpack: None,
                });
            }
        }
    }
    work
}

async fn wait_ready(ready: &mut Option<watch::Receiver<bool>>) -> Result<()> {
    if let Some(receiver) = ready {
        // The other side is gone without a word: its error is the one that is reported.
        receiver
            .wait_for(|settled| *settled)
            .await
            .map_err(|_| Error::Cancelled)?;
    }
    Ok(())
}

/// Publishes on a thread of its own: the sync in it can take seconds, in which the wish to stop must
/// be heard. A publication that goes on while the program ends is whole or nothing.
pub(crate) async fn publish(store: &Store, publication: Publication<'static>) -> Result<Published> {
    let store = store.clone();
    blocking(move || Ok(store.publish(publication)?)).await
}

/// Runs blocking work on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
