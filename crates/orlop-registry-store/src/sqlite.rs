//! Metadata in SQLite.
//!
//! Changes go through one thread that commits them in groups ([`writer`]): the sync of the log is
//! what a change costs, and a hundred changes that wait for it together cost it once. Looks are a
//! single statement each on a connection of a small pool ([`readers`]), executed where the caller
//! runs: they take some ten microseconds, less than handing them to a thread.

mod accounts;
mod blobs;
mod collect;
mod events;
mod layouts;
mod limits;
mod lists;
mod manifests;
mod readers;
mod retain;
mod row;
mod schema;
mod upkeep;
mod verify;
mod writer;

use std::path::Path;
use std::sync::Arc;

use futures_util::future::{self, BoxFuture, FutureExt as _};
use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest};
use tokio::sync::watch;

use crate::meta_store::*;
use crate::{
    BlobInfo, BlobStore, Event, Listing, Origin, Page, RepositoryName, Staged, StorageError,
    TagName, TagOrDigest,
};
use readers::Readers;
use writer::{Write, Writer};

type Result<T> = std::result::Result<T, StorageError>;

/// Metadata in a file of SQLite, which many processes may have open.
#[derive(Debug)]
pub struct Sqlite {
    readers: Arc<Readers>,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file, makes it when it isn't there, and brings its schema up to date. Content is
    /// placed in and taken from `blobs`.
    ///
    /// # Errors
    /// When it can't, or when a later version of the program wrote it.
    pub fn open(path: &Path, blobs: Arc<dyn BlobStore>) -> Result<Self> {
        let connection = schema::open(path)?;
        Ok(Self {
            readers: Arc::new(Readers::new(path)),
            writer: Writer::start(connection, blobs)?,
        })
    }

    fn read<'a, T: Send + 'a>(
        &self,
        look: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> BoxFuture<'a, Result<T>> {
        future::ready(self.readers.read(look)).boxed()
    }

    fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        self.writer.write(change).boxed()
    }
}

impl MetaStore for Sqlite {
    fn blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<Lookup<Membership>>> {
        self.read(|c| blobs::find(c, repository, digest))
    }

    fn touch_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<bool>> {
        let (repository, digest) = (repository.clone(), digest.clone());
        self.write(move |w| blobs::touch(w, &repository, &digest))
    }

