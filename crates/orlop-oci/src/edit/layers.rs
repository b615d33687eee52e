//! Other layers for an image: some more, one in place of all.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::document::{Document, json};
use super::{EditError, Parts};
use crate::{
    Compression, ContainerConfig, Descriptor, DiffId, History, ImageConfig, ImageManifest,
    MediaType, Platform, Raw, RootFs,
};

/// A layer that an image gets.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLayer {
    /// Its blob. The media type is fitted to the image.
    pub descriptor: Descriptor,
    /// What it unpacks to.
    pub diff_id: DiffId,
    /// How it was made.
    pub history: History,
}

/// The type of a layer in an image of Docker's or OCI's types.
pub fn layer_type(is_docker: bool, compression: Compression) -> MediaType {
    match (is_docker, compression) {
        (true, Compression::None) => MediaType::DockerLayer,
        (true, Compression::Gzip) => MediaType::DockerLayerGzip,
        (true, Compression::Zstd) => MediaType::DockerLayerZstd,
        (false, Compression::None) => MediaType::OciLayer,
        (false, Compression::Gzip) => MediaType::OciLayerGzip,
        (false, Compression::Zstd) => MediaType::OciLayerZstd,
    }
}

/// The same layer in an image of Docker's or OCI's types. One that may not be redistributed, and
/// what is no layer of files, keeps its type.
pub(super) fn fitted(mut layer: Descriptor, is_docker: bool) -> Descriptor {
    if !layer.media_type.is_foreign_layer()
        && let Some(compression) = layer.media_type.layer_compression()
    {
        layer.media_type = layer_type(is_docker, compression);
    }
    layer
}

/// An image without layers, of OCI's types: what `FROM scratch` begins with.
pub fn empty(platform: &Platform) -> Parts {
    let config = ImageConfig {
        platform: platform.clone(),
        config: Some(ContainerConfig::default()),
        rootfs: RootFs {
            kind: "layers".to_owned(),
            diff_ids: Vec::new(),
        },
        ..ImageConfig::default()
    };
    let config = Raw::new(MediaType::OciConfig, json(&config).to_string().into_bytes());
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(MediaType::OciManifest),
        artifact_type: None,
        config: config.descriptor(),
        layers: Vec::new(),
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let manifest = Raw::new(
        MediaType::OciManifest,
        json(&manifest).to_string().into_bytes(),
    );
    Parts::new(manifest, config).expect("it was made to agree")
}

/// The same image with more layers on top.
///
/// # Errors
/// When the image isn't right.
pub fn append(image: &Parts, layers: &[NewLayer]) -> Result<Parts, EditError> {
    let mut stack = Stack::of(image)?;
    stack.fill_history();
    for layer in layers {
        stack.push(layer, image.is_docker());
    }
    stack.put(image, |_| {})
}

/// The same image with one layer in place of all. When it was made is when the layer was.
///
/// # Errors
/// When the image isn't right.
pub fn flattened(image: &Parts, layer: &NewLayer) -> Result<Parts, EditError> {
    let mut stack = Stack::default();
    stack.push(layer, image.is_docker());
    let created = layer.history.created;
    stack.put(image, |config| set_created(config, created))
}

fn set_created(config: &mut Map<String, Value>, created: Option<Timestamp>) {
    if let Some(created) = created {
        config.insert("created".to_owned(), json(&created));
    }
}

/// The layers of an image as its documents name them, with members that we don't know.
#[derive(Debug, Default)]
pub(super) struct Stack {
    pub(super) layers: Vec<Value>,
    pub(super) diff_ids: Vec<DiffId>,
    pub(super) history: Vec<Value>,
}

impl Stack {
    pub(super) fn of(image: &Parts) -> Result<Self, EditError> {
        let list = |raw: &Raw, key: &str| -> Result<Vec<Value>, EditError> {
            let members = Document::read(raw)?.members;
            Ok(members
                .get(key)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default())
        };
        Ok(Self {
            layers: list(image.manifest(), "layers")?,
            diff_ids: image.settings().rootfs.diff_ids.clone(),
            history: list(image.config(), "history")?,
        })
    }

    pub(super) fn push(&mut self, layer: &NewLayer, is_docker: bool) {
        self.layers
            .push(json(&fitted(layer.descriptor.clone(), is_docker)));
        self.diff_ids.push(layer.diff_id.clone());
        self.history.push(json(&layer.history));
    }

    /// A step for each layer that has none, so that those to come are told of their own layers.
    fn fill_history(&mut self) {
        let told = self.history.iter().filter(|step| makes_layer(step)).count();
        let untold = self.layers.len().saturating_sub(told);
        let blank = || Value::Object(Map::new());
        self.history
            .extend(std::iter::repeat_with(blank).take(untold));
    }

    /// Puts the layers in the place of those that the image has.
    pub(super) fn put(
        self,
        image: &Parts,
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Parts, EditError> {
        let mut config = Document::read(image.config())?;
        let mut manifest = Document::read(image.manifest())?;
        manifest
            .members
            .insert("layers".to_owned(), self.layers.into());
        let rootfs = config.object("rootfs");
        rootfs.entry("type").or_insert_with(|| "layers".into());
        rootfs.insert("diff_ids".to_owned(), json(&self.diff_ids));
        match self.history.is_empty() {
            true => drop(config.members.shift_remove("history")),
            false => drop(
                config
                    .members
                    .insert("history".to_owned(), self.history.into()),
            ),
        }
        edit(&mut config.members);
        image.with(manifest, config)
    }
}

/// A step of the build that made a layer.
pub(super) fn makes_layer(step: &Value) -> bool {
    !step
        .get("empty_layer")
        .and_then(Value::as_bool)
        .unwrap_or(false)
}
