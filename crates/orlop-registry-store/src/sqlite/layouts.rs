//! What the OCI layout of a repository shows.

use rusqlite::{Connection, params};

use super::lists::descriptor;
use super::row::{count, failed, signed, text};
use super::writer::Write;
use crate::meta_store::StaleLayout;
use crate::{RepositoryName, StorageError};

pub(super) fn stale(db: &Connection, limit: usize) -> rusqlite::Result<Vec<StaleLayout>> {
    // One transaction: the count of changes has to be that of the entries.
    let tx = db.unchecked_transaction()?;
    let repositories: Vec<(i64, RepositoryName, u64)> = tx
        .prepare_cached(
            "SELECT id, name, layout_stale FROM repository WHERE layout_stale > 0 LIMIT ?1",
        )?
        .query_map([signed(limit as u64)], |row| {
            Ok((row.get(0)?, text(row, 1)?, count(row, 2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    repositories
        .into_iter()
        .map(|(id, repository, changes)| {
            Ok(StaleLayout {
                entries: entries(&tx, id)?,
                repository,
                changes,
            })
        })
        .collect()
}

fn entries(
    db: &Connection,
    repository: i64,
) -> rusqlite::Result<Vec<(orlop_oci::Descriptor, Option<String>)>> {
    // Annotations of a manifest aren't those of its descriptor, and may be megabytes.
    db.prepare_cached(
        "SELECT m.media_type, m.digest, m.size, m.artifact_type, NULL, t.name
         FROM manifest m LEFT JOIN tag t ON t.manifest_id = m.id
         WHERE m.repository_id = ?1 AND (t.name IS NOT NULL OR NOT EXISTS (
             SELECT 1 FROM manifest_child c
             WHERE c.repository_id = ?1 AND c.child = m.digest AND c.kind = 1))
         ORDER BY t.name, m.digest",
    )?
    .query_map([repository], |row| Ok((descriptor(row)?, row.get(5)?)))?
    .collect()
}

pub(super) fn written(
    w: &Write<'_>,
    written: &[(RepositoryName, u64)],
) -> Result<(), StorageError> {
    for (repository, changes) in written {
        w.db.prepare_cached(
            "UPDATE repository SET layout_stale = 0 WHERE name = ?1 AND layout_stale = ?2",
        )
        .and_then(|mut sql| sql.execute(params![repository.as_str(), signed(*changes)]))
        .map_err(failed)?;
    }
    Ok(())
}

/// Notes that the layout of a repository is one change further behind.
pub(super) fn changed(db: &Connection, repository: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE repository SET layout_stale = layout_stale + 1 WHERE id = ?1")?
        .execute([repository])
        .map(drop)
}
