//! What can go wrong between here and a registry.
//!
//! Rules: a message says what was asked and what came back, in docker's words where docker has
//! some. Whatever a registry says of itself is cut to a length and stripped of control characters
//! before it is kept. Addresses are kept without their query, which may be a signature. What a user
//! can do about it is not in the message but in [`Error::hint`].

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use orlop_oci::{Digest, ManifestError, Repository};
use url::Url;

use crate::credentials::CredentialError;
use crate::rate_limit::RateLimit;

/// What every verb of this crate may answer instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry answered with an error.
    #[error(transparent)]
    Registry(#[from] Box<RegistryError>),
    /// The repository is not there, or not for this user (a registry doesn't tell which).
    #[error("{} access denied for {}, repository does not exist or may require 'docker login'{}", action(.push), .repository.familiar_name(), because(.reason))]
    Denied {
        /// Which.
        repository: Repository,
        /// It was to be written to.
        push: bool,
        /// What the registry said, or empty.
        reason: String,
        /// A token realm that didn't get the password because it is on a foreign host.
        withheld_from: Option<String>,
    },
    /// The registry wants a login, or another one.
    #[error("{registry}: unauthorized: {reason}")]
    Unauthorized {
        /// Its host.
        registry: String,
        /// What the registry said.
        reason: String,
        /// A token realm that didn't get the password because it is on a foreign host.
        withheld_from: Option<String>,
    },
    /// There is no manifest by this name.
    #[error("manifest for {reference} not found: manifest unknown{}", because(.reason))]
    ManifestUnknown {
        /// The name in its familiar form.
        reference: String,
        /// What the registry said, or empty.
        reason: String,
    },
    /// There is no such blob.
    #[error("blob {digest} not found in {repository}")]
    BlobUnknown {
        /// Where.
        repository: Repository,
        /// Which.
        digest: Digest,
    },
    /// No connection.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// Why, in one line.
        reason: String,
        /// Another try may help.
        temporary: bool,
    },
    /// The registry's certificate is not trusted.
    #[error("cannot trust the certificate of {host}: {reason}")]
    Certificate {
        /// Host and port.
        host: String,
        /// Why, in one line.
        reason: String,
    },
    /// The registry speaks TLS, but the two sides don't agree.
    #[error("TLS with {host} failed: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// Why, in one line.
        reason: String,
    },
    /// A connection broke, or nothing came for too long.
    #[error("{request}: {reason}")]
    Broken {
        /// What was asked.
        request: RequestLine,
        /// What happened, in one line.
        reason: String,
    },
    /// What the registry answered breaks the protocol, or a bound.
    #[error("{request}: {reason}")]
    Protocol {
        /// What was asked.
        request: RequestLine,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A redirect, a token realm or an upload location that isn't followed.
    #[error("{registry} refers to {target}, which is refused: {reason}")]
    Refused {
        /// Host of the registry.
        registry: String,
        /// Where it sent us, without query.
        target: String,
        /// Why not.
        reason: &'static str,
    },
    /// A manifest that is not what it says or should be.
    #[error("{reference}: {source}")]
    Manifest {
        /// The name in its familiar form.
        reference: String,
        /// What is wrong.
        source: ManifestError,
    },
    /// The registry's `Docker-Content-Digest` is not the digest asked for or of the bytes sent.
    #[error("{reference}: digest mismatch: expected {expected}, registry says {actual}")]
    DigestMismatch {
        /// The name in its familiar form.
        reference: String,
        /// Asked for, or of the bytes.
        expected: String,
        /// What the header says.
        actual: String,
    },
    /// A blob's bytes don't have its digest.
    #[error("blob {expected} is damaged: its bytes have the digest {actual}")]
    BlobDigest {
        /// Of the descriptor.
        expected: Digest,
        /// Of the bytes.
        actual: Digest,
    },
    /// A blob has not the size that its descriptor names.
    #[error(
        "blob {digest} is not as long as its descriptor says: expected {expected} bytes, got {actual}"
    )]
    BlobSize {
        /// Which.
        digest: Digest,
        /// Bytes that the descriptor names.
        expected: u64,
        /// Bytes that are there: a number, or words.
        actual: String,
    },
    /// Credentials couldn't be read.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The blob to upload couldn't be read.
    #[error("cannot read blob {digest}: {source}")]
    Source {
        /// Which.
        digest: Digest,
        /// Why.
        source: std::io::Error,
    },
    /// A setting can't be used.
    #[error("registry {registry}: {reason}")]
    Settings {
        /// Host of the registry.
        registry: String,
        /// What is wrong, with the file or key.
        reason: String,
    },
}

