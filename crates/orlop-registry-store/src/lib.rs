//! What a registry keeps: blobs, uploads, manifests, tags, events, accounts.
//!
//! [`Storage`] is the whole of it for the rooms above. It holds the rules of the protocol (which
//! offset a chunk must have, what a manifest may be, when a blob counts as touched) and stands on two
//! seams that know none of them: a [`BlobStore`] for content and a [`MetaStore`] for who has what.
//! Here they are files and SQLite; an object store and a database server would be others, and
//! `tests/it/seams` says what each must do.
//!
//! # On disk
//!
//! ```text
//! ROOT/                                0700 when it is made here
//!   registry.db                        SQLite, WAL, synchronous=FULL, 0600: it has keys in it
//!   blobs/ALGORITHM/HEX                each blob once over all repositories, manifests too
//!   uploads/ID/{about.json,data}       uploads under way; without about.json, a body that comes at once
//!   trash/                             what was taken away, until nobody waits for it to be unlinked
//!   repositories/team+app/             an OCI layout for each repository; no name has a `+`
//!     oci-layout  index.json  blobs -> ../../blobs
//! ```
//!
//! The layouts are derived from the database and written about a second after a change: each change
//! of a repository counts up its column `layout_stale`, and whoever writes the layout sets it to zero
//! only if it is still what it was. Nothing here reads them.
//!
//! # What decides who may read what
//!
//! Rows, and only rows. A repository may read a blob by its own row in `repository_blob`, a manifest
//! by its own row in `manifest`; that a file is there, or that another repository has it, means
//! nothing. A mount copies a row that the source has.
//!
//! # What keeps content alive
//!
//! In a repository, a manifest keeps the blobs that it names, and lives until it is deleted, retention
//! decides so, or its subject goes. A blob that no manifest names lives for a grace period after a
//! client sent it or was told of it in order to push. In the whole registry, content lives while any
//! repository has it. `collect` does the rest, while everything else goes on.
//!
//! # Why a crash loses nothing
//!
//! *File before row when something comes, row before file when it goes.*
//!
//! An upload's data is synced by its own thread. Then one transaction writes the rows, links the
//! data to its digest, syncs the directory, and commits; only then is the upload removed and the
//! client answered. Before the commit there is a file without a row, which is invisible: the next push
//! of it replaces it, the next collection sweeps it, and its upload can be finished again. After the
//! commit there is all of it. What goes loses its rows first and is
//! committed; then, in a second transaction, files that still have no row are renamed to `trash/`.
//! An upload under way isn't synced: what a loss of power takes, the client sends again.
//!
//! The link and the rename happen under the database's write lock (`BEGIN IMMEDIATE`), over all processes. So a
//! push and a collection of the same digest come one after the other: either the push finds the row,
//! or it brings the file again.
//!
//! Changes that wait at the same time are committed together, with one sync of the directory and one
//! of the log for all of them.
//!
//! # Locks, in the order in which they may be taken
//!
//! 1. an upload: a mutex of this process, then `flock` on its `data`, so that two requests, or two
//!    servers, never write to one upload;
//! 2. `flock` on `repositories/`, by the one process that writes layouts, and on `ROOT` while the
//!    schema is brought up to date;
//! 3. the write lock of the database.
//!
//! Under the last nothing else is waited for: files are named there, never read or written.
//!
//! Reading waits for nobody: SQLite readers see the last commit, and a blob that is open stays
//! readable when it is taken away.

mod accounts;
mod blob_store;
mod cache;
mod collect;
mod error;
mod files;
mod housekeeping;
mod import;
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
mod warnings;

pub use blob_store::{BlobEntry, BlobStore, Resumed, Staged, UploadAbout, UploadData, UploadState};
pub use collect::{
    CollectOptions, CollectPhase, CollectProgress, CollectReport, Freed, RepositoryCollected,
};
pub use error::StorageError;
pub use housekeeping::HousekeepingError;
pub use import::{ImportFormat, ImportOptions, ImportProgress, ImportReport, Skipped};
pub use local::LocalBlobs;
pub use meta_store::{
    AccountKind, AccountRow, BlobRemoval, Child, ChildKind, Lookup, ManifestChange, ManifestPut,
    ManifestRecord, ManifestRow, Membership, MetaStore, NewEvent, PullNote, PutNotes, StaleLayout,
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
    Cutoffs, Extent, Garbage, Need, Numbered, PUSH_PAUSE, Removal, RepositoryActivity, Taken,
    Upkeep,
};
pub use verify::{Finding, VerifyProgress, VerifyReport};
