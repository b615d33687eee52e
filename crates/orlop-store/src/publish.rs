//! The one durable step that makes an image, or a part of one, appear.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use orlop_oci::{ChainId, Descriptor, DiffId, Digest, Reference, Repository};
use rusqlite::Transaction;

use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::history::{Cause, NameChange};
use crate::layout::sync_directory;
use crate::locks::{BlobLock, ChainLock};
use crate::snapshots::SnapshotRecord;
use crate::store::{Durability, NEVER, Store};
use crate::{blobs, facts, images, ingest::IngestedBlob, names, snapshots, sql};

#[cfg(test)]
use crate::failpoint::reached;
#[cfg(not(test))]
fn reached(_point: &str) {}

/// What appears at once. All parts may be empty: layers can be published before the image that needs
/// them, if a [`crate::Lease`] holds them meanwhile.
#[derive(Default)]
pub struct Publication<'a> {
    /// Blobs that came in; their locks are let go afterwards.
    pub blobs: Vec<IngestedBlob>,
    /// Small blobs as bytes: manifests, configurations. One that is stored already is left alone.
    pub documents: Vec<(Digest, Vec<u8>)>,
    /// Which document names which: (parent, child).
    pub edges: Vec<(Digest, Digest)>,
    /// What layer blobs unpack to.
    pub layers: Vec<(DiffId, Digest)>,
    /// The chains of each manifest's layers, bottom first. They keep the snapshots alive.
    pub chains: Vec<(Digest, Vec<ChainId>)>,
    /// Snapshots that `publish_snapshots` puts in place, in [`Store::snapshots_dir`], bottom first.
    pub snapshots: Vec<SnapshotRecord>,
    /// The locks of their chains; let go afterwards. Until its row is there, a snapshot in its place is
    /// an orphan that only its lock, or a lease, keeps from being swept.
    pub chain_locks: Vec<ChainLock>,
    /// Renames the snapshots into place. Called after all of the file system is synced.
    pub publish_snapshots: Option<Box<dyn FnOnce() -> io::Result<()> + Send + 'a>>,
    /// In which repositories blobs were found.
    pub sources: Vec<(Digest, Repository)>,
    /// Derived facts: (kind, blob, JSON).
    pub facts: Vec<(String, Digest, String)>,
    /// The target of the image.
    pub image: Option<Descriptor>,
    /// The names that the image gets.
    pub names: Vec<Reference>,
}

impl std::fmt::Debug for Publication<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("blobs", &self.blobs)
            .field("documents", &self.documents.len())
            .field("snapshots", &self.snapshots)
            .field("image", &self.image)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// What a publication changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The names, in the order given, and what they stood for before.
    pub names: Vec<NameChange>,
}

/// A file to be renamed into `oci/blobs`, with the lock that allows it.
struct Incoming {
    /// Before the lock, which must outlive a draft.
    from: From,
    lock: BlobLock,
    size: u64,
}

/// Where the bytes of a blob are before they are in their place.
enum From {
    /// In their place.
    Stored,
    Ingested(PathBuf),
    Written(Draft),
}

impl Incoming {
    fn path(&self) -> Option<&Path> {
        match &self.from {
            From::Stored => None,
            From::Ingested(path) => Some(path),
            From::Written(draft) => Some(draft.path()),
        }
    }

    /// Renames it into its place; false when it was there.
    fn place(&mut self, to: &Path) -> Result<bool> {
        match &mut self.from {
            From::Stored => return Ok(false),
            From::Ingested(path) => fs::rename(path, to).map_err(Error::io("store", to))?,
            From::Written(draft) => draft.place(to)?,
        }
        Ok(true)
    }
}

