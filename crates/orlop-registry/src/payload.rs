//! What an answer carries: nothing, a few bytes, or a part of a file, which leaves by `sendfile`
//! where the connection can do it and through a small buffer where it can't (TLS, HTTP/2).

mod file;
mod incoming;
mod transit;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

pub(crate) use file::FileBody;
pub(crate) use incoming::{BodyFault, BodyProgress, IncomingBody, Pace};
pub(crate) use transit::{Outgoing, Transit};

use crate::server::outbox::Outbox;

/// The body of an answer.
#[derive(Debug, Default)]
pub(crate) enum Payload {
    /// Nothing; also for `HEAD`, where the headers speak of a body that isn't sent.
    #[default]
    Empty,
    /// Bytes of memory.
    Bytes(Bytes),
    /// A part of a file.
    File(FileBody),
}

impl Payload {
    /// `range` of `file`: by `sendfile` with an outbox, else read and sent. `shared`: on a connection
    /// that carries many answers at a time.
    pub(crate) fn file(
        file: File,
        range: Range<u64>,
        outbox: Option<Outbox>,
        shared: bool,
    ) -> Self {
        if range.is_empty() {
            return Self::Empty;
        }
        Self::File(FileBody::new(Arc::new(file), range, outbox, shared))
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::File(file) => file.poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.left(),
        })
    }
}
