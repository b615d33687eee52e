//! Blobs going out (distribution-spec, "Pushing blobs").
//!
//! A blob goes in one piece (`POST`, then `PUT`), which every registry takes and some (Artifact
//! Registry: cloud.google.com, "Docker chunked uploads") only take so. It goes in chunks (`PATCH`)
//! when the registry names a least size for them (`OCI-Chunk-Min-Length`), finds one piece too much
//! (413), or when the configuration says so. After a broken connection the registry is asked how
//! far it got. A token that expires on the way is renewed before the next request, and a request
//! that is refused for it goes again from where it began.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use orlop_oci::{Descriptor, Digest, Repository};
use tokio::sync::mpsc;
use url::Url;

use crate::address;
use crate::auth::{Purpose, Scopes};
use crate::error::{Error, printable, redacted};
use crate::manifest::CONTENT_DIGEST;
use crate::remote::{Place, Remote};
use crate::retry::Backoff;
use crate::transport::{Answer, Call, Target};

/// The size of chunks where nothing else is said, in bytes.
const CHUNK: u64 = 32 << 20;
/// How much is read from the source at once, in bytes, and how many such pieces wait to be sent.
const PIECE: usize = 256 << 10;
const PIECES: usize = 4;
/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);
/// A registry may move what it got to its store before it answers: so many times the idle timeout.
const PATIENCE: u32 = 10;
/// How long to wait for an answer that changes nothing any more.
const CANCEL: Duration = Duration::from_secs(5);

/// Where a blob's bytes come from. Opened anew for each try.
pub trait BlobSource: Send + Sync {
    /// The bytes from `offset` on.
    ///
    /// # Errors
    /// When they can't be read.
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>>;
}

/// A blob in a file.
#[derive(Clone, Debug)]
pub struct FileSource(pub PathBuf);

impl BlobSource for FileSource {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        use std::io::Seek as _;
        let mut file = std::fs::File::open(&self.0)?;
        file.seek(io::SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

impl BlobSource for Bytes {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.len());
        Ok(Box::new(io::Cursor::new(self.slice(start..))))
    }
}

impl<F> BlobSource for F
where
    F: Fn(u64) -> io::Result<Box<dyn Read + Send>> + Send + Sync,
{
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        self(offset)
    }
}

/// What a registry did when asked to take a blob from another of its repositories.
#[derive(Debug)]
pub enum Mount {
    /// It has it now.
    Mounted,
    /// It wants the bytes, and has opened an upload for them.
    Upload(UploadSession),
}

/// An upload that the registry has opened.
#[derive(Debug)]
pub struct UploadSession {
    location: Url,
    /// The least size of a chunk but the last one, in bytes.
    chunk_min: Option<u64>,
}

