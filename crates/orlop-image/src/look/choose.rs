//! From what a name stands for to one image manifest and its configuration.

use orlop_oci::{
    Descriptor, Digest, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MAX_INDEX_DEPTH, Manifest,
    ManifestError, Platform, Raw,
};

use crate::content::image_manifest;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// One image of one platform.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The digest of its manifest.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: ImageManifest,
    /// Its configuration, which has as many diff IDs as the manifest has layers.
    pub config: ImageConfig,
}

/// Follows `target` to the image for `platform`; without one to that which runs here, or else to the
/// first that there is. `name` is what people call it, for errors.
///
/// # Errors
/// It isn't there for the platform, or is no image with file systems, or breaks a rule.
pub async fn choose(
    origin: &Origin,
    target: &Descriptor,
    name: &str,
    platform: Option<&Platform>,
) -> Result<Chosen> {
    let raw = origin.described(target).await?;
    let parsed = raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?;
    if let Manifest::Image(manifest) = parsed {
        let found = found(origin, &raw, manifest).await?;
        check_platform(&found, platform, name)?;
        return Ok(found);
    }
    let leaves = leaves(origin, raw).await?;
    let wanted = platform.cloned().unwrap_or_else(Platform::host);
    let matcher = wanted.matcher();
    let best = leaves
        .iter()
        .filter_map(|(descriptor, platform)| Some((matcher.rank(platform)?, descriptor)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, descriptor)| descriptor);
    let first = || leaves.first().map(|(descriptor, _)| descriptor);
    let chosen = match platform {
        Some(_) => best,
        None => best.or_else(first),
    };
    let Some(chosen) = chosen else {
        let there: Vec<String> = leaves.iter().map(|(_, p)| p.to_string()).collect();
        return Err(Error::NoMatchingPlatform {
            wanted: wanted.to_string(),
            available: match there.is_empty() {
                true => "none".to_owned(),
                false => there.join(", "),
            },
        });
    };
    let raw = origin.described(chosen).await?;
    let manifest = image_manifest(&raw)?;
    found(origin, &raw, manifest).await
}

/// Follows `target` to every image that can be had below it, one for each platform that an index names.
///
/// # Errors
/// As [`choose`].
pub async fn choose_all(origin: &Origin, target: &Descriptor) -> Result<Vec<Chosen>> {
    let raw = origin.described(target).await?;
    let parsed = raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?;
    if let Manifest::Image(manifest) = parsed {
        return Ok(vec![found(origin, &raw, manifest).await?]);
    }
    let mut all = Vec::new();
    for (descriptor, _) in leaves(origin, raw).await? {
        let raw = origin.described(&descriptor).await?;
        let manifest = image_manifest(&raw)?;
        all.push(found(origin, &raw, manifest).await?);
    }
    Ok(all)
}

/// The image manifests below an index that can be had, in its order, with their platforms.
async fn leaves(origin: &Origin, index: Raw) -> Result<Vec<(Descriptor, Platform)>> {
    let mut leaves = Vec::new();
    // Indexes in indexes, each with its depth; the last is the next.
    let mut waiting = vec![(index, 1)];
    while let Some((raw, depth)) = waiting.pop() {
        let parsed = raw
            .manifest()
            .map_err(Error::document("index", raw.digest()))?;
        let Manifest::Index(index) = parsed else {
            return Err(Error::invalid(
                raw.digest(),
                "a manifest where an index was promised",
            ));
        };
        for child in index.manifests {
            if child.is_attestation()
                || child.media_type.is_schema1()
                || !origin.has(&child.digest)?
            {
                continue;
            }
            if child.media_type.is_index() {
                if depth == MAX_INDEX_DEPTH {
                    let why = format!("indexes nested deeper than {MAX_INDEX_DEPTH}");
                    return Err(Error::invalid(raw.digest(), why));
                }
                waiting.push((origin.described(&child).await?, depth + 1));
                continue;
            }
            let named = child.platform.clone().filter(|p| !p.is_empty());
            let platform = match named {
                Some(platform) => Some(platform),
                None => platform_of(origin, &child).await?,
            };
            leaves.extend(platform.map(|platform| (child, platform)));
        }
    }
    Ok(leaves)
}

/// What the configuration says, where the index says nothing. None for what is no image.
async fn platform_of(origin: &Origin, descriptor: &Descriptor) -> Result<Option<Platform>> {
    let raw = origin.described(descriptor).await?;
    let manifest = image_manifest(&raw)?;
    if !manifest.is_image() {
        return Ok(None);
    }
    Ok(Some(config(origin, &manifest).await?.platform))
}

async fn found(origin: &Origin, raw: &Raw, manifest: ImageManifest) -> Result<Chosen> {
    let digest = raw.digest().clone();
    if !manifest.is_image() || !manifest.layers.iter().all(|l| l.media_type.is_layer()) {
        return Err(Error::invalid(
            &digest,
            "it is an artifact: it has no file systems as layers",
        ));
    }
    let config = config(origin, &manifest).await?;
    let (layers, diff_ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if layers != diff_ids {
        return Err(Error::invalid(
            &digest,
            format!("manifest has {layers} layers, its configuration {diff_ids}"),
        ));
    }
    Ok(Chosen {
        digest,
        manifest,
        config,
    })
}

async fn config(origin: &Origin, manifest: &ImageManifest) -> Result<ImageConfig> {
    let descriptor = &manifest.config;
    let digest = &descriptor.digest;
    if descriptor.size > MAX_CONFIG_SIZE {
        let source = ManifestError::TooLarge {
            size: descriptor.size,
            max: MAX_CONFIG_SIZE,
        };
        return Err(Error::document("config", digest)(source));
    }
    let bytes = origin.small_blob(descriptor).await?;
    let raw = Raw::described(descriptor, bytes).map_err(Error::document("config", digest))?;
    ImageConfig::parse(raw.bytes()).map_err(Error::document("config", digest))
}

/// A single image is taken as it is, unless a platform was asked for by name.
fn check_platform(found: &Chosen, platform: Option<&Platform>, name: &str) -> Result<()> {
    let actual = &found.config.platform;
    match platform {
        Some(wanted) if !actual.is_empty() && !wanted.matcher().matches(actual) => {
            Err(Error::WrongPlatform {
                reference: name.to_owned(),
                actual: actual.to_string(),
                wanted: wanted.to_string(),
            })
        }
        _ => Ok(()),
    }
}
