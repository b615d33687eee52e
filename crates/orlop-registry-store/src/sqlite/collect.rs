//! What nothing needs any more, and taking it away.

use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest, MediaType};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::blobs::{blob_id, repository_id};
use super::row::{count, failed, nanos, signed, text, time};
use super::writer::Write;
use super::{events, manifests};
use crate::meta_store::NewEvent;
use crate::upkeep::{Cutoffs, Garbage, Numbered, RepositoryActivity, Taken};
use crate::{BlobInfo, EventKind, ManifestRow, Origin, RepositoryName, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// A manifest `m` of repository `?1` that neither a tag nor an index names.
const UNNAMED: &str = "
    NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
    AND NOT EXISTS (SELECT 1 FROM manifest_child c
                    WHERE c.repository_id = ?1 AND c.child = m.digest AND c.kind = 1)";

/// Its subject isn't there.
const NO_SUBJECT: &str = "
    NOT EXISTS (SELECT 1 FROM manifest s WHERE s.repository_id = ?1 AND s.digest = m.subject)";

pub(super) fn activity(
    db: &Connection,
    after: Option<&RepositoryName>,
    limit: usize,
) -> rusqlite::Result<Vec<RepositoryActivity>> {
    let moment = |row: &Row<'_>, column| -> rusqlite::Result<Option<Timestamp>> {
        let there = row.get::<_, Option<i64>>(column)?.is_some();
        there.then(|| time(row, column)).transpose()
    };
    let after = after.map_or("", RepositoryName::as_str);
    db.prepare_cached(
        "SELECT name, push_since, push_last FROM repository WHERE name > ?1 ORDER BY name LIMIT ?2",
    )?
    .query_map(params![after, signed(limit as u64)], |row| {
        Ok(RepositoryActivity {
            repository: text(row, 0)?,
            since: moment(row, 1)?,
            last: moment(row, 2)?,
        })
    })?
    .collect()
}

pub(super) fn settle_times(w: &Write<'_>, now: Timestamp) -> Result<u64> {
    let now = nanos(now);
    let settled = || -> rusqlite::Result<usize> {
        let mut settled = 0;
        for sql in [
            "UPDATE repository_blob SET touched_at = ?1 WHERE touched_at > ?1",
            "UPDATE manifest SET orphaned_at = ?1 WHERE orphaned_at > ?1",
            "UPDATE manifest SET untagged_at = ?1 WHERE untagged_at > ?1",
            "UPDATE manifest SET touched_at = ?1 WHERE touched_at > ?1",
            "UPDATE repository SET push_last = ?1, push_since = min(push_since, ?1)
             WHERE push_last > ?1",
        ] {
            settled += w.db.prepare_cached(sql)?.execute([now])?;
        }
        Ok(settled)
    };
    settled().map(|settled| settled as u64).map_err(failed)
}