impl Remote {
    /// Asks the registry to take a blob from another of its repositories. When it declines for
    /// whatever reason, or `from` is on another registry, an upload is opened instead.
    ///
    /// # Errors
    /// When not even an upload can be opened.
    pub async fn mount_blob(&self, digest: &Digest, from: &Repository) -> Result<Mount, Error> {
        let place = self.own();
        if from.registry() != place.repository.registry() {
            return self.start_upload().await.map(Mount::Upload);
        }
        let scopes = Scopes::mount(place.repository.path(), from.path());
        let purpose = place.purpose(scopes, true);
        let path = place.path(&format!(
            "blobs/uploads/?mount={digest}&from={}",
            from.path()
        ));
        let call =
            Call::new(Method::POST, Target::Path(&path), &purpose).header(CONTENT_LENGTH, zero());
        match place.endpoint.send(&call).await {
            Ok(answer) if answer.status() == StatusCode::CREATED => Ok(Mount::Mounted),
            Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                session(place, &answer).map(Mount::Upload)
            }
            // A registry without mounts, or one that doesn't let us read the other repository.
            Ok(_) | Err(Error::Registry(_) | Error::Denied { .. } | Error::Unauthorized { .. }) => {
                self.start_upload().await.map(Mount::Upload)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens an upload.
    ///
    /// # Errors
    /// [`Error::Denied`], and what can go wrong on the way.
    pub async fn start_upload(&self) -> Result<UploadSession, Error> {
        let place = self.own();
        start(place, &place.push()).await
    }

    /// Uploads a blob. `progress` is told how many of its bytes are sent, several times a second;
    /// the number falls when some must be sent again.
    ///
    /// # Errors
    /// When the registry doesn't take it, or it can't be read, which cancels the upload.
    pub async fn upload_blob(
        &self,
        descriptor: &Descriptor,
        source: impl BlobSource + 'static,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), Error> {
        let session = self.start_upload().await?;
        self.upload_blob_into(session, descriptor, source, progress)
            .await
    }

    /// As [`Remote::upload_blob`], into an upload that is open already (of a declined mount).
    ///
    /// # Errors
    /// As [`Remote::upload_blob`].
    pub async fn upload_blob_into(
        &self,
        session: UploadSession,
        descriptor: &Descriptor,
        source: impl BlobSource + 'static,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), Error> {
        let place = self.own();
        let settings = &place.endpoint.settings;
        let chunk = match (settings.upload_chunk, session.chunk_min) {
            (None, None) => None,
            (own, least) => Some(own.unwrap_or(CHUNK).max(least.unwrap_or(0))),
        };
        let upload = Upload {
            place,
            purpose: place.push(),
            digest: &descriptor.digest,
            size: descriptor.size,
            source: Arc::new(source),
            progress,
            location: session.location,
            chunk: chunk.filter(|chunk| *chunk < descriptor.size),
            sent: 0,
        };
        upload.run().await
    }
}

impl Remote {
    /// Takes back an upload into which nothing is sent. A registry that can't is left to forget it.
    pub async fn cancel_upload(&self, session: UploadSession) {
        let place = self.own();
        cancel(place, &place.push(), &session.location).await;
    }
}

/// Asks the registry to throw away what it got (registry API, "Cancel blob upload"), which it would
/// keep for days. Not every registry can: Distribution 2.8 can't when it got a part of a request.
async fn cancel(place: &Place, purpose: &Purpose, location: &Url) {
    let call = Call::new(Method::DELETE, Target::Url(location), purpose);
    let cancelled = place.endpoint.exchange(&call);
    let _ = tokio::time::timeout(CANCEL, cancelled).await;
}

fn zero() -> HeaderValue {
    HeaderValue::from_static("0")
}

async fn start(place: &Place, purpose: &Purpose) -> Result<UploadSession, Error> {
    let path = place.path("blobs/uploads/");
    let call = Call::new(Method::POST, Target::Path(&path), purpose).header(CONTENT_LENGTH, zero());
    let answer = place.endpoint.send(&call).await?;
    session(place, &answer)
}

fn session(place: &Place, answer: &Answer) -> Result<UploadSession, Error> {
    let chunk_min = answer
        .text("oci-chunk-min-length")
        .and_then(|text| text.trim().parse().ok());
    Ok(UploadSession {
        location: location(place, answer)?,
        chunk_min,
    })
}

/// Where an upload goes on. It may be relative (Quay), and it may name `http` although the registry
/// is spoken to by TLS, when that ends at a proxy before it: then TLS is kept. On another origin it
/// gets no `Authorization`.
fn location(place: &Place, answer: &Answer) -> Result<Url, Error> {
    let text = answer.text(LOCATION).unwrap_or_default();
    let refused = |target: String, reason| Error::Refused {
        registry: place.endpoint.name.clone(),
        target,
        reason,
    };
    let mut url = match answer.url.join(text) {
        Ok(url) if !text.is_empty() => url,
        _ => {
            return Err(refused(
                format!("{:?}", printable(text)),
                "it is no address for an upload",
            ));
        }
    };
    let same_host = address::host(&url) == address::host(&answer.url);
    if same_host && url.scheme() == "http" && answer.url.scheme() == "https" {
        let port = url.port().or(answer.url.port());
        // Neither fails between http and https.
        let _ = url.set_scheme("https");
        let _ = url.set_port(port);
    }
    match place.endpoint.refusal(&answer.url, &url) {
        Some(reason) => Err(refused(redacted(&url), reason)),
        None => Ok(url),
    }
}

/// A blob on its way.
struct Upload<'a> {
    place: &'a Place,
    purpose: Purpose,
    digest: &'a Digest,
    size: u64,
    source: Arc<dyn BlobSource>,
    progress: &'a (dyn Fn(u64) + Send + Sync),
    location: Url,
    /// The size of chunks; `None` for one piece.
    chunk: Option<u64>,
    /// How many bytes the registry has.
    sent: u64,
}

impl Upload<'_> {
    async fn run(mut self) -> Result<(), Error> {
        let result = self.try_often().await;
        if matches!(result, Err(Error::Source { .. })) {
            cancel(self.place, &self.purpose, &self.location).await;
        }
        result
    }

