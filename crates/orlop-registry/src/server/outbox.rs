//! How a file's bytes get past hyper: a promise in the body, kept at the socket.
//!
//! hyper owns the socket and only knows of bytes in memory; `sendfile(2)` needs the socket and the
//! file in one place. So a response's body says "the next n bytes are of this file" by handing out a
//! slice of the *hole*, a stretch of memory that nobody ever reads, and by queueing the region of
//! the file here. hyper counts the slice like any other, puts it into its vector of writes behind
//! the header, and hands it, unread, to the socket. [`PlainSocket`](super::socket::PlainSocket)
//! knows the hole by its address and sends the region instead. Nothing is copied, nothing is held
//! in memory, and hyper's accounting of lengths, keep-alive and pipelining is the same as for
//! everything else.
//!
//! The alternative, to take the socket away from hyper for each blob, would need a second
//! implementation of keep-alive, pipelining and shutdown.
//!
//! A slice is always the last `n` bytes of the hole when `n` bytes of the region are left, however
//! often hyper has advanced it; so slice and queue can be compared at each write. When they disagree
//! the connection dies: what the hole holds is never sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rustix::fs::sendfile;

/// How much one slice can stand for, in bytes: what one `sendfile` is asked for at most.
pub(crate) const HOLE_SIZE: usize = 1024 * 1024;

/// The stretch of memory whose slices stand for parts of files. One for a server. It is allocated
/// zeroed and never touched, so the system gives it no pages.
#[derive(Clone, Debug)]
pub(crate) struct Hole(Bytes);

impl Hole {
    pub(crate) fn new() -> Self {
        Self(Bytes::from(vec![0; HOLE_SIZE]))
    }

    /// `slice` lies in the hole.
    pub(crate) fn contains(&self, slice: &[u8]) -> bool {
        let (start, len) = (self.0.as_ptr().addr(), self.0.len());
        let at = slice.as_ptr().addr();
        !slice.is_empty() && at >= start && at + slice.len() <= start + len
    }

    /// `slice` is what stands for `left` bytes.
    fn stands_for(&self, slice: &[u8], left: usize) -> bool {
        let end = self.0.as_ptr().addr() + self.0.len();
        slice.len() == left && slice.as_ptr().addr() + slice.len() == end
    }
}

/// A part of a file that a response has promised.
#[derive(Debug)]
struct Region {
    file: Arc<File>,
    offset: u64,
    left: usize,
}

/// What a connection has promised and not yet sent.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    hole: Hole,
    queue: Arc<Mutex<VecDeque<Region>>>,
}

impl Outbox {
    pub(crate) fn new(hole: Hole) -> Self {
        let queue = Arc::default();
        Self { hole, queue }
    }

    pub(crate) fn hole(&self) -> &Hole {
        &self.hole
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Region>> {
        // A panic while it was held can't leave it half-changed: each change is one call.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Promises the next bytes of `file` from `offset` on, `wanted` or as many as the hole can stand
    /// for, and gives the slice that stands for them.
    pub(crate) fn promise(&self, file: &Arc<File>, offset: u64, wanted: u64) -> Bytes {
        let left = usize::try_from(wanted).map_or(HOLE_SIZE, |wanted| wanted.min(HOLE_SIZE));
        self.queue().push_back(Region {
            file: Arc::clone(file),
            offset,
            left,
        });
        self.hole.0.slice(HOLE_SIZE - left..)
    }

    /// Sends what `slice` stands for, as far as `socket` takes it.
    ///
    /// # Errors
    /// `WouldBlock` when the socket is full. Any other error means that the stream of bytes can't be
    /// continued: the file is shorter than was promised, or slice and queue disagree.
    pub(crate) fn send(&self, socket: impl AsFd, slice: &[u8]) -> io::Result<usize> {
        let mut queue = self.queue();
        let Some(region) = queue.front_mut() else {
            return Err(io::Error::other("a body without a file"));
        };
        if !self.hole.stands_for(slice, region.left) {
            return Err(io::Error::other("a body out of step with its file"));
        }
        let mut offset = region.offset;
        // A client that is gone is EPIPE: Rust's runtime has the process ignore the signal.
        let sent = sendfile(socket, &*region.file, Some(&mut offset), region.left)?;
        if sent == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        region.offset += sent as u64;
        region.left -= sent;
        if region.left == 0 {
            queue.pop_front();
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn file(content: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Arc::new(file)
    }

    #[test]
    fn a_promise_is_kept_in_parts() {
        let outbox = Outbox::new(Hole::new());
        let slice = outbox.promise(&file(b"0123456789"), 2, 5);
        assert_eq!(slice.len(), 5);
        assert!(outbox.hole().contains(&slice));
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        assert_eq!(outbox.send(&ours, &slice).unwrap(), 5);
        drop(ours);
        let mut got = String::new();
        theirs.read_to_string(&mut got).unwrap();
        assert_eq!(got, "23456");
    }

    #[test]
    fn what_is_out_of_step_is_never_sent() {
        let outbox = Outbox::new(Hole::new());
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (first, second) = (file(b"first!"), file(b"second"));
        let slice = outbox.promise(&first, 0, 6);
        let _ = outbox.promise(&second, 0, 3);
        // Shorter, longer, from elsewhere in the hole, from outside of it.
        let whole = outbox.hole().0.clone();
        for wrong in [&slice[1..], &whole[HOLE_SIZE - 7..], &whole[..6], b"abcdef"] {
            assert!(outbox.send(&ours, wrong).is_err());
        }
        assert_eq!(outbox.send(&ours, &slice).unwrap(), 6);
        // The second region has three bytes left.
        assert!(outbox.send(&ours, &slice).is_err());
        assert_eq!(outbox.send(&ours, &whole[HOLE_SIZE - 3..]).unwrap(), 3);
        assert!(outbox.send(&ours, &whole[HOLE_SIZE - 3..]).is_err());
        drop(ours);
        let mut got = String::new();
        let mut theirs = theirs;
        theirs.read_to_string(&mut got).unwrap();
        assert_eq!(got, "first!sec");
    }

    #[test]
    fn a_file_that_ends_early_ends_the_connection() {
        let outbox = Outbox::new(Hole::new());
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let slice = outbox.promise(&file(b"short"), 0, 10);
        assert_eq!(outbox.send(&ours, &slice).unwrap(), 5);
        let error = outbox.send(&ours, &slice[5..]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn other_memory_is_not_the_hole() {
        let outbox = Outbox::new(Hole::new());
        assert!(!outbox.hole().contains(b"HTTP/1.1 200 OK"));
        assert!(!outbox.hole().contains(b""));
        assert!(!outbox.hole().contains(&vec![0; HOLE_SIZE]));
    }
}
