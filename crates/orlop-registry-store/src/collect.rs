//! Taking away what nothing needs any more, while everything else goes on.
//!
//! A blob of a repository is taken when no manifest there names it and nobody touched it for the
//! grace period ([`cutoff`] says how long that is while somebody pushes, [`clock`] whose time it is
//! by). Manifests stay, tagged or not; only referrers whose subject was deleted go, with their own.
//! Content that no repository has goes at once: nobody can reach it, and who pushes it again sends it.
//!
//! Every change is a small transaction that looks again. Putting a manifest is one too, and so comes
//! either before, and names the blob, or after, and says that the blob isn't there. Rows go first and
//! are committed; then, under the write lock and only of digests without a row, files are set aside,
//! and removed when the lock is free. A crash in between leaves a file without a row, which the last
//! phase of the next collection finds.
//!
//! A collection that runs out of time leaves in the database where it stopped, and the next one,
//! whichever process does it, goes on there.

mod clock;
mod cutoff;
mod phases;
mod report;

use std::time::Duration;

use orlop_oci::Digest;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::storage::Inner;
use crate::{BlobInfo, RepositoryName, Storage, StorageError, UploadState};
use cutoff::Present;
use phases::Collection;
pub use report::{CollectPhase, CollectProgress, CollectReport, Freed, RepositoryCollected};

type Result<T> = std::result::Result<T, StorageError>;

/// Where the clocks' mark is kept.
const CLOCK: &str = "collect.clock";
/// Where it is kept how far a collection came that ran out of time.
const POSITION: &str = "collect.position";

/// How to collect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CollectOptions {
    /// Change nothing, and say what would be freed.
    pub dry_run: bool,
    /// How long what nothing names is left alone; `None` takes that of the storage. It is counted
    /// from when a push sent something or was told of it, in the latter case up to a minute less.
    pub grace: Option<Duration>,
    /// The most that one transaction takes.
    pub batch: usize,
    /// Stop after about so long, to go on the next time.
    pub time_limit: Option<Duration>,
}

impl Default for CollectOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            grace: None,
            batch: 256,
            time_limit: None,
        }
    }
}

/// How far a collection came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Position {
    #[default]
    Beginning,
    /// Content that no repository has, after a number.
    Unowned(u64),
    /// Repositories, after a name.
    Repositories(Option<String>),
    Files,
}

impl Storage {
    /// Takes away what nothing needs any more; the server goes on meanwhile, in this process or in
    /// another. `progress` hears of it.
    ///
    /// # Errors
    /// Of the machine only. What was taken until then is gone for good reasons.
    pub async fn collect(
        &self,
        options: &CollectOptions,
        progress: &mut (dyn FnMut(&CollectProgress) + Send),
    ) -> Result<CollectReport> {
        self.inner().collect(options, progress).await
    }
}

impl Inner {
    async fn collect(
        &self,
        options: &CollectOptions,
        progress: &mut (dyn FnMut(&CollectProgress) + Send),
    ) -> Result<CollectReport> {
        let grace = options.grace.unwrap_or(self.options.grace);
        // In this order: an upload that begins after the look began after `now`.
        let uploads = self.open_uploads().await?;
        let now = self.trusted_time(grace, options.dry_run).await?;
        let begin = match options.dry_run {
            true => Position::Beginning,
            false => self.position().await?,
        };
        let mut collection = Collection {
            inner: self,
            options,
            present: Present {
                now,
                grace,
                uploads,
            },
            deadline: options.time_limit.map(|limit| Instant::now() + limit),
            doomed: Default::default(),
            report: CollectReport::new(options.dry_run),
            all: self.meta.extent().await?,
            seen: 0,
            progress,
        };
        let stopped = collection.run(begin).await?;
        let mut report = collection.report;
        report.complete = stopped.is_none();
        if !options.dry_run {
            let position = stopped.map(|position| to_json(&position)).transpose()?;
            self.meta.set_setting(POSITION, position).await?;
        }
        Ok(report)
    }

    /// The time to tell ages by.
    pub(crate) async fn trusted_time(
        &self,
        grace: Duration,
        dry_run: bool,
    ) -> Result<jiff::Timestamp> {
        let before = self.meta.setting(CLOCK).await?;
        // What can't be read was written by nobody that we know.
        let before = before.and_then(|text| serde_json::from_str(&text).ok());
        let (now, mark) = clock::judge(before.as_ref(), &clock::Reading::now(), grace);
        if !dry_run {
            self.meta.settle_times(jiff::Timestamp::now()).await?;
            self.meta.set_setting(CLOCK, Some(to_json(&mark)?)).await?;
        }
        Ok(now)
    }

    async fn position(&self) -> Result<Position> {
        let text = self.meta.setting(POSITION).await?;
        let position = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(position.unwrap_or_default())
    }

    async fn open_uploads(&self) -> Result<Vec<UploadState>> {
        let blobs = self.blobs.clone();
        blocking(move || blobs.uploads()).await
    }

    /// Sets the files of content aside that has no row any more, and removes them.
    pub(crate) async fn release(&self, digests: Vec<Digest>) -> Result<Vec<Digest>> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let gone = self.meta.discard(digests).await?;
        let blobs = self.blobs.clone();
        blocking(move || blobs.empty_trash()).await?;
        Ok(gone)
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StorageError::Internal(format!("writing JSON: {e}")))
}

/// Runs what waits for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StorageError::Internal(format!("a thread failed: {e}")))?
}

fn digests(blobs: &[BlobInfo]) -> Vec<Digest> {
    blobs.iter().map(|blob| blob.digest.clone()).collect()
}

fn parse_name(text: Option<String>) -> Option<RepositoryName> {
    text.and_then(|text| text.parse().ok())
}
