//! What every store of blobs and every store of metadata must do, as functions that take one. A new
//! store is right when it passes them.

mod blobs;
mod meta;

use std::sync::Arc;

use jiff::Timestamp;
use orlop_oci::Digest;
use orlop_registry_store::{BlobStore, LocalBlobs, Sqlite, Staged, UploadId};

/// The `n`th ID.
fn id(n: u32) -> UploadId {
    UploadId::parse(&format!("{n:032x}")).unwrap()
}

/// Content that waits to be named.
fn stage(blobs: &dyn BlobStore, upload: UploadId, content: &[u8]) -> Staged {
    let mut data = blobs.start(&upload, None).unwrap();
    data.write(content).unwrap();
    data.sync().unwrap();
    Staged {
        upload,
        digest: Digest::of(content),
        size: content.len() as u64,
        begun_at: Timestamp::now(),
    }
}

#[tokio::test]
async fn local_blobs() {
    let directory = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn BlobStore> { Arc::new(LocalBlobs::open(directory.path()).unwrap()) };
    blobs::uploads(&*open(), &*open());
    blobs::content(&*open()).await;
    blobs::unnamed(&*open()).await;
}

#[tokio::test]
async fn sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let blobs: Arc<dyn BlobStore> = Arc::new(LocalBlobs::open(directory.path()).unwrap());
    let database = directory.path().join("registry.db");
    let open = || Sqlite::open(&database, blobs.clone()).unwrap();
    meta::blobs(&open(), &*blobs).await;
    meta::manifests(&open(), &*blobs).await;
    meta::children(&open(), &*blobs).await;
    meta::layouts(&open(), &*blobs).await;
    meta::accounts(&open()).await;
    meta::failed_placing_changes_nothing(&open()).await;
}
