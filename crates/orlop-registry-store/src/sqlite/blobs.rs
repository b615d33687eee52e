//! Which repository has which blob.

use orlop_oci::{Descriptor, Digest, MediaType};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::events;
use super::limits::Gauge;
use super::row::{count, failed, nanos, now, signed, text, time};
use super::writer::Write;
use crate::meta_store::{BlobRemoval, Lookup, Membership, NewEvent};
use crate::upkeep::PUSH_PAUSE;
use crate::{BlobInfo, EventKind, Origin, RepositoryName, Staged, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

pub(super) fn find(
    db: &Connection,
    repository: &RepositoryName,
    digest: &Digest,
) -> rusqlite::Result<Lookup<Membership>> {
    let found = db
        .prepare_cached(
            "SELECT rb.touched_at, b.size FROM repository r
             LEFT JOIN blob b ON b.digest = ?2
             LEFT JOIN repository_blob rb ON rb.repository_id = r.id AND rb.blob_id = b.id
             WHERE r.name = ?1",
        )?
        .query_row(params![repository.as_str(), digest.as_str()], |row| {
            let member = row.get::<_, Option<i64>>(0)?.is_some();
            member
                .then(|| {
                    Ok(Membership {
                        touched_at: time(row, 0)?,
                        size: count(row, 1)?,
                    })
                })
                .transpose()
        })
        .optional()?;
    Ok(match found {
        None => Lookup::NoRepository,
        Some(None) => Lookup::Missing,
        Some(Some(membership)) => Lookup::Found(membership),
    })
}

pub(super) fn knows(db: &Connection, digest: &Digest) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM blob WHERE digest = ?1")?
        .exists([digest.as_str()])
}

pub(super) fn holders(
    db: &Connection,
    digest: &Digest,
    limit: usize,
) -> rusqlite::Result<Vec<RepositoryName>> {
    db.prepare_cached(
        "SELECT r.name FROM blob b
         JOIN repository_blob rb ON rb.blob_id = b.id
         JOIN repository r ON r.id = rb.repository_id
         WHERE b.digest = ?1 ORDER BY rb.repository_id LIMIT ?2",
    )?
    .query_map(params![digest.as_str(), signed(limit as u64)], |row| {
        text(row, 0)
    })?
    .collect()
}

pub(super) fn touch(w: &Write<'_>, repository: &RepositoryName, digest: &Digest) -> Result<bool> {
    let changed =
        w.db.prepare_cached(
            "UPDATE repository_blob SET touched_at = ?3
             WHERE repository_id = (SELECT id FROM repository WHERE name = ?1)
               AND blob_id = (SELECT id FROM blob WHERE digest = ?2)",
        )
        .and_then(|mut sql| sql.execute(params![repository.as_str(), digest.as_str(), now()]))
        .map_err(failed)?;
    if changed > 0
        && let Some(id) = repository_id(w.db, repository).map_err(failed)?
    {
        pushed(w.db, id, now()).map_err(failed)?;
    }
    Ok(changed > 0)
}

pub(super) fn add(w: &Write<'_>, repository: &RepositoryName, staged: &Staged) -> Result<()> {
    let gauge = Gauge::before(w, repository)?;
    let added = || -> rusqlite::Result<()> {
        let repository = ensure_repository(w.db, repository)?;
        let blob = ensure_blob(w.db, &staged.digest, staged.size)?;
        join(w.db, repository, blob, staged.size)?;
        pushed(w.db, repository, nanos(staged.begun_at))
    };
    added().map_err(failed)?;
    gauge.check(w)?;
    w.blobs.place(staged)
}

pub(super) fn mount(
    w: &Write<'_>,
    repository: &RepositoryName,
    digest: &Digest,
    from: &RepositoryName,
    origin: &Origin,
) -> Result<Lookup<BlobInfo>> {
    let size = match find(w.db, from, digest).map_err(failed)? {
        Lookup::NoRepository => return Ok(Lookup::NoRepository),
        Lookup::Missing => return Ok(Lookup::Missing),
        Lookup::Found(membership) => membership.size,
    };
    let gauge = Gauge::before(w, repository)?;
    let mounted = || -> rusqlite::Result<()> {
        let repository = ensure_repository(w.db, repository)?;
        let blob = ensure_blob(w.db, digest, size)?;
        join(w.db, repository, blob, size)?;
        pushed(w.db, repository, now())
    };
    mounted().map_err(failed)?;
    gauge.check(w)?;
    let event = blob_event(EventKind::Mount, repository, digest, size, origin);
    events::add(
        w,
        &NewEvent {
            note: Some(format!("from {from}")),
            ..event
        },
    )?;
    Ok(Lookup::Found(BlobInfo {
        digest: digest.clone(),
        size,
    }))
}

