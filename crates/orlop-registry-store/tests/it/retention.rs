//! Immutable tags, and retention on what is really there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use orlop_oci::Digest;
use orlop_registry_store::{
    EventKind, ImmutableRule, Keep, KeepWhen, LocalBlobs, NewManifest, Policies, Removal,
    RepositoryRetention, RetentionReport, RetentionRule, Sqlite, Storage, StorageError, TagPattern,
    Untagged, Upkeep,
};
use tokio::task::JoinSet;

use crate::support::{
    MANIFEST, TestStorage, by, index_of, new_manifest, origin, page, reference, repo, subject_of,
    tag,
};

fn immutable(tags: &[&str]) -> Policies {
    let pattern = |text: &&str| TagPattern::Glob((*text).into());
    Policies {
        immutable: vec![ImmutableRule {
            repositories: vec!["app".into()],
            tags: tags.iter().map(pattern).collect(),
        }],
        ..Policies::default()
    }
}

async fn put(test: &TestStorage, tags: &[&str], bytes: &Bytes) -> Result<Digest, StorageError> {
    let manifest = new_manifest(tags, bytes);
    let (app, storage) = (repo("app"), &test.storage);
    let put = storage.put_manifest(&app, manifest, &origin()).await;
    put.map(|put| put.digest)
}

fn is_immutable<T: std::fmt::Debug>(result: Result<T, StorageError>, name: &str) {
    match result {
        Err(StorageError::TagImmutable(found, _)) => assert_eq!(found.as_str(), name),
        other => panic!("not immutable: {other:?}"),
    }
}

