//! How our types look in a row, and what an error of the database is to us.

pub(super) use orlop_sql::{count, maybe_text, nanos, now, signed, text, time};
use rusqlite::ErrorCode;

use crate::StorageError;

/// A limit as SQLite takes it, and one more, to see whether there is more.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1))
}

/// An error of the database.
pub(super) fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::NoSpace,
        _ => StorageError::Internal(format!("database: {error}")),
    }
}
