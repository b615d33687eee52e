//! What can go wrong, each with what the protocol needs to say it.

use orlop_oci::Digest;

use crate::{RepositoryName, TagName};

/// Why the storage refused or failed. The server gives each its status and code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// No such repository.
    #[error("repository name not known to registry: {0}")]
    NameUnknown(RepositoryName),
    /// The repository has no such blob.
    #[error("blob unknown to registry: {0}")]
    BlobUnknown(Digest),
    /// The repository has no such manifest.
    #[error("manifest unknown: {0}")]
    ManifestUnknown(String),
    /// No such upload in this repository.
    #[error("blob upload unknown to registry")]
    UploadUnknown,
    /// A chunk that doesn't begin where the last one ended. `offset` is how many bytes are there.
    #[error("the upload has {offset} bytes; the next chunk must begin there")]
    RangeInvalid {
        /// Bytes that have arrived.
        offset: u64,
    },
    /// The body had another length than was declared.
    #[error("provided length did not match content length: expected {expected}, got {actual}")]
    SizeInvalid {
        /// Declared.
        expected: u64,
        /// Arrived.
        actual: u64,
    },
    /// The content has another digest than was declared.
    #[error("provided digest did not match uploaded content: expected {expected}, got {actual}")]
    DigestInvalid {
        /// Declared.
        expected: Digest,
        /// Of what arrived.
        actual: Digest,
    },
    /// A manifest that can't be read, or contradicts itself.
    #[error("manifest invalid: {0}")]
    ManifestInvalid(String),
    /// A manifest names content that the repository doesn't have.
    #[error("manifest blob unknown to registry: {}", .0.iter().map(Digest::as_str).collect::<Vec<_>>().join(", "))]
    ManifestBlobUnknown(Vec<Digest>),
    /// Larger than allowed.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// `manifest`, `blob`.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// The tag exists, and a rule says that it stays.
    #[error("tag {0} is immutable: it names {1} and can't be moved or deleted")]
    TagImmutable(TagName, Digest),
    /// A quota would be exceeded.
    #[error("quota exceeded: {0}")]
    QuotaExceeded(String),
    /// In use: a blob that a manifest of the repository names can't be deleted alone.
    #[error("{0} is in use")]
    InUse(String),
    /// The client went away or sent garbage in the middle of a body. What arrived is kept.
    #[error("the request's body broke off: {0}")]
    Body(String),
    /// The disk is full, or the quota of the file system.
    #[error("no space left for the registry's content")]
    NoSpace,
    /// Stored content isn't what it should be.
    #[error("{digest} is damaged on disk: {reason}")]
    Damaged {
        /// Of which content.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything of the machine. Details are for the log, not for the client.
    #[error("{0}")]
    Internal(String),
}
