//! The phases of a collection, each in small steps.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use orlop_oci::Digest;
use tokio::time::Instant;

use super::cutoff::Present;
use super::report::{CollectPhase, CollectProgress, CollectReport};
use super::{CollectOptions, Position, digests, parse_name};
use crate::files;
use crate::storage::Inner;
use crate::upkeep::{Cutoffs, Extent, Garbage, RepositoryActivity, Taken};
use crate::{BlobInfo, Origin, RepositoryName, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// Repositories that are asked for at once.
const REPOSITORIES: usize = 256;

/// A collection on its way.
pub(super) struct Collection<'c> {
    pub(super) inner: &'c Inner,
    pub(super) options: &'c CollectOptions,
    pub(super) present: Present,
    pub(super) deadline: Option<Instant>,
    /// In a dry run: how many repositories would lose a digest, and its size.
    pub(super) doomed: HashMap<Digest, (u64, u64)>,
    pub(super) report: CollectReport,
    /// How much there was when it began.
    pub(super) all: Extent,
    /// Repositories that it went through.
    pub(super) seen: u64,
    pub(super) progress: &'c mut (dyn FnMut(&CollectProgress) + Send),
}

impl Collection<'_> {
    /// Goes on from a position; returns where it stopped when the time is over.
    pub(super) async fn run(&mut self, from: Position) -> Result<Option<Position>> {
        self.expire_uploads().await?;
        let mut at = match from {
            Position::Beginning => Position::Unowned(0),
            other => other,
        };
        loop {
            if self.is_over() {
                return Ok(Some(at));
            }
            at = match at {
                Position::Beginning => Position::Unowned(0),
                Position::Unowned(after) => match self.unowned(after).await? {
                    Some(next) => Position::Unowned(next),
                    None => Position::Repositories(None),
                },
                Position::Repositories(after) => {
                    match self.repositories(parse_name(after)).await? {
                        Some(next) => Position::Repositories(Some(next.as_str().to_owned())),
                        None => Position::Files,
                    }
                }
                Position::Files => {
                    let ended = self.files().await?;
                    self.count_doomed().await?;
                    return Ok((!ended).then_some(Position::Files));
                }
            };
        }
    }

    fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn say(&mut self, phase: CollectPhase, done: u64, total: u64) {
        (self.progress)(&CollectProgress {
            phase,
            done,
            total,
            freed: self.report.freed,
        });
    }

    async fn expire_uploads(&mut self) -> Result<()> {
        let expiry = self.inner.options.upload_expiry;
        if !self.options.dry_run {
            self.report.uploads = self.inner.uploads.expire(expiry).await? as u64;
            return Ok(());
        }
        let idle = |at: Timestamp| {
            let idle = Timestamp::now().duration_since(at);
            Duration::try_from(idle).unwrap_or_default()
        };
        let expired = self.present.uploads.iter();
        let expired = expired.filter(|u| !u.busy && idle(u.active_at) >= expiry);
        self.report.uploads = expired.count() as u64;
        Ok(())
    }

    /// One page of content that no repository has; returns where the next one begins.
    async fn unowned(&mut self, after: u64) -> Result<Option<u64>> {
        self.say(CollectPhase::Unowned, 0, 0);
        let meta = &self.inner.meta;
        let page = meta.unowned(after, self.options.batch).await?;
        if self.options.dry_run {
            self.report.freed.add_all(&page.entries);
        } else if !page.entries.is_empty() {
            let taken = meta.take_unowned(digests(&page.entries)).await?;
            self.free(taken).await?;
        }
        Ok(page.next)
    }

    /// What has no row any more loses its file.
    async fn free(&mut self, freed: Vec<BlobInfo>) -> Result<()> {
        self.report.freed.add_all(&freed);
        self.inner.release(digests(&freed)).await.map(drop)
    }

    /// Some repositories; returns the last one when there may be more.
    async fn repositories(
        &mut self,
        after: Option<RepositoryName>,
    ) -> Result<Option<RepositoryName>> {
        let page = self.inner.meta.activity(after, REPOSITORIES).await?;
        let mut last = None;
        for repository in page {
            let phase = CollectPhase::Repository(repository.repository.clone());
            self.say(phase, self.seen, self.all.repositories);
            self.repository(&repository).await?;
            self.seen += 1;
            last = Some(repository.repository);
            if self.is_over() {
                break;
            }
        }
        Ok(last)
    }

    async fn repository(&mut self, repository: &RepositoryActivity) -> Result<()> {
        let cutoffs = self.present.cutoffs(repository);
        let name = &repository.repository;
        let mut after = 0;
        loop {
            let meta = &self.inner.meta;
            let garbage = meta
                .garbage(name, cutoffs, after, self.options.batch)
                .await?;
            if self.options.dry_run {
                self.doom(name, &garbage, after == 0);
            } else {
                // Its blobs are garbage only when these are gone.
                if !garbage.manifests.is_empty() {
                    self.take_orphans(name, cutoffs.orphans).await?;
                }
                if !garbage.blobs.is_empty() {
                    self.take_blobs(name, &garbage.blobs, cutoffs).await?;
                }
            }
            match garbage.next {
                // What is left of a repository when the time is over is found the next time round.
                Some(next) if !self.is_over() => after = next,
                _ => return Ok(()),
            }
        }
    }

    async fn take_orphans(&mut self, name: &RepositoryName, before: Timestamp) -> Result<()> {
        loop {
            let (meta, limit) = (&self.inner.meta, self.options.batch);
            let taken = meta
                .take_orphans(name, before, limit, &Origin::system())
                .await?;
            if taken.manifests.is_empty() {
                return Ok(());
            }
            self.took(name, taken).await?;
            if self.is_over() {
                return Ok(());
            }
        }
    }

    async fn take_blobs(
        &mut self,
        name: &RepositoryName,
        blobs: &[BlobInfo],
        cutoffs: Cutoffs,
    ) -> Result<()> {
        let meta = &self.inner.meta;
        let origin = Origin::system();
        let taken = meta.take_blobs(name, digests(blobs), cutoffs.blobs, &origin);
        let taken = taken.await?;
        self.took(name, taken).await
    }

    async fn took(&mut self, name: &RepositoryName, taken: Taken) -> Result<()> {
        if taken.manifests.is_empty() && taken.blobs.is_empty() {
            return Ok(());
        }
        let report = self.report.repository(name);
        for manifest in &taken.manifests {
            report.orphans.add(manifest.size);
        }
        report.blobs.add_all(&taken.blobs);
        self.free(taken.freed).await
    }

    /// In a dry run: notes what would go from a repository. Each page lists all manifests.
    fn doom(&mut self, name: &RepositoryName, garbage: &Garbage, first: bool) {
        let manifests = garbage.manifests.iter().filter(|_| first);
        let manifests = manifests.map(|manifest| (true, &manifest.digest, manifest.size));
        let blobs = garbage.blobs.iter();
        let blobs = blobs.map(|blob| (false, &blob.digest, blob.size));
        for (is_manifest, digest, size) in manifests.chain(blobs) {
            let report = self.report.repository(name);
            match is_manifest {
                true => report.orphans.add(size),
                false => report.blobs.add(size),
            }
            let doomed = self.doomed.entry(digest.clone()).or_insert((0, size));
            doomed.0 += 1;
        }
    }

    /// In a dry run: what no repository would have any more.
    async fn count_doomed(&mut self) -> Result<()> {
        let doomed: Vec<(Digest, (u64, u64))> = self.doomed.drain().collect();
        for batch in doomed.chunks(self.options.batch.max(1)) {
            let asked = batch.iter().map(|(digest, _)| digest.clone()).collect();
            let owners = self.inner.meta.owners(asked).await?;
            for ((_, (losing, size)), owners) in batch.iter().zip(owners) {
                if *losing >= owners {
                    self.report.freed.add(*size);
                }
            }
        }
        Ok(())
    }

    /// Files that nothing knows of. Placing a file and writing its row are one transaction, and
    /// [`MetaStore::discard`](crate::MetaStore::discard) looks under the same lock: none of these can
    /// be on its way. Returns whether it came to the end.
    async fn files(&mut self) -> Result<bool> {
        let mut looked = 0;
        let mut batches = files::in_batches(self.inner.blobs.clone());
        while let Some(batch) = batches.recv().await {
            self.say(CollectPhase::Files, looked, self.all.blobs);
            let sizes: HashMap<Digest, u64> =
                batch?.into_iter().map(|e| (e.digest, e.size)).collect();
            looked += sizes.len() as u64;
            let asked = sizes.keys().cloned().collect();
            let unknown = self.inner.meta.unknown(asked, false).await?;
            let gone = match self.options.dry_run {
                true => unknown,
                false => self.inner.release(unknown).await?,
            };
            for digest in gone {
                self.report
                    .files
                    .add(sizes.get(&digest).copied().unwrap_or(0));
            }
            if self.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
