//! Import: the archive of a root file system becomes an image of one layer.

use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;
use orlop_archive::{Archived, Local, Made, Name, RootLayer};
use orlop_oci::{
    ContainerConfig, History, ImageConfig, ImageManifest, MediaType, Platform, Raw, Reference,
    RootFs,
};
use orlop_store::Cause;

use crate::cancel::Cancel;
use crate::change;
use crate::error::Result;
use crate::event::EventSink;
use crate::images::Images;
use crate::model::Loaded;
use crate::pull::{PullOptions, blocking};

/// What an image is made of beside its files.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What messages call the archive.
    pub label: String,
    /// The name that the image gets.
    pub name: Option<Reference>,
    /// Where it runs.
    pub platform: Platform,
    /// The comment on its only layer.
    pub message: String,
    /// Instructions of a Dockerfile that change its configuration; see [`change`].
    pub changes: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
}

impl Images {
    /// Makes an image of the archive in `reader`, as it is or compressed.
    ///
    /// # Errors
    /// When a change isn't one, when the archive can't be read or unpacked, when the disk doesn't take
    /// it, or [`crate::Error::Cancelled`]. Nothing is left then.
    pub async fn import(
        &self,
        reader: impl Read + Send + 'static,
        import: &ImportOptions,
        options: &PullOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Loaded> {
        let mut config = ContainerConfig::default();
        change::apply(&mut config, &import.changes)?;
        let (scratch, bounds) = (self.store.root().to_owned(), options.bounds.clone());
        let label = import.label.clone();
        let reading = blocking(move || Ok(RootLayer::read(reader, &label, &scratch, &bounds)?));
        let layer = tokio::select! {
            layer = reading => layer?,
            // Its thread ends with what it reads; the file has no name.
            () = cancel.cancelled() => return Err(crate::Error::Cancelled),
        };
        let image = made(layer, config, import);
        let local = Local::made(image);
        let image = &local.images()[0];
        self.load_because(Cause::Imported, &local, image, options, events, cancel)
            .await
    }
}

fn made(layer: RootLayer, config: ContainerConfig, import: &ImportOptions) -> Made {
    let config = ImageConfig {
        created: Some(import.created),
        platform: import.platform.clone(),
        config: Some(config),
        rootfs: RootFs {
            kind: "layers".to_owned(),
            diff_ids: vec![layer.diff_id],
        },
        history: vec![History {
            created: Some(import.created),
            comment: import.message.clone(),
            ..History::default()
        }],
        ..ImageConfig::default()
    };
    let json = |value: serde_json::Result<Vec<u8>>| value.expect("it has only texts for keys");
    let config = Raw::new(MediaType::OciConfig, json(serde_json::to_vec(&config)));
    let (size, digest) = (layer.descriptor.size, layer.descriptor.digest.clone());
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(MediaType::OciManifest),
        artifact_type: None,
        config: config.descriptor(),
        layers: vec![layer.descriptor],
        subject: None,
        annotations: Default::default(),
    };
    let manifest = Raw::new(MediaType::OciManifest, json(serde_json::to_vec(&manifest)));
    Made {
        label: import.label.clone(),
        image: Archived {
            names: import.name.iter().cloned().map(Name::from).collect(),
            target: manifest.descriptor(),
        },
        documents: vec![config, manifest],
        blobs: vec![(digest, layer.file, size)],
    }
}
