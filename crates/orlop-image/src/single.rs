//! One document or one blob, as it is where it is.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use orlop_distribution::BlobSource;
use orlop_layer::BUFFER_SIZE;
use orlop_oci::{Descriptor, Digest, Index, Manifest, Platform, Raw};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::cancel::Cancel;
use crate::checked::{CheckedBlob, Fault};
use crate::copy::walk::{best, check_depth, missing, parse};
use crate::error::{Error, Result};
use crate::origin::{CHUNKS_IN_FLIGHT, Origin, WireItem};

impl Origin {
    /// The document of an image: the target's own, or, where that is an index and a platform is asked
    /// for, the manifest that runs best there.
    ///
    /// # Errors
    /// When a document isn't there or breaks a rule, and [`Error::NoMatchingPlatform`].
    pub async fn image_for(&self, target: &Descriptor, platform: Option<&Platform>) -> Result<Raw> {
        match platform {
            None => self.described(target).await,
            Some(platform) => {
                let chosen = self.choose(target, platform).await?;
                self.described(&chosen).await
            }
        }
    }

    /// The same, as whatever names it describes it.
    pub(crate) async fn choose(
        &self,
        target: &Descriptor,
        platform: &Platform,
    ) -> Result<Descriptor> {
        let raw = self.described(target).await?;
        match parse(&raw)? {
            Manifest::Image(_) => Ok(target.clone()),
            Manifest::Index(index) => {
                let mut found = Vec::new();
                self.images_below(&raw, index, 1, &mut found).await?;
                let chosen = best(&found, platform).ok_or_else(|| missing(&found, platform))?;
                Ok(chosen.clone())
            }
        }
    }

    /// All images below an index, through the indexes in it.
    async fn images_below(
        &self,
        raw: &Raw,
        index: Index,
        depth: usize,
        found: &mut Vec<Descriptor>,
    ) -> Result<()> {
        check_depth(raw, depth)?;
        for child in index.manifests {
            if !child.media_type.is_index() {
                found.push(child);
                continue;
            }
            let below = self.described(&child).await?;
            if let Manifest::Index(index) = parse(&below)? {
                Box::pin(self.images_below(&below, index, depth + 1, found)).await?;
            }
        }
        Ok(())
    }

    /// The size of a blob; `None` when it isn't there.
    ///
    /// # Errors
    /// When that can't be told.
    pub async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(match self {
            Self::Registry(remote) => remote.has_blob(digest).await?,
            Self::Local(local) => local.blob(digest)?.map(|blob| blob.length()),
            Self::Store(store) => store.blob(digest)?.map(|blob| blob.size),
            Self::Edited(edited) => {
                let source = edited.source(digest)?;
                Box::pin(source.blob_size(digest)).await?
            }
        })
    }

    /// The bytes of a blob. To be called within a runtime.
    ///
    /// # Errors
    /// It must be empty and its digest isn't that of nothing.
    pub fn blob_bytes(&self, descriptor: &Descriptor, cancel: &Cancel) -> Result<BlobBytes> {
        Ok(BlobBytes {
            checked: checked_bytes(self, descriptor, cancel)?,
            what: format!("read blob {}", descriptor.digest),
        })
    }
}

/// A blob that is checked while it is read.
pub struct BlobBytes {
    checked: CheckedBlob,
    what: String,
}

impl std::fmt::Debug for BlobBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobBytes")
    }
}

impl BlobBytes {
    /// Writes it all, on a thread that may block. The end is written only when all of it is right.
    ///
    /// # Errors
    /// When the bytes don't come or aren't what they should be, and those of `out`.
    pub fn write_to(&self, out: &mut impl Write) -> Result<()> {
        let mut reader = self.checked.open(0).map_err(|error| self.failed(error))?;
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = reader
                .read(&mut buffer)
                .map_err(|error| self.failed(error))?;
            if count == 0 {
                return Ok(());
            }
            out.write_all(&buffer[..count])
                .map_err(Error::io("write the blob"))?;
        }
    }

    /// What was found on the way comes back as itself.
    fn failed(&self, error: io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(error) => error,
            Err(error) => Error::io(self.what.clone())(error),
        }
    }
}

/// A blob of an origin, hashed as it is read. To be made within a runtime.
pub(crate) fn checked_bytes(
    origin: &Origin,
    descriptor: &Descriptor,
    cancel: &Cancel,
) -> Result<CheckedBlob> {
    let bytes = OriginBytes::new(origin, descriptor, cancel);
    CheckedBlob::new(Arc::new(bytes), descriptor, blame)
}

/// What is wrong with a blob, in the words that a download has for it.
fn blame(descriptor: &Descriptor, fault: Fault) -> Error {
    let digest = descriptor.digest.clone();
    match fault {
        Fault::Digest(actual) => orlop_distribution::Error::BlobDigest {
            expected: digest,
            actual,
        },
        Fault::Short(actual) => orlop_distribution::Error::BlobSize {
            digest,
            expected: descriptor.size,
            actual: actual.to_string(),
        },
    }
    .into()
}

/// A blob of an origin, for threads. The bytes come by a task of their own, a few pieces ahead.
pub(crate) struct OriginBytes {
    origin: Origin,
    descriptor: Descriptor,
    cancel: Cancel,
    runtime: Handle,
}

impl OriginBytes {
    /// To be made and opened within a runtime.
    pub(crate) fn new(origin: &Origin, descriptor: &Descriptor, cancel: &Cancel) -> Self {
        Self {
            origin: origin.clone(),
            descriptor: descriptor.clone(),
            cancel: cancel.clone(),
            runtime: Handle::current(),
        }
    }
}

impl BlobSource for OriginBytes {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let origin = self.origin.clone();
        self.runtime.spawn(origin.feed(
            self.descriptor.clone(),
            offset,
            sender,
            self.cancel.clone(),
        ));
        Ok(Box::new(Pieces {
            receiver,
            piece: Bytes::new(),
        }))
    }
}

struct Pieces {
    receiver: mpsc::Receiver<WireItem>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
