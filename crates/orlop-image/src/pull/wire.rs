//! The first half of a layer's way: bytes from the wire (or from disk) are written, hashed and
//! handed to the inflater, each byte once.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use orlop_oci::{Digest, Digester};
use orlop_store::Ingest;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::origin::WireItem;
use crate::pull::buffered;

/// Called with the number of compressed bytes consumed so far.
pub(crate) type OnProgress = Box<dyn FnMut(u64) + Send>;

/// Where compressed bytes come from.
pub(crate) enum Source {
    /// A blob that is in the store already; it is hashed again, since disks rot.
    Stored(File),
    /// First what an earlier try left, then the network; all that is new is written.
    Wire {
        kept: Option<Box<dyn Read + Send>>,
        ingest: Ingest,
        receiver: mpsc::Receiver<WireItem>,
    },
    /// From anywhere, for somebody who only looks: nothing is written.
    Passing(mpsc::Receiver<WireItem>),
}

/// A `BufRead` over a [`Source`] that stores and hashes what passes.
pub(crate) struct WireReader {
    source: Source,
    chunk: Bytes,
    digester: Digester,
    passed: u64,
    cancelled: Arc<AtomicBool>,
    failure: Option<Error>,
    progress: OnProgress,
}

/// What is left when all bytes have passed.
pub(crate) struct Drained {
    pub(crate) digest: Digest,
    /// How many bytes passed.
    pub(crate) size: u64,
    pub(crate) ingest: Option<Ingest>,
}

const READ_SIZE: usize = 256 << 10;

impl WireReader {
    pub(crate) fn new(
        source: Source,
        expected: &Digest,
        cancelled: Arc<AtomicBool>,
        progress: OnProgress,
    ) -> Self {
        Self {
            source,
            chunk: Bytes::new(),
            digester: Digester::new(expected.algorithm()),
            passed: 0,
            cancelled,
            failure: None,
            progress,
        }
    }

    /// The error of the network or the disk, which is worth more than the `io::Error` that it caused.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// What has passed.
    pub(crate) fn finish(self) -> Drained {
        let ingest = match self.source {
            Source::Stored(_) | Source::Passing(_) => None,
            Source::Wire { ingest, .. } => Some(ingest),
        };
        Drained {
            digest: self.digester.finish(),
            size: self.passed,
            ingest,
        }
    }

    fn next_chunk(&mut self) -> io::Result<Bytes> {
        if let Some(failure) = &self.failure {
            // What comes after a hole is of no use.
            return Err(io::Error::other(failure.to_string()));
        }
        if self.cancelled.load(Ordering::Relaxed) {
            // Not `Interrupted`: readers may try that again, for ever.
            return Err(io::Error::other("cancelled"));
        }
        match &mut self.source {
            Source::Stored(file) => read_chunk(file),
            Source::Passing(receiver) => match receiver.blocking_recv() {
                None => Ok(Bytes::new()),
                Some(chunk) => chunk.map_err(|error| fail(&mut self.failure, error)),
            },
            Source::Wire {
                kept,
                ingest,
                receiver,
            } => {
                if let Some(file) = kept {
                    let chunk = read_chunk(file)?;
                    if !chunk.is_empty() {
                        return Ok(chunk);
                    }
                    *kept = None;
                }
                match receiver.blocking_recv() {
                    None => Ok(Bytes::new()),
                    Some(Ok(chunk)) => match ingest.write_all(&chunk) {
                        Ok(()) => Ok(chunk),
                        Err(error) => Err(fail(&mut self.failure, error.into())),
                    },
                    Some(Err(error)) => Err(fail(&mut self.failure, error)),
                }
            }
        }
    }
}

/// Keeps an error for who asks for it, and gives readers its words.
fn fail(failure: &mut Option<Error>, error: Error) -> io::Error {
    let text = error.to_string();
    *failure = Some(error);
    io::Error::other(text)
}

fn read_chunk(file: &mut impl Read) -> io::Result<Bytes> {
    let mut buffer = vec![0; READ_SIZE];
    let count = file.read(&mut buffer)?;
    buffer.truncate(count);
    Ok(Bytes::from(buffer))
}

impl BufRead for WireReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.chunk.is_empty() {
            let chunk = self.next_chunk()?;
            if chunk.is_empty() {
                if matches!(
                    self.source,
                    Source::Wire { kept: None, .. } | Source::Stored(_) | Source::Passing(_)
                ) {
                    return Ok(&[]);
                }
                continue;
            }
            self.digester.update(&chunk);
            self.passed += chunk.len() as u64;
            (self.progress)(self.passed);
            self.chunk = chunk;
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, count: usize) {
        let _ = self.chunk.split_to(count);
    }
}

impl Read for WireReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffered::read(self, buffer)
    }
}
