//! Blobs in (distribution-spec, "Pushing blobs").

use std::ops::Range;
use std::sync::Arc;

use futures_util::StreamExt;
use http::header::{CONTENT_RANGE, HeaderValue, LOCATION, RANGE};
use http::{Response, StatusCode};
use orlop_access::Action;
use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{BlobInfo, Chunk, RepositoryName, StorageError, UploadId};

use super::range::{arrived, parse_chunk_range};
use super::{Answer, Ask, OCI_CHUNK_MIN, UPLOAD_UUID, created, empty, set};
use crate::failure::{Code, Failure};
use crate::payload::{BodyFault, BodyProgress, IncomingBody, Payload};
use crate::route::StartUpload;

/// How many repositories are looked at for a mount that names none.
const HOLDERS: usize = 100;

/// end-4 and end-11.
pub(super) async fn start(
    ask: &Ask<'_>,
    name: &RepositoryName,
    what: StartUpload,
    body: IncomingBody,
) -> Answer {
    match what {
        StartUpload::Session(algorithm) => session(ask, name, algorithm).await,
        StartUpload::Whole(digest) => whole(ask, name, &digest, body).await,
        StartUpload::Mount { digest, from } => {
            match mount(ask, name, &digest, from.as_ref()).await? {
                Some(info) => Ok(blob_created(ask, name, &info.digest)),
                None => session(ask, name, digest.algorithm()).await,
            }
        }
    }
}

async fn session(ask: &Ask<'_>, name: &RepositoryName, algorithm: Algorithm) -> Answer {
    let id = ask.storage().start_upload(name, algorithm).await?;
    let mut response = empty(StatusCode::ACCEPTED);
    describe(ask, &mut response, name, &id, 0);
    if let Some(length) = ask.registry.options.chunk_min_length {
        let length = HeaderValue::from(length);
        response.headers_mut().insert(OCI_CHUNK_MIN, length);
    }
    ask.registry.metrics.upload("started");
    Ok(response)
}

async fn whole(
    ask: &Ask<'_>,
    name: &RepositoryName,
    digest: &Digest,
    body: IncomingBody,
) -> Answer {
    let (chunk, progress) = chunk(ask, body)?;
    let taken = ask.storage().put_blob(name, digest, chunk).await;
    let info = taken.map_err(|error| broken(error, &progress))?;
    ask.registry.metrics.upload("finished");
    Ok(blob_created(ask, name, &info.digest))
}

