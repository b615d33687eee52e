//! Rounds of layers: take all that is free, bring it, and only then wait for others.
//!
//! A layer that another process brings right now is locked. Waiting for it while holding locks of our
//! own could have two pulls wait for each other, so a round takes what it can get at once, works it
//! off, publishes it, and lets go; when something is left, it waits for that with empty hands and
//! looks again. Alone on a machine there is one round, and its publication is the image's.

mod job;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use orlop_oci::{ChainId, Descriptor, Digest};
use orlop_store::{
    BlobLock, ChainLock, IngestedBlob, Publication, Published, SnapshotRecord, Store,
};
use tokio::sync::{Semaphore, watch};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{BlobState, Event, EventSink};
use crate::images::Images;
use crate::origin::Origin;
use crate::pull::refusal::{Published as Parts, Unpublished};
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

/// What allows a piece of work: of the two, the lock of what has to be made.
#[derive(Default)]
struct Locks {
    blob: Option<BlobLock>,
    chain: Option<ChainLock>,
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
    /// Told as a load, not as a pull.
    loads: bool,
    /// A blob went on from where an earlier try stopped.
    resumed: AtomicBool,
    /// What there is to take back when the image is refused.
    unpublished: Mutex<Unpublished>,
    /// And what there is to collect.
    parts: Mutex<Parts>,
}

