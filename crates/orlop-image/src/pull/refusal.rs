//! What a refused image leaves: nothing.
//!
//! A pull ends in one of two bad ways. It is *interrupted*: by the user, the network, the disk; then
//! what came in stays, and the next pull goes on with it. Or the image is *refused*: its bytes are
//! wrong, and would be wrong again; then everything that this pull brought goes at once.
//!
//! What it brought is told by locks. As long as the pull has the lock of a blob or a chain, nobody else
//! is at it, and what isn't published is of no use to anyone. A blob that another, interrupted pull
//! began stays for that one, unless it is the very one that is refused.

use std::collections::HashSet;
use std::io;

use orlop_oci::{ChainId, Digest};
use orlop_store::{BlobLock, ChainLock, Publication};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::images::Images;

/// What a pull has locked and not published yet.
#[derive(Debug, Default)]
pub(crate) struct Unpublished {
    blobs: Vec<BlobLock>,
    chains: Vec<ChainLock>,
    /// Blobs of which nothing was there before.
    begun: HashSet<Digest>,
}

/// What a pull published before its image was whole, and only its lease keeps.
#[derive(Debug, Default)]
pub(crate) struct Published {
    blobs: Vec<Digest>,
    chains: Vec<ChainId>,
}

impl Unpublished {
    pub(crate) fn hold_blob(&mut self, lock: BlobLock) {
        self.blobs.push(lock);
    }

    pub(crate) fn hold_chain(&mut self, lock: ChainLock) {
        self.chains.push(lock);
    }

    /// Notes that a blob wasn't here, not even in part.
    pub(crate) fn begin(&mut self, digest: &Digest) {
        self.begun.insert(digest.clone());
    }

    /// Lets all locks go.
    pub(crate) fn release(&mut self) {
        self.blobs.clear();
        self.chains.clear();
    }

    /// Takes it away, and lets go. `refused` is the blob that is at fault, if it is
    /// one.
    ///
    /// # Errors
    /// The first one; all is tried.
    pub(crate) fn take_back(self, images: &Images, refused: Option<&Digest>) -> Result<()> {
        let mut result = Ok(());
        for lock in &self.blobs {
            let digest = lock.digest();
            if self.begun.contains(digest) || refused == Some(digest) {
                result = result.and(images.store.discard_ingest(lock).map_err(Error::from));
            }
        }
        for lock in &self.chains {
            result = result.and(discard_snapshot(images, lock.chain()));
        }
        result
    }
}

impl Published {
    pub(crate) fn add(&mut self, publication: &Publication<'_>) {
        let blobs = publication.blobs.iter().map(|blob| blob.digest().clone());
        self.blobs.extend(blobs);
        let chains = publication.snapshots.iter().map(|s| s.chain_id.clone());
        self.chains.extend(chains);
    }

    /// Collects it, as far as nobody else needs it. The lease has ended.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub(crate) fn collect(&self, images: &Images) -> Result<()> {
        if !self.blobs.is_empty() || !self.chains.is_empty() {
            let space = images.space()?;
            images.store.collect(&self.blobs, &self.chains, &space)?;
        }
        Ok(())
    }
}

/// Removes the files of a snapshot that has no row.
fn discard_snapshot(images: &Images, chain: &ChainId) -> Result<()> {
    let driver = &images.driver;
    if images.store.snapshot(driver.name(), chain)?.is_none() {
        driver.remove(chain)?;
    }
    Ok(())
}

