//! How a server behaves, resolved: nothing here is read from a file or the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// How a [`Server`](crate::Server) behaves. The defaults are those of a small registry on one
/// machine; each field may be changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// With these, every listener speaks TLS.
    pub tls: Option<TlsOptions>,
    /// Where metrics and health are served besides, without TLS and without asking who it is.
    pub operation_listen: Option<SocketAddr>,
    /// The registry as clients know it, `https://registry.example.com`, for absolute locations.
    /// Without it locations are relative, which every client and every proxy understands, and a
    /// challenge names the host that the request was sent to.
    pub public_url: Option<Url>,
    /// Hosts that a registry answers to that listens on the loopback only and lets everybody push,
    /// beside `localhost`, `*.localhost`, loopback addresses and that of `public_url`: without their
    /// port, an IPv6 address in brackets. Other registries answer to every name.
    pub hosts: Vec<String>,
    /// Tags, manifests and blobs may be deleted. Else 405.
    pub deletion: bool,
    /// `/metrics` is for administrators only. Always so on the registry's own listeners, unless this
    /// is off.
    pub guard_metrics: bool,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Web pages of these origins (`https://portal.example.com`, or `*`) may use the registry
    /// (CORS).
    pub allowed_origins: Vec<String>,
    /// The least length of a chunk that isn't the last, told to clients (`OCI-Chunk-Min-Length`).
    pub chunk_min_length: Option<u64>,
    /// Bounds in number and size.
    pub limits: Limits,
    /// Bounds in time.
    pub timeouts: Timeouts,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 5000))],
            tls: None,
            operation_listen: None,
            public_url: None,
            hosts: Vec::new(),
            deletion: true,
            guard_metrics: true,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            chunk_min_length: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Files of a server's TLS. They are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// The server's certificate and those between it and its authority, PEM.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// Authorities whose client certificates are believed, PEM. Without, none is asked for.
    pub client_authorities: Option<PathBuf>,
    /// A client without a certificate can't connect at all.
    pub client_required: bool,
}

/// Bounds in number and size.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time. What is beyond waits to be accepted.
    pub connections: usize,
    /// Streams of an HTTP/2 connection at a time. Each may hold 192 KiB of its answer in memory.
    pub streams: u32,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's line and headers.
    pub header_bytes: usize,
    /// Bytes of a request's path and query (414).
    pub target_bytes: usize,
    /// Bytes of a manifest (413).
    pub manifest_bytes: u64,
    /// Entries of a page of tags, repositories or referrers.
    pub page: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            streams: 64,
            headers: 100,
            header_bytes: 64 * 1024,
            target_bytes: 16 * 1024,
            manifest_bytes: 4 * 1024 * 1024,
            page: 1000,
        }
    }
}

/// Bounds in time.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// From the first byte of a request to the end of its headers; also a TLS handshake.
    pub header: Duration,
    /// Between two requests of a connection.
    pub idle: Duration,
    /// Between two parts of a request's body (408).
    pub body_idle: Duration,
    /// Bytes a second at which a body must come, over the time that was waited for it.
    pub body_rate: u64,
    /// While an answer is sent and the client takes nothing of it; on a stream of HTTP/2, less than
    /// a frame of 16 KiB.
    pub send: Duration,
    /// For what runs when the server stops.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(15),
            idle: Duration::from_secs(120),
            body_idle: Duration::from_secs(60),
            body_rate: 256,
            send: Duration::from_secs(60),
            shutdown: Duration::from_secs(30),
        }
    }
}
