//! Where an image comes from: a registry, or an archive or layout on disk. One set of verbs for both.

use std::io::{Read, Seek as _, SeekFrom};

use bytes::Bytes;
use futures_util::StreamExt as _;
use orlop_archive::Local;
use orlop_distribution::{BlobOptions, ManifestRef, Remote, referrer_descriptor};
use orlop_layer::BUFFER_SIZE;
use orlop_oci::{Descriptor, Digest, MAX_MANIFEST_SIZE, MediaType, Raw, Reference, Repository};
use orlop_store::{Cause, Store};
use tokio::sync::mpsc;

use crate::cancel::Cancel;
use crate::edit::Edited;
use crate::error::{Error, Result};
use crate::pull::blocking;

/// What is sent: bytes in order, or why there are no more.
pub(crate) type WireItem = Result<Bytes>;

/// Chunks that may wait between the socket and the thread that stores them.
pub(crate) const CHUNKS_IN_FLIGHT: usize = 32;

/// Where an image comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A repository of a registry.
    Registry(Remote),
    /// An archive or layout that was opened.
    Local(Local),
    /// The store.
    Store(Store),
    /// What was edited, over where the rest is.
    Edited(Edited),
}

impl Origin {
    /// How the store remembers that a name came from here.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Registry(_) => Cause::Pulled,
            Self::Local(_) | Self::Store(_) => Cause::Loaded,
            Self::Edited(_) => Cause::Copied,
        }
    }

    /// What `reference` stands for there. See [`Local::find`].
    ///
    /// # Errors
    /// When it isn't there or breaks a rule.
    pub async fn resolve(&self, reference: &Reference) -> Result<Descriptor> {
        match self {
            Self::Registry(remote) => {
                let tag = reference.tag().unwrap_or(orlop_oci::DEFAULT_TAG);
                let wanted = match reference.digest() {
                    Some(digest) => ManifestRef::Digest(digest),
                    None => ManifestRef::Tag(tag),
                };
                Ok(remote.resolve(wanted).await?)
            }
            Self::Local(local) => {
                let found = local.find(reference).map(|image| image.target.clone());
                let place = || format!("{} in {}", reference.familiar(), local.label());
                found.ok_or_else(|| Error::NoSuchImage(place()))
            }
            Self::Store(store) => {
                let digest = match reference.digest() {
                    Some(digest) => Some(digest.clone()),
                    None => store.resolve(reference)?,
                };
                let record = digest.map(|digest| store.image(&digest)).transpose()?;
                let target = record.flatten().map(|record| record.target);
                target.ok_or_else(|| Error::NoSuchImage(reference.familiar()))
            }
            // Whoever made it knows its digest.
            Self::Edited(_) => Err(Error::NoSuchImage(reference.familiar())),
        }
    }

    /// Whether a blob can be had there. Only an archive may lack what its index names: it was saved with
    /// some of an image's platforms.
    pub(crate) fn has(&self, digest: &Digest) -> Result<bool> {
        match self {
            Self::Registry(_) => Ok(true),
            Self::Local(local) => Ok(local.blob(digest)?.is_some()),
            Self::Store(store) => Ok(store.blob(digest)?.is_some()),
            Self::Edited(edited) => edited.source(digest)?.has(digest),
        }
    }

    /// A manifest by its digest, verified. `media_type` is what names it says of it, if anything does.
    pub(crate) async fn manifest(
        &self,
        digest: &Digest,
        media_type: Option<&MediaType>,
    ) -> Result<Raw> {
        match self {
            Self::Registry(remote) => Ok(remote.manifest(ManifestRef::Digest(digest)).await?),
            Self::Local(local) => {
                let unknown = MediaType::from("");
                let media_type = media_type.unwrap_or(&unknown);
                Ok(local.by_digest(digest, media_type, MAX_MANIFEST_SIZE)?)
            }
            Self::Store(store) => {
                let unknown = MediaType::from("");
                let media_type = media_type.unwrap_or(&unknown);
                let bytes = store
                    .read_document(digest, MAX_MANIFEST_SIZE)
                    .map_err(Error::stored(media_type))?;
                Raw::verified(media_type.clone(), digest, bytes)
                    .map_err(Error::document("manifest", digest))
            }
            Self::Edited(edited) => {
                let source = edited.source(digest)?;
                let raw = Box::pin(source.manifest(digest, media_type)).await?;
                edited.learn(&raw);
                Ok(raw)
            }
        }
    }

    /// The manifest that `descriptor` describes, its digest and size verified.
    ///
    /// # Errors
    /// When it isn't there, or isn't what it is said to be.
    pub async fn described(&self, descriptor: &Descriptor) -> Result<Raw> {
        let raw = self
            .manifest(&descriptor.digest, Some(&descriptor.media_type))
            .await?;
        raw.as_described(descriptor)
            .map_err(Error::document("manifest", &descriptor.digest))
    }

    /// A whole blob in memory, not yet verified. Only for documents, whose size the caller has bounded.
    pub(crate) async fn small_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match self {
            Self::Registry(remote) => Ok(remote.blob_bytes(descriptor, descriptor.size).await?),
            Self::Local(local) => {
                let raw = local.document(descriptor, descriptor.size)?;
                Ok(raw.bytes().to_vec())
            }
            Self::Store(store) => store
                .read_described(descriptor, descriptor.size)
                .map_err(Error::stored(&descriptor.media_type)),
            Self::Edited(edited) => {
                let source = edited.source(&descriptor.digest)?;
                Box::pin(source.small_blob(descriptor)).await
            }
        }
    }

    /// Whether it has this blob.
    pub(crate) async fn has_blob(&self, descriptor: &Descriptor) -> Result<bool> {
        Ok(match self {
            Self::Registry(remote) => remote.has_blob(&descriptor.digest).await?.is_some(),
            Self::Local(local) => local.blob(&descriptor.digest)?.is_some(),
            Self::Store(store) => store.blob(&descriptor.digest)?.is_some(),
            Self::Edited(edited) => {
                let source = edited.source(&descriptor.digest)?;
                Box::pin(source.has_blob(descriptor)).await?
            }
        })
    }

    /// A repository that may lend this blob to another one of its registry.
    pub(crate) fn lender(&self, digest: &Digest) -> Option<Repository> {
        match self {
            Self::Registry(remote) => Some(remote.repository().clone()),
            Self::Local(_) | Self::Store(_) => None,
            Self::Edited(edited) => edited.lender(digest),
        }
    }

    /// The manifests that name `subject` as theirs. A layout, an archive and the store know of those
    /// that are images of their own.
    pub(crate) async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>> {
        let targets: Vec<Descriptor> = match self {
            Self::Registry(remote) => return Ok(remote.referrers(subject, artifact_type).await?),
            Self::Local(local) => local.images().iter().map(|i| i.target.clone()).collect(),
            Self::Store(store) => store.images()?.into_iter().map(|i| i.target).collect(),
            Self::Edited(edited) => {
                let source = edited.source(subject)?;
                return Box::pin(source.referrers(subject, artifact_type)).await;
            }
        };
        let mut found = Vec::new();
        for target in targets {
            let raw = self
                .manifest(&target.digest, Some(&target.media_type))
                .await?;
            let manifest = raw
                .manifest()
                .map_err(Error::document("manifest", &target.digest))?;
            if manifest.subject().is_some_and(|s| s.digest == *subject) {
                found.push(referrer_descriptor(&raw, &manifest));
            }
        }
        if let Some(wanted) = artifact_type {
            found.retain(|d| d.artifact_type.as_deref() == Some(wanted));
        }
        Ok(found)
    }

    /// Sends a blob's bytes from `offset` on, in order, until the end, an error, or the wish to stop.
    pub(crate) async fn feed(
        self,
        descriptor: Descriptor,
        offset: u64,
        sender: mpsc::Sender<WireItem>,
        cancel: Cancel,
    ) {
        let work = async {
            let result = match self.behind(&descriptor.digest) {
                Ok(source) => source.send(&descriptor, offset, &sender).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                let _ = sender.send(Err(error)).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = cancel.cancelled() => {}
        }
    }

    /// The origin that has this, behind all that was edited.
    fn behind(mut self, digest: &Digest) -> Result<Self> {
        while let Self::Edited(edited) = &self {
            self = edited.source(digest)?;
        }
        Ok(self)
    }

    async fn send(
        &self,
        descriptor: &Descriptor,
        offset: u64,
        sender: &mpsc::Sender<WireItem>,
    ) -> Result<()> {
        match self {
            Self::Registry(remote) => feed_remote(remote, descriptor, offset, sender).await,
            Self::Local(local) => feed_local(local, descriptor, offset, sender).await,
            Self::Store(store) => feed_stored(store, descriptor, offset, sender).await,
            Self::Edited(_) => unreachable!("what has it was looked up"),
        }
    }
}

