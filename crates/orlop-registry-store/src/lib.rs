//! What a registry keeps.
mod accounts;
mod blob_store;
mod cache;
mod error;
mod housekeeping;
mod layout;
mod local;
mod manifest;
mod meta_store;
mod model;
mod name;
mod options;
mod pulls;
mod sqlite;
mod storage;
mod upload;

pub use blob_store::{BlobEntry, BlobStore, Resumed, Staged, UploadAbout, UploadData, UploadState};
pub use error::StorageError;
pub use housekeeping::HousekeepingError;
pub use local::LocalBlobs;
pub use meta_store::{
    AccountKind, AccountRow, BlobRemoval, Child, ChildKind, Lookup, ManifestChange, ManifestPut,
    ManifestRecord, ManifestRow, Membership, MetaStore, NewEvent, PullNote, StaleLayout,
};
pub use model::*;
pub use name::{MAX_NAME_LEN, MAX_TAG_LEN, NameError, RepositoryName, TagName, TagOrDigest};
pub use options::{Sparse, StorageOptions};
pub use sqlite::Sqlite;
pub use storage::Storage;
