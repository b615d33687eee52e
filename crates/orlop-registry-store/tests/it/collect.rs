//! Collection: what goes, and above all what stays.

use std::time::Duration;

use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{
    CollectOptions, CollectReport, EventKind, Freed, Storage, StorageError,
};

use crate::support::{
    TestStorage, at, by, image_of, index_of, new_manifest, nothing, origin, repo, subject_of, tag,
};

pub(crate) async fn collect(storage: &Storage) -> CollectReport {
    collect_with(storage, |_| {}).await
}

pub(crate) async fn collect_with(
    storage: &Storage,
    change: impl FnOnce(&mut CollectOptions),
) -> CollectReport {
    let mut options = CollectOptions::default();
    change(&mut options);
    storage.collect(&options, &mut |_| {}).await.unwrap()
}

fn without_grace() -> TestStorage {
    TestStorage::with(|options| options.grace = Duration::ZERO)
}

fn freed(count: u64, bytes: u64) -> Freed {
    Freed { count, bytes }
}

async fn has_blob(test: &TestStorage, name: &str, digest: &Digest) -> bool {
    test.storage.blob(&repo(name), digest, false).await.is_ok()
}

async fn has_manifest(test: &TestStorage, name: &str, digest: &Digest) -> bool {
    test.storage
        .manifest(&repo(name), &by(digest))
        .await
        .is_ok()
}

fn db(test: &TestStorage) -> rusqlite::Connection {
    rusqlite::Connection::open(test.directory.path().join("registry.db")).unwrap()
}

/// Makes everything that was touched so much older.
fn age(test: &TestStorage, hours: i64) {
    age_minutes(test, hours * 60);
}

fn age_minutes(test: &TestStorage, minutes: i64) {
    let by = minutes * 60 * 1_000_000_000;
    let db = db(test);
    for sql in [
        "UPDATE repository_blob SET touched_at = touched_at - ?1",
        "UPDATE manifest SET orphaned_at = orphaned_at - ?1 WHERE orphaned_at IS NOT NULL",
        "UPDATE repository SET push_since = push_since - ?1, push_last = push_last - ?1",
    ] {
        db.execute(sql, [by]).unwrap();
    }
}

#[tokio::test]
async fn what_no_manifest_names_goes() {
    let test = without_grace();
    let image = test.image("app", "one").await;
    test.put("app", &["v1"], &image).await;
    let alone = test.push("app", b"nobody names this").await;
    let elsewhere = test.push("other", b"layer of one").await;
    let dry = collect_with(&test.storage, |options| options.dry_run = true).await;
    assert!(has_blob(&test, "app", &alone).await);
    let report = collect(&test.storage).await;
    assert_eq!(
        CollectReport {
            dry_run: true,
            ..report.clone()
        },
        dry
    );
    assert!(report.complete);
    let names: Vec<_> = report
        .repositories
        .iter()
        .map(|r| r.repository.as_str())
        .collect();
    assert_eq!(names, ["app", "other"]);
    assert_eq!(report.repositories[0].blobs, freed(1, 17));
    // In another repository the layer is garbage, but it isn't freed.
    assert_eq!(report.repositories[1].blobs, freed(1, 12));
    assert_eq!(report.freed, freed(1, 17));
    assert!(!has_blob(&test, "app", &alone).await);
    assert!(!has_blob(&test, "other", &elsewhere).await);
    assert!(has_blob(&test, "app", &elsewhere).await);
    assert_eq!(test.files("blobs/sha256").len(), 3);
    assert_eq!(test.files("trash"), [""; 0]);
    let events = test.storage.events(0, 100).await.unwrap();
    let events: Vec<_> = events
        .iter()
        .filter(|e| e.kind == EventKind::Collect)
        .collect();
    assert_eq!(
        events[0].note.as_deref(),
        Some("1 blobs of 17 bytes that no manifest names")
    );
    assert_eq!(events[0].origin.actor, "system");
    assert_eq!(events.len(), 2);
    // A second time there is nothing.
    let again = collect(&test.storage).await;
    assert_eq!((again.repositories.len(), again.freed), (0, freed(0, 0)));
}

