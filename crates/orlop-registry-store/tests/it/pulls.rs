//! When things were pulled.

use orlop_registry_store::{EventKind, TagName};
use rusqlite::Connection;

use crate::support::{TestStorage, by, origin, reference, repo};

fn pulled_at(test: &TestStorage, sql: &str) -> Option<i64> {
    let db = Connection::open(test.directory.path().join("registry.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn they_are_written_later() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let digest = test.put("app", &["v1"], &bytes).await;
    let events = storage.events(0, 10).await.unwrap().len();
    let of_tag = "SELECT pulled_at FROM tag";
    let of_manifest = "SELECT pulled_at FROM manifest";
    storage.pulled(&repo("app"), &by(&digest), &digest, &origin());
    assert_eq!(pulled_at(&test, of_manifest), None);
    storage.flush().await.unwrap();
    let first = pulled_at(&test, of_manifest);
    assert!(first.is_some());
    assert_eq!(pulled_at(&test, of_tag), None);
    storage.pulled(&repo("app"), &reference("v1"), &digest, &origin());
    storage.pulled(&repo("gone"), &reference("v1"), &digest, &origin());
    storage.flush().await.unwrap();
    assert!(pulled_at(&test, of_manifest) > first);
    assert_eq!(pulled_at(&test, of_manifest), pulled_at(&test, of_tag));
    assert_eq!(storage.events(0, 10).await.unwrap().len(), events);
}

#[tokio::test]
async fn they_can_be_events() {
    let test = TestStorage::with(|options| options.pull_events = true);
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let digest = test.put("app", &["v1"], &bytes).await;
    for wanted in [reference("v1"), reference("v1"), by(&digest)] {
        storage.pulled(&repo("app"), &wanted, &digest, &origin());
    }
    storage.flush().await.unwrap();
    let events = storage.events(1, 10).await.unwrap();
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.tag.as_ref().map(TagName::as_str)))
        .collect();
    let pull = EventKind::Pull;
    assert_eq!(seen, [(pull, Some("v1")), (pull, Some("v1")), (pull, None)]);
    let target = events[0].target.as_ref().unwrap();
    assert_eq!(target.digest, digest);
    assert_eq!(target.size, bytes.len() as u64);
    assert_eq!(target.media_type.as_str(), crate::support::MANIFEST);
}

#[tokio::test]
async fn settings() {
    let test = TestStorage::new();
    let storage = &test.storage;
    assert_eq!(storage.setting("x").await.unwrap(), None);
    for value in [Some("1"), Some("2"), None] {
        let value = value.map(str::to_owned);
        storage.set_setting("x", value.clone()).await.unwrap();
        assert_eq!(test.again().setting("x").await.unwrap(), value);
    }
}
