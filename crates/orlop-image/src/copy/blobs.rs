//! Moving blobs: many side by side, each once, none that is there.

use std::io::Read;
use std::sync::Arc;

use orlop_archive::Name;
use orlop_distribution::{BlobSource, Remote};
use orlop_oci::{Descriptor, Raw, Repository};
use tokio::sync::Semaphore;

use crate::checked::upload_error;
use crate::copy::destination::with_writer;
use crate::copy::lend::{Lent, mount_or_upload};
use crate::copy::walk::Load;
use crate::copy::{Copier, Destination, lock};
use crate::error::{Error, Result};
use crate::event::{BlobState, Event};
use crate::progress::progress;
use crate::pull::blocking;
use crate::single::{OriginBytes, checked_bytes};

impl Copier<'_> {
    /// Sends what is below a target: blobs first, then manifests.
    pub(crate) async fn send(&self, load: &Load) -> Result<()> {
        for (descriptor, is_layer) in load.blobs.iter().filter(|(_, is_layer)| *is_layer) {
            self.tell(descriptor, *is_layer, BlobState::Preparing);
        }
        let mut jobs: Vec<&(Descriptor, bool)> = load.blobs.iter().collect();
        // An archive is written from front to back, always the same way, and ends at its first fault.
        let slots = if matches!(self.to, Destination::Archive(_)) {
            Semaphore::new(1)
        } else {
            jobs.sort_by_key(|(descriptor, _)| std::cmp::Reverse(descriptor.size));
            Semaphore::new(self.options.parallel.max(1))
        };
        let jobs = jobs.into_iter().map(|(descriptor, is_layer)| async {
            let _slot = slots.acquire().await.map_err(|_| Error::Cancelled)?;
            let state = self.blob(descriptor, *is_layer).await?;
            self.count(descriptor, &state);
            self.tell(descriptor, *is_layer, state);
            Ok::<_, Error>(())
        });
        futures_util::future::try_join_all(jobs).await?;
        for raw in &load.manifests {
            self.to.manifest(raw, None, false).await?;
            self.count_manifest(raw);
        }
        Ok(())
    }

    /// Puts a manifest whose children are there.
    pub(crate) async fn put(&self, raw: &Raw, name: Option<&Name>) -> Result<()> {
        self.to.manifest(raw, name, true).await?;
        self.count_manifest(raw);
        Ok(())
    }

    fn tell(&self, descriptor: &Descriptor, layer: bool, state: BlobState) {
        self.events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer,
            state,
        });
    }

    fn count_manifest(&self, raw: &Raw) {
        lock(&self.there).insert(raw.digest().clone());
        lock(&self.moved).manifests += 1;
    }

    fn count(&self, descriptor: &Descriptor, state: &BlobState) {
        lock(&self.there).insert(descriptor.digest.clone());
        let mut moved = lock(&self.moved);
        match state {
            BlobState::Mounted { .. } => moved.mounted += 1,
            BlobState::Pushed => {
                moved.blobs += 1;
                moved.bytes += descriptor.size;
            }
            _ => moved.there += 1,
        }
    }

    async fn blob(&self, descriptor: &Descriptor, is_layer: bool) -> Result<BlobState> {
        if descriptor.media_type.is_foreign_layer() && !self.from.has_blob(descriptor).await? {
            return Ok(BlobState::SkippedForeign);
        }
        match &self.to {
            Destination::Registry(remote) => self.upload(remote, descriptor, is_layer).await,
            Destination::Layout(layout) if layout.writer.has(descriptor) => {
                Ok(BlobState::LayerExists)
            }
            Destination::Layout(layout) => {
                let writer = Arc::clone(&layout.writer);
                self.write(descriptor, is_layer, move |descriptor, reader, progress| {
                    Ok(writer.blob(descriptor, reader, progress)?)
                })
                .await
            }
            Destination::Archive(archive) => {
                let writer = Arc::clone(&archive.writer);
                self.write(descriptor, is_layer, move |descriptor, reader, progress| {
                    with_writer(&writer, |writer| writer.blob(descriptor, reader, progress))
                })
                .await
            }
        }
    }

    async fn upload(
        &self,
        remote: &Remote,
        descriptor: &Descriptor,
        is_layer: bool,
    ) -> Result<BlobState> {
        if remote.has_blob(&descriptor.digest).await?.is_some() {
            return Ok(BlobState::LayerExists);
        }
        let lenders = self.lenders(descriptor)?;
        let session = match mount_or_upload(remote, &descriptor.digest, lenders).await? {
            Lent::From(from) => {
                let from = from.path().to_owned();
                return Ok(BlobState::Mounted { from });
            }
            Lent::Upload(session) => session,
        };
        let source = checked_bytes(&self.from, descriptor, self.cancel)?;
        let pushing = |current, total| BlobState::Pushing { current, total };
        let progress = progress(self.events, descriptor, is_layer, pushing);
        remote
            .upload_blob_into(session, descriptor, source, &progress)
            .await
            .map_err(upload_error)?;
        Ok(BlobState::Pushed)
    }

    /// Repositories that may have the blob: the one that it comes from, then those that the store knows.
    fn lenders(&self, descriptor: &Descriptor) -> Result<Vec<Repository>> {
        let mut lenders: Vec<Repository> =
            self.from.lender(&descriptor.digest).into_iter().collect();
        if let Some(store) = self.known {
            lenders.extend(store.repositories_of(&descriptor.digest)?);
        }
        Ok(lenders)
    }

    /// Has a thread write the blob's bytes; the writer checks them.
    async fn write<W>(&self, descriptor: &Descriptor, is_layer: bool, write: W) -> Result<BlobState>
    where
        W: FnOnce(&Descriptor, Box<dyn Read + Send>, &mut dyn FnMut(u64)) -> Result<()>
            + Send
            + 'static,
    {
        let bytes = self.bytes(descriptor);
        let pushing = |current, total| BlobState::Pushing { current, total };
        let progress = progress(self.events, descriptor, is_layer, pushing);
        let descriptor = descriptor.clone();
        blocking(move || {
            let reader = bytes
                .open(0)
                .map_err(Error::io(format!("read blob {}", descriptor.digest)))?;
            write(&descriptor, reader, &mut |passed| progress(passed))
        })
        .await?;
        Ok(BlobState::Pushed)
    }

    fn bytes(&self, descriptor: &Descriptor) -> OriginBytes {
        OriginBytes::new(&self.from, descriptor, self.cancel)
    }
}
