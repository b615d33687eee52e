//! Quotas, whoever races for what is left.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{
    BlobInfo, Chunk, OpenUploads, Policies, PutManifest, QuotaRule, QuotaScope, Storage,
    StorageError, StorageOptions, UploadId,
};
use tokio::sync::oneshot::{Sender, channel};
use tokio::task::JoinSet;

use crate::support::{
    TestStorage, at, body, image_of, index_of, new_manifest, nothing, origin, repo, tag, whole,
};

type Result<T> = std::result::Result<T, StorageError>;

fn quota(repositories: &str, scope: QuotaScope, bytes: u64, tags: u64) -> Policies {
    Policies {
        quotas: vec![QuotaRule {
            repositories: vec![repositories.into()],
            scope,
            bytes: Some(bytes),
            tags: Some(tags),
        }],
        ..Policies::default()
    }
}

fn with(policies: Policies) -> TestStorage {
    TestStorage::with(|options| options.policies = policies)
}

async fn mount(test: &TestStorage, to: &str, digest: &Digest, from: &str) -> Result<BlobInfo> {
    let (to, from) = (repo(to), repo(from));
    test.storage.mount_blob(&to, digest, &from, &origin()).await
}

async fn put_blob(test: &TestStorage, name: &str, content: &[u8], known: bool) -> Result<BlobInfo> {
    let mut chunk = whole(content);
    chunk.length = chunk.length.filter(|_| known);
    let digest = Digest::of(content);
    test.storage.put_blob(&repo(name), &digest, chunk).await
}

async fn put(test: &TestStorage, tags: &[&str], bytes: &Bytes) -> Result<PutManifest> {
    let manifest = new_manifest(tags, bytes);
    let storage = &test.storage;
    storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await
}

/// A body that comes at once is removed by a task of its own.
async fn nothing_is_left(test: &TestStorage) {
    while !test.files("uploads").is_empty() {
        tokio::task::yield_now().await;
    }
}

fn exceeded<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(StorageError::QuotaExceeded(why)) => why,
        other => panic!("not a quota: {other:?}"),
    }
}

#[tokio::test]
async fn of_each_repository() {
    let test = with(quota("team/*", QuotaScope::Each, 10, 100));
    let storage = &test.storage;
    let eight = test.push("team/a", b"12345678").await;
    // It is known at the beginning that this won't fit: not a byte is read.
    assert_eq!(
        exceeded(put_blob(&test, "team/a", b"abc", true).await),
        "the repository may have 10 bytes, has 8, and this needs 3 more"
    );
    assert_eq!(test.files("uploads"), [""; 0]);
    let digest = test.push("team/b", b"abc").await;
    test.push("other", b"more than ten bytes").await;
    // What is there already needs nothing.
    test.push("team/a", b"12345678").await;
    // Whose length isn't known is refused when it is.
    exceeded(put_blob(&test, "team/a", b"abc", false).await);
    nothing_is_left(&test).await;
    let found = storage.blob(&repo("team/a"), &digest, false).await;
    assert!(found.is_err());
    exceeded(mount(&test, "team/a", &digest, "team/b").await);
    test.push("team/a", b"xy").await;
    storage
        .delete_blob(&repo("team/a"), &eight, &origin())
        .await
        .unwrap();
    mount(&test, "team/a", &digest, "team/b").await.unwrap();
}

#[tokio::test]
async fn of_all_together() {
    let test = with(quota("team/**", QuotaScope::Together, 10, 100));
    test.push("team/a", b"12345").await;
    test.push("team/x/b", b"12345").await;
    test.push("teams", b"12345678").await;
    assert_eq!(
        exceeded(put_blob(&test, "team/c", b"!", true).await),
        "team/** may have 10 bytes, has 10, and this needs 1 more"
    );
}

