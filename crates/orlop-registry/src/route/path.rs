//! The path of a request, read from its end.

use std::borrow::Cow;

use http::Method;
use orlop_registry_store::{RepositoryName, TagOrDigest, UploadId};

use super::query::Query;
use super::{Refusal, Route, TokenMethod};

/// A place that a path can name. Texts are decoded but not yet checked: whether a bad one is
/// "invalid" or "unknown" depends on the method.
#[derive(Debug)]
pub(super) enum Place<'a> {
    Base,
    Catalog,
    Token,
    TokenKeys,
    Health,
    Ready,
    Metrics,
    Blob(RepositoryName, Cow<'a, str>),
    Manifest(RepositoryName, Cow<'a, str>),
    Uploads(RepositoryName),
    Upload(RepositoryName, Cow<'a, str>),
    Tags(RepositoryName),
    Referrers(RepositoryName, Cow<'a, str>),
}

impl<'a> Place<'a> {
    /// Splits at the slashes that are in the path as it came, then decodes each segment once; a
    /// slash that was encoded stays part of its segment, where no grammar allows it.
    pub(super) fn parse(path: &'a str) -> Result<Self, Refusal> {
        match path {
            "/v2" | "/v2/" => return Ok(Self::Base),
            "/v2/_catalog" => return Ok(Self::Catalog),
            "/token" => return Ok(Self::Token),
            "/token/keys" => return Ok(Self::TokenKeys),
            "/healthz" => return Ok(Self::Health),
            "/readyz" => return Ok(Self::Ready),
            "/metrics" => return Ok(Self::Metrics),
            _ => {}
        }
        let rest = path.strip_prefix("/v2/").ok_or(Refusal::NotFound)?;
        let segments: Vec<&str> = rest.split('/').collect();
        match segments.as_slice() {
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => {
                Ok(Self::Uploads(repository(name)?))
            }
            [name @ .., "blobs", "uploads", id] => Ok(Self::Upload(repository(name)?, decode(id)?)),
            [name @ .., "tags", "list"] => Ok(Self::Tags(repository(name)?)),
            [name @ .., "manifests", reference] => {
                Ok(Self::Manifest(repository(name)?, decode(reference)?))
            }
            [name @ .., "blobs", digest] => Ok(Self::Blob(repository(name)?, decode(digest)?)),
            [name @ .., "referrers", digest] => {
                Ok(Self::Referrers(repository(name)?, decode(digest)?))
            }
            _ => Err(Refusal::NotFound),
        }
    }

    /// The methods that the place takes, as the `Allow` header lists them.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Blob(..) => "GET, HEAD, DELETE, OPTIONS",
            Self::Manifest(..) => "GET, HEAD, PUT, DELETE, OPTIONS",
            Self::Uploads(_) => "POST, OPTIONS",
            Self::Upload(..) => "GET, HEAD, PATCH, PUT, DELETE, OPTIONS",
            Self::Token => "GET, POST, OPTIONS",
            Self::Base
            | Self::Catalog
            | Self::TokenKeys
            | Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Tags(_)
            | Self::Referrers(..) => "GET, HEAD, OPTIONS",
        }
    }

    /// With a method and a query, a route.
    pub(super) fn route(self, method: &Method, query: &Query<'_>) -> Result<Route, Refusal> {
        let refused = Refusal::Method(self.allow());
        match self {
            Self::Blob(name, digest) => blob(name, &digest, method, refused),
            Self::Manifest(name, reference) => manifest(name, &reference, method, query, refused),
            Self::Upload(name, id) => upload(name, &id, method, query, refused),
            Self::Uploads(name) if *method == Method::POST => {
                Ok(Route::StartUpload(name, query.start_upload()?))
            }
            Self::Token if *method == Method::GET => Ok(Route::Token(TokenMethod::Get)),
            Self::Token if *method == Method::POST => Ok(Route::Token(TokenMethod::Post)),
            Self::Uploads(_) | Self::Token => Err(refused),
            _ if *method != Method::GET && *method != Method::HEAD => Err(refused),
            Self::Base => Ok(Route::Base),
            Self::Catalog => Ok(Route::Catalog(query.list()?)),
            Self::TokenKeys => Ok(Route::TokenKeys),
            Self::Health => Ok(Route::Health),
            Self::Ready => Ok(Route::Ready),
            Self::Metrics => Ok(Route::Metrics),
            Self::Tags(name) => Ok(Route::Tags(name, query.list()?)),
            Self::Referrers(name, digest) => {
                let digest = digest.parse().map_err(|_| Refusal::Digest)?;
                let list = query.list()?;
                Ok(Route::Referrers(name, digest, query.artifact_type(), list))
            }
        }
    }
}

fn blob(
    name: RepositoryName,
    digest: &str,
    method: &Method,
    refused: Refusal,
) -> Result<Route, Refusal> {
    let digest = || digest.parse().map_err(|_| Refusal::Digest);
    match *method {
        Method::GET => Ok(Route::GetBlob(name, digest()?)),
        Method::HEAD => Ok(Route::HeadBlob(name, digest()?)),
        Method::DELETE => Ok(Route::DeleteBlob(name, digest()?)),
        _ => Err(refused),
    }
}

/// A malformed digest is refused as such. A malformed tag can't be put, and can't be there to be
/// got.
fn manifest(
    name: RepositoryName,
    reference: &str,
    method: &Method,
    query: &Query<'_>,
    refused: Refusal,
) -> Result<Route, Refusal> {
    let parse = |otherwise: Refusal| -> Result<TagOrDigest, Refusal> {
        reference.parse().map_err(|_| {
            if reference.contains(':') {
                Refusal::Digest
            } else {
                otherwise
            }
        })
    };
    match *method {
        Method::GET => Ok(Route::GetManifest(name, parse(Refusal::ManifestUnknown)?)),
        Method::HEAD => Ok(Route::HeadManifest(name, parse(Refusal::ManifestUnknown)?)),
        Method::DELETE => Ok(Route::DeleteManifest(
            name,
            parse(Refusal::ManifestUnknown)?,
        )),
        Method::PUT => Ok(Route::PutManifest(
            name,
            parse(Refusal::Tag)?,
            query.tags()?,
        )),
        _ => Err(refused),
    }
}

fn upload(
    name: RepositoryName,
    id: &str,
    method: &Method,
    query: &Query<'_>,
    refused: Refusal,
) -> Result<Route, Refusal> {
    let id = || UploadId::parse(id).ok_or(Refusal::UploadUnknown);
    match *method {
        Method::GET | Method::HEAD => Ok(Route::UploadStatus(name, id()?)),
        Method::PATCH => Ok(Route::PatchUpload(name, id()?)),
        Method::PUT => Ok(Route::FinishUpload(name, id()?, query.digest()?)),
        Method::DELETE => Ok(Route::CancelUpload(name, id()?)),
        _ => Err(refused),
    }
}

/// The name, from its segments. No segments at all are no name, but another path.
fn repository(segments: &[&str]) -> Result<RepositoryName, Refusal> {
    if segments.is_empty() {
        return Err(Refusal::NotFound);
    }
    let decoded: Result<Vec<_>, _> = segments.iter().map(|segment| decode(segment)).collect();
    let decoded = decoded?;
    // A slash that came encoded would join two segments into a name that nobody wrote.
    if decoded.iter().any(|segment| segment.contains('/')) {
        return Err(Refusal::Name);
    }
    decoded.join("/").parse().map_err(|_| Refusal::Name)
}

/// Decodes the percent signs of a segment, once. What isn't UTF-8, or has a percent sign without
/// two hex digits, is malformed.
fn decode(segment: &str) -> Result<Cow<'_, str>, Refusal> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        let (high, low) = (digit(), digit());
        let value = high.zip(low).map(|(high, low)| high << 4 | low);
        let value = value.and_then(|value| u8::try_from(value).ok());
        decoded.push(value.ok_or(Refusal::Malformed)?);
    }
    let text = String::from_utf8(decoded).map_err(|_| Refusal::Malformed)?;
    Ok(Cow::Owned(text))
}
