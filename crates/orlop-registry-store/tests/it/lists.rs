//! Lists by pages.

use orlop_oci::Digest;
use orlop_registry_store::{StorageError, TagName};

use crate::support::{TestStorage, image_of, new_manifest, origin, page, repo, subject_of};

#[tokio::test]
async fn tags_come_in_byte_order() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let mut manifest = new_manifest(&[], &bytes);
    let names = ["b", "a", "_x", "Z", "a.b", "a-b", "A", "10", "9", "a_b"];
    manifest.tags = names
        .iter()
        .map(|name| name.parse::<TagName>().unwrap())
        .collect();
    storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await
        .unwrap();
    let mut sorted = names;
    sorted.sort_unstable();
    let all = storage.tags(&repo("app"), &page(None, 100)).await.unwrap();
    assert_eq!(all.entries, sorted);
    assert!(!all.more);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let part = storage
            .tags(&repo("app"), &page(after.as_deref(), 3))
            .await
            .unwrap();
        assert_eq!(part.more, seen.len() + 3 < names.len());
        seen.extend(part.entries.clone());
        if !part.more {
            break;
        }
        after = part.entries.last().cloned();
    }
    assert_eq!(seen, sorted);
    let from_within = storage
        .tags(&repo("app"), &page(Some("A0"), 2))
        .await
        .unwrap();
    assert_eq!(from_within.entries, ["Z", "_x"]);
    let none = storage.tags(&repo("app"), &page(None, 0)).await.unwrap();
    assert!(none.entries.is_empty() && !none.more);
    let behind = storage
        .tags(&repo("app"), &page(Some("zz"), 5))
        .await
        .unwrap();
    assert!(behind.entries.is_empty() && !behind.more);
    assert_eq!(
        storage.tags(&repo("nope"), &page(None, 1)).await,
        Err(StorageError::NameUnknown(repo("nope")))
    );
}

#[tokio::test]
async fn repositories_come_in_byte_order() {
    let test = TestStorage::new();
    for name in ["b", "a/b", "a", "a-b", "a0"] {
        test.push(name, b"x").await;
    }
    let storage = &test.storage;
    let all = storage.repositories(&page(None, 10)).await.unwrap();
    let names: Vec<_> = all.entries.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["a", "a-b", "a/b", "a0", "b"]);
    let part = storage.repositories(&page(Some("a-b"), 2)).await.unwrap();
    assert_eq!(part.entries, [repo("a/b"), repo("a0")]);
    assert!(part.more);
}

#[tokio::test]
async fn a_page_of_referrers_has_a_bound_in_bytes() {
    let test = TestStorage::new();
    let subject = test.image("app", "one").await;
    let text = "x".repeat(400_000);
    for number in 0..5 {
        let about = subject_of(&subject);
        let extra = format!(r#"{about},"annotations":{{"n":"{number}","text":"{text}"}}"#);
        let referrer = image_of(b"{\"seed\":\"one\"}", &[], &extra);
        test.put("app", &[], &referrer).await;
    }
    let (app, of) = (repo("app"), Digest::of(&subject));
    let (mut after, mut sizes) = (None, Vec::new());
    loop {
        let wanted = page(after.as_deref(), 32);
        let listed = test.storage.referrers(&app, &of, None, &wanted);
        let listed = listed.await.unwrap();
        sizes.push(listed.entries.len());
        after = listed.entries.last().map(|last| last.digest.to_string());
        if !listed.more {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
}