#[tokio::test]
async fn of_resumed_uploads() {
    let test = with(quota("app", QuotaScope::Each, 10, 100));
    let (storage, app) = (&test.storage, repo("app"));
    let id = begun(&test).await;
    storage.append(&app, &id, at(0, b"123456")).await.unwrap();
    storage.append(&app, &id, at(6, b"7890")).await.unwrap();
    // A mount isn't uploaded, and doesn't wait for what is.
    let other = test.push("other", b"x").await;
    mount(&test, "app", &other, "other").await.unwrap();
    let digest = Digest::of(b"1234567890");
    // The request that ends it may say that it has no bytes itself, or say nothing.
    exceeded(storage.finish_upload(&app, &id, whole(b""), &digest).await);
    // It can never come in: nothing is left of it.
    assert_eq!(test.files("uploads"), [""; 0]);
    let id = begun(&test).await;
    storage.append(&app, &id, at(0, b"123456")).await.unwrap();
    let other = test.push("other", b"yzyz").await;
    mount(&test, "app", &other, "other").await.unwrap();
    let digest = Digest::of(b"123456");
    exceeded(storage.finish_upload(&app, &id, nothing(), &digest).await);
    assert_eq!(test.files("uploads"), [""; 0]);
    let id = begun(&test).await;
    storage.append(&app, &id, at(0, b"123")).await.unwrap();
    exceeded(storage.append(&app, &id, at(3, b"456")).await);
    assert_eq!(test.files("uploads"), [""; 0]);
}

