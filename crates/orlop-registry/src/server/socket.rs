//! A plain connection as hyper sees it: what was read ahead comes first, and slices of the hole are
//! sent from their files (see [`Outbox`]).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::outbox::Outbox;

/// A TCP connection without TLS.
#[derive(Debug)]
pub(crate) struct PlainSocket {
    stream: TcpStream,
    /// Read already, to find out which protocol is spoken.
    ahead: Bytes,
    outbox: Outbox,
}

impl PlainSocket {
    pub(crate) fn new(stream: TcpStream, ahead: Bytes, outbox: Outbox) -> Self {
        Self {
            stream,
            ahead,
            outbox,
        }
    }

    /// Sends as much of `slices` as the socket takes: memory up to the first slice of the hole in
    /// one call, told that more follows, then files.
    fn send(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let hole = self.outbox.hole();
        let split = slices.iter().position(|slice| hole.contains(slice));
        let (memory, promised) = slices.split_at(split.unwrap_or(slices.len()));
        let mut sent = 0;
        let total: usize = memory.iter().map(|slice| slice.len()).sum();
        if total > 0 {
            sent = self.send_memory(memory, !promised.is_empty())?;
            if sent < total {
                return Ok(sent);
            }
        }
        for slice in promised.iter().take_while(|slice| hole.contains(slice)) {
            match self.outbox.send(&self.stream, slice) {
                Ok(part) => {
                    sent += part;
                    if part < slice.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    fn send_memory(&self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        let mut flags = SendFlags::NOSIGNAL;
        flags.set(SendFlags::MORE, more);
        let mut nothing = SendAncillaryBuffer::default();
        Ok(sendmsg(&self.stream, slices, &mut nothing, flags)?)
    }
}

impl AsyncRead for PlainSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PlainSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let sent = self.stream.try_io(Interest::WRITABLE, || self.send(slices));
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return Poll::Ready(other),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