impl Store {
    /// Makes all of a publication appear, or nothing. When it returns, it survives the loss of power.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it names what neither it nor the store has; [`Error::DigestMismatch`]
    /// when a document isn't what it is said to be; or when the disk fails or is full.
    pub fn publish(&self, mut publication: Publication<'_>) -> Result<Published> {
        self.must_be_writable()?;
        publication.check()?;
        let mut incoming = self.take_documents(&mut publication)?;
        for blob in std::mem::take(&mut publication.blobs) {
            incoming.push(Incoming {
                lock: blob.lock,
                from: From::Ingested(blob.path),
                size: blob.size,
            });
        }
        reached("before sync");
        self.put_in_place(&mut publication, &mut incoming)?;
        reached("before commit");
        let published = self.write(Durability::Durable, |tx| {
            publication.commit(tx, &incoming, self.cause())
        })?;
        reached("after commit");
        drop(incoming);
        if publication.image.is_some() {
            self.follow_with_index_json();
        }
        Ok(published)
    }

    /// Locks and writes the documents, in the order of their digests.
    fn take_documents(&self, publication: &mut Publication<'_>) -> Result<Vec<Incoming>> {
        let mut documents = std::mem::take(&mut publication.documents);
        documents.sort();
        documents.dedup();
        let mut incoming = Vec::new();
        for (digest, bytes) in documents {
            if publication.blobs.iter().any(|b| b.digest() == &digest) {
                continue;
            }
            // Even for one that is stored: its lock keeps a collection from taking the file away
            // until our row says again that it is needed.
            let lock = self.lock_blob(&digest, &NEVER)?;
            let size = bytes.len() as u64;
            let stored = self.read(|db| Ok(blobs::size_of(db, &digest)?))?;
            let here = fs::metadata(self.layout().blob(&digest)).map(|meta| meta.len());
            let from = if stored == Some(size) && here.is_ok_and(|length| length == size) {
                From::Stored
            } else {
                From::Written(Draft::write(self.layout(), lock.file(), &bytes)?)
            };
            incoming.push(Incoming { from, lock, size });
        }
        Ok(incoming)
    }

    /// Everything on the disk first, then the names of the files.
    fn put_in_place(
        &self,
        publication: &mut Publication<'_>,
        incoming: &mut [Incoming],
    ) -> Result<()> {
        let mut moved: Vec<PathBuf> = Vec::new();
        let mut drivers: Vec<PathBuf> = publication
            .snapshots
            .iter()
            .map(|snapshot| self.snapshots_dir(&snapshot.driver))
            .collect();
        drivers.sort();
        drivers.dedup();
        self.sync_content(incoming, &drivers)?;
        reached("after sync");
        for blob in incoming {
            let to = self.layout().blob(blob.lock.digest());
            if !blob.place(&to)? {
                continue;
            }
            reached("between renames");
            let directory = self.layout().blobs(blob.lock.digest().algorithm());
            if !moved.contains(&directory) {
                moved.push(directory);
            }
        }
        if let Some(publish) = publication.publish_snapshots.take() {
            let snapshots = self.root().join("snapshots");
            publish().map_err(Error::io("publish snapshots in", &snapshots))?;
        }
        reached("after renames");
        for directory in moved.iter().chain(&drivers) {
            sync_directory(directory)?;
        }
        Ok(())
    }

    /// One `syncfs` for big things; `fdatasync` of each file when it is only a few documents.
    fn sync_content(&self, incoming: &[Incoming], drivers: &[PathBuf]) -> Result<()> {
        const FEW: usize = 4;
        let files: Vec<&Path> = incoming.iter().filter_map(Incoming::path).collect();
        let big = incoming.iter().any(|i| i.size > orlop_oci::MAX_CONFIG_SIZE);
        if drivers.is_empty() && files.len() <= FEW && !big {
            for file in files {
                File::open(file)
                    .and_then(|f| f.sync_data())
                    .map_err(Error::io("sync", file))?;
            }
            return Ok(());
        }
        let device = |path: &Path| {
            fs::metadata(path)
                .map(|meta| meta.dev())
                .map_err(Error::io("look at", path))
        };
        let mut synced = Vec::new();
        for path in std::iter::once(self.layout().ingest()).chain(drivers.iter().cloned()) {
            let device = device(&path)?;
            if !synced.contains(&device) {
                let directory = File::open(&path).map_err(Error::io("open", &path))?;
                rustix::fs::syncfs(&directory).map_err(Error::os("sync", &path))?;
                synced.push(device);
            }
        }
        Ok(())
    }
}

