//! What a manifest must be to be taken (image-spec, manifest.md and image-index.md;
//! distribution-spec, "Pushing Manifests").

use std::collections::BTreeMap;

use orlop_oci::{
    Descriptor, Digest, Digester, ImageManifest, Index, MAX_MANIFEST_SIZE, Manifest, ManifestError,
    MediaType, json,
};
use serde::Deserialize;

use crate::meta_store::{Child, ChildKind, ManifestRecord, ManifestRow};
use crate::{NewManifest, Sparse, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// How deep a document may be nested. Real ones reach about eight.
const MAX_DEPTH: usize = 64;

/// How many descriptors a manifest may have. Images have at most 127 layers; artifacts and caches
/// have had hundreds.
const MAX_DESCRIPTORS: usize = 10_000;

/// What a manifest that is pushed is, and what is to be said of it.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) record: ManifestRecord,
    /// Layers of a type that may not be redistributed, which is deprecated (image-spec,
    /// "Non-Distributable Layers").
    pub(crate) foreign_layers: usize,
}

/// Reads a manifest that is pushed, checks everything that can be checked without looking at what
/// else there is, and says what must be there.
pub(crate) fn examine(new: &NewManifest, sparse: Sparse) -> Result<Examined> {
    let size = new.bytes.len() as u64;
    if size > MAX_MANIFEST_SIZE {
        return Err(StorageError::TooLarge {
            what: "manifest",
            limit: MAX_MANIFEST_SIZE,
        });
    }
    let digest = checked_digest(new)?;
    if nesting(&new.bytes) > MAX_DEPTH {
        return invalid(format!("nested deeper than {MAX_DEPTH}"));
    }
    let document = Document::read(new)?;
    let children = document.children(sparse);
    if children.len() > MAX_DESCRIPTORS {
        return invalid(format!("more than {MAX_DESCRIPTORS} descriptors"));
    }
    let row = ManifestRow {
        digest,
        media_type: document.media_type(new),
        size,
    };
    let foreign_layers = document.foreign_layers();
    let (artifact_type, subject, annotations) = document.about();
    let record = ManifestRecord {
        row,
        artifact_type: artifact_type.filter(|text| !text.is_empty()),
        subject,
        annotations,
        children,
    };
    Ok(Examined {
        record,
        foreign_layers,
    })
}

fn invalid<T>(why: impl Into<String>) -> Result<T> {
    Err(StorageError::ManifestInvalid(why.into()))
}

fn malformed(error: &ManifestError) -> StorageError {
    StorageError::ManifestInvalid(error.to_string())
}

/// The digest of the bytes: by the algorithm of the URL, else SHA-256.
fn checked_digest(new: &NewManifest) -> Result<Digest> {
    let Some(expected) = &new.digest else {
        return Ok(Digest::of(&new.bytes));
    };
    let mut digester = Digester::new(expected.algorithm());
    digester.update(&new.bytes);
    let actual = digester.finish();
    if actual == *expected {
        Ok(actual)
    } else {
        Err(StorageError::DigestInvalid {
            expected: expected.clone(),
            actual,
        })
    }
}

/// How deep brackets stand in brackets. A parser that skips what it doesn't know doesn't count.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What is pushed: a manifest or an index that we know, or a document of some other type.
enum Document {
    Known(Box<Manifest>),
    Other(Box<OtherDocument>),
}

/// A document of a type that we don't know: kept as it is, for clients that do. Whatever it names in
/// the way that manifests do is kept with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OtherDocument {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    blobs: Option<Vec<Descriptor>>,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

/// Only the field that is compared with the header.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inside {
    #[serde(default)]
    media_type: Option<String>,
}

