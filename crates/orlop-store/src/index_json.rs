//! `oci/index.json`, by which other tools find the images. It is derived from the tables `images` and
//! `names`, and written anew after each change of these.

use orlop_oci::{Descriptor, MediaType, annotation};
use rusqlite::{Connection, types::Type};
use serde::Serialize;

use crate::error::Result;
use crate::layout::sync_directory;
use crate::locks::FileLock;
use crate::store::{Durability, NEVER, Store};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexJson {
    schema_version: u32,
    media_type: MediaType,
    manifests: Vec<Descriptor>,
}

/// Notes, in the transaction that changes names or images, that `index.json` has to follow.
pub(crate) fn mark_stale(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE settings SET value = '1' WHERE key = 'index_stale'")?
        .execute([])?;
    Ok(())
}

impl Store {
    /// Writes `index.json` when something changed since it was written.
    pub(crate) fn write_index_json_if_stale(&self) -> Result<()> {
        let stale = self.read(|db| {
            Ok(db
                .prepare_cached(
                    "SELECT 1 FROM settings WHERE key = 'index_stale' AND value <> '0'",
                )?
                .exists([])?)
        })?;
        if stale {
            self.write_index_json()
        } else {
            Ok(())
        }
    }

    /// Whether `index.json` says what the database says, or will as soon as another process is done.
    ///
    /// # Errors
    /// When the database or the file can't be read.
    pub fn is_index_json_right(&self) -> Result<bool> {
        // Another process may write both between the two looks; not twice in a row by chance.
        Ok(self.index_json_agrees()? || self.index_json_agrees()?)
    }

    fn index_json_agrees(&self) -> Result<bool> {
        let (stale, index) = self.read(|db| {
            let stale = db
                .prepare_cached(
                    "SELECT 1 FROM settings WHERE key = 'index_stale' AND value <> '0'",
                )?
                .exists([])?;
            Ok((stale, read(db)?))
        })?;
        let path = self.layout().index_json();
        let there = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(crate::Error::io("read", &path)(e)),
        };
        Ok(stale || serde_json::to_vec(&index).is_ok_and(|bytes| bytes == there))
    }

    /// Writes the files that make the layout one, `oci-layout` and `index.json`, anew.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn rewrite_layout_files(&self) -> Result<()> {
        self.must_be_writable()?;
        let lock = FileLock::wait(&self.layout().locks().join("schema"), &NEVER)?;
        self.layout().create_oci_files(&lock)?;
        drop(lock);
        self.write_index_json()
    }

    /// Has `index.json` follow a change that is committed. The change stands even when this fails: the
    /// store is still marked, and the next one who opens it tries again.
    pub(crate) fn follow_with_index_json(&self) {
        let _ = self.write_index_json();
    }

    /// Writes `index.json`. The one who gets the lock last reads last, so what it writes is the newest.
    pub(crate) fn write_index_json(&self) -> Result<()> {
        let lock = FileLock::wait(&self.layout().locks().join("index-json"), &NEVER)?;
        // The flag is cleared before reading: who changes names after this sets it again.
        let index = self.write(Durability::Process, |tx| {
            tx.prepare_cached("UPDATE settings SET value = '2' WHERE key = 'index_stale'")?
                .execute([])?;
            Ok(read(tx)?)
        })?;
        // A structure of strings and numbers can't fail to be JSON.
        let bytes = serde_json::to_vec(&index).map_err(std::io::Error::other);
        let path = self.layout().index_json();
        self.layout().replace(
            &path,
            &bytes.map_err(crate::Error::io("write", &path))?,
            &lock,
        )?;
        sync_directory(&self.layout().oci())?;
        self.write(Durability::Process, |tx| {
            tx.prepare_cached(
                "UPDATE settings SET value = '0' WHERE key = 'index_stale' AND value = '2'",
            )?
            .execute([])?;
            Ok(())
        })
    }
}

fn read(db: &Connection) -> rusqlite::Result<IndexJson> {
    let mut statement = db.prepare_cached(
        "SELECT descriptor, name FROM images LEFT JOIN names USING (target) ORDER BY name, target",
    )?;
    let rows = statement.query_map([], |row| {
        let mut descriptor: Descriptor = serde_json::from_str(row.get_ref(0)?.as_str()?)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, e.into()))?;
        if let Some(name) = row.get::<_, Option<String>>(1)? {
            descriptor
                .annotations
                .insert(annotation::REF_NAME.to_owned(), name);
        }
        Ok(descriptor)
    })?;
    Ok(IndexJson {
        schema_version: 2,
        media_type: MediaType::OciIndex,
        manifests: rows.collect::<rusqlite::Result<_>>()?,
    })
}