impl Publication<'_> {
    /// What can be said without looking at the store.
    fn check(&self) -> Result<()> {
        for (digest, bytes) in &self.documents {
            if !digest.matches(bytes) {
                return Err(Error::DigestMismatch {
                    expected: digest.clone(),
                    actual: Digest::of(bytes),
                });
            }
        }
        if self.image.is_none() && !self.names.is_empty() {
            return Err(Error::Incomplete("names without an image".to_owned()));
        }
        self.names.iter().try_for_each(names::check)?;
        Ok(())
    }

    fn commit(
        &self,
        tx: &Transaction<'_>,
        incoming: &[Incoming],
        cause: Option<Cause>,
    ) -> Result<Published> {
        for blob in incoming {
            tx.prepare_cached(
                "INSERT INTO blobs (digest, size, stored) VALUES (?1, ?2, ?3)
                 ON CONFLICT (digest) DO UPDATE SET size = ?2",
            )?
            .execute((
                blob.lock.digest().as_str(),
                sql::signed(blob.size),
                sql::now(),
            ))?;
        }
        for (parent, child) in &self.edges {
            tx.prepare_cached("INSERT OR IGNORE INTO edges (parent, child) VALUES (?1, ?2)")?
                .execute([parent.as_str(), child.as_str()])?;
        }
        for (diff_id, blob) in &self.layers {
            tx.prepare_cached("INSERT OR IGNORE INTO layers (diff_id, blob) VALUES (?1, ?2)")?
                .execute([diff_id.as_str(), blob.as_str()])?;
        }
        self.commit_snapshots(tx)?;
        for (digest, repository) in &self.sources {
            blobs::insert_source(tx, digest, &repository.to_string())?;
        }
        for (kind, digest, json) in &self.facts {
            facts::insert(tx, kind, digest, json)?;
        }
        self.commit_image(tx, cause)
    }

    fn commit_snapshots(&self, tx: &Transaction<'_>) -> Result<()> {
        for (manifest, chains) in &self.chains {
            tx.prepare_cached("DELETE FROM image_chains WHERE manifest = ?1")?
                .execute([manifest.as_str()])?;
            for (position, chain) in chains.iter().enumerate() {
                tx.prepare_cached(
                    "INSERT INTO image_chains (manifest, position, chain_id) VALUES (?1, ?2, ?3)",
                )?
                .execute((
                    manifest.as_str(),
                    sql::signed(position as u64),
                    chain.as_str(),
                ))?;
            }
        }
        for snapshot in &self.snapshots {
            if let Some(parent) = &snapshot.parent {
                let stands = tx
                    .prepare_cached("SELECT 1 FROM snapshots WHERE driver = ?1 AND chain_id = ?2")?
                    .exists([&snapshot.driver, parent.as_str()])?;
                if !stands {
                    return Err(Error::Incomplete(format!(
                        "snapshot {} stands on {parent}, which is not in the store",
                        snapshot.chain_id
                    )));
                }
            }
            snapshots::insert(tx, snapshot)?;
        }
        Ok(())
    }

    fn commit_image(&self, tx: &Transaction<'_>, cause: Option<Cause>) -> Result<Published> {
        let Some(target) = &self.image else {
            return Ok(Published::default());
        };
        match blobs::size_of(tx, &target.digest)? {
            Some(size) if size == target.size => {}
            Some(actual) => {
                return Err(Error::SizeMismatch {
                    digest: target.digest.clone(),
                    expected: target.size,
                    actual,
                });
            }
            None => {
                return Err(Error::Incomplete(format!(
                    "image {} has no target in the store",
                    target.digest
                )));
            }
        }
        images::insert(tx, target)?;
        let names = self
            .names
            .iter()
            .map(|name| names::set_name(tx, name, &target.digest, cause))
            .collect::<Result<_>>()?;
        Ok(Published { names })
    }
}
