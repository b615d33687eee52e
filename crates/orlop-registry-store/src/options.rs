//! How a storage behaves.

use std::path::PathBuf;
use std::time::Duration;

use crate::Policies;

/// How a [`Storage`](crate::Storage) behaves. `StorageOptions::new(root)` is what one folder for a
/// team wants; each field may be changed after that.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StorageOptions {
    /// The folder that everything is kept in. Made when it isn't there.
    pub root: PathBuf,
    /// How long collection leaves alone what nothing names: a blob that was uploaded, or that a
    /// client was told of, before its manifest arrives; a referrer whose subject was deleted.
    /// One hour.
    pub grace: Duration,
    /// An upload without activity for so long is given up. One day.
    pub upload_expiry: Duration,
    /// How long a second request on the same upload waits for the first. Two seconds.
    pub upload_wait: Duration,
    /// The largest blob in bytes. No limit.
    pub max_blob_size: Option<u64>,
    /// Which manifests may name content that the repository doesn't have.
    pub sparse: Sparse,
    /// How many bytes of manifests are kept in memory. 64 MiB.
    pub manifest_cache: u64,
    /// Whether each pull of a manifest becomes an event (for webhooks). No: only the time of the
    /// last pull is kept.
    pub pull_events: bool,
    /// Retention, immutable tags, quotas. None.
    pub policies: Policies,
}

impl StorageOptions {
    /// The defaults, in a folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            grace: Duration::from_secs(60 * 60),
            upload_expiry: Duration::from_secs(24 * 60 * 60),
            upload_wait: Duration::from_secs(2),
            max_blob_size: None,
            sparse: Sparse::Indexes,
            manifest_cache: 64 << 20,
            pull_events: false,
            policies: Policies::default(),
        }
    }
}

/// Which manifests may name content that the repository doesn't have (distribution-spec, "Push":
/// a registry may refuse them).
///
/// Layers that may not be redistributed, descriptors with `urls`, and a `subject` never have to be
/// there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sparse {
    /// None: every descriptor must be there.
    Refused,
    /// Indexes, so that a mirror may hold only some platforms of an image. An image that lacks a
    /// layer is of no use to anybody, and the refusal is what tells a client to send the layer again.
    #[default]
    Indexes,
    /// Indexes and images.
    Accepted,
}
