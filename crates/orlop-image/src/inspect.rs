//! `inspect` and `history`: one image, looked at closely.

use orlop_oci::{Platform, chain_ids};
use orlop_snapshot::Below;

use crate::content::Content;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::model::{GraphDriver, HistoryEntry, ImageDetails};

impl Images {
    /// All about one image, seen for one platform.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or when `platform` is given and isn't here.
    pub fn inspect(&self, name: &str, platform: Option<&Platform>) -> Result<ImageDetails> {
        let found = self.find(name)?;
        let record = self
            .store
            .image(found.target())?
            .ok_or_else(|| Error::NoSuchImage(name.to_owned()))?;
        let summary = self.summary_of(&record)?;
        let manifest = self.choose_manifest(name, &summary.manifests, platform)?;
        let shown = manifest.as_ref().and_then(|d| {
            summary
                .manifests
                .iter()
                .find(|m| m.descriptor.digest == d.digest)
        });
        let size = shown.map_or(0, |m| m.content_size + m.unpacked_size);
        let content = manifest.as_ref().map(|d| self.content(d)).transpose()?;
        let graph_driver = content
            .as_ref()
            .map(|c| self.graph_driver(c))
            .unwrap_or_default();
        Ok(ImageDetails {
            target: record.target,
            config_digest: content.as_ref().map(|c| c.manifest.config.digest.clone()),
            config: content.map(|c| c.config),
            manifest,
            graph_driver,
            size,
            summary,
        })
    }

    fn graph_driver(&self, content: &Content) -> GraphDriver {
        let chains = chain_ids(&content.config.rootfs.diff_ids);
        // A whole tree is one directory; one that must be mounted first is none that can be looked into.
        let count = match (self.driver.has_files_in_place(), self.driver.needs_parent()) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => chains.len(),
        };
        let dir_of = |chain| self.driver.layer_dir(chain);
        GraphDriver {
            name: self.driver.name().to_owned(),
            directories: chains.iter().rev().take(count).map(dir_of).collect(),
        }
    }

    /// The steps that made an image, the last first.
    ///
    /// # Errors
    /// As [`Images::inspect`].
    pub fn history(&self, name: &str, platform: Option<&Platform>) -> Result<Vec<HistoryEntry>> {
        let details = self.inspect(name, platform)?;
        let (Some(descriptor), Some(config)) = (&details.manifest, &details.config) else {
            return Ok(Vec::new());
        };
        let sizes = self.layer_sizes(&self.content(descriptor)?)?;
        let mut sizes = sizes.into_iter();
        let mut entries: Vec<HistoryEntry> = config
            .history
            .iter()
            .map(|step| HistoryEntry {
                id: None,
                created: step.created,
                created_by: step.created_by.clone(),
                size: if step.empty_layer {
                    0
                } else {
                    sizes.next().unwrap_or_default()
                },
                comment: step.comment.clone(),
                tags: Vec::new(),
            })
            .collect();
        // Layers that no step tells of.
        entries.extend(sizes.map(|size| HistoryEntry {
            id: None,
            created: None,
            created_by: String::new(),
            size,
            comment: String::new(),
            tags: Vec::new(),
        }));
        entries.reverse();
        if let Some(first) = entries.first_mut() {
            first.id = Some(details.summary.id.clone());
            first.tags = details.summary.tags.clone();
        }
        Ok(entries)
    }

    /// Bytes of each layer, bottom first: unpacked, or compressed where it isn't unpacked.
    fn layer_sizes(&self, content: &Content) -> Result<Vec<u64>> {
        let chains = chain_ids(&content.config.rootfs.diff_ids);
        let mut sizes = Vec::with_capacity(chains.len());
        let mut below = 0;
        for (chain, layer) in chains.iter().zip(&content.manifest.layers) {
            let snapshot = self.store.snapshot(self.driver.name(), chain)?;
            sizes.push(match snapshot {
                // Such a snapshot is a copy of the one below, and more.
                Some(snapshot) if self.driver.below() == Below::Copied => snapshot
                    .bytes
                    .saturating_sub(std::mem::replace(&mut below, snapshot.bytes)),
                Some(snapshot) => snapshot.bytes,
                None => layer.size,
            });
        }
        Ok(sizes)
    }
}
