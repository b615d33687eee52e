//! What names stand for at their registries, without pulling anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use orlop_distribution::{Client, ManifestRef, Remote};
use orlop_oci::{Descriptor, Digest, ImageManifest, Index, Manifest, Platform, Reference};

use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// What people compare of two images that had the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The digest of the index or manifest.
    pub digest: Digest,
    /// The platforms of an index, without attestations; empty for a single manifest.
    pub platforms: BTreeSet<Platform>,
    /// Bytes to download for the platform asked about: configuration and layers. None when the image
    /// has nothing for it.
    pub size: Option<u64>,
}

/// Looks names up, each once, at most `parallel` at a time. One that can't be looked up has its own
/// error beside the others' answers.
///
/// # Errors
/// [`Error::Cancelled`].
pub async fn look_up(
    client: &Client,
    names: BTreeSet<Reference>,
    parallel: usize,
    cancel: &Cancel,
) -> Result<BTreeMap<Reference, Result<Descriptor>>> {
    let ask = async |name: Reference| {
        let remote = client.repository(name.repository());
        let answer = remote.resolve(ManifestRef::of(&name)).await;
        (name, answer.map_err(Error::from))
    };
    let answers = stream::iter(names)
        .map(ask)
        .buffer_unordered(parallel.max(1))
        .collect::<BTreeMap<_, _>>();
    tokio::select! {
        answers = answers => Ok(answers),
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// Looks at an image of a repository as far as its documents tell, for the platform that it would be
/// pulled for.
///
/// # Errors
/// When the registry doesn't have it any more, or it breaks a rule.
pub async fn outline(remote: &Remote, digest: &Digest, platform: &Platform) -> Result<Outline> {
    let raw = remote.manifest(ManifestRef::Digest(digest)).await?;
    let mut outline = Outline {
        digest: digest.clone(),
        platforms: BTreeSet::new(),
        size: None,
    };
    match raw
        .manifest()
        .map_err(Error::document("manifest", digest))?
    {
        Manifest::Image(image) => outline.size = Some(download_size(&image)),
        Manifest::Index(index) => {
            outline.platforms = platforms(&index);
            if let Some(child) = best(&index, platform) {
                let raw = remote.manifest(ManifestRef::Digest(&child.digest)).await?;
                let manifest = raw.manifest();
                if let Manifest::Image(image) =
                    manifest.map_err(Error::document("manifest", &child.digest))?
                {
                    outline.size = Some(download_size(&image));
                }
            }
        }
    }
    Ok(outline)
}

fn platforms(index: &Index) -> BTreeSet<Platform> {
    let images = index
        .manifests
        .iter()
        .filter(|child| !child.is_attestation());
    let platforms = images.filter_map(|child| child.platform.clone());
    platforms
        .filter(|platform| !platform.is_unknown())
        .collect()
}

fn best<'a>(index: &'a Index, platform: &Platform) -> Option<&'a Descriptor> {
    let matcher = platform.matcher();
    let images = index
        .manifests
        .iter()
        .filter(|child| !child.is_attestation());
    images
        .filter_map(|child| Some((matcher.rank(child.platform.as_ref()?)?, child)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, child)| child)
}

fn download_size(image: &ImageManifest) -> u64 {
    let layers = image.layers.iter().map(|layer| layer.size);
    layers.fold(image.config.size, u64::saturating_add)
}
