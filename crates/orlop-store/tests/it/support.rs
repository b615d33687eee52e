//! Small images for tests, and the way they come into a store.

use std::io::Read as _;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use orlop_oci::{
    Algorithm, ChainId, Descriptor, DiffId, Digest, Digester, MediaType, Reference, chain_ids,
};
use orlop_store::{Error, IngestedBlob, Publication, Result, SnapshotRecord, SnapshotSpace, Store};

pub(crate) const DRIVER: &str = "plain";

/// An image of one platform; its layers are just bytes, and each unpacks to one file.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

impl Image {
    pub(crate) fn new(label: &str, layers: &[&str]) -> Self {
        let layers: Vec<Vec<u8>> = layers.iter().map(|l| l.as_bytes().to_vec()).collect();
        let diff_ids: Vec<String> = layers.iter().map(|l| Digest::of(l).to_string()).collect();
        let config = serde_json::to_vec(&serde_json::json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"label": label}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }))
        .unwrap();
        let described: Vec<_> = layers
            .iter()
            .map(|layer| {
                Descriptor::new(MediaType::OciLayer, Digest::of(layer), layer.len() as u64)
            })
            .collect();
        let manifest = serde_json::to_vec(&serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OciManifest,
            "config": Descriptor::new(
                MediaType::OciConfig, Digest::of(&config), config.len() as u64),
            "layers": described,
        }))
        .unwrap();
        Self {
            layers,
            config,
            manifest,
        }
    }

    pub(crate) fn id(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    pub(crate) fn config_digest(&self) -> Digest {
        Digest::of(&self.config)
    }

    pub(crate) fn layer_digests(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| Digest::of(layer)).collect()
    }

    pub(crate) fn chains(&self) -> Vec<ChainId> {
        let diff_ids: Vec<DiffId> = self.layer_digests().into_iter().map(DiffId).collect();
        chain_ids(&diff_ids)
    }

    pub(crate) fn target(&self) -> Descriptor {
        Descriptor::new(
            MediaType::OciManifest,
            self.id(),
            self.manifest.len() as u64,
        )
    }

    /// All of its blobs.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        let mut all = vec![self.id(), self.config_digest()];
        all.extend(self.layer_digests());
        all
    }

    /// Documents, edges and chains, without blobs and names.
    pub(crate) fn publication(&self) -> Publication<'static> {
        let mut edges = vec![(self.id(), self.config_digest())];
        edges.extend(self.layer_digests().into_iter().map(|l| (self.id(), l)));
        Publication {
            documents: vec![
                (self.id(), self.manifest.clone()),
                (self.config_digest(), self.config.clone()),
            ],
            edges,
            layers: self
                .layer_digests()
                .into_iter()
                .map(|l| (DiffId(l.clone()), l))
                .collect(),
            chains: vec![(self.id(), self.chains())],
            ..Publication::default()
        }
    }

    /// Brings it in, as a pull does: hold, look, lock, fetch what is missing, publish.
    pub(crate) fn pull(&self, store: &Store, names: &[&str]) -> Result<()> {
        let lease = store.lease("test pull")?;
        lease.hold(&self.digests(), &self.chains())?;
        loop {
            let mut publication = self.publication();
            let mut busy = None;
            for layer in &self.layers {
                let digest = Digest::of(layer);
                if publication.blobs.iter().any(|b| b.digest() == &digest)
                    || store.blob(&digest)?.is_some()
                {
                    continue;
                }
                match store.try_lock_blob(&digest)? {
                    None => busy = Some(digest),
                    Some(lock) => {
                        if store.blob(&digest)?.is_none() {
                            publication.blobs.push(fetch(store, lock, layer)?);
                        }
                    }
                }
            }
            let mut parent = None;
            for (chain, layer) in self.chains().into_iter().zip(&self.layers) {
                if store.snapshot(DRIVER, &chain)?.is_none() {
                    let Some(lock) = store.try_lock_chain(&chain)? else {
                        // What stands on it can't be published before it.
                        publication.chains.clear();
                        make_snapshots(store, &mut publication);
                        store.publish(Publication {
                            image: None,
                            names: Vec::new(),
                            ..publication
                        })?;
                        drop(store.lock_chain(&chain, &AtomicBool::new(false))?);
                        return self.pull(store, names);
                    };
                    if store.snapshot(DRIVER, &chain)?.is_none() {
                        publication.snapshots.push(SnapshotRecord {
                            driver: DRIVER.to_owned(),
                            chain_id: chain.clone(),
                            parent: parent.clone(),
                            diff_id: DiffId(Digest::of(layer)),
                            bytes: layer.len() as u64,
                            inodes: 1,
                        });
                        publication.chain_locks.push(lock);
                    }
                }
                parent = Some(chain);
            }
            make_snapshots(store, &mut publication);
            if let Some(digest) = busy {
                publication.chains.clear();
                store.publish(publication)?;
                drop(store.lock_blob(&digest, &AtomicBool::new(false))?);
                continue;
            }
            publication.image = Some(self.target());
            publication.names = names.iter().map(|n| name(n).with_default_tag()).collect();
            store.publish(publication)?;
            return Ok(());
        }
    }

    /// Asserts that all of it is there and right.
    pub(crate) fn assert_whole(&self, store: &Store) {
        assert!(store.image(&self.id()).unwrap().is_some());
        for digest in self.digests() {
            store
                .read_document(&digest, 1 << 20)
                .unwrap_or_else(|e| panic!("{digest}: {e}"));
        }
        for chain in self.chains() {
            assert!(store.snapshot(DRIVER, &chain).unwrap().is_some());
            assert!(snapshot_path(store, &chain).exists(), "{chain}");
        }
    }
}

