//! rpm's database as SQLite keeps it: `rpmdb.sqlite` (Fedora since 33, Red Hat since 9).
//!
//! The database may be anybody's, so SQLite is told to trust nothing in it: no views, no triggers, no
//! functions of the schema's choosing, an end to its steps and to the length of its values.

use std::io::{self, Read};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use super::{HEADER, Visit};
use crate::{Content, Fault};

/// Steps of SQLite's machine between two looks at how many there were, and looks.
const STEPS: i32 = 10_000;
const LOOKS: u32 = 5_000;

/// Where a database says how it is written and read: 1 with a rollback journal, 2 with a log beside it
/// (SQLite's "Database file format", 1.3.3).
const VERSIONS: [u64; 2] = [18, 19];

/// Every header of the database.
pub(super) fn headers(content: &dyn Content, visit: Visit<'_>) -> Result<(), Fault> {
    let size =
        usize::try_from(content.size()).map_err(|_| Fault::new("it is larger than memory"))?;
    // rpm has made it by a rename, and written nothing yet.
    if size == 0 {
        return Ok(());
    }
    let connection = open(content, size).map_err(|error| fault(&error))?;
    let mut fault_of_header = None;
    let read = (|| {
        let mut statement = connection.prepare("SELECT blob FROM Packages")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(0)?.as_blob()?;
            if let Err(fault) = visit(blob) {
                fault_of_header = Some(fault);
                break;
            }
        }
        Ok(())
    })();
    match fault_of_header {
        Some(fault) => Err(fault),
        None => read.map_err(|error| fault(&error)),
    }
}

fn fault(error: &rusqlite::Error) -> Fault {
    Fault::new(format!("SQLite can't read it: {error}"))
}

fn open(content: &dyn Content, size: usize) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let longest = i32::try_from(HEADER).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let mut looks = 0;
    connection.progress_handler(
        STEPS,
        Some(move || {
            looks += 1;
            looks > LOOKS
        }),
    )?;
    let bytes = Bytes { content, at: 0 };
    connection.deserialize_read_exact(MAIN_DB, bytes, size, true)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The database from its beginning, as one that has no log beside it: in memory there is none.
struct Bytes<'a> {
    content: &'a dyn Content,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read_at(self.at, buffer)?;
        for at in VERSIONS {
            if let Some(byte) = at
                .checked_sub(self.at)
                .and_then(|at| buffer[..length].get_mut(usize::try_from(at).ok()?))
            {
                *byte = (*byte).min(1);
            }
        }
        self.at += length as u64;
        Ok(length)
    }
}
