//! Images from layers: configurations, manifests and indexes, in OCI's or Docker's media types,
//! written into an OCI layout or pushed to a registry.

use std::path::Path;

use serde_json::{Value, json};

use crate::http::{Method, http};
use crate::layer::{Layer, digest_of};

/// Whose media types are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaTypes {
    /// `application/vnd.oci.image.…`
    Oci,
    /// `application/vnd.docker.…`, schema 2.
    Docker,
}

impl MediaTypes {
    fn manifest(self) -> &'static str {
        match self {
            MediaTypes::Oci => "application/vnd.oci.image.manifest.v1+json",
            MediaTypes::Docker => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    fn index(self) -> &'static str {
        match self {
            MediaTypes::Oci => "application/vnd.oci.image.index.v1+json",
            MediaTypes::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
        }
    }

    fn config(self) -> &'static str {
        match self {
            MediaTypes::Oci => "application/vnd.oci.image.config.v1+json",
            MediaTypes::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }

    fn layer(self, layer: &Layer) -> String {
        match self {
            MediaTypes::Oci => format!(
                "application/vnd.oci.image.layer.v1.tar{}",
                layer.compression.oci_suffix()
            ),
            MediaTypes::Docker => match layer.compression.oci_suffix() {
                "" => "application/vnd.docker.image.rootfs.diff.tar".to_owned(),
                "+zstd" => "application/vnd.docker.image.rootfs.diff.tar.zstd".to_owned(),
                _ => "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned(),
            },
        }
    }
}

/// An operating system, an architecture and perhaps a variant, as in `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformName(String);

impl PlatformName {
    /// From its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        PlatformName(text.to_owned())
    }

    /// The one of this machine.
    #[must_use]
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        PlatformName(format!("linux/{architecture}"))
    }

    fn to_json(&self) -> Value {
        let mut parts = self.0.split('/');
        let mut platform = json!({"architecture": "", "os": parts.next().unwrap_or("")});
        platform["architecture"] = parts.next().unwrap_or("").into();
        if let Some(variant) = parts.next() {
            platform["variant"] = variant.into();
        }
        platform
    }
}

impl std::fmt::Display for PlatformName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// Bytes with a digest and a media type: a manifest, a configuration, a layer.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says it is.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Document {
    /// Computes the digest.
    #[must_use]
    pub fn new(media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Document {
            media_type: media_type.into(),
            digest: digest_of(&bytes),
            bytes,
        }
    }

    /// Its descriptor.
    #[must_use]
    pub fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// An image of one platform or of many: its top manifest and all that hangs below it.
#[derive(Clone, Debug)]
pub struct Image {
    /// Configurations and layers.
    pub blobs: Vec<Document>,
    /// Manifests and indexes below the top one, children before parents.
    pub children: Vec<Document>,
    /// The manifest or index that a tag names.
    pub top: Document,
    /// The platform, for an image of one.
    pub platform: Option<PlatformName>,
}

impl Image {
    /// An image of one platform in OCI media types, with one history entry for each layer.
    #[must_use]
    pub fn new(platform: &PlatformName, layers: &[Layer]) -> Self {
        Image::with(
            platform,
            layers,
            MediaTypes::Oci,
            json!({"Cmd": ["/bin/sh"]}),
        )
    }

