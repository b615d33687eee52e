//! Descriptors: what one document says of another (image-spec, descriptor.md).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::objects_only;
use crate::{Digest, MediaType, Platform, annotation};

/// Type, digest and size of a blob, with what the document that names it adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default = "no_media_type")]
    pub media_type: MediaType,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes. A negative number is refused when it is read.
    pub size: u64,
    /// Where else it may be fetched. Never used: see DESIGN section 8.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_default"
    )]
    pub urls: Vec<String>,
    /// Free notes.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_is_default"
    )]
    pub annotations: BTreeMap<String, String>,
    /// For a manifest in an index: where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// For an artifact: its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The blob itself, base64, when it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

objects_only!(Descriptor);

impl Descriptor {
    /// A descriptor with nothing but the three required fields.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
            data: None,
        }
    }

    /// The child of an index that carries BuildKit's attestations, not an image: its platform is
    /// `unknown/unknown` and it is annotated (BuildKit, docs/attestations/attestation-storage.md).
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get(annotation::DOCKER_REFERENCE_TYPE)
            .is_some_and(|t| t == annotation::ATTESTATION_MANIFEST)
    }

    /// The image manifest that this attestation manifest speaks of.
    pub fn attests(&self) -> Option<Digest> {
        if !self.is_attestation() {
            return None;
        }
        self.annotations
            .get(annotation::DOCKER_REFERENCE_DIGEST)?
            .parse()
            .ok()
    }
}

fn no_media_type() -> MediaType {
    MediaType::Other("".into())
}

/// Go writes an empty list or map as `null`; read it as nothing.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
