//! Which containers use an image: the one place where that is decided.

use std::collections::HashMap;

use orlop_oci::Digest;
use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::sql;
use crate::store::Store;

/// A container's use of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUse {
    /// The container's ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// It runs now.
    pub running: bool,
}

impl Store {
    /// The containers made of an image, by the digest of its target or of one of its manifests.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn containers_using(&self, image: &Digest) -> Result<Vec<ContainerUse>> {
        self.read(|db| Ok(using(db, image)?))
    }
}

impl Store {
    /// How many containers are made of each image, by the digest of its target and of the manifest
    /// used. Images without containers are left out.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn container_counts(&self) -> Result<HashMap<Digest, usize>> {
        self.read(|db| {
            let mut counts = HashMap::new();
            let mut statement = db.prepare_cached("SELECT image, manifest FROM containers")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (image, manifest) = (sql::digest(row, 0)?, sql::digest(row, 1)?);
                if manifest != image {
                    *counts.entry(manifest).or_default() += 1;
                }
                *counts.entry(image).or_default() += 1;
            }
            Ok(counts)
        })
    }
}

pub(crate) fn using(db: &Connection, image: &Digest) -> rusqlite::Result<Vec<ContainerUse>> {
    db.prepare_cached(
        "SELECT id, name, running FROM containers WHERE image = ?1 OR manifest = ?1 ORDER BY id",
    )?
    .query_map([image.as_str()], record)?
    .collect()
}

/// Of the columns `id, name, running`.
pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<ContainerUse> {
    Ok(ContainerUse {
        id: row.get(0)?,
        name: row.get(1)?,
        running: row.get(2)?,
    })
}
