//! Opening the database and bringing its schema up to date.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::row::failed;
use crate::StorageError;

/// The schema, step by step; step `n` brings `user_version` from `n` to `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001_initial.sql"),
    include_str!("migrations/002_accounts.sql"),
    include_str!("migrations/003_touched.sql"),
];

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Prepared statements kept for each connection.
const STATEMENTS: usize = 64;

/// Opens the database to write, makes it, and brings its schema up to date.
pub(super) fn open(path: &Path) -> Result<Connection, StorageError> {
    // Switching to WAL doesn't wait for other processes as everything else does, so that they take
    // turns by a lock on the folder.
    let folder = path.parent().unwrap_or(Path::new("."));
    let lock = File::open(folder)
        .and_then(|folder| folder.lock().map(|()| folder))
        .map_err(|e| StorageError::Internal(format!("can't lock {}: {e}", folder.display())))?;
    // It has keys in it. SQLite gives its other files the mode of this one.
    let made = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path);
    made.map_err(|e| StorageError::Internal(format!("can't make {}: {e}", path.display())))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)
        .and_then(configure)
        .map_err(failed)?;
    let found = migrate(&mut connection).map_err(failed)?;
    if found as usize > MIGRATIONS.len() {
        return Err(StorageError::Internal(format!(
            "{} was written by a later version (its schema is {found}, this program knows {})",
            path.display(),
            MIGRATIONS.len()
        )));
    }
    drop(lock);
    Ok(connection)
}

/// Opens the database to look into it.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    configure(Connection::open_with_flags(path, flags)?)
}

fn configure(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;",
    )?;
    Ok(connection)
}

/// Returns the version that was found.
fn migrate(connection: &mut Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for step in MIGRATIONS.iter().skip(found as usize) {
        tx.execute_batch(step)?;
    }
    let newest = MIGRATIONS.len() as u32;
    if newest > found {
        tx.pragma_update(None, "user_version", newest)?;
    }
    tx.commit()?;
    Ok(found)
}
