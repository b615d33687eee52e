//! `system df`: what the images take.

use std::collections::{BTreeMap, HashSet};

use orlop_oci::Digest;

use crate::error::Result;
use crate::images::Images;
use crate::model::{ContentKind, ContentUsage, DiskUsage, ImageSummary};

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

    /// What is held of removed images for an undo. All of it can be reclaimed.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn removed_usage(&self) -> Result<DiskUsage> {
        let size = self.held_bytes()?;
        Ok(DiskUsage {
            images: self.store.held()?.len(),
            active: 0,
            size,
            reclaimable: size,
        })
    }

    /// What lies in the store that no image needs.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn leftover_usage(&self) -> Result<DiskUsage> {
        let leftovers = self.store.leftovers()?;
        Ok(DiskUsage {
            images: usize::try_from(leftovers.count).unwrap_or(usize::MAX),
            active: 0,
            size: leftovers.total(),
            reclaimable: leftovers.reclaimable(),
        })
    }

    /// All that the store takes, by kinds. Kinds of which there is nothing are left out, but for blobs.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn content_usage(&self) -> Result<Vec<ContentUsage>> {
        let blobs = self.store.blobs()?;
        let mut layers: BTreeMap<String, (usize, u64)> = BTreeMap::new();
        for snapshot in self.store.snapshots()? {
            let (count, bytes) = layers.entry(snapshot.driver).or_default();
            *count += 1;
            *bytes += snapshot.bytes;
        }
        let leftovers = self.store.leftovers()?;
        let mut usage = vec![ContentUsage {
            kind: ContentKind::Blobs,
            count: Some(blobs.len()),
            size: blobs.iter().map(|blob| blob.size).sum(),
        }];
        let layers = layers.into_iter();
        usage.extend(layers.map(|(driver, (count, size))| ContentUsage {
            kind: ContentKind::Layers(driver),
            count: Some(count),
            size,
        }));
        for (kind, size) in [
            (ContentKind::Arriving, leftovers.arriving),
            (
                ContentKind::Unfinished,
                leftovers.unfinished + leftovers.orphans,
            ),
            (ContentKind::Quarantined, leftovers.quarantined),
            (ContentKind::Database, self.store.database_size()?),
        ] {
            if size > 0 {
                usage.push(ContentUsage {
                    kind,
                    count: None,
                    size,
                });
            }
        }
        Ok(usage)
    }
}
