//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use orlop_access::CertificateNames;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Stage;
use super::outbox::{Hole, Outbox};
use super::pulse::{Pulse, Verdict, Watched};
use super::socket::PlainSocket;
use crate::peer::Peer;
use crate::registry::Registry;
use crate::service;

/// What an HTTP/2 client begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much is read to find out which protocol is spoken, in bytes: mostly a whole request.
const FIRST_READ: usize = 8 * 1024;
/// How much of a body is held in memory, in bytes.
const BUFFER: usize = 256 * 1024;
/// How much a client may send on an HTTP/2 stream before we take it, in bytes.
const WINDOW: u32 = 1024 * 1024;
/// How long and how much is read from a client that still sends when we have answered and closed: a
/// connection with unread bytes is reset, and the answer with it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 * 1024 * 1024;
const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What a connection starts with.
pub(super) struct Setting {
    pub(super) registry: Arc<Registry>,
    pub(super) address: SocketAddr,
    pub(super) operation: bool,
    pub(super) stage: watch::Receiver<Stage>,
}

/// A connection without TLS: HTTP/1, or HTTP/2 for a client that knows ("prior knowledge").
pub(super) async fn plain(mut setting: Setting, mut stream: TcpStream, hole: Hole) {
    let limit = setting.registry.options.timeouts.header;
    let first = timeout(limit, first_bytes(&mut stream));
    let first = tokio::select! {
        first = first => first,
        () = draining(&mut setting.stage) => return,
    };
    let Ok(Some((ahead, is_http2))) = first else {
        return;
    };
    let outbox = Outbox::new(hole);
    let Some(peer) = setting.peer(&stream, None, Some(outbox.clone())) else {
        return;
    };
    let socket = PlainSocket::new(stream, ahead, outbox);
    setting.speak(Arc::new(peer), socket, is_http2).await;
}

/// A connection behind TLS.
pub(super) async fn secure(mut setting: Setting, stream: TcpStream, config: Arc<ServerConfig>) {
    let limit = setting.registry.options.timeouts.header;
    let shake = timeout(limit, TlsAcceptor::from(config).accept(stream));
    let shaken = tokio::select! {
        shaken = shake => shaken,
        () = draining(&mut setting.stage) => return,
    };
    let Ok(Ok(stream)) = shaken else {
        return;
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let Ok(names) = names(&stream) else {
        return;
    };
    let Some(peer) = setting.peer(stream.get_ref().0, Some(names), None) else {
        return;
    };
    setting.speak(Arc::new(peer), stream, is_http2).await;
}

/// The names in the client's certificate. One that TLS believes and we can't read is no client's.
fn names(
    stream: &TlsStream<TcpStream>,
) -> Result<Option<CertificateNames>, orlop_access::CertificateError> {
    let certificates = stream.get_ref().1.peer_certificates();
    let first = certificates.and_then(<[_]>::first);
    first
        .map(|first| CertificateNames::from_der(first))
        .transpose()
}

/// Reads until it is known which protocol is spoken; `None` when the client goes before.
async fn first_bytes(stream: &mut TcpStream) -> Option<(Bytes, bool)> {
    let mut bytes = BytesMut::with_capacity(FIRST_READ);
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let known = bytes.len().min(PREFACE.len());
        if bytes[..known] != PREFACE[..known] {
            return Some((bytes.freeze(), false));
        }
        if known == PREFACE.len() {
            return Some((bytes.freeze(), true));
        }
    }
}

/// Returns when the server stops.
async fn draining(stage: &mut watch::Receiver<Stage>) {
    // The sender lives as long as the server.
    let _ = stage.wait_for(|stage| *stage != Stage::Serving).await;
}

async fn stopped(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| *stage == Stage::Stopped).await;
}

