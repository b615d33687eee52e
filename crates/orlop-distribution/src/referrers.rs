//! What speaks of a manifest: signatures, SBOMs, attestations (distribution-spec, "Listing Referrers").
//!
//! A registry that doesn't know the list keeps it, with the help of its clients, in an index whose
//! tag is made of the subject's digest ("Referrers Tag Schema"): it is read where the list is missing,
//! and written where the registry didn't say `OCI-Subject` to a manifest that has one.

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue};
use orlop_oci::{Descriptor, Digest, Index, Manifest, MediaType, Raw};

use crate::error::Error;
use crate::pages::Pages;
use crate::remote::{ManifestRef, Place, Remote};

/// Says that the registry keeps the list of referrers itself.
const SUBJECT: &str = "oci-subject";
/// The most of the algorithm and of the digits that go into a tag.
const TAG_ALGORITHM: usize = 32;
const TAG_DIGITS: usize = 64;

/// The tag under which the referrers of `subject` are kept where the registry has no list of them
/// (distribution-spec, "Referrers Tag Schema").
pub fn referrers_tag(subject: &Digest) -> String {
    let algorithm: String = subject
        .algorithm()
        .as_str()
        .chars()
        .take(TAG_ALGORITHM)
        .collect();
    let digits: String = subject.hex().chars().take(TAG_DIGITS).collect();
    format!("{algorithm}-{digits}")
}

impl Remote {
    /// The manifests that name `subject` as theirs, of one kind if `artifact_type` is given. None when
    /// nothing speaks of it, or it isn't there.
    ///
    /// # Errors
    /// When the registry can't be asked, or what it answers isn't an index.
    pub async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut all = self
            .first(
                async |place: &Place| match listed(place, subject, artifact_type).await {
                    Err(error) if is_unsupported(&error) => tagged(place, subject).await,
                    listed => listed,
                },
            )
            .await?;
        if let Some(wanted) = artifact_type {
            // Registries may ignore the filter.
            all.retain(|d| d.artifact_type.as_deref() == Some(wanted));
        }
        Ok(all)
    }

    /// After a manifest with a subject was put: notes it in the subject's tag, unless the registry has
    /// said that it keeps the list itself.
    pub(crate) async fn note_referrer(&self, raw: &Raw, answer: &HeaderMap) -> Result<(), Error> {
        // What isn't understood here has no subject that could be noted.
        let Ok(manifest) = raw.manifest() else {
            return Ok(());
        };
        let Some(subject) = manifest.subject() else {
            return Ok(());
        };
        if answer.contains_key(SUBJECT) {
            return Ok(());
        }
        let mut list = tagged(self.own(), &subject.digest).await?;
        if list.iter().any(|d| d.digest == *raw.digest()) {
            return Ok(());
        }
        list.push(referrer_descriptor(raw, &manifest));
        self.put_list(&subject.digest, list).await
    }

    async fn put_list(&self, subject: &Digest, manifests: Vec<Descriptor>) -> Result<(), Error> {
        let index = Index {
            schema_version: 2,
            media_type: Some(MediaType::OciIndex),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: Default::default(),
        };
        // An index of our own structures is always JSON.
        let bytes = serde_json::to_vec(&index).expect("an index can be written as JSON");
        let raw = Raw::new(MediaType::OciIndex, bytes);
        let tag = referrers_tag(subject);
        self.put_without_subject(ManifestRef::Tag(&tag), &raw)
            .await
            .map(drop)
    }
}

/// The descriptor of a manifest in a list of referrers: with its kind and its annotations
/// (distribution-spec, "Listing Referrers").
pub fn referrer_descriptor(raw: &Raw, manifest: &Manifest) -> Descriptor {
    let (kind, annotations) = match manifest {
        Manifest::Image(image) => (
            image
                .artifact_type
                .clone()
                .or_else(|| Some(image.config.media_type.as_str().to_owned())),
            &image.annotations,
        ),
        Manifest::Index(index) => (index.artifact_type.clone(), &index.annotations),
    };
    Descriptor {
        artifact_type: kind,
        annotations: annotations.clone(),
        ..raw.descriptor()
    }
}

/// The registry has no such end-point; or it answers for it with what it has no name for.
fn is_unsupported(error: &Error) -> bool {
    error.is_not_found() || error.status().is_some_and(|s| s.as_u16() == 405)
}

async fn listed(
    place: &Place,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, Error> {
    let filter = artifact_type.map(|kind| {
        let kind: String = url::form_urlencoded::byte_serialize(kind.as_bytes()).collect();
        format!("?artifactType={kind}")
    });
    let pages = Pages {
        endpoint: &place.endpoint,
        purpose: &place.pull(),
        path: place.path(&format!(
            "referrers/{subject}{}",
            filter.unwrap_or_default()
        )),
        what: "referrers",
        accept: Some(HeaderValue::from_static(
            "application/vnd.oci.image.index.v1+json",
        )),
    };
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    pages
        .each(|page| {
            let index = match Manifest::parse(&MediaType::OciIndex, page) {
                Ok(Manifest::Index(index)) => index,
                Ok(Manifest::Image(_)) => return Err("a manifest and not an index".to_owned()),
                Err(error) => return Err(error.to_string()),
            };
            all.extend(
                index
                    .manifests
                    .into_iter()
                    .filter(|d| seen.insert(d.digest.clone())),
            );
            Ok(all.len())
        })
        .await?;
    Ok(all)
}

async fn tagged(place: &Place, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
    let tag = referrers_tag(subject);
    let remote = Remote::new(Vec::new(), place.clone());
    let raw = match remote.manifest(ManifestRef::Tag(&tag)).await {
        Ok(raw) => raw,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    match raw.manifest() {
        Ok(Manifest::Index(index)) => Ok(index.manifests),
        // cosign puts a signature under the same kind of name with a suffix; a bare manifest under
        // this one is nothing that the specification knows.
        Ok(Manifest::Image(_)) | Err(_) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_digest() {
        let sha256 = Digest::of(b"x");
        assert_eq!(referrers_tag(&sha256), format!("sha256-{}", sha256.hex()));
        let sha512: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
        assert_eq!(
            referrers_tag(&sha512),
            format!("sha512-{}", "ab".repeat(32))
        );
    }
}
