//! Documents as the JSON objects that they came as, and an image's two together.

use serde_json::{Map, Value};

use super::EditError;
use crate::{Descriptor, ImageConfig, ImageManifest, Manifest, ManifestError, MediaType, Raw};

/// An object that is being edited.
#[derive(Debug)]
pub(super) struct Document {
    raw: Raw,
    was: Map<String, Value>,
    /// What it is now.
    pub(super) members: Map<String, Value>,
}

impl Document {
    /// Reads a document, of which the caller knows that it is right.
    pub(super) fn read(raw: &Raw) -> Result<Self, EditError> {
        let members: Map<String, Value> = serde_json::from_slice(raw.bytes())
            .map_err(|error| ManifestError::Json(error.to_string()))?;
        Ok(Self {
            raw: raw.clone(),
            was: members.clone(),
            members,
        })
    }

    /// The object below `key`, which is made when there is none.
    pub(super) fn object(&mut self, key: &str) -> &mut Map<String, Value> {
        object(&mut self.members, key)
    }

    /// Its bytes now: those that it came with when nothing was changed.
    pub(super) fn finish(self) -> Raw {
        if self.members == self.was {
            return self.raw;
        }
        let bytes = Value::Object(self.members).to_string().into_bytes();
        Raw::new(self.raw.media_type().clone(), bytes)
    }
}

/// The object below `key`, which is made when there is none.
pub(super) fn object<'a>(
    members: &'a mut Map<String, Value>,
    key: &str,
) -> &'a mut Map<String, Value> {
    let value = members.entry(key.to_owned()).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made one")
}

/// Has a descriptor speak of another blob. Data in it were those of the one before.
pub(super) fn point_to(descriptor: &mut Map<String, Value>, target: &Raw) {
    let same = descriptor.get("digest").and_then(Value::as_str) == Some(target.digest().as_str());
    if same {
        return;
    }
    descriptor.insert("digest".to_owned(), target.digest().as_str().into());
    descriptor.insert("size".to_owned(), target.bytes().len().into());
    descriptor.shift_remove("data");
}

/// A typed value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("our documents have only texts for keys")
}

/// An image of one platform: its manifest and its configuration, which agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    manifest: Raw,
    config: Raw,
    layers: ImageManifest,
    settings: ImageConfig,
}

impl Parts {
    /// Takes the two, as they came.
    ///
    /// # Errors
    /// When one isn't right, when the manifest is that of an artifact, when it names another configuration,
    /// or when the configuration has not one diff ID for each layer.
    pub fn new(manifest: Raw, config: Raw) -> Result<Self, EditError> {
        let layers = match manifest.manifest()? {
            Manifest::Image(image) => image,
            Manifest::Index(_) => {
                return Err(EditError::Kind {
                    wanted: "image",
                    actual: manifest.media_type().clone(),
                });
            }
        };
        if !layers.is_image() {
            return Err(EditError::NotImage(layers.config.media_type));
        }
        if layers.config.digest != *config.digest() {
            let said = format!(
                "the manifest names the configuration {}",
                layers.config.digest
            );
            return Err(EditError::Contradiction(said));
        }
        let settings = ImageConfig::parse(config.bytes())?;
        let (blobs, diff_ids) = (layers.layers.len(), settings.rootfs.diff_ids.len());
        if blobs != diff_ids {
            return Err(EditError::Contradiction(format!(
                "the manifest has {blobs} layers, the configuration {diff_ids} diff IDs"
            )));
        }
        Ok(Self {
            manifest,
            config,
            layers,
            settings,
        })
    }

    /// The manifest as it is.
    pub fn manifest(&self) -> &Raw {
        &self.manifest
    }

    /// The configuration as it is.
    pub fn config(&self) -> &Raw {
        &self.config
    }

    /// What the manifest says.
    pub fn view(&self) -> &ImageManifest {
        &self.layers
    }

    /// What the configuration says.
    pub fn settings(&self) -> &ImageConfig {
        &self.settings
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers.layers
    }

    /// The media types are Docker's.
    pub fn is_docker(&self) -> bool {
        *self.manifest.media_type() == MediaType::DockerManifest
    }

    /// The same image with what was edited of it.
    pub(super) fn with(&self, mut manifest: Document, config: Document) -> Result<Self, EditError> {
        let config = config.finish();
        point_to(manifest.object("config"), &config);
        Self::new(manifest.finish(), config)
    }
}
