//! Reading an image's documents from the store.

use std::collections::HashSet;

use orlop_oci::{
    Descriptor, Digest, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MAX_INDEX_DEPTH,
    MAX_MANIFEST_SIZE, Manifest, Platform, Raw,
};

use crate::error::{Error, Result};
use crate::facts::Fact;
use crate::images::Images;
use crate::model::{ManifestKind, ManifestSummary};
use crate::survey::Survey;

/// One image manifest of the store with its configuration.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) manifest: ImageManifest,
    pub(crate) config: ImageConfig,
}

impl Images {
    /// A document that `descriptor` names, verified.
    pub(crate) fn document(&self, descriptor: &Descriptor) -> Result<Raw> {
        let bytes = self
            .store
            .read_described(descriptor, MAX_MANIFEST_SIZE)
            .map_err(Error::stored(&descriptor.media_type))?;
        Raw::described(descriptor, bytes).map_err(Error::document("manifest", &descriptor.digest))
    }

    /// An image manifest and its configuration.
    pub(crate) fn content(&self, descriptor: &Descriptor) -> Result<Content> {
        let raw = self.document(descriptor)?;
        let manifest = image_manifest(&raw)?;
        let bytes = self
            .store
            .read_described(&manifest.config, MAX_CONFIG_SIZE)
            .map_err(Error::stored(&manifest.config.media_type))?;
        let config = ImageConfig::parse(&bytes)
            .map_err(Error::document("config", &manifest.config.digest))?;
        Ok(Content { manifest, config })
    }

    /// The manifests of an image, in the order of its index.
    pub(crate) fn manifests(
        &self,
        target: &Descriptor,
        survey: &Survey<'_>,
    ) -> Result<Vec<ManifestSummary>> {
        let mut manifests = Vec::with_capacity(1);
        let mut met = HashSet::new();
        self.add_manifests(target, survey, 0, &mut met, &mut manifests)?;
        Ok(manifests)
    }

    fn add_manifests(
        &self,
        descriptor: &Descriptor,
        survey: &Survey<'_>,
        depth: usize,
        met: &mut HashSet<(Digest, Option<String>)>,
        manifests: &mut Vec<ManifestSummary>,
    ) -> Result<()> {
        // As when it was pulled: what an index names twice is one thing.
        let platform = descriptor.platform.as_ref().map(Platform::to_string);
        if !met.insert((descriptor.digest.clone(), platform)) {
            return Ok(());
        }
        let fact = survey.fact(descriptor)?;
        if let Some(Fact::Index {
            manifests: children,
        }) = &fact
        {
            if depth < MAX_INDEX_DEPTH {
                for child in children {
                    self.add_manifests(child, survey, depth + 1, met, manifests)?;
                }
            }
            return Ok(());
        }
        let graph = &survey.graph;
        manifests.push(ManifestSummary {
            kind: kind(descriptor, fact.as_ref()),
            available: fact.is_some() && graph.is_complete(&descriptor.digest),
            content_size: graph.content_size([&descriptor.digest]),
            unpacked_size: graph.unpacked_size([&descriptor.digest]),
            containers: survey.containers(&descriptor.digest),
            descriptor: descriptor.clone(),
        });
        Ok(())
    }

    /// The manifest of `target` that fits `platform` best, or that would run here, or, when none
    /// does, the first that is here.
    pub(crate) fn choose_manifest(
        &self,
        name: &str,
        manifests: &[ManifestSummary],
        platform: Option<&Platform>,
    ) -> Result<Option<Descriptor>> {
        let images = || {
            manifests.iter().filter_map(|m| match &m.kind {
                ManifestKind::Image { platform } => Some((m, platform)),
                _ => None,
            })
        };
        let wanted = platform.cloned().unwrap_or_else(Platform::host);
        let matcher = wanted.matcher();
        let best = images()
            .filter(|(m, _)| m.available)
            .filter_map(|(m, p)| Some((matcher.rank(p)?, m)))
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, manifest)) = best {
            return Ok(Some(manifest.descriptor.clone()));
        }
        if platform.is_some() {
            return Err(if images().any(|(_, p)| matcher.matches(p)) {
                Error::NotPulled {
                    image: name.to_owned(),
                    platform: wanted.to_string(),
                }
            } else {
                let there: Vec<String> = images().map(|(_, p)| p.to_string()).collect();
                Error::NoMatchingPlatform {
                    wanted: wanted.to_string(),
                    available: there.join(", "),
                }
            });
        }
        Ok(images()
            .find(|(m, _)| m.available)
            .map(|(m, _)| m.descriptor.clone()))
    }
}

/// The image manifest that `raw` must be.
pub(crate) fn image_manifest(raw: &Raw) -> Result<ImageManifest> {
    match raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?
    {
        Manifest::Image(manifest) => Ok(manifest),
        Manifest::Index(_) => Err(Error::invalid(
            raw.digest(),
            "an index where an image manifest was promised",
        )),
    }
}

fn kind(descriptor: &Descriptor, fact: Option<&Fact>) -> ManifestKind {
    if descriptor.is_attestation() {
        return ManifestKind::Attestation {
            of: descriptor.attests(),
        };
    }
    let named = descriptor
        .platform
        .clone()
        .filter(|p| !p.is_empty() && !p.is_unknown());
    match (fact, named) {
        (Some(Fact::Artifact), _) => ManifestKind::Unknown,
        (Some(Fact::Image { platform, .. }), named) => ManifestKind::Image {
            platform: named.unwrap_or_else(|| platform.clone()),
        },
        (_, Some(platform)) => ManifestKind::Image { platform },
        _ => ManifestKind::Unknown,
    }
}
