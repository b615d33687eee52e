//! What goes on in the background: layouts, times of pulls, uploads that nobody goes on with, trash.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::meta_store::AccountKind;
use crate::storage::Inner;
use crate::{Storage, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// How often it looks whether a layout is behind.
const LAYOUTS: Duration = Duration::from_millis(800);
/// How often notes of pulls are written.
const PULLS: Duration = Duration::from_secs(5);
/// How often it looks for uploads that expired, and for trash.
const UPLOADS: Duration = Duration::from_secs(60);

/// A pass that failed, for the log. The next one tries again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{task}: {error}")]
pub struct HousekeepingError {
    /// Which pass.
    pub task: &'static str,
    /// Why.
    pub error: StorageError,
}

impl Storage {
    /// Does what has to be done beside requests, until the future is dropped. `failed` is told what
    /// went wrong. One process of a registry runs it.
    pub async fn housekeeping(&self, mut failed: impl FnMut(HousekeepingError) + Send) {
        let every = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let (mut layouts, mut pulls, mut uploads) = (every(LAYOUTS), every(PULLS), every(UPLOADS));
        let inner = self.inner();
        loop {
            let (task, done) = tokio::select! {
                _ = layouts.tick() => ("layouts", inner.refresh_layouts().await),
                _ = pulls.tick() => ("pulls", inner.write_pulls().await),
                _ = uploads.tick() => ("uploads and trash", inner.sweep().await),
            };
            if let Err(error) = done {
                failed(HousekeepingError { task, error });
            }
        }
    }

    /// Does all of it once: before the process ends, and in tests.
    ///
    /// # Errors
    /// What went wrong first.
    pub async fn flush(&self) -> Result<()> {
        let inner = self.inner();
        inner.write_pulls().await?;
        inner.refresh_layouts().await?;
        inner.sweep().await
    }
}

impl Inner {
    async fn refresh_layouts(&self) -> Result<()> {
        self.layouts.refresh(&self.meta).await
    }

    async fn write_pulls(&self) -> Result<()> {
        let robots = self.robots_used.take();
        if !robots.is_empty() {
            let kind = AccountKind::Robot;
            self.meta.accounts_used(kind, robots).await?;
        }
        let (notes, events) = self.pulls.take();
        if notes.is_empty() && events.is_empty() {
            return Ok(());
        }
        self.meta.note_pulls(notes, events).await
    }

    async fn sweep(&self) -> Result<()> {
        self.uploads.expire(self.options.upload_expiry).await?;
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || blobs.empty_trash())
            .await
            .map_err(|e| StorageError::Internal(format!("emptying the trash: {e}")))?
            .map(drop)
    }
}
