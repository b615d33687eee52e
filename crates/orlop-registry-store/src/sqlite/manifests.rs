//! Which repository has which manifest, under which tags.

use std::collections::HashMap;

use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest, MediaType};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::blobs::{blob_id, ensure_blob, ensure_repository, repository_id};
use super::limits::{self, Gauge};
use super::row::{count, failed, nanos, now, signed, text};
use super::writer::Write;
use super::{events, layouts};
use crate::meta_store::{
    Child, ChildKind, Lookup, ManifestChange, ManifestPut, ManifestRecord, ManifestRow, NewEvent,
    PutNotes,
};
use crate::{EventKind, Origin, RepositoryName, StorageError, TagName, TagOrDigest};

type Result<T> = std::result::Result<T, StorageError>;

pub(super) fn find(
    db: &Connection,
    repository: &RepositoryName,
    reference: &TagOrDigest,
) -> rusqlite::Result<Lookup<ManifestRow>> {
    let found = match reference {
        TagOrDigest::Tag(tag) => db
            .prepare_cached(
                "SELECT m.digest, m.media_type, m.size FROM repository r
                 LEFT JOIN tag t ON t.repository_id = r.id AND t.name = ?2
                 LEFT JOIN manifest m ON m.id = t.manifest_id
                 WHERE r.name = ?1",
            )?
            .query_row(params![repository.as_str(), tag.as_str()], maybe_manifest),
        TagOrDigest::Digest(digest) => db
            .prepare_cached(
                "SELECT m.digest, m.media_type, m.size FROM repository r
                 LEFT JOIN manifest m ON m.repository_id = r.id AND m.digest = ?2
                 WHERE r.name = ?1",
            )?
            .query_row(
                params![repository.as_str(), digest.as_str()],
                maybe_manifest,
            ),
    };
    Ok(match found.optional()? {
        None => Lookup::NoRepository,
        Some(None) => Lookup::Missing,
        Some(Some(manifest)) => Lookup::Found(manifest),
    })
}

fn maybe_manifest(row: &Row<'_>) -> rusqlite::Result<Option<ManifestRow>> {
    if row.get_ref(0)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    Ok(Some(ManifestRow {
        digest: text(row, 0)?,
        media_type: row.get(1)?,
        size: count(row, 2)?,
    }))
}

/// Whether a manifest was pushed or touched since.
pub(super) fn is_touched(
    db: &Connection,
    repository: &RepositoryName,
    digest: &Digest,
    since: Timestamp,
) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM manifest
         WHERE repository_id = (SELECT id FROM repository WHERE name = ?1) AND digest = ?2
           AND max(pushed_at, coalesce(touched_at, 0)) > ?3",
    )?
    .exists(params![repository.as_str(), digest.as_str(), nanos(since)])
}

/// Touches a manifest. As an orphan it gets its grace again.
pub(super) fn touch(w: &Write<'_>, repository: &RepositoryName, digest: &Digest) -> Result<bool> {
    let touched =
        w.db.prepare_cached(
            "UPDATE manifest SET touched_at = ?3,
                 orphaned_at = CASE WHEN orphaned_at IS NOT NULL THEN ?3 END
             WHERE repository_id = (SELECT id FROM repository WHERE name = ?1) AND digest = ?2",
        )
        .and_then(|mut sql| sql.execute(params![repository.as_str(), digest.as_str(), now()]));
    touched.map(|touched| touched > 0).map_err(failed)
}

pub(super) fn put(
    w: &Write<'_>,
    repository: &RepositoryName,
    change: &ManifestChange,
    origin: &Origin,
) -> Result<ManifestPut> {
    let record = &change.record;
    let known = blob_id(w.db, &record.row.digest).map_err(failed)?;
    if change.staged.is_none() && known.is_none() {
        return Ok(ManifestPut::ContentNeeded);
    }
    let gauge = Gauge::before(w, repository)?;
    let repository_id = ensure_repository(w.db, repository).map_err(failed)?;
    let mut notes = check_children(w.db, repository_id, record)?;
    limits::check_type(w, repository, repository_id, &record.row)?;
    let manifest = upsert(w.db, repository_id, record, origin).map_err(failed)?;
    let target = descriptor(&record.row);
    if change.tags.is_empty() {
        events::add(
            w,
            &push_event(repository, None, target.clone(), origin, None),
        )?;
    }
    for tag in &change.tags {
        let moved = set_tag(w.db, repository_id, tag, manifest, origin).map_err(failed)?;
        if moved.is_none() {
            notes.new_tags.push(tag.clone());
        }
        let old = moved.filter(|old| *old != record.row.digest);
        if let Some(old) = &old {
            limits::check_tag(w, repository, tag, old, Some(&record.row.digest))?;
        }
        let note = old.map(|old| format!("moved from {old}"));
        events::add(
            w,
            &push_event(repository, Some(tag.clone()), target.clone(), origin, note),
        )?;
    }
    layouts::changed(w.db, repository_id).map_err(failed)?;
    notes.nearly_used = gauge.check(w)?;
    if let Some(staged) = &change.staged {
        w.blobs.place(staged)?;
    }
    Ok(ManifestPut::Done(notes))
}

