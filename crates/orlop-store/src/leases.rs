//! What a running operation keeps from collection.

use std::collections::HashMap;

use orlop_oci::{ChainId, Digest};
use rusqlite::Connection;

use crate::error::Result;
use crate::layout::Layout;
use crate::locks::{FileLock, is_locked};
use crate::sql;
use crate::store::{Durability, Store};

/// Keeps blobs and chains, those that are there and those to come, from collection. It ends when it
/// is dropped, and with its process, however that ends.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    /// Its name and its lock; none of both in a store that can only be read.
    held: Option<(String, FileLock)>,
}

impl Store {
    /// Begins a lease. `purpose` is for people who look: "pull docker.io/library/debian:12".
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn lease(&self, purpose: &str) -> Result<Lease> {
        self.must_be_writable()?;
        let (id, lock) = FileLock::create(|id| self.layout().lease(id))?;
        self.write(Durability::Process, |tx| {
            // Its file is new, so a row of the same name is of an earlier boot.
            forget(tx, &id)?;
            tx.execute(
                "INSERT INTO leases (id, purpose, created) VALUES (?1, ?2, ?3)",
                (&id, purpose, sql::now()),
            )?;
            Ok(())
        })?;
        Ok(Lease {
            store: self.clone(),
            held: Some((id, lock)),
        })
    }

    /// The same for an operation that only reads: it may be done in a store that can't be written, too.
    /// There the lease keeps nothing. Should somebody else write to it by another way, what goes away is
    /// missed when it is read.
    ///
    /// # Errors
    /// When the database can't be written though the store is writable.
    pub fn lease_for_reading(&self, purpose: &str) -> Result<Lease> {
        if self.is_writable() {
            return self.lease(purpose);
        }
        Ok(Lease {
            store: self.clone(),
            held: None,
        })
    }
}

impl Lease {
    /// Keeps a blob, and all that it names.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn hold_blob(&self, digest: &Digest) -> Result<()> {
        self.hold(std::slice::from_ref(digest), &[])
    }

    /// Keeps the snapshot of a chain, and all below it.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn hold_chain(&self, chain: &ChainId) -> Result<()> {
        self.hold(&[], std::slice::from_ref(chain))
    }

    /// Keeps all of these, in one transaction.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn hold(&self, blobs: &[Digest], chains: &[ChainId]) -> Result<()> {
        let Some((id, _)) = &self.held else {
            return Ok(());
        };
        self.store.write(Durability::Process, |tx| {
            for digest in blobs {
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO lease_blobs (digest, lease) VALUES (?1, ?2)",
                )?
                .execute([digest.as_str(), id])?;
            }
            for chain in chains {
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO lease_chains (chain_id, lease) VALUES (?1, ?2)",
                )?
                .execute([chain.as_str(), id])?;
            }
            Ok(())
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The lease ends with its lock in any case; rows that stay are of a dead lease.
        if let Some((id, _)) = &self.held {
            let _ = self
                .store
                .write(Durability::Process, |tx| Ok(forget(tx, id)?));
        }
    }
}

fn forget(db: &Connection, id: &str) -> rusqlite::Result<()> {
    for table in ["lease_blobs", "lease_chains"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE lease = ?1"))?
            .execute([id])?;
    }
    db.prepare_cached("DELETE FROM leases WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// A lease of a running operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRecord {
    /// Its name, which begins with the number of its process.
    pub id: String,
    /// What its operation does: "pull docker.io/library/debian:12".
    pub purpose: String,
}

impl LeaseRecord {
    /// The number of the process that holds it, as that process saw itself.
    pub fn process(&self) -> Option<u32> {
        self.id.split('-').next()?.parse().ok()
    }
}

/// The leases whose process is alive.
pub(crate) fn living(db: &Connection, living: &mut LivingLeases<'_>) -> Result<Vec<LeaseRecord>> {
    let all: Vec<LeaseRecord> = db
        .prepare_cached("SELECT id, purpose FROM leases ORDER BY id")?
        .query_map([], |row| {
            Ok(LeaseRecord {
                id: row.get(0)?,
                purpose: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut alive = Vec::new();
    for lease in all {
        if living.is_alive(&lease.id)? {
            alive.push(lease);
        }
    }
    Ok(alive)
}

/// Forgets all leases whose process is gone.
pub(crate) fn forget_dead(db: &Connection, living: &mut LivingLeases<'_>) -> Result<()> {
    let ids: Vec<String> = db
        .prepare_cached(
            "SELECT id FROM leases UNION SELECT lease FROM lease_blobs
             UNION SELECT lease FROM lease_chains",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in ids {
        if !living.is_alive(&id)? {
            forget(db, &id)?;
        }
    }
    Ok(())
}

/// Which leases are alive; each is asked once.
pub(crate) struct LivingLeases<'a> {
    layout: &'a Layout,
    known: HashMap<String, bool>,
}

impl<'a> LivingLeases<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        Self {
            layout,
            known: HashMap::new(),
        }
    }

    pub(crate) fn is_alive(&mut self, id: &str) -> Result<bool> {
        if let Some(alive) = self.known.get(id) {
            return Ok(*alive);
        }
        let alive = is_locked(&self.layout.lease(id))?;
        self.known.insert(id.to_owned(), alive);
        Ok(alive)
    }
}
