//! Reading a stretch of a blob, wherever it is to be had, in spite of broken connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use orlop_oci::Digest;
use url::Url;

use crate::error::{Error, printable};
use crate::remote::{Place, note_mirror};
use crate::retry::Backoff;
use crate::transport::{Answer, Call, Target};

/// After this many bytes earlier failures of a stretch no longer count.
const PROGRESS: u64 = 64 << 10;

/// A blob and the places where it may be fetched. Shared by all connections that fetch it.
pub(crate) struct Fetcher {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    places: Vec<Place>,
    /// The place that is asked now. Once it failed for good, the next one is.
    current: AtomicUsize,
    /// Where that place redirected to: later requests go there at once, as long as it works.
    redirected: Mutex<Option<(usize, Url)>>,
}

impl Fetcher {
    pub(crate) fn new(digest: Digest, size: u64, places: Vec<Place>) -> Self {
        Self {
            digest,
            size,
            places,
            current: AtomicUsize::new(0),
            redirected: Mutex::new(None),
        }
    }

    /// The place that is asked now, and its number.
    pub(crate) fn place(&self) -> (usize, &Place) {
        let index = self
            .current
            .load(Ordering::Relaxed)
            .min(self.places.len() - 1);
        (index, &self.places[index])
    }

    /// Gives up a place. Says whether there is another.
    fn next_place(&self, failed: usize, error: &Error) -> bool {
        if failed + 1 >= self.places.len() {
            return false;
        }
        let next = failed + 1;
        if self
            .current
            .compare_exchange(failed, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            note_mirror(&self.places[failed], error);
        }
        true
    }

    fn redirected(&self, place: usize) -> Option<Url> {
        let kept = self
            .redirected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(index, _)| *index == place)
            .map(|(_, url)| url.clone())
    }

    fn set_redirected(&self, redirected: Option<(usize, Url)>) {
        *self
            .redirected
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = redirected;
    }

    /// Asks for the bytes from `start` until `end` (which it doesn't include).
    async fn open(&self, index: usize, start: u64, end: u64) -> Result<Piece, Error> {
        let place = &self.places[index];
        let purpose = place.pull();
        let range = (start != 0 || end != self.size).then(|| format!("bytes={start}-{}", end - 1));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(Ok(range)) = range.as_deref().map(HeaderValue::from_str) {
            headers.insert(RANGE, range);
        }
        if let Some(url) = self.redirected(index) {
            // Such an address is signed for some minutes. When it is used up, the registry gives a
            // new one.
            let mut call = Call::new(Method::GET, Target::Url(&url), &purpose);
            call.headers = headers.clone();
            if let Ok(answer) = place.endpoint.exchange(&call).await
                && answer.status().is_success()
            {
                return self.piece(answer, start, end);
            }
            self.set_redirected(None);
        }
        // Blobs have no other name than their digest: a descriptor's `urls` are never asked.
        let path = place.path(&format!("blobs/{}", self.digest));
        let mut call = Call::new(Method::GET, Target::Path(&path), &purpose);
        call.headers = headers;
        let answer = place.endpoint.exchange(&call).await?;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(self.wrong_size(format!("fewer than {}", start + 1)));
            }
            StatusCode::NOT_FOUND => {
                return Err(Error::BlobUnknown {
                    repository: place.repository.clone(),
                    digest: self.digest.clone(),
                });
            }
            _ => return Err(place.endpoint.error_of(answer, &purpose).await),
        }
        if answer.foreign {
            self.set_redirected(Some((index, answer.url.clone())));
        }
        self.piece(answer, start, end)
    }

    fn piece(&self, answer: Answer, start: u64, end: u64) -> Result<Piece, Error> {
        let wrong = |answer: &Answer, reason| Error::Protocol {
            request: answer.request.clone(),
            reason,
        };
        let length = answer.length();
        match answer.status() {
            StatusCode::OK => match length {
                Some(length) if length != self.size => Err(self.wrong_size(length.to_string())),
                _ => Ok(Piece {
                    answer,
                    at: 0,
                    end: self.size,
                    whole: true,
                }),
            },
            StatusCode::PARTIAL_CONTENT => {
                let text = answer.text(CONTENT_RANGE).unwrap_or_default().to_owned();
                let Some((first, last, total)) = parse_content_range(&text) else {
                    return Err(wrong(
                        &answer,
                        format!("unreadable Content-Range {:?}", printable(&text)),
                    ));
                };
                if total.is_some_and(|total| total != self.size) {
                    let total = total.unwrap_or_default();
                    return Err(self.wrong_size(total.to_string()));
                }
                let right = first == start && last >= first && last < end;
                if !right || length.is_some_and(|length| length != last - first + 1) {
                    let asked = format!("asked for bytes {start}-{}", end - 1);
                    return Err(wrong(
                        &answer,
                        format!("{asked}, got Content-Range {:?}", printable(&text)),
                    ));
                }
                Ok(Piece {
                    answer,
                    at: first,
                    end: last + 1,
                    whole: false,
                })
            }
            status => Err(wrong(
                &answer,
                format!("unexpected status {status} for a blob"),
            )),
        }
    }

    pub(crate) fn wrong_size(&self, actual: String) -> Error {
        Error::BlobSize {
            digest: self.digest.clone(),
            expected: self.size,
            actual,
        }
    }
}

