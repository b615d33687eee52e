//! Looking whether the metadata is whole, and who needs what.

use orlop_oci::Digest;
use rusqlite::{Connection, Row, params};

use super::limits::tags_that_reach;
use super::row::{count, signed, text};
use crate::upkeep::{Extent, Need, Numbered};
use crate::{BlobInfo, Finding, ManifestRow, RepositoryName, TagName};

/// What must not be: a sentence, and how to find it. Each row is what the sentence is about.
const RULES: &[(&str, &str)] = &[
    (
        "a tag names a manifest of another repository, or none",
        "SELECT r.name || ':' || t.name FROM tag t JOIN repository r ON r.id = t.repository_id
         LEFT JOIN manifest m ON m.id = t.manifest_id
         WHERE m.id IS NULL OR m.repository_id <> t.repository_id",
    ),
    (
        "a manifest has no content, or content of another digest or size",
        "SELECT r.name || '@' || m.digest FROM manifest m
         JOIN repository r ON r.id = m.repository_id LEFT JOIN blob b ON b.id = m.blob_id
         WHERE b.id IS NULL OR b.digest <> m.digest OR b.size <> m.size",
    ),
    (
        "what a manifest names is noted in another repository",
        "SELECT m.digest || ' names ' || c.child FROM manifest_child c
         LEFT JOIN manifest m ON m.id = c.manifest_id
         WHERE m.id IS NULL OR m.repository_id <> c.repository_id",
    ),
    (
        "a repository's count of bytes is wrong",
        "SELECT r.name FROM repository r WHERE r.bytes <>
             (SELECT coalesce(sum(b.size), 0) FROM repository_blob rb
              JOIN blob b ON b.id = rb.blob_id WHERE rb.repository_id = r.id)
           + (SELECT coalesce(sum(m.size), 0) FROM manifest m WHERE m.repository_id = r.id)",
    ),
];

pub(super) fn extent(db: &Connection) -> rusqlite::Result<Extent> {
    db.query_row(
        "SELECT (SELECT count(*) FROM repository), count(*), coalesce(sum(size), 0) FROM blob",
        [],
        |row| {
            Ok(Extent {
                repositories: count(row, 0)?,
                blobs: count(row, 1)?,
                bytes: count(row, 2)?,
            })
        },
    )
}

pub(super) fn check(db: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let tx = db.unchecked_transaction()?;
    let mut findings = Vec::new();
    tx.pragma_query(None, "quick_check", |row| {
        let text: String = row.get(0)?;
        if text != "ok" {
            findings.push(Finding::Metadata(text));
        }
        Ok(())
    })?;
    tx.pragma_query(None, "foreign_key_check", |row| {
        let (table, id): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        findings.push(Finding::Metadata(format!(
            "a row of {table}{id} points nowhere"
        )));
        Ok(())
    })?;
    for (rule, sql) in RULES {
        let mut statement = tx.prepare(sql)?;
        let about = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        for about in about {
            let about = about?.unwrap_or_default();
            findings.push(Finding::Metadata(format!("{rule}: {about}")));
        }
    }
    Ok(findings)
}

/// Reads a page: rows that have their number in the first column.
fn numbered<T>(
    db: &Connection,
    sql: &str,
    after: u64,
    limit: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Numbered<T>> {
    let mut last = None;
    let entries: Vec<T> = db
        .prepare_cached(sql)?
        .query_map(params![signed(after), signed(limit as u64)], |row| {
            last = Some(count(row, 0)?);
            read(row)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Numbered {
        next: last.filter(|_| entries.len() >= limit),
        entries,
    })
}

pub(super) fn contents(
    db: &Connection,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Numbered<BlobInfo>> {
    let sql = "SELECT id, digest, size FROM blob WHERE id > ?1 ORDER BY id LIMIT ?2";
    numbered(db, sql, after, limit, |row| {
        Ok(BlobInfo {
            digest: text(row, 1)?,
            size: count(row, 2)?,
        })
    })
}

pub(super) fn manifests(
    db: &Connection,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Numbered<(RepositoryName, ManifestRow)>> {
    let sql = "SELECT m.id, r.name, m.digest, m.media_type, m.size FROM manifest m
               JOIN repository r ON r.id = m.repository_id WHERE m.id > ?1 ORDER BY m.id LIMIT ?2";
    numbered(db, sql, after, limit, |row| {
        let manifest = ManifestRow {
            digest: text(row, 2)?,
            media_type: row.get(3)?,
            size: count(row, 4)?,
        };
        Ok((text(row, 1)?, manifest))
    })
}

pub(super) fn needs(db: &Connection, digest: &Digest, limit: usize) -> rusqlite::Result<Vec<Need>> {
    let tx = db.unchecked_transaction()?;
    let found: Vec<(i64, Need)> = tx
        .prepare_cached(
            "SELECT m.id, r.name, m.digest FROM manifest m
             JOIN repository r ON r.id = m.repository_id
             WHERE m.blob_id = (SELECT id FROM blob WHERE digest = ?1)
                OR m.id IN (SELECT c.manifest_id FROM blob b
                            JOIN repository_blob rb ON rb.blob_id = b.id
                            JOIN manifest_child c ON c.repository_id = rb.repository_id
                                                 AND c.child = b.digest AND c.kind = 0
                            WHERE b.digest = ?1)
             ORDER BY r.name, m.digest LIMIT ?2",
        )?
        .query_map(params![digest.as_str(), signed(limit as u64)], |row| {
            let need = Need {
                repository: text(row, 1)?,
                manifest: text(row, 2)?,
                tags: Vec::new(),
            };
            Ok((row.get(0)?, need))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let with_tags = found.into_iter().map(|(id, need)| {
        let reaching = tags_that_reach(&tx, id)?;
        let mut tags: Vec<TagName> = reaching.into_iter().map(|(tag, _)| tag).collect();
        tags.dedup();
        Ok(Need { tags, ..need })
    });
    with_tags.collect()
}
