//! What a request asks for: method, path and query become a [`Route`], or a refusal.
//!
//! This is a pure function of three texts, so that it can be tested by tables and by random input
//! without a server. Everything that a client can name (repositories, tags, digests, uploads)
//! becomes a typed value here and nowhere else: behind this line no text from a URL is left that
//! could reach a path or a statement unparsed.
//!
//! Repository names contain slashes, and every word of the protocol (`blobs`, `tags`, …) is also a
//! valid part of a name, so a path is read from its end: the last segments say what is asked for,
//! and all that stands in front of them is the name. A router that matches patterns from the front
//! would read `/v2/a/blobs/uploads/manifests/latest` wrongly.

mod path;
mod query;
mod refusal;

use http::Method;
use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{RepositoryName, TagName, TagOrDigest, UploadId};

pub use query::ListQuery;
pub use refusal::Refusal;

/// What a request asks for (distribution-spec, "Endpoints").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// end-1: is this a registry, and who am I to it?
    Base,
    /// end-2, `GET`: a blob's bytes.
    GetBlob(RepositoryName, Digest),
    /// end-2, `HEAD`: is there such a blob?
    HeadBlob(RepositoryName, Digest),
    /// end-3, `GET`.
    GetManifest(RepositoryName, TagOrDigest),
    /// end-3, `HEAD`.
    HeadManifest(RepositoryName, TagOrDigest),
    /// end-4a, 4b, 4c, 11: begin an upload, take a blob at once, or mount one.
    StartUpload(RepositoryName, StartUpload),
    /// end-5: a chunk.
    PatchUpload(RepositoryName, UploadId),
    /// end-6: the last chunk, and the digest of all of them.
    FinishUpload(RepositoryName, UploadId, Digest),
    /// end-13: how far an upload is.
    UploadStatus(RepositoryName, UploadId),
    /// end-14: give an upload up.
    CancelUpload(RepositoryName, UploadId),
    /// end-7a, 7b: a manifest, with the tags of `?tag=`.
    PutManifest(RepositoryName, TagOrDigest, Vec<TagName>),
    /// end-8a, 8b.
    Tags(RepositoryName, ListQuery),
    /// end-9, of a tag or of a manifest.
    DeleteManifest(RepositoryName, TagOrDigest),
    /// end-10.
    DeleteBlob(RepositoryName, Digest),
    /// end-12a, 12b: with the `artifactType` that is wanted.
    Referrers(RepositoryName, Digest, Option<String>, ListQuery),
    /// Docker's list of repositories.
    Catalog(ListQuery),
    /// The token service (Docker Registry v2 authentication; `GET` and OAuth2 `POST`).
    Token(TokenMethod),
    /// The keys that tokens are signed with.
    TokenKeys,
    /// The process is alive.
    Health,
    /// The process can serve.
    Ready,
    /// Prometheus metrics.
    Metrics,
    /// `OPTIONS`: what may be asked for, for browsers too.
    Options(&'static str),
}

/// How `/token` is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenMethod {
    /// `GET` with Basic credentials and a query.
    Get,
    /// `POST` with a form (OAuth2).
    Post,
}

/// What the query of `POST …/blobs/uploads/` wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartUpload {
    /// A session, hashed by this algorithm.
    Session(Algorithm),
    /// The whole blob is in the body.
    Whole(Digest),
    /// A blob of another repository, or (without `from`) of any that the asker may read.
    Mount {
        /// Which blob.
        digest: Digest,
        /// Where it is.
        from: Option<RepositoryName>,
    },
}

/// Reads a request's line. `query` is what stands behind the question mark, `path` in front of it,
/// both as they came.
///
/// # Errors
/// A [`Refusal`] with the status and code of the protocol.
pub fn parse(method: &Method, path: &str, query: Option<&str>) -> Result<Route, Refusal> {
    let place = path::Place::parse(path)?;
    let allow = place.allow();
    if *method == Method::OPTIONS {
        return Ok(Route::Options(allow));
    }
    let query = query::Query::parse(query.unwrap_or_default())?;
    place.route(method, &query)
}

impl Route {
    /// The route's pattern, for logs and metrics: of a small fixed set.
    pub fn pattern(&self) -> &'static str {
        match self {
            Self::Base => "/v2/",
            Self::GetBlob(..) | Self::HeadBlob(..) | Self::DeleteBlob(..) => {
                "/v2/{name}/blobs/{digest}"
            }
            Self::GetManifest(..)
            | Self::HeadManifest(..)
            | Self::PutManifest(..)
            | Self::DeleteManifest(..) => "/v2/{name}/manifests/{reference}",
            Self::StartUpload(..) => "/v2/{name}/blobs/uploads/",
            Self::PatchUpload(..)
            | Self::FinishUpload(..)
            | Self::UploadStatus(..)
            | Self::CancelUpload(..) => "/v2/{name}/blobs/uploads/{upload}",
            Self::Tags(..) => "/v2/{name}/tags/list",
            Self::Referrers(..) => "/v2/{name}/referrers/{digest}",
            Self::Catalog(_) => "/v2/_catalog",
            Self::Token(_) => "/token",
            Self::TokenKeys => "/token/keys",
            Self::Health => "/healthz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
            Self::Options(_) => "*",
        }
    }

    /// The repository that it is about.
    pub fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Self::GetBlob(name, _)
            | Self::HeadBlob(name, _)
            | Self::GetManifest(name, _)
            | Self::HeadManifest(name, _)
            | Self::StartUpload(name, _)
            | Self::PatchUpload(name, _)
            | Self::FinishUpload(name, _, _)
            | Self::UploadStatus(name, _)
            | Self::CancelUpload(name, _)
            | Self::PutManifest(name, _, _)
            | Self::Tags(name, _)
            | Self::DeleteManifest(name, _)
            | Self::DeleteBlob(name, _)
            | Self::Referrers(name, _, _, _) => Some(name),
            Self::Base
            | Self::Catalog(_)
            | Self::Token(_)
            | Self::TokenKeys
            | Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Options(_) => None,
        }
    }

    /// The tag or digest that it is about, for the log.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::GetBlob(_, digest)
            | Self::HeadBlob(_, digest)
            | Self::DeleteBlob(_, digest)
            | Self::FinishUpload(_, _, digest)
            | Self::StartUpload(
                _,
                StartUpload::Whole(digest) | StartUpload::Mount { digest, .. },
            )
            | Self::Referrers(_, digest, _, _) => Some(digest.to_string()),
            Self::GetManifest(_, reference)
            | Self::HeadManifest(_, reference)
            | Self::PutManifest(_, reference, _)
            | Self::DeleteManifest(_, reference) => Some(reference.to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
