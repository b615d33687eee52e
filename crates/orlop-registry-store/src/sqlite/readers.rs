//! Looking into the database without waiting for anybody.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::row::failed;
use super::schema;
use crate::StorageError;

/// Connections that are kept open. More are made when more threads look at once.
const KEPT: usize = 8;

/// A pool of read-only connections. In WAL mode they see the last commit and never block.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Looks. A look of several statements sees one state when it makes a transaction itself.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let pooled = idle().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => schema::open_reader(&self.path).map_err(failed)?,
        };
        let seen = look(&connection);
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        seen.map_err(failed)
    }
}
