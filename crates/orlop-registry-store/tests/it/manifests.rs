//! Manifests and tags.

use bytes::Bytes;
use orlop_oci::{Digest, MAX_MANIFEST_SIZE};
use orlop_registry_store::{EventKind, NewManifest, Sparse, StorageError, StorageOptions, TagName};

use crate::support::{
    INDEX, MANIFEST, TestStorage, by, descriptor, image_of, index_of, new_manifest, origin, page,
    reference, repo, sha512, subject_of, tag,
};

type Error = StorageError;

async fn refused(test: &TestStorage, manifest: NewManifest) -> StorageError {
    let put = test
        .storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await;
    put.unwrap_err()
}

#[tokio::test]
async fn by_tag_and_by_digest() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let digest = test.put("app", &["v1", "latest"], &bytes).await;
    assert_eq!(digest, Digest::of(&bytes));
    for wanted in [reference("v1"), reference("latest"), by(&digest)] {
        let found = storage.manifest(&repo("app"), &wanted).await.unwrap();
        assert_eq!(found.bytes, bytes);
        assert_eq!(found.digest, digest);
        assert_eq!(found.media_type, MANIFEST);
    }
    assert_eq!(
        storage.manifest(&repo("app"), &reference("v2")).await,
        Err(Error::ManifestUnknown("v2".into()))
    );
    assert_eq!(
        storage.manifest(&repo("nope"), &reference("v1")).await,
        Err(Error::NameUnknown(repo("nope")))
    );
    // A manifest is no blob that could be read as one.
    assert_eq!(
        storage.blob(&repo("app"), &digest, false).await,
        Err(Error::BlobUnknown(digest.clone()))
    );
    // After a restart it comes from its file.
    let found = test.again().manifest(&repo("app"), &by(&digest)).await;
    assert_eq!(found.unwrap().bytes, bytes);
}

#[tokio::test]
async fn the_digest_of_the_url_must_match() {
    let test = TestStorage::new();
    let bytes = test.image("app", "one").await;
    for digest in [Digest::of(b"x"), sha512(b"x")] {
        let mut manifest = new_manifest(&[], &bytes);
        manifest.digest = Some(digest.clone());
        let error = refused(&test, manifest).await;
        assert!(
            matches!(&error, Error::DigestInvalid { expected, actual }
                if *expected == digest && actual.algorithm() == digest.algorithm()),
            "{error:?}"
        );
    }
    let mut manifest = new_manifest(&["v1"], &bytes);
    manifest.digest = Some(sha512(&bytes));
    let put = test
        .storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await
        .unwrap();
    assert_eq!(put.digest, sha512(&bytes));
    assert_eq!(put.tags, [tag("v1")]);
    let found = test.storage.manifest(&repo("app"), &reference("v1")).await;
    assert_eq!(found.unwrap().digest, sha512(&bytes));
}

#[tokio::test]
async fn what_an_image_names_must_be_there() {
    let test = TestStorage::new();
    test.push("app", b"config").await;
    test.push("other", b"layer").await;
    let bytes = image_of(b"config", &[b"layer", b"more", b"layer"], "");
    let missing = vec![Digest::of(b"layer"), Digest::of(b"more")];
    assert_eq!(
        refused(&test, new_manifest(&["v1"], &bytes)).await,
        Error::ManifestBlobUnknown(missing)
    );
    assert_eq!(
        test.storage.manifest(&repo("app"), &reference("v1")).await,
        Err(Error::ManifestUnknown("v1".into()))
    );
    assert!(test.files("uploads").is_empty());

    // Refusing doesn't make a repository.
    let put = test
        .storage
        .put_manifest(&repo("new"), new_manifest(&[], &bytes), &origin())
        .await;
    assert!(matches!(put, Err(Error::ManifestBlobUnknown(_))));
    let tags = test.storage.tags(&repo("new"), &page(None, 1)).await;
    assert_eq!(tags, Err(Error::NameUnknown(repo("new"))));
}

