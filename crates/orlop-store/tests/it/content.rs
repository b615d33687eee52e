//! Blobs: bringing in, resuming, refusing, reading.

use std::io::Read as _;
use std::sync::atomic::AtomicBool;

use orlop_oci::{Descriptor, Digest, MediaType};
use orlop_store::{Error, NoSnapshots, Publication};

use crate::support::{Files, Image, TestStore, fetch, files};

#[test]
fn a_pulled_image_is_whole() {
    let test = TestStore::new();
    let image = Image::new("a", &["base", "top"]);
    image.pull(&test.store, &["debian:12"]).unwrap();
    image.assert_whole(&test.store);
    assert_eq!(test.blob_files().len(), 4);
    assert!(files(&test.store.root().join("ingest")).is_empty());
    assert!(files(&test.store.root().join("locks")).is_empty());
}

#[test]
fn nothing_is_visible_before_publishing() {
    let test = TestStore::new();
    let digest = Digest::of(b"hello");
    let lock = test.store.try_lock_blob(&digest).unwrap().unwrap();
    let blob = fetch(&test.store, lock, b"hello").unwrap();
    assert_eq!(test.store.blob(&digest).unwrap(), None);
    assert!(matches!(
        test.store.open_blob(&digest),
        Err(Error::NoBlob(_))
    ));
    assert!(test.store.try_lock_blob(&digest).unwrap().is_none());
    test.store
        .publish(Publication {
            blobs: vec![blob],
            ..Publication::default()
        })
        .unwrap();
    assert_eq!(test.store.blob(&digest).unwrap().unwrap().size, 5);
    assert!(test.store.try_lock_blob(&digest).unwrap().is_some());
    let mut text = String::new();
    let mut file = test.store.open_blob(&digest).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
fn an_interrupted_blob_is_resumed() {
    let test = TestStore::new();
    let store = &test.store;
    let digest = Digest::of(b"hello world");
    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let mut ingest = store.ingest(lock, 11).unwrap();
    ingest.write_all(b"hello ").unwrap();
    assert!(matches!(
        ingest.finish(&digest),
        Err(Error::SizeMismatch { actual: 6, .. })
    ));
    assert_eq!(store.ingest_offset(&digest).unwrap(), 6);

    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let mut ingest = store.ingest(lock, 11).unwrap();
    assert_eq!(ingest.offset(), 6);
    let mut existing = String::new();
    ingest
        .existing()
        .unwrap()
        .read_to_string(&mut existing)
        .unwrap();
    assert_eq!(existing, "hello ");
    ingest.write_all(b"world").unwrap();
    assert!(matches!(
        ingest.write_all(b"!"),
        Err(Error::SizeMismatch { .. })
    ));
    ingest.finish(&digest).unwrap();
}

#[test]
fn wrong_bytes_are_deleted() {
    let test = TestStore::new();
    let store = &test.store;
    let digest = Digest::of(b"right");
    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let error = fetch_as(store, lock, b"wrong");
    assert_eq!(
        error.to_string(),
        format!(
            "digest mismatch: expected {digest}, got {}",
            Digest::of(b"wrong")
        )
    );
    assert_eq!(store.ingest_offset(&digest).unwrap(), 0);
    assert!(files(&store.root().join("ingest")).is_empty());
}

fn fetch_as(
    store: &orlop_store::Store,
    lock: orlop_store::BlobLock,
    bytes: &[u8],
) -> orlop_store::Error {
    let mut ingest = store.ingest(lock, bytes.len() as u64).unwrap();
    ingest.write_all(bytes).unwrap();
    ingest.finish(&Digest::of(bytes)).unwrap_err()
}

#[test]
fn what_is_left_may_be_longer_than_it_should() {
    let test = TestStore::new();
    let digest = Digest::of(b"abc");
    let path = test
        .store
        .root()
        .join("ingest")
        .join(format!("sha256-{}", digest.hex()));
    std::fs::write(path, "abcdefgh").unwrap();
    let lock = test.store.try_lock_blob(&digest).unwrap().unwrap();
    assert_eq!(test.store.ingest(lock, 3).unwrap().offset(), 0);
}

#[test]
fn an_ingest_file_that_is_a_link_is_refused() {
    let test = TestStore::new();
    let digest = Digest::of(b"abc");
    let victim = test.dir.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    let path = test
        .store
        .root()
        .join("ingest")
        .join(format!("sha256-{}", digest.hex()));
    std::os::unix::fs::symlink(&victim, path).unwrap();
    let lock = test.store.try_lock_blob(&digest).unwrap().unwrap();
    assert!(test.store.ingest(lock, 3).is_err());
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn an_orphan_is_adopted_after_hashing() {
    let test = TestStore::new();
    let store = &test.store;
    let digest = Digest::of(b"orphan");
    let path = store.oci_dir().join("blobs/sha256").join(digest.hex());
    std::fs::write(&path, "orphan").unwrap();
    assert_eq!(store.blob(&digest).unwrap(), None);
    let lock = store.try_lock_blob(&digest).unwrap().unwrap();
    let ingest = store.ingest(lock, 6).unwrap();
    assert_eq!(ingest.offset(), 6);
    assert!(!path.exists());
    let mut bytes = Vec::new();
    ingest.existing().unwrap().read_to_end(&mut bytes).unwrap();
    let blob = ingest.finish(&Digest::of(&bytes)).unwrap();
    store
        .publish(Publication {
            blobs: vec![blob],
            ..Publication::default()
        })
        .unwrap();
    assert!(path.exists());
}

#[test]
fn damage_is_told() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["a"]).unwrap();
    let digest = image.config_digest();
    let path = store.oci_dir().join("blobs/sha256").join(digest.hex());

    let mut bytes = image.config.clone();
    bytes[0] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = store.read_document(&digest, 1 << 20).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "blob {digest} is damaged: its bytes have the digest {}",
            Digest::of(&bytes)
        )
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`orlop system repair` puts it aside")
    );

    std::fs::write(&path, "short").unwrap();
    let error = store.read_document(&digest, 1 << 20).unwrap_err();
    assert!(
        error.to_string().contains("has 5 bytes instead of"),
        "{error}"
    );

    std::fs::remove_file(&path).unwrap();
    let error = store.read_document(&digest, 1 << 20).unwrap_err();
    assert!(
        error.to_string().ends_with("its file is missing"),
        "{error}"
    );

    store.discard_damaged_blob(&digest).unwrap();
    assert_eq!(store.blob(&digest).unwrap(), None);
    image.pull(store, &["a"]).unwrap();
    image.assert_whole(store);
}

