//! What can be done with one image.

use orlop_oci::edit::{Changes, NewLayer, Parts, Setting, append, flattened};
use orlop_oci::{Descriptor, annotation};

use crate::edit::bases::Bases;
use crate::edit::edited::Bench;
use crate::edit::layer_file::{Flatten, LayerFile};
use crate::error::{Error, Result};
use crate::origin::Origin;

/// An edit, the same for every image of an index.
#[derive(Debug)]
pub enum Operation {
    /// Other settings.
    Change {
        /// Of each image.
        changes: Box<Changes>,
        /// Annotations of the index.
        index: Vec<Setting>,
    },
    /// More layers on top.
    Append {
        /// The lowest first.
        layers: Vec<LayerFile>,
        /// Note the image as the base of what it becomes: under this name.
        base: Option<String>,
    },
    /// Another base.
    Rebase(Box<Bases>),
    /// One layer in place of all.
    Flatten(Flatten),
}

impl Operation {
    /// Annotations of the index.
    pub(crate) fn of_index(&self) -> &[Setting] {
        match self {
            Self::Change { index, .. } => index,
            Self::Append { .. } | Self::Rebase(_) | Self::Flatten(_) => &[],
        }
    }

    /// Puts what all images get onto the bench.
    pub(crate) fn prepare(&self, bench: &mut Bench) -> Result<()> {
        if let Self::Append { layers, .. } = self {
            for LayerFile { layer, file } in layers {
                let file = file
                    .try_clone()
                    .map_err(Error::io("open the layer again"))?;
                bench.layer(&layer.descriptor, file);
            }
        }
        Ok(())
    }

    /// Edits one image, whose layers are in `from`. `whole` is what it is a part of.
    pub(crate) async fn apply(
        &mut self,
        image: &Parts,
        whole: &Descriptor,
        from: &Origin,
        bench: &mut Bench,
    ) -> Result<Parts> {
        let digest = image.manifest().digest();
        let edited = match self {
            Self::Change { changes, .. } => changes.apply(image),
            Self::Append { layers, base } => {
                let layers: Vec<NewLayer> = layers.iter().map(|file| file.layer.clone()).collect();
                append(image, &layers).and_then(|image| match base {
                    Some(name) => based_on(name, whole).apply(&image),
                    None => Ok(image),
                })
            }
            Self::Flatten(flatten) => {
                let LayerFile { layer, file } = flatten.layer(from, image).await?;
                bench.layer(&layer.descriptor, file);
                flattened(image, &layer)
            }
            Self::Rebase(bases) => return bases.rebase(image, bench).await,
        };
        edited.map_err(Error::edit(digest))
    }
}

fn based_on(name: &str, base: &Descriptor) -> Changes {
    let set = |key: &str, value: &str| Setting::Set(key.to_owned(), value.to_owned());
    Changes {
        annotations: vec![
            set(annotation::BASE_DIGEST, base.digest.as_str()),
            set(annotation::BASE_NAME, name),
        ],
        ..Changes::default()
    }
}