impl Setting {
    fn peer(
        &self,
        stream: &TcpStream,
        secured: Option<Option<CertificateNames>>,
        outbox: Option<Outbox>,
    ) -> Option<Peer> {
        // Without it, a small answer waits for the acknowledgement of the one before.
        stream.set_nodelay(true).ok()?;
        Some(Peer {
            address: self.address,
            local: stream.local_addr().ok()?,
            secure: secured.is_some(),
            operation: self.operation,
            certificate: secured.flatten(),
            outbox,
            pulse: Arc::new(Pulse::new(&self.registry.options.timeouts)),
        })
    }

    async fn speak<S>(self, peer: Arc<Peer>, socket: S, is_http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(Watched::new(socket, Arc::clone(&peer.pulse)));
        if is_http2 {
            peer.pulse.multiplexed();
            self.http2(peer, io).await;
        } else {
            self.http1(peer, io).await;
        }
    }

    async fn http1<S>(mut self, peer: Arc<Peer>, io: TokioIo<Watched<S>>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.registry.options.limits;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER.max(limits.header_bytes));
        builder.max_header_size(limits.header_bytes);
        builder.max_headers(limits.headers);
        if peer.outbox.is_some() {
            // Never to be copied: slices of the hole must come to the socket as they are.
            builder.writev(true);
        }
        let registry = Arc::clone(&self.registry);
        let pulse = Arc::clone(&peer.pulse);
        let service = service_fn(move |request: Request<Incoming>| {
            Box::pin(service::serve(
                Arc::clone(&registry),
                Arc::clone(&peer),
                request,
            ))
        });
        let mut connection = builder.serve_connection(io, service);
        let mut draining = false;
        let verdict = loop {
            let until = match pulse.verdict() {
                Verdict::Until(until) => until,
                verdict => break Some(verdict),
            };
            tokio::select! {
                _ = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break None,
                () = self.next_stage(&mut draining) => {
                    if !draining {
                        return;
                    }
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
                () = sleep_until(until) => {}
            }
        };
        let socket = connection.into_parts().io.into_inner().into_inner();
        match verdict {
            None => close(socket, &[]).await,
            Some(Verdict::SlowHeader) => close(socket, TIMED_OUT).await,
            Some(_) => {}
        }
    }

    async fn http2<I>(mut self, peer: Arc<Peer>, io: I)
    where
        I: Read + Write + Unpin + Send + 'static,
    {
        let limits = &self.registry.options.limits;
        let timeouts = &self.registry.options.timeouts;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let header_bytes = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(header_bytes)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * 4)
            .max_send_buf_size(BUFFER)
            .keep_alive_interval(timeouts.send / 2)
            .keep_alive_timeout(timeouts.send / 2);
        let registry = Arc::clone(&self.registry);
        let pulse = Arc::clone(&peer.pulse);
        let service = service_fn(move |request: Request<Incoming>| {
            service::serve(Arc::clone(&registry), Arc::clone(&peer), request)
        });
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut draining = false;
        loop {
            let Verdict::Until(until) = pulse.verdict() else {
                return;
            };
            tokio::select! {
                _ = &mut connection => return,
                () = self.next_stage(&mut draining) => {
                    if !draining {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(until) => {}
            }
        }
    }

    /// Waits for the next stage. `draining` becomes true at the first, and false at the last.
    async fn next_stage(&mut self, draining: &mut bool) {
        if *draining {
            stopped(&mut self.stage).await;
            *draining = false;
        } else {
            self::draining(&mut self.stage).await;
            *draining = *self.stage.borrow() == Stage::Draining;
        }
    }
}

/// Says the last word, and reads on for a while.
async fn close(mut socket: impl AsyncRead + AsyncWrite + Unpin, last: &[u8]) {
    let closing = async {
        socket.write_all(last).await.ok()?;
        socket.shutdown().await.ok()?;
        let mut buffer = vec![0; FIRST_READ];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match socket.read(&mut buffer).await.ok()? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        Some(())
    };
    let _: Result<Option<()>, _> = timeout(LINGER, closing).await;
}