    async fn try_often(&mut self) -> Result<(), Error> {
        let endpoint = &self.place.endpoint;
        let mut backoff = Backoff::of(endpoint);
        let mut lost = 0;
        loop {
            let before = self.sent;
            let error = match self.attempt().await {
                Ok(()) => {
                    (self.progress)(self.size);
                    return Ok(());
                }
                Err(error) => error,
            };
            if self.sent > before {
                backoff.progressed();
            }
            if self.adapt(&error, &mut lost) {
                self.restart().await?;
                continue;
            }
            let Some(delay) = backoff.next(&error) else {
                return Err(error);
            };
            endpoint.note_retry(&error, delay);
            tokio::time::sleep(delay).await;
            self.recover().await?;
        }
    }

    /// Whether the upload can be begun anew in another way, after an error that is no passing one.
    fn adapt(&mut self, error: &Error, lost: &mut u32) -> bool {
        let Some(status) = error.status() else {
            return false;
        };
        match status.as_u16() {
            // One piece is too much for it, or for a proxy before it.
            413 if self.chunk.is_none() && self.size > CHUNK / 4 => {
                self.chunk = Some(CHUNK / 4);
                true
            }
            // It doesn't know one piece at all.
            405 | 411 | 501 if self.chunk.is_none() && self.size > 0 => {
                self.chunk = Some(self.size);
                true
            }
            // It has lost the upload, or counts its bytes otherwise than we do.
            404 | 416 => {
                *lost += 1;
                *lost <= 2
            }
            _ => false,
        }
    }

    async fn restart(&mut self) -> Result<(), Error> {
        let session = start(self.place, &self.purpose).await?;
        self.location = session.location;
        self.sent = 0;
        Ok(())
    }

    /// Asks how far the registry got (distribution-spec, end-13), and begins anew when it can't
    /// say.
    async fn recover(&mut self) -> Result<(), Error> {
        let call = Call::new(Method::GET, Target::Url(&self.location), &self.purpose);
        if let Ok(answer) = self.place.endpoint.exchange(&call).await
            && answer.status().is_success()
            && let Some(received) = received(answer.headers(), self.size)
        {
            if answer.headers().contains_key(LOCATION) {
                self.location = location(self.place, &answer)?;
            }
            self.sent = received;
            return Ok(());
        }
        self.restart().await
    }

    async fn attempt(&mut self) -> Result<(), Error> {
        let chunk = match self.chunk {
            Some(chunk) => chunk,
            None if self.sent > 0 => self.size,
            None => return self.finish(0).await,
        };
        while self.sent < self.size {
            let length = chunk.min(self.size - self.sent);
            let mut headers = HeaderMap::new();
            let range = format!("{}-{}", self.sent, self.sent + length - 1);
            if let Ok(range) = HeaderValue::from_str(&range) {
                headers.insert(CONTENT_RANGE, range);
            }
            let url = self.location.clone();
            let answer = self.stream(Method::PATCH, &url, headers, length).await?;
            self.location = location(self.place, &answer)?;
            self.sent = received(answer.headers(), self.size)
                .filter(|received| *received > self.sent)
                .unwrap_or(self.sent + length);
        }
        self.finish(self.size).await
    }

    /// Sends what is left from `start` on and closes the upload.
    async fn finish(&mut self, start: u64) -> Result<(), Error> {
        let mut url = self.location.clone();
        url.query_pairs_mut()
            .append_pair("digest", self.digest.as_str());
        self.sent = start;
        let answer = self
            .stream(Method::PUT, &url, HeaderMap::new(), self.size - start)
            .await?;
        match answer.text(CONTENT_DIGEST) {
            Some(said) if said != self.digest.as_str() && !said.is_empty() => {
                Err(Error::DigestMismatch {
                    reference: self.place.repository.familiar_name(),
                    expected: self.digest.to_string(),
                    actual: printable(said),
                })
            }
            _ => Ok(()),
        }
    }

    /// Sends `length` bytes from `self.sent` on; once more when the token was refused.
    async fn stream(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        length: u64,
    ) -> Result<Answer, Error> {
        let endpoint = &self.place.endpoint;
        headers.insert(CONTENT_LENGTH, length.into());
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        let mut call = Call::new(method, Target::Url(url), &self.purpose);
        call.headers = headers;
        let mut shown = endpoint.auth.authorization(endpoint, &self.purpose).await?;
        let mut renewed = false;
        loop {
            let answer = self.send_bytes(&call, shown.as_ref(), length).await?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            if answer.status() != StatusCode::UNAUTHORIZED || answer.foreign || renewed {
                return Err(endpoint.error_of(answer, &self.purpose).await);
            }
            renewed = true;
            shown = Some(
                endpoint
                    .auth
                    .answer(endpoint, &self.purpose, &answer, shown.as_ref())
                    .await?,
            );
        }
    }