fn push_event(
    repository: &RepositoryName,
    tag: Option<TagName>,
    target: Descriptor,
    origin: &Origin,
    note: Option<String>,
) -> NewEvent {
    NewEvent {
        kind: EventKind::Push,
        repository: Some(repository.clone()),
        tag,
        target: Some(target),
        origin: origin.clone(),
        note,
    }
}

fn descriptor(row: &ManifestRow) -> Descriptor {
    let media_type = MediaType::from(row.media_type.as_str());
    Descriptor::new(media_type, row.digest.clone(), row.size)
}

/// What must be there is there, with the size that the manifest says. Notes what isn't and needn't.
fn check_children(db: &Connection, repository: i64, record: &ManifestRecord) -> Result<PutNotes> {
    let mut missing = Vec::new();
    // What an index lists may be one of two things.
    let mut absent = HashMap::new();
    for child in &record.children {
        match child_size(db, repository, child).map_err(failed)? {
            Some(size) if size != child.size => {
                return Err(StorageError::ManifestInvalid(format!(
                    "it says that {} has {} bytes, but it has {size}",
                    child.digest, child.size
                )));
            }
            None if child.required && !missing.contains(&child.digest) => {
                missing.push(child.digest.clone());
            }
            None if child.kind == ChildKind::Manifest => {
                absent.entry(&child.digest).or_insert(true);
            }
            None => {}
            Some(_) => {
                absent.insert(&child.digest, false);
            }
        }
    }
    if !missing.is_empty() {
        return Err(StorageError::ManifestBlobUnknown(missing));
    }
    let subject = record.subject.as_ref();
    let subject = subject.map(|digest| manifest_size(db, repository, digest));
    Ok(PutNotes {
        missing: absent.values().filter(|absent| **absent).count(),
        without_subject: subject.transpose().map_err(failed)? == Some(None),
        ..PutNotes::default()
    })
}

fn child_size(db: &Connection, repository: i64, child: &Child) -> rusqlite::Result<Option<u64>> {
    if child.kind == ChildKind::Manifest {
        return manifest_size(db, repository, &child.digest);
    }
    db.prepare_cached(
        "SELECT b.size FROM blob b
         JOIN repository_blob rb ON rb.repository_id = ?1 AND rb.blob_id = b.id
         WHERE b.digest = ?2",
    )?
    .query_row(params![repository, child.digest.as_str()], |row| {
        count(row, 0)
    })
    .optional()
}

fn manifest_size(
    db: &Connection,
    repository: i64,
    digest: &Digest,
) -> rusqlite::Result<Option<u64>> {
    db.prepare_cached("SELECT size FROM manifest WHERE repository_id = ?1 AND digest = ?2")?
        .query_row(params![repository, digest.as_str()], |row| count(row, 0))
        .optional()
}

/// Writes a manifest that may be there already; returns its ID.
fn upsert(
    db: &Connection,
    repository: i64,
    record: &ManifestRecord,
    origin: &Origin,
) -> rusqlite::Result<i64> {
    let digest = record.row.digest.as_str();
    let updated = db
        .prepare_cached(
            "UPDATE manifest SET media_type = ?3, pushed_at = ?4, pushed_by = ?5,
                 orphaned_at = CASE WHEN orphaned_at IS NOT NULL THEN ?4 END
             WHERE repository_id = ?1 AND digest = ?2 RETURNING id",
        )?
        .query_row(
            params![
                repository,
                digest,
                record.row.media_type,
                now(),
                origin.actor
            ],
            |row| row.get(0),
        )
        .optional()?;
    let id = match updated {
        Some(id) => id,
        None => insert(db, repository, record, origin)?,
    };
    // Its referrers have their subject again.
    db.prepare_cached(
        "UPDATE manifest SET orphaned_at = NULL
         WHERE repository_id = ?1 AND subject = ?2 AND orphaned_at IS NOT NULL",
    )?
    .execute(params![repository, digest])?;
    Ok(id)
}

