//! A server of its own for a test, on a port of its own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use orlop_access::{
    AccessConfig, AccessControl, AnonymousAccess, Clock, MemoryAccounts, SystemClock,
};
use orlop_oci::Digest;
use orlop_registry::{Notice, Server, ServerOptions, Sinks};
use orlop_registry_store::{Storage, StorageOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::client::{Answer, Connection};

/// What a test wants to be otherwise.
pub(crate) struct Wanted {
    pub(crate) options: ServerOptions,
    pub(crate) access: AccessConfig,
    pub(crate) accounts: Arc<MemoryAccounts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) storage: Box<dyn FnOnce(&mut StorageOptions) + Send>,
}

impl Default for Wanted {
    fn default() -> Self {
        let mut options = ServerOptions::default();
        options.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        // As tests call it.
        options.hosts = ["registry.test", "elsewhere.test", "x"]
            .map(Into::into)
            .to_vec();
        Self {
            options,
            access: AccessConfig::open(AnonymousAccess::Push),
            accounts: Arc::default(),
            clock: Arc::new(SystemClock::default()),
            storage: Box::new(|_| {}),
        }
    }
}

/// A running server. It is stopped when it is dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) operation: Option<SocketAddr>,
    pub(crate) root: TempDir,
    pub(crate) server: Server,
    pub(crate) log: Buffer,
    pub(crate) notices: Arc<Mutex<Vec<Notice>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What was written, for a test to read.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TestServer {
    /// Anybody may push.
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Wanted)) -> Self {
        let mut wanted = Wanted::default();
        change(&mut wanted);
        let root = tempfile::tempdir().unwrap();
        let mut storage = StorageOptions::new(root.path());
        (wanted.storage)(&mut storage);
        let (log, notices) = (Buffer::default(), Arc::new(Mutex::new(Vec::new())));
        let told = Arc::clone(&notices);
        let sinks = Sinks {
            access_log: Some(Box::new(log.clone())),
            observer: Some(Arc::new(move |notice| told.lock().unwrap().push(notice))),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, bound) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let storage = Storage::open(storage).unwrap();
                let access = AccessControl::open(
                    wanted.access,
                    wanted.accounts,
                    wanted.clock,
                    Arc::new(|_| {}),
                );
                let access = access.await.unwrap();
                let server = Server::bind(wanted.options, storage, access, sinks);
                let server = server.await.unwrap();
                ready.send(server.clone()).unwrap();
                let stopped = async {
                    let _ = stopped.await;
                };
                server.run(stopped).await;
            });
        });
        let server = bound.recv().expect("the server starts");
        Self {
            address: server.addresses()[0],
            operation: server.operation_address(),
            root,
            server,
            log,
            notices,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Asks it to stop, without waiting.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until it has stopped.
    pub(crate) fn join(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server doesn't panic");
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.connect().ask(method, target, headers, body)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], &[])
    }

    /// Pushes a blob in one request.
    pub(crate) fn push_blob(&self, name: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let target = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        self.ask("POST", &target, &[], content).expect(201);
        digest
    }

    /// Pushes a manifest of an image whose blobs are pushed too.
    pub(crate) fn push_image(&self, name: &str, reference: &str, seed: &str) -> Digest {
        let manifest = self.image(name, seed);
        let target = format!("/v2/{name}/manifests/{reference}");
        let answer = self.ask("PUT", &target, &[("Content-Type", OCI_MANIFEST)], &manifest);
        answer.expect(201);
        Digest::of(&manifest)
    }

    /// A manifest of an image, whose blobs are pushed.
    pub(crate) fn image(&self, name: &str, seed: &str) -> Vec<u8> {
        let config = format!("{{\"seed\":\"{seed}\"}}");
        let config_digest = self.push_blob(name, config.as_bytes());
        let layer_digest = self.push_blob(name, seed.as_bytes());
        manifest(
            (&config_digest, config.len()),
            &[(&layer_digest, seed.len())],
            serde_json::json!({}),
        )
    }

    /// The lines of the access log. Only whole after the server has stopped.
    pub(crate) fn lines(&mut self) -> Vec<Value> {
        self.join();
        // The log is written until the last of the server is gone.
        let bytes = self.log.0.lock().unwrap();
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let joined = thread.join();
            assert!(
                joined.is_ok() || std::thread::panicking(),
                "the server panicked"
            );
        }
    }
}

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest, with more fields.
pub(crate) fn manifest(
    config: (&Digest, usize),
    layers: &[(&Digest, usize)],
    more: Value,
) -> Vec<u8> {
    let layers: Vec<Value> = layers
        .iter()
        .map(|(digest, size)| {
            serde_json::json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": digest, "size": size,
            })
        })
        .collect();
    let mut document = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.0, "size": config.1,
        },
        "layers": layers,
    });
    if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    serde_json::to_vec(&document).unwrap()
}

/// Bytes that look random and are always the same.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