async fn begun(test: &TestStorage) -> UploadId {
    let app = repo("app");
    let begun = test.storage.start_upload(&app, Algorithm::Sha256);
    begun.await.unwrap()
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off() {
    let test = with(quota("app", QuotaScope::Each, 10, 100));
    let endless = || {
        let mut pieces = vec![Ok(Bytes::from_static(b"123456")); 3];
        pieces.push(Err("it was read on".into()));
        Chunk {
            body: body(pieces),
            ..nothing()
        }
    };
    let (storage, app) = (&test.storage, repo("app"));
    let digest = Digest::of(b"123456123456123456");
    exceeded(storage.append(&app, &begun(&test).await, endless()).await);
    let id = begun(&test).await;
    exceeded(storage.finish_upload(&app, &id, endless(), &digest).await);
    exceeded(storage.put_blob(&app, &digest, endless()).await);
    nothing_is_left(&test).await;
}

#[tokio::test]
async fn of_manifests_and_tags() {
    let test = with(quota("app", QuotaScope::Each, 100_000, 2));
    let bytes = test.image("app", "one").await;
    test.put("app", &["a", "b"], &bytes).await;
    test.put("app", &["a", "b"], &bytes).await;
    assert_eq!(
        exceeded(put(&test, &["c"], &bytes).await),
        "the repository may have 2 tags, has 2, and this needs 1 more"
    );
    // A tag may move, and content without a tag may come.
    let other = test.image("app", "two").await;
    put(&test, &["a"], &other).await.unwrap();
    test.storage
        .delete_tag(&repo("app"), &tag("b"), &origin())
        .await
        .unwrap();
    put(&test, &["c"], &other).await.unwrap();
    // A rule that comes later doesn't take away what is there, but lets nothing more in.
    test.storage
        .set_policies(&quota("app", QuotaScope::Each, 10, 1))
        .unwrap();
    put(&test, &["c"], &other).await.unwrap();
    exceeded(put(&test, &[], &index_of(&[&bytes], "")).await);
    assert!(
        test.storage
            .set_policies(&quota("a[", QuotaScope::Each, 1, 1))
            .is_err()
    );
    exceeded(put(&test, &[], &index_of(&[&bytes], "")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_can_not_exceed_it() {
    let test = with(quota("app", QuotaScope::Each, 50, 100));
    let mut pushes = JoinSet::new();
    for number in 0..20 {
        let storage = test.storage.clone();
        pushes.spawn(async move {
            let content = format!("ten bytes{number:x}");
            let content = &content.as_bytes()[content.len() - 10..];
            let digest = Digest::of(content);
            let mut chunk = whole(content);
            chunk.length = None;
            storage.put_blob(&repo("app"), &digest, chunk).await.is_ok()
        });
    }
    let won = pushes.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 5);
    assert_eq!(test.files("blobs/sha256").len(), 5);
}

/// A body that says nothing of its length, sends this, and goes on when it is let.
fn held_back(content: &'static [u8]) -> (Chunk, Sender<()>) {
    let (sender, go_on) = channel();
    let first = stream::iter([Ok(Bytes::from_static(content))]);
    // Whoever doesn't let it go on breaks it off.
    let last = stream::once(go_on).filter_map(|went: std::result::Result<(), _>| async move {
        went.is_err()
            .then(|| Err("the client went away".to_owned()))
    });
    let chunk = Chunk {
        body: first.chain(last).boxed(),
        ..nothing()
    };
    (chunk, sender)
}

/// Waits until all uploads have, or are about to have, so many bytes.
async fn open_bytes(storage: &Storage, bytes: u64) {
    while storage.open_uploads().bytes != bytes {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn uploads_side_by_side_share_what_is_left() {
    for scope in [QuotaScope::Each, QuotaScope::Together] {
        let test = with(quota("team/**", scope, 20, 100));
        let storage = &test.storage;
        test.push("team/a", b"12345").await;
        let other = match scope {
            QuotaScope::Each => "team/a",
            QuotaScope::Together => "team/b",
        };
        let (chunk, go_on) = held_back(b"abcdefghij");
        let (sending, digest) = (storage.clone(), Digest::of(b"abcdefghij"));
        let first =
            tokio::spawn(async move { sending.put_blob(&repo("team/a"), &digest, chunk).await });
        open_bytes(storage, 10).await;
        let why = exceeded(put_blob(&test, other, b"123456", true).await);
        assert!(
            why.contains("has 5 and 10 that other uploads bring, and this needs 6 more"),
            "{why}"
        );
        // Neither does it fit when it doesn't say so beforehand.
        exceeded(put_blob(&test, other, b"123456", false).await);
        test.push("elsewhere", b"123456 and many more bytes").await;
        test.push(other, b"xyzzy").await;
        go_on.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(storage.open_uploads(), OpenUploads::default());
        exceeded(put_blob(&test, other, b"!", true).await);
    }
}

#[tokio::test]
async fn what_was_reserved_is_given_back() {
    let test = with(quota("app", QuotaScope::Each, 10, 100));
    let (storage, app) = (&test.storage, repo("app"));
    // Given up by its client.
    let id = begun(&test).await;
    storage.append(&app, &id, at(0, b"123456")).await.unwrap();
    exceeded(put_blob(&test, "app", b"abcde", true).await);
    storage.cancel_upload(&app, &id).await.unwrap();
    test.push("app", b"abcde").await;
    // Broken off: what arrived is there, and no more.
    let id = begun(&test).await;
    let broken = body(vec![Ok(Bytes::from_static(b"12")), Err("gone".into())]);
    let chunk = Chunk {
        length: Some(5),
        body: broken,
        ..nothing()
    };
    assert!(storage.append(&app, &id, chunk).await.is_err());
    assert_eq!(storage.open_uploads(), OpenUploads { count: 1, bytes: 2 });
    exceeded(put_blob(&test, "app", b"abcd", true).await);
    test.push("app", b"abc").await;
    // Refused, and so given up.
    exceeded(storage.append(&app, &id, at(2, b"3")).await);
    assert_eq!(storage.open_uploads(), OpenUploads::default());
    // With another digest than was said.
    let chunk = whole(b"12");
    let digest = Digest::of(b"other");
    assert!(storage.put_blob(&app, &digest, chunk).await.is_err());
    // Abandoned in the middle.
    let (chunk, go_on) = held_back(b"12");
    let digest = Digest::of(b"12");
    let sending = (storage.clone(), app.clone());
    let request = tokio::spawn(async move {
        let (storage, app) = sending;
        storage.put_blob(&app, &digest, chunk).await
    });
    open_bytes(storage, 2).await;
    request.abort();
    open_bytes(storage, 0).await;
    drop(go_on);
    test.push("app", b"yz").await;
}

#[tokio::test]
async fn uploads_of_before_a_restart_count() {
    let test = TestStorage::new();
    let app = repo("app");
    let id = begun(&test).await;
    test.storage
        .append(&app, &id, at(0, b"123456"))
        .await
        .unwrap();
    let mut options = StorageOptions::new(test.directory.path());
    options.policies = quota("app", QuotaScope::Each, 10, 100);
    let again = Storage::open(options).unwrap();
    assert_eq!(again.open_uploads(), OpenUploads { count: 1, bytes: 6 });
    let digest = Digest::of(b"abcde");
    let put = async || again.put_blob(&app, &digest, whole(b"abcde")).await;
    exceeded(put().await);
    // Another process gives it up: housekeeping hears of it.
    test.storage.cancel_upload(&app, &id).await.unwrap();
    exceeded(put().await);
    again.flush().await.unwrap();
    put().await.unwrap();
}

#[tokio::test]
async fn an_upload_that_became_a_blob_counts_once() {
    let test = TestStorage::new();
    let app = repo("app");
    let id = begun(&test).await;
    let storage = &test.storage;
    storage.append(&app, &id, at(0, b"123456")).await.unwrap();
    // As after a crash between the commit and the end of the upload.
    let root = test.directory.path();
    let data = root.join("uploads").join(id.as_str()).join("data");
    std::fs::hard_link(data, root.join("blobs/sha256/named")).unwrap();
    let again = test.again().open_uploads();
    assert_eq!(again, OpenUploads { count: 1, bytes: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_never_has_more_on_disk() {
    let test = with(quota("app", QuotaScope::Each, 50, 100));
    let (mut uploads, mut letting) = (JoinSet::new(), Vec::new());
    for number in 0..20 {
        let (chunk, go_on) = held_back(b"0123456789");
        letting.push(go_on);
        let storage = test.storage.clone();
        uploads.spawn(async move {
            let app = repo("app");
            let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
            let appended = storage.append(&app, &id, chunk).await;
            if number % 2 == 0 && appended.is_ok() {
                storage.cancel_upload(&app, &id).await.unwrap();
            }
            appended.is_ok()
        });
    }
    let mut won = 0;
    for _ in 0..15 {
        won += usize::from(uploads.join_next().await.unwrap().unwrap());
    }
    assert_eq!(won, 0, "fifteen had no room");
    let held = test.storage.open_uploads();
    assert_eq!(
        held,
        OpenUploads {
            count: 5,
            bytes: 50
        }
    );
    letting.into_iter().for_each(|go_on| {
        let _ = go_on.send(());
    });
    while let Some(one) = uploads.join_next().await {
        won += usize::from(one.unwrap());
    }
    assert_eq!(won, 5);
}

/// What the database has counted, and what is there.
fn counts(test: &TestStorage) -> Vec<(String, i64, i64)> {
    let path = test.directory.path().join("registry.db");
    let db = rusqlite::Connection::open(path).unwrap();
    let mut sql = db
        .prepare(
            "SELECT r.name, r.bytes,
                 (SELECT coalesce(sum(b.size), 0) FROM repository_blob rb
                  JOIN blob b ON b.id = rb.blob_id WHERE rb.repository_id = r.id)
               + (SELECT coalesce(sum(size), 0) FROM manifest WHERE repository_id = r.id)
             FROM repository r ORDER BY r.name",
        )
        .unwrap();
    let rows = sql.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(|row| row.unwrap()).collect()
}

#[tokio::test]
async fn the_count_is_exact() {
    let test = TestStorage::with(|options| options.grace = std::time::Duration::ZERO);
    let storage = &test.storage;
    let one = test.image("a", "one").await;
    let digest = test.put("a", &["v1"], &one).await;
    test.put("a", &["v1", "v2"], &one).await;
    test.push("a", b"layer of one").await;
    test.push("a", b"nobody's").await;
    test.push("b", b"layer of one").await;
    let layer = Digest::of(b"layer of one");
    for _ in 0..2 {
        storage
            .mount_blob(&repo("c"), &layer, &repo("a"), &origin())
            .await
            .unwrap();
    }
    let refused = image_of(b"not there", &[], "");
    let refused = new_manifest(&["x"], &refused);
    let put = storage.put_manifest(&repo("a"), refused, &origin()).await;
    assert!(put.is_err());
    let check = || {
        for (name, counted, there) in counts(&test) {
            assert_eq!(counted, there, "{name}");
        }
    };
    check();
    storage
        .delete_blob(&repo("c"), &layer, &origin())
        .await
        .unwrap();
    check();
    storage
        .collect(&Default::default(), &mut |_| {})
        .await
        .unwrap();
    check();
    storage
        .delete_manifest(&repo("a"), &digest, &origin())
        .await
        .unwrap();
    check();
    storage
        .collect(&Default::default(), &mut |_| {})
        .await
        .unwrap();
    check();
    let bytes: Vec<i64> = counts(&test)
        .into_iter()
        .map(|(_, bytes, _)| bytes)
        .collect();
    assert_eq!(bytes, [0, 0, 0]);
}
