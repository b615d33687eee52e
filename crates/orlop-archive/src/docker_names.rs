//! The names that `manifest.json` adds to an archive that is an OCI layout too. The layout says what is
//! what; where docker's list calls an image by another name, it is found by its configuration.

use std::collections::{HashMap, HashSet};

use orlop_oci::json::Object;
use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH, MAX_MANIFEST_SIZE, Manifest, Raw};

use crate::docker::{Entry, MANIFEST_JSON};
use crate::error::{Error, Result};
use crate::image::{ImageList, Name};
use crate::place::Place;

/// Adds them.
pub(crate) fn add(place: &Place, images: &mut ImageList) -> Result<()> {
    let Some(entries) = place.json::<Vec<Object<Entry>>>(MANIFEST_JSON)? else {
        return Ok(());
    };
    let mut missing: HashMap<Digest, Vec<Name>> = HashMap::new();
    for Object(entry) in entries {
        let Some(config) = digest_of(&entry.config) else {
            continue;
        };
        let names = entry.repo_tags.unwrap_or_default();
        let names = names.iter().filter_map(|name| Name::full(name));
        let unknown = names.filter(|name| !images.has_name(name));
        missing.entry(config).or_default().extend(unknown);
    }
    missing.retain(|_, names| !names.is_empty());
    if missing.is_empty() {
        return Ok(());
    }
    let targets: Vec<Descriptor> = images.images().iter().map(|i| i.target.clone()).collect();
    for target in targets {
        let mut seen = HashSet::new();
        let mut configs = Vec::new();
        configs_of(place, &target, 0, &mut seen, &mut configs)?;
        for config in configs {
            images.add(target.clone(), missing.remove(&config).unwrap_or_default());
        }
    }
    Ok(())
}

/// `blobs/sha256/HEX`, and the older `HEX.json`.
fn digest_of(config: &str) -> Option<Digest> {
    let text = match config.strip_prefix("blobs/") {
        Some(path) => path.replacen('/', ":", 1),
        None => format!("sha256:{}", config.strip_suffix(".json")?),
    };
    text.parse().ok()
}

/// The configurations of all images below a target, as far as they are there.
fn configs_of(
    place: &Place,
    descriptor: &Descriptor,
    depth: usize,
    seen: &mut HashSet<Digest>,
    configs: &mut Vec<Digest>,
) -> Result<()> {
    let digest = &descriptor.digest;
    if depth > MAX_INDEX_DEPTH || !seen.insert(digest.clone()) {
        return Ok(());
    }
    let Some(blob) = place.blob(digest)? else {
        return Ok(());
    };
    let bytes = place.bytes(&blob, digest.as_str(), MAX_MANIFEST_SIZE)?;
    let fault = || Error::document(place.label(), digest.as_str());
    let raw = Raw::described(descriptor, bytes).map_err(fault())?;
    match raw.manifest().map_err(fault())? {
        Manifest::Image(manifest) => configs.push(manifest.config.digest),
        Manifest::Index(index) => {
            for child in &index.manifests {
                if child.media_type.is_index() || child.media_type.is_manifest() {
                    configs_of(place, child, depth + 1, seen, configs)?;
                }
            }
        }
    }
    Ok(())
}
