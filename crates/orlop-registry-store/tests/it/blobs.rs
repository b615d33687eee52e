//! Who may read which blob.

use orlop_oci::Digest;
use orlop_registry_store::{EventKind, StorageError};

use crate::support::{TestStorage, origin, read, repo, whole};

type Error = StorageError;

#[tokio::test]
async fn membership_decides_and_not_the_file() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let digest = test.push("a", b"content").await;
    test.push("b", b"other").await;
    assert_eq!(read(storage, "a", &digest).await, b"content");
    let unknown = Err(Error::BlobUnknown(digest.clone()));
    assert_eq!(storage.blob(&repo("b"), &digest, true).await, unknown);
    assert_eq!(
        storage.open_blob(&repo("b"), &digest).await.unwrap_err(),
        Error::BlobUnknown(digest.clone())
    );
    assert_eq!(
        storage.blob(&repo("c"), &digest, true).await,
        Err(Error::NameUnknown(repo("c")))
    );
    // A file alone is nothing.
    let orphan = Digest::of(b"orphan");
    let path = test
        .directory
        .path()
        .join("blobs/sha256")
        .join(orphan.hex());
    std::fs::write(path, b"orphan").unwrap();
    assert_eq!(
        storage.blob(&repo("a"), &orphan, false).await,
        Err(Error::BlobUnknown(orphan))
    );
}

#[tokio::test]
async fn mounts_need_the_membership_of_the_source() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let digest = test.push("a", b"content").await;
    test.push("b", b"other").await;
    let unknown = Err(Error::BlobUnknown(digest.clone()));
    for from in ["b", "nowhere", "c"] {
        let mounted = storage
            .mount_blob(&repo("c"), &digest, &repo(from), &origin())
            .await;
        assert_eq!(mounted, unknown, "{from}");
    }
    assert_eq!(
        storage.blob(&repo("c"), &digest, true).await,
        Err(Error::NameUnknown(repo("c")))
    );
    let info = storage
        .mount_blob(&repo("c"), &digest, &repo("a"), &origin())
        .await
        .unwrap();
    assert_eq!(info.size, 7);
    assert_eq!(read(storage, "c", &digest).await, b"content");
    let holders = storage.holders(&digest, 10).await.unwrap();
    assert_eq!(holders, [repo("a"), repo("c")]);
    assert_eq!(storage.holders(&digest, 1).await.unwrap(), [repo("a")]);
    let events = storage.events(0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventKind::Mount);
    assert_eq!(events[0].note.as_deref(), Some("from a"));
    assert_eq!(events[0].target.as_ref().unwrap().size, 7);

    // Deleting takes it from one repository only.
    storage
        .delete_blob(&repo("a"), &digest, &origin())
        .await
        .unwrap();
    assert_eq!(storage.blob(&repo("a"), &digest, true).await, unknown);
    assert_eq!(
        storage.delete_blob(&repo("a"), &digest, &origin()).await,
        Err(Error::BlobUnknown(digest.clone()))
    );
    assert_eq!(read(storage, "c", &digest).await, b"content");
}

#[tokio::test]
async fn a_blob_that_a_manifest_names_stays() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let manifest = test.put("app", &["v1"], &bytes).await;
    let layer = Digest::of(b"layer of one");
    let in_use = storage.delete_blob(&repo("app"), &layer, &origin()).await;
    assert_eq!(
        in_use,
        Err(Error::InUse(format!("blob {layer} of manifest {manifest}")))
    );
    storage
        .delete_manifest(&repo("app"), &manifest, &origin())
        .await
        .unwrap();
    storage
        .delete_blob(&repo("app"), &layer, &origin())
        .await
        .unwrap();
}

#[tokio::test]
async fn damage_is_told_and_healed_by_the_next_push() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let digest = test.push("a", b"content").await;
    let path = test
        .directory
        .path()
        .join("blobs/sha256")
        .join(digest.hex());
    std::fs::write(&path, b"cont").unwrap();
    let damaged = storage.open_blob(&repo("a"), &digest).await.unwrap_err();
    assert!(matches!(damaged, Error::Damaged { .. }), "{damaged:?}");
    std::fs::remove_file(&path).unwrap();
    let damaged = storage.open_blob(&repo("a"), &digest).await.unwrap_err();
    assert!(matches!(damaged, Error::Damaged { .. }), "{damaged:?}");
    storage
        .put_blob(&repo("a"), &digest, whole(b"content"))
        .await
        .unwrap();
    assert_eq!(read(storage, "a", &digest).await, b"content");
}

#[tokio::test]
async fn another_process_sees_it_at_once() {
    let test = TestStorage::new();
    let other = test.again();
    let digest = test.push("a", b"content").await;
    assert_eq!(read(&other, "a", &digest).await, b"content");
    other
        .delete_blob(&repo("a"), &digest, &origin())
        .await
        .unwrap();
    assert_eq!(
        test.storage.blob(&repo("a"), &digest, true).await,
        Err(Error::BlobUnknown(digest))
    );
}

#[tokio::test]
async fn it_says_when_it_is_not_ready() {
    let test = TestStorage::new();
    test.storage.ready().await.unwrap();
    std::fs::remove_dir_all(test.directory.path().join("uploads")).unwrap();
    assert!(test.storage.ready().await.is_err());
}
