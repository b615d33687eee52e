//! Taking a removal back.
//!
//! A removal through a handle that is [`Store::undoable`] writes down what it took: the rows of the
//! images and their names. That costs a few hundred bytes, and is kept for [`KEEP_REMOVALS`]. Content
//! is another thing: who removes an image mostly wants its bytes back now, and nothing of ours runs
//! later to free them. So it is held only for as long as the handle says. While an image is held, its
//! row in `removed_images` is a root of collection as a row in `images` is; `held_until` is looked at
//! only to let go, never to decide what lives, so a wrong clock loses nothing.
//!
//! The alternative, to move the files aside, would need a second place for everything and a second
//! way to count what it takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orlop_oci::{Descriptor, Digest, Reference};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::{Error, Result};
use crate::gc::{Collected, Liveness};
use crate::history::{Cause, NameChange};
use crate::removal::Removed;
use crate::snapshots::SnapshotSpace;
use crate::store::{Durability, Store};
use crate::{blobs, images, names, sql};

/// How long a removal is remembered, whether its content is held or not.
pub const KEEP_REMOVALS: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many removals are remembered, but for those that hold something: a machine that removes images
/// all day shall not fill its database with it.
const MOST_REMOVALS: i64 = 100;

/// The number of a removal in its store; later ones have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemovalId(i64);

/// How removals through a handle are written down: those of one command as one.
#[derive(Debug)]
pub(crate) struct Recording {
    command: String,
    hold: Duration,
    /// Known when something was removed.
    id: Mutex<Option<RemovalId>>,
}

impl Recording {
    /// Says, after the commit, under which number it is.
    pub(crate) fn is_recorded(&self, id: Option<RemovalId>) {
        if id.is_some() {
            *self.id.lock().unwrap_or_else(PoisonError::into_inner) = id;
        }
    }

    fn id(&self) -> Option<RemovalId> {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A removal that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalRecord {
    /// Its number.
    pub id: RemovalId,
    /// What was typed: `rmi alpine:3.20`.
    pub command: String,
    /// When.
    pub at: Timestamp,
    /// The images that went.
    pub images: Vec<RemovedImage>,
    /// The names that went, and what they stood for.
    pub names: Vec<(Reference, Digest)>,
}

/// An image that a removal took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedImage {
    /// Its target.
    pub target: Descriptor,
    /// Its content stays at least until then; nothing when it isn't held.
    pub held_until: Option<Timestamp>,
    /// It can be put back without fetching anything.
    pub is_here: bool,
}

/// What [`Store::undo`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Images that are there again.
    pub images: Vec<Digest>,
    /// Names that are there again.
    pub names: Vec<NameChange>,
    /// Names that stand for something else by now, and what: they were left alone.
    pub taken: Vec<(Reference, Digest)>,
    /// Images that can't be put back, as their content is gone. They, and their names, stay on record.
    pub missing: Vec<Descriptor>,
}

/// Which removed images' content is let go.
#[derive(Clone, Debug)]
pub enum Release {
    /// That of images whose time is over.
    Over,
    /// That of these images.
    Images(Vec<Digest>),
    /// All.
    All,
}

impl Store {
    /// The same store; what is removed through it and its clones can be taken back, as one, by
    /// [`Store::undo`]. The content of removed images is kept for `hold`; it is freed at once when that
    /// is zero. `command` is for people: what was typed.
    #[must_use]
    pub fn undoable(&self, command: &str, hold: Duration) -> Self {
        self.recorded_by(Arc::new(Recording {
            command: command.to_owned(),
            hold,
            id: Mutex::default(),
        }))
    }

