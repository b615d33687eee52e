//! Manifests: looking a name up, fetching, putting (distribution-spec, "Pulling manifests" and
//! "Pushing Manifests").

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use orlop_oci::{
    Descriptor, Digest, Digester, MAX_MANIFEST_SIZE, Manifest, ManifestError, MediaType, Raw,
};

use crate::endpoint::Endpoint;
use crate::error::{Error, printable};
use crate::remote::{ManifestRef, Place, Remote};
use crate::transport::{Answer, Call, Target};

/// What a registry says is the digest of what it sends or took.
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// All that is understood, and schema 1 so that a registry that has nothing else answers with it
/// and not with a "not found" that would be wrong.
const ACCEPTED: [MediaType; 5] = [
    MediaType::OciIndex,
    MediaType::DockerManifestList,
    MediaType::OciManifest,
    MediaType::DockerManifest,
    MediaType::DockerSchema1Signed,
];

impl Remote {
    /// What a name stands for now. The digest is the registry's word: it is proven when the
    /// manifest is fetched by it.
    ///
    /// # Errors
    /// [`Error::ManifestUnknown`], [`Error::Denied`], and what can go wrong on the way.
    pub async fn resolve(&self, reference: ManifestRef<'_>) -> Result<Descriptor, Error> {
        self.first(async |place: &Place| resolve(place, reference).await)
            .await
    }

    /// Fetches a manifest or an index of at most 4 MiB. Its digest is checked against the one asked
    /// for and the one that the registry names, its fields against its type.
    ///
    /// # Errors
    /// [`Error::ManifestUnknown`], [`Error::Denied`], [`Error::Manifest`] for one that isn't right,
    /// and what can go wrong on the way.
    pub async fn manifest(&self, reference: ManifestRef<'_>) -> Result<Raw, Error> {
        self.first(async |place: &Place| fetch(place, reference).await)
            .await
    }

    /// Puts a manifest or an index under a tag or its digest. What it names must be there. When it
    /// speaks of another manifest and the registry keeps no list of such, the list is kept for it.
    ///
    /// # Errors
    /// When the registry refuses it, or says that its digest is another.
    pub async fn put_manifest(
        &self,
        reference: ManifestRef<'_>,
        raw: &Raw,
    ) -> Result<Digest, Error> {
        let headers = self.put_without_subject(reference, raw).await?;
        self.note_referrer(raw, &headers).await?;
        Ok(raw.digest().clone())
    }

    /// Puts it and leaves lists of referrers alone. Gives the headers of the answer.
    pub(crate) async fn put_without_subject(
        &self,
        reference: ManifestRef<'_>,
        raw: &Raw,
    ) -> Result<HeaderMap, Error> {
        let place = self.own();
        let purpose = place.push();
        let path = place.path(&format!("manifests/{}", reference.as_str()));
        let mut call = Call::new(Method::PUT, Target::Path(&path), &purpose);
        let content_type = HeaderValue::from_str(raw.media_type().as_str());
        call.headers.insert(
            CONTENT_TYPE,
            content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
        );
        call.body = Some(raw.bytes().to_vec().into());
        let answer = place.endpoint.send(&call).await?;
        if let Some(said) = said_digest(answer.headers())
            && said != raw.digest().as_str()
        {
            return Err(mismatch(place, reference, raw.digest().as_str(), said));
        }
        Ok(answer.headers().clone())
    }
}

fn call<'a>(method: Method, path: &'a str, purpose: &'a crate::auth::Purpose) -> Call<'a> {
    ACCEPTED.iter().fold(
        Call::new(method, Target::Path(path), purpose),
        |call, media_type| match HeaderValue::from_str(media_type.as_str()) {
            Ok(value) => call.header(ACCEPT, value),
            Err(_) => call,
        },
    )
}