#[test]
fn publishing_again_heals_a_missing_document() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &["a"]).unwrap();
    let path = test
        .store
        .oci_dir()
        .join("blobs/sha256")
        .join(image.id().hex());
    std::fs::remove_file(&path).unwrap();
    image.pull(&test.store, &["a"]).unwrap();
    image.assert_whole(&test.store);
}

#[test]
fn documents_are_bounded_and_described() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &["a"]).unwrap();
    assert!(matches!(
        test.store.read_document(&image.id(), 10),
        Err(Error::TooLarge { max: 10, .. })
    ));
    let wrong = Descriptor::new(MediaType::OciManifest, image.id(), 3);
    assert!(matches!(
        test.store.read_described(&wrong, 1 << 20),
        Err(Error::SizeMismatch { expected: 3, .. })
    ));
}

#[test]
fn contradictions_are_refused_as_a_whole() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    let mut publication = image.publication();
    publication.documents[0].1.push(b' ');
    assert!(matches!(
        store.publish(publication),
        Err(Error::DigestMismatch { .. })
    ));
    let mut publication = image.publication();
    publication.names = vec!["a".parse().unwrap()];
    assert!(matches!(
        store.publish(publication),
        Err(Error::Incomplete(_))
    ));
    let other = Image::new("b", &[]);
    let mut publication = image.publication();
    publication.image = Some(other.target());
    assert!(matches!(
        store.publish(publication),
        Err(Error::Incomplete(_))
    ));
    assert_eq!(store.blobs().unwrap(), []);
    // The files that the refused publication had put in place are orphans.
    store.gc(&NoSnapshots).unwrap();
    assert!(test.blob_files().is_empty());
}

#[test]
fn a_failing_driver_publishes_nothing() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    let mut publication = image.publication();
    publication.image = Some(image.target());
    publication.publish_snapshots = Some(Box::new(|| Err(std::io::ErrorKind::Other.into())));
    assert!(test.store.publish(publication).is_err());
    assert!(test.store.images().unwrap().is_empty());
    assert!(test.store.blobs().unwrap().is_empty());
}

#[test]
fn waiting_for_a_blob_can_be_cancelled() {
    let test = TestStore::new();
    let digest = Digest::of(b"x");
    let _lock = test.store.try_lock_blob(&digest).unwrap().unwrap();
    assert!(matches!(
        test.store.lock_blob(&digest, &AtomicBool::new(true)),
        Err(Error::Cancelled)
    ));
}

#[test]
fn layers_sources_and_facts_are_kept_with_their_blob() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["a"]).unwrap();
    let layer = image.layer_digests().remove(0);
    let diff_id = orlop_oci::DiffId(layer.clone());
    let repository = "ghcr.io/x/y".parse().unwrap();
    assert_eq!(
        store.blobs_of_layer(&diff_id).unwrap(),
        std::slice::from_ref(&layer)
    );
    assert_eq!(store.layer_of_blob(&layer).unwrap(), Some(diff_id.clone()));
    store
        .add_sources(&[layer.clone(), Digest::of(b"unknown")], &repository)
        .unwrap();
    assert_eq!(store.repositories_of(&layer).unwrap(), [repository]);
    assert!(
        store
            .repositories_of(&Digest::of(b"unknown"))
            .unwrap()
            .is_empty()
    );
    store
        .set_facts(
            "summary",
            &[
                (image.id(), "{}".to_owned()),
                (Digest::of(b"unknown"), "{}".to_owned()),
            ],
        )
        .unwrap();
    assert_eq!(store.fact("summary", &image.id()).unwrap().unwrap(), "{}");
    assert_eq!(store.facts("summary").unwrap().len(), 1);

    store
        .remove_images(&[image.id()], &Files::new(store))
        .unwrap();
    assert!(store.blobs_of_layer(&diff_id).unwrap().is_empty());
    assert!(store.repositories_of(&layer).unwrap().is_empty());
    assert!(store.facts("summary").unwrap().is_empty());
}
