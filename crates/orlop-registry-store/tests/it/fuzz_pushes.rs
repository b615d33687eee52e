//! Manifests that are pushed, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/pushes.rs`, with the seeds of `manifests`.

use bytes::Bytes;
use orlop_registry_store::{
    NewManifest, Origin, RepositoryName, Sparse, Storage, StorageError, StorageOptions, TagName,
    TagOrDigest,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

struct Place {
    storage: Storage,
    runtime: Runtime,
    _directory: TempDir,
}

thread_local! {
    /// One storage for everything that is pushed: to open one takes longer than to push to it.
    static PLACE: Place = {
        let directory = tempfile::tempdir().expect("a folder can be made");
        let mut options = StorageOptions::new(directory.path());
        // What is named needn't be there, so that more than refusals is seen.
        options.sparse = Sparse::Accepted;
        Place {
            storage: Storage::open(options).expect("the folder is empty"),
            runtime: Builder::new_current_thread().build().expect("threads can be made"),
            _directory: directory,
        }
    };
}

/// A `Content-Type`, a line feed, a document: it is refused as the client's fault, or it is there
/// byte for byte, by its digest and by its tag.
pub(crate) fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (header, rest) = data.split_at(end.unwrap_or(0));
    let bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
    let media_type = String::from_utf8_lossy(header);
    PLACE.with(|place| {
        place
            .runtime
            .block_on(push(&place.storage, &media_type, bytes))
    });
}

async fn push(storage: &Storage, media_type: &str, bytes: &[u8]) {
    let name: RepositoryName = "a".parse().expect("it is a name");
    let tag: TagName = "b".parse().expect("it is a tag");
    let new = NewManifest {
        digest: None,
        tags: vec![tag.clone()],
        media_type: media_type.to_owned(),
        bytes: Bytes::copy_from_slice(bytes),
    };
    let put = match storage.put_manifest(&name, new, &Origin::system()).await {
        Ok(put) => put,
        Err(StorageError::ManifestInvalid(_) | StorageError::TooLarge { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    assert!(put.digest.matches(bytes));
    for reference in [
        TagOrDigest::Digest(put.digest.clone()),
        TagOrDigest::Tag(tag),
    ] {
        let stored = storage.manifest(&name, &reference).await;
        let stored = stored.expect("it was taken");
        assert_eq!((&stored.digest, &stored.bytes[..]), (&put.digest, bytes));
        assert!(!stored.media_type.is_empty());
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("manifests", 29, check);
}
