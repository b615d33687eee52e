//! A file of the web: with the same certificates, proxies, bounds of time and rules for redirects as a
//! registry has, and without any credential.

use bytes::Bytes;
use http::header::{
    CONTENT_RANGE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use crate::auth::{Purpose, Scopes};
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::retry::Backoff;
use crate::transport::{Answer, Call, Target};

/// So many bytes are worth that failures before them no longer count.
const PROGRESS: u64 = 1 << 20;

/// By what a server tells one state of a file from another (RFC 9110, 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What a server has for an address.
#[derive(Debug)]
pub enum Download {
    /// What was fetched before is still right.
    Unchanged,
    /// The file, to be read.
    File(Box<DownloadedFile>),
}

/// A file on its way.
pub struct DownloadedFile {
    /// What to show next time, to be told whether the file is another.
    pub validators: Validators,
    endpoint: Endpoint,
    url: Url,
    answer: Answer,
    backoff: Backoff,
    read: u64,
    /// Where it was taken up last.
    resumed_at: u64,
    max: u64,
}

impl std::fmt::Debug for DownloadedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DownloadedFile({}, {} bytes)", self.url, self.read)
    }
}

impl DownloadedFile {
    /// The next piece, none at the end. A connection that breaks is taken up again where it broke, if
    /// the server can do that and has the same file still.
    ///
    /// # Errors
    /// When the connection breaks for good, or the file is larger than allowed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let idle = self.endpoint.settings.idle_timeout();
        let chunk = loop {
            match self.answer.chunk(idle).await {
                Ok(Some(chunk)) => break chunk,
                Ok(None) => return Ok(None),
                Err(error) => self.go_on(error).await?,
            }
        };
        self.read += chunk.len() as u64;
        if self.read - self.resumed_at >= PROGRESS {
            self.backoff.progressed();
        }
        match self.read > self.max {
            true => Err(too_large(&self.answer)),
            false => Ok(Some(chunk)),
        }
    }

    /// Asks for the rest.
    async fn go_on(&mut self, error: Error) -> Result<(), Error> {
        // A weak one may be the same for other bytes.
        let etag = self.validators.etag.as_deref();
        let Some(etag) = etag.filter(|etag| !etag.starts_with("W/")) else {
            return Err(error);
        };
        let Some(delay) = self.backoff.next(&error) else {
            return Err(error);
        };
        self.endpoint.note_retry(&error, delay);
        tokio::time::sleep(delay).await;
        let purpose = no_purpose();
        let call = Call::new(Method::GET, Target::Url(&self.url), &purpose);
        let call = with(call, RANGE, &format!("bytes={}-", self.read));
        let answer = ask(&self.endpoint, &with(call, IF_RANGE, etag)).await?;
        let range = answer.text(CONTENT_RANGE).unwrap_or_default();
        let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT
            && range.starts_with(&format!("bytes {}-", self.read));
        if !goes_on {
            return Err(error);
        }
        self.answer = answer;
        self.resumed_at = self.read;
        Ok(())
    }
}

impl Client {
    /// Fetches the file at an `http` or `https` address, of at most `max` bytes, unless it is the one
    /// that is `known`.
    ///
    /// # Errors
    /// When it isn't there or can't be fetched, or the address is plain HTTP on another machine and
    /// certificates are to be checked.
    pub async fn download(
        &self,
        url: &Url,
        known: Option<&Validators>,
        max: u64,
    ) -> Result<Download, Error> {
        let endpoint = self.server_of(url)?;
        let purpose = no_purpose();
        let mut call = Call::new(Method::GET, Target::Url(url), &purpose);
        if let Some(etag) = known.and_then(|known| known.etag.as_deref()) {
            call = with(call, IF_NONE_MATCH, etag);
        }
        if let Some(date) = known.and_then(|known| known.last_modified.as_deref()) {
            call = with(call, IF_MODIFIED_SINCE, date);
        }
        let answer = ask(&endpoint, &call).await?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Download::Unchanged);
        }
        if answer.length().is_some_and(|length| length > max) {
            return Err(too_large(&answer));
        }
        let header = |name: HeaderName| answer.text(name).map(str::to_owned);
        Ok(Download::File(Box::new(DownloadedFile {
            validators: Validators {
                etag: header(ETAG),
                last_modified: header(LAST_MODIFIED),
            },
            backoff: Backoff::of(&endpoint),
            endpoint,
            url: url.clone(),
            answer,
            read: 0,
            resumed_at: 0,
            max,
        })))
    }
}

/// A file is in no repository.
fn no_purpose() -> Purpose {
    Purpose {
        repository: None,
        scopes: Scopes::none(),
        push: false,
    }
}

/// With a header, if its value can be one.
fn with<'a>(call: Call<'a>, name: HeaderName, value: &str) -> Call<'a> {
    match HeaderValue::from_str(value) {
        Ok(value) => call.header(name, value),
        Err(_) => call,
    }
}

fn too_large(answer: &Answer) -> Error {
    Error::Protocol {
        request: answer.request.clone(),
        reason: "the file is larger than what is read of it".to_owned(),
    }
}

/// Asks until the answer is a success or "not modified", or the error final.
async fn ask(endpoint: &Endpoint, call: &Call<'_>) -> Result<Answer, Error> {
    let mut backoff = Backoff::of(endpoint);
    loop {
        let error = match endpoint.exchange(call).await {
            Ok(answer)
                if answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED =>
            {
                return Ok(answer);
            }
            Ok(answer) => endpoint.error_of(answer, call.purpose).await,
            Err(error) => error,
        };
        let Some(delay) = backoff.next(&error) else {
            return Err(error);
        };
        endpoint.note_retry(&error, delay);
        tokio::time::sleep(delay).await;
    }
}
