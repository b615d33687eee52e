//! Accounts, and small named values.

use jiff::Timestamp;
use orlop_secret::Secret;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::{failed, nanos, time};
use super::writer::Write;
use crate::StorageError;
use crate::meta_store::{AccountKind, AccountRow};

type Result<T> = std::result::Result<T, StorageError>;

/// The statements for one kind: tables can't be parameters.
struct Sql {
    list: &'static str,
    find: &'static str,
    insert: &'static str,
    update: &'static str,
    used: &'static str,
    remove: &'static str,
}

macro_rules! statements {
    ($table:literal) => {
        Sql {
            list: concat!(
                "SELECT name, record, used_at FROM ",
                $table,
                " ORDER BY name"
            ),
            find: concat!(
                "SELECT name, record, used_at FROM ",
                $table,
                " WHERE name = ?1"
            ),
            insert: concat!(
                "INSERT OR IGNORE INTO ",
                $table,
                " (name, record) VALUES (?1, ?2)"
            ),
            update: concat!("UPDATE ", $table, " SET record = ?2 WHERE name = ?1"),
            used: concat!(
                "UPDATE ",
                $table,
                " SET used_at = max(coalesce(used_at, 0), ?2) WHERE name = ?1"
            ),
            remove: concat!("DELETE FROM ", $table, " WHERE name = ?1"),
        }
    };
}

const fn sql(kind: AccountKind) -> Sql {
    match kind {
        AccountKind::Robot => statements!("robot"),
        AccountKind::SigningKey => statements!("signing_key"),
    }
}

pub(super) fn list(db: &Connection, kind: AccountKind) -> rusqlite::Result<Vec<AccountRow>> {
    db.prepare_cached(sql(kind).list)?
        .query_map([], account)?
        .collect()
}

pub(super) fn find(
    db: &Connection,
    kind: AccountKind,
    name: &str,
) -> rusqlite::Result<Option<AccountRow>> {
    db.prepare_cached(sql(kind).find)?
        .query_row([name], account)
        .optional()
}

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    let used: Option<i64> = row.get(2)?;
    Ok(AccountRow {
        name: row.get(0)?,
        record: Secret::new(row.get::<_, String>(1)?),
        used_at: used.map(|_| time(row, 2)).transpose()?,
    })
}

pub(super) fn insert(w: &Write<'_>, kind: AccountKind, account: &AccountRow) -> Result<bool> {
    change(
        w,
        sql(kind).insert,
        params![account.name, account.record.expose()],
    )
}

pub(super) fn update(w: &Write<'_>, kind: AccountKind, account: &AccountRow) -> Result<bool> {
    change(
        w,
        sql(kind).update,
        params![account.name, account.record.expose()],
    )
}

pub(super) fn used(
    w: &Write<'_>,
    kind: AccountKind,
    accounts: &[(String, Timestamp)],
) -> Result<()> {
    for (name, at) in accounts {
        change(w, sql(kind).used, params![name, nanos(*at)])?;
    }
    Ok(())
}

pub(super) fn remove(w: &Write<'_>, kind: AccountKind, name: &str) -> Result<bool> {
    change(w, sql(kind).remove, params![name])
}

pub(super) fn setting(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

pub(super) fn set_setting(w: &Write<'_>, name: &str, value: Option<&str>) -> Result<()> {
    let Some(value) = value else {
        let gone = change(w, "DELETE FROM setting WHERE name = ?1", params![name]);
        return gone.map(drop);
    };
    let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    change(w, sql, params![name, value]).map(drop)
}

pub(super) fn insert_setting(w: &Write<'_>, name: &str, value: &str) -> Result<bool> {
    let sql = "INSERT OR IGNORE INTO setting (name, value) VALUES (?1, ?2)";
    change(w, sql, params![name, value])
}

/// Returns whether it changed anything.
fn change(w: &Write<'_>, sql: &str, values: impl rusqlite::Params) -> Result<bool> {
    let changed =
        w.db.prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values));
    changed.map(|rows| rows > 0).map_err(failed)
}