fn insert(
    db: &Connection,
    repository: i64,
    record: &ManifestRecord,
    origin: &Origin,
) -> rusqlite::Result<i64> {
    let ManifestRow {
        digest,
        media_type,
        size,
    } = &record.row;
    let blob = ensure_blob(db, digest, *size)?;
    let annotations = (!record.annotations.is_empty())
        .then(|| serde_json::to_string(&record.annotations))
        .transpose()
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let id = db
        .prepare_cached(
            "INSERT INTO manifest (repository_id, digest, blob_id, size, media_type, artifact_type,
                                   subject, annotations, pushed_at, pushed_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .insert(params![
            repository,
            digest.as_str(),
            blob,
            signed(*size),
            media_type,
            record.artifact_type,
            record.subject.as_ref().map(Digest::as_str),
            annotations,
            now(),
            origin.actor,
        ])?;
    let mut child_sql = db.prepare_cached(
        "INSERT OR IGNORE INTO manifest_child (repository_id, child, kind, manifest_id)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for child in &record.children {
        let kind = match child.kind {
            ChildKind::Blob => 0,
            ChildKind::Manifest => 1,
        };
        child_sql.execute(params![repository, child.digest.as_str(), kind, id])?;
    }
    db.prepare_cached("UPDATE repository SET bytes = bytes + ?2 WHERE id = ?1")?
        .execute(params![repository, signed(*size)])?;
    Ok(id)
}

/// Lets a tag name a manifest; returns the digest of what it named before.
fn set_tag(
    db: &Connection,
    repository: i64,
    tag: &TagName,
    manifest: i64,
    origin: &Origin,
) -> rusqlite::Result<Option<Digest>> {
    let before: Option<(i64, Digest)> = db
        .prepare_cached(
            "SELECT m.id, m.digest FROM tag t JOIN manifest m ON m.id = t.manifest_id
             WHERE t.repository_id = ?1 AND t.name = ?2",
        )?
        .query_row(params![repository, tag.as_str()], |row| {
            Ok((row.get(0)?, text(row, 1)?))
        })
        .optional()?;
    db.prepare_cached(
        "INSERT INTO tag (repository_id, name, manifest_id, pushed_at, pushed_by)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (repository_id, name) DO UPDATE SET
             manifest_id = excluded.manifest_id, pushed_at = excluded.pushed_at,
             pushed_by = excluded.pushed_by",
    )?
    .execute(params![
        repository,
        tag.as_str(),
        manifest,
        now(),
        origin.actor
    ])?;
    let Some((old, digest)) = before else {
        return Ok(None);
    };
    if old != manifest {
        lost_tag(db, old)?;
    }
    Ok(Some(digest))
}

/// Notes that a tag doesn't name a manifest any more. As an orphan it gets its grace again.
pub(super) fn lost_tag(db: &Connection, manifest: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE manifest SET untagged_at = ?2,
             orphaned_at = CASE WHEN orphaned_at IS NOT NULL THEN ?2 END
         WHERE id = ?1",
    )?
    .execute(params![manifest, now()])
    .map(drop)
}

pub(super) fn remove_tag(
    w: &Write<'_>,
    repository: &RepositoryName,
    tag: &TagName,
    origin: &Origin,
) -> Result<Lookup<()>> {
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(Lookup::NoRepository);
    };
    let found: Option<(i64, Digest)> =
        w.db.prepare_cached(
            "SELECT m.id, m.digest FROM tag t JOIN manifest m ON m.id = t.manifest_id
             WHERE t.repository_id = ?1 AND t.name = ?2",
        )
        .and_then(|mut sql| {
            sql.query_row(params![id, tag.as_str()], |row| {
                Ok((row.get(0)?, text(row, 1)?))
            })
            .optional()
        })
        .map_err(failed)?;
    let Some((manifest, digest)) = found else {
        return Ok(Lookup::Missing);
    };
    limits::check_tag(w, repository, tag, &digest, None)?;
    let target = take_tag(w.db, id, tag, manifest).map_err(failed)?;
    delete_event(w, repository, Some(tag.clone()), target, origin)?;
    Ok(Lookup::Found(()))
}

