//! All blobs, on as many threads as there are processors: the biggest first, so that none is left
//! with a big one at the end.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use orlop_store::{BlobFault, BlobInfo, Error as StoreError, Thing};

use super::{Damage, Outcome, Repair};
use crate::error::{Error, Result};
use crate::event::{Event, Work};

/// Progress is told each time that so many bytes are done.
const STEP: u64 = 8 << 20;

impl Repair<'_> {
    pub(super) fn blobs(&mut self) -> Result<()> {
        let mut blobs = self.images.store.blobs()?;
        blobs.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.digest.cmp(&b.digest)));
        self.report.blobs = blobs.len();
        let (faults, bytes) = self.check(&blobs)?;
        self.report.bytes = bytes;
        for (blob, fault) in faults {
            self.damaged(&blob, fault)?;
        }
        let orphans = self.images.store.orphans()?;
        if !orphans.is_empty() {
            let length = |digest| std::fs::metadata(self.images.store.blob_path(digest));
            let bytes = orphans
                .iter()
                .filter_map(|d| length(d).ok())
                .map(|m| m.len());
            self.found(
                Damage::Orphans {
                    count: orphans.len(),
                    bytes: bytes.sum(),
                },
                Outcome::Harmless("the next prune removes them".to_owned()),
            );
        }
        Ok(())
    }

    /// The damaged ones, by digest, and how many bytes were read.
    fn check(&self, blobs: &[BlobInfo]) -> Result<(Vec<(BlobInfo, BlobFault)>, u64)> {
        let total: u64 = blobs.iter().map(|blob| blob.size).sum();
        let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
        let blobs_done = AtomicUsize::new(0);
        let faults = Mutex::new(Vec::new());
        let depth = self.options.depth();
        let flag = self.cancel.flag();
        let tell = |count: u64| {
            let before = done.fetch_add(count, Ordering::Relaxed);
            if before / STEP != (before + count) / STEP {
                self.events.emit(Event::Work(Work {
                    what: "Checking",
                    done: blobs_done.load(Ordering::Relaxed) as u64,
                    total: Some(blobs.len() as u64),
                    unit: "blobs",
                    bytes: before + count,
                    total_bytes: Some(total),
                    note: None,
                }));
            }
        };
        let work = || -> Result<()> {
            while let Some(blob) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let fault = self
                    .images
                    .store
                    .check_blob(blob, depth, flag, &mut |n| tell(n))?;
                blobs_done.fetch_add(1, Ordering::Relaxed);
                if let Some(fault) = fault {
                    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                    faults.push((blob.clone(), fault));
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.options.threads().min(blobs.len()))
                .map(|_| scope.spawn(work))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        let mut faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        faults.sort_by(|a, b| a.0.digest.cmp(&b.0.digest));
        Ok((faults, done.into_inner()))
    }

    fn damaged(&mut self, blob: &BlobInfo, fault: BlobFault) -> Result<()> {
        self.damaged.insert(blob.digest.clone());
        // Asked for before its row goes.
        let images = self.needed_by(&Thing::Blob(blob.digest.clone()))?;
        let outcome = if self.options.dry_run {
            Outcome::Remains("it can be put aside, and pulled again".to_owned())
        } else {
            let depth = self.options.depth();
            let aside = self
                .images
                .store
                .quarantine_blob(blob, depth, self.cancel.flag());
            match aside {
                Ok(true) if fault == BlobFault::Missing => {
                    Outcome::Repaired("forgotten".to_owned())
                }
                Ok(true) => Outcome::Repaired("put aside in quarantine".to_owned()),
                // Somebody brought it again meanwhile.
                Ok(false) => return Ok(()),
                Err(StoreError::Cancelled) => return Err(Error::Cancelled),
                Err(error) => Outcome::Remains(error.to_string()),
            }
        };
        self.found(
            Damage::Blob {
                digest: blob.digest.clone(),
                fault,
                images,
            },
            outcome,
        );
        Ok(())
    }
}
