//! What is known of an image beside its manifest: the configurations of its platforms, and the SBOMs and
//! provenances that BuildKit attached to them (docs/attestations/attestation-storage.md).

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_oci::{Descriptor, Digest, ImageManifest, MAX_INDEX_DEPTH, Manifest, Platform, Raw};
use serde_json::Value;

use crate::attestations::{SLSA, SPDX, predicate, statements};
use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::lists::entries::configuration;
use crate::origin::Origin;

/// Documents that are asked for at once.
const AT_ONCE: usize = 8;

/// An image for one platform.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformDetails {
    /// Where it runs.
    pub platform: String,
    /// Its configuration, as it is.
    pub config: Value,
    /// Its SBOMs, in SPDX.
    pub sboms: Vec<Value>,
    /// How it was built, in SLSA's words.
    pub provenance: Option<Value>,
}

/// What to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// SBOMs.
    pub sboms: bool,
    /// Provenances.
    pub provenance: bool,
}

/// Fetches what is known of each platform of an image, sorted by platform.
///
/// # Errors
/// When something isn't there that is named, or breaks a rule.
pub async fn platform_details(
    origin: &Origin,
    target: &Descriptor,
    wanted: Wanted,
    cancel: &Cancel,
) -> Result<Vec<PlatformDetails>> {
    let fetching = async {
        let raw = origin.described(target).await?;
        let mut found = Found::default();
        found.look(origin, target.clone(), raw, 0).await?;
        let Found {
            images,
            attestations,
            budget,
        } = found;
        let details = images.into_iter().map(|(image, platform)| {
            let attestations: Vec<Descriptor> = attestations
                .iter()
                .filter(|(of, _)| *of == image.0)
                .map(|(_, descriptor)| descriptor.clone())
                .collect();
            details(origin, image.1, platform, attestations, wanted, &budget)
        });
        let details = stream::iter(details).buffered(AT_ONCE);
        let mut details: Vec<PlatformDetails> = details.try_collect().await?;
        details.sort_by(|a, b| a.platform.cmp(&b.platform));
        // Of two for one platform the last counts, as in buildx.
        details.dedup_by(|later, first| {
            let same = later.platform == first.platform;
            if same {
                std::mem::swap(later, first);
            }
            same
        });
        Ok(details)
    };
    tokio::select! {
        details = fetching => details,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

#[derive(Default)]
struct Found {
    /// With what an index says of where it runs.
    images: Vec<((Digest, ImageManifest), Option<Platform>)>,
    /// Of which image, and the attestation itself.
    attestations: Vec<(Digest, Descriptor)>,
    budget: Budget,
}

impl Found {
    async fn look(
        &mut self,
        origin: &Origin,
        descriptor: Descriptor,
        raw: Raw,
        depth: usize,
    ) -> Result<()> {
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        self.budget.take(raw.bytes().len() as u64, raw.digest())?;
        match manifest {
            Manifest::Image(image) if image.is_image() => {
                self.budget.take(image.config.size, &image.config.digest)?;
                let image = (raw.digest().clone(), image);
                self.images.push((image, descriptor.platform));
            }
            Manifest::Image(_) => {}
            Manifest::Index(_) if depth >= MAX_INDEX_DEPTH => {
                let why = format!("indexes nested deeper than {MAX_INDEX_DEPTH}");
                return Err(Error::invalid(raw.digest(), why));
            }
            Manifest::Index(index) => {
                let mut children = Vec::new();
                for child in index.manifests {
                    match child.attests() {
                        Some(of) => self.attestations.push((of, child)),
                        None => children.push(child),
                    }
                }
                let mut documents = stream::iter(children)
                    .map(async |child| Ok::<_, Error>((origin.described(&child).await?, child)))
                    .buffered(AT_ONCE);
                while let Some((raw, child)) = documents.try_next().await? {
                    Box::pin(self.look(origin, child, raw, depth + 1)).await?;
                }
            }
        }
        Ok(())
    }
}

async fn details(
    origin: &Origin,
    image: ImageManifest,
    platform: Option<Platform>,
    attestations: Vec<Descriptor>,
    wanted: Wanted,
    budget: &Budget,
) -> Result<PlatformDetails> {
    let (config, settings) = configuration(origin, &image).await?;
    let platform = platform.filter(|platform| !platform.is_empty());
    let platform = platform.unwrap_or(settings.platform).normalized();
    let mut details = PlatformDetails {
        platform: platform.to_string(),
        config: serde_json::from_slice(config.bytes()).unwrap_or_default(),
        sboms: Vec::new(),
        provenance: None,
    };
    if !wanted.sboms && !wanted.provenance {
        return Ok(details);
    }
    for attestation in attestations {
        for (kind, statement) in statements(origin, &attestation).await? {
            if wanted.sboms && kind == SPDX {
                details
                    .sboms
                    .push(predicate(origin, &statement, budget).await?);
            } else if wanted.provenance && kind.starts_with(SLSA) {
                details.provenance = Some(predicate(origin, &statement, budget).await?);
            }
        }
    }
    Ok(details)
}
