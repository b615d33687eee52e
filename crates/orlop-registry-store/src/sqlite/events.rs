//! The event log, and when things were pulled.

use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest, MediaType};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::{count, failed, maybe_text, nanos, now, signed, time};
use super::writer::Write;
use crate::meta_store::{NewEvent, PullNote};
use crate::{Event, EventKind, Origin, StorageError, TagOrDigest};

type Result<T> = std::result::Result<T, StorageError>;

const KINDS: [EventKind; 7] = [
    EventKind::Push,
    EventKind::Pull,
    EventKind::Delete,
    EventKind::Mount,
    EventKind::Collect,
    EventKind::Retain,
    EventKind::Account,
];

/// Writes an event, in the transaction of what it speaks of.
pub(super) fn add(w: &Write<'_>, event: &NewEvent) -> Result<()> {
    let target = event.target.as_ref();
    let added = || -> rusqlite::Result<i64> {
        w.db.prepare_cached(
            "INSERT INTO event (at, kind, repository, tag, media_type, digest, size,
                                actor, address, user_agent, request_id, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .insert(params![
            now(),
            event.kind.as_str(),
            event.repository.as_ref().map(|name| name.as_str()),
            event.tag.as_ref().map(|tag| tag.as_str()),
            target.map(|target| target.media_type.as_str()),
            target.map(|target| target.digest.as_str()),
            target.map(|target| signed(target.size)),
            event.origin.actor,
            event.origin.address,
            event.origin.user_agent,
            event.origin.request_id,
            event.note,
        ])
    };
    let id = added().map_err(failed)?;
    w.wrote_event(id.unsigned_abs());
    Ok(())
}

pub(super) fn list(db: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<Event>> {
    db.prepare_cached(
        "SELECT id, at, kind, repository, tag, media_type, digest, size,
                actor, address, user_agent, request_id, note
         FROM event WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?
    .query_map(params![signed(after), signed(limit as u64)], event)?
    .collect()
}

/// Only the oldest are looked at: IDs and times grow together.
pub(super) fn forget(w: &Write<'_>, before: Timestamp, up_to: u64, limit: usize) -> Result<usize> {
    let forget = w.db.prepare_cached(
        "DELETE FROM event WHERE at < ?2
         AND id IN (SELECT id FROM event WHERE id <= ?1 ORDER BY id LIMIT ?3)",
    );
    let forget = forget.and_then(|mut forget| {
        forget.execute(params![signed(up_to), nanos(before), signed(limit as u64)])
    });
    forget.map_err(failed)
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let kind: String = row.get(2)?;
    let digest: Option<Digest> = maybe_text(row, 6)?;
    let target = digest
        .map(|digest| -> rusqlite::Result<Descriptor> {
            let media_type: Option<String> = row.get(5)?;
            let media_type = MediaType::from(media_type.unwrap_or_default().as_str());
            Ok(Descriptor::new(media_type, digest, count(row, 7)?))
        })
        .transpose()?;
    Ok(Event {
        id: count(row, 0)?,
        at: time(row, 1)?,
        // A kind that a later version added is still something that happened.
        kind: KINDS
            .into_iter()
            .find(|known| known.as_str() == kind)
            .unwrap_or(EventKind::Account),
        repository: maybe_text(row, 3)?,
        tag: maybe_text(row, 4)?,
        target,
        origin: Origin {
            actor: row.get(8)?,
            address: row.get(9)?,
            user_agent: row.get(10)?,
            request_id: row.get(11)?,
        },
        note: row.get(12)?,
    })
}

pub(super) fn note_pulls(w: &Write<'_>, pulls: &[PullNote], events: &[NewEvent]) -> Result<()> {
    for pull in pulls {
        note_pull(w.db, pull).map_err(failed)?;
    }
    for event in events {
        let mut event = event.clone();
        describe(w.db, &mut event).map_err(failed)?;
        add(w, &event)?;
    }
    Ok(())
}

/// A pull was noted by digest alone; adds the type and size of the manifest, if it is still there.
fn describe(db: &Connection, event: &mut NewEvent) -> rusqlite::Result<()> {
    let (Some(repository), Some(target)) = (&event.repository, &mut event.target) else {
        return Ok(());
    };
    let found: Option<(String, u64)> = db
        .prepare_cached(
            "SELECT media_type, size FROM manifest
             WHERE repository_id = (SELECT id FROM repository WHERE name = ?1) AND digest = ?2",
        )?
        .query_row(
            params![repository.as_str(), target.digest.as_str()],
            |row| Ok((row.get(0)?, count(row, 1)?)),
        )
        .optional()?;
    if let Some((media_type, size)) = found {
        *target = Descriptor::new(
            MediaType::from(media_type.as_str()),
            target.digest.clone(),
            size,
        );
    }
    Ok(())
}

fn note_pull(db: &Connection, pull: &PullNote) -> rusqlite::Result<()> {
    let (repository, at) = (pull.repository.as_str(), nanos(pull.at));
    db.prepare_cached(
        "UPDATE manifest SET pulled_at = max(coalesce(pulled_at, 0), ?3)
         WHERE repository_id = (SELECT id FROM repository WHERE name = ?1) AND digest = ?2",
    )?
    .execute(params![repository, pull.digest.as_str(), at])?;
    if let TagOrDigest::Tag(tag) = &pull.reference {
        db.prepare_cached(
            "UPDATE tag SET pulled_at = max(coalesce(pulled_at, 0), ?3)
             WHERE repository_id = (SELECT id FROM repository WHERE name = ?1) AND name = ?2",
        )?
        .execute(params![repository, tag.as_str(), at])?;
    }
    Ok(())
}
