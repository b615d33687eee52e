//! Blobs out, and away (distribution-spec, "Pulling blobs", "Deleting Blobs").

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue,
    RANGE,
};
use http::{Response, StatusCode};
use orlop_oci::Digest;
use orlop_registry_store::{BlobContent, RepositoryName, StorageError};

use super::range::RangeRequest;
use super::{Answer, Ask, CONTENT_DIGEST, conditional, empty, set};
use crate::failure::{Code, Failure};
use crate::payload::Payload;

/// A year: content never changes under its digest.
const FOREVER: HeaderValue = HeaderValue::from_static("max-age=31536000, immutable");

/// end-2, `GET`: the blob, or a range of it.
pub(super) async fn get(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    let blob = ask.storage().open_blob(name, digest).await?;
    let (size, BlobContent::File(file)) = (blob.info.size, blob.content);
    let headers = &ask.parts.headers;
    if conditional::is_known(headers, digest) {
        let mut response = empty(StatusCode::NOT_MODIFIED);
        describe(&mut response, digest);
        return Ok(response);
    }
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let range = range.filter(|_| conditional::range_applies(headers, digest));
    let range = range.map_or(RangeRequest::Whole, |range| {
        RangeRequest::parse(range, size)
    });
    let (status, part) = match range {
        RangeRequest::Whole => (StatusCode::OK, 0..size),
        RangeRequest::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        RangeRequest::Unsatisfiable => return Err(unsatisfiable(size)),
    };
    let mut response = empty(status);
    describe(&mut response, digest);
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        set(&mut response, CONTENT_RANGE, &text);
    }
    *response.body_mut() = Payload::file(file, part, ask.outbox(), ask.is_shared());
    Ok(response)
}

/// end-2, `HEAD`. Who may push and finds a blob won't send it, so it has to stay. On a full disk that
/// can't be written down; then nothing can be pushed that needs it, and a look is only a look.
pub(super) async fn head(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    let pushing = ask.caller.actions.contains(orlop_access::Action::Push);
    let storage = ask.storage();
    let info = match storage.blob(name, digest, pushing).await {
        Err(StorageError::NoSpace) => storage.blob(name, digest, false).await?,
        found => found?,
    };
    if conditional::is_known(&ask.parts.headers, digest) {
        let mut response = empty(StatusCode::NOT_MODIFIED);
        describe(&mut response, digest);
        return Ok(response);
    }
    let mut response = empty(StatusCode::OK);
    describe(&mut response, digest);
    let length = HeaderValue::from(info.size);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    Ok(response)
}

/// end-10.
pub(super) async fn delete(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Answer {
    let origin = &ask.caller.origin;
    ask.storage().delete_blob(name, digest, origin).await?;
    let mut response = empty(StatusCode::ACCEPTED);
    set(&mut response, CONTENT_DIGEST, digest.as_str());
    Ok(response)
}

fn describe(response: &mut Response<Payload>, digest: &Digest) {
    set(response, CONTENT_DIGEST, digest.as_str());
    set(response, ETAG, &conditional::etag(digest));
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, FOREVER);
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, kind);
}

fn unsatisfiable(size: u64) -> Failure {
    let failure = Failure::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        Code::SizeInvalid,
        "the range lies outside of the blob",
    );
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => failure.with(CONTENT_RANGE, value),
        Err(_) => failure,
    }
}
