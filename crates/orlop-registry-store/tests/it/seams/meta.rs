//! What a store of metadata must do.

use std::collections::BTreeMap;

use orlop_oci::Digest;
use orlop_registry_store::{
    AccountKind, AccountRow, BlobRemoval, BlobStore, Child, ChildKind, Lookup, ManifestChange,
    ManifestPut, ManifestRecord, ManifestRow, MetaStore, Staged, StorageError,
};

use super::{id, stage};
use crate::support::{MANIFEST, by, origin, page, reference, repo, tag};

async fn add(meta: &dyn MetaStore, blobs: &dyn BlobStore, name: &str, content: &[u8]) -> Digest {
    let staged = stage(blobs, id(100), content);
    let digest = staged.digest.clone();
    meta.add_blob(&repo(name), staged.clone()).await.unwrap();
    blobs.cancel(&staged.upload).unwrap();
    digest
}

fn change(staged: Option<Staged>, digest: &Digest, tags: &[&str]) -> ManifestChange {
    ManifestChange {
        record: ManifestRecord {
            row: ManifestRow {
                digest: digest.clone(),
                media_type: MANIFEST.into(),
                size: staged.as_ref().map_or(1, |staged| staged.size),
            },
            artifact_type: None,
            subject: None,
            annotations: BTreeMap::new(),
            children: Vec::new(),
        },
        tags: tags.iter().map(|name| tag(name)).collect(),
        staged,
    }
}

async fn put(meta: &dyn MetaStore, name: &str, change: ManifestChange) {
    let put = meta.put_manifest(&repo(name), change, &origin()).await;
    assert!(matches!(put, Ok(ManifestPut::Done(_))), "{put:?}");
}

/// Membership: given, mounted, touched, taken.
pub(super) async fn blobs(meta: &dyn MetaStore, blobs: &dyn BlobStore) {
    let (a, b) = (repo("blobs/a"), repo("blobs/b"));
    let digest = Digest::of(b"blob");
    assert_eq!(meta.blob(&a, &digest).await, Ok(Lookup::NoRepository));
    assert_eq!(meta.touch_blob(&a, &digest).await, Ok(false));
    assert_eq!(meta.knows(&digest).await, Ok(false));
    add(meta, blobs, "blobs/a", b"blob").await;
    assert_eq!(
        blobs.size(&digest).await,
        Ok(Some(4)),
        "placed with its row"
    );
    assert_eq!(meta.knows(&digest).await, Ok(true));
    let found = |lookup| match lookup {
        Ok(Lookup::Found(membership)) => membership,
        other => panic!("{other:?}"),
    };
    let first: orlop_registry_store::Membership = found(meta.blob(&a, &digest).await);
    assert_eq!(first.size, 4);
    assert_eq!(meta.touch_blob(&a, &digest).await, Ok(true));
    let second = found(meta.blob(&a, &digest).await);
    assert!(second.touched_at > first.touched_at);

    let unknown = Digest::of(b"unknown");
    for (wanted, from, expected) in [
        (&digest, &b, Lookup::NoRepository),
        (&unknown, &a, Lookup::Missing),
    ] {
        let mounted = meta.mount_blob(&b, wanted, from, &origin()).await;
        assert_eq!(mounted, Ok(expected));
    }
    assert_eq!(meta.blob(&b, &digest).await, Ok(Lookup::NoRepository));
    let mounted = meta.mount_blob(&b, &digest, &a, &origin()).await;
    assert!(matches!(mounted, Ok(Lookup::Found(info)) if info.size == 4));
    let holders = meta.holders(&digest, 9).await.unwrap();
    assert_eq!(holders, [a.clone(), b.clone()]);

    let removed = meta.remove_blob(&a, &digest, &origin()).await;
    assert_eq!(removed, Ok(Lookup::Found(BlobRemoval::Removed)));
    let removed = meta.remove_blob(&a, &digest, &origin()).await;
    assert_eq!(removed, Ok(Lookup::Missing));
    // While a row names it, its file isn't taken away; without one it is.
    assert_eq!(meta.discard(vec![digest.clone()]).await, Ok(Vec::new()));
    assert_eq!(blobs.size(&digest).await, Ok(Some(4)));
    blobs.place(&stage(blobs, id(101), b"unknown")).unwrap();
    blobs.cancel(&id(101)).unwrap();
    let gone = meta.discard(vec![unknown.clone(), digest]).await;
    assert_eq!(gone, Ok(vec![unknown.clone()]));
    assert_eq!(blobs.size(&unknown).await, Ok(None));
}

