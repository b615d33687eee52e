//! Facts for retention, and what it removes.

use jiff::Timestamp;
use orlop_oci::Digest;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::blobs::repository_id;
use super::row::{count, failed, maybe_text, nanos, now, text, time};
use super::writer::Write;
use super::{events, limits, manifests};
use crate::meta_store::NewEvent;
use crate::upkeep::Removal;
use crate::{
    EventKind, ManifestFact, Origin, RepositoryFacts, RepositoryName, StorageError, TagFact,
};

type Result<T> = std::result::Result<T, StorageError>;

pub(super) fn facts(
    db: &Connection,
    repository: &RepositoryName,
) -> rusqlite::Result<Option<RepositoryFacts>> {
    let tx = db.unchecked_transaction()?;
    let Some(id) = repository_id(&tx, repository)? else {
        return Ok(None);
    };
    let tags = tx
        .prepare_cached(
            "SELECT t.name, m.digest, t.pushed_at, t.pulled_at FROM tag t
             JOIN manifest m ON m.id = t.manifest_id WHERE t.repository_id = ?1 ORDER BY t.name",
        )?
        .query_map([id], |row| {
            Ok(TagFact {
                name: text(row, 0)?,
                digest: text(row, 1)?,
                pushed_at: time(row, 2)?,
                pulled_at: maybe_time(row, 3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut children = tx.prepare_cached(
        "SELECT child FROM manifest_child WHERE manifest_id = ?1 AND kind = 1 ORDER BY child",
    )?;
    let manifests = tx
        .prepare_cached(
            "SELECT id, digest, size, pushed_at, pulled_at, untagged_at, subject, touched_at
             FROM manifest
             WHERE repository_id = ?1 ORDER BY digest",
        )?
        .query_map([id], |row| {
            let id: i64 = row.get(0)?;
            Ok(ManifestFact {
                digest: text(row, 1)?,
                size: count(row, 2)?,
                pushed_at: time(row, 3)?,
                pulled_at: maybe_time(row, 4)?,
                untagged_at: maybe_time(row, 5)?,
                touched_at: maybe_time(row, 7)?,
                subject: maybe_text(row, 6)?,
                children: children
                    .query_map([id], |row| text(row, 0))?
                    .collect::<rusqlite::Result<_>>()?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(RepositoryFacts { tags, manifests }))
}

fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let there = row.get::<_, Option<i64>>(column)?.is_some();
    there.then(|| time(row, column)).transpose()
}

pub(super) fn retain(
    w: &Write<'_>,
    repository: &RepositoryName,
    removals: &[Removal],
    origin: &Origin,
) -> Result<Vec<bool>> {
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(vec![false; removals.len()]);
    };
    let mut removed = Vec::with_capacity(removals.len());
    for removal in removals {
        removed.push(remove(w, repository, id, removal, origin)?);
    }
    Ok(removed)
}

fn remove(
    w: &Write<'_>,
    repository: &RepositoryName,
    id: i64,
    removal: &Removal,
    origin: &Origin,
) -> Result<bool> {
    let found = match &removal.tag {
        Some(_) => unchanged_tag(w.db, id, removal),
        None => unreached(w.db, id, removal),
    };
    let Some(manifest) = found.map_err(failed)? else {
        return Ok(false);
    };
    let target = match &removal.tag {
        Some(tag) => {
            match limits::check_tag(w, repository, tag, &removal.digest, None) {
                Err(StorageError::TagImmutable(..)) => return Ok(false),
                other => other?,
            }
            manifests::take_tag(w.db, id, tag, manifest).map_err(failed)?
        }
        None => {
            let target = manifests::target(w.db, manifest).map_err(failed)?;
            manifests::take(w.db, id, manifest, &target, now()).map_err(failed)?;
            target
        }
    };
    events::add(
        w,
        &NewEvent {
            kind: EventKind::Retain,
            repository: Some(repository.clone()),
            tag: removal.tag.clone(),
            target: Some(target),
            origin: origin.clone(),
            note: Some(removal.reason.clone()),
        },
    )?;
    Ok(true)
}

/// The manifest of a tag that is as it was when it was decided about.
fn unchanged_tag(
    db: &Connection,
    repository: i64,
    removal: &Removal,
) -> rusqlite::Result<Option<i64>> {
    let tag = removal.tag.as_ref().map(|tag| tag.as_str());
    db.prepare_cached(
        "SELECT m.id FROM tag t JOIN manifest m ON m.id = t.manifest_id
         WHERE t.repository_id = ?1 AND t.name = ?2 AND m.digest = ?3 AND t.pushed_at <= ?4",
    )?
    .query_row(
        params![
            repository,
            tag,
            removal.digest.as_str(),
            nanos(removal.as_of)
        ],
        |row| row.get(0),
    )
    .optional()
}

/// A manifest that neither a tag, an index nor a subject reaches, and that nobody pushed or touched
/// since: what is removed together goes subjects and indexes first.
fn unreached(db: &Connection, repository: i64, removal: &Removal) -> rusqlite::Result<Option<i64>> {
    let digest: &Digest = &removal.digest;
    db.prepare_cached(
        "SELECT m.id FROM manifest m
         WHERE m.repository_id = ?1 AND m.digest = ?2
           AND max(m.pushed_at, coalesce(m.touched_at, 0)) <= ?3
           AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
           AND NOT EXISTS (SELECT 1 FROM manifest_child c
                           WHERE c.repository_id = ?1 AND c.child = m.digest AND c.kind = 1)
           AND NOT EXISTS (SELECT 1 FROM manifest s
                           WHERE s.repository_id = ?1 AND s.digest = m.subject)",
    )?
    .query_row(
        params![repository, digest.as_str(), nanos(removal.as_of)],
        |row| row.get(0),
    )
    .optional()
}
