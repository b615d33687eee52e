//! Pages, in byte order, each begun by a key and not by a count of what lies before.

use std::collections::BTreeMap;

use orlop_oci::Digest;
use orlop_oci::{Descriptor, MediaType};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, Row, params};

use super::blobs::repository_id;
use super::row::{count, one_more, text};
use crate::{Listing, Page, RepositoryName};

/// A page of referrers ends before it has more bytes of annotations than this: each of them may have
/// as many as a manifest may have.
const ANNOTATIONS: usize = 1 << 20;

/// Cuts the entry that was asked for only to see whether there is more.
fn page<T>(mut entries: Vec<T>, limit: usize) -> Listing<T> {
    let more = limit > 0 && entries.len() > limit;
    entries.truncate(limit);
    Listing { entries, more }
}

fn after(page: &Page) -> &str {
    page.after.as_deref().unwrap_or_default()
}

pub(super) fn tags(
    db: &Connection,
    repository: &RepositoryName,
    wanted: &Page,
) -> rusqlite::Result<Option<Listing<String>>> {
    let Some(id) = repository_id(db, repository)? else {
        return Ok(None);
    };
    let entries = db
        .prepare_cached(
            "SELECT name FROM tag WHERE repository_id = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
        )?
        .query_map(params![id, after(wanted), one_more(wanted.limit)], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(page(entries, wanted.limit)))
}

pub(super) fn repositories(
    db: &Connection,
    wanted: &Page,
) -> rusqlite::Result<Listing<RepositoryName>> {
    let entries = db
        .prepare_cached("SELECT name FROM repository WHERE name > ?1 ORDER BY name LIMIT ?2")?
        .query_map(params![after(wanted), one_more(wanted.limit)], |row| {
            text(row, 0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(page(entries, wanted.limit))
}

pub(super) fn referrers(
    db: &Connection,
    repository: &RepositoryName,
    subject: &Digest,
    artifact_type: Option<&str>,
    wanted: &Page,
) -> rusqlite::Result<Listing<Descriptor>> {
    let mut sql = db.prepare_cached(
        "SELECT m.media_type, m.digest, m.size, m.artifact_type, m.annotations FROM manifest m
         WHERE m.repository_id = (SELECT id FROM repository WHERE name = ?1)
           AND m.subject = ?2 AND m.digest > ?3 AND (?4 IS NULL OR m.artifact_type = ?4)
         ORDER BY m.digest LIMIT ?5",
    )?;
    let mut rows = sql.query(params![
        repository.as_str(),
        subject.as_str(),
        after(wanted),
        artifact_type,
        one_more(wanted.limit)
    ])?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let annotations = row.get_ref(4)?.as_str_or_null()?;
        bytes += annotations.map_or(0, str::len);
        if bytes > ANNOTATIONS && !entries.is_empty() {
            let more = true;
            return Ok(Listing { entries, more });
        }
        entries.push(descriptor(row)?);
    }
    Ok(page(entries, wanted.limit))
}

/// Of the columns `media_type, digest, size, artifact_type, annotations`.
pub(super) fn descriptor(row: &Row<'_>) -> rusqlite::Result<Descriptor> {
    let media_type: String = row.get(0)?;
    let annotations: Option<String> = row.get(4)?;
    let mut descriptor = Descriptor::new(
        MediaType::from(media_type.as_str()),
        text(row, 1)?,
        count(row, 2)?,
    );
    descriptor.artifact_type = row.get(3)?;
    descriptor.annotations = annotations
        .map(|json| serde_json::from_str::<BTreeMap<String, String>>(&json))
        .transpose()
        .map_err(FromSqlError::other)?
        .unwrap_or_default();
    Ok(descriptor)
}
