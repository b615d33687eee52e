//! Every file of a store of blobs, a batch at a time, read on a thread of its own.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{BlobEntry, BlobStore, StorageError};

/// Files in one batch.
const BATCH: usize = 1000;

/// Begins to read. An error is the last item; dropping the receiver ends it.
pub(crate) fn in_batches(
    blobs: Arc<dyn BlobStore>,
) -> mpsc::Receiver<Result<Vec<BlobEntry>, StorageError>> {
    let (batches, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        let ended = || StorageError::Internal("nobody wants the list any more".into());
        let read = blobs.each(&mut |entry| {
            batch.push(entry);
            if batch.len() < BATCH {
                return Ok(());
            }
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            batches.blocking_send(Ok(full)).map_err(|_| ended())
        });
        // Nobody listens any more when these fail.
        let _ = batches.blocking_send(Ok(batch));
        if let Err(error) = read {
            let _ = batches.blocking_send(Err(error));
        }
    });
    receiver
}
