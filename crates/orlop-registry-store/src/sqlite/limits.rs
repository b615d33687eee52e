//! Whether a change keeps the rules, seen from inside its transaction.

use orlop_oci::Digest;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::row::{count, failed, text};
use super::writer::Write;
use crate::meta_store::ManifestRow;
use crate::policy::{Quota, QuotaScope, Rules};
use crate::{RepositoryName, StorageError, TagName};

type Result<T> = std::result::Result<T, StorageError>;

/// A tag that exists may come to name `new`, or nothing.
pub(super) fn check_tag(
    w: &Write<'_>,
    repository: &RepositoryName,
    tag: &TagName,
    old: &Digest,
    new: Option<&Digest>,
) -> Result<()> {
    if new != Some(old) && w.rules.is_immutable(repository, tag) {
        return Err(StorageError::TagImmutable(tag.clone(), old.clone()));
    }
    Ok(())
}

/// No immutable tag reaches a manifest, through however many indexes.
pub(super) fn check_removal(
    w: &Write<'_>,
    repository: &RepositoryName,
    manifest: i64,
) -> Result<()> {
    if !w.rules.has_immutable(repository) {
        return Ok(());
    }
    let tags = tags_that_reach(w.db, manifest).map_err(failed)?;
    for (tag, digest) in tags {
        check_tag(w, repository, &tag, &digest, None)?;
    }
    Ok(())
}

/// No immutable tag reaches a manifest that is put again as another type: it would be served with
/// another one under that tag.
pub(super) fn check_type(
    w: &Write<'_>,
    repository: &RepositoryName,
    id: i64,
    row: &ManifestRow,
) -> Result<()> {
    if !w.rules.has_immutable(repository) {
        return Ok(());
    }
    let other: Option<i64> =
        w.db.prepare_cached(
            "SELECT id FROM manifest
             WHERE repository_id = ?1 AND digest = ?2 AND media_type <> ?3",
        )
        .and_then(|mut sql| {
            sql.query_row(params![id, row.digest.as_str(), row.media_type], |row| {
                row.get(0)
            })
            .optional()
        })
        .map_err(failed)?;
    other.map_or(Ok(()), |manifest| check_removal(w, repository, manifest))
}

/// No tag of a repository is immutable.
pub(super) fn check_tags_of(w: &Write<'_>, repository: &RepositoryName, id: i64) -> Result<()> {
    if !w.rules.has_immutable(repository) {
        return Ok(());
    }
    let tags = || -> rusqlite::Result<Vec<(TagName, Digest)>> {
        w.db.prepare_cached(
            "SELECT t.name, m.digest FROM tag t JOIN manifest m ON m.id = t.manifest_id
             WHERE t.repository_id = ?1 ORDER BY t.name",
        )?
        .query_map([id], |row| Ok((text(row, 0)?, text(row, 1)?)))?
        .collect()
    };
    for (tag, digest) in tags().map_err(failed)? {
        check_tag(w, repository, &tag, &digest, None)?;
    }
    Ok(())
}

/// Tags of a manifest and of the indexes that list it, with what they name, in byte order.
pub(super) fn tags_that_reach(
    db: &Connection,
    manifest: i64,
) -> rusqlite::Result<Vec<(TagName, Digest)>> {
    db.prepare_cached(
        "WITH RECURSIVE above (id, repository_id, digest) AS (
             SELECT id, repository_id, digest FROM manifest WHERE id = ?1
             UNION
             SELECT m.id, m.repository_id, m.digest FROM above
             JOIN manifest_child c ON c.repository_id = above.repository_id
                                  AND c.child = above.digest AND c.kind = 1
             JOIN manifest m ON m.id = c.manifest_id)
         SELECT t.name, above.digest FROM above JOIN tag t ON t.manifest_id = above.id
         ORDER BY t.name",
    )?
    .query_map([manifest], |row| Ok((text(row, 0)?, text(row, 1)?)))?
    .collect()
}

/// How much there is.
#[derive(Clone, Copy)]
struct Usage {
    bytes: u64,
    tags: u64,
}

/// What was used before a change, to see what the change adds.
pub(super) struct Gauge<'r> {
    before: Vec<(&'r Quota, Usage)>,
    repository: &'r RepositoryName,
}

impl<'r> Gauge<'r> {
    pub(super) fn before(w: &'r Write<'_>, repository: &'r RepositoryName) -> Result<Self> {
        Ok(Self {
            before: used(w.db, &w.rules, repository).map_err(failed)?,
            repository,
        })
    }

    /// Returns which quotas are nearly used up, in words.
    ///
    /// # Errors
    /// `QuotaExceeded`: the change, which is then undone, added more than there was room for.
    pub(super) fn check(&self, w: &Write<'_>) -> Result<Vec<String>> {
        let mut nearly = Vec::new();
        for (quota, before) in &self.before {
            let after = usage(w.db, quota, self.repository).map_err(failed)?;
            quota.check_bytes(before.bytes, after.bytes.saturating_sub(before.bytes))?;
            quota.check_tags(before.tags, after.tags.saturating_sub(before.tags))?;
            nearly.extend(quota.nearly_used(after.bytes, after.tags));
        }
        Ok(nearly)
    }
}

/// How many bytes are used of each quota that a repository must fit into.
pub(super) fn bytes_used(
    db: &Connection,
    rules: &Rules,
    repository: &RepositoryName,
) -> rusqlite::Result<Vec<u64>> {
    let used = used(db, rules, repository)?.into_iter();
    Ok(used.map(|(_, used)| used.bytes).collect())
}

fn used<'r>(
    db: &Connection,
    rules: &'r Rules,
    repository: &'r RepositoryName,
) -> rusqlite::Result<Vec<(&'r Quota, Usage)>> {
    rules
        .quotas(repository)
        .map(|quota| Ok((quota, usage(db, quota, repository)?)))
        .collect()
}

fn usage(db: &Connection, quota: &Quota, repository: &RepositoryName) -> rusqlite::Result<Usage> {
    let mut sum = Usage { bytes: 0, tags: 0 };
    match quota.scope() {
        QuotaScope::Each => add_range(db, quota, repository.as_str(), None, &mut sum)?,
        QuotaScope::Together => {
            for prefix in quota.prefixes() {
                // `~` comes after every character that a name may have.
                add_range(db, quota, prefix, Some(&format!("{prefix}~")), &mut sum)?;
            }
        }
    }
    Ok(sum)
}

/// Adds what the repositories have whose names lie from `from` to `to`, or that is `from`.
fn add_range(
    db: &Connection,
    quota: &Quota,
    from: &str,
    to: Option<&str>,
    sum: &mut Usage,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT name, bytes, CASE WHEN ?3 THEN
             (SELECT count(*) FROM tag WHERE repository_id = repository.id) ELSE 0 END
         FROM repository WHERE name >= ?1 AND (name < ?2 OR name = ?1)",
    )?;
    let to = to.unwrap_or(from);
    let mut rows = statement.query(params![from, to, quota.limits_tags()])?;
    while let Some(row) = rows.next()? {
        if quota.matches(row.get_ref(0)?.as_str()?) {
            sum.bytes += count(row, 1)?;
            sum.tags += count(row, 2)?;
        }
    }
    Ok(())
}
