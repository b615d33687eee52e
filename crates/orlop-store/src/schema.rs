//! Opening the database and bringing its schema up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{Error, Result};

/// The schema, step by step; step `n` brings `user_version` from `n` to `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001_initial.sql"),
    include_str!("migrations/002_name_history_cause.sql"),
    include_str!("migrations/003_housekeeping.sql"),
    include_str!("migrations/004_layer_records.sql"),
    include_str!("migrations/005_stack_records.sql"),
];

/// How long a writer waits for another one.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Prepared statements kept for each connection.
const STATEMENTS: usize = 64;

/// The schema that this program writes.
pub(crate) const fn newest() -> u32 {
    MIGRATIONS.len() as u32
}

/// Opens the database to read and write, and creates it.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    configure(Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?)
}

/// Opens a database that can't be written, such as one on a read-only file system.
///
/// SQLite reads a WAL database without writing only if its `-shm` file is there, or if it is told
/// that the file never changes (`immutable`). The latter is true when nothing waits in the WAL.
pub(crate) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let readable = |connection: Connection| -> rusqlite::Result<Connection> {
        version(&connection)?;
        Ok(connection)
    };
    let plain = Connection::open_with_flags(path, flags)
        .and_then(configure)
        .and_then(readable);
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let wal_is_empty = std::fs::metadata(&wal).map_or(true, |meta| meta.len() == 0);
    match plain {
        Err(_) if wal_is_empty => {
            let uri = format!("file:{}?immutable=1", uri_path(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
                .and_then(configure)
                .and_then(readable)
        }
        other => other,
    }
}

/// A path in a `file:` URI: everything that could mean something is escaped.
fn uri_path(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut out = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn configure(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// The schema of the database; 0 when it is new.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Refuses a database of a later program.
pub(crate) fn check(path: &Path, found: u32) -> Result<()> {
    if found > newest() {
        return Err(Error::NewerDatabase {
            path: path.to_owned(),
            found,
            known: newest(),
        });
    }
    Ok(())
}

/// Brings the schema up to date. The caller holds the lock of the schema: switching to WAL doesn't
/// wait for other connections as everything else does.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&tx)?;
    for step in MIGRATIONS.iter().skip(found as usize) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", newest().max(found))?;
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped() {
        assert_eq!(uri_path(Path::new("/a b/c?d#e%")), "/a%20b/c%3Fd%23e%25");
    }

    #[test]
    fn migrating_twice_is_migrating_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = open(&dir.path().join("x.db")).unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), newest());
        assert!(check(Path::new("x"), newest()).is_ok());
        assert!(check(Path::new("x"), newest() + 1).is_err());
    }

    #[test]
    fn an_old_database_keeps_its_rows() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = open(&dir.path().join("x.db")).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO name_history (name, at) VALUES ('docker.io/library/x:1', 7)",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), newest());
        let row: (String, Option<String>) = connection
            .query_row("SELECT name, cause FROM name_history", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, ("docker.io/library/x:1".to_owned(), None));
    }
}
