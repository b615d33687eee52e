//! Docker's own archive: `manifest.json`, with a configuration and the layers of each image.
//!
//! There is no manifest in it. It is made as containerd makes it, so that docker's containerd store and
//! Orlop know an archive by the same digest: Docker's schema 2, layers as they are in the archive. A layer
//! that isn't compressed is found under its diff ID, which the configuration tells, so that it needn't
//! be read here; whoever takes it hashes it.

use std::collections::HashMap;
use std::io::{Read as _, copy, sink};

use orlop_layer::DigestReader;
use orlop_oci::json::Object;
use orlop_oci::{
    Compression, Descriptor, Digest, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MediaType, Raw,
};
use serde::Deserialize;

use crate::blob::BlobAt;
use crate::compression::{HEAD, Outer};
use crate::error::{Error, Result};
use crate::image::{ImageList, Name};
use crate::place::Place;
use crate::spool::fill;

pub(crate) const MANIFEST_JSON: &str = "manifest.json";
/// Layers of an image. Docker has 127 at most.
pub(crate) const MAX_LAYERS: usize = 1024;
/// Bytes of all documents that are made for an archive.
const MAX_MADE: usize = 64 << 20;

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// What is made for an archive that has no manifests, and where the blobs are that they name.
#[derive(Debug, Default)]
pub(crate) struct Synthesis {
    pub(crate) documents: HashMap<Digest, Raw>,
    pub(crate) blobs: HashMap<Digest, BlobAt>,
    made: usize,
}

impl Synthesis {
    /// Keeps a document that was made here.
    pub(crate) fn keep(&mut self, place: &Place, raw: Raw) -> Result<()> {
        self.made += raw.bytes().len();
        if self.made > MAX_MADE {
            return Err(place.invalid("it has too many images without a manifest"));
        }
        self.documents.insert(raw.digest().clone(), raw);
        Ok(())
    }

    /// Makes and keeps the manifest of an image.
    pub(crate) fn manifest(
        &mut self,
        place: &Place,
        config: Descriptor,
        layers: Vec<Descriptor>,
    ) -> Result<Descriptor> {
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(MediaType::DockerManifest),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: Default::default(),
        };
        let bytes = serde_json::to_vec(&manifest).expect("a manifest has only texts for keys");
        let raw = Raw::new(MediaType::DockerManifest, bytes);
        let target = raw.descriptor();
        self.keep(place, raw)?;
        Ok(target)
    }

    /// The descriptor of a layer, and where it is. `diff_id` is what its configuration says it unpacks
    /// to.
    pub(crate) fn layer(
        &mut self,
        place: &Place,
        blob: &BlobAt,
        name: &str,
        diff_id: Option<&Digest>,
    ) -> Result<Descriptor> {
        let mut head = [0; HEAD];
        let read = || Error::io(format!("read {name} of {}", place.label()));
        let count = fill(&mut blob.reader(0), &mut head).map_err(read())?;
        let media_type = match Outer::sniff(&head[..count]) {
            Outer::None => MediaType::DockerLayer,
            Outer::Gzip => MediaType::DockerLayerGzip,
            Outer::Zstd => MediaType::DockerLayerZstd,
            Outer::Xz | Outer::Bzip2 => {
                let name = name.escape_debug();
                return Err(place.invalid(format!(
                    "layer {name} is compressed in a way that no image may have"
                )));
            }
        };
        let digest = match (media_type.layer_compression(), diff_id) {
            (Some(Compression::None), Some(diff_id)) => diff_id.clone(),
            _ => {
                let mut reader = DigestReader::new(blob.reader(0));
                copy(&mut reader.by_ref(), &mut sink()).map_err(read())?;
                reader.finish().0
            }
        };
        let descriptor = Descriptor::new(media_type, digest.clone(), blob.length());
        self.blobs.insert(digest, blob.clone());
        Ok(descriptor)
    }
}

/// The images of `manifest.json`; `None` when there is none.
pub(crate) fn images(place: &Place, made: &mut Synthesis) -> Result<Option<ImageList>> {
    let Some(entries) = place.json::<Vec<Object<Entry>>>(MANIFEST_JSON)? else {
        return Ok(None);
    };
    let mut images = ImageList::default();
    let mut reader = Reader {
        place,
        made,
        configs: HashMap::new(),
        layers: HashMap::new(),
    };
    for Object(entry) in entries {
        let target = reader.image(&entry)?;
        let tags = entry.repo_tags.unwrap_or_default();
        images.add(target, tags.iter().filter_map(|tag| Name::full(tag)));
    }
    Ok(Some(images))
}

/// Makes manifests of entries. Nothing is read twice, however often it is named.
struct Reader<'a> {
    place: &'a Place,
    made: &'a mut Synthesis,
    configs: HashMap<String, (Descriptor, ImageConfig)>,
    layers: HashMap<String, Descriptor>,
}

impl Reader<'_> {
    fn image(&mut self, entry: &Entry) -> Result<Descriptor> {
        let (config, parsed) = self.config(&entry.config)?;
        let names = entry.layers.as_deref().unwrap_or_default();
        let diff_ids = &parsed.rootfs.diff_ids;
        if names.len() != diff_ids.len() || names.len() > MAX_LAYERS {
            return Err(self.place.invalid(format!(
                "manifest.json has {} layers for an image, its configuration {}",
                names.len(),
                diff_ids.len()
            )));
        }
        let mut layers = Vec::with_capacity(names.len());
        for (name, diff_id) in names.iter().zip(diff_ids) {
            layers.push(self.layer(name, &diff_id.0)?);
        }
        let mut target = self.made.manifest(self.place, config, layers)?;
        target.platform = Some(parsed.platform).filter(|platform| !platform.is_empty());
        Ok(target)
    }

    fn config(&mut self, name: &str) -> Result<(Descriptor, ImageConfig)> {
        if let Some(known) = self.configs.get(name) {
            return Ok(known.clone());
        }
        let blob = self.find(name, "configuration")?;
        let bytes = self.place.bytes(&blob, name, MAX_CONFIG_SIZE)?;
        let config = ImageConfig::parse(&bytes);
        let config = config.map_err(Error::document(self.place.label(), name))?;
        let descriptor = Raw::new(MediaType::DockerConfig, bytes).descriptor();
        self.made.blobs.insert(descriptor.digest.clone(), blob);
        let known = (descriptor, config);
        self.configs.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    fn layer(&mut self, name: &str, diff_id: &Digest) -> Result<Descriptor> {
        if let Some(known) = self.layers.get(name) {
            let is_plain = known.media_type == MediaType::DockerLayer;
            if is_plain && known.digest != *diff_id {
                let name = name.escape_debug();
                return Err(self.place.invalid(format!("layer {name} has two diff IDs")));
            }
            return Ok(known.clone());
        }
        let blob = self.find(name, "layer")?;
        let layer = self.made.layer(self.place, &blob, name, Some(diff_id))?;
        self.layers.insert(name.to_owned(), layer.clone());
        Ok(layer)
    }

    fn find(&self, name: &str, what: &str) -> Result<BlobAt> {
        self.place.find(name)?.ok_or_else(|| {
            let name = name.escape_debug();
            self.place.invalid(format!("{what} {name} is not in it"))
        })
    }
}
