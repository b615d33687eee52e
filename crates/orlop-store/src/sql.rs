//! How our identities look in a row.

use std::error::Error as StdError;
use std::str::FromStr;

use jiff::Timestamp;
use orlop_oci::{ChainId, DiffId, Digest};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

/// A column that holds the text of a `T`.
pub(crate) struct Text<T>(pub(crate) T);

impl<T> FromSql for Text<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        text.parse().map(Text).map_err(FromSqlError::other)
    }
}

pub(crate) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    Ok(row.get::<_, Text<Digest>>(column)?.0)
}

pub(crate) fn chain(row: &Row<'_>, column: usize) -> rusqlite::Result<ChainId> {
    Ok(row.get::<_, Text<ChainId>>(column)?.0)
}

pub(crate) fn diff_id(row: &Row<'_>, column: usize) -> rusqlite::Result<DiffId> {
    Ok(row.get::<_, Text<DiffId>>(column)?.0)
}

pub(crate) fn text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    Ok(row.get::<_, Text<T>>(column)?.0)
}

/// A count of bytes or inodes. A negative one was never written by us.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A count as SQLite keeps it: it has no unsigned 64 bits, and nothing on disk is that large.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A time: nanoseconds since 1970.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanos: i64 = row.get(column)?;
    Timestamp::from_nanosecond(i128::from(nanos))
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, nanos))
}

/// Now, as a row keeps it. What lives isn't decided by it, so a wrong clock loses nothing.
pub(crate) fn now() -> i64 {
    nanoseconds(Timestamp::now())
}

/// A time as a row keeps it.
pub(crate) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The time that a row keeps.
pub(crate) fn of_nanoseconds(nanos: i64) -> Timestamp {
    // Any 64 bits of nanoseconds are within the centuries that a timestamp can be of.
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default()
}
