//! Push: what a registry doesn't have goes there, blobs first, then manifests from the leaves up, and
//! the tag last. Nothing is compressed again: the digests are those that were pulled or built.

use std::collections::HashSet;
use std::sync::Arc;

use orlop_distribution::{ManifestRef, Remote};
use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH, Platform, Raw, Reference};
use tokio::sync::Semaphore;

use crate::cancel::Cancel;
use crate::checked::upload_error;
use crate::copy::lend::{Lent, mount_or_upload};
use crate::error::{Error, Result};
use crate::event::{BlobState, Event, EventSink};
use crate::images::Images;
use crate::model::Pushed;
use crate::progress::progress;
use crate::stored::stored_blob;
use crate::survey::Survey;

/// What to push, and how.
#[derive(Clone, Debug)]
pub struct PushOptions {
    /// Push only this platform's manifest, without its index.
    pub platform: Option<Platform>,
    /// How many blobs move at once.
    pub parallel: usize,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            platform: None,
            parallel: 5,
        }
    }
}

/// What has to be at the registry in the end.
struct Load {
    target: Raw,
    /// The other manifests, each after those that it names.
    manifests: Vec<Raw>,
    /// All other blobs, each once, and whether it is a layer.
    blobs: Vec<(Descriptor, bool)>,
    single_platform: bool,
}