impl Error {
    /// What was pulled is at fault, so that the same would be refused again; not the way that it came,
    /// nor the place where it should go.
    pub(crate) fn is_refusal(&self) -> bool {
        use orlop_distribution::Error as Remote;
        use orlop_store::Error as Store;
        match self {
            Self::Document { .. } | Self::Invalid { .. } => true,
            Self::Layer { source, .. } => is_at_fault(&**source),
            Self::Driver(error) => match error {
                orlop_snapshot::Error::Tree(tree) => is_at_fault(tree),
                orlop_snapshot::Error::TooManyLayers { .. } => true,
                _ => false,
            },
            Self::Store(error) => matches!(
                error,
                Store::DigestMismatch { .. }
                    | Store::SizeMismatch { .. }
                    | Store::TooLarge { .. }
                    | Store::Incomplete(_)
            ),
            Self::Archive(error) => !matches!(error, orlop_archive::Error::Io { .. }),
            Self::Registry(error) => matches!(
                error,
                Remote::Protocol { .. }
                    | Remote::Refused { .. }
                    | Remote::Manifest { .. }
                    | Remote::ManifestUnknown { .. }
                    | Remote::DigestMismatch { .. }
                    | Remote::BlobUnknown { .. }
                    | Remote::BlobDigest { .. }
                    | Remote::BlobSize { .. }
            ),
            _ => false,
        }
    }

    /// The blob that is at fault.
    pub(crate) fn refused_blob(&self) -> Option<&Digest> {
        match self {
            Self::Layer { digest, .. } => Some(digest),
            _ => None,
        }
    }
}

/// Whether a layer is at fault, not the machine that unpacks it.
fn is_at_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<orlop_fs::Error>() {
        return match error {
            orlop_fs::Error::System { source, .. } => !is_of_the_machine(source),
            orlop_fs::Error::Layer(error) => is_at_fault(error),
            orlop_fs::Error::Cancelled => false,
            _ => true,
        };
    }
    if let Some(error) = error.downcast_ref::<orlop_layer::Error>() {
        return match error {
            orlop_layer::Error::Read(source) => !is_of_the_machine(source),
            _ => true,
        };
    }
    error
        .downcast_ref::<io::Error>()
        .is_none_or(|error| !is_of_the_machine(error))
}

/// What the system may answer to any image, and won't answer for ever. All else (a name that is too
/// long, too many links to a file) a layer can bring about by itself.
fn is_of_the_machine(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| {
        [
            Errno::NOSPC,
            Errno::DQUOT,
            Errno::ROFS,
            Errno::IO,
            Errno::NOMEM,
            Errno::MFILE,
            Errno::NFILE,
            Errno::INTR,
            Errno::STALE,
        ]
        .iter()
        .any(|errno| errno.raw_os_error() == code)
    }) || matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::OutOfMemory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_the_images_fault() {
        let digest = Digest::of(b"x");
        let system = |errno: Errno| orlop_fs::Error::System {
            action: "write",
            path: "a".to_owned(),
            source: errno.into(),
        };
        let read = |errno: Errno| orlop_layer::Error::Read(errno.into());
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::MFILE] {
            let io = io::Error::from(errno);
            assert!(!Error::layer(&digest, system(errno)).is_refusal(), "{io}");
            assert!(!Error::layer(&digest, read(errno)).is_refusal(), "{io}");
            assert!(!Error::layer(&digest, io).is_refusal());
            let tree = orlop_snapshot::Error::Tree(system(errno));
            assert!(!Error::Driver(tree).is_refusal());
        }
        for errno in [Errno::NAMETOOLONG, Errno::NOTDIR, Errno::LOOP, Errno::MLINK] {
            assert!(Error::layer(&digest, system(errno)).is_refusal());
        }
        let refused = orlop_fs::Error::Refused {
            path: "../out".to_owned(),
            reason: "it leads out".to_owned(),
        };
        assert!(Error::layer(&digest, refused).is_refusal());
        let torn = io::Error::new(io::ErrorKind::InvalidData, "no gzip");
        assert!(Error::layer(&digest, torn).is_refusal());
        assert!(Error::layer(&digest, "wrong diff ID").is_refusal());
        assert!(!Error::Cancelled.is_refusal());
        assert!(!Error::Store(orlop_store::Error::Cancelled).is_refusal());
    }
}
