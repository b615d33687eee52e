//! Manifests and indexes (image-spec, manifest.md and image-index.md; Docker schema 2).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::descriptor::null_is_default;
use crate::json::{self, objects_only};
use crate::{Descriptor, Digest, DigestError, MediaType};

/// The largest manifest that is read, in bytes (distribution-spec, "Pushing Manifests": registries
/// should take 4 MiB at least; none takes more).
pub const MAX_MANIFEST_SIZE: u64 = 4 << 20;

/// The largest image configuration that is read, in bytes.
pub const MAX_CONFIG_SIZE: u64 = 8 << 20;

/// How deep indexes may stand in indexes.
pub const MAX_INDEX_DEPTH: usize = 8;

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Larger than the bound.
    #[error("document of {size} bytes is larger than the {max} bytes allowed")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        max: u64,
    },
    /// Not JSON, or fields of the wrong type.
    #[error("malformed document: {0}")]
    Json(String),
    /// Docker's schema 1.
    #[error(
        "image format schema 1 (before 2016) is not supported: rebuild the image, or convert it with a registry that still can"
    )]
    Schema1,
    /// `mediaType` inside the document is not the one it came with.
    #[error("media type mismatch: document says {inside}, descriptor or header says {outside}")]
    MediaTypeMismatch {
        /// In the document.
        inside: MediaType,
        /// Of the descriptor or header.
        outside: MediaType,
    },
    /// Fields of a manifest and of an index in one document (CVE-2021-41190).
    #[error("ambiguous document: both `manifests` and `layers` or `config` are present")]
    Ambiguous,
    /// The fields of one kind under the type of the other.
    #[error("expected {expected}, found {found}")]
    OtherKind {
        /// By its type.
        expected: &'static str,
        /// By its fields.
        found: &'static str,
    },
    /// Neither a manifest nor an index.
    #[error("unsupported media type {0}")]
    Unsupported(MediaType),
    /// The bytes don't have the digest they were asked for by.
    #[error("digest mismatch: expected {expected}, got {actual}")]
    DigestMismatch {
        /// Asked for.
        expected: Digest,
        /// Received.
        actual: Digest,
    },
    /// The bytes don't have the size that the descriptor names.
    #[error("size mismatch: expected {expected} bytes, got {actual}")]
    SizeMismatch {
        /// Of the descriptor.
        expected: u64,
        /// Received.
        actual: u64,
    },
    /// A digest in it is malformed.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// A document as it came, with its type and the digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    media_type: MediaType,
    digest: Digest,
    bytes: Vec<u8>,
}

impl Raw {
    /// Takes bytes of which only the type is known.
    pub fn new(media_type: MediaType, bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self {
            media_type,
            digest,
            bytes,
        }
    }

    /// Takes bytes that must have `digest`.
    ///
    /// # Errors
    /// When they don't.
    pub fn verified(
        media_type: MediaType,
        digest: &Digest,
        bytes: Vec<u8>,
    ) -> Result<Self, ManifestError> {
        if !digest.matches(&bytes) {
            return Err(ManifestError::DigestMismatch {
                expected: digest.clone(),
                actual: Digest::of(&bytes),
            });
        }
        Ok(Self {
            media_type,
            digest: digest.clone(),
            bytes,
        })
    }

    /// Takes bytes that must have the digest and size that `descriptor` names.
    ///
    /// # Errors
    /// When they don't.
    pub fn described(descriptor: &Descriptor, bytes: Vec<u8>) -> Result<Self, ManifestError> {
        check_size(descriptor, &bytes)?;
        Self::verified(descriptor.media_type.clone(), &descriptor.digest, bytes)
    }

    /// The same under the type that `descriptor` names, which must name its digest and size. The bytes
    /// have that digest already, and aren't hashed again.
    ///
    /// # Errors
    /// When it names others.
    pub fn as_described(self, descriptor: &Descriptor) -> Result<Self, ManifestError> {
        check_size(descriptor, &self.bytes)?;
        if self.digest != descriptor.digest {
            return Err(ManifestError::DigestMismatch {
                expected: descriptor.digest.clone(),
                actual: self.digest,
            });
        }
        Ok(Self {
            media_type: descriptor.media_type.clone(),
            ..self
        })
    }

    /// The type it came with.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The bytes, exactly as they came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A descriptor of these bytes.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(
            self.media_type.clone(),
            self.digest.clone(),
            self.bytes.len() as u64,
        )
    }

    /// Reads it as a manifest or an index.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::parse(&self.media_type, &self.bytes)
    }
}

fn check_size(descriptor: &Descriptor, bytes: &[u8]) -> Result<(), ManifestError> {
    let (expected, actual) = (descriptor.size, bytes.len() as u64);
    if actual != expected {
        return Err(ManifestError::SizeMismatch { expected, actual });
    }
    Ok(())
}