/// Whether a time lies in the future; finding that out takes no lock.
pub(super) fn has_future_times(db: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let now = nanos(now);
    for sql in [
        "SELECT 1 FROM repository WHERE push_last > ?1",
        "SELECT 1 FROM manifest WHERE orphaned_at > ?1",
        "SELECT 1 FROM manifest WHERE untagged_at > ?1",
        "SELECT 1 FROM manifest WHERE touched_at > ?1",
        "SELECT 1 FROM repository_blob WHERE touched_at > ?1",
    ] {
        if db.prepare_cached(sql)?.exists([now])? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn garbage(
    db: &Connection,
    repository: &RepositoryName,
    cutoffs: Cutoffs,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Garbage> {
    // One transaction: blobs are garbage when only those manifests name them.
    let tx = db.unchecked_transaction()?;
    let Some(id) = repository_id(&tx, repository)? else {
        return Ok(Garbage::default());
    };
    let doomed = format!(
        "WITH RECURSIVE doomed (id, digest, media_type, size) AS (
             SELECT m.id, m.digest, m.media_type, m.size FROM manifest m
             WHERE m.repository_id = ?1 AND m.orphaned_at <= ?2 AND {UNNAMED} AND {NO_SUBJECT}
             UNION
             SELECT m.id, m.digest, m.media_type, m.size FROM doomed
             JOIN manifest m ON m.repository_id = ?1 AND m.subject = doomed.digest
             WHERE {UNNAMED})"
    );
    let manifests = tx
        .prepare_cached(&format!(
            "{doomed} SELECT digest, media_type, size FROM doomed"
        ))?
        .query_map(params![id, nanos(cutoffs.orphans)], manifest_row)?
        .collect::<rusqlite::Result<_>>()?;
    let mut next = None;
    let blobs: Vec<BlobInfo> = tx
        .prepare_cached(&format!(
            "{doomed}
             SELECT b.digest, b.size, b.id FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
             WHERE rb.repository_id = ?1 AND rb.blob_id > ?3 AND rb.touched_at <= ?4
               AND NOT EXISTS (SELECT 1 FROM manifest_child c
                               WHERE c.repository_id = ?1 AND c.child = b.digest AND c.kind = 0
                                 AND c.manifest_id NOT IN (SELECT id FROM doomed))
             ORDER BY rb.blob_id LIMIT ?5"
        ))?
        .query_map(
            params![
                id,
                nanos(cutoffs.orphans),
                signed(after),
                nanos(cutoffs.blobs),
                signed(limit as u64)
            ],
            |row| {
                next = Some(count(row, 2)?);
                blob_info(row)
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Garbage {
        manifests,
        next: next.filter(|_| blobs.len() >= limit),
        blobs,
    })
}

fn manifest_row(row: &Row<'_>) -> rusqlite::Result<ManifestRow> {
    Ok(ManifestRow {
        digest: text(row, 0)?,
        media_type: row.get(1)?,
        size: count(row, 2)?,
    })
}

fn blob_info(row: &Row<'_>) -> rusqlite::Result<BlobInfo> {
    Ok(BlobInfo {
        digest: text(row, 0)?,
        size: count(row, 1)?,
    })
}

pub(super) fn take_orphans(
    w: &Write<'_>,
    repository: &RepositoryName,
    before: Timestamp,
    limit: usize,
    origin: &Origin,
) -> Result<Taken> {
    let mut taken = Taken::default();
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(taken);
    };
    for orphan in orphans(w.db, id, before, limit).map_err(failed)? {
        let target = descriptor(&orphan.row);
        manifests::take(w.db, id, orphan.id, &target, orphan.orphaned_at).map_err(failed)?;
        let note = "its subject was deleted";
        event(
            w,
            EventKind::Collect,
            repository,
            Some(target),
            note,
            origin,
        )?;
        taken
            .freed
            .extend(forget(w.db, &orphan.row.digest).map_err(failed)?);
        taken.manifests.push(orphan.row);
    }
    Ok(taken)
}

struct Orphan {
    id: i64,
    orphaned_at: i64,
    row: ManifestRow,
}

fn orphans(
    db: &Connection,
    repository: i64,
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<Orphan>> {
    db.prepare_cached(&format!(
        "SELECT m.digest, m.media_type, m.size, m.id, m.orphaned_at FROM manifest m
         WHERE m.repository_id = ?1 AND m.orphaned_at <= ?2 AND {UNNAMED} AND {NO_SUBJECT}
         LIMIT ?3"
    ))?
    .query_map(
        params![repository, nanos(before), signed(limit as u64)],
        |row| {
            Ok(Orphan {
                id: row.get(3)?,
                orphaned_at: row.get(4)?,
                row: manifest_row(row)?,
            })
        },
    )?
    .collect()
}

pub(super) fn descriptor(row: &ManifestRow) -> Descriptor {
    let media_type = MediaType::from(row.media_type.as_str());
    Descriptor::new(media_type, row.digest.clone(), row.size)
}

pub(super) fn event(
    w: &Write<'_>,
    kind: EventKind,
    repository: &RepositoryName,
    target: Option<Descriptor>,
    note: &str,
    origin: &Origin,
) -> Result<()> {
    let event = NewEvent {
        kind,
        repository: Some(repository.clone()),
        tag: None,
        target,
        origin: origin.clone(),
        note: Some(note.to_owned()),
    };
    events::add(w, &event)
}

pub(super) fn take_blobs(
    w: &Write<'_>,
    repository: &RepositoryName,
    digests: &[Digest],
    before: Timestamp,
    origin: &Origin,
) -> Result<Taken> {
    let mut taken = Taken::default();
    let Some(id) = repository_id(w.db, repository).map_err(failed)? else {
        return Ok(taken);
    };
    for digest in digests {
        if let Some(blob) = take_blob(w.db, id, digest, before).map_err(failed)? {
            taken.freed.extend(forget(w.db, digest).map_err(failed)?);
            taken.blobs.push(blob);
        }
    }
    if !taken.blobs.is_empty() {
        let bytes: u64 = taken.blobs.iter().map(|blob| blob.size).sum();
        let count = taken.blobs.len();
        let note = format!("{count} blobs of {bytes} bytes that no manifest names");
        event(w, EventKind::Collect, repository, None, &note, origin)?;
    }
    Ok(taken)
}

fn take_blob(
    db: &Connection,
    repository: i64,
    digest: &Digest,
    before: Timestamp,
) -> rusqlite::Result<Option<BlobInfo>> {
    let taken: Option<i64> = db
        .prepare_cached(
            "DELETE FROM repository_blob
             WHERE repository_id = ?1 AND blob_id = (SELECT id FROM blob WHERE digest = ?2)
               AND touched_at <= ?3
               AND NOT EXISTS (SELECT 1 FROM manifest_child c
                               WHERE c.repository_id = ?1 AND c.child = ?2 AND c.kind = 0)
             RETURNING blob_id",
        )?
        .query_row(params![repository, digest.as_str(), nanos(before)], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(blob) = taken else { return Ok(None) };
    let info = db
        .prepare_cached("SELECT digest, size FROM blob WHERE id = ?1")?
        .query_row([blob], blob_info)?;
    db.prepare_cached("UPDATE repository SET bytes = bytes - ?2 WHERE id = ?1")?
        .execute(params![repository, signed(info.size)])?;
    Ok(Some(info))
}

pub(super) fn take_unowned(w: &Write<'_>, digests: &[Digest]) -> Result<Vec<BlobInfo>> {
    let mut taken = Vec::new();
    for digest in digests {
        taken.extend(forget(w.db, digest).map_err(failed)?);
    }
    Ok(taken)
}

/// Deletes the row of content that no repository has; returns what it was.
fn forget(db: &Connection, digest: &Digest) -> rusqlite::Result<Option<BlobInfo>> {
    db.prepare_cached(
        "DELETE FROM blob WHERE digest = ?1
           AND NOT EXISTS (SELECT 1 FROM repository_blob WHERE blob_id = blob.id)
           AND NOT EXISTS (SELECT 1 FROM manifest WHERE blob_id = blob.id)
         RETURNING digest, size",
    )?
    .query_row([digest.as_str()], blob_info)
    .optional()
}

pub(super) fn owners(db: &Connection, digests: &[Digest]) -> rusqlite::Result<Vec<u64>> {
    let mut statement = db.prepare_cached(
        "SELECT (SELECT count(*) FROM repository_blob WHERE blob_id = b.id)
              + (SELECT count(*) FROM manifest WHERE blob_id = b.id)
         FROM blob b WHERE b.digest = ?1",
    )?;
    let mut owners = Vec::with_capacity(digests.len());
    for digest in digests {
        let found = statement.query_row([digest.as_str()], |row| count(row, 0));
        owners.push(found.optional()?.unwrap_or(0));
    }
    Ok(owners)
}

/// How many rows are looked at for one page.
const SCAN: u64 = 10_000;

pub(super) fn unowned(
    db: &Connection,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Numbered<BlobInfo>> {
    let tx = db.unchecked_transaction()?;
    let last: Option<i64> = tx.query_row("SELECT max(id) FROM blob", [], |row| row.get(0))?;
    let last = last.map_or(0, i64::unsigned_abs);
    let to = after.saturating_add(SCAN);
    let mut next = (to < last).then_some(to);
    let mut found = 0;
    let entries = tx
        .prepare_cached(
            "SELECT digest, size, id FROM blob b WHERE id > ?1 AND id <= ?2
               AND NOT EXISTS (SELECT 1 FROM repository_blob WHERE blob_id = b.id)
               AND NOT EXISTS (SELECT 1 FROM manifest WHERE blob_id = b.id)
             ORDER BY id LIMIT ?3",
        )?
        .query_map(
            params![signed(after), signed(to), signed(limit as u64)],
            |row| {
                found += 1;
                if found == limit {
                    next = Some(count(row, 2)?);
                }
                blob_info(row)
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Numbered { entries, next })
}

pub(super) fn unknown(db: &Connection, digests: Vec<Digest>) -> rusqlite::Result<Vec<Digest>> {
    let mut unknown = Vec::new();
    for digest in digests {
        if blob_id(db, &digest)?.is_none() {
            unknown.push(digest);
        }
    }
    Ok(unknown)
}
