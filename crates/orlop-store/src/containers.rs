//! Which containers use an image: the one place where that is decided.

use orlop_oci::Digest;
use rusqlite::Connection;

use crate::error::Result;
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

pub(crate) fn using(db: &Connection, image: &Digest) -> rusqlite::Result<Vec<ContainerUse>> {
    db.prepare_cached(
        "SELECT id, name, running FROM containers WHERE image = ?1 OR manifest = ?1 ORDER BY id",
    )?
    .query_map([image.as_str()], |row| {
        Ok(ContainerUse {
            id: row.get(0)?,
            name: row.get(1)?,
            running: row.get(2)?,
        })
    })?
    .collect()
}
