//! The store's database of advisories.

use std::path::{Path, PathBuf};

use orlop_vuln::database::{Database, DatabaseError, FORMAT};

use crate::error::{Error, Result};

/// Where the database of advisories is: one file below the store's root, for each version of its format.
#[derive(Clone, Debug)]
pub struct Advisories {
    folder: PathBuf,
}

impl Advisories {
    /// Those of the store at `root`.
    pub fn of(root: &Path) -> Self {
        Self {
            folder: root.join("scout"),
        }
    }

    /// The folder that databases are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("advisories-v{FORMAT}.db"))
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`Error::NoDatabase`] if there is none, [`Error::Database`] if it can't be used.
    pub fn open(&self) -> Result<Database> {
        match Database::open(&self.path()) {
            Err(DatabaseError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Err(Error::NoDatabase(self.folder.clone()))
            }
            opened => Ok(opened?),
        }
    }
}
