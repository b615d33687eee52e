//! What there is to copy: from a target to its manifests, children first, and their blobs.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_oci::{Descriptor, Digest, Index, MAX_INDEX_DEPTH, Manifest, Platform, Raw};

use crate::copy::{Copier, lock};
use crate::error::{Error, Result};

/// How many documents are asked for at once.
const DOCUMENTS: usize = 8;

/// What the destination needs for one target.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// The manifests and indexes below the target that aren't there, each after those that it names.
    pub(crate) manifests: Vec<Raw>,
    /// All other blobs that aren't known to be there, each once, and whether it is a layer.
    pub(crate) blobs: Vec<(Descriptor, bool)>,
    /// Every manifest and index of the target that is copied, the target too.
    pub(crate) all: Vec<Digest>,
}

impl Copier<'_> {
    /// The document that is copied: the target, or, when one platform is asked for, its manifest.
    pub(crate) async fn root(&self, target: &Descriptor) -> Result<Raw> {
        let platform = match self.options.platforms.as_slice() {
            [platform] => Some(platform),
            _ => None,
        };
        self.from.image_for(target, platform).await
    }

    /// What `root` needs at the destination. With `names_only` nothing has to be sent, and only the
    /// digests of its manifests are wanted.
    pub(crate) async fn load(&self, root: &Raw, names_only: bool) -> Result<Load> {
        let mut load = Load::default();
        let mut seen = HashSet::new();
        self.below(root, 0, names_only, &mut seen, &mut load)
            .await?;
        load.all.push(root.digest().clone());
        Ok(load)
    }

    async fn below(
        &self,
        raw: &Raw,
        depth: usize,
        names_only: bool,
        seen: &mut HashSet<Digest>,
        load: &mut Load,
    ) -> Result<()> {
        check_depth(raw, depth)?;
        match parse(raw)? {
            Manifest::Image(_) if names_only => {}
            Manifest::Image(manifest) => {
                let layers = manifest.layers.into_iter().map(|layer| (layer, true));
                let config = std::iter::once((manifest.config, false));
                for (blob, is_layer) in config.chain(layers) {
                    let known = lock(&self.there).contains(&blob.digest);
                    if !known && seen.insert(blob.digest.clone()) {
                        load.blobs.push((blob, is_layer));
                    }
                }
            }
            Manifest::Index(index) => {
                let children = self.chosen(index)?;
                let children = children
                    .into_iter()
                    .filter(|d| seen.insert(d.digest.clone()));
                let children: Vec<Descriptor> = children.collect();
                let documents = stream::iter(children)
                    .map(|child| self.child(child, names_only))
                    .buffered(DOCUMENTS);
                let documents: Vec<(Raw, bool)> = documents.try_collect().await?;
                for (child, is_there) in documents {
                    load.all.push(child.digest().clone());
                    // An index may be there without all that it names, a manifest not.
                    if is_there && !child.media_type().is_index() {
                        continue;
                    }
                    Box::pin(self.below(&child, depth + 1, names_only, seen, load)).await?;
                    if !is_there {
                        load.manifests.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    /// A child of an index, and whether the destination has it.
    async fn child(&self, child: Descriptor, names_only: bool) -> Result<(Raw, bool)> {
        let is_there = names_only
            || lock(&self.there).contains(&child.digest)
            || (!self.options.recheck && self.to.has_manifest(&child).await?);
        let raw = self.from.described(&child).await?;
        if is_there {
            lock(&self.there).insert(child.digest);
        }
        Ok((raw, is_there))
    }

    /// The children that are copied: all, or those of the platforms asked for with their attestations.
    fn chosen(&self, index: Index) -> Result<Vec<Descriptor>> {
        let platforms = &self.options.platforms;
        if platforms.len() < 2 {
            return Ok(index.manifests);
        }
        let mut wanted: HashSet<Digest> = HashSet::new();
        for platform in platforms {
            let best = best(&index.manifests, platform)
                .ok_or_else(|| missing(&index.manifests, platform))?;
            wanted.insert(best.digest.clone());
        }
        let is_wanted = |d: &Descriptor| {
            wanted.contains(&d.digest) || d.attests().is_some_and(|of| wanted.contains(&of))
        };
        Ok(index.manifests.into_iter().filter(is_wanted).collect())
    }
}

pub(crate) fn parse(raw: &Raw) -> Result<Manifest> {
    raw.manifest()
        .map_err(Error::document("manifest", raw.digest()))
}

pub(crate) fn check_depth(raw: &Raw, depth: usize) -> Result<()> {
    if depth <= MAX_INDEX_DEPTH {
        return Ok(());
    }
    Err(Error::invalid(
        raw.digest(),
        format!("indexes nested deeper than {MAX_INDEX_DEPTH}"),
    ))
}

/// Children of an index that say for which platform they are.
fn with_platforms(children: &[Descriptor]) -> impl Iterator<Item = (&Descriptor, &Platform)> {
    children
        .iter()
        .filter(|d| !d.is_attestation())
        .filter_map(|d| Some((d, d.platform.as_ref().filter(|p| !p.is_unknown())?)))
}

/// The one of an index's children that runs best there.
pub(crate) fn best<'a>(children: &'a [Descriptor], platform: &Platform) -> Option<&'a Descriptor> {
    let matcher = platform.matcher();
    with_platforms(children)
        .filter_map(|(d, p)| Some((matcher.rank(p)?, d)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, descriptor)| descriptor)
}

/// None of them runs there.
pub(crate) fn missing(children: &[Descriptor], platform: &Platform) -> Error {
    let there: Vec<String> = with_platforms(children)
        .map(|(_, p)| p.to_string())
        .collect();
    Error::NoMatchingPlatform {
        wanted: platform.to_string(),
        available: there.join(", "),
    }
}