/// Takes a blob over from a repository that the caller may read. `None` when it can't be done, which
/// is the same answer whether the blob isn't there or isn't theirs to see.
async fn mount(
    ask: &Ask<'_>,
    name: &RepositoryName,
    digest: &Digest,
    from: Option<&RepositoryName>,
) -> Result<Option<BlobInfo>, Failure> {
    let storage = ask.storage();
    let readable = ask.caller.actions.contains(Action::Pull);
    if readable && let Ok(info) = storage.blob(name, digest, true).await {
        return Ok(Some(info));
    }
    let sources = match from {
        Some(from) => vec![from.clone()],
        None => storage.holders(digest, HOLDERS).await?,
    };
    let access = &ask.registry.access;
    for source in sources {
        let actions = access.allowed(&ask.caller.identity, source.as_str());
        if !actions.contains(Action::Pull) {
            continue;
        }
        let origin = &ask.caller.origin;
        match storage.mount_blob(name, digest, &source, origin).await {
            Ok(info) => return Ok(Some(info)),
            Err(StorageError::BlobUnknown(_) | StorageError::NameUnknown(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// end-5.
pub(super) async fn patch(
    ask: &Ask<'_>,
    name: &RepositoryName,
    id: &UploadId,
    body: IncomingBody,
) -> Answer {
    let (chunk, progress) = chunk(ask, body)?;
    let added = ask.storage().append(name, id, chunk).await;
    let offset = added.map_err(|error| refused(ask, name, id, error, &progress))?;
    let mut response = empty(StatusCode::ACCEPTED);
    describe(ask, &mut response, name, id, offset);
    Ok(response)
}

/// end-6.
pub(super) async fn finish(
    ask: &Ask<'_>,
    name: &RepositoryName,
    id: &UploadId,
    digest: &Digest,
    body: IncomingBody,
) -> Answer {
    let (last, progress) = chunk(ask, body)?;
    let finished = ask.storage().finish_upload(name, id, last, digest).await;
    let info = finished.map_err(|error| refused(ask, name, id, error, &progress))?;
    ask.registry.metrics.upload("finished");
    Ok(blob_created(ask, name, &info.digest))
}

/// end-13.
pub(super) async fn status(ask: &Ask<'_>, name: &RepositoryName, id: &UploadId) -> Answer {
    let offset = ask.storage().upload_offset(name, id).await?;
    let mut response = empty(StatusCode::NO_CONTENT);
    describe(ask, &mut response, name, id, offset);
    Ok(response)
}

/// end-14.
pub(super) async fn cancel(ask: &Ask<'_>, name: &RepositoryName, id: &UploadId) -> Answer {
    ask.storage().cancel_upload(name, id).await?;
    ask.registry.metrics.upload("cancelled");
    let mut response = empty(StatusCode::NO_CONTENT);
    set(&mut response, UPLOAD_UUID, id.as_str());
    Ok(response)
}

/// The chunk that a request carries. Without `Content-Range` it is whatever comes: Docker streams
/// whole blobs into one `PATCH`.
fn chunk(ask: &Ask<'_>, body: IncomingBody) -> Result<(Chunk, Arc<BodyProgress>), Failure> {
    let range = chunk_range(ask)?;
    let declared = body.length();
    let length = range.as_ref().map(|range| range.end - range.start);
    if let (Some(length), Some(declared)) = (length, declared)
        && length != declared
    {
        let message = format!("the range has {length} bytes, the body {declared}");
        return Err(Failure::size_invalid(message));
    }
    let progress = body.progress();
    let chunk = Chunk {
        start: range.map(|range| range.start),
        length: length.or(declared),
        body: body.boxed(),
    };
    Ok((chunk, progress))
}

fn chunk_range(ask: &Ask<'_>) -> Result<Option<Range<u64>>, Failure> {
    let Some(value) = ask.parts.headers.get(CONTENT_RANGE) else {
        return Ok(None);
    };
    let range = value.to_str().ok().and_then(parse_chunk_range);
    let message = "Content-Range must be FIRST-LAST";
    range
        .map(Some)
        .ok_or_else(|| Failure::blob_upload_invalid(message))
}

/// A chunk was refused. Where the next one must begin is told at once.
fn refused(
    ask: &Ask<'_>,
    name: &RepositoryName,
    id: &UploadId,
    error: StorageError,
    progress: &BodyProgress,
) -> Failure {
    let StorageError::RangeInvalid { offset } = error else {
        return broken(error, progress);
    };
    let mut response = empty(StatusCode::OK);
    describe(ask, &mut response, name, id, offset);
    let headers = std::mem::take(response.headers_mut());
    let failure = Failure::from(error);
    headers
        .into_iter()
        .fold(failure, |failure, (name, value)| match name {
            Some(name) => failure.with(name, value),
            None => failure,
        })
}

/// A body that broke off because it came too slowly is told so: 408.
fn broken(error: StorageError, progress: &BodyProgress) -> Failure {
    let stalled = progress.fault() == Some(BodyFault::Stalled);
    if stalled && matches!(error, StorageError::Body(_)) {
        let (status, code) = (StatusCode::REQUEST_TIMEOUT, Code::BlobUploadInvalid);
        return Failure::new(
            status,
            code,
            "the body came too slowly; what arrived is kept",
        );
    }
    error.into()
}

fn describe(
    ask: &Ask<'_>,
    response: &mut Response<Payload>,
    name: &RepositoryName,
    id: &UploadId,
    offset: u64,
) {
    let place = format!("/v2/{name}/blobs/uploads/{}", id.as_str());
    set(response, LOCATION, &ask.location(place));
    set(response, RANGE, &arrived(offset));
    set(response, UPLOAD_UUID, id.as_str());
}

fn blob_created(ask: &Ask<'_>, name: &RepositoryName, digest: &Digest) -> Response<Payload> {
    created(&ask.blob_location(name, digest), digest)
}
