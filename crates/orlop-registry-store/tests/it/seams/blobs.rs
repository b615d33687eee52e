//! What a store of blobs must do.

use jiff::Timestamp;
use orlop_oci::Digest;
use orlop_registry_store::{BlobStore, Resumed, Staged, StorageError, UploadAbout};

use super::{id, stage};
use crate::support::content as bytes_of;

/// Uploads, seen by two processes.
pub(super) fn uploads(here: &dyn BlobStore, there: &dyn BlobStore) {
    let about = UploadAbout {
        repository: "team/app".into(),
        algorithm: "sha512".into(),
        begun_at: Timestamp::now(),
    };
    assert_eq!(here.about(&id(1)).unwrap(), None);
    assert!(matches!(here.resume(&id(1)).unwrap(), Resumed::Unknown));
    let mut data = here.start(&id(1), Some(&about)).unwrap();
    assert!(data.is_empty());
    assert!(
        here.start(&id(1), Some(&about)).is_err(),
        "an ID is used once"
    );
    assert_eq!(here.about(&id(1)).unwrap(), Some((about.clone(), 0)));
    data.write(b"hello ").unwrap();
    data.write(b"world").unwrap();
    // While it is held nobody else gets it, and its length can be seen.
    assert!(matches!(there.resume(&id(1)).unwrap(), Resumed::Busy));
    assert!(matches!(here.resume(&id(1)).unwrap(), Resumed::Busy));
    assert_eq!(there.about(&id(1)).unwrap(), Some((about, 11)));
    let states = there.uploads().unwrap();
    assert_eq!(states.len(), 1);
    assert!(states[0].busy && states[0].resumable);
    assert_eq!(states[0].repository.as_deref(), Some("team/app"));
    drop(data);

    let Resumed::Ready(mut data) = there.resume(&id(1)).unwrap() else {
        panic!("nobody holds it");
    };
    assert_eq!(data.len(), 11);
    data.truncate(5).unwrap();
    data.write(b"!").unwrap();
    assert_eq!(data.len(), 6);
    let mut seen = Vec::new();
    data.replay(&mut |bytes| seen.extend_from_slice(bytes))
        .unwrap();
    assert_eq!(seen, b"hello!");
    drop(data);
    assert!(!here.uploads().unwrap()[0].busy);
    there.cancel(&id(1)).unwrap();
    there.cancel(&id(1)).unwrap();
    assert_eq!(here.about(&id(1)).unwrap(), None);
    assert!(here.uploads().unwrap().is_empty());

    // A body that comes at once can't be found by those who might go on with it.
    drop(here.start(&id(2), None).unwrap());
    assert_eq!(there.about(&id(2)).unwrap(), None);
    assert!(!there.uploads().unwrap()[0].resumable);
    here.cancel(&id(2)).unwrap();
}

/// Blobs: placed, read, discarded.
pub(super) async fn content(store: &dyn BlobStore) {
    let digest = Digest::of(b"content");
    assert_eq!(store.size(&digest).await.unwrap(), None);
    assert!(store.open(&digest).await.unwrap().is_none());
    assert_eq!(store.read(&digest, 100).await.unwrap(), None);
    assert_eq!(store.discard(&digest), Ok(false));

    let staged = stage(store, id(3), b"content");
    assert_eq!(store.size(&digest).await.unwrap(), None, "not before");
    store.place(&staged).unwrap();
    store.settle().unwrap();
    store.cancel(&staged.upload).unwrap();
    assert_eq!(store.size(&digest).await.unwrap(), Some(7));
    let open = store.open(&digest).await.unwrap().unwrap();
    assert_eq!((&open.info.digest, open.info.size), (&digest, 7));
    let read = store.read(&digest, 7).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"content"[..]));
    let damaged = store.read(&digest, 6).await;
    assert!(matches!(damaged, Err(StorageError::Damaged { .. })));
    // Again, over what is there.
    store.place(&stage(store, id(4), b"content")).unwrap();
    store.cancel(&id(4)).unwrap();
    let mut all = Vec::new();
    store
        .each(&mut |entry| {
            all.push((entry.digest, entry.size));
            Ok(())
        })
        .unwrap();
    assert_eq!(all, [(digest.clone(), 7)]);

    assert_eq!(store.discard(&digest), Ok(true));
    store.settle().unwrap();
    assert_eq!(store.size(&digest).await.unwrap(), None);
    assert_eq!(bytes_of(open), b"content", "who reads it, goes on");
    // What comes back isn't what was thrown away.
    store.place(&stage(store, id(5), b"content")).unwrap();
    store.cancel(&id(5)).unwrap();
    assert_eq!(store.empty_trash().unwrap(), 7);
    assert_eq!(store.empty_trash().unwrap(), 0);
    assert_eq!(store.size(&digest).await.unwrap(), Some(7));
    assert!(
        store.place(&stage(store, id(6), b"x")).is_ok() && store.uploads().unwrap().len() == 1,
        "what is left of a placed upload is still to be cancelled"
    );
    store.cancel(&id(6)).unwrap();
    store.probe().unwrap();
}

/// A crash between placing and naming: the upload is there or it isn't, and is no blob.
pub(super) async fn unnamed(store: &dyn BlobStore) {
    let about = UploadAbout {
        repository: "team/app".into(),
        algorithm: "sha256".into(),
        begun_at: Timestamp::now(),
    };
    let digest = Digest::of(b"whole");
    // The second time, over what the first has left.
    for n in [7, 8] {
        let mut data = store.start(&id(n), Some(&about)).unwrap();
        data.write(b"whole").unwrap();
        data.sync().unwrap();
        let staged = Staged {
            upload: id(n),
            digest: digest.clone(),
            size: 5,
            begun_at: about.begun_at,
        };
        store.place(&staged).unwrap();
        drop(data);
        let there = store.about(&id(n)).unwrap();
        match store.resume(&id(n)).unwrap() {
            Resumed::Unknown => assert_eq!(there, None),
            Resumed::Busy => panic!("nobody holds it"),
            Resumed::Ready(mut data) => {
                assert_eq!((there, data.len()), (Some((about.clone(), 5)), 5));
                match n {
                    7 => {
                        data.truncate(2).unwrap();
                        data.write(b"at else there is").unwrap();
                    }
                    _ => store.place(&staged).unwrap(),
                }
            }
        }
        let read = store.read(&digest, 100).await.unwrap();
        assert_eq!(read.as_deref(), Some(&b"whole"[..]));
        store.cancel(&id(n)).unwrap();
        assert_eq!(store.about(&id(n)).unwrap(), None);
    }
    assert_eq!(store.discard(&digest), Ok(true));
    store.empty_trash().unwrap();
}
