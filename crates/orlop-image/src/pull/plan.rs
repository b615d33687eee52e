//! What a pull has to bring: from a name to manifests, configurations and layers.

use std::collections::{HashMap, HashSet};

use orlop_fs::Position;
use orlop_oci::{
    ChainId, Descriptor, DiffId, Digest, ImageConfig, ImageManifest, Index, MAX_CONFIG_SIZE,
    MAX_INDEX_DEPTH, MAX_MANIFEST_SIZE, Manifest, Platform, Raw, chain_ids,
};

use crate::content::image_manifest;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::origin::Origin;
use crate::pull::Platforms;

/// Everything that a pull has to bring.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What the name stands for.
    pub(crate) target: Raw,
    /// All manifests, indexes and configurations.
    pub(crate) documents: Vec<Raw>,
    /// Which document names which.
    pub(crate) edges: Vec<(Digest, Digest)>,
    /// The images chosen.
    pub(crate) images: Vec<PlannedImage>,
}

/// One manifest of the plan.
#[derive(Debug)]
pub(crate) struct PlannedImage {
    pub(crate) manifest: Digest,
    pub(crate) platform: Platform,
    /// File-system layers with their identities, bottom first; empty for an artifact.
    pub(crate) layers: Vec<PlannedLayer>,
    /// Blobs that aren't layers: an artifact's, an attestation's.
    pub(crate) others: Vec<Descriptor>,
    /// Whether the layers are unpacked now.
    pub(crate) unpack: bool,
}

/// One layer of an image.
#[derive(Clone, Debug)]
pub(crate) struct PlannedLayer {
    pub(crate) descriptor: Descriptor,
    pub(crate) diff_id: DiffId,
    pub(crate) chain: ChainId,
    /// The chains of the layers below, bottom first.
    pub(crate) below: Vec<ChainId>,
}

impl PlannedLayer {
    /// The chain that this layer stands on.
    pub(crate) fn parent(&self) -> Option<&ChainId> {
        self.below.last()
    }

    /// Whether there are layers below, for whoever unpacks it.
    pub(crate) fn position(&self) -> Position {
        match self.parent() {
            Some(_) => Position::Above,
            None => Position::Bottom,
        }
    }
}

/// Layers of an image with the identities that its configuration gives them.
pub(crate) fn layers_of(
    digest: &Digest,
    manifest: &ImageManifest,
    config: &ImageConfig,
) -> Result<Vec<PlannedLayer>> {
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(Error::invalid(
            digest,
            format!(
                "manifest has {} layers, its configuration {}",
                manifest.layers.len(),
                diff_ids.len()
            ),
        ));
    }
    let chains = chain_ids(diff_ids);
    let layers =
        manifest
            .layers
            .iter()
            .zip(diff_ids)
            .enumerate()
            .map(|(n, (descriptor, diff_id))| PlannedLayer {
                descriptor: descriptor.clone(),
                diff_id: diff_id.clone(),
                chain: chains[n].clone(),
                below: chains[..n].to_vec(),
            });
    Ok(layers.collect())
}

/// Reads documents from the store, or from the registry when it hasn't them.
pub(crate) struct Planner<'a> {
    images: &'a Images,
    /// Nothing when only the store may be asked.
    origin: Option<&'a Origin>,
    plan_documents: Vec<Raw>,
    edges: Vec<(Digest, Digest)>,
    /// Indexes and leaves that were met: indexes of one index many times over, some levels deep, would
    /// otherwise have no end.
    met: HashSet<(Digest, Option<String>)>,
}

/// A leaf of the tree of indexes.
struct Leaf {
    descriptor: Descriptor,
    platform: Option<Platform>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(images: &'a Images, origin: Option<&'a Origin>) -> Self {
        Self {
            images,
            origin,
            plan_documents: Vec::new(),
            edges: Vec::new(),
            met: HashSet::new(),
        }
    }

    /// Follows `target` to the images that `platforms` asks for.
    pub(crate) async fn plan(
        mut self,
        target: Raw,
        platforms: &Platforms,
        name: &str,
    ) -> Result<Plan> {
        let parsed = target
            .manifest()
            .map_err(Error::document("manifest", target.digest()))?;
        let mut chosen = Vec::new();
        match parsed {
            Manifest::Image(manifest) => {
                let image = self.image(&target, &manifest, true).await?;
                check_platform(&image, platforms, name)?;
                chosen.push(image);
            }
            Manifest::Index(index) => {
                let leaves = self.leaves(&target, &index, 1).await?;
                let leaves = self.without_missing(leaves).await?;
                for (descriptor, unpack) in self.choose(leaves, platforms).await? {
                    let raw = self.manifest(&descriptor).await?;
                    let manifest = image_manifest(&raw)?;
                    chosen.push(self.image(&raw, &manifest, unpack).await?);
                    self.plan_documents.push(raw);
                }
            }
        }
        self.plan_documents.push(target.clone());
        Ok(Plan {
            target,
            documents: self.plan_documents,
            edges: self.edges,
            images: chosen,
        })
    }

