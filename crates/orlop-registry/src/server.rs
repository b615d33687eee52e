//! The server: listeners, connections, and how it stops.
//!
//! Straight on hyper: what a registry needs of a server (files by `sendfile`, a limit for everything
//! that a client can be slow at, certificates that change while it runs) lies below what a web
//! framework shows, and its routes are read from their end, which no framework's router does.

mod connection;
pub(crate) mod outbox;
pub(crate) mod pulse;
mod socket;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orlop_access::AccessControl;
use orlop_registry_store::Storage;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::ServerError;
use crate::operation::{AccessLog, BesideMetrics, Metrics, Notice, Observer, Sinks};
use crate::options::ServerOptions;
use crate::registry::Registry;
use outbox::Hole;
use tls::Tls;

/// How often the files of TLS are looked at.
const TLS_LOOK: Duration = Duration::from_secs(5);
/// Connections of the listener for metrics and health.
const OPERATION_CONNECTIONS: usize = 64;
/// How long no connection is taken after one couldn't be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A registry's server. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<Registry>,
    tls: Option<Tls>,
    hole: Hole,
    addresses: Vec<SocketAddr>,
    operation_address: Option<SocketAddr>,
    /// Until the server runs.
    listeners: Mutex<Vec<Listener>>,
    stage: watch::Sender<Stage>,
    /// Of the listener for metrics and health, which serves until the end.
    operation_stage: watch::Sender<Stage>,
}

struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    operation: bool,
    permits: Arc<Semaphore>,
}

/// What is asked of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Serving,
    /// Finish what runs.
    Draining,
    /// Now.
    Stopped,
}

impl Server {
    /// Takes the addresses and reads the files of TLS. From now on connections queue; they are
    /// served when the server [runs](Server::run).
    ///
    /// # Errors
    /// An address that can't be taken, or a file that can't be used.
    pub async fn bind(
        options: ServerOptions,
        storage: Storage,
        access: AccessControl,
        sinks: Sinks,
    ) -> Result<Self, ServerError> {
        let tls = options.tls.clone().map(Tls::open).transpose()?;
        let permits = Arc::new(Semaphore::new(options.limits.connections));
        let mut listeners = Vec::new();
        for address in &options.listen {
            listeners.push(Listener::bind(*address, false, &permits).await?);
        }
        if listeners.is_empty() {
            return Err(ServerError::NoAddress);
        }
        let addresses = listeners.iter().map(|listener| listener.address).collect();
        let mut operation_address = None;
        if let Some(address) = options.operation_listen {
            let permits = Arc::new(Semaphore::new(OPERATION_CONNECTIONS));
            let listener = Listener::bind(address, true, &permits).await?;
            operation_address = Some(listener.address);
            listeners.push(listener);
        }
        let observer = sinks.observer.unwrap_or_else(|| Arc::new(|_| {}));
        let log = AccessLog::new(sinks.access_log);
        let metrics = Metrics::new();
        let registry = Registry::new(options, storage, access, log, observer, metrics);
        let inner = Inner {
            registry: Arc::new(registry),
            tls,
            hole: Hole::new(),
            addresses,
            operation_address,
            listeners: Mutex::new(listeners),
            stage: watch::Sender::new(Stage::Serving),
            operation_stage: watch::Sender::new(Stage::Serving),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Where it listens, in the order of the options, with the ports that were chosen for `0`.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.inner.addresses
    }

    /// Where metrics and health are served besides.
    pub fn operation_address(&self) -> Option<SocketAddr> {
        self.inner.operation_address
    }

    /// Where what goes on beside requests is counted, for `/metrics`.
    pub fn beside(&self) -> BesideMetrics {
        self.inner.registry.metrics.beside.clone()
    }

    /// Reads the files of TLS again. When it fails, what was read before holds on.
    ///
    /// # Errors
    /// A file that can't be used.
    pub fn reload(&self) -> Result<(), ServerError> {
        self.inner.tls.as_ref().map_or(Ok(()), Tls::reload)
    }

    /// Writes lines of the access log to another stream from now on, or nowhere. Those of before are
    /// written out beside this.
    pub fn set_access_log(&self, writer: Option<Box<dyn std::io::Write + Send>>) {
        let registry = Arc::clone(&self.inner.registry);
        tokio::task::spawn_blocking(move || registry.log.replace(writer));
    }

    /// Serves until `shutdown`, then takes no more connections, finishes what runs, and cuts off
    /// what isn't finished in time. A second call returns at once.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let inner = &self.inner;
        let listeners = {
            let mut listeners = inner
                .listeners
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *listeners)
        };
        let limit = inner.registry.options.limits.connections;
        let Some(permits) = listeners.first().map(|first| Arc::clone(&first.permits)) else {
            return;
        };
        let (mut tasks, mut operation) = (JoinSet::new(), JoinSet::new());
        for listener in listeners {
            let tasks = if listener.operation {
                &mut operation
            } else {
                &mut tasks
            };
            tasks.spawn(accept(Arc::clone(inner), listener));
        }
        if inner.tls.is_some() {
            tasks.spawn(watch_tls(Arc::clone(inner)));
        }
        shutdown.await;
        inner.registry.draining.store(true, Ordering::Relaxed);
        inner.notice(Notice::Draining);
        tasks.shutdown().await;
        inner.stage.send_replace(Stage::Draining);
        self.drain(&permits, limit).await;
        operation.shutdown().await;
        inner.operation_stage.send_replace(Stage::Stopped);
        let registry = Arc::clone(&inner.registry);
        let _ = tokio::task::spawn_blocking(move || registry.log.flush()).await;
    }
}

