//! What images are called.

use jiff::Timestamp;
use orlop_oci::{Digest, Reference};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::{Error, Result};
use crate::history::{Cause, NameChange, remember};
use crate::store::{Durability, Store};
use crate::{images, sql};

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `repository:tag` or `repository@digest`.
    pub reference: Reference,
    /// The digest of the image's target.
    pub target: Digest,
    /// When it got this meaning.
    pub updated: Timestamp,
}

impl Store {
    /// All names, sorted.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn names(&self) -> Result<Vec<Name>> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, target, updated FROM names ORDER BY name")?;
            let rows = statement.query_map([], name_of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The names of one image, sorted.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn names_of(&self, target: &Digest) -> Result<Vec<Reference>> {
        self.read(|db| Ok(names_of(db, target)?))
    }

    /// What a name stands for. Without tag and digest, `latest` is meant. With a digest, the image with
    /// that digest is found under any name in the same repository, as docker does.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn resolve(&self, reference: &Reference) -> Result<Option<Digest>> {
        let name = reference.clone().with_default_tag().pinned();
        self.read(|db| {
            if let Some(target) = target_of(db, &name)? {
                return Ok(Some(target));
            }
            let Some(digest) = name.digest() else {
                return Ok(None);
            };
            let known = names_of(db, digest)?
                .iter()
                .any(|other| other.repository() == name.repository());
            Ok(known.then(|| digest.clone()))
        })
    }

    /// Gives an image a name. The image that had it before keeps existing, dangling if it has no other.
    ///
    /// # Errors
    /// [`Error::NoImage`], or [`Error::BadName`].
    pub fn set_name(&self, reference: &Reference, target: &Digest) -> Result<NameChange> {
        let change = self.write(Durability::Durable, |tx| {
            set_name(tx, reference, target, self.cause())
        })?;
        self.follow_with_index_json();
        Ok(change)
    }

    /// Takes a name away. The image keeps existing; see [`Store::remove`] to remove both.
    ///
    /// # Errors
    /// [`Error::NoName`].
    pub fn remove_name(&self, reference: &Reference) -> Result<NameChange> {
        let change = self.write(Durability::Durable, |tx| {
            remove_name(tx, reference, self.cause())
        })?;
        self.follow_with_index_json();
        Ok(change)
    }
}

fn name_of_row(row: &Row<'_>) -> rusqlite::Result<Name> {
    Ok(Name {
        reference: sql::text(row, 0)?,
        target: sql::digest(row, 1)?,
        updated: sql::time(row, 2)?,
    })
}

pub(crate) fn names_of(db: &Connection, target: &Digest) -> rusqlite::Result<Vec<Reference>> {
    db.prepare_cached("SELECT name FROM names WHERE target = ?1 ORDER BY name")?
        .query_map([target.as_str()], |row| sql::text(row, 0))?
        .collect()
}

pub(crate) fn target_of(db: &Connection, name: &Reference) -> rusqlite::Result<Option<Digest>> {
    db.prepare_cached("SELECT target FROM names WHERE name = ?1")?
        .query_row([name.to_string()], |row| sql::digest(row, 0))
        .optional()
}

/// Refuses what names nothing, or names it twice.
pub(crate) fn check(reference: &Reference) -> Result<()> {
    if reference.tag().is_some() == reference.digest().is_some() {
        return Err(Error::BadName(reference.clone()));
    }
    Ok(())
}

/// Sets a name within a transaction. `updated` changes only with the target.
pub(crate) fn set_name(
    db: &Connection,
    reference: &Reference,
    target: &Digest,
    cause: Option<Cause>,
) -> Result<NameChange> {
    check(reference)?;
    if !images::exists(db, target)? {
        return Err(Error::NoImage(target.clone()));
    }
    images::mark_used(db, target)?;
    let change = NameChange {
        reference: reference.clone(),
        old: target_of(db, reference)?,
        new: Some(target.clone()),
        at: Timestamp::now(),
        cause,
    };
    if change.is_change() {
        db.prepare_cached(
            "INSERT INTO names (name, target, updated) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET target = ?2, updated = ?3",
        )?
        .execute((
            reference.to_string(),
            target.as_str(),
            sql::nanos(change.at),
        ))?;
        remember(db, &change)?;
    }
    Ok(change)
}

/// Takes a name away within a transaction.
pub(crate) fn remove_name(
    db: &Connection,
    reference: &Reference,
    cause: Option<Cause>,
) -> Result<NameChange> {
    let old = target_of(db, reference)?.ok_or_else(|| Error::NoName(reference.clone()))?;
    db.prepare_cached("DELETE FROM names WHERE name = ?1")?
        .execute([reference.to_string()])?;
    let change = NameChange {
        reference: reference.clone(),
        old: Some(old),
        new: None,
        at: Timestamp::now(),
        cause,
    };
    remember(db, &change)?;
    Ok(change)
}
