//! Taking manifests and names away (distribution-spec, "Content Management").

use http::{Method, StatusCode};
use orlop_oci::{Digest, MediaType, Raw};

use crate::auth::Scopes;
use crate::error::Error;
use crate::remote::{ManifestRef, Place, Remote};
use crate::transport::{Call, Target};

impl Remote {
    /// Takes a manifest away, with every tag that stands for it.
    ///
    /// # Errors
    /// [`Error::ManifestUnknown`] when it isn't there, and when the registry doesn't allow it.
    pub async fn delete_manifest(&self, digest: &Digest) -> Result<(), Error> {
        delete(self.own(), ManifestRef::Digest(digest)).await
    }

    /// Takes a tag away; what it stood for stays under its other tags and its digest.
    ///
    /// Where the registry deletes manifests only (distribution 2), the tag is first moved to a
    /// manifest of its own, which is then deleted by its digest: the way of regctl, safe for a digest
    /// that has other tags.
    ///
    /// # Errors
    /// [`Error::ManifestUnknown`] when it isn't there, and when the registry doesn't allow it.
    pub async fn delete_tag(&self, tag: &str) -> Result<(), Error> {
        match delete(self.own(), ManifestRef::Tag(tag)).await {
            Err(error) if wants_digest(&error) => self.delete_by_stand_in(tag, error).await,
            result => result,
        }
    }

    async fn delete_by_stand_in(&self, tag: &str, refusal: Error) -> Result<(), Error> {
        let name = ManifestRef::Tag(tag);
        let was = self.clone().without_mirrors().manifest(name).await?;
        let stand_in = self.stand_in(tag).await?;
        self.put_manifest(name, &stand_in).await?;
        if self.delete_manifest(stand_in.digest()).await.is_ok() {
            return Ok(());
        }
        // It deletes nothing at all: the tag stands for what it stood for, and the first word counts.
        self.put_manifest(name, &was).await?;
        Err(refusal)
    }

    /// A manifest that nothing else has the digest of.
    async fn stand_in(&self, tag: &str) -> Result<Raw, Error> {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        let config = format!(r#"{{"orlop.deleted.tag":"{tag}","orlop.deleted.at":"{now}"}}"#);
        let blob = Raw::new(
            MediaType::from("application/vnd.oci.empty.v1+json"),
            config.into(),
        );
        let session = self.start_upload().await?;
        let source = bytes::Bytes::copy_from_slice(blob.bytes());
        self.upload_blob_into(session, &blob.descriptor(), source, &|_| {})
            .await?;
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OciManifest.as_str(),
            "config": blob.descriptor(),
            "layers": [blob.descriptor()],
        });
        Ok(Raw::new(
            MediaType::OciManifest,
            manifest.to_string().into(),
        ))
    }
}

async fn delete(place: &Place, reference: ManifestRef<'_>) -> Result<(), Error> {
    let purpose = place.purpose(Scopes::delete(place.repository.path()), true);
    let path = place.path(&format!("manifests/{}", reference.as_str()));
    let call = Call::new(Method::DELETE, Target::Path(&path), &purpose);
    match place.endpoint.send(&call).await {
        Ok(_) => Ok(()),
        Err(Error::Registry(error)) if error.status == StatusCode::NOT_FOUND => {
            Err(Error::ManifestUnknown {
                reference: place.name_of(reference),
                reason: String::new(),
            })
        }
        Err(error) => Err(error),
    }
}

/// The registry takes digests only, or nothing at all; one can't tell which (distribution 2 answers
/// 405 `UNSUPPORTED` to both, others 400).
fn wants_digest(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| matches!(status.as_u16(), 400 | 405))
}
