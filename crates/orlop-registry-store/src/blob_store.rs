//! The seam for content: where blobs and uploads lie.
//!
//! A store of blobs knows digests, lengths and the IDs of uploads, and no rule of the protocol:
//! offsets, lengths, hashing and who may see what are decided above it, so that every store behaves
//! the same. Reading is asynchronous (an object store answers over the network); receiving blocks,
//! because it always runs on a thread of its own, between a channel and a disk.
//!
//! The alternative, one asynchronous `put(stream)`, would have every store parse ranges, resume
//! hashes and clean up after itself in its own way.

use std::fmt;
use std::os::fd::BorrowedFd;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use orlop_oci::{Algorithm, Digest};
use serde::{Deserialize, Serialize};

use crate::{OpenBlob, StorageError, UploadId};

type Result<T> = std::result::Result<T, StorageError>;

/// What is known of an upload beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadAbout {
    /// The repository that it was begun in. Under another one's URL it is unknown.
    pub repository: String,
    /// `sha256` or `sha512`: what is computed while it arrives.
    pub algorithm: String,
    /// When it began.
    pub begun_at: Timestamp,
}

impl UploadAbout {
    /// The algorithm, SHA-256 when the text is none.
    pub fn algorithm(&self) -> Algorithm {
        if self.algorithm == Algorithm::Sha512.as_str() {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        }
    }
}

/// The bytes of one upload. Whoever holds it is the only one, over all processes.
pub trait UploadData: fmt::Debug + Send {
    /// How many bytes there are.
    fn len(&self) -> u64;
    /// There are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`. What is there afterwards is unknown: truncate.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Cuts everything behind `len`.
    ///
    /// # Errors
    /// `Internal`.
    fn truncate(&mut self, len: u64) -> Result<()>;
    /// Shows all bytes from the beginning.
    ///
    /// # Errors
    /// `Internal`.
    fn replay(&self, each: &mut dyn FnMut(&[u8])) -> Result<()>;
    /// Returns when all bytes would survive the loss of power.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn sync(&mut self) -> Result<()>;
}

/// What became of opening an upload.
#[derive(Debug)]
pub enum Resumed {
    /// There is no such upload.
    Unknown,
    /// Somebody else is writing to it.
    Busy,
    /// It is ours until it is dropped.
    Ready(Box<dyn UploadData>),
}

/// An upload whose content is complete, verified and durable, and waits to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Which upload.
    pub upload: UploadId,
    /// What it holds.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// When the upload began.
    pub begun_at: Timestamp,
}

/// Where blobs and uploads lie.
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// The length of a blob, `None` when it isn't there.
    fn size<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<u64>>>;

    /// Opens a blob to be sent, `None` when it isn't there.
    fn open<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<OpenBlob>>>;

    /// Reads a small blob, `None` when it isn't there. `Damaged` when it is longer than `limit`.
    fn read<'a>(&'a self, digest: &'a Digest, limit: u64) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// Begins an upload. One without `about` can't be resumed: it is a body that comes at once.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn start(&self, id: &UploadId, about: Option<&UploadAbout>) -> Result<Box<dyn UploadData>>;

    /// Begins an upload that can't be resumed and whose bytes are those of a file elsewhere, without
    /// copying them. `None` when that can't be: the store or the file system doesn't know how, or
    /// others may write to the file. What it holds is to be verified after this.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn link(
        &self,
        _id: &UploadId,
        _folder: BorrowedFd<'_>,
        _name: &str,
    ) -> Result<Option<Box<dyn UploadData>>> {
        Ok(None)
    }

    /// What is known of an upload and how many bytes it has. `None` when there is none, or it can't
    /// be resumed.
    ///
    /// # Errors
    /// `Internal`.
    fn about(&self, id: &UploadId) -> Result<Option<(UploadAbout, u64)>>;

    /// Opens an upload to add to it.
    ///
    /// # Errors
    /// `Internal`.
    fn resume(&self, id: &UploadId) -> Result<Resumed>;

    /// Removes an upload and its bytes, whoever writes to it.
    ///
    /// # Errors
    /// `Internal`.
    fn cancel(&self, id: &UploadId) -> Result<()>;

    /// All uploads, with the time of their last activity, and whether somebody is writing.
    ///
    /// # Errors
    /// `Internal`.
    fn uploads(&self) -> Result<Vec<UploadState>>;

    /// Makes the bytes of a complete upload a blob. Called by the metadata store inside the
    /// transaction that names it. Replaces what is there (it has the same digest, or is damaged). The
    /// upload stays what it is until it is cancelled, where the store can do that, and whoever goes
    /// on with it doesn't write to the blob.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn place(&self, staged: &Staged) -> Result<()>;

    /// Returns when everything that was placed and discarded would survive the loss of power.
    /// Called once for each group of changes, before its commit.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn settle(&self) -> Result<()>;

    /// Takes a blob away, to be removed by [`BlobStore::empty_trash`]. Called by the metadata store
    /// while it holds its write lock and no row names the blob. Returns whether it was there.
    ///
    /// # Errors
    /// `Internal`.
    fn discard(&self, digest: &Digest) -> Result<bool>;

    /// Removes what was discarded; returns how many bytes that freed.
    ///
    /// # Errors
    /// `Internal`.
    fn empty_trash(&self) -> Result<u64>;

    /// Shows every blob that is there, named or not.
    ///
    /// # Errors
    /// `Internal`, or what `each` returns, which ends it.
    fn each(&self, each: &mut dyn FnMut(BlobEntry) -> Result<()>) -> Result<()>;

    /// Fails unless something can be written.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    fn probe(&self) -> Result<()>;
}

/// A blob that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// One upload, as housekeeping sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadState {
    /// Its ID.
    pub id: UploadId,
    /// When it began.
    pub begun_at: Timestamp,
    /// How many bytes of the disk are its own; none, when a blob came of it already.
    pub size: u64,
    /// When bytes arrived last.
    pub active_at: Timestamp,
    /// The repository that it is for, where that is known: a body that can't be resumed has nobody
    /// to tell it to.
    pub repository: Option<String>,
    /// Somebody is writing to it, in whichever process.
    pub busy: bool,
    /// It can be resumed by a later request.
    pub resumable: bool,
}