#[tokio::test]
async fn deletion_frees_what_nobody_else_has() {
    let test = without_grace();
    let (storage, app) = (&test.storage, repo("app"));
    let one = test.image("app", "one").await;
    let digest = test.put("app", &["v1"], &one).await;
    let two = test.image("app", "two").await;
    test.put("app", &["v2"], &two).await;
    collect(storage).await;
    assert_eq!(test.files("blobs/sha256").len(), 6);
    storage
        .delete_tag(&app, &tag("v1"), &origin())
        .await
        .unwrap();
    assert_eq!(
        collect(storage).await.freed.count,
        0,
        "untagged manifests stay"
    );
    storage
        .delete_manifest(&app, &digest, &origin())
        .await
        .unwrap();
    let dry = collect_with(storage, |options| options.dry_run = true).await;
    let report = collect(storage).await;
    assert_eq!(report.freed, dry.freed);
    assert_eq!(report.freed.count, 3);
    assert_eq!(test.files("blobs/sha256").len(), 3);
    storage.delete_repository(&app, &origin()).await.unwrap();
    let report = collect(storage).await;
    assert_eq!((report.repositories.len(), report.freed.count), (0, 3));
    assert_eq!(test.files("blobs/sha256"), [""; 0]);
}

#[tokio::test]
async fn referrers_die_with_their_subject() {
    let test = without_grace();
    let (storage, app) = (&test.storage, repo("app"));
    let config = b"{}";
    test.push("app", config).await;
    let put = async |tags: &[&str], subject: &bytes::Bytes, extra: &str| {
        let extra = format!(r#","annotations":{{"x":"{extra}"}}{}"#, subject_of(subject));
        let bytes = image_of(config, &[], &extra);
        (test.put("app", tags, &bytes).await, bytes)
    };
    let image = test.image("app", "one").await;
    let subject = test.put("app", &["v1"], &image).await;
    let (sbom, sbom_bytes) = put(&[], &image, "sbom").await;
    let (signature, _) = put(&[], &sbom_bytes, "signature of the sbom").await;
    let (tagged, tagged_bytes) = put(&["keep"], &image, "tagged").await;
    let (of_tagged, _) = put(&[], &tagged_bytes, "of the tagged").await;
    let (listed, listed_bytes) = put(&[], &image, "listed").await;
    let index = test
        .put("app", &["list"], &index_of(&[&listed_bytes], ""))
        .await;
    let never = image_of(config, &[], r#","annotations":{"never":"pushed"}"#);
    let (early, _) = put(&[], &never, "its subject never was there").await;
    let (untagged, _) = put(&["gone"], &never, "nor was this one's").await;
    storage
        .delete_tag(&app, &tag("gone"), &origin())
        .await
        .unwrap();
    collect(storage).await;
    storage
        .delete_manifest(&app, &subject, &origin())
        .await
        .unwrap();
    let dry = collect_with(storage, |options| options.dry_run = true).await;
    // One at a time, so that it is done in many steps.
    let report = collect_with(storage, |options| options.batch = 1).await;
    assert_eq!(dry.repositories, report.repositories);
    assert_eq!(dry.freed, report.freed);
    assert_eq!(report.repositories[0].orphans.count, 2);
    for gone in [&sbom, &signature] {
        assert!(!has_manifest(&test, "app", gone).await);
    }
    for kept in [&tagged, &of_tagged, &listed, &early, &untagged] {
        assert!(has_manifest(&test, "app", kept).await);
    }
    let notes = storage.events(0, 1000).await.unwrap();
    let orphans = notes.iter().filter(|event| {
        event.kind == EventKind::Collect && event.note.as_deref() == Some("its subject was deleted")
    });
    assert_eq!(orphans.count(), 2);
    // When the last thing that names them goes, so do they.
    storage
        .delete_tag(&app, &tag("keep"), &origin())
        .await
        .unwrap();
    storage
        .delete_manifest(&app, &index, &origin())
        .await
        .unwrap();
    let report = collect(storage).await;
    assert_eq!(report.repositories[0].orphans.count, 3);
    assert!(!has_manifest(&test, "app", &of_tagged).await);
    assert!(has_manifest(&test, "app", &early).await);
}

#[tokio::test]
async fn orphans_have_their_grace() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let image = test.image("app", "one").await;
    let subject = test.put("app", &[], &image).await;
    let signature = image_of(b"{\"seed\":\"one\"}", &[], &subject_of(&image));
    let signature_digest = test.put("app", &[], &signature).await;
    storage
        .delete_manifest(&app, &subject, &origin())
        .await
        .unwrap();
    collect(storage).await;
    assert!(has_manifest(&test, "app", &signature_digest).await);
    // The subject comes back in time.
    test.put("app", &[], &image).await;
    age(&test, 2);
    collect(storage).await;
    assert!(has_manifest(&test, "app", &signature_digest).await);
    storage
        .delete_manifest(&app, &subject, &origin())
        .await
        .unwrap();
    age(&test, 2);
    // It is pushed again, and has its grace again.
    test.put("app", &[], &signature).await;
    collect(storage).await;
    assert!(has_manifest(&test, "app", &signature_digest).await);
    age(&test, 2);
    collect(storage).await;
    assert!(!has_manifest(&test, "app", &signature_digest).await);
}

#[tokio::test]
async fn grace_is_for_what_was_sent_or_asked_for() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let sent = test.push("app", b"sent").await;
    let asked = test.push("app", b"asked for").await;
    let read = test.push("app", b"only read").await;
    assert_eq!(collect(storage).await.freed.count, 0);
    age(&test, 2);
    storage.blob(&repo("app"), &asked, true).await.unwrap();
    storage.blob(&repo("app"), &read, false).await.unwrap();
    storage.open_blob(&repo("app"), &read).await.unwrap();
    collect(storage).await;
    assert!(has_blob(&test, "app", &asked).await);
    assert!(!has_blob(&test, "app", &sent).await);
    assert!(!has_blob(&test, "app", &read).await);
    // Asked for when it is gone, it has to be sent.
    assert_eq!(
        storage.blob(&repo("app"), &read, true).await,
        Err(StorageError::BlobUnknown(read))
    );
}

