//! Collecting what nothing needs any more.
//!
//! Two ways lead to the same end. [`Store::collect`] starts from what was removed: it looks down at
//! what that needs, and from each of these up for another root; it costs what it touches, and runs at
//! each removal. [`Store::gc`] marks everything from the roots; it also finds what no removal led to:
//! content of pulls that died, orphans, stale locks.

use std::collections::{HashMap, HashSet};

use orlop_oci::{ChainId, Digest};
use rusqlite::{Connection, Transaction};

use crate::blobs::{self, BlobInfo};
use crate::error::Result;
use crate::layout::Layout;
use crate::leases::{self, LivingLeases};
use crate::mounts::{self, MountRecord};
use crate::snapshots::{self, SnapshotRecord, SnapshotSpace};
use crate::sql;
use crate::store::{Durability, Store};
use crate::undo::{self, Release};
use crate::{layer_records, stack_records};

/// What was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs.
    pub blobs: Vec<BlobInfo>,
    /// Snapshots.
    pub snapshots: Vec<SnapshotRecord>,
    /// Bytes freed by these, and by leftovers without a row.
    pub bytes: u64,
}

impl Store {
    /// Collects those of `from`, and of what they need, that nothing else needs, and those of `chains`
    /// too. Its cost is proportional to these.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub fn collect(
        &self,
        from: &[Digest],
        chains: &[ChainId],
        space: &dyn SnapshotSpace,
    ) -> Result<Collected> {
        self.layout().make_room_for_a_removal();
        let collected = self.write(Durability::Durable, |tx| {
            Liveness::new(tx, self.layout())?.collect(from, chains)
        })?;
        self.remove_files(collected, space)
    }

    /// Collects everything that nothing needs, and sweeps what crashes left: dead leases, unfinished
    /// blobs that nobody brings in right now, files without a row, stale locks. Safe beside anything.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub fn gc(&self, space: &dyn SnapshotSpace) -> Result<Collected> {
        self.layout().make_room_for_a_removal();
        let collected = self.write(Durability::Durable, |tx| mark_and_sweep(tx, self.layout()))?;
        let mut collected = self.remove_files(collected, space)?;
        collected.bytes += self.sweep(space)?;
        Ok(collected)
    }
}

/// Answers whether something is needed, looking up from it to the roots.
pub(crate) struct Liveness<'a> {
    db: &'a Connection,
    leases: LivingLeases<'a>,
    pub(crate) mounts: Vec<MountRecord>,
    /// Manifests that no index keeps alive.
    pub(crate) disowned: HashSet<Digest>,
    blobs: HashMap<Digest, bool>,
    chains: HashMap<ChainId, bool>,
}

impl<'a> Liveness<'a> {
    pub(crate) fn new(db: &'a Connection, layout: &'a Layout) -> Result<Self> {
        Ok(Self {
            db,
            leases: LivingLeases::new(layout),
            mounts: mounts::living(db)?,
            disowned: HashSet::new(),
            blobs: HashMap::new(),
            chains: HashMap::new(),
        })
    }

    /// Deletes the rows of what is dead among `from` and all below, and among `chains`.
    pub(crate) fn collect(&mut self, from: &[Digest], chains: &[ChainId]) -> Result<Collected> {
        let mut collected = Collected::default();
        let mut dead = Vec::new();
        for digest in descendants(self.db, from)? {
            if !self.blob_lives(&digest)? {
                dead.push(digest);
            }
        }
        let mut chains = chains.to_vec();
        for digest in &dead {
            for chain in chains_of(self.db, digest)? {
                if !chains.contains(&chain) {
                    chains.push(chain);
                }
            }
        }
        for chain in chains {
            if !self.chain_lives(&chain)? {
                delete_chain(self.db, &chain, &mut collected)?;
            }
        }
        for digest in &dead {
            delete_blob(self.db, digest, &mut collected)?;
        }
        Ok(collected)
    }

    fn blob_lives(&mut self, digest: &Digest) -> Result<bool> {
        if let Some(lives) = self.blobs.get(digest) {
            return Ok(*lives);
        }
        // Documents that name each other in a circle don't keep each other alive.
        self.blobs.insert(digest.clone(), false);
        let lives = self.is_root(digest)? || self.is_needed(digest)?;
        self.blobs.insert(digest.clone(), lives);
        Ok(lives)
    }