impl Images {
    /// Sends the image that `reference` names to `remote`.
    ///
    /// # Errors
    /// [`Error::NotLocal`] or [`Error::TagMissing`] when there is no such name, [`Error::Damaged`] when
    /// the store's copy of it is wrong, or when the registry doesn't take it. What arrived there stays, without a name.
    pub async fn push(
        &self,
        remote: &Remote,
        reference: &Reference,
        options: &PushOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Pushed> {
        tokio::select! {
            result = self.push_now(remote, reference, options, events) => result,
            () = cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    async fn push_now(
        &self,
        remote: &Remote,
        reference: &Reference,
        options: &PushOptions,
        events: &Arc<dyn EventSink>,
    ) -> Result<Pushed> {
        let reference = reference.clone().with_default_tag();
        let target = self.local_target(&reference)?;
        events.emit(Event::PushStarted {
            reference: reference.clone(),
        });
        let lease = self
            .store
            .lease(&format!("push {}", reference.familiar()))?;
        lease.hold_blob(&target.digest)?;
        let load = self.load(&reference, &target, options.platform.as_ref())?;
        let pusher = Pusher {
            images: self,
            remote,
            events,
        };
        pusher.blobs(&load.blobs, options.parallel).await?;
        for raw in &load.manifests {
            remote
                .put_manifest(ManifestRef::Digest(raw.digest()), raw)
                .await?;
        }
        let name = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => ManifestRef::Tag(tag),
            (None, Some(digest)) => ManifestRef::Digest(digest),
            (None, None) => ManifestRef::Tag(orlop_oci::DEFAULT_TAG),
        };
        remote.put_manifest(name, &load.target).await?;
        if self.store.is_writable() {
            self.store
                .add_sources(&load.digests(), reference.repository())?;
            self.store.mark_used(std::slice::from_ref(&target.digest))?;
        }
        Ok(Pushed {
            target: load.target.descriptor(),
            single_platform: load.single_platform,
            reference,
        })
    }

    fn local_target(&self, reference: &Reference) -> Result<Descriptor> {
        let missing = || -> Result<Error> {
            let repository = reference.repository();
            let known = self
                .store
                .names()?
                .iter()
                .any(|n| n.reference.repository() == repository);
            Ok(match reference.tag() {
                Some(tag) if known => {
                    Error::TagMissing(format!("{}:{tag}", repository.familiar_name()))
                }
                _ => Error::NotLocal(repository.familiar_name()),
            })
        };
        let target = match self.find(&reference.to_string()) {
            Ok(found) => found.target().clone(),
            Err(Error::NoSuchImage(_)) => return Err(missing()?),
            Err(error) => return Err(error),
        };
        match self.store.image(&target)? {
            Some(record) => Ok(record.target),
            None => Err(missing()?),
        }
    }

    /// All that the target needs; when parts of an index aren't here, the one platform that is.
    fn load(
        &self,
        reference: &Reference,
        target: &Descriptor,
        platform: Option<&Platform>,
    ) -> Result<Load> {
        let survey = Survey::some(&self.store)?;
        let whole = platform.is_none() && survey.graph.is_complete(&target.digest);
        let root = if whole {
            target.clone()
        } else {
            let manifests = self.manifests(target, &survey)?;
            self.choose_manifest(&reference.familiar(), &manifests, platform)?
                .ok_or_else(|| Error::NotPulled {
                    image: reference.familiar(),
                    platform: platform.cloned().unwrap_or_else(Platform::host).to_string(),
                })?
        };
        let raw = self.document(&root)?;
        let mut load = Load {
            single_platform: root.digest != target.digest,
            manifests: Vec::new(),
            blobs: Vec::new(),
            target: raw.clone(),
        };
        let mut seen = HashSet::new();
        self.add(&raw, 0, &mut seen, &mut load)?;
        load.manifests.retain(|raw| raw.digest() != &root.digest);
        Ok(load)
    }

    fn add(
        &self,
        raw: &Raw,
        depth: usize,
        seen: &mut HashSet<Digest>,
        load: &mut Load,
    ) -> Result<()> {
        if depth > MAX_INDEX_DEPTH {
            return Err(Error::invalid(
                raw.digest(),
                format!("indexes nested deeper than {MAX_INDEX_DEPTH}"),
            ));
        }
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        for child in manifest.children() {
            if !seen.insert(child.digest.clone()) {
                continue;
            }
            if child.media_type.is_index() || child.media_type.is_manifest() {
                let below = self.document(child)?;
                self.add(&below, depth + 1, seen, load)?;
            } else {
                load.blobs
                    .push((child.clone(), child.media_type.is_layer()));
            }
        }
        load.manifests.push(raw.clone());
        Ok(())
    }
}

impl Load {
    fn digests(&self) -> Vec<Digest> {
        let blobs = self
            .blobs
            .iter()
            .map(|(descriptor, _)| descriptor.digest.clone());
        let manifests = self.manifests.iter().map(|raw| raw.digest().clone());
        blobs
            .chain(manifests)
            .chain([self.target.digest().clone()])
            .collect()
    }
}

/// Sends blobs to one repository.
struct Pusher<'a> {
    images: &'a Images,
    remote: &'a Remote,
    events: &'a Arc<dyn EventSink>,
}

impl Pusher<'_> {
    async fn blobs(&self, blobs: &[(Descriptor, bool)], parallel: usize) -> Result<()> {
        for (descriptor, is_layer) in blobs.iter().filter(|(_, is_layer)| *is_layer) {
            self.tell(descriptor, *is_layer, BlobState::Preparing);
        }
        let slots = Semaphore::new(parallel.max(1));
        let mut jobs: Vec<&(Descriptor, bool)> = blobs.iter().collect();
        jobs.sort_by_key(|(descriptor, _)| std::cmp::Reverse(descriptor.size));
        let jobs = jobs.into_iter().map(|(descriptor, is_layer)| async {
            let _slot = slots.acquire().await.map_err(|_| Error::Cancelled)?;
            let state = self.one(descriptor, *is_layer).await?;
            self.tell(descriptor, *is_layer, state);
            Ok::<_, Error>(())
        });
        futures_util::future::try_join_all(jobs).await.map(drop)
    }

    fn tell(&self, descriptor: &Descriptor, layer: bool, state: BlobState) {
        self.events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer,
            state,
        });
    }

    async fn one(&self, descriptor: &Descriptor, is_layer: bool) -> Result<BlobState> {
        if descriptor.media_type.is_foreign_layer()
            && self.images.store.blob(&descriptor.digest)?.is_none()
        {
            return Ok(BlobState::SkippedForeign);
        }
        if self.remote.has_blob(&descriptor.digest).await?.is_some() {
            return Ok(BlobState::LayerExists);
        }
        let source = stored_blob(&self.images.store, descriptor)?;
        let lenders = self.images.store.repositories_of(&descriptor.digest)?;
        let session = match mount_or_upload(self.remote, &descriptor.digest, lenders).await? {
            Lent::From(from) => {
                return Ok(BlobState::Mounted {
                    from: from.path().to_owned(),
                });
            }
            Lent::Upload(session) => session,
        };
        let pushing = |current, total| BlobState::Pushing { current, total };
        let progress = progress(self.events, descriptor, is_layer, pushing);
        self.remote
            .upload_blob_into(session, descriptor, source, &progress)
            .await
            .map_err(upload_error)?;
        Ok(BlobState::Pushed)
    }
}