#[tokio::test]
async fn what_was_asked_for_survives_a_shorter_grace() {
    let test = TestStorage::new();
    let asked = test.push("app", b"asked for").await;
    age_minutes(&test, 20);
    let found = test.storage.blob(&repo("app"), &asked, true).await;
    found.unwrap();
    let shorter = |options: &mut CollectOptions| options.grace = Some(Duration::from_secs(600));
    collect_with(&test.storage, shorter).await;
    assert!(has_blob(&test, "app", &asked).await);
    age_minutes(&test, 20);
    collect_with(&test.storage, shorter).await;
    assert!(!has_blob(&test, "app", &asked).await);
}

#[tokio::test]
async fn an_upload_protects_what_its_push_brought() {
    let test = TestStorage::new();
    let (storage, app) = (&test.storage, repo("app"));
    let config = test.push("app", b"{}").await;
    let other = test.push("other", b"{}").await;
    age(&test, 3);
    // The upload began three hours ago, just after the configuration came, and still goes on.
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    storage.append(&app, &id, at(0, b"lay")).await.unwrap();
    let about = test
        .directory
        .path()
        .join("uploads")
        .join(id.as_str())
        .join("about.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&about).unwrap()).unwrap();
    let begun: jiff::Timestamp = json["begun_at"].as_str().unwrap().parse().unwrap();
    let earlier = begun - jiff::SignedDuration::from_hours(3);
    json["begun_at"] = earlier.to_string().into();
    std::fs::write(&about, json.to_string()).unwrap();
    let again = test.again();
    collect(&again).await;
    assert!(has_blob(&test, "app", &config).await);
    assert!(!has_blob(&test, "other", &other).await);
    // It ends; the manifest that it was for still finds everything.
    let layer = Digest::of(b"layer");
    again
        .finish_upload(&app, &id, at(3, b"er"), &layer)
        .await
        .unwrap();
    collect(&again).await;
    let image = image_of(b"{}", &[b"layer"], "");
    test.put("app", &["v1"], &image).await;
    age(&test, 48);
    collect(storage).await;
    assert!(has_blob(&test, "app", &config).await);
    assert!(has_blob(&test, "app", &layer).await);
}

#[tokio::test]
async fn a_long_push_of_many_short_uploads_is_one() {
    let test = TestStorage::new();
    let first = test.push("app", b"the first of many").await;
    for number in 0..20 {
        // Nine minutes later.
        db(&test)
            .execute_batch(
                "UPDATE repository_blob SET touched_at = touched_at - 540000000000;
                 UPDATE repository SET push_since = push_since - 540000000000,
                                       push_last = push_last - 540000000000;",
            )
            .unwrap();
        test.push("app", format!("layer {number}").as_bytes()).await;
        assert_eq!(collect(&test.storage).await.freed.count, 0, "{number}");
    }
    assert!(has_blob(&test, "app", &first).await);
    age(&test, 1);
    let report = collect(&test.storage).await;
    assert!(report.freed.count > 0);
    assert!(!has_blob(&test, "app", &first).await);
}

#[tokio::test]
async fn a_clock_set_forward_takes_nothing() {
    let test = TestStorage::new();
    let storage = &test.storage;
    collect(storage).await;
    let blob = test.push("app", b"a push is going on").await;
    // As if the clock had been set forward by ten hours since: what was stamped before is older by
    // that, and so is the mark.
    age(&test, 10);
    let mark = storage.setting("collect.clock").await.unwrap().unwrap();
    let mut mark: serde_json::Value = serde_json::from_str(&mark).unwrap();
    for field in ["wall", "trusted"] {
        let time: jiff::Timestamp = mark[field].as_str().unwrap().parse().unwrap();
        let time = time - jiff::SignedDuration::from_hours(10);
        mark[field] = time.to_string().into();
    }
    storage
        .set_setting("collect.clock", Some(mark.to_string()))
        .await
        .unwrap();
    assert_eq!(collect(storage).await.freed.count, 0);
    assert_eq!(collect(storage).await.freed.count, 0, "it stays in doubt");
    assert!(has_blob(&test, "app", &blob).await);
}

#[tokio::test]
async fn times_in_the_future_become_the_present() {
    let test = TestStorage::new();
    test.push("app", b"from a clock that was wrong").await;
    age(&test, -1000);
    assert_eq!(collect(&test.storage).await.freed.count, 0);
    age(&test, 2);
    assert_eq!(collect(&test.storage).await.freed.count, 1);
}

#[tokio::test]
async fn what_a_crash_left_goes() {
    let test = TestStorage::new();
    let kept = test.push("app", b"kept").await;
    let stray = Digest::of(b"without a row");
    let folder = test.directory.path();
    std::fs::write(
        folder.join("blobs/sha256").join(stray.hex()),
        b"without a row",
    )
    .unwrap();
    std::fs::write(folder.join("trash/sha256-1"), b"rest").unwrap();
    let dry = collect_with(&test.storage, |options| options.dry_run = true).await;
    assert_eq!(dry.files, freed(1, 13));
    assert_eq!(test.files("blobs/sha256").len(), 2);
    let report = collect(&test.storage).await;
    assert_eq!(report.files, freed(1, 13));
    assert_eq!(test.files("blobs/sha256"), [kept.hex()]);
    assert_eq!(test.files("trash"), [""; 0]);
}

#[tokio::test]
async fn uploads_that_expired_go() {
    let test = TestStorage::with(|options| options.upload_expiry = Duration::ZERO);
    let storage = &test.storage;
    storage
        .start_upload(&repo("app"), Algorithm::Sha256)
        .await
        .unwrap();
    let dry = collect_with(storage, |options| options.dry_run = true).await;
    assert_eq!(dry.uploads, 1);
    assert_eq!(collect(storage).await.uploads, 1);
    assert_eq!(test.files("uploads"), [""; 0]);
}

#[tokio::test]
async fn it_stops_in_time_and_goes_on() {
    let test = without_grace();
    for number in 0..10 {
        test.push(&format!("app{number}"), format!("{number}").as_bytes())
            .await;
    }
    let mut steps = 0;
    loop {
        let report = collect_with(&test.storage, |options| {
            options.time_limit = Some(Duration::ZERO);
        })
        .await;
        assert!(report.repositories.is_empty());
        steps += 1;
        if report.complete || steps > 3 {
            break;
        }
    }
    assert_eq!(steps, 4, "no time at all comes nowhere");
    // Stopped after the first repositories, another process goes on behind them.
    let storage = &test.storage;
    storage
        .set_setting(
            "collect.position",
            Some(r#"{"repositories":"app4"}"#.into()),
        )
        .await
        .unwrap();
    let report = collect(&test.again()).await;
    assert!(report.complete);
    // (Its grace is an hour.)
    assert!(report.repositories.is_empty());
    storage
        .set_setting(
            "collect.position",
            Some(r#"{"repositories":"app4"}"#.into()),
        )
        .await
        .unwrap();
    assert_eq!(collect(storage).await.repositories.len(), 5);
    assert_eq!(collect(storage).await.repositories.len(), 5);
}

#[tokio::test]
async fn a_manifest_comes_before_or_after() {
    let test = without_grace();
    let image = test.image("app", "one").await;
    collect(&test.storage).await;
    let put = test
        .storage
        .put_manifest(&repo("app"), new_manifest(&["v1"], &image), &origin())
        .await;
    assert!(matches!(put, Err(StorageError::ManifestBlobUnknown(lacks)) if lacks.len() == 2));
    test.image("app", "one").await;
    test.put("app", &["v1"], &image).await;
    collect(&test.storage).await;
    test.put("app", &["v2"], &image).await;
    // Nor does an upload that is ready to be named lose anything.
    let (storage, app) = (&test.storage, repo("app"));
    let id = storage.start_upload(&app, Algorithm::Sha256).await.unwrap();
    storage.append(&app, &id, at(0, b"late")).await.unwrap();
    collect(storage).await;
    let late = Digest::of(b"late");
    storage
        .finish_upload(&app, &id, nothing(), &late)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_same_bytes_as_a_blob_and_as_manifests() {
    let test = without_grace();
    let storage = &test.storage;
    let (image, subject) = (
        test.image("app", "one").await,
        test.image("app", "two").await,
    );
    let subject_digest = test.put("app", &[], &subject).await;
    let referrer = image_of(b"{\"seed\":\"one\"}", &[], &subject_of(&subject));
    test.push("other", b"{\"seed\":\"one\"}").await;
    let digest = test.put("app", &[], &referrer).await;
    test.put("other", &[], &referrer).await;
    test.push("third", &referrer).await;
    test.put("app", &["v1"], &image).await;
    storage
        .delete_manifest(&repo("app"), &subject_digest, &origin())
        .await
        .unwrap();
    let dry = collect_with(storage, |options| options.dry_run = true).await;
    let report = collect(storage).await;
    assert_eq!(report.freed, dry.freed);
    assert!(!has_manifest(&test, "app", &digest).await);
    assert!(!has_blob(&test, "third", &digest).await);
    let left = storage
        .manifest(&repo("other"), &by(&digest))
        .await
        .unwrap();
    assert_eq!(left.bytes, referrer);
    storage
        .delete_manifest(&repo("other"), &digest, &origin())
        .await
        .unwrap();
    collect(storage).await;
    assert!(
        !test
            .files("blobs/sha256")
            .contains(&digest.hex().to_owned())
    );
}
