//! Which images there are.

use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest};
use rusqlite::{Connection, OptionalExtension as _, Row, types::Type};

use crate::error::Result;
use crate::sql;
use crate::store::{Durability, Store};

/// An image: what its target is and since when it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRecord {
    /// The index or manifest whose digest is the image's identity.
    pub target: Descriptor,
    /// When it came into the store.
    pub stored: Timestamp,
    /// When it was last pulled, pushed, tagged or mounted.
    pub used: Timestamp,
}

/// In the order that [`record`] reads.
const COLUMNS: &str = "descriptor, stored, coalesce(used, stored)";

impl Store {
    /// All images, those without a name too, ordered by digest.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn images(&self) -> Result<Vec<ImageRecord>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM images ORDER BY target"))?;
            let rows = statement.query_map([], record)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The image whose target has this digest.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn image(&self, target: &Digest) -> Result<Option<ImageRecord>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM images WHERE target = ?1"))?;
            Ok(statement.query_row([target.as_str()], record).optional()?)
        })
    }

    /// The image that came into the store last.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn newest_image(&self) -> Result<Option<ImageRecord>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM images ORDER BY stored DESC, target LIMIT 1"
            ))?;
            Ok(statement.query_row([], record).optional()?)
        })
    }

    /// Notes that images are used now: pulled, pushed, tagged, mounted. In a store that is read-only
    /// this does nothing; the time is only there to tell what nobody uses.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn mark_used(&self, targets: &[Digest]) -> Result<()> {
        if targets.is_empty() || !self.is_writable() {
            return Ok(());
        }
        self.write(Durability::Process, |tx| {
            for target in targets {
                mark_used(tx, target)?;
            }
            Ok(())
        })
    }

    /// The images whose digest begins with these hex digits, with or without `sha256:` in front.
    /// Empty when `prefix` has anything else in it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn find_by_prefix(&self, prefix: &str) -> Result<Vec<Digest>> {
        let Some(beginnings) = beginnings(prefix) else {
            return Ok(Vec::new());
        };
        self.read(|db| {
            let mut found = Vec::new();
            for beginning in beginnings {
                // `g` comes right after the last hex digit.
                let mut statement = db.prepare_cached(
                    "SELECT target FROM images WHERE target >= ?1 AND target < ?1 || 'g' ORDER BY target",
                )?;
                let rows = statement.query_map([beginning], |row| sql::digest(row, 0))?;
                for digest in rows {
                    found.push(digest?);
                }
            }
            Ok(found)
        })
    }
}

/// What a digest begins with that begins so, with or without its algorithm; nothing when that is no
/// beginning of one.
pub(crate) fn beginnings(prefix: &str) -> Option<Vec<String>> {
    let (algorithm, hex) = match prefix.split_once(':') {
        Some((algorithm, hex)) => (Some(algorithm), hex),
        None => (None, prefix),
    };
    if hex.is_empty() || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let algorithms = ["sha256", "sha512"].into_iter();
    let known = algorithms.filter(|known| algorithm.is_none_or(|a| a == *known));
    Some(known.map(|known| format!("{known}:{hex}")).collect())
}

fn record(row: &Row<'_>) -> rusqlite::Result<ImageRecord> {
    Ok(ImageRecord {
        target: descriptor(row, 0)?,
        stored: sql::time(row, 1)?,
        used: sql::time(row, 2)?,
    })
}

/// A column that holds a descriptor.
pub(crate) fn descriptor(row: &Row<'_>, column: usize) -> rusqlite::Result<Descriptor> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, e.into()))
}

pub(crate) fn exists(db: &Connection, target: &Digest) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM images WHERE target = ?1")?
        .exists([target.as_str()])
}

/// Notes within a transaction that an image is used now.
pub(crate) fn mark_used(db: &Connection, target: &Digest) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE images SET used = ?2 WHERE target = ?1")?
        .execute((target.as_str(), sql::now()))?;
    Ok(())
}

/// Puts an image that a removal took back within a transaction, as it was. Whether it wasn't there.
pub(crate) fn restore(db: &Connection, removal: i64, target: &Digest) -> rusqlite::Result<bool> {
    let count = db
        .prepare_cached(
            "INSERT OR IGNORE INTO images (target, descriptor, stored, used)
             SELECT target, descriptor, stored, used FROM removed_images
             WHERE removal = ?1 AND target = ?2",
        )?
        .execute((removal, target.as_str()))?;
    crate::index_json::mark_stale(db)?;
    Ok(count > 0)
}

/// Adds an image within a transaction, or brings its time up to date.
pub(crate) fn insert(db: &Connection, target: &Descriptor) -> rusqlite::Result<()> {
    // What a registry or an archive says *about* the target is no part of the image.
    let bare = Descriptor::new(
        target.media_type.clone(),
        target.digest.clone(),
        target.size,
    );
    let json = serde_json::to_string(&bare)
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    db.prepare_cached(
        "INSERT INTO images (target, descriptor, stored, used) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (target) DO UPDATE SET descriptor = ?2, stored = ?3, used = ?3",
    )?
    .execute((target.digest.as_str(), json, sql::now()))?;
    crate::index_json::mark_stale(db)
}