/// Manifests and tags: put, moved, deleted.
pub(super) async fn manifests(meta: &dyn MetaStore, blobs: &dyn BlobStore) {
    let app = repo("manifests");
    let missing = Digest::of(b"not there");
    let needed = meta
        .put_manifest(&app, change(None, &missing, &["x"]), &origin())
        .await;
    assert_eq!(needed, Ok(ManifestPut::ContentNeeded));
    let nowhere = meta.manifest(&app, &reference("x")).await;
    assert_eq!(nowhere, Ok(Lookup::NoRepository), "nothing was changed");

    let one = stage(blobs, id(110), b"one");
    let two = stage(blobs, id(111), b"two");
    let (first, second) = (one.digest.clone(), two.digest.clone());
    put(meta, "manifests", change(Some(one), &first, &["a", "b"])).await;
    put(meta, "manifests", change(Some(two), &second, &["b"])).await;
    put(meta, "manifests", change(None, &second, &[])).await;
    for n in [110, 111] {
        blobs.cancel(&id(n)).unwrap();
    }
    let digest_of = async |text: &str| match meta.manifest(&app, &reference(text)).await.unwrap() {
        Lookup::Found(row) => Some(row.digest),
        _ => None,
    };
    assert_eq!(digest_of("a").await, Some(first.clone()));
    assert_eq!(digest_of("b").await, Some(second.clone()));
    assert_eq!(digest_of("c").await, None);
    let tags = meta.tags(&app, &page(None, 9)).await.unwrap().unwrap();
    assert_eq!(tags.entries, ["a", "b"]);
    assert_eq!(meta.tags(&repo("nowhere"), &page(None, 9)).await, Ok(None));

    let now = jiff::Timestamp::now();
    for (digest, has) in [(&first, true), (&missing, false)] {
        assert_eq!(meta.touch_manifest(&app, digest, now).await, Ok(has));
    }
    let removed = meta.remove_tag(&app, &tag("b"), &origin()).await;
    assert_eq!(removed, Ok(Lookup::Found(())));
    let removed = meta.remove_tag(&app, &tag("b"), &origin()).await;
    assert_eq!(removed, Ok(Lookup::Missing));
    assert!(matches!(
        meta.manifest(&app, &by(&second)).await,
        Ok(Lookup::Found(_))
    ));
    let removed = meta.remove_manifest(&app, &first, &origin()).await;
    assert_eq!(removed, Ok(Lookup::Found(())));
    assert_eq!(digest_of("a").await, None);
    assert_eq!(meta.remove_repository(&app, &origin()).await, Ok(true));
    assert_eq!(meta.remove_repository(&app, &origin()).await, Ok(false));
    assert_eq!(
        meta.manifest(&app, &by(&second)).await,
        Ok(Lookup::NoRepository)
    );
}

/// What a manifest needs, is looked at in the same change that puts it.
pub(super) async fn children(meta: &dyn MetaStore, blobs: &dyn BlobStore) {
    let layer = add(meta, blobs, "children", b"layer").await;
    let staged = stage(blobs, id(120), b"manifest");
    let digest = staged.digest.clone();
    let child = |digest: &Digest, size, kind, required| Child {
        digest: digest.clone(),
        size,
        kind,
        required,
    };
    let nothing = Digest::of(b"nothing");
    let put_with = async |children: Vec<Child>| {
        let mut change = change(Some(staged.clone()), &digest, &["t"]);
        change.record.children = children;
        meta.put_manifest(&repo("children"), change, &origin())
            .await
    };
    let (blob, manifest) = (ChildKind::Blob, ChildKind::Manifest);
    let lacking = put_with(vec![
        child(&layer, 5, blob, true),
        child(&nothing, 7, blob, true),
        child(&nothing, 7, blob, true),
        child(&layer, 5, manifest, true),
    ]);
    let expected = vec![nothing.clone(), layer.clone()];
    assert_eq!(
        lacking.await,
        Err(StorageError::ManifestBlobUnknown(expected))
    );
    let other_size = put_with(vec![child(&layer, 6, blob, false)]).await;
    assert!(matches!(other_size, Err(StorageError::ManifestInvalid(_))));
    assert_eq!(blobs.size(&digest).await, Ok(None), "nothing was placed");
    let whole = put_with(vec![
        child(&layer, 5, blob, true),
        child(&nothing, 7, blob, false),
    ]);
    let whole = whole.await;
    assert!(matches!(whole, Ok(ManifestPut::Done(_))), "{whole:?}");
    blobs.cancel(&id(120)).unwrap();
    let removed = meta.remove_blob(&repo("children"), &layer, &origin()).await;
    assert_eq!(removed, Ok(Lookup::Found(BlobRemoval::InUse(digest))));
}

