//! What a registry keeps.
mod accounts;
mod blob_store;
mod cache;
mod collect;
mod error;
mod files;
mod housekeeping;
mod layout;
mod local;
mod manifest;
mod meta_store;
mod model;
mod name;
mod options;
mod policy;
mod pulls;
mod retention;
mod sqlite;
mod storage;
mod upkeep;
mod upload;
mod verify;

pub use blob_store::{BlobEntry, BlobStore, Resumed, Staged, UploadAbout, UploadData, UploadState};
pub use collect::{
    CollectOptions, CollectPhase, CollectProgress, CollectReport, Freed, RepositoryCollected,
};
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
pub use policy::{
    ImmutableRule, Keep, KeepWhen, Policies, PolicyError, Quota, QuotaRule, QuotaScope,
    RetentionRule, Rules, TagPattern, Untagged,
};
pub use retention::{
    Decision, ManifestFact, RepositoryFacts, RepositoryRetention, RetentionReport, TagFact,
};
pub use sqlite::Sqlite;
pub use storage::Storage;
pub use upkeep::{
    Cutoffs, Garbage, Need, Numbered, PUSH_PAUSE, Removal, RepositoryActivity, Taken, Upkeep,
};
pub use verify::{Finding, VerifyProgress, VerifyReport};