    fn is_root(&mut self, digest: &Digest) -> Result<bool> {
        let fixed = self
            .db
            .prepare_cached(
                "SELECT 1 FROM images WHERE target = ?1
                 UNION ALL SELECT 1 FROM containers WHERE image = ?1 OR manifest = ?1
                 UNION ALL SELECT 1 FROM removed_images
                 WHERE target = ?1 AND held_until IS NOT NULL",
            )?
            .exists([digest.as_str()])?;
        if fixed || self.mounts.iter().any(|m| m.image.as_ref() == Some(digest)) {
            return Ok(true);
        }
        self.is_leased(
            "SELECT lease FROM lease_blobs WHERE digest = ?1",
            digest.as_str(),
        )
    }

    fn is_needed(&mut self, digest: &Digest) -> Result<bool> {
        if self.disowned.contains(digest) {
            return Ok(false);
        }
        let parents = digests(
            self.db,
            "SELECT parent FROM edges WHERE child = ?1",
            digest.as_str(),
        )?;
        for parent in parents {
            if self.blob_lives(&parent)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_leased(&mut self, query: &str, key: &str) -> Result<bool> {
        let ids: Vec<String> = self
            .db
            .prepare_cached(query)?
            .query_map([key], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in ids {
            if self.leases.is_alive(&id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn chain_lives(&mut self, chain: &ChainId) -> Result<bool> {
        if let Some(lives) = self.chains.get(chain) {
            return Ok(*lives);
        }
        self.chains.insert(chain.clone(), false);
        let lives = self.is_chain_root(chain)? || self.is_stood_on(chain)?;
        self.chains.insert(chain.clone(), lives);
        Ok(lives)
    }

    fn is_chain_root(&mut self, chain: &ChainId) -> Result<bool> {
        if self.mounts.iter().any(|m| m.chain.as_ref() == Some(chain))
            || self
                .db
                .prepare_cached("SELECT 1 FROM containers WHERE chain_id = ?1")?
                .exists([chain.as_str()])?
        {
            return Ok(true);
        }
        self.is_leased(
            "SELECT lease FROM lease_chains WHERE chain_id = ?1",
            chain.as_str(),
        )
    }

    fn is_stood_on(&mut self, chain: &ChainId) -> Result<bool> {
        let manifests = digests(
            self.db,
            "SELECT manifest FROM image_chains WHERE chain_id = ?1",
            chain.as_str(),
        )?;
        for manifest in manifests {
            if self.blob_lives(&manifest)? {
                return Ok(true);
            }
        }
        let above: Vec<ChainId> = self
            .db
            .prepare_cached("SELECT chain_id FROM snapshots WHERE parent = ?1")?
            .query_map([chain.as_str()], |row| sql::chain(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        for chain in above {
            if self.chain_lives(&chain)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn digests(db: &Connection, query: &str, key: &str) -> rusqlite::Result<Vec<Digest>> {
    db.prepare_cached(query)?
        .query_map([key], |row| sql::digest(row, 0))?
        .collect()
}

/// `from` and all that these need, each once.
pub(crate) fn descendants(db: &Connection, from: &[Digest]) -> Result<Vec<Digest>> {
    let mut seen: HashSet<Digest> = HashSet::new();
    let mut found = Vec::new();
    let mut pending: Vec<Digest> = from.to_vec();
    while let Some(digest) = pending.pop() {
        if !seen.insert(digest.clone()) {
            continue;
        }
        pending.extend(digests(
            db,
            "SELECT child FROM edges WHERE parent = ?1",
            digest.as_str(),
        )?);
        found.push(digest);
    }
    Ok(found)
}

fn chains_of(db: &Connection, manifest: &Digest) -> rusqlite::Result<Vec<ChainId>> {
    db.prepare_cached("SELECT chain_id FROM image_chains WHERE manifest = ?1")?
        .query_map([manifest.as_str()], |row| sql::chain(row, 0))?
        .collect()
}

fn delete_blob(db: &Connection, digest: &Digest, collected: &mut Collected) -> Result<()> {
    if let Some(size) = blobs::size_of(db, digest)? {
        collected.bytes += size;
        collected.blobs.push(BlobInfo {
            digest: digest.clone(),
            size,
        });
    }
    layer_records::forget(db, digest)?;
    stack_records::forget(db, digest)?;
    for statement in [
        "DELETE FROM blobs WHERE digest = ?1",
        "DELETE FROM edges WHERE parent = ?1",
        "DELETE FROM layers WHERE blob = ?1",
        "DELETE FROM sources WHERE digest = ?1",
        "DELETE FROM facts WHERE digest = ?1",
        "DELETE FROM image_chains WHERE manifest = ?1",
    ] {
        db.prepare_cached(statement)?.execute([digest.as_str()])?;
    }
    Ok(())
}

/// Deletes the snapshots of a chain, whatever driver they are of.
fn delete_chain(db: &Connection, chain: &ChainId, collected: &mut Collected) -> Result<()> {
    let found: Vec<SnapshotRecord> = db
        .prepare_cached(&format!(
            "SELECT {} FROM snapshots WHERE chain_id = ?1",
            snapshots::COLUMNS
        ))?
        .query_map([chain.as_str()], snapshots::record)?
        .collect::<rusqlite::Result<_>>()?;
    db.prepare_cached("DELETE FROM snapshots WHERE chain_id = ?1")?
        .execute([chain.as_str()])?;
    for snapshot in found {
        collected.bytes += snapshot.bytes;
        collected.snapshots.push(snapshot);
    }
    Ok(())
}

/// Notes in the tables `temp.live_blobs` and `temp.live_chains` what the roots reach. Nothing else is
/// written, so this may be done in a store that is read-only.
pub(crate) fn mark(db: &Connection, layout: &Layout) -> Result<()> {
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS live_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;
         CREATE TEMP TABLE IF NOT EXISTS live_chains (chain_id TEXT PRIMARY KEY) WITHOUT ROWID;
         DELETE FROM temp.live_blobs; DELETE FROM temp.live_chains;
         INSERT OR IGNORE INTO temp.live_blobs
            SELECT target FROM images
            UNION SELECT image FROM containers UNION SELECT manifest FROM containers
            UNION SELECT target FROM removed_images WHERE held_until IS NOT NULL;
         INSERT OR IGNORE INTO temp.live_chains
            SELECT chain_id FROM containers WHERE chain_id IS NOT NULL;",
    )?;
    for lease in leases::living(db, &mut LivingLeases::new(layout))? {
        db.execute(
            "INSERT OR IGNORE INTO temp.live_blobs SELECT digest FROM lease_blobs WHERE lease = ?1",
            [&lease.id],
        )?;
        db.execute(
            "INSERT OR IGNORE INTO temp.live_chains
             SELECT chain_id FROM lease_chains WHERE lease = ?1",
            [&lease.id],
        )?;
    }
    for mount in mounts::living(db)? {
        if let Some(image) = &mount.image {
            db.execute(
                "INSERT OR IGNORE INTO temp.live_blobs VALUES (?1)",
                [image.as_str()],
            )?;
        }
        if let Some(chain) = &mount.chain {
            db.execute(
                "INSERT OR IGNORE INTO temp.live_chains VALUES (?1)",
                [chain.as_str()],
            )?;
        }
    }
    db.execute_batch(
        "INSERT OR IGNORE INTO temp.live_blobs
         WITH RECURSIVE live (digest) AS (
            SELECT digest FROM temp.live_blobs
            UNION SELECT child FROM edges JOIN live ON parent = live.digest
         )
         SELECT digest FROM live;
         INSERT OR IGNORE INTO temp.live_chains
         WITH RECURSIVE live (chain_id) AS (
            SELECT chain_id FROM temp.live_chains
            UNION SELECT chain_id FROM image_chains JOIN temp.live_blobs ON manifest = digest
            UNION SELECT parent FROM snapshots JOIN live USING (chain_id) WHERE parent IS NOT NULL
         )
         SELECT chain_id FROM live;",
    )?;
    Ok(())
}

/// Deletes the rows of everything that no root reaches.
fn mark_and_sweep(tx: &Transaction<'_>, layout: &Layout) -> Result<Collected> {
    leases::forget_dead(tx, &mut LivingLeases::new(layout))?;
    mounts::forget_stale(tx)?;
    undo::let_go(tx, &Release::Over)?;
    mark(tx, layout)?;
    let mut collected = Collected::default();
    let dead_blobs: Vec<Digest> = tx
        .prepare(
            "SELECT digest FROM blobs WHERE digest NOT IN (SELECT digest FROM temp.live_blobs)",
        )?
        .query_map([], |row| sql::digest(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    let dead_chains: Vec<ChainId> = tx
        .prepare(
            "SELECT DISTINCT chain_id FROM snapshots
             WHERE chain_id NOT IN (SELECT chain_id FROM temp.live_chains)",
        )?
        .query_map([], |row| sql::chain(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for chain in &dead_chains {
        delete_chain(tx, chain, &mut collected)?;
    }
    for digest in &dead_blobs {
        delete_blob(tx, digest, &mut collected)?;
    }
    // What is known of documents that were never here, or are no more.
    tx.execute_batch(
        "DELETE FROM edges WHERE parent NOT IN (SELECT digest FROM temp.live_blobs);
         DELETE FROM image_chains WHERE manifest NOT IN (SELECT digest FROM temp.live_blobs);
         DELETE FROM layers WHERE blob NOT IN (SELECT digest FROM blobs);",
    )?;
    Ok(collected)
}
