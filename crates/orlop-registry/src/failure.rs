//! How a request fails: one type from every cause to the status, the code and the words that a
//! client gets (distribution-spec, "Error Codes").
//!
//! What is told to the client and what is written into the log are apart: a fault of the machine is
//! "internal error" outside, whatever it is inside.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use orlop_registry_store::StorageError;
use serde::Serialize;
use serde_json::Value;

use crate::payload::Payload;
use crate::route::Refusal;

/// A code of the specification's table, or of a 5xx answer, which the table doesn't cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// code-1
    BlobUnknown,
    /// code-2
    BlobUploadInvalid,
    /// code-3
    BlobUploadUnknown,
    /// code-4
    DigestInvalid,
    /// code-5
    ManifestBlobUnknown,
    /// code-6
    ManifestInvalid,
    /// code-7
    ManifestUnknown,
    /// code-8
    NameInvalid,
    /// code-9
    NameUnknown,
    /// code-10
    SizeInvalid,
    /// code-11
    Unauthorized,
    /// code-12
    Denied,
    /// code-13
    Unsupported,
    /// code-14
    #[serde(rename = "TOOMANYREQUESTS")]
    TooManyRequests,
    /// A fault of the registry (5xx).
    Unknown,
    /// The registry can't serve now (5xx).
    Unavailable,
}

/// One line of the `errors` of an answer.
#[derive(Clone, Debug, Serialize)]
struct Line {
    code: Code,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    lines: Vec<Line>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    pub(crate) internal: Option<String>,
}

/// The most lines in one answer.
const MAX_LINES: usize = 100;

