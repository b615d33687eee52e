//! The content-addressed store: blobs, metadata, names, leases, garbage collection.
//!
//! # On disk
//!
//! ```text
//! ROOT/                       0700
//!   oci/                      a valid OCI image layout (image-spec, image-layout.md)
//!     oci-layout
//!     index.json              derived from the tables `images` and `names`
//!     blobs/sha256/HEX        what the table `blobs` names; a file without a row is an orphan
//!   ingest/sha256-HEX         a blob on its way in; the name is its digest, so it can be resumed
//!   ingest/draft-LOCK         a small file before it gets its name, by the holder of this lock
//!   quarantine/               what `system repair` found damaged: blobs, databases
//!   snapshots/DRIVER/         what the storage driver keeps; the table `snapshots` names it
//!   locks/                    flock files: blob-…, chain-…, lease-…, index-json, schema
//!   official.json             the catalogue of official images, if it was fetched (`orlop-image`)
//!   reserve                   1 MiB that the database gets when the disk is full (`reserve.rs`)
//!   orlop.db                  SQLite, WAL, synchronous=FULL
//! ```
//!
//! A row is the truth, a file follows it: a file is put in place *before* its row is committed, and
//! removed *after* its row is deleted. Whatever a crash leaves between the two is a file that no row
//! names. It is invisible, and the next [`Store::ingest`] adopts it or the next [`Store::gc`] sweeps
//! it. Nothing needs recovery when the store is opened.
//!
//! When the rows are lost, the files have all that can't be computed: [`Store::rebuild`].
//!
//! # What stays in `ingest`, and for how long
//!
//! A blob that came in, whole or in part, stays when its pull is interrupted, and the next pull that
//! needs it goes on with it. What nobody went on with for a week ([`KEEP_PARTIAL`]) is removed by
//! whoever opens the store next, and [`Store::gc`] removes at once what nobody is at. A pull that is
//! refused takes back what it brought ([`Store::discard_ingest`]). A draft is rubbish as soon as the
//! lock that it is called after is free: whoever opens the store removes it.
//!
//! # What keeps content alive
//!
//! Roots are: a row in `images` (named or dangling), a live lease, a container, a live mount, and an
//! image that was removed but is held to be put back (`undo.rs`). A blob
//! lives while a root reaches it over `edges` (index → manifest → configuration and layers). A
//! snapshot lives while a living manifest has its chain (`image_chains`), while a live lease or mount
//! holds it, or while a living snapshot stands on it.
//!
//! A lease is a row and a locked file `locks/lease-ID`. It lives as long as its process keeps the
//! lock, so `kill -9` ends it: no time-out, no clock. Whoever wants content to stay *first* holds it
//! by a lease and *then* looks whether it is there. Holding and collecting are both write
//! transactions, so one of them comes first and the other sees it.
//!
//! # Locks, in the order in which they may be taken
//!
//! 1. chain locks and blob locks: single-flight of one layer across threads and processes;
//! 2. `locks/index-json`: one writer of `index.json`;
//! 3. the write lock of the database (`BEGIN IMMEDIATE`).
//!
//! Two pulls that share layers in another order would wait for each other for ever. So: *never wait
//! for a chain or blob lock while holding one.* Take all that are free with [`Store::try_lock_blob`]
//! and [`Store::try_lock_chain`]; when others remain, publish what is done (a [`Publication`] may be
//! a part of an image, kept by the lease), let go, and only then wait. [`Store::publish`] waits
//! itself for the locks of its documents, in the order of their digests; whoever holds one of those
//! is inside its own `publish` and waits for nothing later.
//!
//! # Why a crash loses nothing
//!
//! [`Store::publish`] is the one durable step of an image: `syncfs` (all blobs and unpacked files at
//! once, instead of one `fsync` for each of some ten thousand files), rename the blobs and the
//! snapshots into place, `fsync` of their directories, then one transaction with everything that
//! names them. Before the commit there is no image, after it there is all of it. `index.json` is
//! written after the commit; the flag `index_stale`, set by the same transaction, has the next
//! [`Store::open`] write it when a crash came between.
//!
//! The alternative, a write-ahead journal of our own beside the files, would need a recovery step
//! under an exclusive lock at each start; the rule "file before row" needs none.

mod blobs;
mod check;
mod containers;
mod draft;
mod error;
mod facts;
mod gc;
mod graph;
mod history;
mod holders;
mod images;
mod index_json;
mod ingest;
mod layer_records;
mod layout;
mod leases;
mod leftovers;
mod locks;
mod mounts;
mod names;
mod publish;
mod rebuild;
mod removal;
mod reserve;
mod schema;
mod snapshots;
mod sql;
mod stack_records;
mod store;
mod sweep;
mod undo;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod failpoint;
// The tests in `tests/` and those in here share their images.
#[cfg(test)]
extern crate self as orlop_store;

pub use blobs::BlobInfo;
pub use check::{BlobFault, Depth};
pub use containers::ContainerUse;
pub use error::{Error, Result};
pub use gc::Collected;
pub use graph::Graph;
pub use history::{Cause, NameChange};
pub use holders::{Holder, Holders, Identified, Partial, Thing};
pub use images::ImageRecord;
pub use ingest::{Ingest, IngestedBlob};
pub use layer_records::{LayerRecordUsage, MAX_LAYER_RECORD_BYTES};
pub use leases::{Lease, LeaseRecord};
pub use leftovers::Leftovers;
pub use locks::{BlobLock, ChainLock};
pub use mounts::{MountRecord, MountTable, ZFS_DATASET};
pub use names::Name;
pub use publish::{Publication, Published};
pub use rebuild::Rebuilt;
pub use removal::{Removed, Unused, WhenUnnamed};
pub use snapshots::{NoSnapshots, SnapshotRecord, SnapshotSpace};
pub use stack_records::StackRecordSize;
pub use store::Store;
pub use sweep::KEEP_PARTIAL;
pub use undo::{KEEP_REMOVALS, Release, RemovalId, RemovalRecord, RemovedImage, Undone};