pub(crate) fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

pub(crate) fn snapshot_path(store: &Store, chain: &ChainId) -> std::path::PathBuf {
    store
        .snapshots_dir(DRIVER)
        .join(format!("sha256-{}", chain.0.hex()))
}

fn make_snapshots(store: &Store, publication: &mut Publication<'_>) {
    let directory = store.snapshots_dir(DRIVER);
    std::fs::create_dir_all(&directory).unwrap();
    let paths: Vec<_> = publication
        .snapshots
        .iter()
        .map(|s| snapshot_path(store, &s.chain_id))
        .collect();
    publication.publish_snapshots = Some(Box::new(move || {
        for path in paths {
            std::fs::write(path, "unpacked")?;
        }
        Ok(())
    }));
}

/// Brings one blob in, going on where an earlier try stopped.
pub(crate) fn fetch(
    store: &Store,
    lock: orlop_store::BlobLock,
    bytes: &[u8],
) -> Result<IngestedBlob> {
    let mut ingest = store.ingest(lock, bytes.len() as u64)?;
    let mut digester = Digester::new(Algorithm::Sha256);
    let mut existing = Vec::new();
    ingest.existing()?.read_to_end(&mut existing).unwrap();
    digester.update(&existing);
    let rest = &bytes[usize::try_from(ingest.offset()).unwrap()..];
    for chunk in rest.chunks(7) {
        ingest.write_all(chunk)?;
        digester.update(chunk);
    }
    ingest.finish(&digester.finish())
}

/// The snapshots as [`make_snapshots`] makes them.
pub(crate) struct Files<'a> {
    pub(crate) store: &'a Store,
    pub(crate) removed: Mutex<Vec<ChainId>>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            store,
            removed: Mutex::default(),
        }
    }
}

impl SnapshotSpace for Files<'_> {
    fn remove(&self, driver: &str, chain: &ChainId) -> std::io::Result<()> {
        assert_eq!(driver, DRIVER);
        self.removed.lock().unwrap().push(chain.clone());
        match std::fs::remove_file(snapshot_path(self.store, chain)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn present(&self) -> std::io::Result<Vec<(String, ChainId)>> {
        let directory = self.store.snapshots_dir(DRIVER);
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Ok(Vec::new());
        };
        Ok(entries
            .filter_map(|e| e.unwrap().file_name().into_string().ok())
            .filter_map(|n| n.replacen('-', ":", 1).parse().ok())
            .map(|chain| (DRIVER.to_owned(), chain))
            .collect())
    }

    fn sweep(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A store in a directory that goes away with it.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) dir: tempfile::TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("root")).unwrap();
        Self { store, dir }
    }

    /// The names of all files of blobs.
    pub(crate) fn blob_files(&self) -> Vec<String> {
        files(&self.store.oci_dir().join("blobs/sha256"))
    }
}

pub(crate) fn files(directory: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Whether an operation lost a race that it may lose.
pub(crate) fn is_gone(error: &Error) -> bool {
    matches!(error, Error::NoImage(_) | Error::NoName(_))
}
