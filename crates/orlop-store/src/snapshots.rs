//! What the store knows of unpacked layers. The files are the storage driver's.

use std::io;

use orlop_oci::{ChainId, DiffId, Digest};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::Result;
use crate::sql;
use crate::store::Store;

/// An unpacked layer on top of those below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// The storage driver that has it.
    pub driver: String,
    /// Its identity.
    pub chain_id: ChainId,
    /// What it stands on; nothing for a bottom layer.
    pub parent: Option<ChainId>,
    /// The layer itself.
    pub diff_id: DiffId,
    /// Bytes on disk of the layer itself.
    pub bytes: u64,
    /// Its files, directories, links and so on.
    pub inodes: u64,
}

/// What collection asks of the storage drivers.
pub trait SnapshotSpace {
    /// Removes the files of a snapshot. One that isn't there is no error.
    ///
    /// # Errors
    /// When files can't be removed.
    fn remove(&self, driver: &str, chain: &ChainId) -> io::Result<()>;

    /// All snapshots that have files, whether the store knows them or not, as (driver, chain).
    ///
    /// # Errors
    /// When the directory can't be read.
    fn present(&self) -> io::Result<Vec<(String, ChainId)>>;

    /// Removes what unfinished operations of dead processes left.
    ///
    /// # Errors
    /// When files can't be removed.
    fn sweep(&self) -> io::Result<()>;
}

/// For stores that have no snapshots.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSnapshots;

impl SnapshotSpace for NoSnapshots {
    fn remove(&self, _driver: &str, _chain: &ChainId) -> io::Result<()> {
        Ok(())
    }

    fn present(&self) -> io::Result<Vec<(String, ChainId)>> {
        Ok(Vec::new())
    }

    fn sweep(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Store {
    /// The snapshot of a chain by a driver. To be sure that it stays, hold the chain by a
    /// [`crate::Lease`] first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn snapshot(&self, driver: &str, chain: &ChainId) -> Result<Option<SnapshotRecord>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM snapshots WHERE driver = ?1 AND chain_id = ?2"
            ))?;
            Ok(statement
                .query_row([driver, chain.as_str()], record)
                .optional()?)
        })
    }

    /// All snapshots of all drivers.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM snapshots"))?;
            let rows = statement.query_map([], record)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The manifests whose layers have this chain, all together; of those that were unpacked once.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn manifests_of_chain(&self, chain: &ChainId) -> Result<Vec<Digest>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT manifest FROM image_chains AS own WHERE chain_id = ?1 AND NOT EXISTS
                   (SELECT 1 FROM image_chains AS above
                    WHERE above.manifest = own.manifest AND above.position > own.position)
                 ORDER BY manifest",
            )?;
            let rows = statement.query_map([chain.as_str()], |row| sql::digest(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The chains of a manifest's layers, bottom first; empty until it was unpacked once.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn chains_of(&self, manifest: &Digest) -> Result<Vec<ChainId>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT chain_id FROM image_chains WHERE manifest = ?1 ORDER BY position",
            )?;
            let rows = statement.query_map([manifest.as_str()], |row| sql::chain(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// In the order that [`record`] reads.
pub(crate) const COLUMNS: &str = "driver, chain_id, parent, diff_id, bytes, inodes";

pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<SnapshotRecord> {
    Ok(SnapshotRecord {
        driver: row.get(0)?,
        chain_id: sql::chain(row, 1)?,
        parent: row.get::<_, Option<sql::Text<ChainId>>>(2)?.map(|c| c.0),
        diff_id: sql::diff_id(row, 3)?,
        bytes: sql::count(row, 4)?,
        inodes: sql::count(row, 5)?,
    })
}

pub(crate) fn insert(db: &Connection, snapshot: &SnapshotRecord) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO snapshots (driver, chain_id, parent, diff_id, bytes, inodes, stored)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        &snapshot.driver,
        snapshot.chain_id.as_str(),
        snapshot.parent.as_ref().map(ChainId::as_str),
        snapshot.diff_id.as_str(),
        sql::signed(snapshot.bytes),
        sql::signed(snapshot.inodes),
        sql::now(),
    ))?;
    Ok(())
}
