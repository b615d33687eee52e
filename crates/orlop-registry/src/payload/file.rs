//! A part of a file on its way out.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::server::outbox::Outbox;

/// How much is read at once where `sendfile` can't be used, in bytes.
const READ_SIZE: u64 = 256 * 1024;
/// The same on a connection that carries many answers at a time. Up to three are in memory: what is
/// being sent, what comes next, and what is read ahead.
const SHARED_READ_SIZE: u64 = 64 * 1024;
/// How far the system is asked to read ahead of what is being sent, in bytes: a disk keeps up, and
/// a client that goes away has cost no more than this.
const AHEAD: u64 = 8 * 1024 * 1024;

/// A part of a file: `at..end` is still to be sent.
#[derive(Debug)]
pub(crate) struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    /// Up to here the system knows that we'll want it.
    advised: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Sendfile(Outbox),
    /// Read on a thread, so many bytes at once. The next part is read while the last one is sent.
    Read(u64, Option<Reading>),
}

#[derive(Debug)]
struct Reading {
    end: u64,
    task: JoinHandle<io::Result<Bytes>>,
}

impl FileBody {
    pub(crate) fn new(
        file: Arc<File>,
        range: Range<u64>,
        outbox: Option<Outbox>,
        shared: bool,
    ) -> Self {
        let size = if shared { SHARED_READ_SIZE } else { READ_SIZE };
        let way = outbox.map_or(Way::Read(size, None), Way::Sendfile);
        let advised = range.start;
        Self {
            file,
            at: range.start,
            end: range.end,
            advised,
            way,
        }
    }

    /// Bytes still to be handed out.
    pub(crate) fn left(&self) -> u64 {
        self.end - self.at
    }

    /// Asks the system to have the next stretch in memory when we get there. Failing to is no
    /// failure.
    fn advise(&mut self) {
        if self.advised >= self.end || self.at + AHEAD / 2 < self.advised {
            return;
        }
        if self.advised == self.at {
            let _ = fadvise(&*self.file, 0, None, Advice::Sequential);
        }
        let from = self.advised.max(self.at);
        let until = self.end.min(self.at + AHEAD);
        if let Some(length) = std::num::NonZeroU64::new(until - from) {
            let _ = fadvise(&*self.file, from, Some(length), Advice::WillNeed);
        }
        self.advised = until;
    }

    /// The next part; `None` at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.at == self.end {
            return Poll::Ready(None);
        }
        self.advise();
        let part = match &mut self.way {
            Way::Sendfile(outbox) => outbox.promise(&self.file, self.at, self.end - self.at),
            Way::Read(size, reading) => {
                let (file, size, end) = (&self.file, *size, self.end);
                let task = reading.get_or_insert_with(|| read(file, self.at, end, size));
                let read = ready!(Pin::new(&mut task.task).poll(cx));
                let next = task.end;
                let part = read.unwrap_or_else(|error| Err(io::Error::other(error)))?;
                *reading = (next < end).then(|| self::read(file, next, end, size));
                part
            }
        };
        self.at += part.len() as u64;
        Poll::Ready(Some(Ok(part)))
    }
}

/// Reads the next part on a thread for blocking work.
fn read(file: &Arc<File>, at: u64, end: u64, size: u64) -> Reading {
    let count = size.min(end - at);
    let file = Arc::clone(file);
    let task = spawn_blocking(move || {
        let count = usize::try_from(count).expect("a part fits into memory");
        let mut buffer = vec![0; count];
        file.read_exact_at(&mut buffer, at)?;
        Ok(Bytes::from(buffer))
    });
    Reading {
        end: at + count,
        task,
    }
}

impl Drop for FileBody {
    fn drop(&mut self) {
        if let Way::Read(_, Some(reading)) = &self.way {
            reading.task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn collect(mut body: FileBody) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(part) = std::future::poll_fn(|cx| body.poll_next(cx)).await {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn parts_of_a_file_are_read() {
        let content: Vec<u8> = (0..700_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        let file = Arc::new(file);
        for range in [
            0..700_000,
            0..1,
            699_999..700_000,
            262_143..262_145,
            5..600_000,
        ] {
            for shared in [false, true] {
                let body = FileBody::new(Arc::clone(&file), range.clone(), None, shared);
                assert_eq!(body.left(), range.end - range.start);
                let (start, end) = (range.start as usize, range.end as usize);
                assert_eq!(collect(body).await.unwrap(), content[start..end]);
            }
        }
        let beyond = FileBody::new(file, 699_000..700_001, None, false);
        assert!(collect(beyond).await.is_err());
    }
}