/// Has the layers of a round stop, when one fails and when nobody waits for them any more.
struct Stop(Cancel);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
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
            loads: false,
            resumed: AtomicBool::new(false),
            unpublished: Mutex::default(),
            parts: Mutex::default(),
        }
    }

    /// The same, told in the words of a load.
    pub(crate) fn of_a_load(mut self) -> Self {
        self.loads = true;
        self
    }

    /// Brings everything. What the last round gave is in the publication, not yet published.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<Publication<'static>> {
        let result = self.rounds(plan).await;
        if let Err(error) = &result
            && error.is_refusal()
        {
            self.take_back(error).await;
        }
        result
    }

    /// Takes away what was brought and isn't published: `error` says that it is of no use.
    pub(crate) async fn take_back(&self, error: &Error) {
        let unpublished = std::mem::take(&mut *self.unpublished());
        let (images, refused) = (self.images.clone(), error.refused_blob().cloned());
        // The refusal is what there is to tell. What can't be removed now is swept when it can.
        let _ = blocking(move || unpublished.take_back(&images, refused.as_ref())).await;
    }

    /// Collects the parts that were published before the image was refused. The lease must have ended.
    pub(crate) async fn collect_parts(self) {
        let images = self.images.clone();
        let parts = self
            .parts
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = blocking(move || parts.collect(&images)).await;
    }

    fn unpublished(&self) -> MutexGuard<'_, Unpublished> {
        self.unpublished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn rounds(&self, plan: &Plan) -> Result<Publication<'static>> {
        let work = list(plan);
        let mut announced = false;
        let mut discarded = HashSet::new();
        loop {
            // Nobody waits with a lock in hand.
            self.unpublished().release();
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
                    self.unpublished().release();
                    let store = self.images.store.clone();
                    blocking(move || Ok(store.discard_damaged_blob(&digest)?)).await?;
                    continue;
                }
                publication => publication?,
            };
            if complete {
                return Ok(publication);
            }
            self.parts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(&publication);
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
        let Some(state) = self.words(state) else {
            return;
        };
        self.events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer,
            state,
        });
    }

    /// What a state is called: a load has fewer words than a pull, and others.
    fn words(&self, state: BlobState) -> Option<BlobState> {
        if !self.loads {
            return Some(state);
        }
        match state {
            BlobState::Pending | BlobState::Exists | BlobState::Downloaded => None,
            BlobState::Pulled => Some(BlobState::Loaded),
            state => Some(state),
        }
    }

    fn missing(&self, work: &[Work]) -> Result<Vec<Work>> {
        let mut missing = Vec::new();
        for item in work {
            if !self.has_blob(&item.descriptor)? || !self.has_snapshot(item.unpack.as_ref())? {
                missing.push(item.clone());
            }
        }
        Ok(missing)
    }

    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool> {
        let Some(blob) = self.images.store.blob(&descriptor.digest)? else {
            return Ok(false);
        };
        if blob.size != descriptor.size {
            // Of a blob that comes from elsewhere, this would be seen when it comes.
            return Err(Error::Store(orlop_store::Error::SizeMismatch {
                digest: blob.digest,
                expected: descriptor.size,
                actual: blob.size,
            }));
        }
        Ok(true)
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
        let mut blobs: HashSet<Digest> = HashSet::new();
        let mut chains: HashMap<ChainId, watch::Receiver<bool>> = HashMap::new();
        let mut taken = Vec::new();
        for item in missing {
            // The same blob twice in one round: the second waits for the next round.
            if !blobs.insert(item.descriptor.digest.clone()) {
                continue;
            }
            let mut ready = None;
            if let Some(layer) = &item.unpack
                && !self.has_chain(&layer.chain)?
            {
                match layer.parent() {
                    Some(parent) if chains.contains_key(parent) => {
                        ready = chains.get(parent).cloned()
                    }
                    Some(parent) if !self.has_chain(parent)? => continue,
                    _ => {}
                }
            }
            let Some(locks) = self.lock(item)? else {
                continue;
            };
            let (settled, receiver) = watch::channel(false);
            if let (Some(layer), Some(_)) = (&item.unpack, &locks.chain) {
                chains.insert(layer.chain.clone(), receiver);
            }
            taken.push(Taken {
                work: item.clone(),
                blob: locks.blob,
                chain: locks.chain,
                ready,
                settled: Some(settled),
            });
        }
        Ok(taken)
    }

    /// The locks of what has to be made of a piece of work. None, and none held, when another process
    /// has one of them or has made all of it meanwhile: waiting for the one while holding the other
    /// would be for ever.
    fn lock(&self, item: &Work) -> Result<Option<Locks>> {
        let store = &self.images.store;
        let mut locks = Locks::default();
        if let Some(layer) = &item.unpack
            && !self.has_chain(&layer.chain)?
        {
            let Some(lock) = store.try_lock_chain(&layer.chain)? else {
                return Ok(None);
            };
            // Another process may have published between the look and the lock. What it made may be in
            // use, and making it anew would begin by removing it.
            if !self.has_chain(&layer.chain)? {
                locks.chain = Some(lock);
            }
        }
        if !self.has_blob(&item.descriptor)? {
            let Some(lock) = store.try_lock_blob(&item.descriptor.digest)? else {
                return Ok(None);
            };
            if !self.has_blob(&item.descriptor)? {
                locks.blob = Some(lock);
            }
        }
        let mut unpublished = self.unpublished();
        if let Some(lock) = &locks.chain {
            unpublished.hold_chain(lock.clone());
        }
        if let Some(lock) = &locks.blob {
            unpublished.hold_blob(lock.clone());
        }
        let is_needed = locks.chain.is_some() || locks.blob.is_some();
        Ok(is_needed.then_some(locks))
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

    /// Works off one round, the biggest first. When it ends badly, everybody has stopped.
    async fn bring(&self, mut taken: Vec<Taken>) -> Result<Publication<'static>> {
        taken.sort_by_key(|t| std::cmp::Reverse(t.work.descriptor.size));
        let slots = Semaphore::new(self.options.parallel.max(1));
        let stop = Stop(Cancel::new());
        let stop = &stop.0;
        let jobs = taken.into_iter().map(|t| self.one(t, &slots, stop));
        let mut jobs: FuturesUnordered<_> = jobs.collect();
        let mut done = Vec::new();
        let mut failed = None;
        loop {
            let next = tokio::select! {
                next = jobs.next() => next,
                () = self.cancel.cancelled(), if !stop.is_cancelled() => {
                    stop.cancel();
                    continue;
                }
            };
            match next {
                Some(Ok(one)) => done.push(one),
                // What the others say after this is that they were stopped.
                Some(Err(error)) => {
                    stop.cancel();
                    failed.get_or_insert(error);
                }
                None => break,
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
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
