//! Facts derived from blobs, kept because computing them again costs time: JSON, by kind and digest.
//! Collected with their blob.

use std::collections::HashMap;

use orlop_oci::Digest;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Result;
use crate::sql;
use crate::store::{Durability, Store};

impl Store {
    /// The fact of this kind about a blob.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn fact(&self, kind: &str, digest: &Digest) -> Result<Option<String>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT json FROM facts WHERE kind = ?1 AND digest = ?2")?;
            Ok(statement
                .query_row([kind, digest.as_str()], |row| row.get(0))
                .optional()?)
        })
    }

    /// All facts of this kind.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn facts(&self, kind: &str) -> Result<HashMap<Digest, String>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT digest, json FROM facts WHERE kind = ?1")?;
            let rows =
                statement.query_map([kind], |row| Ok((sql::digest(row, 0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Keeps facts of this kind. About a blob that isn't stored nothing is kept. In a store that is
    /// read-only this does nothing, as a fact is only there to save time.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn set_facts(&self, kind: &str, facts: &[(Digest, String)]) -> Result<()> {
        if facts.is_empty() || !self.is_writable() {
            return Ok(());
        }
        self.write(Durability::Process, |tx| {
            for (digest, json) in facts {
                insert(tx, kind, digest, json)?;
            }
            Ok(())
        })
    }
}

pub(crate) fn insert(
    db: &Connection,
    kind: &str,
    digest: &Digest,
    json: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO facts (kind, digest, json)
         SELECT ?1, digest, ?3 FROM blobs WHERE digest = ?2",
    )?
    .execute([kind, digest.as_str(), json])?;
    Ok(())
}