/// A layout is behind until it was written as of the last change.
pub(super) async fn layouts(meta: &dyn MetaStore, blobs: &dyn BlobStore) {
    let app = repo("layouts");
    let stale = async || {
        let all = meta.stale_layouts(100).await.unwrap();
        all.into_iter().find(|layout| layout.repository == app)
    };
    add(meta, blobs, "layouts", b"x").await;
    let first = stale().await.unwrap();
    assert!(first.entries.is_empty());
    let staged = stage(blobs, id(130), b"in a layout");
    let digest = staged.digest.clone();
    let mut annotated = change(Some(staged), &digest, &["t"]);
    annotated.record.annotations = [("a".to_owned(), "b".to_owned())].into();
    put(meta, "layouts", annotated).await;
    blobs.cancel(&id(130)).unwrap();
    // Written too late.
    let written = vec![(app.clone(), first.changes)];
    meta.layouts_written(written).await.unwrap();
    let second = stale().await.unwrap();
    assert_eq!(second.entries.len(), 1);
    assert_eq!(second.entries[0].0.digest, digest);
    assert!(second.entries[0].0.annotations.is_empty());
    assert_eq!(second.entries[0].1.as_deref(), Some("t"));
    let written = vec![(app.clone(), second.changes)];
    meta.layouts_written(written).await.unwrap();
    assert_eq!(stale().await, None);
}

/// Accounts and settings.
pub(super) async fn accounts(meta: &dyn MetaStore) {
    let account = |record: &str| AccountRow {
        name: "ci".into(),
        record: record.into(),
        used_at: None,
    };
    let (robot, key) = (AccountKind::Robot, AccountKind::SigningKey);
    assert_eq!(meta.update_account(robot, account("0")).await, Ok(false));
    assert_eq!(meta.insert_account(robot, account("1")).await, Ok(true));
    assert_eq!(meta.insert_account(robot, account("2")).await, Ok(false));
    assert_eq!(meta.account(robot, "ci").await, Ok(Some(account("1"))));
    assert_eq!(meta.account(key, "ci").await, Ok(None));
    assert_eq!(meta.update_account(robot, account("3")).await, Ok(true));
    assert_eq!(meta.accounts(robot).await, Ok(vec![account("3")]));
    assert_eq!(meta.remove_account(robot, "ci").await, Ok(true));
    assert_eq!(meta.remove_account(robot, "ci").await, Ok(false));
    assert_eq!(meta.insert_setting("s", "1").await, Ok(true));
    assert_eq!(meta.insert_setting("s", "2").await, Ok(false));
    assert_eq!(meta.setting("s").await, Ok(Some("1".into())));
}

/// A change whose content can't be placed is undone, and those beside it aren't.
pub(super) async fn failed_placing_changes_nothing(meta: &dyn MetaStore) {
    let lost = Staged {
        upload: id(140),
        digest: Digest::of(b"lost"),
        size: 4,
        begun_at: jiff::Timestamp::now(),
    };
    let (app, name) = (repo("failing"), "beside");
    let (failed, beside) = tokio::join!(
        meta.add_blob(&app, lost.clone()),
        meta.set_setting(name, Some("1".into()))
    );
    assert!(matches!(failed, Err(StorageError::Internal(_))));
    assert_eq!(beside, Ok(()));
    assert_eq!(meta.setting(name).await, Ok(Some("1".into())));
    assert_eq!(
        meta.blob(&app, &lost.digest).await,
        Ok(Lookup::NoRepository)
    );
    assert_eq!(meta.knows(&lost.digest).await, Ok(false));
}
