//! What is inside an image: the files of its layers, as the headers of their archives tell, without
//! unpacking anything.
//!
//! ```text
//! Origin ─▶ wire ─▶ hash, inflate ─▶ belt ─▶ hash, tar headers ─▶ LayerFiles ─▶ FileTree ─▶ waste,
//!  task      (32)  └── thread 1 ──┘  (6)   └──── thread 2 ──────┘  one a layer    all      changes,
//! ```                                                                                      differences
//!
//! - [`look`] reads the layers side by side, each by the same two threads that a pull has, and checks
//!   what a pull checks: digest, size, bounds, diff ID. Files pass and are gone. Their contents are hashed
//!   when a comparison was asked for, because only then two files of one size have to be told apart.
//! - [`FileTree`] lays the layers upon each other once. What the image looks like up to any layer, or how
//!   two layers differ, is a walk over it: a tree for each layer would hold every name as often as there
//!   are layers.
//! - [`Waste`] is what dive calls inefficiency, by dive's definitions; [`FileTree::changes_of`] is what one
//!   layer did; [`diff_files`] and [`diff_configs`] compare two images.
//!
//! Paths are those that the layers write. A layer that reaches through a symbolic link of a layer below
//! is shown as it is written, with a directory where the link is.

mod choose;
mod compare;
mod diff;
mod diff_config;
mod layer;
mod record;
mod steps;
mod tree;
mod waste;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use orlop_layer::Bounds;
use orlop_oci::{Descriptor, DiffId, Digest, ImageConfig, ImageManifest, Platform};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{Event, EventSink};
use crate::origin::Origin;

pub use choose::{Chosen, choose, choose_all};
pub use compare::{Change, Comparison, Differences};
pub use diff::{FileDifference, diff_files};
pub use diff_config::{ConfigDifference, diff_configs};
pub use layer::{LayerFiles, LayerToRead, PassingTar, pass_layer};
pub use record::{FileKind, FileRecord, Record, RecordKind};
pub use steps::{LayerChange, Step, steps};
pub use tree::{FileTree, NodeId};
pub use waste::{Waste, WastedPath};

use layer::{Budget, Hashing};

/// The manifest of the image that `target` of `origin` stands for: for `platform`, without one for that
/// which runs here, or else the first that there is. `name` is what people call it, for errors.
pub(crate) async fn image_for(
    origin: &Origin,
    target: &Descriptor,
    name: &str,
    platform: Option<&Platform>,
) -> Result<ImageManifest> {
    let found = choose(origin, target, name, platform).await?;
    Ok(found.manifest)
}

/// How to look.
#[derive(Clone, Debug)]
pub struct LookOptions {
    /// For which platform; the one that runs here when none is named, or else whatever there is.
    pub platform: Option<Platform>,
    /// Hash the contents of files, for whoever compares them.
    pub contents: bool,
    /// How many layers are read at once.
    pub parallel: usize,
    /// What the layers may ask of the machine. The entries are those of all layers together.
    pub bounds: Bounds,
}

impl Default for LookOptions {
    fn default() -> Self {
        Self {
            platform: None,
            contents: true,
            parallel: 4,
            bounds: Bounds::default(),
        }
    }
}

/// An image of one platform, and the files of its layers.
#[derive(Clone, Debug)]
pub struct ImageFiles {
    /// The digest of what was asked for: an index, or the manifest itself.
    pub target: Digest,
    /// The manifest.
    pub manifest: ImageManifest,
    /// Its digest.
    pub digest: Digest,
    /// The configuration.
    pub config: ImageConfig,
    /// The layers, bottom first, as many as the configuration has diff IDs.
    pub layers: Vec<Arc<LayerFiles>>,
}

impl ImageFiles {
    /// The layers laid upon each other.
    pub fn tree(&self) -> FileTree {
        FileTree::stack(&self.layers)
    }
}

/// Reads the files of images that will be compared with each other: what two images share is read once.
#[derive(Debug)]
pub struct Looker {
    options: LookOptions,
    hashing: Hashing,
    budget: Arc<Budget>,
    read: HashMap<DiffId, Arc<LayerFiles>>,
}

impl Looker {
    /// Nothing is read yet.
    pub fn new(options: LookOptions) -> Self {
        Self {
            hashing: Hashing::new(options.contents),
            budget: Arc::new(Budget::new(&options.bounds)),
            options,
            read: HashMap::new(),
        }
    }

    /// Reads the image that `target` of `origin` stands for. `name` is what people call it, for errors.
    ///
    /// # Errors
    /// It isn't there for the platform, is no image with file systems, breaks a bound, isn't what its
    /// digests promise; or [`Error::Cancelled`].
    pub async fn look(
        &mut self,
        origin: &Origin,
        target: &Descriptor,
        name: &str,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<ImageFiles> {
        let found = choose(origin, target, name, self.options.platform.as_ref());
        let found = tokio::select! {
            found = found => found?,
            () = cancel.cancelled() => return Err(Error::Cancelled),
        };
        let diff_ids = &found.config.rootfs.diff_ids;
        let mut wanted: Vec<LayerToRead> = Vec::new();
        for (descriptor, diff_id) in found.manifest.layers.iter().zip(diff_ids) {
            let known = self.read.contains_key(diff_id);
            if !known && !wanted.iter().any(|layer| layer.diff_id == *diff_id) {
                wanted.push(LayerToRead {
                    descriptor: descriptor.clone(),
                    diff_id: diff_id.clone(),
                });
            }
        }
        self.read_layers(origin, wanted, events, cancel).await?;
        let layers = found.manifest.layers.iter().zip(diff_ids);
        let layers = layers.map(|(_, diff_id)| Arc::clone(&self.read[diff_id]));
        Ok(ImageFiles {
            target: target.digest.clone(),
            layers: layers.collect(),
            manifest: found.manifest,
            digest: found.digest,
            config: found.config,
        })
    }

    async fn read_layers(
        &mut self,
        origin: &Origin,
        wanted: Vec<LayerToRead>,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<()> {
        // Told in their order, before they are read in any order.
        for layer in &wanted {
            events.emit(Event::Blob {
                digest: layer.descriptor.digest.clone(),
                layer: true,
                state: crate::event::BlobState::Pending,
            });
        }
        let options = &self.options;
        let read = |layer: LayerToRead| {
            let bounds = options.bounds.clone();
            let (hashing, budget) = (self.hashing.clone(), Arc::clone(&self.budget));
            layer::read(origin, layer, bounds, hashing, budget, events, cancel)
        };
        let mut reading = stream::iter(wanted)
            .map(read)
            .buffer_unordered(options.parallel.max(1));
        let mut done = Vec::new();
        while let Some(layer) = reading.next().await {
            done.push(layer?);
        }
        drop(reading);
        self.read
            .extend(done.into_iter().map(|l| (l.diff_id.clone(), Arc::new(l))));
        Ok(())
    }
}
