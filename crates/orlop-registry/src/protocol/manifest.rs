//! Manifests (distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting …").

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue};
use orlop_oci::json;
use orlop_registry_store::{NewManifest, RepositoryName, StorageError, TagName, TagOrDigest};
use serde::Deserialize;

use super::{
    Answer, Ask, CONTENT_DIGEST, OCI_SUBJECT, OCI_TAG, conditional, created, empty, set, warning,
};
use crate::failure::{Code, Failure};
use crate::payload::{BodyFault, IncomingBody, Payload};

/// end-3. Who `GET`s a manifest has pulled it; and so has who asks for a tag with `HEAD`, since that
/// is how Docker and containerd pull a tag: they `GET` the digest that they are told.
pub(super) async fn get(
    ask: &Ask<'_>,
    name: &RepositoryName,
    reference: &TagOrDigest,
    pull: bool,
) -> Answer {
    let manifest = ask.storage().manifest(name, reference).await?;
    let headers = &ask.parts.headers;
    if !conditional::accepts(headers, &manifest.media_type) {
        let message = format!(
            "the manifest is {}, which the Accept header doesn't name",
            manifest.media_type
        );
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            Code::ManifestUnknown,
            message,
        ));
    }
    let digest = &manifest.digest;
    let pushing = ask.caller.actions.contains(orlop_access::Action::Push);
    if pushing && !pull && matches!(reference, TagOrDigest::Digest(_)) {
        // Who asks so before an index is pushed won't send what it lists. On a full disk that can't
        // be written down, and no index be pushed.
        match ask.storage().hold_manifest(name, digest).await {
            Err(StorageError::NoSpace) => {}
            held => held?,
        }
    }
    let known = conditional::is_known(headers, digest);
    let mut response = empty(if known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    set(&mut response, CONTENT_TYPE, &manifest.media_type);
    set(&mut response, CONTENT_DIGEST, digest.as_str());
    set(&mut response, ETAG, &conditional::etag(digest));
    if pull || matches!(reference, TagOrDigest::Tag(_)) {
        let origin = &ask.caller.origin;
        ask.storage().pulled(name, reference, digest, origin);
    }
    if known {
        return Ok(response);
    }
    if pull {
        *response.body_mut() = Payload::Bytes(manifest.bytes);
    } else {
        let length = HeaderValue::from(manifest.bytes.len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Ok(response)
}

/// end-7.
pub(super) async fn put(
    ask: &Ask<'_>,
    name: &RepositoryName,
    reference: TagOrDigest,
    more_tags: Vec<TagName>,
    body: IncomingBody,
) -> Answer {
    let bytes = read(body, ask.registry.options.limits.manifest_bytes).await?;
    let media_type = media_type(ask, &bytes)?;
    let (digest, mut tags) = match reference {
        TagOrDigest::Digest(digest) => (Some(digest), Vec::new()),
        TagOrDigest::Tag(tag) => (None, vec![tag]),
    };
    for tag in more_tags {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let by_digest = digest.is_some();
    let manifest = NewManifest {
        digest,
        tags,
        media_type,
        bytes,
    };
    let origin = &ask.caller.origin;
    let put = ask.storage().put_manifest(name, manifest, origin).await?;
    let location = ask.location(format_args!("/v2/{name}/manifests/{}", put.digest));
    let mut response = created(&location, &put.digest);
    if let Some(subject) = &put.subject {
        set(&mut response, OCI_SUBJECT, subject.as_str());
    }
    if by_digest {
        for tag in &put.tags {
            if let Ok(value) = HeaderValue::from_str(tag.as_str()) {
                response.headers_mut().append(OCI_TAG, value);
            }
        }
    }
    warning::add(response.headers_mut(), &put.warnings);
    Ok(response)
}

/// end-9.
pub(super) async fn delete(
    ask: &Ask<'_>,
    name: &RepositoryName,
    reference: &TagOrDigest,
) -> Answer {
    let (storage, origin) = (ask.storage(), &ask.caller.origin);
    match reference {
        TagOrDigest::Tag(tag) => storage.delete_tag(name, tag, origin).await?,
        TagOrDigest::Digest(digest) => storage.delete_manifest(name, digest, origin).await?,
    }
    let mut response = empty(StatusCode::ACCEPTED);
    if let TagOrDigest::Digest(digest) = reference {
        set(&mut response, CONTENT_DIGEST, digest.as_str());
    }
    Ok(response)
}

/// Reads a manifest into memory, up to its bound. One that says that it is longer isn't read at all.
async fn read(mut body: IncomingBody, limit: u64) -> Result<Bytes, Failure> {
    let too_large = || Failure::too_large(Code::ManifestInvalid, "manifest", limit);
    let declared = body.length().unwrap_or(0);
    if declared > limit {
        return Err(too_large());
    }
    let progress = body.progress();
    let mut bytes = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| match progress.fault() {
            Some(BodyFault::Stalled) => {
                let (status, code) = (StatusCode::REQUEST_TIMEOUT, Code::ManifestInvalid);
                Failure::new(status, code, "the manifest came too slowly")
            }
            _ => Failure::manifest_invalid(format!("the request's body broke off: {error}")),
        })?;
        if (bytes.len() + part.len()) as u64 > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

/// The type of a manifest: what the header says, without parameters; without a header, what the
/// manifest says itself. Manifests are `application/…`: nothing that a browser shows as a page is one.
fn media_type(ask: &Ask<'_>, bytes: &[u8]) -> Result<String, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
    }
    let header = ask.parts.headers.get(CONTENT_TYPE);
    let header = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = header.split(';').next().unwrap_or_default().trim();
    let media_type = if essence.is_empty() {
        let typed: Option<Typed> = json::from_slice(bytes).ok();
        let inside = typed.and_then(|typed| typed.media_type);
        inside.ok_or_else(|| {
            Failure::manifest_invalid("neither Content-Type nor mediaType is given")
        })?
    } else {
        essence.to_owned()
    };
    let kind = media_type.split_once('/').map(|(kind, _)| kind);
    if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application")) {
        Ok(media_type)
    } else {
        Err(Failure::manifest_invalid(
            "the type of a manifest is application/…",
        ))
    }
}