#[tokio::test]
async fn what_needs_not_be_there() {
    let test = TestStorage::new();
    test.push("app", b"{}").await;
    let foreign = descriptor(
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        b"foreign",
    );
    let elsewhere = descriptor("application/vnd.oci.image.layer.v1.tar", b"elsewhere")
        .replace('}', r#","urls":["https://example.com/x"]}"#);
    let config = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let bytes: Bytes = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{config},"layers":[{foreign},{elsewhere}]}}"#
    )
    .into();
    test.put("app", &["foreign"], &bytes).await;

    let nobody = image_of(b"?", &[], "");
    let sparse = index_of(&[&nobody], "");
    test.put("app", &["sparse"], &sparse).await;
    let strict = |sparse| {
        let mut options = StorageOptions::new(test.directory.path());
        options.sparse = sparse;
        orlop_registry_store::Storage::open(options).unwrap()
    };
    let put = strict(Sparse::Refused)
        .put_manifest(&repo("app"), new_manifest(&[], &sparse), &origin())
        .await;
    let missing = vec![Digest::of(&nobody)];
    assert_eq!(put, Err(Error::ManifestBlobUnknown(missing)));
    let put = strict(Sparse::Accepted)
        .put_manifest(&repo("app"), new_manifest(&[], &nobody), &origin())
        .await;
    assert_eq!(put.unwrap().digest, Digest::of(&nobody));
}