impl Failure {
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        let line = Line {
            code,
            message: message.into(),
            detail: None,
        };
        Self {
            status,
            lines: vec![line],
            headers: Vec::new(),
            internal: None,
        }
    }

    fn bad(code: Code, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn missing(code: Code, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A fault of the registry. `why` goes to the log.
    pub(crate) fn internal(why: impl Into<String>) -> Self {
        let mut failure = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unknown,
            "internal error; the registry's log says more",
        );
        failure.internal = Some(why.into());
        failure
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            Code::Unauthorized,
            "authentication required",
        )
    }

    pub(crate) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            Code::Denied,
            "requested access to the resource is denied",
        )
    }

    pub(crate) fn unsupported(message: impl Into<String>, allow: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::Unsupported, message)
            .with(ALLOW, HeaderValue::from_static(allow))
    }

    /// 503, to be tried again after `seconds`.
    pub(crate) fn unavailable(message: impl Into<String>, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
            .with(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// 429, to be tried again after `seconds`.
    pub(crate) fn too_many(message: impl Into<String>, seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            Code::TooManyRequests,
            message,
        )
        .with(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    pub(crate) fn blob_upload_invalid(message: impl Into<String>) -> Self {
        Self::bad(Code::BlobUploadInvalid, message)
    }

    pub(crate) fn size_invalid(message: impl Into<String>) -> Self {
        Self::bad(Code::SizeInvalid, message)
    }

    pub(crate) fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::bad(Code::ManifestInvalid, message)
    }

    pub(crate) fn too_large(code: Code, what: &str, limit: u64) -> Self {
        let message = format!("{what} is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    /// Adds a header to the answer.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What the log says of it.
    pub(crate) fn reason(&self) -> &str {
        let first = self.lines.first().map_or("", |line| &line.message);
        self.internal.as_deref().unwrap_or(first)
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response<Payload> {
        #[derive(Serialize)]
        struct Document {
            errors: Vec<Line>,
        }
        let document = Document { errors: self.lines };
        let body = serde_json::to_vec(&document).expect("codes and texts are JSON");
        let mut response = Response::new(Payload::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::missing(Code::Unsupported, "no such end-point"),
            Refusal::Method(allow) => Self::unsupported("the operation is unsupported here", allow),
            Refusal::Name => Self::bad(Code::NameInvalid, "invalid repository name"),
            Refusal::Digest => Self::bad(
                Code::DigestInvalid,
                "invalid digest: it must be sha256: and 64 or sha512: and 128 hex digits",
            ),
            Refusal::Tag => Self::bad(Code::ManifestInvalid, "invalid tag name"),
            Refusal::ManifestUnknown => Self::missing(Code::ManifestUnknown, "manifest unknown"),
            Refusal::UploadUnknown => {
                Self::missing(Code::BlobUploadUnknown, "blob upload unknown to registry")
            }
            Refusal::Page => Self::bad(Code::Unsupported, "n must be a number of entries"),
            Refusal::Malformed => Self::bad(Code::Unsupported, "malformed URL"),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        use StorageError as E;
        let message = error.to_string();
        match error {
            E::NameUnknown(_) => Self::missing(Code::NameUnknown, message),
            E::BlobUnknown(_) => Self::missing(Code::BlobUnknown, message),
            E::ManifestUnknown(_) => Self::missing(Code::ManifestUnknown, message),
            E::UploadUnknown => Self::missing(Code::BlobUploadUnknown, message),
            E::RangeInvalid { .. } => Self::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                Code::BlobUploadInvalid,
                message,
            ),
            E::SizeInvalid { .. } => Self::bad(Code::SizeInvalid, message),
            E::DigestInvalid { .. } => Self::bad(Code::DigestInvalid, message),
            E::ManifestInvalid(_) => Self::bad(Code::ManifestInvalid, message),
            E::ManifestBlobUnknown(digests) => Self::blobs_unknown(&digests),
            E::TooLarge { what, limit } => {
                let code = match what {
                    "manifest" => Code::ManifestInvalid,
                    _ => Code::BlobUploadInvalid,
                };
                Self::too_large(code, what, limit)
            }
            E::TagImmutable(..) => Self::new(StatusCode::CONFLICT, Code::Denied, message),
            E::QuotaExceeded(_) => Self::new(StatusCode::FORBIDDEN, Code::Denied, message),
            E::InUse(_) => Self::unsupported(message, "GET, HEAD, OPTIONS"),
            E::Body(_) => Self::bad(Code::BlobUploadInvalid, message),
            E::NoSpace => Self::new(StatusCode::INSUFFICIENT_STORAGE, Code::Unknown, message),
            E::Damaged { .. } => Self::internal(message),
            E::Internal(_) => Self::internal(message),
        }
    }
}

impl Failure {
    /// One line for each digest, as the specification has it.
    fn blobs_unknown(digests: &[orlop_oci::Digest]) -> Self {
        let mut failure = Self::missing(Code::ManifestBlobUnknown, "");
        let lines = digests.iter().take(MAX_LINES).map(|digest| Line {
            code: Code::ManifestBlobUnknown,
            message: "manifest references a manifest or blob unknown to registry".into(),
            detail: Some(serde_json::json!({ "digest": digest })),
        });
        failure.lines = lines.collect();
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_table() {
        let codes = [
            (Code::BlobUnknown, "BLOB_UNKNOWN"),
            (Code::BlobUploadInvalid, "BLOB_UPLOAD_INVALID"),
            (Code::BlobUploadUnknown, "BLOB_UPLOAD_UNKNOWN"),
            (Code::DigestInvalid, "DIGEST_INVALID"),
            (Code::ManifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN"),
            (Code::ManifestInvalid, "MANIFEST_INVALID"),
            (Code::ManifestUnknown, "MANIFEST_UNKNOWN"),
            (Code::NameInvalid, "NAME_INVALID"),
            (Code::NameUnknown, "NAME_UNKNOWN"),
            (Code::SizeInvalid, "SIZE_INVALID"),
            (Code::Unauthorized, "UNAUTHORIZED"),
            (Code::Denied, "DENIED"),
            (Code::Unsupported, "UNSUPPORTED"),
            (Code::TooManyRequests, "TOOMANYREQUESTS"),
        ];
        for (code, text) in codes {
            assert_eq!(serde_json::to_value(code).unwrap(), text);
        }
    }

    #[test]
    fn the_machine_s_faults_stay_inside() {
        let failure = Failure::from(StorageError::Internal("/var/lib: secret".into()));
        assert_eq!(failure.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(failure.reason().contains("secret"));
        let Payload::Bytes(body) = failure.into_response().into_body() else {
            panic!("no body");
        };
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