fn action(push: &bool) -> &'static str {
    if *push { "push" } else { "pull" }
}

fn because(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    }
}

/// Method and address of a request, without query, user or password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    method: Method,
    url: String,
}

impl RequestLine {
    pub(crate) fn new(method: &Method, url: &Url) -> Self {
        Self {
            method: method.clone(),
            url: redacted(url),
        }
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// The address without what may be secret in it.
pub(crate) fn redacted(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for addresses that can't have a user, which then have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// An error that a registry answered with (distribution-spec, "Error Codes").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RegistryError {
    /// What was asked.
    pub request: RequestLine,
    /// The status of the answer.
    pub status: StatusCode,
    /// Code (`NAME_UNKNOWN`) and message of each error in the body; may be empty.
    pub errors: Vec<(String, String)>,
    /// How long the registry asks to wait.
    pub retry_after: Option<Duration>,
    /// What the registry says of its limits.
    pub rate_limit: Option<RateLimit>,
    /// The registry is Docker Hub.
    pub(crate) hub: bool,
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = || {
            let name = self.status.canonical_reason().unwrap_or("unknown status");
            format!("{} {name}", self.status.as_u16())
        };
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            f.write_str("toomanyrequests: ")?;
            match self.errors.first() {
                Some((_, message)) if !message.is_empty() => f.write_str(message)?,
                _ => f.write_str("too many requests")?,
            }
            if let Some(limit) = &self.rate_limit {
                write!(f, " ({limit})")?;
            }
            return Ok(());
        }
        write!(f, "{}: ", self.request)?;
        match self.reason().as_str() {
            "" => write!(f, "unexpected status from the registry: {}", status()),
            reason => write!(f, "{reason} ({})", status()),
        }
    }
}

impl RegistryError {
    /// The errors of the body as docker prints them: `name unknown: repository name not known`.
    pub(crate) fn reason(&self) -> String {
        let lines: Vec<String> = self
            .errors
            .iter()
            .map(|(code, message)| {
                let code = code.to_ascii_lowercase().replace('_', " ");
                match (code.as_str(), message.as_str()) {
                    ("", message) => message.to_owned(),
                    (code, "") => code.to_owned(),
                    (code, message) => format!("{code}: {message}"),
                }
            })
            .collect();
        lines.join("; ")
    }

    /// The first error has this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.errors.iter().any(|(have, _)| have == code)
    }

    fn is_temporary(&self) -> bool {
        let spent = self.rate_limit.as_ref().is_some_and(RateLimit::is_spent);
        match self.status.as_u16() {
            429 => !spent,
            408 | 425 | 500 | 502 | 503 | 504 => true,
            _ => false,
        }
    }
}

