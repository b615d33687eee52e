//! Uploads in one piece and in many, right and wrong.

use bytes::Bytes;
use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{Chunk, StorageError, UploadId};

use crate::support::{TestStorage, at, body, nothing, read, repo, sha512, whole};

type Error = StorageError;

#[tokio::test]
async fn in_chunks() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("team/app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    assert_eq!(storage.upload_offset(&app, &id).await, Ok(0));
    assert_eq!(storage.append(&app, &id, at(0, b"hello ")).await, Ok(6));
    assert_eq!(
        storage.append(&app, &id, at(0, b"hello ")).await,
        Err(Error::RangeInvalid { offset: 6 })
    );
    assert_eq!(
        storage.append(&app, &id, at(7, b"world")).await,
        Err(Error::RangeInvalid { offset: 6 })
    );
    assert_eq!(storage.append(&app, &id, whole(b"wor")).await, Ok(9));
    let digest = Digest::of(b"hello world");
    assert_eq!(
        storage
            .finish_upload(&app, &id, at(0, b"ld"), &digest)
            .await,
        Err(Error::RangeInvalid { offset: 9 })
    );
    let info = storage
        .finish_upload(&app, &id, at(9, b"ld"), &digest)
        .await;
    assert_eq!(info.unwrap().size, 11);
    assert_eq!(read(storage, "team/app", &digest).await, b"hello world");
    assert_eq!(
        storage.upload_offset(&app, &id).await,
        Err(Error::UploadUnknown)
    );
    assert_eq!(
        storage.finish_upload(&app, &id, nothing(), &digest).await,
        Err(Error::UploadUnknown)
    );
    assert!(test.files("uploads").is_empty());
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository() {
    let test = TestStorage::new();
    let (storage, app, other) = (&test.storage, repo("app"), repo("other"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            storage.upload_offset(&other, &id).await,
            Err(Error::UploadUnknown)
        );
        assert_eq!(
            storage.append(&other, &id, whole(b"x")).await,
            Err(Error::UploadUnknown)
        );
        assert_eq!(
            storage.cancel_upload(&other, &id).await,
            Err(Error::UploadUnknown)
        );
        // The second time around the upload is known in memory.
        storage.append(&app, &id, whole(b"x")).await.unwrap();
    }
    let unknown = UploadId::parse("00000000000000000000000000000000").unwrap();
    assert_eq!(
        storage.append(&app, &unknown, whole(b"x")).await,
        Err(Error::UploadUnknown)
    );
    storage.cancel_upload(&app, &id).await.unwrap();
    assert_eq!(
        storage.cancel_upload(&app, &id).await,
        Err(Error::UploadUnknown)
    );
    assert!(test.files("uploads").is_empty());
    // An upload that never became anything leaves no repository.
    let page = crate::support::page(None, 10);
    assert!(
        storage
            .repositories(&page)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn another_algorithm_at_the_end_and_after_a_restart() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let content = vec![7; 600_000];
    for (begun, digest) in [
        (Algorithm::Sha256, sha512(&content)),
        (Algorithm::Sha512, Digest::of(&content)),
        (Algorithm::Sha512, sha512(&content)),
    ] {
        let id = storage.start_upload(&app, begun).await.unwrap();
        storage
            .append(&app, &id, whole(&content[..300_000]))
            .await
            .unwrap();
        // Another process knows nothing of what was hashed.
        let restarted = test.again();
        assert_eq!(restarted.upload_offset(&app, &id).await, Ok(300_000));
        restarted
            .append(&app, &id, at(300_000, &content[300_000..500_000]))
            .await
            .unwrap();
        storage
            .finish_upload(&app, &id, at(500_000, &content[500_000..]), &digest)
            .await
            .unwrap();
        assert_eq!(read(storage, "app", &digest).await, content);
    }
}

#[tokio::test]
async fn a_wrong_digest_ends_it() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let wrong = Digest::of(b"something else");
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    let expected = Error::DigestInvalid {
        expected: wrong.clone(),
        actual: Digest::of(b"content"),
    };
    assert_eq!(
        storage
            .finish_upload(&app, &id, whole(b"content"), &wrong)
            .await,
        Err(expected.clone())
    );
    assert_eq!(
        storage.upload_offset(&app, &id).await,
        Err(Error::UploadUnknown)
    );
    assert_eq!(
        storage.put_blob(&app, &wrong, whole(b"content")).await,
        Err(expected)
    );
    assert!(test.files("uploads").is_empty());
    assert!(test.files("blobs/sha256").is_empty());
    assert_eq!(
        storage.blob(&app, &wrong, false).await,
        Err(Error::NameUnknown(app.clone()))
    );
}

#[tokio::test]
async fn a_wrong_length_is_cut_off_again() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    storage.append(&app, &id, whole(b"kept")).await.unwrap();
    for declared in [1, 5, 400_000] {
        let pieces = vec![
            Ok(Bytes::from_static(b"ab")),
            Ok(vec![b'c'; 300_000].into()),
        ];
        let chunk = Chunk {
            start: Some(4),
            length: Some(declared),
            body: body(pieces),
        };
        let refused = storage.append(&app, &id, chunk).await;
        assert!(
            matches!(refused, Err(Error::SizeInvalid { expected, .. }) if expected == declared),
            "{declared}: {refused:?}"
        );
        assert_eq!(storage.upload_offset(&app, &id).await, Ok(4));
    }
    let digest = Digest::of(b"kept!");
    let done = storage.finish_upload(&app, &id, at(4, b"!"), &digest).await;
    assert_eq!(done.unwrap().size, 5);
}