    /// An image of one platform. `config` is the configuration's own `config` object: `Env`, `Cmd`,
    /// `Labels` and so on.
    #[must_use]
    pub fn with(
        platform: &PlatformName,
        layers: &[Layer],
        types: MediaTypes,
        config: Value,
    ) -> Self {
        let mut document = platform.to_json();
        document["created"] = "2024-01-02T03:04:05Z".into();
        document["config"] = config;
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        document["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        let history = (0..layers.len()).map(|number| {
            json!({"created": "2024-01-02T03:04:05Z", "created_by": format!("layer {number}")})
        });
        let mut history: Vec<Value> = history.collect();
        history.push(json!({"created": "2024-01-02T03:04:05Z", "created_by": "CMD [\"/bin/sh\"]", "empty_layer": true}));
        document["history"] = history.into();
        let config = Document::new(types.config(), document.to_string().into_bytes());
        let mut image = Image::from_parts(config, layers, types, |_| {});
        image.platform = Some(platform.clone());
        image
    }

    /// An image from a configuration as it is, with `edit` to spoil or enrich the manifest.
    #[must_use]
    pub fn from_parts(
        config: Document,
        layers: &[Layer],
        types: MediaTypes,
        edit: impl FnOnce(&mut Value),
    ) -> Self {
        let layers: Vec<Document> = layers
            .iter()
            .map(|layer| Document::new(types.layer(layer), layer.blob.clone()))
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": types.manifest(),
            "config": config.descriptor(),
            "layers": layers.iter().map(Document::descriptor).collect::<Vec<_>>(),
        });
        edit(&mut manifest);
        let media_type = manifest["mediaType"]
            .as_str()
            .unwrap_or(types.manifest())
            .to_owned();
        let top = Document::new(media_type, manifest.to_string().into_bytes());
        let blobs = std::iter::once(config).chain(layers).collect();
        Image {
            blobs,
            children: Vec::new(),
            top,
            platform: None,
        }
    }

    /// An index of images, in the order given; an image may be an index itself.
    #[must_use]
    pub fn index(types: MediaTypes, images: &[Image]) -> Self {
        Image::index_with(types, images, |_| {})
    }

    /// An index of images, with `edit` to spoil or enrich it.
    #[must_use]
    pub fn index_with(types: MediaTypes, images: &[Image], edit: impl FnOnce(&mut Value)) -> Self {
        let mut manifests = Vec::new();
        let (mut blobs, mut children) = (Vec::new(), Vec::new());
        for image in images {
            let mut descriptor = image.top.descriptor();
            if let Some(platform) = &image.platform {
                descriptor["platform"] = platform.to_json();
            }
            manifests.push(descriptor);
            blobs.extend(image.blobs.iter().cloned());
            children.extend(image.children.iter().cloned());
            children.push(image.top.clone());
        }
        let mut index =
            json!({"schemaVersion": 2, "mediaType": types.index(), "manifests": manifests});
        edit(&mut index);
        let top = Document::new(types.index(), index.to_string().into_bytes());
        Image {
            blobs,
            children,
            top,
            platform: None,
        }
    }

    /// The index that BuildKit makes with `--provenance`: the image, and a statement about it as a
    /// manifest for the platform `unknown/unknown`.
    #[must_use]
    pub fn with_attestation(image: &Image) -> Self {
        Image::with_statement(image, "https://slsa.dev/provenance/v0.2", &json!({}))
    }

    /// The same, with what is stated.
    #[must_use]
    pub fn with_statement(image: &Image, predicate_type: &str, predicate: &Value) -> Self {
        Image::with_statements(image, &[(predicate_type, predicate.clone())])
    }

    /// The same, with several statements: pairs of a predicate's type and what it says.
    #[must_use]
    pub fn with_statements(image: &Image, predicates: &[(&str, Value)]) -> Self {
        let statements = predicates.iter().map(|(predicate_type, predicate)| {
            let statement = Image::statement(image, predicate_type, predicate);
            (*predicate_type, statement)
        });
        let statements: Vec<(&str, Document)> = statements.collect();
        let diff_ids: Vec<&str> = statements
            .iter()
            .map(|(_, it)| it.digest.as_str())
            .collect();
        let config = json!({
            "architecture": "unknown", "os": "unknown", "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = Document::new(MediaTypes::Oci.config(), config.to_string().into_bytes());
        let mut attestation = Image::from_parts(config, &[], MediaTypes::Oci, |manifest| {
            let layers = statements.iter().map(|(predicate_type, statement)| {
                let mut layer = statement.descriptor();
                layer["annotations"] = json!({"in-toto.io/predicate-type": predicate_type});
                layer
            });
            manifest["layers"] = layers.collect();
        });
        let statements = statements.into_iter().map(|(_, statement)| statement);
        attestation.blobs.extend(statements);
        attestation.platform = Some(PlatformName::new("unknown/unknown"));
        let about = image.top.digest.clone();
        Image::index_with(MediaTypes::Oci, &[image.clone(), attestation], |index| {
            index["manifests"][1]["annotations"] = json!({
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": about,
            });
        })
    }

    fn statement(image: &Image, predicate_type: &str, predicate: &Value) -> Document {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": predicate_type,
            "subject": [{"name": "_", "digest": {"sha256": &image.top.digest["sha256:".len()..]}}],
            "predicate": predicate,
        });
        Document::new(
            "application/vnd.in-toto+json",
            statement.to_string().into_bytes(),
        )
    }

    /// The blob that is the configuration of an image of one platform.
    ///
    /// # Panics
    /// For an index.
    #[must_use]
    pub fn config(&self) -> &Document {
        assert!(
            self.children.is_empty(),
            "an index has no configuration of its own"
        );
        &self.blobs[0]
    }

    /// The digests of the layers of an image of one platform, the base first.
    #[must_use]
    pub fn layer_digests(&self) -> Vec<String> {
        self.blobs[1..]
            .iter()
            .map(|blob| blob.digest.clone())
            .collect()
    }

    /// Writes an OCI layout whose `index.json` names the image `tag`.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn write_layout(&self, folder: &Path, tag: &str) {
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).expect("the layout's folder is made");
        for document in self.blobs.iter().chain(&self.children).chain([&self.top]) {
            let name = &document.digest["sha256:".len()..];
            std::fs::write(blobs.join(name), &document.bytes).expect("a blob is written");
        }
        let mut entry = self.top.descriptor();
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        let index = json!({"schemaVersion": 2, "manifests": [entry]});
        std::fs::write(folder.join("index.json"), index.to_string())
            .expect("index.json is written");
        std::fs::write(
            folder.join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .expect("oci-layout is written");
    }

    /// Pushes to the registry at `host` (`127.0.0.1:PORT`, plain HTTP) as `repository`, with every
    /// one of `tags`. `authorization` is the header's whole value.
    ///
    /// # Panics
    /// When the registry doesn't take it.
    pub fn push_with(
        &self,
        host: &str,
        repository: &str,
        tags: &[&str],
        authorization: Option<&str>,
    ) {
        let headers: Vec<(&str, &str)> = authorization
            .map(|value| ("Authorization", value))
            .into_iter()
            .collect();
        let mut sent = std::collections::BTreeSet::new();
        for blob in self
            .blobs
            .iter()
            .filter(|blob| sent.insert(blob.digest.clone()))
        {
            push_blob(host, repository, blob, &headers);
        }
        for manifest in &self.children {
            push_manifest(host, repository, &manifest.digest, manifest, &headers);
        }
        for tag in tags {
            push_manifest(host, repository, tag, &self.top, &headers);
        }
    }

    /// Pushes without credentials as `repository:tag` and returns the name, `HOST/REPOSITORY:TAG`.
    #[must_use]
    pub fn push(&self, host: &str, repository: &str, tag: &str) -> String {
        self.push_with(host, repository, &[tag], None);
        format!("{host}/{repository}:{tag}")
    }
}