/// `bytes 0-9/10`, `bytes 0-9/*`
fn parse_content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?, total))
}

/// An answer that is being read.
struct Piece {
    answer: Answer,
    /// The position in the blob of the next byte of the body.
    at: u64,
    /// Where the body must end.
    end: u64,
    /// It is the whole blob, whatever was asked for.
    whole: bool,
}

/// Reads a stretch of a blob in order.
pub(crate) struct Reader {
    fetcher: Arc<Fetcher>,
    at: u64,
    end: u64,
    piece: Option<Piece>,
    backoff: Backoff,
    since_failure: u64,
    /// How long the network was waited for once answers had begun, and for how many bytes.
    waited: Duration,
    read: u64,
}

impl Reader {
    /// For the bytes from `start` until `end` (which it doesn't include).
    pub(crate) fn new(fetcher: Arc<Fetcher>, start: u64, end: u64) -> Self {
        let backoff = Backoff::of(&fetcher.place().1.endpoint);
        Self {
            fetcher,
            at: start,
            end,
            piece: None,
            backoff,
            since_failure: 0,
            waited: Duration::ZERO,
            read: 0,
        }
    }

    /// The registry sends the whole blob, though a stretch of it was asked for.
    pub(crate) fn gets_whole(&self) -> bool {
        self.piece.as_ref().is_some_and(|piece| piece.whole)
    }

    /// Reads on to the blob's end.
    pub(crate) fn extend(&mut self) {
        self.end = self.fetcher.size;
    }

    /// Where the next bytes are in the blob.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes a second while the network was waited for.
    pub(crate) fn rate(&self) -> f64 {
        self.read as f64 / self.waited.as_secs_f64().max(1e-6)
    }

    /// The next bytes, `None` at the end of the stretch.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.at < self.end {
            let error = match self.try_next().await {
                Ok(Some(bytes)) => return Ok(Some(bytes)),
                Ok(None) => continue,
                Err(error) => error,
            };
            self.piece = None;
            self.after(error).await?;
        }
        Ok(None)
    }

    /// Waits until it makes sense to try again, or gives the error back.
    async fn after(&mut self, error: Error) -> Result<(), Error> {
        let (index, place) = self.fetcher.place();
        if let Some(delay) = self.backoff.next(&error) {
            place.endpoint.note_retry(&error, delay);
            tokio::time::sleep(delay).await;
            return Ok(());
        }
        if self.fetcher.next_place(index, &error) {
            self.backoff = Backoff::of(&self.fetcher.place().1.endpoint);
            return Ok(());
        }
        Err(error)
    }

    /// `None`: nothing yet, go on.
    async fn try_next(&mut self) -> Result<Option<Bytes>, Error> {
        let (index, place) = self.fetcher.place();
        let piece = match &mut self.piece {
            Some(piece) => piece,
            none => none.insert(self.fetcher.open(index, self.at, self.end).await?),
        };
        let before = Instant::now();
        let idle = place.endpoint.settings.idle_timeout();
        let chunk = piece.answer.chunk(idle).await?;
        self.waited += before.elapsed();
        let Some(mut bytes) = chunk else {
            if piece.at < piece.end {
                return Err(Error::Broken {
                    request: piece.answer.request.clone(),
                    reason: format!("the answer ended {} bytes early", piece.end - piece.at),
                });
            }
            // A shorter stretch than asked for: ask for the rest.
            self.piece = None;
            return Ok(None);
        };
        let excess = (piece.at + bytes.len() as u64).saturating_sub(piece.end);
        if excess > 0 {
            return Err(self.fetcher.wrong_size("more".into()));
        }
        let start = piece.at;
        piece.at += bytes.len() as u64;
        // The whole blob, of which the first part is there already or a later part not asked for.
        if start < self.at {
            let skip = (self.at - start).min(bytes.len() as u64);
            let _ = bytes.split_to(usize::try_from(skip).unwrap_or(bytes.len()));
        }
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        bytes.truncate(left);
        if bytes.is_empty() {
            return Ok(None);
        }
        self.at += bytes.len() as u64;
        self.read += bytes.len() as u64;
        self.since_failure += bytes.len() as u64;
        if self.since_failure >= PROGRESS {
            self.since_failure = 0;
            self.backoff.progressed();
        }
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        for (text, expected) in [
            ("bytes 0-9/10", Some((0, 9, Some(10)))),
            ("bytes 5-9/*", Some((5, 9, None))),
            ("bytes */10", None),
            ("items 0-9/10", None),
            ("bytes 0-9", None),
            ("bytes -1-9/10", None),
            ("bytes 0-99999999999999999999/10", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(text), expected, "{text}");
        }
    }
}
