//! One request to an endpoint: scheme, redirects, authentication, retries, in this order from the
//! inside out.

use std::error::Error as _;
use std::future::Future;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::address::{self, Origin};
use crate::auth::Purpose;
use crate::challenge::challenges;
use crate::endpoint::Endpoint;
use crate::error::{Error, RegistryError, RequestLine, printable, redacted};
use crate::quirks;
use crate::rate_limit::{self, RateLimit};
use crate::retry::Backoff;

/// Redirects that are followed (as Go's client does, on which registries are tested).
const MAX_REDIRECTS: usize = 10;
/// The most that is read of an error's body, in bytes.
const MAX_ERROR: u64 = 64 << 10;

/// What is asked of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) target: Target<'a>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) purpose: &'a Purpose,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) enum Target<'a> {
    /// A path (with query) below the endpoint's base, without the first slash.
    Path(&'a str),
    /// An address that the registry gave. Authentication goes along only to its own origin.
    Url(&'a Url),
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, target: Target<'a>, purpose: &'a Purpose) -> Self {
        Self {
            method,
            target,
            headers: HeaderMap::new(),
            body: None,
            purpose,
        }
    }

    pub(crate) fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    fn url(&self, base: &Url) -> Result<Url, url::ParseError> {
        match &self.target {
            Target::Path(path) => base.join(path),
            Target::Url(url) => Ok((*url).clone()),
        }
    }
}