fn push_blob(host: &str, repository: &str, blob: &Document, headers: &[(&str, &str)]) {
    let start = http(
        Method::Post,
        host,
        &format!("/v2/{repository}/blobs/uploads/"),
        headers,
        None,
    );
    assert_eq!(
        start.status, 202,
        "an upload to {repository} starts: {start}"
    );
    let location = start
        .header("location")
        .expect("an upload has a location")
        .to_owned();
    let path = location
        .split_once(host)
        .map_or(location.as_str(), |(_, path)| path);
    let and = if path.contains('?') { '&' } else { '?' };
    let target = format!("{path}{and}digest={}", blob.digest.replace(':', "%3A"));
    let mut headers = headers.to_vec();
    headers.push(("Content-Type", "application/octet-stream"));
    let end = http(Method::Put, host, &target, &headers, Some(&blob.bytes));
    assert_eq!(end.status, 201, "the upload of {} ends: {end}", blob.digest);
}

fn push_manifest(
    host: &str,
    repository: &str,
    name: &str,
    manifest: &Document,
    headers: &[(&str, &str)],
) {
    let mut headers = headers.to_vec();
    headers.push(("Content-Type", &manifest.media_type));
    let path = format!("/v2/{repository}/manifests/{name}");
    let answer = http(Method::Put, host, &path, &headers, Some(&manifest.bytes));
    assert_eq!(answer.status, 201, "the manifest {name} is taken: {answer}");
}