/// A manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "documents are few and short-lived"
)]
pub enum Manifest {
    /// One image for one platform, or an artifact.
    Image(ImageManifest),
    /// Several.
    Index(Index),
}

/// One image for one platform, or an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u8,
    /// The type of this document; may be absent in OCI's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The kind of artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image configuration.
    pub config: Descriptor,
    /// The layers, bottom first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free notes.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_is_default"
    )]
    pub annotations: BTreeMap<String, String>,
}

impl ImageManifest {
    /// A container image: its configuration has an image configuration's type.
    pub fn is_image(&self) -> bool {
        self.config.media_type.is_config()
    }
}

/// Several manifests under one digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct Index {
    /// Always 2.
    pub schema_version: u8,
    /// The type of this document; may be absent in OCI's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The kind of artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The children.
    #[serde(default, deserialize_with = "null_is_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free notes.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_is_default"
    )]
    pub annotations: BTreeMap<String, String>,
}

objects_only!(ImageManifest, Index);

/// Only what tells the kinds of document apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    media_type: Option<MediaType>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    config: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// Reads a document of type `media_type` (of its descriptor, or of the `Content-Type` header;
    /// when that says nothing useful, the document's own type counts).
    ///
    /// # Errors
    /// When it is too large, not JSON, schema 1, of another type than it says, or has the fields of
    /// both a manifest and an index, or those of the other.
    pub fn parse(media_type: &MediaType, bytes: &[u8]) -> Result<Self, ManifestError> {
        let outline: Outline = parse_json(bytes, MAX_MANIFEST_SIZE)?;
        if media_type.is_schema1()
            || outline.schema_version == Some(1)
            || outline.fs_layers.is_some()
        {
            return Err(ManifestError::Schema1);
        }
        let kind = outline.kind(media_type)?;
        outline.check_fields(&kind)?;
        if kind.is_index() {
            parse_json(bytes, MAX_MANIFEST_SIZE).map(Self::Index)
        } else {
            parse_json(bytes, MAX_MANIFEST_SIZE).map(Self::Image)
        }
    }

    /// All blobs and manifests that this document names, its subject left out.
    pub fn children(&self) -> Vec<&Descriptor> {
        match self {
            Self::Image(manifest) => std::iter::once(&manifest.config)
                .chain(&manifest.layers)
                .collect(),
            Self::Index(index) => index.manifests.iter().collect(),
        }
    }

    /// The manifest that this one speaks of.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Image(manifest) => manifest.subject.as_ref(),
            Self::Index(index) => index.subject.as_ref(),
        }
    }
}

impl Outline {
    /// The type that counts, after everything that names one was compared.
    fn kind(&self, outside: &MediaType) -> Result<MediaType, ManifestError> {
        let known = |t: &MediaType| t.is_index() || t.is_manifest();
        match &self.media_type {
            Some(inside) if inside.is_schema1() => Err(ManifestError::Schema1),
            Some(inside) if known(outside) && inside != outside => {
                Err(ManifestError::MediaTypeMismatch {
                    inside: inside.clone(),
                    outside: outside.clone(),
                })
            }
            Some(inside) if known(inside) => Ok(inside.clone()),
            Some(inside) => Err(ManifestError::Unsupported(inside.clone())),
            None if known(outside) => Ok(outside.clone()),
            // GCR once served manifests as text/plain or application/json; the shape decides then.
            None if self.manifests.is_some() => Ok(MediaType::OciIndex),
            None if self.config.is_some() => Ok(MediaType::OciManifest),
            None => Err(ManifestError::Unsupported(outside.clone())),
        }
    }
}

impl Outline {
    /// Each kind has fields of its own: without this, a manifest under an index's type is an index
    /// without children (CVE-2021-41190).
    fn check_fields(&self, kind: &MediaType) -> Result<(), ManifestError> {
        let of_index = self.manifests.is_some();
        let of_manifest = self.layers.is_some() || self.config.is_some();
        let (expected, found) = match (of_index, of_manifest) {
            (true, true) => return Err(ManifestError::Ambiguous),
            (true, false) if !kind.is_index() => ("a manifest", "an index"),
            (false, true) if kind.is_index() => ("an index", "a manifest"),
            _ => return Ok(()),
        };
        Err(ManifestError::OtherKind { expected, found })
    }
}