#[tokio::test]
async fn an_immutable_tag_stays() {
    let test = TestStorage::with(|options| options.policies = immutable(&["v*"]));
    let (storage, app) = (&test.storage, repo("app"));
    let one = test.image("app", "one").await;
    let two = test.image("app", "two").await;
    let first = test.put("app", &["v1", "latest"], &one).await;
    // The same again is fine.
    test.put("app", &["v1"], &one).await;
    is_immutable(put(&test, &["latest", "v1"], &two).await, "v1");
    // Nothing of that change was done.
    let latest = storage.manifest(&app, &reference("latest")).await.unwrap();
    assert_eq!(latest.digest, first);
    let second = put(&test, &["latest"], &two).await.unwrap();
    is_immutable(storage.delete_tag(&app, &tag("v1"), &origin()).await, "v1");
    is_immutable(storage.delete_manifest(&app, &first, &origin()).await, "v1");
    is_immutable(storage.delete_repository(&app, &origin()).await, "v1");
    storage
        .delete_manifest(&app, &second, &origin())
        .await
        .unwrap();
    // Without the rule it goes.
    storage.set_policies(&Policies::default()).unwrap();
    storage
        .delete_tag(&app, &tag("v1"), &origin())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_an_immutable_tag_reaches_stays() {
    let test = TestStorage::with(|options| options.policies = immutable(&[]));
    let (storage, app) = (&test.storage, repo("app"));
    let image = test.image("app", "one").await;
    let child = test.put("app", &[], &image).await;
    let inner = index_of(&[&image], "");
    test.put("app", &[], &inner).await;
    test.put("app", &["all"], &index_of(&[&inner], "")).await;
    is_immutable(
        storage.delete_manifest(&app, &child, &origin()).await,
        "all",
    );
    // Elsewhere no rule is.
    let image = test.image("free", "one").await;
    test.put("free", &["all"], &image).await;
    storage
        .delete_manifest(&repo("free"), &child, &origin())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_type_of_what_an_immutable_tag_reaches_stays() {
    let test = TestStorage::with(|options| options.policies = immutable(&["v*"]));
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let put = async |name: &str, tags: &[&str], media_type: &str| {
        let image = test.image(name, "one").await;
        let text = String::from_utf8(image.to_vec()).unwrap();
        let bytes = text.replace(&format!(r#""mediaType":"{MANIFEST}","#), "");
        let manifest = NewManifest {
            digest: Some(Digest::of(bytes.as_bytes())),
            tags: tags.iter().map(|text| tag(text)).collect(),
            media_type: media_type.into(),
            bytes: bytes.into(),
        };
        let storage = &test.storage;
        storage.put_manifest(&repo(name), manifest, &origin()).await
    };
    let digest = put("app", &["v1"], MANIFEST).await.unwrap().digest;
    is_immutable(put("app", &[], docker).await, "v1");
    is_immutable(put("app", &["latest"], docker).await, "v1");
    put("app", &["latest"], MANIFEST).await.unwrap();
    let found = test.storage.manifest(&repo("app"), &by(&digest)).await;
    assert_eq!(found.unwrap().media_type, MANIFEST);
    // Where nothing is immutable, a type that was wrong can be put right.
    put("free", &["v1"], MANIFEST).await.unwrap();
    put("free", &[], docker).await.unwrap();
    let found = test.storage.manifest(&repo("free"), &by(&digest)).await;
    assert_eq!(found.unwrap().media_type, docker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_clients_and_one_winner() {
    let test = TestStorage::with(|options| options.policies = immutable(&["v*"]));
    let mut images = Vec::new();
    for number in 0..50 {
        images.push(test.image("app", &format!("image {number}")).await);
    }
    let mut pushes = JoinSet::new();
    for image in images {
        let storage = test.storage.clone();
        pushes.spawn(async move {
            let (app, manifest) = (repo("app"), new_manifest(&["v1"], &image));
            match storage.put_manifest(&app, manifest, &origin()).await {
                Ok(put) => Some(put.digest),
                Err(StorageError::TagImmutable(..)) => None,
                Err(error) => panic!("{error}"),
            }
        });
    }
    let won: Vec<_> = pushes.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    let found = test.storage.manifest(&repo("app"), &reference("v1")).await;
    assert_eq!(found.unwrap().digest, won[0]);
}

fn last(count: usize) -> RetentionRule {
    RetentionRule {
        repositories: vec!["app".into()],
        keep: vec![Keep {
            tags: Vec::new(),
            when: KeepWhen::LastPushed(count),
        }],
        untagged: Untagged::Keep,
        delete_referrers: false,
        dry_run: false,
    }
}

fn rules(rule: RetentionRule) -> Policies {
    Policies {
        retention: vec![rule],
        ..Policies::default()
    }
}

async fn retain(
    storage: &Storage,
    policies: &Policies,
    dry_run: bool,
) -> (RetentionReport, Vec<RepositoryRetention>) {
    let mut each = Vec::new();
    let rules = policies.compile().unwrap();
    let report = storage
        .retain(&rules, dry_run, &mut |one| each.push(one))
        .await;
    (report.unwrap(), each)
}

async fn tags(storage: &Storage) -> Vec<String> {
    let tags = storage.tags(&repo("app"), &page(None, 100)).await;
    tags.unwrap().entries
}

/// Three images with a signature each, the last one twice tagged, by a storage without any grace.
async fn filled() -> TestStorage {
    let test = TestStorage::with(|options| options.grace = Duration::ZERO);
    for name in ["v1", "v2", "v3"] {
        let image = test.image("app", name).await;
        test.put("app", &[name], &image).await;
        let signature = crate::support::image_of(
            format!("{{\"seed\":\"{name}\"}}").as_bytes(),
            &[],
            &subject_of(&image),
        );
        test.put("app", &[], &signature).await;
        if name == "v3" {
            test.put("app", &["latest"], &image).await;
        }
    }
    test
}

#[tokio::test]
async fn a_dry_run_says_what_the_real_one_does() {
    let test = filled().await;
    let storage = &test.storage;
    let policies = rules(last(2));
    let (dry, planned) = retain(storage, &policies, true).await;
    assert_eq!((dry.repositories, dry.tags, dry.manifests), (1, 1, 1));
    assert_eq!(tags(storage).await, ["latest", "v1", "v2", "v3"]);
    let only = RetentionRule {
        dry_run: true,
        ..last(2)
    };
    assert_eq!(retain(storage, &rules(only), false).await.0, dry);
    assert_eq!(tags(storage).await, ["latest", "v1", "v2", "v3"]);
    let (real, done) = retain(storage, &policies, false).await;
    let removed = RetentionReport {
        removed_tags: 1,
        removed_manifests: 1,
        ..dry
    };
    assert_eq!(real, removed);
    assert_eq!(done[0].decisions, planned[0].decisions);
    assert_eq!(done[0].changed_meanwhile, 0);
    assert_eq!(tags(storage).await, ["latest", "v2", "v3"]);
    let gone: Vec<_> = done[0].decisions.iter().filter(|d| d.remove).collect();
    for decision in &gone {
        let found = storage.manifest(&repo("app"), &by(&decision.digest)).await;
        assert!(matches!(found, Err(StorageError::ManifestUnknown(_))));
    }
    let events = storage.events(0, 1000).await.unwrap();
    let notes: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventKind::Retain)
        .map(|event| (event.tag.clone(), event.note.clone().unwrap()))
        .collect();
    assert_eq!(
        notes,
        [
            (
                Some(tag("v1")),
                "removed: not one of the last 2 pushed".into()
            ),
            (None, "removed: belongs to nothing but tag v1".into())
        ]
    );
    // Again: nothing. The signature goes by collection.
    assert_eq!(retain(storage, &policies, false).await.0.tags, 0);
    let report = storage
        .collect(&Default::default(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(report.repositories[0].orphans.count, 1);
    assert_eq!(retain(storage, &policies, false).await.0.manifests, 0);
}

#[tokio::test]
async fn referrers_go_at_once_when_told_so() {
    let test = filled().await;
    let rule = RetentionRule {
        delete_referrers: true,
        ..last(1)
    };
    let (report, _) = retain(&test.storage, &rules(rule), false).await;
    assert_eq!((report.tags, report.manifests), (2, 4));
    let report = test.storage.collect(&Default::default(), &mut |_| {}).await;
    assert_eq!(report.unwrap().repositories[0].orphans.count, 0);
}

#[tokio::test]
async fn immutable_tags_are_kept() {
    let test = filled().await;
    let policies = Policies {
        immutable: immutable(&["v1"]).immutable,
        ..rules(last(0))
    };
    test.storage.set_policies(&policies).unwrap();
    let rules = test.storage.rules();
    let report = test.storage.retain(&rules, false, &mut |_| {}).await;
    assert_eq!(report.unwrap().tags, 3);
    assert_eq!(tags(&test.storage).await, ["v1"]);
    // Also by rules that say nothing of it, as long as the storage has such a rule.
    let (report, each) = retain(&test.storage, &self::rules(last(0)), false).await;
    assert_eq!((report.tags, report.manifests), (0, 0));
    assert!(each[0].changed_meanwhile > 0);
    assert_eq!(tags(&test.storage).await, ["v1"]);
}

#[tokio::test]
async fn grace_is_kept() {
    let test = TestStorage::new();
    let image = test.image("app", "one").await;
    let index = index_of(&[&image], "");
    test.put("app", &[], &image).await;
    test.put("app", &["all"], &index).await;
    let (report, each) = retain(&test.storage, &rules(last(0)), false).await;
    assert_eq!((report.tags, report.manifests), (1, 0));
    assert!(each[0].decisions[1].reason.contains("in use within 1 hour"));
    // The first rule that matches is the one that counts.
    let policies = Policies {
        retention: vec![
            RetentionRule {
                keep: Vec::new(),
                ..last(0)
            },
            RetentionRule {
                repositories: vec!["**".into()],
                untagged: Untagged::After(Duration::ZERO),
                ..last(0)
            },
        ],
        ..Policies::default()
    };
    let (report, each) = retain(&test.storage, &policies, false).await;
    assert_eq!((report.repositories, report.manifests), (1, 0));
    assert_eq!(each[0].repository, repo("app"));
}

#[tokio::test]
async fn what_changed_since_it_was_decided_about_stays() {
    let test = TestStorage::new();
    let image = test.image("app", "one").await;
    let index = index_of(&[&image], "");
    let child = test.put("app", &["child", "old"], &image).await;
    let decided = jiff::Timestamp::now();
    let all = test.put("app", &["all"], &index).await;
    test.put("app", &["child"], &image).await;
    let root = test.directory.path();
    let blobs = Arc::new(LocalBlobs::open(root).unwrap());
    let store = Sqlite::open(&root.join("registry.db"), blobs).unwrap();
    let removal = |tag: Option<&str>, digest: &Digest, as_of| Removal {
        tag: tag.map(crate::support::tag),
        digest: digest.clone(),
        as_of,
        reason: "removed: told so".into(),
    };
    let now = jiff::Timestamp::now();
    let removals = vec![
        // Pushed again since; names something else; still as it was.
        removal(Some("child"), &child, decided),
        removal(Some("old"), &all, now),
        removal(Some("old"), &child, decided),
        // Listed, tagged, pushed since.
        removal(None, &child, now),
        removal(None, &all, now),
        removal(Some("all"), &all, now),
        removal(None, &all, decided),
        removal(None, &all, now),
        // Still tagged as `child`.
        removal(None, &child, now),
    ];
    let went = store.retain(&repo("app"), removals, &origin()).await;
    assert_eq!(
        went.unwrap(),
        [false, false, true, false, false, true, false, true, false]
    );
    assert_eq!(tags(&test.storage).await, ["child"]);
}

#[tokio::test]
async fn what_a_push_was_told_of_is_held() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let root = test.directory.path();
    let age = || {
        let db = rusqlite::Connection::open(root.join("registry.db")).unwrap();
        let hours: i64 = 2 * 3_600 * 1_000_000_000;
        let sql = "UPDATE manifest SET pushed_at = pushed_at - ?1, touched_at = touched_at - ?1";
        db.execute(sql, [hours]).unwrap();
    };
    let image = test.image("app", "one").await;
    let child = test.put("app", &[], &image).await;
    age();
    let decided = jiff::Timestamp::now();
    storage.hold_manifest(&app, &child).await.unwrap();
    // Neither what is decided now, nor what was decided just before, removes it.
    let policies = rules(RetentionRule {
        untagged: Untagged::After(Duration::ZERO),
        ..last(0)
    });
    assert_eq!(retain(storage, &policies, false).await.0.manifests, 0);
    let blobs = Arc::new(LocalBlobs::open(root).unwrap());
    let store = Sqlite::open(&root.join("registry.db"), blobs).unwrap();
    let removal = Removal {
        tag: None,
        digest: child.clone(),
        as_of: decided,
        reason: "removed: told so".into(),
    };
    let went = store.retain(&app, vec![removal], &origin()).await;
    assert_eq!(went.unwrap(), [false]);
    age();
    assert_eq!(retain(storage, &policies, false).await.0.manifests, 1);
    let gone = storage.hold_manifest(&app, &child).await;
    assert_eq!(gone, Err(StorageError::ManifestUnknown(child.to_string())));
}