    /// All manifests below an index, in its order, with the platform each is for.
    async fn leaves(&mut self, raw: &Raw, index: &Index, depth: usize) -> Result<Vec<Leaf>> {
        if depth > MAX_INDEX_DEPTH {
            return Err(Error::invalid(
                raw.digest(),
                format!("indexes nested deeper than {MAX_INDEX_DEPTH}"),
            ));
        }
        let mut leaves = Vec::new();
        for child in &index.manifests {
            let platform = child.platform.clone().filter(|p| !p.is_empty());
            let met = (
                child.digest.clone(),
                platform.as_ref().map(Platform::to_string),
            );
            if !self.met.insert(met) {
                continue;
            }
            self.edges
                .push((raw.digest().clone(), child.digest.clone()));
            if child.media_type.is_index() {
                if !self.has(&child.digest)? {
                    continue;
                }
                let nested = self.manifest(child).await?;
                let Manifest::Index(below) = nested
                    .manifest()
                    .map_err(Error::document("index", nested.digest()))?
                else {
                    return Err(Error::invalid(
                        nested.digest(),
                        "a manifest where an index was promised",
                    ));
                };
                leaves.extend(Box::pin(self.leaves(&nested, &below, depth + 1)).await?);
                self.plan_documents.push(nested);
            } else if !child.media_type.is_schema1() {
                // A schema 1 child can't be pulled, but its neighbours can.
                leaves.push(Leaf {
                    descriptor: child.clone(),
                    platform,
                });
            }
        }
        Ok(leaves)
    }

    /// The leaves of which all can be had, unless there is none.
    async fn without_missing(&self, leaves: Vec<Leaf>) -> Result<Vec<Leaf>> {
        let mut known: HashMap<Digest, bool> = HashMap::new();
        let mut whole = Vec::with_capacity(leaves.len());
        for leaf in &leaves {
            let digest = &leaf.descriptor.digest;
            let is_whole = match known.get(digest) {
                Some(&is_whole) => is_whole,
                None => self.is_whole(&leaf.descriptor).await?,
            };
            known.insert(digest.clone(), is_whole);
            whole.push(is_whole);
        }
        if !whole.contains(&true) {
            // What is missing will be told.
            return Ok(leaves);
        }
        let kept = leaves.into_iter().zip(whole).filter(|(_, whole)| *whole);
        Ok(kept.map(|(leaf, _)| leaf).collect())
    }

