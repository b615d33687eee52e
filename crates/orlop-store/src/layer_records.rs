//! What was found in layers, kept by diff ID, because finding it again means to read the layer; and the
//! bounds of all records, those of stacks (`stack_records.rs`) too.

use std::collections::HashMap;
use std::time::Duration;

use orlop_oci::{DiffId, Digest};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Result;
use crate::sql;
use crate::store::{Durability, Store};

/// Bytes that all records may take, those of stacks too; beyond, those go that weren't asked for the longest
/// time. A record of a large layer has some hundred kilobytes.
pub const MAX_LAYER_RECORD_BYTES: u64 = 1 << 30;
/// How exactly it is known when a record was asked for, so that asking seldom writes.
const USE_IS_KNOWN_TO: Duration = Duration::from_secs(3600);
/// Bytes of a record that tell who wrote it, and in which form.
const HEAD: u32 = 16;

/// How many records of layers and stacks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerRecordUsage {
    /// Records.
    pub count: u64,
    /// Bytes of them.
    pub bytes: u64,
}

impl Store {
    /// The records of these layers, as far as there are some, and notes that they were asked for.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn layer_records(
        &self,
        variant: &str,
        diff_ids: &[DiffId],
    ) -> Result<HashMap<DiffId, Vec<u8>>> {
        let stale = unnoted_before();
        let (records, unnoted) = self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT record, used FROM layer_records WHERE diff_id = ?1 AND variant = ?2",
            )?;
            let (mut records, mut unnoted) = (HashMap::new(), Vec::new());
            for diff_id in diff_ids {
                let row = statement
                    .query_row([diff_id.as_str(), variant], |row| {
                        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
                    })
                    .optional()?;
                let Some((record, used)) = row else { continue };
                if used < stale {
                    unnoted.push(diff_id.clone());
                }
                records.insert(diff_id.clone(), record);
            }
            Ok((records, unnoted))
        })?;
        if !unnoted.is_empty() && self.is_writable() {
            self.write(Durability::Process, |tx| {
                Ok(note_use(tx, variant, &unnoted)?)
            })?;
        }
        Ok(records)
    }

    /// Keeps the record of a layer, in the place of one before. In a store that is read-only this does
    /// nothing, as a record is only there to save time.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn set_layer_record(&self, variant: &str, diff_id: &DiffId, record: &[u8]) -> Result<()> {
        if !self.is_writable() {
            return Ok(());
        }
        self.write(Durability::Process, |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO layer_records (diff_id, variant, record, bytes, used)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                diff_id.as_str(),
                variant,
                record,
                sql::signed(record.len() as u64),
                sql::now(),
            ))?;
            shrink(tx, MAX_LAYER_RECORD_BYTES)?;
            Ok(())
        })
    }

    /// How many records there are, and how large they are.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn layer_record_usage(&self) -> Result<LayerRecordUsage> {
        self.read(|db| Ok(usage(db)?))
    }

    /// Removes records until at most `max_bytes` are left, those first that weren't asked for the longest
    /// time, and tells what was removed.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn prune_layer_records(&self, max_bytes: u64) -> Result<LayerRecordUsage> {
        self.write(Durability::Process, |tx| Ok(shrink(tx, max_bytes)?))
    }

    /// How many records nobody reads any more. `is_read` is asked with the first sixteen bytes of each.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn unread_record_usage(&self, is_read: impl Fn(&[u8]) -> bool) -> Result<LayerRecordUsage> {
        self.read(|db| {
            let mut usage = LayerRecordUsage::default();
            for (.., bytes) in unread(db, &is_read)? {
                usage.count += 1;
                usage.bytes += bytes;
            }
            Ok(usage)
        })
    }

    /// Removes the records that nobody reads any more, and tells what was removed.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn prune_unread_records(
        &self,
        is_read: impl Fn(&[u8]) -> bool,
    ) -> Result<LayerRecordUsage> {
        self.write(Durability::Process, |tx| {
            let mut removed = LayerRecordUsage::default();
            for (table, id, bytes) in unread(tx, &is_read)? {
                removed.remove(tx, table, id, bytes)?;
            }
            Ok(removed)
        })
    }
}

