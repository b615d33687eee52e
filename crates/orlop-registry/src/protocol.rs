//! The protocol: each route's answer.
//!
//! A handler gets an [`Ask`] (the request's headers, and who asks) and the typed parts of its route,
//! and gives an answer or a [`Failure`]. Access has been decided before (see [`crate::gate`]);
//! headers that every answer has are added after (see [`crate::service`]).

mod blob;
pub(crate) mod conditional;
mod list;
mod manifest;
pub(crate) mod range;
mod referrers;
mod token;
mod upload;
mod warning;

use std::fmt::Display;
use std::sync::atomic::Ordering;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Response, StatusCode};
use orlop_oci::Digest;
use orlop_registry_store::{RepositoryName, Storage};

use crate::failure::Failure;
use crate::gate::Caller;
use crate::payload::{IncomingBody, Payload};
use crate::peer::Peer;
use crate::registry::Registry;
use crate::route::Route;
use crate::server::outbox::Outbox;

pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
const OCI_FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
const OCI_CHUNK_MIN: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// What a handler gives.
type Answer = Result<Response<Payload>, Failure>;

/// A request that may be answered.
pub(crate) struct Ask<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) peer: &'a Peer,
    pub(crate) parts: &'a Parts,
    pub(crate) caller: &'a Caller,
}

impl Ask<'_> {
    fn storage(&self) -> &Storage {
        &self.registry.storage
    }

    /// Where a file can be promised: on a plain connection that speaks HTTP/1.
    fn outbox(&self) -> Option<Outbox> {
        self.peer.outbox.clone().filter(|_| !self.is_shared())
    }

    /// The connection carries many answers at a time: HTTP/2.
    fn is_shared(&self) -> bool {
        self.parts.version >= http::Version::HTTP_2
    }

    /// A place on this registry: absolute where its public URL is known, else relative to the host.
    fn location(&self, path: impl Display) -> String {
        match &self.registry.options.public_url {
            Some(url) => format!("{}{path}", url.as_str().trim_end_matches('/')),
            None => path.to_string(),
        }
    }

    fn blob_location(&self, name: &RepositoryName, digest: &Digest) -> String {
        self.location(format_args!("/v2/{name}/blobs/{digest}"))
    }
}

/// Answers a route.
pub(crate) async fn answer(ask: &Ask<'_>, route: Route, body: IncomingBody) -> Answer {
    if matches!(route, Route::DeleteBlob(..) | Route::DeleteManifest(..)) {
        deletion_enabled(ask, &route)?;
    }
    match route {
        Route::Base => Ok(json(&serde_json::json!({}))),
        Route::GetBlob(name, digest) => blob::get(ask, &name, &digest).await,
        Route::HeadBlob(name, digest) => blob::head(ask, &name, &digest).await,
        Route::DeleteBlob(name, digest) => blob::delete(ask, &name, &digest).await,
        Route::StartUpload(name, what) => upload::start(ask, &name, what, body).await,
        Route::PatchUpload(name, id) => upload::patch(ask, &name, &id, body).await,
        Route::FinishUpload(name, id, digest) => {
            upload::finish(ask, &name, &id, &digest, body).await
        }
        Route::UploadStatus(name, id) => upload::status(ask, &name, &id).await,
        Route::CancelUpload(name, id) => upload::cancel(ask, &name, &id).await,
        Route::GetManifest(name, reference) => manifest::get(ask, &name, &reference, true).await,
        Route::HeadManifest(name, reference) => manifest::get(ask, &name, &reference, false).await,
        Route::PutManifest(name, reference, tags) => {
            manifest::put(ask, &name, reference, tags, body).await
        }
        Route::DeleteManifest(name, reference) => manifest::delete(ask, &name, &reference).await,
        Route::Tags(name, query) => list::tags(ask, &name, &query).await,
        Route::Catalog(query) => list::catalog(ask, &query).await,
        Route::Referrers(name, subject, artifact_type, query) => {
            referrers::list(ask, &name, &subject, artifact_type.as_deref(), &query).await
        }
        Route::Token(method) => token::issue(ask, method, body).await,
        Route::TokenKeys => Ok(json(&ask.registry.access.public_keys())),
        Route::Health => Ok(json(&serde_json::json!({ "status": "ok" }))),
        Route::Ready => ready(ask.registry).await,
        Route::Metrics => Ok(metrics(ask.registry)),
        Route::Options(allow) => {
            let mut response = empty(StatusCode::NO_CONTENT);
            let allow = HeaderValue::from_static(allow);
            response.headers_mut().insert(http::header::ALLOW, allow);
            Ok(response)
        }
    }
}

fn deletion_enabled(ask: &Ask<'_>, route: &Route) -> Result<(), Failure> {
    if ask.registry.options.deletion {
        return Ok(());
    }
    let allow = match route {
        Route::DeleteBlob(..) => "GET, HEAD, OPTIONS",
        _ => "GET, HEAD, PUT, OPTIONS",
    };
    let message = "deletion is disabled on this registry";
    Err(Failure::unsupported(message, allow))
}

async fn ready(registry: &Registry) -> Answer {
    if registry.draining.load(Ordering::Relaxed) {
        return Err(Failure::unavailable("the registry is stopping", 5));
    }
    if let Err(error) = registry.storage.ready().await {
        let mut failure = Failure::unavailable("the storage isn't ready", 5);
        failure.internal = Some(error.to_string());
        return Err(failure);
    }
    Ok(json(&serde_json::json!({ "status": "ready" })))
}

fn metrics(registry: &Registry) -> Response<Payload> {
    registry.metrics.beside.look(&registry.storage);
    let mut response = Response::new(Payload::from(registry.metrics.encode().into_bytes()));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// An answer without a body.
fn empty(status: StatusCode) -> Response<Payload> {
    let mut response = Response::new(Payload::Empty);
    *response.status_mut() = status;
    response
}

/// An answer with a document.
fn json(document: &impl serde::Serialize) -> Response<Payload> {
    let body = serde_json::to_vec(document).expect("our documents are JSON");
    let mut response = Response::new(Payload::from(body));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Sets a header from a text that was made of checked parts.
fn set(response: &mut Response<Payload>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// 201: something is now at `location`.
fn created(location: &str, digest: &Digest) -> Response<Payload> {
    let mut response = empty(StatusCode::CREATED);
    set(&mut response, LOCATION, location);
    set(&mut response, CONTENT_DIGEST, digest.as_str());
    response
}