async fn resolve(place: &Place, reference: ManifestRef<'_>) -> Result<Descriptor, Error> {
    let purpose = place.pull();
    let path = place.path(&format!("manifests/{}", reference.as_str()));
    // Once: whatever a `HEAD` can't say (an error has no body; GHCR leaves the digest out for some
    // artifacts; some registries don't know it at all), a `GET` says.
    let head = place
        .endpoint
        .exchange(&call(Method::HEAD, &path, &purpose))
        .await;
    match head {
        Ok(answer) if answer.status().is_success() => {
            if let Some(descriptor) = described(place, reference, &answer)? {
                return Ok(descriptor);
            }
        }
        Ok(_) | Err(Error::Broken { .. } | Error::Connect { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(fetch(place, reference).await?.descriptor())
}

/// The descriptor that the head of an answer gives; `None` when something is missing in it.
fn described(
    place: &Place,
    reference: ManifestRef<'_>,
    answer: &Answer,
) -> Result<Option<Descriptor>, Error> {
    let media_type = answer.text(CONTENT_TYPE).map(MediaType::from_header);
    let Some(media_type) = media_type.filter(|t| t.is_index() || t.is_manifest()) else {
        return Ok(None);
    };
    let said = said_digest(answer.headers());
    let digest = match (reference, said) {
        (ManifestRef::Digest(asked), Some(said)) if said != asked.as_str() => {
            return Err(mismatch(place, reference, asked.as_str(), said));
        }
        (ManifestRef::Digest(asked), _) => asked.clone(),
        (ManifestRef::Tag(_), Some(said)) => match said.parse() {
            Ok(digest) => digest,
            Err(_) => return Ok(None),
        },
        (ManifestRef::Tag(_), None) => return Ok(None),
    };
    match answer.length() {
        Some(0) | None => Ok(None),
        Some(size) if size > MAX_MANIFEST_SIZE => Err(wrong(
            place,
            reference,
            ManifestError::TooLarge {
                size,
                max: MAX_MANIFEST_SIZE,
            },
        )),
        Some(size) => Ok(Some(Descriptor::new(media_type, digest, size))),
    }
}

async fn fetch(place: &Place, reference: ManifestRef<'_>) -> Result<Raw, Error> {
    let purpose = place.pull();
    let path = place.path(&format!("manifests/{}", reference.as_str()));
    let answer = match place
        .endpoint
        .send(&call(Method::GET, &path, &purpose))
        .await
    {
        Ok(answer) => answer,
        Err(error) => return Err(unknown(place, reference, error)),
    };
    if let Some(size) = answer.length().filter(|size| *size > MAX_MANIFEST_SIZE) {
        let max = MAX_MANIFEST_SIZE;
        return Err(wrong(
            place,
            reference,
            ManifestError::TooLarge { size, max },
        ));
    }
    let outside = MediaType::from_header(answer.text(CONTENT_TYPE).unwrap_or_default());
    let said = said_digest(answer.headers()).map(str::to_owned);
    let bytes = answer
        .bytes(MAX_MANIFEST_SIZE, idle(&place.endpoint))
        .await?;
    let raw = match reference {
        ManifestRef::Digest(digest) => Raw::verified(outside.clone(), digest, bytes),
        ManifestRef::Tag(_) => Ok(Raw::new(outside.clone(), bytes)),
    };
    let raw = raw.map_err(|error| wrong(place, reference, error))?;
    if let Some(said) = said {
        check_said(place, reference, &raw, &said)?;
    }
    let manifest = raw
        .manifest()
        .map_err(|error| wrong(place, reference, error))?;
    typed(raw, manifest).map_err(|error| wrong(place, reference, error))
}

/// The same bytes under the type that they really have: GCR once said `text/plain`.
fn typed(raw: Raw, manifest: Manifest) -> Result<Raw, ManifestError> {
    if raw.media_type().is_index() || raw.media_type().is_manifest() {
        return Ok(raw);
    }
    let media_type = match manifest {
        Manifest::Image(image) => image.media_type.unwrap_or(MediaType::OciManifest),
        Manifest::Index(index) => index.media_type.unwrap_or(MediaType::OciIndex),
    };
    let digest = raw.digest().clone();
    Raw::verified(media_type, &digest, raw.bytes().to_vec())
}

/// The header must be the digest of the bytes, by whichever algorithm it is.
fn check_said(
    place: &Place,
    reference: ManifestRef<'_>,
    raw: &Raw,
    said: &str,
) -> Result<(), Error> {
    if said == raw.digest().as_str() {
        return Ok(());
    }
    let actual = match said.parse::<Digest>() {
        Ok(digest) => {
            let mut digester = Digester::new(digest.algorithm());
            digester.update(raw.bytes());
            digester.finish()
        }
        Err(_) => raw.digest().clone(),
    };
    if actual.as_str() == said {
        return Ok(());
    }
    Err(mismatch(place, reference, actual.as_str(), said))
}

fn said_digest(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(CONTENT_DIGEST)?
        .to_str()
        .ok()
        .filter(|said| !said.is_empty())
}

/// A "not found" of a manifest, in docker's words.
fn unknown(place: &Place, reference: ManifestRef<'_>, error: Error) -> Error {
    match error {
        Error::Registry(answer) if answer.status == StatusCode::NOT_FOUND => {
            let reason = answer.errors.iter().map(|(_, message)| message.as_str());
            let reason = reason
                .filter(|message| *message != "manifest unknown")
                .collect::<Vec<_>>();
            Error::ManifestUnknown {
                reference: place.name_of(reference),
                reason: reason.join("; "),
            }
        }
        error => error,
    }
}

fn wrong(place: &Place, reference: ManifestRef<'_>, source: ManifestError) -> Error {
    Error::Manifest {
        reference: place.name_of(reference),
        source,
    }
}

fn mismatch(place: &Place, reference: ManifestRef<'_>, expected: &str, said: &str) -> Error {
    Error::DigestMismatch {
        reference: place.name_of(reference),
        expected: expected.to_owned(),
        actual: printable(said),
    }
}

pub(crate) fn idle(endpoint: &Endpoint) -> std::time::Duration {
    endpoint.settings.idle_timeout()
}