impl Document {
    fn read(new: &NewManifest) -> Result<Self> {
        let outside = MediaType::from_header(&new.media_type);
        let malformed_json = |e: serde_json::Error| StorageError::ManifestInvalid(e.to_string());
        let inside: Inside = json::from_slice(&new.bytes).map_err(malformed_json)?;
        let inside = inside.media_type.as_deref().map(MediaType::from_header);
        let media_type = match inside {
            Some(inside) if outside.as_str().is_empty() => inside,
            Some(inside) if inside != outside => {
                return invalid(format!(
                    "its mediaType is {inside}, but the Content-Type is {outside}"
                ));
            }
            _ => outside,
        };
        let undecided = media_type.as_str().is_empty();
        if media_type.is_manifest() || media_type.is_index() || media_type.is_schema1() || undecided
        {
            let manifest =
                Manifest::parse(&media_type, &new.bytes).map_err(|error| malformed(&error))?;
            let version = match &manifest {
                Manifest::Image(image) => image.schema_version,
                Manifest::Index(index) => index.schema_version,
            };
            if version != 2 {
                return invalid(format!("schemaVersion is {version}, not 2"));
            }
            return Ok(Self::Known(Box::new(manifest)));
        }
        let other: OtherDocument = json::from_slice(&new.bytes).map_err(malformed_json)?;
        if other.schema_version == Some(1) {
            return Err(malformed(&ManifestError::Schema1));
        }
        if other.manifests.is_some() && (other.layers.is_some() || other.config.is_some()) {
            return Err(malformed(&ManifestError::Ambiguous));
        }
        Ok(Self::Other(Box::new(other)))
    }

    /// The type that it is served with.
    fn media_type(&self, new: &NewManifest) -> String {
        let given = new.media_type.split(';').next().unwrap_or_default().trim();
        match self {
            _ if !given.is_empty() => given.to_owned(),
            Self::Known(manifest) => {
                let (inside, by_shape) = match &**manifest {
                    Manifest::Image(image) => (&image.media_type, MediaType::OciManifest),
                    Manifest::Index(index) => (&index.media_type, MediaType::OciIndex),
                };
                inside.as_ref().unwrap_or(&by_shape).as_str().to_owned()
            }
            Self::Other(other) => other.media_type.clone().unwrap_or_default(),
        }
    }

    fn children(&self, sparse: Sparse) -> Vec<Child> {
        let whole = sparse != Sparse::Accepted;
        match self {
            Self::Known(manifest) => match &**manifest {
                Manifest::Image(ImageManifest { config, layers, .. }) => std::iter::once(config)
                    .chain(layers)
                    .map(|descriptor| blob(descriptor, whole))
                    .collect(),
                Manifest::Index(Index { manifests, .. }) => {
                    let whole = sparse == Sparse::Refused;
                    manifests.iter().flat_map(|d| listed(d, whole)).collect()
                }
            },
            // What it means by naming something is its own business: it is kept where it is there.
            Self::Other(other) => {
                let blobs = [&other.layers, &other.blobs]
                    .into_iter()
                    .flatten()
                    .flatten();
                other
                    .config
                    .iter()
                    .chain(blobs)
                    .map(|descriptor| blob(descriptor, false))
                    .chain(
                        other
                            .manifests
                            .iter()
                            .flatten()
                            .flat_map(|d| listed(d, false)),
                    )
                    .collect()
            }
        }
    }

    fn foreign_layers(&self) -> usize {
        let Self::Known(manifest) = self else {
            return 0;
        };
        match &**manifest {
            Manifest::Image(image) => {
                let layers = image.layers.iter();
                layers.filter(|l| l.media_type.is_foreign_layer()).count()
            }
            Manifest::Index(_) => 0,
        }
    }

    /// Artifact type, subject and annotations. An artifact type that isn't given is that of the
    /// configuration (distribution-spec, "Listing Referrers"); an index has none then.
    fn about(self) -> (Option<String>, Option<Digest>, BTreeMap<String, String>) {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let digest = |subject: Option<Descriptor>| subject.map(|subject| subject.digest);
        match self {
            Self::Known(manifest) => match *manifest {
                Manifest::Image(image) => {
                    let config = image.config.media_type.as_str().to_owned();
                    let artifact_type = given(image.artifact_type).or(Some(config));
                    (artifact_type, digest(image.subject), image.annotations)
                }
                Manifest::Index(index) => (
                    given(index.artifact_type),
                    digest(index.subject),
                    index.annotations,
                ),
            },
            Self::Other(other) => {
                let config = other.config.map(|c| c.media_type.as_str().to_owned());
                let artifact_type = given(other.artifact_type).or(config);
                let annotations = other.annotations.unwrap_or_default();
                (artifact_type, digest(other.subject), annotations)
            }
        }
    }
}

/// A configuration or a layer. One that may not be redistributed, or that is to be fetched
/// elsewhere, needn't be there.
fn blob(descriptor: &Descriptor, whole: bool) -> Child {
    let elsewhere = descriptor.media_type.is_foreign_layer() || !descriptor.urls.is_empty();
    child(descriptor, ChildKind::Blob, whole && !elsewhere)
}