#[tokio::test]
async fn documents_that_are_refused() {
    let test = TestStorage::new();
    test.push("app", b"config").await;
    let good = image_of(b"config", &[], "");
    let manifest = |media_type: &str, bytes: &Bytes| NewManifest {
        digest: None,
        tags: Vec::new(),
        media_type: media_type.into(),
        bytes: bytes.clone(),
    };
    let deep = format!(r#","x":{}1{}"#, "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!(
        r#","x":[{}]"#,
        vec![descriptor(MANIFEST, b"x"); 10].join(",")
    );
    let many = index_of(&vec![&good[..]; 10_001], "");
    let wrong_size = good.iter().copied().collect::<Vec<u8>>();
    let wrong_size = String::from_utf8(wrong_size)
        .unwrap()
        .replace("\"size\":6", "\"size\":7");
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    for (media_type, bytes) in [
        (INDEX, good.clone()),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            good.clone(),
        ),
        ("application/json", good.clone()),
        (MANIFEST, image_of(b"config", &[], r#","manifests":[]"#)),
        (MANIFEST, image_of(b"config", &[], &deep)),
        (MANIFEST, image_of(b"config", &[], r#","layers":[]"#)),
        (
            MANIFEST,
            image_of(b"config", &[], r#","annotations":{"a":1}"#),
        ),
        (MANIFEST, text(&good).replace("sha256:", "md5:").into()),
        (
            MANIFEST,
            text(&good).replace("\"size\":6", "\"size\":-6").into(),
        ),
        (MANIFEST, text(&good).replace("ion\":2", "ion\":3").into()),
        (MANIFEST, wrong_size.into()),
        (MANIFEST, Bytes::from_static(b"")),
        (MANIFEST, Bytes::from_static(b"[]")),
        (MANIFEST, Bytes::from_static(b"\xff\xfe")),
        (MANIFEST, good.slice(..good.len() - 1)),
        ("", Bytes::from_static(b"{}")),
        (INDEX, many),
        (
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            Bytes::from_static(br#"{"schemaVersion":1,"fsLayers":[]}"#),
        ),
        ("x/y", Bytes::from_static(br#"{"schemaVersion":1}"#)),
        (
            "x/y",
            Bytes::from_static(br#"{"layers":[],"manifests":[]}"#),
        ),
        ("x/y", Bytes::from_static(b"no json")),
    ] {
        let error = refused(&test, manifest(media_type, &bytes)).await;
        assert!(
            matches!(error, Error::ManifestInvalid(_)),
            "{media_type}: {error:?}"
        );
    }
    let large = Bytes::from(vec![b' '; MAX_MANIFEST_SIZE as usize + 1]);
    let error = refused(&test, manifest(MANIFEST, &large)).await;
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    // Fields that nobody knows are no reason.
    test.put("app", &[], &image_of(b"config", &[], &wide)).await;
}

#[tokio::test]
async fn unknown_types_are_kept_to_the_byte() {
    let test = TestStorage::new();
    let bytes = Bytes::from_static(b"{ \"anything\": [1,  2], \"artifactType\": \"a/b\" }\n");
    let manifest = NewManifest {
        digest: None,
        tags: vec![tag("x")],
        media_type: "application/vnd.Example.thing+json".into(),
        bytes: bytes.clone(),
    };
    let put = test
        .storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await;
    put.unwrap();
    let found = test.storage.manifest(&repo("app"), &reference("x")).await;
    let found = found.unwrap();
    assert_eq!(found.bytes, bytes);
    assert_eq!(found.media_type, "application/vnd.Example.thing+json");
}

#[tokio::test]
async fn without_a_content_type_the_document_decides() {
    let test = TestStorage::new();
    let bytes: Bytes = r#"{"schemaVersion":2,"manifests":[]}"#.into();
    let manifest = NewManifest {
        digest: None,
        tags: vec![tag("x")],
        media_type: String::new(),
        bytes,
    };
    let put = test
        .storage
        .put_manifest(&repo("app"), manifest, &origin())
        .await;
    put.unwrap();
    let found = test.storage.manifest(&repo("app"), &reference("x")).await;
    assert_eq!(found.unwrap().media_type, INDEX);
}

#[tokio::test]
async fn tags_move_and_the_log_says_from_where() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let one = test.image("app", "one").await;
    let two = test.image("app", "two").await;
    let old = test.put("app", &["v1"], &one).await;
    let watch = storage.watch_events();
    let new = test.put("app", &["v1", "v2"], &two).await;
    test.put("app", &["v1"], &two).await;
    let found = storage.manifest(&repo("app"), &reference("v1")).await;
    assert_eq!(found.unwrap().digest, new);
    assert_eq!(
        storage
            .manifest(&repo("app"), &by(&old))
            .await
            .unwrap()
            .bytes,
        one
    );
    let events = storage.events(1, 10).await.unwrap();
    assert_eq!(*watch.borrow(), events.last().unwrap().id);
    let seen: Vec<_> = events
        .iter()
        .map(|event| {
            assert_eq!(event.kind, EventKind::Push);
            assert_eq!(event.origin, origin());
            assert_eq!(event.target.as_ref().unwrap().digest, new);
            let tag = event.tag.as_ref().map(TagName::as_str);
            (tag.unwrap(), event.note.clone())
        })
        .collect();
    let moved = Some(format!("moved from {old}"));
    assert_eq!(seen, [("v1", moved), ("v2", None), ("v1", None)]);
}

#[tokio::test]
async fn deleting() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    let digest = test.put("app", &["a", "b", "c"], &bytes).await;
    let app = repo("app");
    storage
        .delete_tag(&app, &tag("b"), &origin())
        .await
        .unwrap();
    assert_eq!(
        storage.delete_tag(&app, &tag("b"), &origin()).await,
        Err(Error::ManifestUnknown("b".into()))
    );
    assert!(storage.manifest(&app, &by(&digest)).await.is_ok());
    storage
        .delete_manifest(&app, &digest, &origin())
        .await
        .unwrap();
    for wanted in [reference("a"), reference("c"), by(&digest)] {
        assert_eq!(
            storage.manifest(&app, &wanted).await,
            Err(Error::ManifestUnknown(wanted.to_string()))
        );
    }
    assert_eq!(
        storage.delete_manifest(&app, &digest, &origin()).await,
        Err(Error::ManifestUnknown(digest.to_string()))
    );
    let nowhere = storage
        .delete_manifest(&repo("x"), &digest, &origin())
        .await;
    assert_eq!(nowhere, Err(Error::NameUnknown(repo("x"))));
    // The repository stays.
    let tags = storage.tags(&app, &page(None, 10)).await.unwrap();
    assert!(tags.entries.is_empty());
    let events = storage.events(3, 10).await.unwrap();
    let deleted: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.tag.as_ref().map(TagName::as_str)))
        .collect();
    let delete = EventKind::Delete;
    assert_eq!(
        deleted,
        [
            (delete, Some("b")),
            (delete, Some("a")),
            (delete, Some("c")),
            (delete, None)
        ]
    );
    // And it can come back, from what is left of it.
    test.put("app", &["a"], &bytes).await;
    assert_eq!(
        storage.manifest(&app, &reference("a")).await.unwrap().bytes,
        bytes
    );
}

#[tokio::test]
async fn a_repository_goes_with_everything() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let bytes = test.image("app", "one").await;
    test.put("app", &["a"], &bytes).await;
    storage.flush().await.unwrap();
    assert_eq!(test.files("repositories"), ["app"]);
    storage
        .delete_repository(&repo("app"), &origin())
        .await
        .unwrap();
    assert!(test.files("repositories").is_empty());
    let unknown = Err(Error::NameUnknown(repo("app")));
    assert_eq!(
        storage.manifest(&repo("app"), &reference("a")).await,
        unknown
    );
    let layer = Digest::of(b"layer of one");
    assert_eq!(
        storage.blob(&repo("app"), &layer, true).await,
        Err(Error::NameUnknown(repo("app")))
    );
    // Under the same name another one begins, with nothing of the first.
    test.push("app", b"new").await;
    assert_eq!(
        storage.blob(&repo("app"), &layer, true).await,
        Err(Error::BlobUnknown(layer))
    );
}

#[tokio::test]
async fn damaged_manifests_are_not_served() {
    let test = TestStorage::new();
    let bytes = test.image("app", "one").await;
    let digest = test.put("app", &["v1"], &bytes).await;
    let path = test
        .directory
        .path()
        .join("blobs/sha256")
        .join(digest.hex());
    std::fs::write(&path, vec![b' '; bytes.len()]).unwrap();
    let storage = test.again();
    let error = storage.manifest(&repo("app"), &reference("v1")).await;
    assert!(matches!(error, Err(Error::Damaged { .. })), "{error:?}");
    std::fs::remove_file(&path).unwrap();
    let error = storage.manifest(&repo("app"), &reference("v1")).await;
    assert!(matches!(error, Err(Error::Damaged { .. })), "{error:?}");
    test.put("app", &["v1"], &bytes).await;
    let healed = storage.manifest(&repo("app"), &reference("v1")).await;
    assert_eq!(healed.unwrap().bytes, bytes);
}

#[tokio::test]
async fn referrers() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let subject = test.image("app", "one").await;
    let of = Digest::of(&subject);
    let empty = storage
        .referrers(&repo("nowhere"), &of, None, &page(None, 10))
        .await
        .unwrap();
    assert!(empty.entries.is_empty() && !empty.more);

    test.push("app", b"{}").await;
    // The subject isn't there yet.
    let about = subject_of(&subject);
    let annotated = format!(r#"{about},"annotations":{{"k":"v"}},"artifactType":"a/sbom""#);
    let sbom = image_of(b"{}", &[], &annotated);
    let image = image_of(b"{}", &[], &about);
    let index = index_of(&[], &about);
    for bytes in [&sbom, &image, &index] {
        test.put("app", &[], bytes).await;
    }
    test.put("app", &["v1"], &subject).await;
    let all = storage
        .referrers(&repo("app"), &of, None, &page(None, 10))
        .await
        .unwrap()
        .entries;
    let mut expected = [
        (Digest::of(&sbom), Some("a/sbom"), 1),
        (
            Digest::of(&image),
            Some("application/vnd.oci.image.config.v1+json"),
            0,
        ),
        (Digest::of(&index), None, 0),
    ];
    expected.sort();
    let seen: Vec<_> = all
        .iter()
        .map(|d| {
            (
                d.digest.clone(),
                d.artifact_type.as_deref(),
                d.annotations.len(),
            )
        })
        .collect();
    assert_eq!(seen, expected);
    let filtered = storage
        .referrers(&repo("app"), &of, Some("a/sbom"), &page(None, 10))
        .await
        .unwrap()
        .entries;
    assert_eq!(filtered.len(), 1);
    assert_eq!(filtered[0].size, sbom.len() as u64);
    assert_eq!(filtered[0].annotations["k"], "v");
    // By pages.
    let first = storage
        .referrers(&repo("app"), &of, None, &page(None, 2))
        .await
        .unwrap();
    assert!(first.more && first.entries.len() == 2);
    let after = first.entries[1].digest.to_string();
    let second = storage
        .referrers(&repo("app"), &of, None, &page(Some(&after), 2))
        .await
        .unwrap();
    assert!(!second.more);
    assert_eq!(second.entries, all[2..]);
}