/// Deletes a tag that is there; returns what it named.
pub(super) fn take_tag(
    db: &Connection,
    repository: i64,
    tag: &TagName,
    manifest: i64,
) -> rusqlite::Result<Descriptor> {
    db.prepare_cached("DELETE FROM tag WHERE repository_id = ?1 AND name = ?2")?
        .execute(params![repository, tag.as_str()])?;
    lost_tag(db, manifest)?;
    layouts::changed(db, repository)?;
    target(db, manifest)
}

pub(super) fn target(db: &Connection, manifest: i64) -> rusqlite::Result<Descriptor> {
    db.prepare_cached("SELECT digest, media_type, size FROM manifest WHERE id = ?1")?
        .query_row([manifest], |row| {
            let media_type: String = row.get(1)?;
            Ok(Descriptor::new(
                MediaType::from(media_type.as_str()),
                text(row, 0)?,
                count(row, 2)?,
            ))
        })
}

fn delete_event(
    w: &Write<'_>,
    repository: &RepositoryName,
    tag: Option<TagName>,
    target: Descriptor,
    origin: &Origin,
) -> Result<()> {
    events::add(
        w,
        &NewEvent {
            kind: EventKind::Delete,
            repository: Some(repository.clone()),
            tag,
            target: Some(target),
            origin: origin.clone(),
            note: None,
        },
    )
}

pub(super) fn remove(
    w: &Write<'_>,
    repository: &RepositoryName,
    digest: &Digest,
    origin: &Origin,
) -> Result<Lookup<()>> {
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(Lookup::NoRepository);
    };
    let found: Option<i64> =
        w.db.prepare_cached("SELECT id FROM manifest WHERE repository_id = ?1 AND digest = ?2")
            .and_then(|mut sql| {
                sql.query_row(params![id, digest.as_str()], |row| row.get(0))
                    .optional()
            })
            .map_err(failed)?;
    let Some(manifest) = found else {
        return Ok(Lookup::Missing);
    };
    limits::check_removal(w, repository, manifest)?;
    let target = target(w.db, manifest).map_err(failed)?;
    let tags = take_tags(w.db, manifest).map_err(failed)?;
    for tag in tags {
        delete_event(w, repository, Some(tag), target.clone(), origin)?;
    }
    take(w.db, id, manifest, &target, now()).map_err(failed)?;
    delete_event(w, repository, None, target, origin)?;
    Ok(Lookup::Found(()))
}

/// Deletes a manifest that has no tags. What speaks of it is an orphan from `orphaned_at` on.
pub(super) fn take(
    db: &Connection,
    repository: i64,
    manifest: i64,
    target: &Descriptor,
    orphaned_at: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM manifest WHERE id = ?1")?
        .execute([manifest])?;
    db.prepare_cached("UPDATE repository SET bytes = bytes - ?2 WHERE id = ?1")?
        .execute(params![repository, signed(target.size)])?;
    db.prepare_cached(
        "UPDATE manifest SET orphaned_at = ?3
         WHERE repository_id = ?1 AND subject = ?2 AND orphaned_at IS NULL",
    )?
    .execute(params![repository, target.digest.as_str(), orphaned_at])?;
    layouts::changed(db, repository)
}

/// Deletes all tags of a manifest; returns them in byte order.
fn take_tags(db: &Connection, manifest: i64) -> rusqlite::Result<Vec<TagName>> {
    let mut tags: Vec<TagName> = db
        .prepare_cached("DELETE FROM tag WHERE manifest_id = ?1 RETURNING name")?
        .query_map([manifest], |row| text(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    tags.sort_unstable();
    Ok(tags)
}

pub(super) fn remove_repository(
    w: &Write<'_>,
    repository: &RepositoryName,
    origin: &Origin,
) -> Result<bool> {
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(false);
    };
    limits::check_tags_of(w, repository, id)?;
    // Tags, manifests with what they name, and memberships go with it.
    let removed =
        w.db.prepare_cached("DELETE FROM repository WHERE id = ?1")
            .and_then(|mut sql| sql.execute([id]))
            .map_err(failed)?;
    if removed == 0 {
        return Ok(false);
    }
    events::add(
        w,
        &NewEvent {
            kind: EventKind::Delete,
            repository: Some(repository.clone()),
            tag: None,
            target: None,
            origin: origin.clone(),
            note: Some("the whole repository".into()),
        },
    )?;
    Ok(true)
}
