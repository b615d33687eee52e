//! How our identities look in a row.

use orlop_oci::{ChainId, DiffId, Digest};
pub(crate) use orlop_sql::{Text, count, nanos, now, of_nanos, signed, text, time};
use rusqlite::Row;

pub(crate) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    text(row, column)
}

pub(crate) fn chain(row: &Row<'_>, column: usize) -> rusqlite::Result<ChainId> {
    text(row, column)
}

pub(crate) fn diff_id(row: &Row<'_>, column: usize) -> rusqlite::Result<DiffId> {
    text(row, column)
}
