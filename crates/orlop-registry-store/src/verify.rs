//! Looking whether everything is there and whole, while everything else goes on.
//!
//! Each content is read and hashed again, several at once, a piece at a time. What looks wrong is
//! looked at again together with its row, so that what was collected or pushed meanwhile is no
//! finding.

mod content;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_oci::Digest;

use crate::manifest::examine;
use crate::meta_store::{ChildKind, Lookup};
use crate::storage::Inner;
use crate::upkeep::{Extent, Need};
use crate::{
    BlobInfo, ManifestRow, NewManifest, RepositoryName, Storage, StorageError, TagName,
    TagOrDigest, files,
};

type Result<T> = std::result::Result<T, StorageError>;

/// Rows that are asked for at once.
const PAGE: usize = 500;

/// The most who are named that need some content.
const NEEDS: usize = 1000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Content whose file is missing, or isn't what it should be.
    Damaged {
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
        /// Who needs it, at most a thousand; none when no manifest does.
        needed_by: Vec<Need>,
    },
    /// A file that nothing knows of. Collection removes it.
    Stray {
        /// Which.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// A manifest names content that its repository doesn't have, though it must.
    Incomplete {
        /// The repository.
        repository: RepositoryName,
        /// The manifest.
        manifest: Digest,
        /// What isn't there.
        lacks: Vec<Digest>,
        /// The tags that reach the manifest.
        tags: Vec<TagName>,
    },
    /// The metadata contradicts itself.
    Metadata(String),
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Contents that were hashed.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What was found so far.
    pub findings: usize,
    /// How much there was when it began.
    pub all: Extent,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Contents that were hashed.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Manifests that were read.
    pub manifests: u64,
    /// What is wrong; nothing is best.
    pub findings: Vec<Finding>,
}

impl Storage {
    /// Looks at all content and metadata. `threads` contents are hashed at once (0: as many as there
    /// are processors); `progress` hears of it now and then.
    ///
    /// # Errors
    /// Of the machine only: what is wrong with the content is in the report.
    pub async fn verify(
        &self,
        threads: usize,
        progress: &mut (dyn FnMut(&VerifyProgress) + Send),
    ) -> Result<VerifyReport> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let mut report = VerifyReport::default();
        let inner = self.inner();
        report.findings = inner.meta.check().await?;
        inner
            .verify_contents(threads, &mut report, progress)
            .await?;
        inner.verify_manifests(&mut report).await?;
        inner.verify_files(&mut report).await?;
        Ok(report)
    }
}

impl Inner {
    async fn verify_contents(
        &self,
        threads: usize,
        report: &mut VerifyReport,
        progress: &mut (dyn FnMut(&VerifyProgress) + Send),
    ) -> Result<()> {
        let mut told = VerifyProgress {
            findings: report.findings.len(),
            all: self.meta.extent().await?,
            ..VerifyProgress::default()
        };
        progress(&told);
        let mut after = Some(0);
        while let Some(number) = after {
            let page = self.meta.contents(number, PAGE).await?;
            after = page.next;
            let looks = stream::iter(page.entries).map(|blob| self.verify_content(blob));
            let mut looks = looks.buffer_unordered(threads);
            while let Some((size, finding)) = looks.try_next().await? {
                report.blobs += 1;
                report.bytes += size;
                report.findings.extend(finding);
                told.blobs = report.blobs;
                told.bytes = report.bytes;
                told.findings = report.findings.len();
                progress(&told);
            }
        }
        Ok(())
    }

    /// Looks at one content, again while it isn't sure.
    async fn verify_content(&self, blob: BlobInfo) -> Result<(u64, Option<Finding>)> {
        let mut before = None;
        loop {
            let wrong = content::look(&*self.blobs, &blob).await?;
            let Some(reason) = wrong else {
                return Ok((blob.size, None));
            };
            if self.is_unknown(&blob.digest).await? {
                // Collected meanwhile.
                return Ok((blob.size, None));
            }
            // Collected and pushed again between two looks, it is whole at the next one.
            if before.as_ref() == Some(&reason) {
                let needed_by = self.meta.needs(&blob.digest, NEEDS).await?;
                let finding = Finding::Damaged {
                    digest: blob.digest,
                    reason,
                    needed_by,
                };
                return Ok((blob.size, Some(finding)));
            }
            before = Some(reason);
        }
    }

    async fn is_unknown(&self, digest: &Digest) -> Result<bool> {
        let unknown = self.meta.unknown(vec![digest.clone()], false).await?;
        Ok(!unknown.is_empty())
    }

    async fn verify_manifests(&self, report: &mut VerifyReport) -> Result<()> {
        let mut after = Some(0);
        while let Some(number) = after {
            let page = self.meta.manifests(number, PAGE).await?;
            after = page.next;
            for (repository, row) in page.entries {
                report.manifests += 1;
                let finding = self.verify_manifest(&repository, &row).await?;
                report.findings.extend(finding);
            }
        }
        Ok(())
    }

    /// Looks whether all is there that a manifest needs.
    async fn verify_manifest(
        &self,
        repository: &RepositoryName,
        row: &ManifestRow,
    ) -> Result<Option<Finding>> {
        let bytes = match self.blobs.read(&row.digest, row.size).await {
            Ok(Some(bytes)) if row.digest.matches(&bytes) => bytes,
            // Reported as content, or collected.
            Ok(_) | Err(StorageError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let manifest = NewManifest {
            digest: Some(row.digest.clone()),
            tags: Vec::new(),
            media_type: row.media_type.clone(),
            bytes,
        };
        let record = match examine(&manifest, self.options.sparse) {
            Ok(examined) => examined.record,
            Err(error) => {
                let text = format!("{repository}@{}: {error}", row.digest);
                return Ok(Some(Finding::Metadata(text)));
            }
        };
        let mut lacks = Vec::new();
        for child in record.children {
            if child.required
                && child.kind == ChildKind::Blob
                && !self.is_member(repository, &child.digest).await?
            {
                lacks.push(child.digest);
            }
        }
        let by_digest = TagOrDigest::Digest(row.digest.clone());
        let there = self.meta.manifest(repository, &by_digest).await?;
        if lacks.is_empty() || !matches!(there, Lookup::Found(_)) {
            return Ok(None);
        }
        let needs = self.meta.needs(&row.digest, NEEDS).await?;
        let mine = needs
            .into_iter()
            .find(|need| need.repository == *repository && need.manifest == row.digest);
        Ok(Some(Finding::Incomplete {
            repository: repository.clone(),
            manifest: row.digest.clone(),
            lacks,
            tags: mine.map(|need| need.tags).unwrap_or_default(),
        }))
    }

    async fn is_member(&self, repository: &RepositoryName, digest: &Digest) -> Result<bool> {
        let found = self.meta.blob(repository, digest).await?;
        Ok(matches!(found, Lookup::Found(_)))
    }

    async fn verify_files(&self, report: &mut VerifyReport) -> Result<()> {
        let mut batches = files::in_batches(self.blobs.clone());
        while let Some(batch) = batches.recv().await {
            let digests = batch?.into_iter().map(|entry| entry.digest).collect();
            let unknown = self.meta.unknown(digests, false).await?;
            if unknown.is_empty() {
                continue;
            }
            // A file is placed a moment before its row can be seen, but not while nobody writes.
            for digest in self.meta.unknown(unknown, true).await? {
                let there = self.blobs.size(&digest).await?;
                if let Some(size) = there
                    && self.is_unknown(&digest).await?
                {
                    report.findings.push(Finding::Stray { digest, size });
                }
            }
        }
        Ok(())
    }
}
