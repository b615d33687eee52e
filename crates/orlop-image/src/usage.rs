//! `system df`: what the images take.

use std::collections::HashSet;

use orlop_oci::Digest;

use crate::error::Result;
use crate::images::Images;
use crate::model::{DiskUsage, ImageSummary};

impl Images {
    /// What all images take on disk, shared content counted once, and what removing the unused ones
    /// would free.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn disk_usage(&self, images: &[ImageSummary]) -> Result<DiskUsage> {
        let graph = self.store.graph()?;
        let all: HashSet<&Digest> = images.iter().map(|image| &image.id).collect();
        let used: HashSet<&Digest> = images
            .iter()
            .filter(|image| image.containers > 0)
            .map(|image| &image.id)
            .collect();
        let size_of = |ids: &HashSet<&Digest>| {
            graph.content_size(ids.iter().copied()) + graph.unpacked_size(ids.iter().copied())
        };
        let size = size_of(&all);
        Ok(DiskUsage {
            images: images.len(),
            active: used.len(),
            size,
            reclaimable: size - size_of(&used),
        })
    }
}
