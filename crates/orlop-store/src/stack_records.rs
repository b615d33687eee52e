//! What was found in all layers of an image together, kept by the chain ID of the topmost.

use orlop_oci::{DiffId, Digest, chain_ids};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Result;
use crate::layer_records::{MAX_LAYER_RECORD_BYTES, note_use, shrink, unnoted_before};
use crate::sql;
use crate::store::{Durability, Store};

impl Store {
    /// The record of these layers upon each other, bottom first, if there is one, and notes that it was
    /// asked for, and they with it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn stack_record(&self, variant: &str, diff_ids: &[DiffId]) -> Result<Option<Vec<u8>>> {
        let Some(top) = chain_ids(diff_ids).pop() else {
            return Ok(None);
        };
        let row = self.read(|db| {
            let row = db
                .prepare_cached(
                    "SELECT record, used FROM stack_records WHERE chain_id = ?1 AND variant = ?2",
                )?
                .query_row([top.as_str(), variant], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            Ok(row)
        })?;
        let Some((record, used)) = row else {
            return Ok(None);
        };
        if used < unnoted_before() && self.is_writable() {
            self.write(Durability::Process, |tx| {
                tx.prepare_cached(
                    "UPDATE stack_records SET used = ?3 WHERE chain_id = ?1 AND variant = ?2",
                )?
                .execute((top.as_str(), variant, sql::now()))?;
                // An image that is scanned daily keeps what the next one can share with it.
                Ok(note_use(tx, variant, diff_ids)?)
            })?;
        }
        Ok(Some(record))
    }

    /// How large the records of stacks are, those of stored images first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn stack_record_sizes(&self) -> Result<Vec<StackRecordSize>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT bytes, (
                    SELECT min(manifest) FROM image_chains AS top
                    WHERE top.chain_id = stack_records.chain_id AND NOT EXISTS (
                        SELECT 1 FROM image_chains AS higher
                        WHERE higher.manifest = top.manifest AND higher.position > top.position)
                 ) AS image
                 FROM stack_records ORDER BY image IS NULL, image, bytes DESC",
            )?;
            let rows = statement.query_map([], |row| {
                let is_stored = row.get_ref(1)? != rusqlite::types::ValueRef::Null;
                Ok(StackRecordSize {
                    bytes: sql::count(row, 0)?,
                    manifest: is_stored.then(|| sql::digest(row, 1)).transpose()?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Keeps the record of layers upon each other, in the place of one before. In a store that is read-only,
    /// and for no layers, this does nothing, as a record is only there to save time.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn set_stack_record(
        &self,
        variant: &str,
        diff_ids: &[DiffId],
        record: &[u8],
    ) -> Result<()> {
        let Some(top) = chain_ids(diff_ids).pop().filter(|_| self.is_writable()) else {
            return Ok(());
        };
        self.write(Durability::Process, |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO stack_records (chain_id, variant, bytes, used, record)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                top.as_str(),
                variant,
                sql::signed(record.len() as u64),
                sql::now(),
                record,
            ))?;
            shrink(tx, MAX_LAYER_RECORD_BYTES)?;
            Ok(())
        })
    }
}

/// How large the record of a stack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackRecordSize {
    /// The manifest of a stored image that has these layers, if there is one.
    pub manifest: Option<Digest>,
    /// Bytes of the record.
    pub bytes: u64,
}

/// Removes the records of the stacks that a manifest has, unless another manifest has them. The rows of
/// `image_chains` are still there.
pub(crate) fn forget(db: &Connection, manifest: &Digest) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM stack_records WHERE chain_id IN (
            SELECT chain_id FROM image_chains AS gone WHERE manifest = ?1 AND NOT EXISTS (
                SELECT 1 FROM image_chains AS other
                WHERE other.chain_id = gone.chain_id AND other.manifest <> ?1))",
    )?
    .execute([manifest.as_str()])?;
    Ok(())
}