    async fn send_bytes(
        &self,
        call: &Call<'_>,
        shown: Option<&HeaderValue>,
        length: u64,
    ) -> Result<Answer, Error> {
        let endpoint = &self.place.endpoint;
        let feed = Feed::open(self.source.clone(), self.sent, length);
        let counter = feed.counter.clone();
        let failed = feed.failed.clone();
        let mut sending = std::pin::pin!(endpoint.ask(call, shown, Some(feed.into_body())));
        let idle = endpoint.settings.idle_timeout();
        let mut tick = tokio::time::interval(TICK);
        let (mut seen, mut since) = (0, Instant::now());
        let answer = loop {
            tokio::select! {
                answer = &mut sending => break answer,
                _ = tick.tick() => {
                    let now = counter.load(Ordering::Relaxed);
                    if now != seen {
                        (seen, since) = (now, Instant::now());
                        (self.progress)(self.sent + now);
                    }
                    let patience = if now < length { idle } else { idle * PATIENCE };
                    if since.elapsed() > patience {
                        break Err(Error::Broken {
                            request: crate::error::RequestLine::new(&call.method, &self.location),
                            reason: format!("no progress for {} s", patience.as_secs()),
                        });
                    }
                }
            }
        };
        let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failed {
            // Whatever the registry says to half a body.
            Some(source) => Err(Error::Source {
                digest: self.digest.clone(),
                source,
            }),
            None => answer,
        }
    }
}

/// How many bytes a registry says that it has: `Range: 0-N`. `0-0` means none: registries that
/// have none say so, and one that has a single byte is told to begin anew by its own answer.
fn received(headers: &HeaderMap, size: u64) -> Option<u64> {
    let text = headers.get(RANGE)?.to_str().ok()?;
    let (first, last) = text
        .strip_prefix("bytes=")
        .unwrap_or(text)
        .split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let received = if last == 0 { 0 } else { last + 1 };
    (first == 0 && received <= size).then_some(received)
}

/// A thread that reads the source ahead of what is sent.
struct Feed {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    counter: Arc<AtomicU64>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Feed {
    fn open(source: Arc<dyn BlobSource>, offset: u64, length: u64) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        let failed = Arc::new(Mutex::new(None));
        let failure = failed.clone();
        tokio::task::spawn_blocking(move || {
            let send = |piece| sender.blocking_send(Ok(piece)).is_ok();
            if let Err(error) = read_pieces(source.as_ref(), offset, length, send) {
                let kind = error.kind();
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                // The request must break off. Nobody listens when it has already.
                let _ = sender.blocking_send(Err(kind.into()));
            }
        });
        Self {
            pieces,
            counter: Arc::new(AtomicU64::new(0)),
            failed,
        }
    }

    fn into_body(self) -> reqwest::Body {
        let counter = self.counter;
        let pieces = stream::unfold(self.pieces, move |mut pieces| {
            let counter = counter.clone();
            async move {
                let piece = pieces.recv().await?;
                if let Ok(bytes) = &piece {
                    counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                Some((piece, pieces))
            }
        });
        reqwest::Body::wrap_stream(pieces)
    }
}

/// Reads exactly `length` bytes, until nobody wants more.
fn read_pieces(
    source: &dyn BlobSource,
    offset: u64,
    length: u64,
    send: impl Fn(Bytes) -> bool,
) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    let mut reader = source.open(offset)?;
    let mut left = length;
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; size];
        reader.read_exact(&mut piece)?;
        left -= size as u64;
        if !send(piece.into()) {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_has_received() {
        let received = |text: &str| {
            let headers = HeaderMap::from_iter([(RANGE, text.parse().unwrap())]);
            received(&headers, 100)
        };
        for (text, expected) in [
            ("0-0", Some(0)),
            ("0-49", Some(50)),
            ("bytes=0-99", Some(100)),
            ("0-100", None),
            ("10-20", None),
            ("0--1", None),
            ("x", None),
        ] {
            assert_eq!(received(text), expected, "{text}");
        }
    }
}