/// An entry of an index. BuildKit's caches are indexes of layers, so that an entry of another type
/// than a manifest's may be either.
fn listed(descriptor: &Descriptor, whole: bool) -> Vec<Child> {
    let media_type = &descriptor.media_type;
    let elsewhere = !descriptor.urls.is_empty();
    let known = media_type.is_manifest() || media_type.is_index();
    let mut children = vec![child(
        descriptor,
        ChildKind::Manifest,
        whole && known && !elsewhere,
    )];
    if !known {
        children.push(blob(descriptor, whole && media_type.is_layer()));
    }
    children
}

fn child(descriptor: &Descriptor, kind: ChildKind, required: bool) -> Child {
    Child {
        digest: descriptor.digest.clone(),
        size: descriptor.size,
        kind,
        required,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn pushed(media_type: &str, bytes: Vec<u8>) -> NewManifest {
        NewManifest {
            digest: None,
            tags: Vec::new(),
            media_type: media_type.into(),
            bytes: Bytes::from(bytes),
        }
    }

    #[test]
    fn brackets_in_texts_are_not_nesting() {
        for (json, depth) in [
            ("", 0),
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{"b":2}],"c":[]}"#, 3),
            (r#"["[[[["]"#, 1),
            (r#"["\"[[[["]"#, 1),
            (r#"["\\",[]]"#, 2),
            ("]]]][", 1),
        ] {
            assert_eq!(nesting(json.as_bytes()), depth, "{json}");
        }
    }

    #[test]
    fn a_list_is_no_manifest() {
        for (media_type, list) in [
            ("", "[null]"),
            ("a/b", r#"["a/b"]"#),
            ("application/vnd.oci.image.index.v1+json", "[2]"),
        ] {
            let refused = examine(&pushed(media_type, list.into()), Sparse::Accepted);
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("expected an object"), "{refused}");
        }
    }

    #[test]
    fn entries_that_may_be_blobs_are_kept_as_both() {
        let digest = Digest::of(b"x");
        let entry =
            |media_type| format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":1}}"#);
        let layer = entry("application/vnd.oci.image.layer.v1.tar+gzip");
        let cache = entry("application/vnd.buildkit.cacheconfig.v0");
        let image = entry("application/vnd.oci.image.manifest.v1+json");
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{layer},{cache},{image}]}}"#);
        let media_type = MediaType::OciIndex;
        let new = pushed(media_type.as_str(), index.into_bytes());
        let record = examine(&new, Sparse::Refused).unwrap().record;
        let (blob, manifest) = (ChildKind::Blob, ChildKind::Manifest);
        let seen: Vec<_> = record
            .children
            .iter()
            .map(|c| (c.kind, c.required))
            .collect();
        assert_eq!(
            seen,
            [
                (manifest, false),
                (blob, true),
                (manifest, false),
                (blob, false),
                (manifest, true)
            ]
        );
    }

    /// JSON as a client might make it up, with the keys that mean something.
    fn json() -> impl Strategy<Value = String> {
        let digest = Digest::of(b"x").to_string();
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("2".to_owned()),
            Just(format!("\"{digest}\"")),
            Just("\"application/vnd.oci.image.index.v1+json\"".to_owned()),
            "[a-z]{0,5}".prop_map(|text| format!("\"{text}\"")),
            any::<i64>().prop_map(|n| n.to_string()),
        ];
        let key = prop::sample::select(vec![
            "schemaVersion",
            "mediaType",
            "config",
            "layers",
            "manifests",
            "subject",
            "blobs",
            "annotations",
            "artifactType",
            "digest",
            "size",
            "urls",
            "platform",
            "data",
        ]);
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec((key.clone(), inner), 0..8).prop_map(|fields| {
                    let fields = fields
                        .iter()
                        .map(|(key, value)| format!("\"{key}\":{value}"));
                    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_that_is_pushed_panics(
            text in prop_oneof![json(), "\\PC{0,40}"],
            media_type in prop::sample::select(vec![
                "", "x/y", "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.oci.image.index.v1+json; charset=utf-8",
                "application/vnd.docker.distribution.manifest.v2+json",
            ]),
        ) {
            let new = pushed(media_type, text.into_bytes());
            if let Ok(Examined { record, .. }) = examine(&new, Sparse::Refused) {
                prop_assert!(record.row.digest.matches(&new.bytes));
                prop_assert!(!record.row.media_type.is_empty());
            }
        }
    }
}
