//! An answer on an HTTP/2 stream: in pieces, few at a time, each watched until the transport has
//! let go of it.
//!
//! A stream whose window the client keeps closed takes one part after the other into memory, and its
//! connection looks alive all the while. hyper doesn't ask a body for anything while it waits for a
//! window, so that a body can't keep time itself: it only notes when its pieces leave, and the task
//! of the connection looks at the notes (see [`Pulse`](crate::server::pulse::Pulse)).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::Payload;

/// Bytes of a piece: a frame, as HTTP/2 sends them unless told otherwise. Also what has to leave a
/// stream within a time limit, so it must not be much.
const PIECE: usize = 16 * 1024;
/// Pieces of a stream that are on their way at a time.
const PIECES: usize = 4;

/// What is on its way on a stream.
#[derive(Debug, Default)]
pub(crate) struct Transit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pieces: usize,
    /// When a piece last left, or came when there was none.
    moved: Option<Instant>,
    waiting: Option<Waker>,
}

impl Transit {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Since when nothing has left, while there is something to leave.
    pub(crate) fn stands_since(&self) -> Option<Instant> {
        self.with(|state| state.moved.filter(|_| state.pieces > 0))
    }

    /// Waits until another piece may be on its way.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.with(|state| {
            if state.pieces < PIECES {
                return Poll::Ready(());
            }
            state.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
    }

    fn send(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.with(|state| {
            if state.pieces == 0 {
                state.moved = Some(Instant::now());
            }
            state.pieces += 1;
        });
        Bytes::from_owner(Piece {
            bytes,
            transit: Arc::clone(self),
        })
    }

    fn left(&self) {
        let waiting = self.with(|state| {
            state.pieces -= 1;
            state.moved = Some(Instant::now());
            state.waiting.take()
        });
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

/// Bytes on their way. The transport drops them when it has written them, or never will.
struct Piece {
    bytes: Bytes,
    transit: Arc<Transit>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.transit.left();
    }
}

/// A payload: as it is, or in watched pieces.
#[derive(Debug)]
pub(crate) struct Outgoing {
    payload: Payload,
    /// Of the payload's last part.
    rest: Bytes,
    transit: Option<Arc<Transit>>,
}

impl Outgoing {
    pub(crate) fn new(payload: Payload, transit: Option<Arc<Transit>>) -> Self {
        Self {
            payload,
            rest: Bytes::new(),
            transit,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(transit) = &this.transit else {
            return Pin::new(&mut this.payload).poll_frame(cx);
        };
        ready!(transit.poll_room(cx));
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.payload).poll_frame(cx)?) {
                Some(frame) => this.rest = frame.into_data().unwrap_or_default(),
                None => return Poll::Ready(None),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(transit.send(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let payload = self.payload.size_hint().exact().unwrap_or(0);
        SizeHint::with_exact(payload + self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_pieces_are_on_their_way_and_their_standing_is_seen() {
        let content: Vec<u8> = (0..200_001_u32).map(|i| (i % 251) as u8).collect();
        let transit = Arc::new(Transit::default());
        let payload = Payload::from(content.clone());
        let mut body = Outgoing::new(payload, Some(Arc::clone(&transit)));
        assert_eq!(transit.stands_since(), None);
        let (begun, mut held, mut got) = (Instant::now(), Vec::new(), Vec::new());
        while let Some(frame) = body.frame().now_or_never() {
            held.push(frame.unwrap().unwrap().into_data().unwrap());
        }
        assert_eq!(held.len(), PIECES);
        assert_eq!(body.size_hint().exact(), Some(200_001 - 65_536));
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert_eq!(transit.stands_since(), Some(begun));
        got.extend_from_slice(&held.remove(0));
        assert_eq!(transit.stands_since(), Some(Instant::now()));
        held.drain(..)
            .for_each(|piece| got.extend_from_slice(&piece));
        assert_eq!(transit.stands_since(), None);
        while let Some(frame) = body.frame().await {
            got.extend_from_slice(frame.unwrap().data_ref().unwrap());
        }
        assert!(got == content);
    }
}
