//! What happens on a connection, as far as its time limits need to know.
//!
//! hyper has one timer for a request's headers, which also runs while a connection rests between two
//! requests, and none for a client that takes nothing. So the socket and the service note here what
//! they see, and the task of the connection asks [`Pulse::verdict`] whenever a limit could be
//! reached. Nothing is armed or reset for each read or write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::options::Timeouts;
use crate::payload::Transit;

/// The state of a connection.
#[derive(Debug)]
struct State {
    /// Requests that are being answered.
    requests: usize,
    /// Since when there is none.
    resting: Instant,
    /// When the first byte of the next request came.
    head: Option<Instant>,
    /// Since when the client has taken nothing of what it is sent.
    blocked: Option<Instant>,
    /// HTTP/2: bytes that come needn't be the beginning of a request.
    multiplexed: bool,
    /// HTTP/2: what is on its way, stream by stream.
    transits: Vec<Weak<Transit>>,
}

impl State {
    /// Since when the client has taken nothing of what it is sent, as a whole or on some stream.
    fn blocked(&self) -> Option<Instant> {
        let transits = self.transits.iter().filter_map(Weak::upgrade);
        let standing = transits.filter_map(|transit| transit.stands_since());
        standing.chain(self.blocked).min()
    }
}

/// What happens on a connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    state: Mutex<State>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    header: Duration,
    idle: Duration,
    send: Duration,
}

/// Whether a connection may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Until then, at least.
    Until(Instant),
    /// It rests for too long.
    Idle,
    /// A request's headers come too slowly.
    SlowHeader,
    /// The client takes nothing of its answer.
    SlowReader,
}

impl Pulse {
    pub(crate) fn new(timeouts: &Timeouts) -> Self {
        let state = State {
            requests: 0,
            resting: Instant::now(),
            // Who connects has something to say.
            head: Some(Instant::now()),
            blocked: None,
            multiplexed: false,
            transits: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
            limits: Limits {
                header: timeouts.header,
                idle: timeouts.idle,
                send: timeouts.send,
            },
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// HTTP/2 is spoken.
    pub(crate) fn multiplexed(&self) {
        self.with(|state| state.multiplexed = true);
    }

    /// For what is on its way on a stream of HTTP/2.
    pub(crate) fn transit(&self) -> Arc<Transit> {
        let transit = Arc::new(Transit::default());
        self.with(|state| {
            state.transits.retain(|other| other.strong_count() > 0);
            state.transits.push(Arc::downgrade(&transit));
        });
        transit
    }

    /// A request has all of its headers.
    pub(crate) fn begin(&self) {
        self.with(|state| {
            state.requests += 1;
            state.head = None;
        });
    }

    /// A request has been answered.
    pub(crate) fn end(&self) {
        self.with(|state| {
            state.requests = state.requests.saturating_sub(1);
            state.resting = Instant::now();
        });
    }

    /// Bytes came. The first ones may be in hand already.
    pub(crate) fn read(&self) {
        self.with(|state| {
            if state.requests == 0 && state.head.is_none() {
                state.head = Some(Instant::now());
            }
        });
    }

    fn wrote(&self, progress: bool) {
        self.with(|state| {
            if progress {
                let blocked = state.blocked.take().is_some();
                // The end of an answer may be on its way when its request counts as answered. On
                // HTTP/2 so may be a PING of ours, which is no reason to stay.
                if state.requests == 0 && (blocked || !state.multiplexed) {
                    state.resting = Instant::now();
                }
            } else if state.blocked.is_none() {
                state.blocked = Some(Instant::now());
            }
        });
    }

    /// Whether the connection may go on.
    pub(crate) fn verdict(&self) -> Verdict {
        let now = Instant::now();
        let limits = self.limits;
        self.with(|state| {
            let mut until = now + limits.send;
            if let Some(since) = state.blocked() {
                if since + limits.send <= now {
                    return Verdict::SlowReader;
                }
                until = until.min(since + limits.send);
            }
            if state.requests > 0 {
                // Whatever comes next can't be too late before its own limit has passed.
                return Verdict::Until(until.min(now + limits.header.min(limits.idle)));
            }
            let (end, late) = match state.head {
                Some(since) if !state.multiplexed => (since + limits.header, Verdict::SlowHeader),
                _ => (state.resting + limits.idle, Verdict::Idle),
            };
            if end <= now {
                return late;
            }
            Verdict::Until(until.min(end).min(now + limits.header))
        })
    }
}

/// A connection that notes what happens on it.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    inner: S,
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    pub(crate) fn new(inner: S, pulse: Arc<Pulse>) -> Self {
        Self { inner, pulse }
    }

    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.pulse.wrote(written.is_ready());
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pulse.read();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.pulse.wrote(flushed.is_ready());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pulse() -> Pulse {
        let timeouts = Timeouts {
            header: 10 * SECOND,
            idle: 100 * SECOND,
            send: 50 * SECOND,
            ..Timeouts::default()
        };
        Pulse::new(&timeouts)
    }

    async fn pass(seconds: u32) {
        tokio::time::advance(seconds * SECOND).await;
    }

    fn goes_on(pulse: &Pulse) -> bool {
        matches!(pulse.verdict(), Verdict::Until(at) if at > Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn headers_have_their_time() {
        let pulse = pulse();
        pass(9).await;
        pulse.read();
        assert!(goes_on(&pulse));
        pass(1).await;
        assert_eq!(pulse.verdict(), Verdict::SlowHeader);
        pulse.begin();
        pass(1000).await;
        pulse.read();
        assert!(goes_on(&pulse), "a request may take its time");
        pulse.end();
        pass(99).await;
        assert!(goes_on(&pulse));
        pulse.read();
        pass(9).await;
        assert!(goes_on(&pulse));
        pass(1).await;
        assert_eq!(pulse.verdict(), Verdict::SlowHeader);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_only_so_long() {
        let pulse = pulse();
        pulse.begin();
        pulse.end();
        pass(60).await;
        pulse.wrote(true);
        pass(99).await;
        assert!(goes_on(&pulse));
        pass(1).await;
        assert_eq!(pulse.verdict(), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_let_go() {
        let pulse = pulse();
        pulse.begin();
        pulse.wrote(false);
        pass(40).await;
        pulse.wrote(true);
        pulse.wrote(false);
        pass(49).await;
        pulse.wrote(false);
        assert!(goes_on(&pulse));
        pass(1).await;
        assert_eq!(pulse.verdict(), Verdict::SlowReader);
    }

    #[tokio::test(start_paused = true)]
    async fn http2_says_more_than_requests() {
        let pulse = pulse();
        pulse.multiplexed();
        pulse.read();
        pass(99).await;
        pulse.read();
        assert!(goes_on(&pulse));
        pass(1).await;
        assert_eq!(pulse.verdict(), Verdict::Idle);
    }
}