async fn feed_remote(
    remote: &Remote,
    descriptor: &Descriptor,
    offset: u64,
    sender: &mpsc::Sender<WireItem>,
) -> Result<()> {
    let mut stream = remote.blob(descriptor, offset, BlobOptions::default());
    while let Some(item) = stream.next().await {
        if sender.send(Ok(item?)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn feed_local(
    local: &Local,
    descriptor: &Descriptor,
    offset: u64,
    sender: &mpsc::Sender<WireItem>,
) -> Result<()> {
    let missing = || orlop_archive::Error::NoBlob {
        place: local.label().to_owned(),
        digest: descriptor.digest.clone(),
    };
    let blob = local.blob(&descriptor.digest)?.ok_or_else(missing)?;
    let what = format!("read {} of {}", descriptor.digest, local.label());
    feed_reader(blob.reader(offset), what, sender).await
}

async fn feed_stored(
    store: &Store,
    descriptor: &Descriptor,
    offset: u64,
    sender: &mpsc::Sender<WireItem>,
) -> Result<()> {
    let what = format!("read blob {}", descriptor.digest);
    let mut file = store
        .open_blob(&descriptor.digest)
        .map_err(Error::stored(&descriptor.media_type))?;
    file.seek(SeekFrom::Start(offset))
        .map_err(Error::io(what.clone()))?;
    feed_reader(file, what, sender).await
}

/// Reads on a thread, which ends when nobody takes what it reads.
async fn feed_reader(
    mut reader: impl Read + Send + 'static,
    what: String,
    sender: &mpsc::Sender<WireItem>,
) -> Result<()> {
    let sender = sender.clone();
    blocking(move || {
        loop {
            let mut buffer = vec![0; BUFFER_SIZE];
            let count = reader.read(&mut buffer).map_err(Error::io(what.clone()))?;
            buffer.truncate(count);
            if count == 0 || sender.blocking_send(Ok(buffer.into())).is_err() {
                return Ok(());
            }
        }
    })
    .await
}
