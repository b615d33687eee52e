//! Where an image comes from: a registry, or an OCI image layout on disk. One set of verbs for both.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt as _;
use orlop_distribution::{BlobOptions, ManifestRef, Remote};
use orlop_oci::{
    Descriptor, Digest, Index, MAX_MANIFEST_SIZE, Manifest, MediaType, Raw, Reference, annotation,
};
use orlop_store::Cause;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// What is sent: bytes in order, or why there are no more.
pub(crate) type WireItem = Result<Bytes>;

/// Chunks that may wait between the socket and the thread that stores them.
pub(crate) const CHUNKS_IN_FLIGHT: usize = 32;

/// Where an image comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A repository of a registry.
    Registry(Remote),
    /// A directory that is an OCI image layout (image-spec, image-layout.md).
    Layout(PathBuf),
}

impl Origin {
    /// How the store remembers that a name came from here.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Registry(_) => Cause::Pulled,
            Self::Layout(_) => Cause::Loaded,
        }
    }

    /// What `reference` stands for there. In a layout a name is an `index.json` entry annotated with
    /// the tag or with the whole reference.
    ///
    /// # Errors
    /// When it isn't there or breaks a rule.
    pub(crate) async fn resolve(&self, reference: &Reference) -> Result<Descriptor> {
        match self {
            Self::Registry(remote) => {
                let tag = reference.tag().unwrap_or(orlop_oci::DEFAULT_TAG);
                let wanted = match reference.digest() {
                    Some(digest) => ManifestRef::Digest(digest),
                    None => ManifestRef::Tag(tag),
                };
                Ok(remote.resolve(wanted).await?)
            }
            Self::Layout(directory) => {
                let path = directory.join("index.json");
                let bytes = read_bounded(&path, MAX_MANIFEST_SIZE).await?;
                let raw = Raw::new(MediaType::OciIndex, bytes);
                match raw
                    .manifest()
                    .map_err(Error::document("index", raw.digest()))?
                {
                    Manifest::Index(index) => find(&index, reference),
                    Manifest::Image(_) => None,
                }
                .ok_or_else(|| {
                    Error::NoSuchImage(format!(
                        "{} in {}",
                        reference.familiar(),
                        directory.display()
                    ))
                })
            }
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
            Self::Layout(directory) => {
                let bytes = read_bounded(&blob_path(directory, digest), MAX_MANIFEST_SIZE).await?;
                let media_type = media_type.cloned().unwrap_or_else(|| MediaType::from(""));
                Raw::verified(media_type, digest, bytes)
                    .map_err(Error::document("manifest", digest))
            }
        }
    }

    /// A whole blob in memory, not yet verified. Only for documents, whose size the caller has bounded.
    pub(crate) async fn small_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match self {
            Self::Registry(remote) => Ok(remote.blob_bytes(descriptor, descriptor.size).await?),
            Self::Layout(directory) => {
                read_bounded(&blob_path(directory, &descriptor.digest), descriptor.size).await
            }
        }
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
            let result = match &self {
                Self::Registry(remote) => feed_remote(remote, &descriptor, offset, &sender).await,
                Self::Layout(directory) => {
                    feed_file(&blob_path(directory, &descriptor.digest), offset, &sender).await
                }
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

async fn feed_file(path: &Path, offset: u64, sender: &mpsc::Sender<WireItem>) -> Result<()> {
    use tokio::io::AsyncSeekExt as _;
    const CHUNK: usize = 256 << 10;
    let failed = || Error::io(format!("read {}", path.display()));
    let mut file = tokio::fs::File::open(path).await.map_err(failed())?;
    file.seek(std::io::SeekFrom::Start(offset))
        .await
        .map_err(failed())?;
    loop {
        let mut buffer = vec![0; CHUNK];
        let count = file.read(&mut buffer).await.map_err(failed())?;
        buffer.truncate(count);
        if count == 0 || sender.send(Ok(buffer.into())).await.is_err() {
            return Ok(());
        }
    }
}

fn find(index: &Index, reference: &Reference) -> Option<Descriptor> {
    if let Some(digest) = reference.digest() {
        return index
            .manifests
            .iter()
            .find(|d| d.digest == *digest)
            .cloned();
    }
    let tag = reference.tag().unwrap_or(orlop_oci::DEFAULT_TAG);
    let full = reference.to_string();
    let named = |key: &str, value: &str| {
        index
            .manifests
            .iter()
            .find(|d| d.annotations.get(key).is_some_and(|v| v == value))
    };
    named(annotation::CONTAINERD_IMAGE_NAME, &full)
        .or_else(|| named(annotation::REF_NAME, &full))
        .or_else(|| named(annotation::REF_NAME, tag))
        .cloned()
}

fn blob_path(directory: &Path, digest: &Digest) -> PathBuf {
    directory
        .join("blobs")
        .join(digest.algorithm().as_str())
        .join(digest.hex())
}

async fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>> {
    let failed = || Error::io(format!("read {}", path.display()));
    let file = tokio::fs::File::open(path).await.map_err(failed())?;
    let mut bytes = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(failed())?;
    Ok(bytes)
}