#[tokio::test]
async fn what_arrived_before_it_broke_off_is_kept() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    let broken = || Chunk {
        start: None,
        length: Some(1_000_000),
        body: body(vec![
            Ok(Bytes::from(vec![1; 200_000])),
            Ok(Bytes::from(vec![2; 10])),
            Err("connection reset".into()),
        ]),
    };
    let lost = storage.append(&app, &id, broken()).await;
    assert_eq!(lost, Err(Error::Body("connection reset".into())));
    assert_eq!(storage.upload_offset(&app, &id).await, Ok(200_010));
    let mut content = vec![1; 200_000];
    content.extend([2; 10]);
    content.extend([3; 5]);
    let digest = Digest::of(&content);
    // It may break off in the last request as well.
    let lost = storage.finish_upload(&app, &id, broken(), &digest).await;
    assert_eq!(lost, Err(Error::Body("connection reset".into())));
    assert_eq!(storage.upload_offset(&app, &id).await, Ok(400_020));
    // In one request there is nothing to go on with.
    let lost = storage.put_blob(&app, &digest, broken()).await;
    assert_eq!(lost, Err(Error::Body("connection reset".into())));
    storage.cancel_upload(&app, &id).await.unwrap();
    until_empty(&test).await;
}

/// What a request leaves when it is dropped is removed by a thread that nobody waits for.
async fn until_empty(test: &TestStorage) {
    while !test.files("uploads").is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_lets_go() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    let (sender, frames) = tokio::sync::mpsc::channel::<Result<Bytes, String>>(1);
    let chunk = Chunk {
        start: None,
        length: None,
        body: Box::pin(futures_util::stream::unfold(frames, |mut frames| async {
            let frame = frames.recv().await?;
            Some((frame, frames))
        })),
    };
    let request = {
        let (storage, app, id) = (storage.clone(), app.clone(), id.clone());
        tokio::spawn(async move { storage.append(&app, &id, chunk).await })
    };
    sender.send(Ok(vec![1; 200_000].into())).await.unwrap();
    // Taken off the channel: the request is at it.
    sender.reserve().await.unwrap();
    while storage.upload_offset(&app, &id).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert_eq!(
        storage.append(&app, &id, at(200_000, b"rest")).await,
        Ok(200_004)
    );
    storage.cancel_upload(&app, &id).await.unwrap();
}

