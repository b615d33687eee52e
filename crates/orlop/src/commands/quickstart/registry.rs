//! The registry of the tour: what `orlop serve` serves, on a port of its own, in a thread.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use orlop_access::{AccessConfig, AccessControl, AnonymousAccess, SystemClock};
use orlop_registry::{Server, ServerOptions, Sinks};
use orlop_registry_store::{Storage, StorageOptions};
use tokio::sync::oneshot;

use crate::error::{CliError, CliResult, chain};

/// A registry that runs. Dropping it ends it.
pub(super) struct Registry {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Registry {
    /// Serves a folder on the loopback.
    ///
    /// # Errors
    /// It can't be started.
    pub(super) fn start(folder: &Path) -> CliResult<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let server = runtime.block_on(bind(folder))?;
        let address = server.addresses().first().copied();
        let address = address.ok_or_else(|| CliError::new("no address to listen on"))?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("registry".to_owned())
            .spawn(move || {
                runtime.block_on(server.run(async {
                    // An error says that the tour is gone, which ends it as well.
                    let _ = stopped.await;
                }));
            })?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `127.0.0.1:PORT`
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn bind(folder: &Path) -> CliResult<Server> {
    let failed = |error: &dyn std::error::Error| CliError::new(chain(error));
    let storage = Storage::open(StorageOptions::new(folder)).map_err(|error| failed(&error))?;
    let access = AccessControl::open(
        AccessConfig::open(AnonymousAccess::Push),
        Arc::new(storage.clone()),
        Arc::new(SystemClock::default()),
        Arc::new(|_| {}),
    );
    let access = access.await.map_err(|error| failed(&error))?;
    let mut options = ServerOptions::default();
    options.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let bound = Server::bind(options, storage, access, Sinks::default()).await;
    bound.map_err(|error| failed(&error))
}
