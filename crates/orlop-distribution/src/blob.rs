//! Blobs coming in (distribution-spec, "Pulling blobs").
//!
//! A small blob, and any on this machine, comes by one connection. Of a big one the first megabytes
//! show whether the registry knows `Range` and how quick one connection is: if it is slower than a
//! pull can use bytes, several connections fetch parts ahead of the one that is being read. What is
//! fetched ahead is bounded by the number of connections times [`PART`].

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::RANGE;
use http::{HeaderValue, Method, StatusCode};
use orlop_oci::{Descriptor, Digest, Digester};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::fetch::{Fetcher, Reader};
use crate::remote::{Place, Remote};
use crate::transport::{Call, Target};

/// How much one request of several connections fetches: enough that the pause between two requests
/// doesn't count, little enough that what waits to be read fits in memory.
const PART: u64 = 4 << 20;
/// How many connections fetch a big blob where nothing else is said.
const CONNECTIONS: usize = 4;
/// A connection that brings more bytes a second is quick enough alone: nothing inflates, hashes and
/// writes quicker on one core.
const FAST: f64 = (64 << 20) as f64;

/// How a blob is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobOptions {
    /// At most this many connections; `None`: what the configuration says, or what the first
    /// megabytes show.
    pub connections: Option<usize>,
    /// No second connection for a blob with fewer bytes left than this.
    pub min_parallel: u64,
}

impl Default for BlobOptions {
    fn default() -> Self {
        Self {
            connections: None,
            min_parallel: 16 << 20,
        }
    }
}

/// The bytes of a blob from an offset to its end, in order: exactly as many as its descriptor says,
/// or an error. Their digest is for the reader to check, who sees every byte anyway.
///
/// Dropping it ends all its connections.
pub struct BlobStream {
    inner: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl std::fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobStream")
    }
}

impl Stream for BlobStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.poll_next_unpin(cx)
    }
}