    /// The removals that can be taken back, the latest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn removals(&self) -> Result<Vec<RemovalRecord>> {
        self.read(|db| {
            let mut records: Vec<RemovalRecord> = db
                .prepare_cached("SELECT id, command, at FROM removals ORDER BY id DESC")?
                .query_map([], |row| {
                    Ok(RemovalRecord {
                        id: RemovalId(row.get(0)?),
                        command: row.get(1)?,
                        at: sql::time(row, 2)?,
                        images: Vec::new(),
                        names: Vec::new(),
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            for record in &mut records {
                record.images = images_of(db, record.id)?;
                record.names = names_of(db, record.id)?;
            }
            Ok(records)
        })
    }

    /// Takes a removal back, as far as its content is here: all in one transaction. What can't be put
    /// back stays on record, and can be when its images are in the store again.
    ///
    /// # Errors
    /// [`Error::NoRemoval`] when it isn't on record any more, or when the database can't be written.
    pub fn undo(&self, id: RemovalId) -> Result<Undone> {
        let undone = self.write(Durability::Durable, |tx| undo(tx, id))?;
        self.follow_with_index_json();
        Ok(undone)
    }

    /// Lets go of content that is held for [`Store::undo`]. The removals stay on record.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub fn release(&self, which: &Release, space: &dyn SnapshotSpace) -> Result<Collected> {
        if matches!(which, Release::Over) && !self.read(|db| Ok(is_any_over(db)?))? {
            return Ok(Collected::default());
        }
        self.layout().make_room_for_a_removal();
        let collected = self.write(Durability::Durable, |tx| {
            let targets = let_go(tx, which)?;
            Liveness::new(tx, self.layout())?.collect(&targets, &[])
        })?;
        self.remove_files(collected, space)
    }

    /// The removed images whose content is held now, each once.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn held(&self) -> Result<Vec<Digest>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT target FROM removed_images WHERE held_until IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| sql::digest(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Writes down what is being removed, within its transaction and before the rows of images go.
pub(crate) fn record(
    db: &Connection,
    recording: &Recording,
    removed: &Removed,
) -> Result<Option<RemovalId>> {
    if removed.names.is_empty() && removed.images.is_empty() {
        return Ok(None);
    }
    let now = Timestamp::now();
    let id = match recording.id() {
        Some(RemovalId(id)) => {
            // It is there, unless it was taken back meanwhile.
            db.prepare_cached(
                "INSERT OR IGNORE INTO removals (id, command, at) VALUES (?1, ?2, ?3)",
            )?
            .execute((id, &recording.command, sql::nanos(now)))?;
            id
        }
        None => {
            db.prepare_cached("INSERT INTO removals (command, at) VALUES (?1, ?2)")?
                .execute((&recording.command, sql::nanos(now)))?;
            let id = db.last_insert_rowid();
            forget(db, &format!("{UNHELD} AND id <= ?1"), id - MOST_REMOVALS)?;
            id
        }
    };
    let held_until = (!recording.hold.is_zero())
        .then(|| SignedDuration::try_from(recording.hold).ok())
        .flatten()
        .map(|hold| sql::nanos(now.saturating_add(hold).unwrap_or(Timestamp::MAX)));
    for target in &removed.images {
        db.prepare_cached(
            "INSERT OR REPLACE INTO removed_images
             (removal, target, descriptor, stored, used, held_until)
             SELECT ?1, target, descriptor, stored, used, ?3 FROM images WHERE target = ?2",
        )?
        .execute((id, target.as_str(), held_until))?;
    }
    for change in &removed.names {
        if let Some(target) = &change.old {
            db.prepare_cached(
                "INSERT OR REPLACE INTO removed_names (removal, name, target) VALUES (?1, ?2, ?3)",
            )?
            .execute((id, change.reference.to_string(), target.as_str()))?;
        }
    }
    Ok(Some(RemovalId(id)))
}

fn is_any_over(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM removed_images WHERE held_until <= ?1
         UNION ALL SELECT 1 FROM removals WHERE at <= ?2",
    )?
    .exists((sql::now(), oldest_kept()))
}

/// Records from before this moment are forgotten.
fn oldest_kept() -> i64 {
    let kept = SignedDuration::try_from(KEEP_REMOVALS).unwrap_or(SignedDuration::MAX);
    let moment = Timestamp::now().saturating_sub(kept);
    sql::nanos(moment.unwrap_or(Timestamp::MIN))
}

/// Ends holds, and forgets what is too old to be taken back, within a transaction. The targets that
/// aren't held by these any more.
pub(crate) fn let_go(db: &Connection, which: &Release) -> rusqlite::Result<Vec<Digest>> {
    let mut let_go = Vec::new();
    let mut end = |condition: &str, value: &dyn rusqlite::ToSql| -> rusqlite::Result<()> {
        let held = format!("held_until IS NOT NULL AND {condition}");
        let targets: Vec<Digest> = db
            .prepare_cached(&format!("SELECT target FROM removed_images WHERE {held}"))?
            .query_map([value], |row| sql::digest(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        db.prepare_cached(&format!(
            "UPDATE removed_images SET held_until = NULL WHERE {held}"
        ))?
        .execute([value])?;
        let_go.extend(targets);
        Ok(())
    };
    match which {
        Release::Over => {
            end("held_until <= ?1", &sql::now())?;
            // A hold may be longer than a removal is remembered: then both end with the hold.
            forget(db, &format!("{UNHELD} AND at <= ?1"), oldest_kept())?;
        }
        Release::Images(targets) => {
            for target in targets {
                end("target = ?1", &target.as_str())?;
            }
        }
        Release::All => end("?1", &true)?,
    }
    Ok(let_go)
}

/// The removals that hold nothing.
const UNHELD: &str = "SELECT id FROM removals WHERE NOT EXISTS
    (SELECT 1 FROM removed_images WHERE removal = id AND held_until IS NOT NULL)";

/// Forgets the removals that `query` selects.
fn forget(db: &Connection, query: &str, value: i64) -> rusqlite::Result<()> {
    for statement in [
        format!("DELETE FROM removed_names WHERE removal IN ({query})"),
        format!("DELETE FROM removed_images WHERE removal IN ({query})"),
        format!("DELETE FROM removals WHERE id IN ({query})"),
    ] {
        db.prepare_cached(&statement)?.execute([value])?;
    }
    Ok(())
}

fn images_of(db: &Connection, RemovalId(id): RemovalId) -> Result<Vec<RemovedImage>> {
    let rows: Vec<(Descriptor, Option<i64>)> = db
        .prepare_cached(
            "SELECT descriptor, held_until FROM removed_images WHERE removal = ?1 ORDER BY target",
        )?
        .query_map([id], |row| Ok((images::descriptor(row, 0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|(target, until)| {
            Ok(RemovedImage {
                held_until: until.map(sql::of_nanos),
                is_here: is_here(db, &target.digest, until.is_some())?,
                target,
            })
        })
        .collect()
}

fn names_of(
    db: &Connection,
    RemovalId(id): RemovalId,
) -> rusqlite::Result<Vec<(Reference, Digest)>> {
    db.prepare_cached("SELECT name, target FROM removed_names WHERE removal = ?1 ORDER BY name")?
        .query_map([id], |row| Ok((sql::text(row, 0)?, sql::digest(row, 1)?)))?
        .collect()
}

/// Whether an image can be put back as it is: it is there, or held, or all that it names is here.
fn is_here(db: &Connection, target: &Digest, held: bool) -> Result<bool> {
    if images::exists(db, target)? {
        return Ok(true);
    }
    if held {
        // A document that was found damaged may have gone in spite of the hold.
        return Ok(blobs::size_of(db, target)?.is_some());
    }
    for digest in crate::gc::descendants(db, std::slice::from_ref(target))? {
        if blobs::size_of(db, &digest)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn undo(db: &Connection, id: RemovalId) -> Result<Undone> {
    let RemovalId(number) = id;
    db.prepare_cached("SELECT 1 FROM removals WHERE id = ?1")?
        .query_row([number], |_| Ok(()))
        .optional()?
        .ok_or(Error::NoRemoval)?;
    let mut undone = Undone::default();
    for image in images_of(db, id)? {
        let target = image.target;
        if !image.is_here {
            undone.missing.push(target);
            continue;
        }
        if images::restore(db, number, &target.digest)? {
            undone.images.push(target.digest.clone());
        }
        db.prepare_cached("DELETE FROM removed_images WHERE removal = ?1 AND target = ?2")?
            .execute((number, target.digest.as_str()))?;
    }
    for (name, target) in names_of(db, id)? {
        if undone
            .missing
            .iter()
            .any(|missing| missing.digest == target)
        {
            continue;
        }
        restore_name(db, &name, &target, &mut undone)?;
        db.prepare_cached("DELETE FROM removed_names WHERE removal = ?1 AND name = ?2")?
            .execute((number, name.to_string()))?;
    }
    if undone.missing.is_empty() {
        forget(db, "?1", number)?;
    }
    Ok(undone)
}

fn restore_name(
    db: &Connection,
    name: &Reference,
    target: &Digest,
    undone: &mut Undone,
) -> Result<()> {
    match names::target_of(db, name)? {
        Some(current) if current == *target => {}
        Some(current) => undone.taken.push((name.clone(), current)),
        // The name alone was removed, and its image was later, by somebody else.
        None if !images::exists(db, target)? => {}
        None => {
            let change = names::set_name(db, name, target, Some(Cause::Restored))?;
            undone.names.push(change);
        }
    }
    Ok(())
}