impl Server {
    /// Waits until no connection is open, for a while; then ends what is left.
    async fn drain(&self, permits: &Semaphore, limit: usize) {
        let inner = &self.inner;
        let all = u32::try_from(limit).unwrap_or(u32::MAX);
        let time = inner.registry.options.timeouts.shutdown;
        let drained = tokio::time::timeout(time, permits.acquire_many(all)).await;
        let connections = limit - permits.available_permits();
        inner.stage.send_replace(Stage::Stopped);
        if drained.is_err() {
            inner.notice(Notice::CutOff { connections });
            let _ = permits.acquire_many(all).await;
        }
    }
}

impl Listener {
    async fn bind(
        address: SocketAddr,
        operation: bool,
        permits: &Arc<Semaphore>,
    ) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: socket.local_addr().map_err(failed)?,
            socket,
            operation,
            permits: Arc::clone(permits),
        })
    }
}

impl Inner {
    fn notice(&self, notice: Notice) {
        let observer: &Observer = &self.registry.observer;
        observer(notice);
    }
}

/// Takes connections, never more at a time than there are permits.
async fn accept(inner: Arc<Inner>, listener: Listener) {
    inner.notice(Notice::Listening {
        address: listener.address,
        secure: inner.tls.is_some() && !listener.operation,
    });
    loop {
        let permit = Arc::clone(&listener.permits).acquire_owned().await;
        let permit = permit.expect("nobody closes the semaphore");
        match listener.socket.accept().await {
            Ok((stream, address)) => {
                inner.registry.metrics.accepted.inc();
                let connection = serve(Arc::clone(&inner), stream, address, listener.operation);
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                inner.notice(Notice::AcceptFailed {
                    reason: error.to_string(),
                });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection that was gone before it was taken.
fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

async fn serve(inner: Arc<Inner>, stream: TcpStream, address: SocketAddr, operation: bool) {
    let metrics = &inner.registry.metrics;
    metrics.connections.inc();
    let _open = Open(&inner.registry);
    let stage = if operation {
        &inner.operation_stage
    } else {
        &inner.stage
    };
    let setting = connection::Setting {
        registry: Arc::clone(&inner.registry),
        address,
        operation,
        stage: stage.subscribe(),
    };
    match inner.tls.as_ref().filter(|_| !operation) {
        Some(tls) => connection::secure(setting, stream, tls.config()).await,
        None => connection::plain(setting, stream, inner.hole.clone()).await,
    }
}

/// Counts a connection until it ends, however it ends.
struct Open<'a>(&'a Registry);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
    }
}

async fn watch_tls(inner: Arc<Inner>) {
    let Some(tls) = &inner.tls else { return };
    let mut last = None;
    loop {
        tokio::time::sleep(TLS_LOOK).await;
        match tls.reload_if_changed() {
            Ok(false) => {}
            Ok(true) => {
                last = None;
                inner.notice(Notice::TlsRead);
            }
            Err(error) => {
                let reason = error.to_string();
                if last.as_ref() != Some(&reason) {
                    last = Some(reason.clone());
                    inner.notice(Notice::TlsRefused { reason });
                }
            }
        }
    }
}
