//! Many at once: tasks, and processes.

use std::collections::HashSet;

use bytes::Bytes;
use orlop_oci::Digest;
use orlop_registry_store::EventKind;
use tokio::task::JoinSet;

use crate::support::{
    TestStorage, image, image_of, new_manifest, origin, page, put, read, reference, repo, whole,
};

/// Every event that moves a tag says from where; followed from the first, they end at what the tag
/// names now.
async fn history_is_one_line(test: &TestStorage, name: &str, tag: &str) {
    let events = test.storage.events(0, 10_000).await.unwrap();
    let mut current: Option<Digest> = None;
    let mut last = 0;
    for event in events {
        assert!(event.id > last);
        last = event.id;
        if event.tag.is_none_or(|t| t.as_str() != tag) || event.kind != EventKind::Push {
            continue;
        }
        let target = event.target.unwrap().digest;
        let moved = current.filter(|old| *old != target);
        assert_eq!(event.note, moved.map(|old| format!("moved from {old}")));
        current = Some(target);
    }
    let found = test.storage.manifest(&repo(name), &reference(tag)).await;
    assert_eq!(Some(found.unwrap().digest), current);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_on_the_same_tag() {
    let test = TestStorage::new();
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let storage = test.storage.clone();
        tasks.spawn(async move {
            let bytes = image(&storage, "app", &format!("{}", n % 20)).await;
            let digest = put(&storage, "app", &["latest"], &bytes).await;
            // Somebody's, and whole, at any moment.
            let seen = storage.manifest(&repo("app"), &reference("latest")).await;
            let seen = seen.unwrap();
            assert!(seen.digest.matches(&seen.bytes));
            digest
        });
    }
    let put: HashSet<Digest> = tasks.join_all().await.into_iter().collect();
    assert_eq!(put.len(), 20);
    let tags = test
        .storage
        .tags(&repo("app"), &page(None, 10))
        .await
        .unwrap();
    assert_eq!(tags.entries, ["latest"]);
    history_is_one_line(&test, "app", "latest").await;
    assert!(test.files("uploads").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_blob_from_everywhere() {
    let test = TestStorage::new();
    let content = Bytes::from(vec![3; 100_000]);
    let digest = Digest::of(&content);
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let (storage, content, digest) = (test.storage.clone(), content.clone(), digest.clone());
        tasks.spawn(async move {
            let name = format!("repo{}", n % 8);
            let put = storage
                .put_blob(&repo(&name), &digest, whole(&content))
                .await;
            put.unwrap();
            assert_eq!(read(&storage, &name, &digest).await, content);
        });
    }
    tasks.join_all().await;
    assert_eq!(test.files("blobs/sha256"), [digest.hex()]);
    assert_eq!(test.storage.holders(&digest, 100).await.unwrap().len(), 8);
}

/// A manifest is taken only when everything it names is there, at the moment that it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_blob_and_putting_its_manifest() {
    let test = TestStorage::new();
    let storage = &test.storage;
    for n in 0..40 {
        let config = format!("config {n}");
        let digest = test.push("app", config.as_bytes()).await;
        let manifest = new_manifest(&[], &image_of(config.as_bytes(), &[], ""));
        let (app, me) = (repo("app"), origin());
        let (put, deleted) = tokio::join!(
            storage.put_manifest(&app, manifest, &me),
            storage.delete_blob(&app, &digest, &me)
        );
        assert!(put.is_ok() != deleted.is_ok(), "{put:?} {deleted:?}");
        let there = storage.blob(&app, &digest, false).await;
        assert_eq!(there.is_ok(), put.is_ok());
    }
}

const ROOT: &str = "ORLOP_TEST_MANY_ROOT";
const NUMBER: &str = "ORLOP_TEST_MANY_NUMBER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let number = std::env::var(NUMBER).unwrap();
    let storage =
        orlop_registry_store::Storage::open(orlop_registry_store::StorageOptions::new(root))
            .unwrap();
    for n in 0..10 {
        let bytes = image(&storage, "app", &format!("{n}")).await;
        put(
            &storage,
            "app",
            &["latest", &format!("p{number}-{n}")],
            &bytes,
        )
        .await;
        storage.flush().await.unwrap();
    }
}

#[tokio::test]
async fn many_processes() {
    let test = TestStorage::new();
    let children: Vec<_> = (0..4)
        .map(|number| {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "many::child_process"])
                .env(ROOT, test.directory.path())
                .env(NUMBER, number.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let tags = test
        .storage
        .tags(&repo("app"), &page(None, 100))
        .await
        .unwrap();
    assert_eq!(tags.entries.len(), 41);
    history_is_one_line(&test, "app", "latest").await;
    test.storage.flush().await.unwrap();
    assert!(test.files("uploads").is_empty());
}