    async fn is_whole(&self, descriptor: &Descriptor) -> Result<bool> {
        if !matches!(self.origin, Some(Origin::Local(_))) {
            return Ok(true);
        }
        if !self.has(&descriptor.digest)? {
            return Ok(false);
        }
        let raw = self.manifest(descriptor).await?;
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        for child in manifest.children() {
            if !self.has(&child.digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a blob is here or can be had.
    fn has(&self, digest: &Digest) -> Result<bool> {
        Ok(self.images.store.blob(digest)?.is_some()
            || self.origin.map_or(Ok(true), |origin| origin.has(digest))?)
    }

    /// The leaves that are wanted, and whether each is unpacked.
    async fn choose(
        &mut self,
        mut leaves: Vec<Leaf>,
        platforms: &Platforms,
    ) -> Result<Vec<(Descriptor, bool)>> {
        for leaf in &mut leaves {
            if leaf.platform.is_none()
                && leaf.descriptor.media_type.is_manifest()
                && !leaf.descriptor.is_attestation()
            {
                leaf.platform = self.platform_of(&leaf.descriptor).await?;
            }
        }
        let best = |platform: &Platform| -> Option<usize> {
            let matcher = platform.matcher();
            let ranked = leaves
                .iter()
                .enumerate()
                .filter(|(_, leaf)| !leaf.descriptor.is_attestation());
            ranked
                .filter_map(|(n, leaf)| Some((matcher.rank(leaf.platform.as_ref()?)?, n)))
                .min()
                .map(|(_, n)| n)
        };
        let missing = |platform: &Platform| Error::NoMatchingPlatform {
            wanted: platform.to_string(),
            available: available(&leaves),
        };
        let chosen: Vec<(usize, bool)> = match platforms {
            Platforms::Host => {
                let host = Platform::host();
                vec![(best(&host).ok_or_else(|| missing(&host))?, true)]
            }
            Platforms::These(wanted) => {
                let mut chosen = Vec::new();
                for platform in wanted {
                    let n = best(platform).ok_or_else(|| missing(platform))?;
                    if !chosen.contains(&(n, true)) {
                        chosen.push((n, true));
                    }
                }
                chosen
            }
            Platforms::All => {
                let host = best(&Platform::host());
                (0..leaves.len()).map(|n| (n, Some(n) == host)).collect()
            }
        };
        Ok(chosen
            .into_iter()
            .map(|(n, unpack)| (leaves[n].descriptor.clone(), unpack))
            .collect())
    }

    /// What the configuration says, where the index says nothing.
    async fn platform_of(&mut self, descriptor: &Descriptor) -> Result<Option<Platform>> {
        let raw = self.manifest(descriptor).await?;
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        match manifest {
            Manifest::Image(manifest) if manifest.is_image() => {
                let (_, config) = self.config(&manifest).await?;
                Ok(Some(config.platform))
            }
            _ => Ok(None),
        }
    }

    async fn image(
        &mut self,
        raw: &Raw,
        manifest: &ImageManifest,
        unpack: bool,
    ) -> Result<PlannedImage> {
        let digest = raw.digest().clone();
        for child in std::iter::once(&manifest.config).chain(&manifest.layers) {
            self.edges.push((digest.clone(), child.digest.clone()));
        }
        let only_layers =
            !manifest.layers.is_empty() && manifest.layers.iter().all(|l| l.media_type.is_layer());
        if !manifest.is_image() || !(only_layers || manifest.layers.is_empty()) {
            // An artifact or attestations: nothing to unpack, and its configuration is any blob.
            let mut others = manifest.layers.clone();
            if manifest.is_image() {
                let (config, _) = self.config(manifest).await?;
                self.plan_documents.push(config);
            } else {
                others.push(manifest.config.clone());
            }
            return Ok(PlannedImage {
                manifest: digest,
                platform: Platform::default(),
                layers: Vec::new(),
                others,
                unpack: false,
            });
        }
        let (config_raw, config) = self.config(manifest).await?;
        let layers = layers_of(&digest, manifest, &config)?;
        self.plan_documents.push(config_raw);
        Ok(PlannedImage {
            manifest: digest,
            platform: config.platform,
            layers,
            others: Vec::new(),
            unpack,
        })
    }

    async fn config(&mut self, manifest: &ImageManifest) -> Result<(Raw, ImageConfig)> {
        let raw = self.blob(&manifest.config).await?;
        let config =
            ImageConfig::parse(raw.bytes()).map_err(Error::document("config", raw.digest()))?;
        Ok((raw, config))
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Raw> {
        if let Some(raw) = self.stored(descriptor, MAX_MANIFEST_SIZE)? {
            return Ok(raw);
        }
        let origin = self.origin_of(&descriptor.digest)?;
        let raw = origin
            .manifest(&descriptor.digest, Some(&descriptor.media_type))
            .await?;
        raw.as_described(descriptor)
            .map_err(Error::document("manifest", &descriptor.digest))
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Raw> {
        if descriptor.size > MAX_CONFIG_SIZE {
            return Err(Error::Document {
                what: "config",
                digest: descriptor.digest.clone(),
                source: orlop_oci::ManifestError::TooLarge {
                    size: descriptor.size,
                    max: MAX_CONFIG_SIZE,
                },
            });
        }
        if let Some(raw) = self.stored(descriptor, MAX_CONFIG_SIZE)? {
            return Ok(raw);
        }
        let bytes = self
            .origin_of(&descriptor.digest)?
            .small_blob(descriptor)
            .await?;
        Raw::described(descriptor, bytes).map_err(Error::document("config", &descriptor.digest))
    }

    fn stored(&self, descriptor: &Descriptor, max: u64) -> Result<Option<Raw>> {
        if self.images.store.blob(&descriptor.digest)?.is_none() {
            return Ok(None);
        }
        match self.images.store.read_described(descriptor, max) {
            Ok(bytes) => Ok(Some(
                Raw::described(descriptor, bytes)
                    .map_err(Error::document("document", &descriptor.digest))?,
            )),
            // A damaged document is fetched again when there is somewhere to fetch it from.
            Err(_) if self.origin.is_some() => Ok(None),
            Err(error) => Err(Error::stored(&descriptor.media_type)(error)),
        }
    }

    fn origin_of(&self, digest: &Digest) -> Result<&'a Origin> {
        self.origin
            .ok_or_else(|| Error::invalid(digest, "its content is not in the store"))
    }
}

fn available(leaves: &[Leaf]) -> String {
    let mut platforms: Vec<String> = leaves
        .iter()
        .filter(|leaf| !leaf.descriptor.is_attestation())
        .filter_map(|leaf| leaf.platform.as_ref())
        .filter(|platform| !platform.is_unknown())
        .map(ToString::to_string)
        .collect();
    platforms.dedup();
    if platforms.is_empty() {
        "none".to_owned()
    } else {
        platforms.join(", ")
    }
}

/// A single image is taken as it is, unless a platform was asked for by name.
fn check_platform(image: &PlannedImage, platforms: &Platforms, name: &str) -> Result<()> {
    let Platforms::These(wanted) = platforms else {
        return Ok(());
    };
    if image.platform.is_empty() || wanted.iter().any(|p| p.matcher().matches(&image.platform)) {
        return Ok(());
    }
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    Err(Error::WrongPlatform {
        reference: name.to_owned(),
        actual: image.platform.to_string(),
        wanted: wanted.join(", "),
    })
}