impl Error {
    /// The first error code that the registry gave: `MANIFEST_UNKNOWN`, `DENIED`, …
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Registry(error) => error.errors.first().map(|(code, _)| code.as_str()),
            Self::Denied { .. } => Some("DENIED"),
            Self::Unauthorized { .. } => Some("UNAUTHORIZED"),
            Self::ManifestUnknown { .. } => Some("MANIFEST_UNKNOWN"),
            Self::BlobUnknown { .. } => Some("BLOB_UNKNOWN"),
            _ => None,
        }
    }

    /// The status of the registry's answer, when that was the error.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Registry(error) => Some(error.status),
            Self::Denied { .. } => Some(StatusCode::FORBIDDEN),
            Self::Unauthorized { .. } => Some(StatusCode::UNAUTHORIZED),
            Self::ManifestUnknown { .. } | Self::BlobUnknown { .. } => Some(StatusCode::NOT_FOUND),
            _ => None,
        }
    }

    /// The same request may succeed later. (Within this crate it was tried again already.)
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Registry(error) => error.is_temporary(),
            Self::Connect { temporary, .. } => *temporary,
            Self::Broken { .. } => true,
            _ => false,
        }
    }

    /// What was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// How long the registry asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Registry(error) => error.retry_after,
            _ => None,
        }
    }

    /// What the user can do about it, in a sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) if error.status == StatusCode::TOO_MANY_REQUESTS => {
                Some(rate_hint(error))
            }
            Self::Denied {
                repository,
                withheld_from,
                ..
            } => withheld_from
                .as_ref()
                .map(|realm| trust_hint(repository.registry(), realm)),
            Self::Unauthorized {
                registry,
                withheld_from,
                ..
            } => Some(match withheld_from {
                Some(realm) => trust_hint(registry, realm),
                None => format!("log in with: orlop login {registry}"),
            }),
            Self::Certificate { host, .. } => Some(format!(
                "set ca = \"FILE\" under [registry.\"{host}\"], or tls_verify = false if the network is trusted"
            )),
            Self::Tls { host, reason } if reason.contains("fatal alert") => Some(format!(
                "the registry may ask for a certificate: set client_cert and client_key under [registry.\"{host}\"]"
            )),
            Self::Connect { host, reason, .. } if reason.contains("HTTP response to HTTPS") => {
                Some(format!(
                    "if the registry has no TLS, set plain_http = true under [registry.\"{host}\"]"
                ))
            }
            _ => None,
        }
    }
}

fn rate_hint(error: &RegistryError) -> String {
    let wait = match error.retry_after {
        Some(wait) => format!("wait {} s, ", wait.as_secs()),
        None => String::new(),
    };
    if error.hub {
        format!(
            "{wait}log in with `orlop login` for a higher limit, or set a mirror under [registry.\"docker.io\"]"
        )
    } else {
        format!("{wait}log in for a higher limit, or pull through a mirror")
    }
}

fn trust_hint(registry: &str, realm: &str) -> String {
    format!(
        "{registry} wants its password to be sent to {realm}; if that is right, set trusted_realms = [\"{realm}\"] under [registry.\"{registry}\"]"
    )
}

/// A text from outside: at most 512 characters, without control characters.
pub(crate) fn printable(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(512)
        .collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, errors: &[(&str, &str)]) -> RegistryError {
        let url = "https://u:p@r.example/v2/a/manifests/b?sig=secret"
            .parse()
            .unwrap();
        RegistryError {
            request: RequestLine::new(&Method::GET, &url),
            status: StatusCode::from_u16(status).unwrap(),
            errors: errors
                .iter()
                .map(|(c, m)| ((*c).to_owned(), (*m).to_owned()))
                .collect(),
            retry_after: None,
            rate_limit: None,
            hub: true,
        }
    }

    #[test]
    fn texts() {
        for (error, text) in [
            (
                Error::from(Box::new(answer(500, &[]))),
                "GET https://r.example/v2/a/manifests/b: unexpected status from the registry: 500 Internal Server Error",
            ),
            (
                Error::from(Box::new(answer(
                    404,
                    &[("NAME_UNKNOWN", "repository name not known to registry")],
                ))),
                "GET https://r.example/v2/a/manifests/b: name unknown: repository name not known to registry (404 Not Found)",
            ),
            (
                Error::from(Box::new(answer(
                    429,
                    &[("TOOMANYREQUESTS", "You have reached your pull rate limit.")],
                ))),
                "toomanyrequests: You have reached your pull rate limit.",
            ),
            (
                Error::Denied {
                    repository: "nosuch".parse().unwrap(),
                    push: false,
                    reason: "denied: requested access to the resource is denied".into(),
                    withheld_from: None,
                },
                "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            ),
            (
                Error::ManifestUnknown {
                    reference: "alpine:nope".into(),
                    reason: String::new(),
                },
                "manifest for alpine:nope not found: manifest unknown",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn what_a_registry_says_can_not_steer_a_terminal() {
        assert_eq!(printable("a\x1b[31mb\r\nc"), "a [31mb  c");
        assert_eq!(printable(&"x".repeat(9999)).len(), 512);
    }
}