/// Parses JSON of at most `max` bytes. serde_json itself bounds the nesting (128).
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8], max: u64) -> Result<T, ManifestError> {
    if bytes.len() as u64 > max {
        return Err(ManifestError::TooLarge {
            size: bytes.len() as u64,
            max,
        });
    }
    json::from_slice(bytes).map_err(|e| ManifestError::Json(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn image(extra: &str) -> String {
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{D}","size":0}},"layers":[]{extra}}}"#
        )
    }

    fn parse(media_type: MediaType, text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&media_type, text.as_bytes())
    }

    #[test]
    fn the_type_may_be_outside_or_inside() {
        assert!(matches!(
            parse(MediaType::OciManifest, &image("")),
            Ok(Manifest::Image(_))
        ));
        let inside = image(r#","mediaType":"application/vnd.oci.image.manifest.v1+json""#);
        assert!(matches!(
            parse(MediaType::from("text/plain"), &inside),
            Ok(Manifest::Image(_))
        ));
        assert!(matches!(
            parse(MediaType::from("application/json"), &image("")),
            Ok(Manifest::Image(_))
        ));
        assert!(matches!(
            parse(
                MediaType::from(""),
                r#"{"schemaVersion":2,"manifests":null}"#
            ),
            Err(ManifestError::Unsupported(_))
        ));
        assert!(matches!(
            parse(MediaType::OciIndex, r#"{"schemaVersion":2,"manifests":null}"#),
            Ok(Manifest::Index(index)) if index.manifests.is_empty()
        ));
    }

    #[test]
    fn cve_2021_41190_type_confusion_is_refused() {
        let both = image(r#","manifests":[]"#);
        assert_eq!(
            parse(MediaType::OciManifest, &both),
            Err(ManifestError::Ambiguous)
        );
        assert_eq!(
            parse(MediaType::OciIndex, &both),
            Err(ManifestError::Ambiguous)
        );
        let index = r#"{"schemaVersion":2,"manifests":[]}"#;
        for (kind, text, why) in [
            (
                MediaType::OciIndex,
                image("").as_str(),
                "expected an index, found a manifest",
            ),
            (
                MediaType::DockerManifest,
                index,
                "expected a manifest, found an index",
            ),
        ] {
            assert_eq!(parse(kind, text).unwrap_err().to_string(), why);
        }
        let inside = image(r#","mediaType":"application/vnd.oci.image.manifest.v1+json""#);
        assert!(matches!(
            parse(MediaType::DockerManifest, &inside),
            Err(ManifestError::MediaTypeMismatch { .. })
        ));
    }

    #[test]
    fn schema_1_is_refused_by_name() {
        assert_eq!(
            parse(
                MediaType::DockerSchema1Signed,
                r#"{"schemaVersion":1,"fsLayers":[]}"#
            ),
            Err(ManifestError::Schema1)
        );
        assert_eq!(
            parse(MediaType::from(""), r#"{"schemaVersion":1}"#),
            Err(ManifestError::Schema1)
        );
    }

    #[test]
    fn bounds_and_shapes() {
        assert!(matches!(
            Manifest::parse(
                &MediaType::OciIndex,
                &vec![b'['; MAX_MANIFEST_SIZE as usize + 1]
            ),
            Err(ManifestError::TooLarge { .. })
        ));
        assert!(parse(MediaType::OciIndex, &"[".repeat(100_000)).is_err());
        let config = r#"{"schemaVersion":2,"config":["application/vnd.oci.image.config.v1+json","#;
        for list in [
            "[2]",
            &format!(r#"{config}"{D}",0]}}"#),
            &format!(r#"{{"schemaVersion":2,"manifests":[["","{D}",0]]}}"#),
            &format!(
                r#"{{"schemaVersion":2,"manifests":[{{"digest":"{D}","size":0,"platform":["arm"]}}]}}"#
            ),
        ] {
            let error = parse(MediaType::from(""), list).unwrap_err().to_string();
            let expected = "malformed document: invalid type: sequence, expected an object at ";
            assert!(error.starts_with(expected), "{list}: {error}");
        }
        let negative = image("").replace("\"size\":0", "\"size\":-1");
        assert!(matches!(
            parse(MediaType::OciManifest, &negative),
            Err(ManifestError::Json(_))
        ));
        let md5 = image("").replace(D, "md5:d41d8cd98f00b204e9800998ecf8427e");
        assert!(matches!(
            parse(MediaType::OciManifest, &md5),
            Err(ManifestError::Json(_))
        ));
    }

    #[test]
    fn raw_checks_size_and_digest() {
        let raw = Raw::new(MediaType::OciManifest, b"{}".to_vec());
        let descriptor = raw.descriptor();
        assert_eq!(Raw::described(&descriptor, b"{}".to_vec()), Ok(raw));
        let unknown = |bytes: &[u8]| Raw::new(MediaType::from("text/plain"), bytes.to_vec());
        let renamed = unknown(b"{}").as_described(&descriptor).unwrap();
        assert_eq!(renamed.descriptor(), descriptor);
        for refused in [
            Raw::described(&descriptor, b"{} ".to_vec()),
            unknown(b"{} ").as_described(&descriptor),
        ] {
            assert!(matches!(refused, Err(ManifestError::SizeMismatch { .. })));
        }
        for refused in [
            Raw::described(&descriptor, b"[]".to_vec()),
            unknown(b"[]").as_described(&descriptor),
        ] {
            assert!(matches!(refused, Err(ManifestError::DigestMismatch { .. })));
        }
    }
}
