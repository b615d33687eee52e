//! How identities, counts and times look in a row of SQLite.
//!
//! The store of images and that of a registry keep the same kinds of things: digests and names as
//! their text, which is parsed again when it is read; counts, which SQLite has no unsigned 64 bits
//! for; times as nanoseconds since 1970. What can't be read back is an error of the row, never a
//! guess. Which tables there are is each store's own business.

use std::error::Error as StdError;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

/// A column that holds the text of a `T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<T>(pub T);

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
///
/// # Errors
/// The column holds no text, or one that isn't of a `T`.
pub fn text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    Ok(row.get::<_, Text<T>>(column)?.0)
}

/// The same, or nothing.
///
/// # Errors
/// As [`text`].
pub fn maybe_text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    Ok(row.get::<_, Option<Text<T>>>(column)?.map(|text| text.0))
}

/// A count of bytes or of things.
///
/// # Errors
/// It is negative, which was never written by us.
pub fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A count as SQLite keeps it: it has no unsigned 64 bits, and nothing on disk is that large.
pub fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A time.
///
/// # Errors
/// The column holds no number.
pub fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanos: i64 = row.get(column)?;
    Timestamp::from_nanosecond(i128::from(nanos))
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, nanos))
}

/// A time as a row keeps it.
pub fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The time that a row keeps.
pub fn of_nanos(nanos: i64) -> Timestamp {
    // Any 64 bits of nanoseconds are within the centuries that a timestamp can be of.
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default()
}

/// Now, as a row keeps it.
pub fn now() -> i64 {
    nanos(Timestamp::now())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use rusqlite::Connection;

    use super::*;

    /// Reads the first column of a row of its own.
    fn read<T>(sql: &str, get: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> Option<T> {
        let db = Connection::open_in_memory().expect("memory");
        db.query_row(sql, [], get).ok()
    }

    #[test]
    fn what_was_written_is_read() {
        let address: IpAddr = "192.0.2.7".parse().expect("an address");
        assert_eq!(read("SELECT '192.0.2.7'", |r| text(r, 0)), Some(address));
        assert_eq!(
            read("SELECT NULL", |r| maybe_text::<IpAddr>(r, 0)),
            Some(None)
        );
        let some = read("SELECT '192.0.2.7'", |r| maybe_text(r, 0));
        assert_eq!(some, Some(Some(address)));
        assert_eq!(read("SELECT 7", |r| count(r, 0)), Some(7));
        let at: Timestamp = "2026-01-02T03:04:05.000000006Z".parse().expect("a time");
        let sql = format!("SELECT {}", nanos(at));
        assert_eq!(read(&sql, |r| time(r, 0)), Some(at));
        assert_eq!(of_nanos(nanos(at)), at);
    }

    #[test]
    fn what_was_not_is_an_error() {
        assert_eq!(read("SELECT 'elsewhere'", |r| text::<IpAddr>(r, 0)), None);
        assert_eq!(read("SELECT 7", |r| text::<IpAddr>(r, 0)), None);
        assert_eq!(read("SELECT NULL", |r| text::<IpAddr>(r, 0)), None);
        assert_eq!(read("SELECT -1", |r| count(r, 0)), None);
        assert_eq!(read("SELECT 'x'", |r| time(r, 0)), None);
    }

    #[test]
    fn what_is_too_large_is_the_largest() {
        assert_eq!((signed(7), signed(u64::MAX)), (7, i64::MAX));
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
        assert!(of_nanos(i64::MAX) > Timestamp::now());
    }
}