/// What came back: the head, with the body still to be read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: reqwest::Response,
    pub(crate) request: RequestLine,
    /// Where it came from in the end.
    pub(crate) url: Url,
    /// That is not the registry's own origin.
    pub(crate) foreign: bool,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header as text.
    pub(crate) fn text(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// `Content-Length`; for the answer to a `HEAD` too, which has no body.
    pub(crate) fn length(&self) -> Option<u64> {
        self.text(CONTENT_LENGTH)?.trim().parse().ok()
    }

    /// The next piece of the body, `None` at its end.
    pub(crate) async fn chunk(&mut self, idle: Duration) -> Result<Option<Bytes>, Error> {
        let next = within(idle, &self.request, self.response.chunk()).await?;
        next.map_err(|error| Error::Broken {
            request: self.request.clone(),
            reason: innermost(&error),
        })
    }

    /// The whole body, of at most `max` bytes.
    pub(crate) async fn bytes(mut self, max: u64, idle: Duration) -> Result<Vec<u8>, Error> {
        let too_long = |request| Error::Protocol {
            request,
            reason: format!("the answer is larger than the {max} bytes allowed"),
        };
        if self.length().is_some_and(|length| length > max) {
            return Err(too_long(self.request));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(idle).await? {
            if (bytes.len() + chunk.len()) as u64 > max {
                return Err(too_long(self.request));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Makes an error of an answer that isn't a success.
    pub(crate) async fn into_error(mut self, endpoint: &Endpoint) -> Error {
        let status = self.status();
        let hub = quirks::is_hub(&endpoint.name);
        let mut error = RegistryError {
            request: self.request.clone(),
            status,
            errors: Vec::new(),
            retry_after: rate_limit::retry_after(self.headers(), SystemTime::now()),
            rate_limit: RateLimit::read(self.headers()),
            hub,
        };
        let mut body = Vec::new();
        // What can't be read of the explanation doesn't hide the error.
        while let Ok(Some(chunk)) = self.chunk(Duration::from_secs(10)).await {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > MAX_ERROR {
                break;
            }
        }
        error.errors = read_errors(&body);
        Error::from(Box::new(error))
    }
}

/// The errors of a body (distribution-spec, "Error Codes"; some realms and proxies have a shape of
/// their own).
pub(crate) fn read_errors(body: &[u8]) -> Vec<(String, String)> {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Vec::new();
    };
    let text = |value: &serde_json::Value, key: &str| {
        printable(value.get(key).and_then(|v| v.as_str()).unwrap_or_default())
    };
    if let Some(errors) = value.get("errors").and_then(|errors| errors.as_array()) {
        let pairs = errors
            .iter()
            .take(8)
            .map(|error| (text(error, "code"), text(error, "message")));
        return pairs
            .filter(|(code, message)| !code.is_empty() || !message.is_empty())
            .collect();
    }
    for key in ["message", "details", "error_description", "error"] {
        let message = text(&value, key);
        if !message.is_empty() {
            return vec![(String::new(), message)];
        }
    }
    Vec::new()
}

impl Endpoint {
    /// Asks until the answer is a success, or the error final.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let mut backoff = Backoff::of(self);
        loop {
            let error = match self.exchange(call).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => self.error_of(answer, call.purpose).await,
                Err(error) => error,
            };
            match backoff.next(&error) {
                Some(delay) => {
                    self.note_retry(&error, delay);
                    tokio::time::sleep(delay).await;
                }
                None => return Err(error),
            }
        }
    }

    pub(crate) fn note_retry(&self, error: &Error, delay: Duration) {
        self.shared.note(&format!(
            "{error}; trying again in {:.1} s",
            delay.as_secs_f64()
        ));
    }

    /// The error that an answer is, in the words of its purpose.
    pub(crate) async fn error_of(&self, answer: Answer, purpose: &Purpose) -> Error {
        let foreign = answer.foreign;
        match answer.into_error(self).await {
            Error::Registry(error)
                if !foreign
                    && matches!(
                        error.status,
                        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                    )
                    && !error.is("TOOMANYREQUESTS") =>
            {
                purpose.denied(&self.name, error.reason(), self.auth.withheld())
            }
            error => error,
        }
    }

    /// Asks once, and again with what the registry wants to see.
    pub(crate) async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let mut shown = self.auth.authorization(self, call.purpose).await?;
        // Nothing, then a token that was kept too long, then a new one.
        for _ in 0..2 {
            let answer = self.follow(call, shown.as_ref()).await?;
            // One that asks for nothing more than it was shown has said its last word.
            let last_word = shown.is_some() && challenges(answer.headers()).is_empty();
            if answer.status() != StatusCode::UNAUTHORIZED || answer.foreign || last_word {
                return Ok(answer);
            }
            shown = Some(
                self.auth
                    .answer(self, call.purpose, &answer, shown.as_ref())
                    .await?,
            );
        }
        self.follow(call, shown.as_ref()).await
    }

    /// Asks, and goes where the answer sends us.
    async fn follow(&self, call: &Call<'_>, shown: Option<&HeaderValue>) -> Result<Answer, Error> {
        let mut answer = self
            .ask(call, shown, call.body.clone().map(Into::into))
            .await?;
        for _ in 0..MAX_REDIRECTS {
            if !is_redirect(answer.status()) || !matches!(call.method, Method::GET | Method::HEAD) {
                return Ok(answer);
            }
            let target = self.redirect_target(&answer)?;
            let same_origin = !answer.foreign && Origin::of(&target) == Origin::of(&self.base()?);
            answer = if same_origin {
                self.ask_at(call, &target, false, shown, None).await?
            } else {
                self.ask_at(call, &target, true, None, None).await?
            };
        }
        Err(Error::Protocol {
            request: answer.request,
            reason: format!("more than {MAX_REDIRECTS} redirects"),
        })
    }

    fn redirect_target(&self, answer: &Answer) -> Result<Url, Error> {
        let refused = |target: String, reason| {
            Err(Error::Refused {
                registry: self.name.clone(),
                target,
                reason,
            })
        };
        let location = answer.text(LOCATION).unwrap_or_default();
        let Ok(target) = answer.url.join(location) else {
            return refused(format!("{:?}", printable(location)), "it is no address");
        };
        match self.refusal(&answer.url, &target) {
            Some(reason) => refused(redacted(&target), reason),
            None => Ok(target),
        }
    }

    /// Why an address that the registry named at `from` isn't gone to.
    pub(crate) fn refusal(&self, from: &Url, target: &Url) -> Option<&'static str> {
        match (from.scheme(), target.scheme()) {
            (_, "https") | ("http", "http") => {}
            ("https", "http") => return Some("it would give up TLS"),
            _ => return Some("it is neither http nor https"),
        }
        let own = address::host(target) == address::host(from);
        address::refusal(target, self.loopback || own)
    }

    /// Asks the endpoint, finding out which scheme it speaks where that is open.
    pub(crate) async fn ask(
        &self,
        call: &Call<'_>,
        shown: Option<&HeaderValue>,
        body: Option<reqwest::Body>,
    ) -> Result<Answer, Error> {
        let base = self.base()?;
        let url = call
            .url(&base)
            .map_err(|error| self.unusable(error.to_string()))?;
        let foreign = Origin::of(&url) != Origin::of(&base);
        let shown = shown.filter(|_| !foreign);
        if foreign || !self.may_fall_back() {
            return self.ask_at(call, &url, foreign, shown, body).await;
        }
        let error = match self.ask_at(call, &url, false, shown, None).await {
            Ok(answer) => {
                self.speaks("https");
                return Ok(answer);
            }
            // A server that is not trusted, or doesn't trust us, speaks TLS: no falling back.
            Err(error @ Error::Connect { .. }) => error,
            Err(error) => return Err(error),
        };
        let mut plain = url.clone();
        let port = url.port();
        if plain.set_scheme("http").is_err() || plain.set_port(port).is_err() {
            return Err(error);
        }
        // Another request may have found out in the meantime that it is TLS after all.
        if !self.may_fall_back() && self.base()?.scheme() == "https" {
            return Err(error);
        }
        let answer = self.ask_at(call, &plain, false, shown, body).await?;
        self.speaks("http");
        Ok(answer)
    }

    async fn ask_at(
        &self,
        call: &Call<'_>,
        url: &Url,
        foreign: bool,
        shown: Option<&HeaderValue>,
        body: Option<reqwest::Body>,
    ) -> Result<Answer, Error> {
        let client = if foreign {
            self.foreign().await?
        } else {
            self.home().await?
        };
        let line = RequestLine::new(&call.method, url);
        let mut request = client
            .request(call.method.clone(), url.clone())
            .headers(call.headers.clone());
        if let Some(shown) = shown {
            request = request.header(AUTHORIZATION, shown.clone());
        }
        let streams = body.is_some() && call.body.is_none();
        if let Some(body) = body {
            request = request.body(body);
        } else if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let response = if streams {
            // Whoever feeds the body watches over its progress.
            request.send().await
        } else {
            within(self.settings.idle_timeout(), &line, request.send()).await?
        };
        let response = response.map_err(|error| failure(url, &line, &error))?;
        if !foreign {
            self.shared.warnings.tell(&self.name, response.headers());
        }
        Ok(Answer {
            response,
            request: line,
            url: url.clone(),
            foreign,
        })
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Bounds the time without an answer.
pub(crate) async fn within<T>(
    idle: Duration,
    request: &RequestLine,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    tokio::time::timeout(idle, future)
        .await
        .map_err(|_| Error::Broken {
            request: request.clone(),
            reason: format!("nothing came for {} s", idle.as_secs()),
        })
}

/// The error of a request that got no answer.
pub(crate) fn failure(url: &Url, request: &RequestLine, error: &reqwest::Error) -> Error {
    let host = address::authority(url);
    if let Some(tls) = tls_error(error) {
        return tls_failure(host, tls);
    }
    if error.is_connect() {
        let reason = if error.is_timeout() {
            "no connection within the time allowed".to_owned()
        } else {
            innermost(error)
        };
        return Error::Connect {
            host,
            reason,
            temporary: true,
        };
    }
    Error::Broken {
        request: request.clone(),
        reason: innermost(error),
    }
}

fn tls_failure(host: String, error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(why) => Error::Certificate {
            host,
            reason: why.to_string(),
        },
        // What isn't TLS at all doesn't begin with a type of its records.
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            Error::Connect {
                host,
                // Go's words, by which people find the answer.
                reason: "server gave HTTP response to HTTPS client".into(),
                temporary: false,
            }
        }
        other => Error::Tls {
            host,
            reason: other.to_string(),
        },
    }
}

/// The TLS error in a chain of causes.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        if let Some(inner) = error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref())
        {
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return Some(tls);
            }
            cause = Some(inner);
            continue;
        }
        cause = error.source();
    }
    None
}

/// The last cause of an error, which says what happened; those before it say where.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    printable(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies() {
        let pair = |code: &str, message: &str| vec![(code.to_owned(), message.to_owned())];
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no\u001b[2J"}]}"#,
                pair("DENIED", "no [2J"),
            ),
            (r#"{"errors":[{"code":"X","message":null}]}"#, pair("X", "")),
            (
                r#"{"details":"incorrect username or password"}"#,
                pair("", "incorrect username or password"),
            ),
            (r#"{"errors":[7,{}]}"#, Vec::new()),
            ("<html>", Vec::new()),
            ("", Vec::new()),
        ] {
            assert_eq!(read_errors(body.as_bytes()), expected, "{body}");
        }
    }
}
