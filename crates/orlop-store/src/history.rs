//! What names stood for before, since when, and why that changed.
//!
//! Each change of a name is a row that stays when the name and its image go. Why it changed is known
//! only to whoever asked for it, far above the statement that writes the row; so the reason is a
//! property of the handle ([`Store::because`]) and not one more argument of every verb that can touch
//! a name.

use std::fmt;

use jiff::Timestamp;
use orlop_oci::{Digest, Reference};
use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::sql;
use crate::store::Store;

/// One change of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameChange {
    /// The name.
    pub reference: Reference,
    /// What it stood for before; nothing when it was new.
    pub old: Option<Digest>,
    /// What it stands for since; nothing when it was removed.
    pub new: Option<Digest>,
    /// When.
    pub at: Timestamp,
    /// Why, as far as it was said.
    pub cause: Option<Cause>,
}

impl NameChange {
    /// The name stands for something else than before.
    pub fn is_change(&self) -> bool {
        self.old != self.new
    }
}

/// Why a name changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It came from a registry.
    Pulled,
    /// Somebody gave it to an image that was here.
    Tagged,
    /// It came with an archive or a layout.
    Loaded,
    /// An image was made of a file tree.
    Imported,
    /// It was copied here from elsewhere.
    Copied,
    /// An image was built.
    Built,
    /// An image was made of another: other configuration, base or layers.
    Changed,
    /// Somebody removed it.
    Removed,
    /// It went with an image that nobody used.
    Pruned,
    /// A removal was taken back.
    Restored,
}

impl Cause {
    const ALL: [Self; 10] = [
        Self::Pulled,
        Self::Tagged,
        Self::Loaded,
        Self::Imported,
        Self::Copied,
        Self::Built,
        Self::Changed,
        Self::Removed,
        Self::Pruned,
        Self::Restored,
    ];

    /// Its word, which is also what a row keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulled => "pulled",
            Self::Tagged => "tagged",
            Self::Loaded => "loaded",
            Self::Imported => "imported",
            Self::Copied => "copied",
            Self::Built => "built",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Pruned => "pruned",
            Self::Restored => "restored",
        }
    }

    /// A word that a later program wrote says nothing to this one.
    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Store {
    /// All changes of a name, the latest first. Without tag and digest, `latest` is meant.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn name_history(&self, reference: &Reference) -> Result<Vec<NameChange>> {
        let name = reference.clone().with_default_tag().pinned();
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT name, old, new, at, cause FROM name_history WHERE name = ?1 ORDER BY id DESC",
            )?;
            let rows = statement.query_map([name.to_string()], change_of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn change_of_row(row: &Row<'_>) -> rusqlite::Result<NameChange> {
    let word: Option<String> = row.get(4)?;
    Ok(NameChange {
        reference: sql::text(row, 0)?,
        old: row.get::<_, Option<sql::Text<Digest>>>(1)?.map(|d| d.0),
        new: row.get::<_, Option<sql::Text<Digest>>>(2)?.map(|d| d.0),
        at: sql::time(row, 3)?,
        cause: word.as_deref().and_then(Cause::of_word),
    })
}

/// Writes a change down, within the transaction that makes it.
pub(crate) fn remember(db: &Connection, change: &NameChange) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO name_history (name, old, new, at, cause) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        change.reference.to_string(),
        change.old.as_ref().map(Digest::as_str),
        change.new.as_ref().map(Digest::as_str),
        sql::nanos(change.at),
        change.cause.map(Cause::as_str),
    ))?;
    crate::index_json::mark_stale(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_read_as_it_is_written() {
        for cause in Cause::ALL {
            assert_eq!(Cause::of_word(cause.as_str()), Some(cause));
        }
        assert_eq!(Cause::of_word("beamed"), None);
    }
}