impl Remote {
    /// The bytes of a blob from `offset` on. Nothing is asked before the stream is read; broken
    /// connections are resumed inside it, and a mirror that fails is left for the next place.
    pub fn blob(&self, descriptor: &Descriptor, offset: u64, options: BlobOptions) -> BlobStream {
        let places: Vec<Place> = self.places().cloned().collect();
        let fetcher = Fetcher::new(descriptor.digest.clone(), descriptor.size, places);
        let download = Download::new(Arc::new(fetcher), offset, options);
        let inner = stream::unfold(Some(download), async |download| {
            let mut download = download?;
            match download.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(download))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        BlobStream {
            inner: Box::pin(inner),
        }
    }

    /// A small blob (a configuration) as a whole, its digest checked. One that a mirror has wrong is
    /// fetched from the next place.
    ///
    /// # Errors
    /// [`Error::BlobSize`] when the descriptor's size is more than `max`, [`Error::BlobDigest`], and
    /// what can go wrong on the way.
    pub async fn blob_bytes(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>, Error> {
        if descriptor.size > max {
            return Err(Error::BlobSize {
                digest: descriptor.digest.clone(),
                expected: max,
                actual: format!("{} (too many)", descriptor.size),
            });
        }
        self.first(async |place: &Place| {
            let remote = Self::new(Vec::new(), place.clone());
            let mut stream = remote.blob(descriptor, 0, BlobOptions::default());
            let mut digester = Digester::new(descriptor.digest.algorithm());
            let mut bytes = Vec::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk?;
                digester.update(&chunk);
                bytes.extend_from_slice(&chunk);
            }
            let actual = digester.finish();
            if actual != descriptor.digest {
                return Err(Error::BlobDigest {
                    expected: descriptor.digest.clone(),
                    actual,
                });
            }
            Ok(bytes)
        })
        .await
    }

    /// The size of a blob that the registry (not a mirror) has in this repository.
    ///
    /// # Errors
    /// When it can't be asked. That it hasn't got it is not an error.
    pub async fn has_blob(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let place = self.own();
        let purpose = place.pull();
        let path = place.path(&format!("blobs/{digest}"));
        let head = place
            .endpoint
            .send(&Call::new(Method::HEAD, Target::Path(&path), &purpose))
            .await;
        match head {
            Ok(answer) => {
                if let Some(size) = answer.length() {
                    return Ok(Some(size));
                }
            }
            Err(error) if error.is_not_found() => return Ok(None),
            // A redirect to a store that allows `GET` only, as its signature says.
            Err(Error::Registry(error))
                if matches!(error.status.as_u16(), 400 | 403 | 405 | 501) => {}
            Err(error) => return Err(error),
        }
        let first_byte = HeaderValue::from_static("bytes=0-0");
        let call = Call::new(Method::GET, Target::Path(&path), &purpose).header(RANGE, first_byte);
        match place.endpoint.send(&call).await {
            Ok(answer) if answer.status() == StatusCode::PARTIAL_CONTENT => {
                let range = answer.text(http::header::CONTENT_RANGE).unwrap_or_default();
                let total = range
                    .rsplit('/')
                    .next()
                    .and_then(|total| total.parse().ok());
                total.map(Some).ok_or_else(|| Error::Protocol {
                    request: answer.request.clone(),
                    reason: "the registry doesn't tell the size of a blob".into(),
                })
            }
            Ok(answer) => answer.length().map(Some).ok_or_else(|| Error::Protocol {
                request: answer.request.clone(),
                reason: "the registry doesn't tell the size of a blob".into(),
            }),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The state of a stream.
struct Download {
    fetcher: Arc<Fetcher>,
    mode: Mode,
}

enum Mode {
    /// The first part, by which it is decided how to go on. With several connections for sure, if
    /// the user said so.
    First {
        reader: Reader,
        connections: usize,
        for_sure: bool,
    },
    Single(Reader),
    Several(Window),
}

impl Download {
    fn new(fetcher: Arc<Fetcher>, offset: u64, options: BlobOptions) -> Self {
        let endpoint = &fetcher.place().1.endpoint;
        let wanted = options.connections.or(endpoint.settings.connections);
        let connections = wanted.unwrap_or(if endpoint.loopback { 1 } else { CONNECTIONS });
        let size = fetcher.size;
        let left = size.saturating_sub(offset);
        let mode = if connections > 1 && left >= options.min_parallel && left > 2 * PART {
            Mode::First {
                reader: Reader::new(fetcher.clone(), offset, offset + PART),
                connections,
                for_sure: wanted.is_some(),
            }
        } else {
            Mode::Single(Reader::new(fetcher.clone(), offset.min(size), size))
        };
        Self { fetcher, mode }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match &mut self.mode {
                Mode::Single(reader) => return reader.next().await,
                Mode::Several(window) => return window.next().await,
                Mode::First { reader, .. } => {
                    let bytes = reader.next().await?;
                    if reader.gets_whole() {
                        // No ranges here: read on. (The answer is open: nothing was dropped yet,
                        // as the whole blob is longer than a part.)
                        reader.extend();
                        self.settle(false);
                    } else if bytes.is_none() {
                        self.settle(true);
                    }
                    if bytes.is_some() {
                        return Ok(bytes);
                    }
                }
            }
        }
    }

    /// Leaves the first part for one connection or several.
    fn settle(&mut self, ranges: bool) {
        let placeholder = Mode::Single(Reader::new(self.fetcher.clone(), 0, 0));
        let Mode::First {
            reader,
            connections,
            for_sure,
        } = std::mem::replace(&mut self.mode, placeholder)
        else {
            return;
        };
        self.mode = if !ranges {
            Mode::Single(reader)
        } else if for_sure || reader.rate() < FAST {
            Mode::Several(Window::new(
                self.fetcher.clone(),
                reader.position(),
                connections,
            ))
        } else {
            Mode::Single(Reader::new(
                self.fetcher.clone(),
                reader.position(),
                self.fetcher.size,
            ))
        };
    }
}

/// Several parts that are fetched at the same time, the first of which is being read.
struct Window {
    fetcher: Arc<Fetcher>,
    connections: usize,
    parts: VecDeque<Part>,
    /// Where the next part begins that isn't fetched yet.
    next: u64,
}

struct Part {
    /// Bounded by the part's length, which is all that its task may send.
    received: mpsc::UnboundedReceiver<Result<Bytes, Error>>,
    left: u64,
    task: JoinHandle<()>,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Window {
    fn new(fetcher: Arc<Fetcher>, start: u64, connections: usize) -> Self {
        Self {
            fetcher,
            connections,
            parts: VecDeque::with_capacity(connections),
            next: start,
        }
    }

    fn fill(&mut self) {
        while self.parts.len() < self.connections && self.next < self.fetcher.size {
            let end = (self.next + PART).min(self.fetcher.size);
            let mut reader = Reader::new(self.fetcher.clone(), self.next, end);
            let (sender, received) = mpsc::unbounded_channel();
            let task = tokio::spawn(async move {
                loop {
                    let item = match reader.next().await {
                        Ok(Some(bytes)) => Ok(bytes),
                        Ok(None) => return,
                        Err(error) => Err(error),
                    };
                    let last = item.is_err();
                    if sender.send(item).is_err() || last {
                        return;
                    }
                }
            });
            self.parts.push_back(Part {
                received,
                left: end - self.next,
                task,
            });
            self.next = end;
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            self.fill();
            let Some(part) = self.parts.front_mut() else {
                return Ok(None);
            };
            match part.received.recv().await {
                Some(Ok(bytes)) => {
                    part.left = part.left.saturating_sub(bytes.len() as u64);
                    return Ok(Some(bytes));
                }
                Some(Err(error)) => return Err(error),
                None if part.left > 0 => {
                    // Its task was ended from outside: the runtime is shutting down.
                    return Err(self.fetcher.wrong_size("fewer".into()));
                }
                None => {
                    self.parts.pop_front();
                }
            }
        }
    }
}
