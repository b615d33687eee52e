//! The second seam, on SQLite. Looks run on threads of their own: they may read whole tables.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use orlop_oci::Digest;

use super::{Sqlite, collect, limits, retain, verify};
use crate::upkeep::{
    Cutoffs, Extent, Garbage, Need, Numbered, Removal, RepositoryActivity, Taken, Upkeep,
};
use crate::{
    BlobInfo, Finding, ManifestRow, Origin, RepositoryFacts, RepositoryName, Rules, StorageError,
};

type Result<T> = std::result::Result<T, StorageError>;

impl Sqlite {
    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let readers = self.readers.clone();
        async move {
            tokio::task::spawn_blocking(move || readers.read(look))
                .await
                .map_err(|e| StorageError::Internal(format!("looking into the database: {e}")))?
        }
        .boxed()
    }
}

impl Upkeep for Sqlite {
    fn set_rules(&self, rules: Arc<Rules>) {
        self.writer.set_rules(rules);
    }

    fn used<'a>(
        &'a self,
        rules: Arc<Rules>,
        repository: &'a RepositoryName,
    ) -> BoxFuture<'a, Result<Vec<u64>>> {
        let repository = repository.clone();
        self.look(move |c| limits::bytes_used(c, &rules, &repository))
    }

    fn activity(
        &self,
        after: Option<RepositoryName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RepositoryActivity>>> {
        self.look(move |c| collect::activity(c, after.as_ref(), limit))
    }

    fn settle_times(&self, now: Timestamp) -> BoxFuture<'_, Result<u64>> {
        async move {
            if !self
                .look(move |c| collect::has_future_times(c, now))
                .await?
            {
                return Ok(0);
            }
            self.write(move |w| collect::settle_times(w, now)).await
        }
        .boxed()
    }

    fn garbage<'a>(
        &'a self,
        repository: &'a RepositoryName,
        cutoffs: Cutoffs,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Garbage>> {
        let repository = repository.clone();
        self.look(move |c| collect::garbage(c, &repository, cutoffs, after, limit))
    }

    fn take_orphans<'a>(
        &'a self,
        repository: &'a RepositoryName,
        before: Timestamp,
        limit: usize,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Taken>> {
        let (repository, origin) = (repository.clone(), origin.clone());
        self.write(move |w| collect::take_orphans(w, &repository, before, limit, &origin))
    }

    fn take_blobs<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digests: Vec<Digest>,
        before: Timestamp,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Taken>> {
        let (repository, origin) = (repository.clone(), origin.clone());
        self.write(move |w| collect::take_blobs(w, &repository, &digests, before, &origin))
    }

    fn owners(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<u64>>> {
        self.look(move |c| collect::owners(c, &digests))
    }

    fn unowned(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Numbered<BlobInfo>>> {
        self.look(move |c| collect::unowned(c, after, limit))
    }

    fn take_unowned(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<BlobInfo>>> {
        self.write(move |w| collect::take_unowned(w, &digests))
    }

    fn unknown(&self, digests: Vec<Digest>, exactly: bool) -> BoxFuture<'_, Result<Vec<Digest>>> {
        if exactly {
            // Under the write lock nobody is just placing anything.
            return self
                .write(move |w| collect::unknown(w.db, digests).map_err(super::row::failed));
        }
        self.look(move |c| collect::unknown(c, digests))
    }

    fn facts<'a>(
        &'a self,
        repository: &'a RepositoryName,
    ) -> BoxFuture<'a, Result<Option<RepositoryFacts>>> {
        let repository = repository.clone();
        self.look(move |c| retain::facts(c, &repository))
    }

    fn retain<'a>(
        &'a self,
        repository: &'a RepositoryName,
        removals: Vec<Removal>,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Vec<bool>>> {
        let (repository, origin) = (repository.clone(), origin.clone());
        self.write(move |w| retain::retain(w, &repository, &removals, &origin))
    }

    fn extent(&self) -> BoxFuture<'_, Result<Extent>> {
        self.look(verify::extent)
    }

    fn contents(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Numbered<BlobInfo>>> {
        self.look(move |c| verify::contents(c, after, limit))
    }

    fn manifests(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Numbered<(RepositoryName, ManifestRow)>>> {
        self.look(move |c| verify::manifests(c, after, limit))
    }

    fn needs<'a>(&'a self, digest: &'a Digest, limit: usize) -> BoxFuture<'a, Result<Vec<Need>>> {
        let digest = digest.clone();
        self.look(move |c| verify::needs(c, &digest, limit))
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>>> {
        self.look(verify::check)
    }
}