/// Where records are.
#[derive(Clone, Copy, Debug)]
enum Table {
    Layers,
    Stacks,
}

impl Table {
    const ALL: [Self; 2] = [Self::Layers, Self::Stacks];
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Layers => "layer_records",
            Self::Stacks => "stack_records",
        })
    }
}

impl LayerRecordUsage {
    fn remove(
        &mut self,
        db: &Connection,
        table: Table,
        id: i64,
        bytes: u64,
    ) -> rusqlite::Result<()> {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?
            .execute([id])?;
        self.count += 1;
        self.bytes += bytes;
        Ok(())
    }
}

/// A use before this time is noted anew.
pub(crate) fn unnoted_before() -> i64 {
    let known = i64::try_from(USE_IS_KNOWN_TO.as_nanos()).unwrap_or(i64::MAX);
    sql::now() - known
}

/// Notes within a transaction that the records of layers are asked for now.
pub(crate) fn note_use(
    db: &Connection,
    variant: &str,
    diff_ids: &[DiffId],
) -> rusqlite::Result<()> {
    for diff_id in diff_ids {
        db.prepare_cached(
            "UPDATE layer_records SET used = ?3 WHERE diff_id = ?1 AND variant = ?2",
        )?
        .execute((diff_id.as_str(), variant, sql::now()))?;
    }
    Ok(())
}

/// Table, row and size of the records that nobody reads.
fn unread(
    db: &Connection,
    is_read: &dyn Fn(&[u8]) -> bool,
) -> rusqlite::Result<Vec<(Table, i64, u64)>> {
    let mut unread = Vec::new();
    for table in Table::ALL {
        let sql = format!("SELECT rowid, bytes, substr(record, 1, {HEAD}) FROM {table}");
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let head: Vec<u8> = row.get(2)?;
            if !is_read(&head) {
                unread.push((table, row.get(0)?, sql::count(row, 1)?));
            }
        }
    }
    Ok(unread)
}

fn usage(db: &Connection) -> rusqlite::Result<LayerRecordUsage> {
    let mut usage = LayerRecordUsage::default();
    for table in Table::ALL {
        let sql = format!("SELECT count(*), coalesce(sum(bytes), 0) FROM {table}");
        let (count, bytes) = db
            .prepare_cached(&sql)?
            .query_row([], |row| Ok((sql::count(row, 0)?, sql::count(row, 1)?)))?;
        usage.count += count;
        usage.bytes += bytes;
    }
    Ok(usage)
}

/// Removes records within a transaction until at most `max_bytes` are left, the oldest first.
pub(crate) fn shrink(db: &Connection, max_bytes: u64) -> rusqlite::Result<LayerRecordUsage> {
    let mut removed = LayerRecordUsage::default();
    let mut left = usage(db)?.bytes;
    if left <= max_bytes {
        return Ok(removed);
    }
    let mut oldest: Vec<(i64, i64, u64, Table)> = Vec::new();
    for table in Table::ALL {
        let sql = format!("SELECT used, rowid, bytes FROM {table}");
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, sql::count(row, 2)?, table))
        })?;
        for row in rows {
            oldest.push(row?);
        }
    }
    oldest.sort_unstable_by_key(|(used, id, ..)| (*used, *id));
    for (_, id, bytes, table) in oldest {
        if left <= max_bytes {
            break;
        }
        removed.remove(db, table, id, bytes)?;
        left -= bytes;
    }
    Ok(removed)
}

/// Removes the records of the layer that a blob is, unless another blob is the same layer. The rows of
/// `layers` are still there.
pub(crate) fn forget(db: &Connection, blob: &Digest) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM layer_records WHERE diff_id IN (
            SELECT diff_id FROM layers AS gone WHERE blob = ?1 AND NOT EXISTS (
                SELECT 1 FROM layers AS other
                WHERE other.diff_id = gone.diff_id AND other.blob <> ?1))",
    )?
    .execute([blob.as_str()])?;
    Ok(())
}
