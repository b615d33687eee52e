//! A storage in a folder of its own, and content to put into it.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use orlop_oci::{Algorithm, Digest, Digester};
use orlop_registry_store::{
    BlobContent, Body, Chunk, NewManifest, OpenBlob, Origin, Page, RepositoryName, Storage,
    StorageOptions, TagName, TagOrDigest,
};
use tempfile::TempDir;

/// A storage whose folder goes with it.
pub(crate) struct TestStorage {
    pub(crate) storage: Storage,
    pub(crate) directory: TempDir,
}

impl TestStorage {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut StorageOptions)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = StorageOptions::new(directory.path());
        change(&mut options);
        let storage = Storage::open(options).unwrap();
        Self { storage, directory }
    }

    /// As another process would open it, or this one after a restart.
    pub(crate) fn again(&self) -> Storage {
        Storage::open(StorageOptions::new(self.directory.path())).unwrap()
    }

    /// Files below a folder of the root, by name.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join(folder)).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    pub(crate) async fn push(&self, name: &str, content: &[u8]) -> Digest {
        push(&self.storage, name, content).await
    }

    /// An image of one configuration and one layer, both pushed; returns its bytes.
    pub(crate) async fn image(&self, name: &str, seed: &str) -> Bytes {
        image(&self.storage, name, seed).await
    }

    pub(crate) async fn put(&self, name: &str, tags: &[&str], bytes: &Bytes) -> Digest {
        put(&self.storage, name, tags, bytes).await
    }
}

pub(crate) async fn push(storage: &Storage, name: &str, content: &[u8]) -> Digest {
    let digest = Digest::of(content);
    let info = storage
        .put_blob(&repo(name), &digest, whole(content))
        .await
        .unwrap();
    assert_eq!(info.size, content.len() as u64);
    digest
}

pub(crate) async fn image(storage: &Storage, name: &str, seed: &str) -> Bytes {
    let config = format!("{{\"seed\":\"{seed}\"}}");
    let layer = format!("layer of {seed}");
    push(storage, name, config.as_bytes()).await;
    push(storage, name, layer.as_bytes()).await;
    image_of(config.as_bytes(), &[layer.as_bytes()], "")
}

pub(crate) async fn put(storage: &Storage, name: &str, tags: &[&str], bytes: &Bytes) -> Digest {
    let manifest = new_manifest(tags, bytes);
    let put = storage.put_manifest(&repo(name), manifest, &origin()).await;
    put.unwrap().digest
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What the bytes say they are.
pub(crate) fn media_type(bytes: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    json["mediaType"].as_str().unwrap().to_owned()
}

pub(crate) fn new_manifest(tags: &[&str], bytes: &Bytes) -> NewManifest {
    NewManifest {
        digest: None,
        tags: tags.iter().map(|text| tag(text)).collect(),
        media_type: media_type(bytes),
        bytes: bytes.clone(),
    }
}

pub(crate) fn descriptor(media_type: &str, content: &[u8]) -> String {
    format!(
        r#"{{"mediaType":"{media_type}","digest":"{}","size":{}}}"#,
        Digest::of(content),
        content.len()
    )
}

/// An image manifest. `extra` goes before the closing brace, and begins with a comma.
pub(crate) fn image_of(config: &[u8], layers: &[&[u8]], extra: &str) -> Bytes {
    let layers: Vec<String> = layers
        .iter()
        .map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer))
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{},"layers":[{}]{extra}}}"#,
        descriptor("application/vnd.oci.image.config.v1+json", config),
        layers.join(",")
    )
    .into()
}

/// An index of manifests.
pub(crate) fn index_of(children: &[&[u8]], extra: &str) -> Bytes {
    let children: Vec<String> = children
        .iter()
        .map(|child| descriptor(&media_type(child), child))
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]{extra}}}"#,
        children.join(",")
    )
    .into()
}

/// An extra field that names a subject.
pub(crate) fn subject_of(bytes: &[u8]) -> String {
    format!(r#","subject":{}"#, descriptor(&media_type(bytes), bytes))
}

pub(crate) fn repo(name: &str) -> RepositoryName {
    name.parse().unwrap()
}

pub(crate) fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

pub(crate) fn reference(text: &str) -> TagOrDigest {
    text.parse().unwrap()
}

pub(crate) fn by(digest: &Digest) -> TagOrDigest {
    TagOrDigest::Digest(digest.clone())
}

pub(crate) fn sha512(content: &[u8]) -> Digest {
    let mut digester = Digester::new(Algorithm::Sha512);
    digester.update(content);
    digester.finish()
}

pub(crate) fn origin() -> Origin {
    Origin {
        actor: "alice".into(),
        address: Some("192.0.2.1".into()),
        user_agent: Some("test".into()),
        request_id: Some("1".into()),
    }
}

pub(crate) fn page(after: Option<&str>, limit: usize) -> Page {
    Page {
        after: after.map(str::to_owned),
        limit,
    }
}

/// A body of these pieces.
pub(crate) fn body(pieces: Vec<Result<Bytes, String>>) -> Body {
    stream::iter(pieces).boxed()
}

/// A chunk that is what it says.
pub(crate) fn whole(content: &[u8]) -> Chunk {
    Chunk {
        start: None,
        length: Some(content.len() as u64),
        body: body(vec![Ok(Bytes::copy_from_slice(content))]),
    }
}

/// A chunk at an offset.
pub(crate) fn at(start: u64, content: &[u8]) -> Chunk {
    Chunk {
        start: Some(start),
        ..whole(content)
    }
}

/// No chunk at all.
pub(crate) fn nothing() -> Chunk {
    Chunk {
        start: None,
        length: None,
        body: body(Vec::new()),
    }
}

pub(crate) fn content(open: OpenBlob) -> Vec<u8> {
    use std::io::Read as _;
    let BlobContent::File(mut file) = open.content;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) async fn read(storage: &Storage, name: &str, digest: &Digest) -> Vec<u8> {
    content(storage.open_blob(&repo(name), digest).await.unwrap())
}