#[tokio::test]
async fn two_requests_at_once() {
    let test = TestStorage::with(|options| options.upload_wait = std::time::Duration::ZERO);
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let first = Ok(Bytes::from(vec![1; 200_000]));
    let chunk = Chunk {
        start: None,
        length: None,
        body: Box::pin(futures_util::stream::unfold(
            (Some(first), Some(released)),
            |(first, released)| async move {
                if first.is_some() {
                    return first.map(|bytes| (bytes, (None, released)));
                }
                released?.await.ok()?;
                Some((Ok(Bytes::from_static(b"end")), (None, None)))
            },
        )),
    };
    let request = {
        let (storage, app, id) = (storage.clone(), app.clone(), id.clone());
        tokio::spawn(async move { storage.append(&app, &id, chunk).await })
    };
    while storage.upload_offset(&app, &id).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    // The first is still at it, seen from this process and from another.
    for second in [storage.clone(), {
        let mut options = storage.options().clone();
        options.upload_wait = std::time::Duration::ZERO;
        orlop_registry_store::Storage::open(options).unwrap()
    }] {
        let refused = second.append(&app, &id, whole(b"x")).await;
        assert_eq!(refused, Err(Error::RangeInvalid { offset: 200_000 }));
    }
    // Nor does it expire.
    storage.flush().await.unwrap();
    release.send(()).unwrap();
    assert_eq!(request.await.unwrap(), Ok(200_003));
}

#[tokio::test]
async fn empty_and_limited() {
    let test = TestStorage::with(|options| options.max_blob_size = Some(10));
    let (storage, app) = (&test.storage, repo("app"));
    let empty = Digest::of(b"");
    storage.put_blob(&app, &empty, nothing()).await.unwrap();
    assert_eq!(read(storage, "app", &empty).await, b"");
    let id = storage.start_upload(&app, Algorithm::Sha512).await.unwrap();
    let info = storage
        .finish_upload(&app, &id, nothing(), &sha512(b""))
        .await;
    assert_eq!(info.unwrap().size, 0);

    let too_large = Error::TooLarge {
        what: "blob",
        limit: 10,
    };
    let content = b"eleven byte";
    let undeclared = || Chunk {
        start: None,
        length: None,
        body: body(vec![Ok(Bytes::from_static(content))]),
    };
    let digest = Digest::of(content);
    for chunk in [whole(content), undeclared()] {
        let refused = storage.put_blob(&app, &digest, chunk).await;
        assert_eq!(refused, Err(too_large.clone()));
    }
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    storage.append(&app, &id, whole(b"four")).await.unwrap();
    let refused = storage.append(&app, &id, whole(b"7 bytes")).await;
    assert_eq!(refused, Err(too_large));
    assert_eq!(storage.upload_offset(&app, &id).await, Ok(4));
    assert_eq!(storage.append(&app, &id, whole(b"6bytes")).await, Ok(10));
}

#[tokio::test]
async fn uploads_expire() {
    let test = TestStorage::with(|options| options.upload_expiry = std::time::Duration::ZERO);
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    storage.append(&app, &id, whole(b"x")).await.unwrap();
    storage.flush().await.unwrap();
    assert_eq!(
        storage.append(&app, &id, whole(b"x")).await,
        Err(Error::UploadUnknown)
    );
    assert!(test.files("uploads").is_empty());
}

/// Who sends slowly must not keep others from sending: there are 512 threads for all.
#[tokio::test]
async fn slow_clients_hold_no_thread() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let mut slow = tokio::task::JoinSet::new();
    let (release, _) = tokio::sync::broadcast::channel::<()>(1);
    for _ in 0..600 {
        let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
        let (storage, app) = (storage.clone(), app.clone());
        let (sent, released) = (Ok(Bytes::from_static(b"slow")), release.subscribe());
        let chunk = Chunk {
            start: None,
            length: None,
            body: Box::pin(futures_util::stream::unfold(Some(sent), move |sent| {
                let mut released = released.resubscribe();
                async move {
                    if let Some(sent) = sent {
                        return Some((sent, None));
                    }
                    let _ = released.recv().await;
                    None
                }
            })),
        };
        slow.spawn(async move { storage.append(&app, &id, chunk).await });
    }
    let digest = Digest::of(b"quick");
    let put = storage.put_blob(&app, &digest, whole(b"quick")).await;
    assert_eq!(put.unwrap().size, 5);
    drop(release);
    for done in slow.join_all().await {
        assert_eq!(done, Ok(4));
    }
}
