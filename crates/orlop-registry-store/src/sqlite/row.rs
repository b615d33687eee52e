//! How our types look in a row.

use std::error::Error as StdError;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{ErrorCode, Row};

use crate::StorageError;

/// A column that holds the text of a `T`.
struct Text<T>(T);

impl<T> FromSql for Text<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        text.parse().map(Text).map_err(FromSqlError::other)
    }
}

/// A digest, a name, a tag.
pub(super) fn text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    Ok(row.get::<_, Text<T>>(column)?.0)
}

/// The same, or nothing.
pub(super) fn maybe_text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    Ok(row.get::<_, Option<Text<T>>>(column)?.map(|text| text.0))
}

/// A count of bytes. A negative one was never written by us.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A count as SQLite keeps it: it has no unsigned 64 bits, and nothing on disk is that large.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A limit as SQLite takes it, and one more, to see whether there is more.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1))
}

/// A time: nanoseconds since 1970.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanos: i64 = row.get(column)?;
    Timestamp::from_nanosecond(i128::from(nanos))
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, nanos))
}

/// A time as a row keeps it.
pub(super) fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// Now, as a row keeps it.
pub(super) fn now() -> i64 {
    nanos(Timestamp::now())
}

/// An error of the database.
pub(super) fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::NoSpace,
        _ => StorageError::Internal(format!("database: {error}")),
    }
}
