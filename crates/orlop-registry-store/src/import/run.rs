//! An import on its way.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use orlop_oci::{Digest, MAX_MANIFEST_SIZE};

use super::adopt::{Came, adopt};
use super::source::{Claims, Source};
use super::{ImportOptions, ImportProgress, ImportReport};
use crate::collect::blocking;
use crate::manifest::examine;
use crate::meta_store::{ChildKind, Lookup};
use crate::{
    Extent, NewManifest, RepositoryName, Sparse, Storage, StorageError, TagName, TagOrDigest,
};

type Result<T> = std::result::Result<T, StorageError>;

/// How deep indexes may list indexes.
const MAX_DEPTH: usize = 8;

struct Import<'i> {
    storage: &'i Storage,
    source: Arc<Source>,
    options: &'i ImportOptions,
    report: ImportReport,
    done: Extent,
    all: Extent,
    progress: &'i mut (dyn FnMut(ImportProgress<'_>) + Send),
}

pub(super) async fn run(
    storage: &Storage,
    folder: &Path,
    options: &ImportOptions,
    progress: &mut (dyn FnMut(ImportProgress<'_>) + Send),
) -> Result<ImportReport> {
    let path = folder.to_owned();
    let source = Arc::new(blocking(move || open(&path)).await?);
    let mut import = Import {
        storage,
        report: ImportReport {
            format: Some(source.format),
            ..ImportReport::default()
        },
        source,
        options,
        done: Extent::default(),
        all: Extent::default(),
        progress,
    };
    let names = import.ask(|source| source.repositories()).await?;
    let asked = names.clone();
    import.all = import.ask(move |source| source.extent(&asked)).await?;
    for name in names {
        import.report.repositories += 1;
        import.repository(&name).await?;
        import.done.repositories += 1;
    }
    Ok(import.report)
}

pub(super) fn open(folder: &Path) -> Result<Source> {
    let source = Source::open(folder).map_err(|error| cannot_read(folder, &error))?;
    source.ok_or_else(|| {
        StorageError::Internal(format!(
            "{} holds neither distribution's docker/registry/v2 nor any OCI layout of zot's",
            folder.display()
        ))
    })
}

fn cannot_read(folder: &Path, error: &std::io::Error) -> StorageError {
    StorageError::Internal(format!("can't read {}: {error}", folder.display()))
}

/// A manifest that waits.
struct Waiting {
    digest: Digest,
    media_type: Option<String>,
    depth: usize,
    /// What it names was seen to.
    ready: bool,
}

impl Import<'_> {
    /// Asks the source, on a thread.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Source) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let source = self.source.clone();
        let answer = blocking(move || Ok(question(&source))).await?;
        answer.map_err(|error| StorageError::Internal(format!("reading the source: {error}")))
    }

    fn dealt_with(&mut self, bytes: u64) {
        self.done.blobs += 1;
        self.done.bytes += bytes;
    }

    fn say(&mut self, repository: &RepositoryName) {
        (self.progress)(ImportProgress {
            repository,
            report: &self.report,
            done: self.done,
            all: self.all,
        });
    }

    async fn repository(&mut self, name: &RepositoryName) -> Result<()> {
        self.say(name);
        let asked = name.clone();
        let claims = self.ask(move |source| source.claims(&asked)).await?;
        let Claims {
            manifests,
            mut tags,
            strange,
        } = claims;
        for (what, why) in strange {
            self.report.skip(Some(name), &what, why);
        }
        let mut waiting: Vec<Waiting> = manifests
            .into_iter()
            .rev()
            .map(|(digest, media_type)| Waiting {
                digest,
                media_type,
                depth: 0,
                ready: false,
            })
            .collect();
        let mut seen = HashSet::new();
        while let Some(next) = waiting.pop() {
            if next.ready || seen.insert(next.digest.clone()) {
                self.manifest(name, next, &mut waiting).await?;
            }
        }
        tags.sort_by_key(|(_, _, time)| *time);
        for (tag, digest, _) in tags {
            self.tag(name, &tag, &digest).await?;
        }
        Ok(())
    }

    /// Adopts a manifest, or lets it wait for those that it lists.
    async fn manifest(
        &mut self,
        name: &RepositoryName,
        one: Waiting,
        waiting: &mut Vec<Waiting>,
    ) -> Result<()> {
        let digest = one.digest.clone();
        if !one.ready && self.has_manifest(name, &digest).await? {
            self.report.present += 1;
            return Ok(());
        }
        let bytes = match self.read_manifest(name, &digest).await? {
            Ok(bytes) => bytes,
            Err(why) => {
                self.report.skip(Some(name), digest.as_str(), why);
                return Ok(());
            }
        };
        let manifest = NewManifest {
            digest: Some(digest.clone()),
            tags: Vec::new(),
            media_type: one.media_type.clone().unwrap_or_default(),
            bytes,
        };
        let record = match examine(&manifest, Sparse::Accepted) {
            Ok(examined) => examined.record,
            Err(error) => {
                self.report
                    .skip(Some(name), digest.as_str(), error.to_string());
                return Ok(());
            }
        };
        if !one.ready {
            let mut lists = Vec::new();
            for child in record.children {
                match child.kind {
                    ChildKind::Manifest => lists.push(child.digest),
                    ChildKind::Blob => self.blob(name, &child.digest).await?,
                }
            }
            if !lists.is_empty() {
                let depth = one.depth + 1;
                waiting.push(Waiting { ready: true, ..one });
                self.wait_for(name, lists, depth, waiting).await?;
                return Ok(());
            }
        }
        self.dealt_with(manifest.bytes.len() as u64);
        let put = self
            .storage
            .put_silently(name, manifest, &self.options.origin)
            .await;
        if self.took(name, digest.as_str(), put)?.is_some() {
            self.report.manifests += 1;
        }
        self.say(name);
        Ok(())
    }

    /// Those of an index that the source has come first.
    async fn wait_for(
        &mut self,
        name: &RepositoryName,
        lists: Vec<Digest>,
        depth: usize,
        waiting: &mut Vec<Waiting>,
    ) -> Result<()> {
        for digest in lists {
            if depth > MAX_DEPTH {
                self.report
                    .skip(Some(name), digest.as_str(), "indexes list indexes too deep");
                continue;
            }
            let (asked, wanted) = (name.clone(), digest.clone());
            let place = self.ask(move |source| source.manifest(&asked, &wanted));
            if place.await?.is_some() {
                waiting.push(Waiting {
                    digest,
                    media_type: None,
                    depth,
                    ready: false,
                });
            }
        }
        Ok(())
    }

    async fn has_manifest(&self, name: &RepositoryName, digest: &Digest) -> Result<bool> {
        let reference = TagOrDigest::Digest(digest.clone());
        let found = self.storage.inner().meta.manifest(name, &reference).await?;
        Ok(matches!(found, Lookup::Found(_)))
    }

    /// The bytes of a manifest, or why there are none.
    async fn read_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<std::result::Result<Bytes, String>> {
        let (asked, wanted) = (name.clone(), digest.clone());
        let read = self.ask(move |source| {
            let Some(place) = source.manifest(&asked, &wanted)? else {
                return Ok(Err("it isn't there".to_owned()));
            };
            Ok(match place.folder.read(&place.name, MAX_MANIFEST_SIZE) {
                Ok(Some((bytes, _))) if wanted.matches(&bytes) => Ok(bytes.into()),
                Ok(Some(_)) => Err("its content has another digest".to_owned()),
                Ok(None) => Err("its file isn't there".to_owned()),
                Err(error) => Err(error.to_string()),
            })
        });
        read.await
    }

    /// Adopts a blob, unless it is here. Whether a manifest can do without it is said when that is
    /// put.
    async fn blob(&mut self, name: &RepositoryName, digest: &Digest) -> Result<()> {
        let inner = self.storage.inner();
        if let Lookup::Found(blob) = inner.meta.blob(name, digest).await? {
            self.report.present += 1;
            self.dealt_with(blob.size);
            return Ok(());
        }
        let (asked, wanted) = (name.clone(), digest.clone());
        let place = self.ask(move |source| source.blob(&asked, &wanted)).await?;
        let Some(place) = place else {
            return Ok(());
        };
        // Once verified, it needn't be read again for each repository that has it.
        if let Some(holder) = inner.meta.holders(digest, 1).await?.pop() {
            let origin = &self.options.origin;
            let mounted = self.storage.mount_blob(name, digest, &holder, origin).await;
            if !matches!(mounted, Err(StorageError::BlobUnknown(_))) {
                if self.took(name, digest.as_str(), mounted)?.is_some() {
                    self.report.shared += 1;
                }
                return Ok(());
            }
        }
        let came = adopt(inner, name, digest, place, self.options.link).await;
        match self.took(name, digest.as_str(), came)? {
            Some(Came::Linked(size)) => {
                self.report.linked += 1;
                self.report.bytes += size;
                self.dealt_with(size);
            }
            Some(Came::Copied(size)) => {
                self.report.copied += 1;
                self.report.bytes += size;
                self.dealt_with(size);
            }
            None => {}
        }
        self.say(name);
        Ok(())
    }

    async fn tag(&mut self, name: &RepositoryName, tag: &TagName, digest: &Digest) -> Result<()> {
        let what = format!("tag {tag}");
        let inner = self.storage.inner();
        let here = TagOrDigest::Tag(tag.clone());
        match inner.meta.manifest(name, &here).await? {
            Lookup::Found(row) if row.digest == *digest => {
                self.report.present += 1;
                return Ok(());
            }
            Lookup::Found(row) => {
                let why = format!("here it names {}", row.digest);
                self.report.skip(Some(name), &what, why);
                return Ok(());
            }
            Lookup::Missing | Lookup::NoRepository => {}
        }
        let reference = TagOrDigest::Digest(digest.clone());
        let found = self.storage.manifest(name, &reference).await;
        let Some(stored) = self.took(name, &what, found)? else {
            return Ok(());
        };
        let manifest = NewManifest {
            digest: Some(stored.digest),
            tags: vec![tag.clone()],
            media_type: stored.media_type,
            bytes: stored.bytes,
        };
        let origin = &self.options.origin;
        let put = self.storage.put_silently(name, manifest, origin).await;
        if self.took(name, &what, put)?.is_some() {
            self.report.tags += 1;
        }
        Ok(())
    }

    /// What came of adopting something. What is wrong with that alone is noted; what is wrong with
    /// the machine ends the import.
    fn took<T>(
        &mut self,
        name: &RepositoryName,
        what: &str,
        result: Result<T>,
    ) -> Result<Option<T>> {
        match result {
            Ok(done) => Ok(Some(done)),
            Err(error @ (StorageError::NoSpace | StorageError::Internal(_))) => Err(error),
            Err(error) => {
                self.report.skip(Some(name), what, error.to_string());
                Ok(None)
            }
        }
    }
}