pub(super) fn remove(
    w: &Write<'_>,
    repository: &RepositoryName,
    digest: &Digest,
    origin: &Origin,
) -> Result<Lookup<BlobRemoval>> {
    let size = match find(w.db, repository, digest).map_err(failed)? {
        Lookup::NoRepository => return Ok(Lookup::NoRepository),
        Lookup::Missing => return Ok(Lookup::Missing),
        Lookup::Found(membership) => membership.size,
    };
    let user =
        w.db.prepare_cached(
            "SELECT m.digest FROM repository r
             JOIN manifest_child c ON c.repository_id = r.id AND c.child = ?2 AND c.kind = 0
             JOIN manifest m ON m.id = c.manifest_id
             WHERE r.name = ?1 LIMIT 1",
        )
        .and_then(|mut sql| {
            sql.query_row(params![repository.as_str(), digest.as_str()], |row| {
                text(row, 0)
            })
            .optional()
        })
        .map_err(failed)?;
    if let Some(user) = user {
        return Ok(Lookup::Found(BlobRemoval::InUse(user)));
    }
    let removed = || -> rusqlite::Result<()> {
        w.db.prepare_cached(
            "DELETE FROM repository_blob
             WHERE repository_id = (SELECT id FROM repository WHERE name = ?1)
               AND blob_id = (SELECT id FROM blob WHERE digest = ?2)",
        )?
        .execute(params![repository.as_str(), digest.as_str()])?;
        w.db.prepare_cached("UPDATE repository SET bytes = bytes - ?2 WHERE name = ?1")?
            .execute(params![repository.as_str(), signed(size)])?;
        Ok(())
    };
    removed().map_err(failed)?;
    let event = blob_event(EventKind::Delete, repository, digest, size, origin);
    events::add(w, &event)?;
    Ok(Lookup::Found(BlobRemoval::Removed))
}

pub(super) fn discard(w: &Write<'_>, digests: Vec<Digest>) -> Result<Vec<Digest>> {
    let mut discarded = Vec::new();
    for digest in digests {
        if !knows(w.db, &digest).map_err(failed)? && w.blobs.discard(&digest)? {
            discarded.push(digest);
        }
    }
    Ok(discarded)
}

fn blob_event(
    kind: EventKind,
    repository: &RepositoryName,
    digest: &Digest,
    size: u64,
    origin: &Origin,
) -> NewEvent {
    let media_type = MediaType::from("application/octet-stream");
    NewEvent {
        kind,
        repository: Some(repository.clone()),
        tag: None,
        target: Some(Descriptor::new(media_type, digest.clone(), size)),
        origin: origin.clone(),
        note: None,
    }
}

/// The ID of a repository, which is made when there is none.
pub(super) fn ensure_repository(db: &Connection, name: &RepositoryName) -> rusqlite::Result<i64> {
    if let Some(id) = repository_id(db, name)? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO repository (name, created_at) VALUES (?1, ?2)")?
        .insert(params![name.as_str(), now()])
}

pub(super) fn repository_id(
    db: &Connection,
    name: &RepositoryName,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM repository WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()
}

pub(super) fn blob_id(db: &Connection, digest: &Digest) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM blob WHERE digest = ?1")?
        .query_row([digest.as_str()], |row| row.get(0))
        .optional()
}

pub(super) fn ensure_blob(db: &Connection, digest: &Digest, size: u64) -> rusqlite::Result<i64> {
    if let Some(id) = blob_id(db, digest)? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO blob (digest, size, created_at) VALUES (?1, ?2, ?3)")?
        .insert(params![digest.as_str(), signed(size), now()])
}

/// Makes a blob a member of a repository, and counts it when it wasn't.
fn join(db: &Connection, repository: i64, blob: i64, size: u64) -> rusqlite::Result<()> {
    let touched = db
        .prepare_cached(
            "UPDATE repository_blob SET touched_at = ?3 WHERE repository_id = ?1 AND blob_id = ?2",
        )?
        .execute(params![repository, blob, now()])?;
    if touched > 0 {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO repository_blob (repository_id, blob_id, touched_at) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![repository, blob, now()])?;
    db.prepare_cached("UPDATE repository SET bytes = bytes + ?2 WHERE id = ?1")?
        .execute(params![repository, signed(size)])?;
    Ok(())
}

/// Notes that a push did something, which began at `begun`.
fn pushed(db: &Connection, repository: i64, begun: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE repository SET
             push_since = CASE WHEN push_last IS NULL OR ?2 > push_last + ?4 THEN ?2
                               ELSE min(push_since, ?2) END,
             push_last = max(coalesce(push_last, 0), ?3)
         WHERE id = ?1",
    )?
    .execute(params![
        repository,
        begun,
        now(),
        signed(PUSH_PAUSE.as_nanos() as u64)
    ])
    .map(drop)
}
