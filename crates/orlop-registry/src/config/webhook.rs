//! Who is told of what happens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use orlop_registry_store::EventKind;
use orlop_secret::Secret;
use serde::Deserialize;
use url::Url;

use super::check::ConfigError;
use super::value::web_url;
use super::{Period, RepositoryGlobs};

/// An endpoint that is told of what happens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its name in logs, and what its place in the log of events is kept under.
    pub name: String,
    /// Where events are posted to.
    #[serde(deserialize_with = "url_of_the_web")]
    pub url: Url,
    /// What a request's body looks like.
    #[serde(default)]
    pub format: WebhookFormat,
    /// Which events.
    #[serde(default = "default_events")]
    pub events: Vec<WebhookEvent>,
    /// Of which repositories.
    #[serde(default)]
    pub repositories: RepositoryGlobs,
    /// Headers to send along.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The value of the header `Authorization`.
    pub authorization: Option<Secret>,
    /// A file that holds it.
    pub authorization_file: Option<PathBuf>,
    /// Signs requests.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// Authorities to trust besides the system's, PEM.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    #[serde(default = "default_timeout")]
    pub timeout: Period,
    /// An event that couldn't be delivered for so long is dropped.
    #[serde(default = "default_give_up")]
    pub give_up_after: Period,
}

/// What a request's body looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// The envelope of CNCF distribution (and of Docker's registry before it).
    #[default]
    Distribution,
    /// CloudEvents 1.0, structured JSON.
    CloudEvents,
}

/// Which events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookEvent {
    /// A manifest was pushed.
    Push,
    /// A manifest was pulled.
    Pull,
    /// A tag, a manifest or a blob was deleted by somebody.
    Delete,
    /// A blob was taken over from another repository.
    Mount,
    /// Collection removed something.
    Collect,
    /// Retention removed something.
    Retain,
    /// An account was made, changed or removed.
    Account,
}

impl WebhookEvent {
    /// The same in the log of events.
    pub fn kind(self) -> EventKind {
        match self {
            Self::Push => EventKind::Push,
            Self::Pull => EventKind::Pull,
            Self::Delete => EventKind::Delete,
            Self::Mount => EventKind::Mount,
            Self::Collect => EventKind::Collect,
            Self::Retain => EventKind::Retain,
            Self::Account => EventKind::Account,
        }
    }
}

/// What a webhook shows to its endpoint.
#[derive(Clone, Debug, Default)]
pub struct WebhookSecrets {
    /// Headers; their values are marked as sensitive.
    pub headers: HeaderMap,
    /// Signs requests.
    pub signing: Option<Secret>,
}

/// Headers that are ours to set.
const OWN_HEADERS: &[&str] = &[
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];
/// A secret shorter than this can be guessed by who sees a signed request. Bytes.
const LEAST_SECRET: usize = 16;
/// Longest file with a secret, in bytes.
const MAX_SECRET_FILE: u64 = 64 * 1024;

impl WebhookConfig {
    pub(super) fn check(&self, index: usize) -> Result<(), ConfigError> {
        let fault = |key: &str, reason: &str| {
            Err(ConfigError::new(format!("webhooks[{index}].{key}"), reason))
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(plain) {
            return fault("name", "up to 64 letters, digits, `-`, `_` and `.`");
        }
        if self.events.is_empty() {
            return fault(
                "events",
                "no event at all; leave it out for push and delete",
            );
        }
        let account = self.events.contains(&WebhookEvent::Account);
        if account && self.format == WebhookFormat::Distribution {
            let reason = "the format `distribution` has no word for `account`: use `cloudevents`";
            return fault("events", reason);
        }
        if self.authorization.is_some() && self.authorization_file.is_some() {
            return fault("authorization", "and authorization_file: one of them");
        }
        if self.secret.is_some() && self.secret_file.is_some() {
            return fault("secret", "and secret_file: one of them");
        }
        let long = Duration::from_secs(300);
        if self.timeout.0 > long {
            return fault("timeout", "5m at most");
        }
        self.given_headers(index).map(drop)
    }

    /// What it shows, read from files where it is in files.
    ///
    /// # Errors
    /// A file can't be read, or holds what can't be shown.
    pub fn secrets(&self, index: usize) -> Result<WebhookSecrets, ConfigError> {
        let key = |key: &str| format!("webhooks[{index}].{key}");
        let mut headers = self.given_headers(index)?;
        let given = (&self.authorization, &self.authorization_file);
        if let Some(value) = text_or_file(given, || key("authorization_file"))? {
            let value = header_value(&value)
                .ok_or_else(|| ConfigError::new(key("authorization"), "is no value of a header"))?;
            headers.insert(header::AUTHORIZATION, value);
        }
        let signing = text_or_file((&self.secret, &self.secret_file), || key("secret_file"))?;
        if signing
            .as_ref()
            .is_some_and(|secret| secret.expose().len() < LEAST_SECRET)
        {
            let reason = format!("at least {LEAST_SECRET} characters, or it can be guessed");
            return Err(ConfigError::new(key("secret"), reason));
        }
        Ok(WebhookSecrets { headers, signing })
    }

    fn given_headers(&self, index: usize) -> Result<HeaderMap, ConfigError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let key = || format!("webhooks[{index}].headers.{name}");
            let parsed = HeaderName::try_from(name.as_str());
            let parsed = parsed.map_err(|_| ConfigError::new(key(), "is no name of a header"))?;
            if OWN_HEADERS.contains(&parsed.as_str()) {
                return Err(ConfigError::new(key(), "is set by the registry itself"));
            }
            let value = header_value(value)
                .ok_or_else(|| ConfigError::new(key(), "is no value of a header"))?;
            headers.insert(parsed, value);
        }
        Ok(headers)
    }
}

fn header_value(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn text_or_file(
    (text, file): (&Option<Secret>, &Option<PathBuf>),
    key: impl FnOnce() -> String,
) -> Result<Option<Secret>, ConfigError> {
    match file {
        None => Ok(text.clone()),
        Some(path) => read_secret(path)
            .map(Some)
            .map_err(|reason| ConfigError::new(key(), reason)),
    }
}

/// The text of a file, without the end of its line.
fn read_secret(path: &Path) -> Result<Secret, String> {
    use std::io::Read as _;
    let read = || -> std::io::Result<String> {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(MAX_SECRET_FILE).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| format!("{}: {error}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!("{}: is empty", path.display()));
    }
    Ok(Secret::new(text))
}

fn url_of_the_web<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    web_url(&text).map_err(serde::de::Error::custom)
}

fn default_events() -> Vec<WebhookEvent> {
    vec![WebhookEvent::Push, WebhookEvent::Delete]
}

fn default_timeout() -> Period {
    Period(Duration::from_secs(10))
}

fn default_give_up() -> Period {
    Period(Duration::from_secs(7 * 24 * 60 * 60))
}