    fn add_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        staged: Staged,
    ) -> BoxFuture<'a, Result<()>> {
        let repository = repository.clone();
        self.write(move |w| blobs::add(w, &repository, &staged))
    }

    fn mount_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        from: &'a RepositoryName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<BlobInfo>>> {
        let (repository, digest) = (repository.clone(), digest.clone());
        let (from, origin) = (from.clone(), origin.clone());
        self.write(move |w| blobs::mount(w, &repository, &digest, &from, &origin))
    }

    fn remove_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<BlobRemoval>>> {
        let (repository, digest, origin) = (repository.clone(), digest.clone(), origin.clone());
        self.write(move |w| blobs::remove(w, &repository, &digest, &origin))
    }

    fn holders<'a>(
        &'a self,
        digest: &'a Digest,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RepositoryName>>> {
        self.read(|c| blobs::holders(c, digest, limit))
    }

    fn manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        reference: &'a TagOrDigest,
    ) -> BoxFuture<'a, Result<Lookup<ManifestRow>>> {
        self.read(|c| manifests::find(c, repository, reference))
    }

    fn touch_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<bool>> {
        let look = |c: &rusqlite::Connection| manifests::is_touched(c, repository, digest, since);
        match self.readers.read(look) {
            Ok(false) => {
                let (repository, digest) = (repository.clone(), digest.clone());
                self.write(move |w| manifests::touch(w, &repository, &digest))
            }
            known => future::ready(known).boxed(),
        }
    }

    fn knows<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<bool>> {
        self.read(|c| blobs::knows(c, digest))
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        change: ManifestChange,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<ManifestPut>> {
        let (repository, origin) = (repository.clone(), origin.clone());
        self.write(move |w| manifests::put(w, &repository, &change, &origin))
    }

    fn remove_tag<'a>(
        &'a self,
        repository: &'a RepositoryName,
        tag: &'a TagName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<()>>> {
        let (repository, tag, origin) = (repository.clone(), tag.clone(), origin.clone());
        self.write(move |w| manifests::remove_tag(w, &repository, &tag, &origin))
    }

    fn remove_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<Lookup<()>>> {
        let (repository, digest, origin) = (repository.clone(), digest.clone(), origin.clone());
        self.write(move |w| manifests::remove(w, &repository, &digest, &origin))
    }

    fn remove_repository<'a>(
        &'a self,
        repository: &'a RepositoryName,
        origin: &'a Origin,
    ) -> BoxFuture<'a, Result<bool>> {
        let (repository, origin) = (repository.clone(), origin.clone());
        self.write(move |w| manifests::remove_repository(w, &repository, &origin))
    }

    fn tags<'a>(
        &'a self,
        repository: &'a RepositoryName,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<Option<Listing<String>>>> {
        self.read(|c| lists::tags(c, repository, page))
    }

    fn repositories<'a>(
        &'a self,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<Listing<RepositoryName>>> {
        self.read(|c| lists::repositories(c, page))
    }

    fn referrers<'a>(
        &'a self,
        repository: &'a RepositoryName,
        subject: &'a Digest,
        artifact_type: Option<&'a str>,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<Listing<Descriptor>>> {
        self.read(|c| lists::referrers(c, repository, subject, artifact_type, page))
    }

    fn note_pulls(&self, pulls: Vec<PullNote>, events: Vec<NewEvent>) -> BoxFuture<'_, Result<()>> {
        self.write(move |w| events::note_pulls(w, &pulls, &events))
    }

    fn events(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Event>>> {
        self.read(|c| events::list(c, after, limit))
    }

    fn forget_events(
        &self,
        before: Timestamp,
        up_to: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize>> {
        self.write(move |w| events::forget(w, before, up_to, limit))
    }

    fn record(&self, event: NewEvent) -> BoxFuture<'_, Result<()>> {
        self.write(move |w| events::add(w, &event))
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.writer.watch()
    }

    fn stale_layouts(&self, limit: usize) -> BoxFuture<'_, Result<Vec<StaleLayout>>> {
        self.read(|c| layouts::stale(c, limit))
    }

    fn layouts_written(&self, written: Vec<(RepositoryName, u64)>) -> BoxFuture<'_, Result<()>> {
        self.write(move |w| layouts::written(w, &written))
    }

    fn discard(&self, digests: Vec<Digest>) -> BoxFuture<'_, Result<Vec<Digest>>> {
        self.write(move |w| blobs::discard(w, digests))
    }

    fn setting<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        self.read(|c| accounts::setting(c, name))
    }

    fn set_setting<'a>(
        &'a self,
        name: &'a str,
        value: Option<String>,
    ) -> BoxFuture<'a, Result<()>> {
        let name = name.to_owned();
        self.write(move |w| accounts::set_setting(w, &name, value.as_deref()))
    }

    fn insert_setting<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<bool>> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |w| accounts::insert_setting(w, &name, &value))
    }

    fn accounts(&self, kind: AccountKind) -> BoxFuture<'_, Result<Vec<AccountRow>>> {
        self.read(|c| accounts::list(c, kind))
    }

    fn account<'a>(
        &'a self,
        kind: AccountKind,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<AccountRow>>> {
        self.read(|c| accounts::find(c, kind, name))
    }

    fn insert_account(
        &self,
        kind: AccountKind,
        account: AccountRow,
    ) -> BoxFuture<'_, Result<bool>> {
        self.write(move |w| accounts::insert(w, kind, &account))
    }

    fn update_account(
        &self,
        kind: AccountKind,
        account: AccountRow,
    ) -> BoxFuture<'_, Result<bool>> {
        self.write(move |w| accounts::update(w, kind, &account))
    }

    fn accounts_used(
        &self,
        kind: AccountKind,
        used: Vec<(String, Timestamp)>,
    ) -> BoxFuture<'_, Result<()>> {
        self.write(move |w| accounts::used(w, kind, &used))
    }

    fn remove_account<'a>(
        &'a self,
        kind: AccountKind,
        name: &'a str,
    ) -> BoxFuture<'a, Result<bool>> {
        let name = name.to_owned();
        self.write(move |w| accounts::remove(w, kind, &name))
    }

    fn ready(&self) -> BoxFuture<'_, Result<()>> {
        let read = self.read(|c| c.query_row("SELECT count(*) FROM setting", [], |_| Ok(())));
        // An empty change takes the lock and gives it back.
        let write = self.write(|_| Ok(()));
        async move { read.await.and(write.await) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalBlobs;

    #[tokio::test]
    async fn it_is_not_ready_without_its_writer() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Arc::new(LocalBlobs::open(directory.path()).unwrap());
        let store = Sqlite::open(&directory.path().join("registry.db"), blobs).unwrap();
        assert_eq!(store.ready().await, Ok(()));
        let died = store.write(|_| -> Result<()> { panic!("as a fault of the program would") });
        assert!(died.await.is_err());
        assert!(store.ready().await.is_err());
    }
}
