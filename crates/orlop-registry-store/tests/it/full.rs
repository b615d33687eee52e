//! A disk that is full.

use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{Storage, StorageError, StorageOptions};
use orlop_testing::SmallDisk;

use crate::support::{image_of, new_manifest, origin, read, repo, whole};

#[tokio::test]
async fn root_nothing_is_left_half_done() {
    let Some(disk) = SmallDisk::new(4) else {
        return;
    };
    let storage = Storage::open(StorageOptions::new(disk.path())).unwrap();
    let app = repo("app");
    let uploads = || {
        std::fs::read_dir(disk.path().join("uploads"))
            .unwrap()
            .count()
    };
    let large = vec![5; 8 << 20];
    let no_space = StorageError::NoSpace;

    let refused = storage
        .put_blob(&app, &Digest::of(&large), whole(&large))
        .await;
    assert_eq!(refused, Err(no_space.clone()));
    while uploads() > 0 {
        tokio::task::yield_now().await;
    }

    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    assert_eq!(storage.append(&app, &id, whole(b"kept ")).await, Ok(5));
    let refused = storage.append(&app, &id, whole(&large)).await;
    assert_eq!(refused, Err(no_space.clone()));
    assert_eq!(storage.upload_offset(&app, &id).await, Ok(5));
    let digest = Digest::of(b"kept and done");
    let done = storage
        .finish_upload(&app, &id, whole(b"and done"), &digest)
        .await;
    assert_eq!(done.unwrap().size, 13);
    assert_eq!(read(&storage, "app", &digest).await, b"kept and done");

    // Now the very last page is gone: nothing can be put, everything can be read.
    disk.fill();
    let manifest = || new_manifest(&["v1"], &image_of(b"kept and done", &[], ""));
    let refused = storage.put_manifest(&app, manifest(), &origin()).await;
    assert_eq!(refused, Err(no_space.clone()));
    let refused = storage
        .start_upload(&app, Algorithm::Sha256)
        .await
        .map(drop);
    assert_eq!(refused, Err(no_space));
    assert_eq!(read(&storage, "app", &digest).await, b"kept and done");
    disk.free();
    storage
        .put_manifest(&app, manifest(), &origin())
        .await
        .unwrap();
    while uploads() > 0 {
        tokio::task::yield_now().await;
    }
}
