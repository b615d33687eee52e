//! A file of the web: with the same certificates, proxies, bounds of time and rules for redirects as a
//! registry has, and without any credential.

use bytes::Bytes;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Method, StatusCode};
use url::Url;

use crate::auth::{Purpose, Scopes};
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::retry::Backoff;
use crate::transport::{Answer, Call, Target};

/// What a server has for an address.
#[derive(Debug)]
pub enum Download {
    /// What was fetched before is still right.
    Unchanged,
    /// The file, to be read.
    File(Box<DownloadedFile>),
}

/// A file on its way.
#[derive(Debug)]
pub struct DownloadedFile {
    /// What to show next time, to be told whether the file is another (RFC 9110, `ETag`).
    pub etag: Option<String>,
    answer: Answer,
    idle: std::time::Duration,
    left: u64,
}

impl DownloadedFile {
    /// The next piece, none at the end.
    ///
    /// # Errors
    /// When the connection breaks, or the file is larger than allowed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(chunk) = self.answer.chunk(self.idle).await? else {
            return Ok(None);
        };
        match self.left.checked_sub(chunk.len() as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(Error::Protocol {
                    request: self.answer.request.clone(),
                    reason: "the file is larger than what is read of it".to_owned(),
                });
            }
        }
        Ok(Some(chunk))
    }
}

impl Client {
    /// Fetches the file at an `http` or `https` address, of at most `max` bytes, unless it is the one
    /// that `etag` stands for.
    ///
    /// # Errors
    /// When it isn't there or can't be fetched, or the address is plain HTTP on another machine and
    /// certificates are to be checked.
    pub async fn download(
        &self,
        url: &Url,
        etag: Option<&str>,
        max: u64,
    ) -> Result<Download, Error> {
        let endpoint = self.server_of(url)?;
        let purpose = Purpose {
            repository: None,
            scopes: Scopes::none(),
            push: false,
        };
        let mut call = Call::new(Method::GET, Target::Url(url), &purpose);
        if let Some(Ok(etag)) = etag.map(HeaderValue::from_str) {
            call = call.header(IF_NONE_MATCH, etag);
        }
        let answer = ask(&endpoint, &call).await?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Download::Unchanged);
        }
        Ok(Download::File(Box::new(DownloadedFile {
            etag: answer.text(ETAG).map(str::to_owned),
            idle: endpoint.settings.idle_timeout(),
            left: max,
            answer,
        })))
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
