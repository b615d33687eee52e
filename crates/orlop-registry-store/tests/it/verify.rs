//! Verification finds what is damaged, and nothing else.

use std::fs;

use orlop_oci::Digest;
use orlop_registry_store::{Finding, Need, Storage, VerifyProgress, VerifyReport};

use crate::support::{TestStorage, index_of, repo, tag};

pub(crate) async fn verify(storage: &Storage) -> VerifyReport {
    storage.verify(0, &mut |_| {}).await.unwrap()
}

fn blob(test: &TestStorage, digest: &Digest) -> std::path::PathBuf {
    let folder = test.directory.path().join("blobs");
    folder.join(digest.algorithm().as_str()).join(digest.hex())
}

fn db(test: &TestStorage) -> rusqlite::Connection {
    rusqlite::Connection::open(test.directory.path().join("registry.db")).unwrap()
}

/// `app:v1` and `app:all`, an index of it; `other` has the same layer.
async fn filled() -> (TestStorage, Digest, Digest) {
    let test = TestStorage::new();
    let image = test.image("app", "one").await;
    let digest = test.put("app", &["v1"], &image).await;
    test.put("app", &["all", "every"], &index_of(&[&image], ""))
        .await;
    let layer = test.push("other", b"layer of one").await;
    (test, digest, layer)
}

#[tokio::test]
async fn all_is_well() {
    let (test, ..) = filled().await;
    let mut heard = Vec::new();
    let mut hear = |told: &VerifyProgress| heard.push(*told);
    let report = test.storage.verify(1, &mut hear).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.blobs, report.manifests), (4, 2));
    assert!(report.bytes > 300);
    let far: Vec<_> = heard.iter().map(|told| told.blobs).collect();
    assert_eq!(far, [0, 1, 2, 3, 4]);
    let (last, all) = (heard[4], heard[0].all);
    assert_eq!((last.blobs, last.bytes), (all.blobs, all.bytes));
    assert_eq!((all.repositories, last.all), (2, all));
    let empty = TestStorage::new();
    assert_eq!(verify(&empty.storage).await, VerifyReport::default());
}

#[tokio::test]
async fn damage_is_named_with_who_needs_it() {
    let (test, manifest, layer) = filled().await;
    let need = Need {
        repository: repo("app"),
        manifest: manifest.clone(),
        tags: vec![tag("all"), tag("every"), tag("v1")],
    };
    let damaged = |digest: &Digest, reason: String| Finding::Damaged {
        digest: digest.clone(),
        reason,
        needed_by: vec![need.clone()],
    };
    fs::write(blob(&test, &layer), b"Layer of one").unwrap();
    let actual = Digest::of(b"Layer of one");
    let expected = damaged(&layer, format!("its content has the digest {actual}"));
    assert_eq!(verify(&test.storage).await.findings, [expected]);
    fs::write(blob(&test, &layer), b"short").unwrap();
    let expected = damaged(&layer, "it has 5 bytes instead of 12".into());
    assert_eq!(verify(&test.storage).await.findings, [expected]);
    fs::remove_file(blob(&test, &layer)).unwrap();
    let expected = damaged(&layer, "its file is missing".into());
    assert_eq!(verify(&test.storage).await.findings, [expected]);
    // Pushed again, it is whole again.
    test.push("other", b"layer of one").await;
    assert_eq!(verify(&test.storage).await.findings, []);
    let path = blob(&test, &manifest);
    let length = fs::metadata(&path).unwrap().len() as usize;
    fs::write(&path, vec![b' '; length]).unwrap();
    let findings = verify(&test.storage).await.findings;
    assert_eq!(findings.len(), 1);
    assert!(
        matches!(&findings[0], Finding::Damaged { digest, needed_by, .. }
            if *digest == manifest && *needed_by == [need])
    );
}

#[tokio::test]
async fn a_file_that_nothing_knows() {
    let (test, ..) = filled().await;
    let digest = Digest::of(b"stray");
    fs::write(blob(&test, &digest), b"stray").unwrap();
    assert_eq!(
        verify(&test.storage).await.findings,
        [Finding::Stray { digest, size: 5 }]
    );
    crate::collect::collect(&test.storage).await;
    assert_eq!(verify(&test.storage).await.findings, []);
}

#[tokio::test]
async fn metadata_that_contradicts_itself() {
    let (test, manifest, layer) = filled().await;
    db(&test)
        .execute(
            "DELETE FROM repository_blob
             WHERE blob_id = (SELECT id FROM blob WHERE digest = ?1)
               AND repository_id = (SELECT id FROM repository WHERE name = 'app')",
            [layer.as_str()],
        )
        .unwrap();
    let findings = verify(&test.storage).await.findings;
    assert_eq!(
        findings,
        [
            Finding::Metadata("a repository's count of bytes is wrong: app".into()),
            Finding::Incomplete {
                repository: repo("app"),
                manifest,
                lacks: vec![layer],
                tags: vec![tag("all"), tag("every"), tag("v1")],
            }
        ]
    );
    let (test, ..) = filled().await;
    test.push("third", b"x").await;
    db(&test)
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             UPDATE tag SET repository_id = (SELECT id FROM repository WHERE name = 'third')
             WHERE name = 'all';
             UPDATE manifest_child SET repository_id = 77 WHERE kind = 1;
             UPDATE manifest SET size = size + 1 WHERE digest = (SELECT max(digest) FROM manifest);
             DELETE FROM repository WHERE name = 'other';",
        )
        .unwrap();
    let findings = verify(&test.storage).await.findings;
    let texts: Vec<String> = findings
        .into_iter()
        .filter_map(|finding| match finding {
            Finding::Metadata(text) => Some(text),
            _ => None,
        })
        .collect();
    for expected in [
        "a row of repository_blob points nowhere",
        "a tag names a manifest of another repository, or none: third:all",
        "what a manifest names is noted in another repository",
        "a manifest has no content, or content of another digest or size: app@",
    ] {
        assert!(
            texts.iter().any(|text| text.contains(expected)),
            "{expected}: {texts:?}"
        );
    }
}
