//! What a registry says of how much may still be asked of it.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// Docker Hub's pull limit (docs.docker.com, "Docker Hub usage and limits": `ratelimit-limit`,
/// `ratelimit-remaining`, `docker-ratelimit-source`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in a window.
    pub limit: Option<u64>,
    /// Requests left in this window.
    pub remaining: Option<u64>,
    /// How long a window lasts.
    pub window: Option<Duration>,
    /// By what it is counted: an address, or a user's ID.
    pub source: Option<String>,
}

impl RateLimit {
    /// Reads the headers; `None` when there are none.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let (limit, window) = text("ratelimit-limit").map_or((None, None), parse);
        let (remaining, second) = text("ratelimit-remaining").map_or((None, None), parse);
        if limit.is_none() && remaining.is_none() {
            return None;
        }
        Some(Self {
            limit,
            remaining,
            window: window.or(second),
            source: text("docker-ratelimit-source").map(crate::error::printable),
        })
    }

    /// Nothing is left in this window.
    pub fn is_spent(&self) -> bool {
        self.remaining == Some(0)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.remaining, self.limit) {
            (Some(remaining), Some(limit)) => write!(f, "{remaining} of {limit} requests left")?,
            (Some(remaining), None) => write!(f, "{remaining} requests left")?,
            (None, Some(limit)) => write!(f, "limit of {limit} requests")?,
            (None, None) => {}
        }
        match self.window.map(|window| window.as_secs()) {
            Some(seconds) if seconds % 3600 == 0 => write!(f, " per {} hours", seconds / 3600),
            Some(seconds) => write!(f, " per {seconds} s"),
            None => Ok(()),
        }
    }
}

/// `100;w=21600`
fn parse(text: &str) -> (Option<u64>, Option<Duration>) {
    let mut parts = text.split(';').map(str::trim);
    let number = parts.next().and_then(|n| n.parse().ok());
    let window = parts
        .find_map(|part| part.strip_prefix("w="))
        .and_then(|n| n.parse().ok())
        .map(Duration::from_secs);
    (number, window)
}

/// How long `Retry-After` asks to wait: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn hub_headers() {
        let limit = RateLimit::read(&headers(&[
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "0;w=21600"),
            ("docker-ratelimit-source", "192.0.2.1"),
        ]))
        .unwrap();
        assert!(limit.is_spent());
        assert_eq!(limit.to_string(), "0 of 100 requests left per 6 hours");
        assert_eq!(RateLimit::read(&headers(&[])), None);
        assert_eq!(
            RateLimit::read(&headers(&[("ratelimit-limit", "many")])),
            None
        );
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now = httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        for (text, expected) in [
            ("7", Some(7)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(59)),
            ("Fri, 31 Dec 1999 23:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let got = retry_after(&headers(&[("retry-after", text)]), now);
            assert_eq!(got.map(|d| d.as_secs()), expected, "{text}");
        }
    }
}
