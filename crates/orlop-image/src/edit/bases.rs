//! Rebase: which bases an image has and shall have, and the fitting image of each.

use std::collections::HashMap;

use orlop_distribution::{Client, ManifestRef};
use orlop_oci::edit::{Base, Parts, rebase};
use orlop_oci::{Descriptor, MAX_INDEX_DEPTH, Manifest, Platform, Raw, Reference, annotation};

use crate::copy::walk::{best, missing};
use crate::edit::edited::Bench;
use crate::error::{Error, Result};
use crate::lists::configuration;
use crate::origin::Origin;

/// An image that others stand on.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// Where it is.
    pub origin: Origin,
    /// Its index or manifest.
    pub target: Descriptor,
    /// What it is called, in full.
    pub name: String,
}

/// The base that goes and the one that comes. What isn't named is what an image's annotations say.
#[derive(Debug)]
pub struct Bases {
    client: Client,
    old: Option<BaseImage>,
    new: Option<BaseImage>,
    /// What annotations named, by that name.
    found: HashMap<String, BaseImage>,
    /// The number that the new base's origin has on the bench, by the base's name.
    homes: HashMap<String, usize>,
}

impl Bases {
    /// With these, or with what the annotations say, which `client` looks up.
    pub fn new(client: Client, old: Option<BaseImage>, new: Option<BaseImage>) -> Self {
        Self {
            client,
            old,
            new,
            found: HashMap::new(),
            homes: HashMap::new(),
        }
    }

    /// Puts an image onto its new base.
    pub(crate) async fn rebase(&mut self, image: &Parts, bench: &mut Bench) -> Result<Parts> {
        let noted = |key: &str| image.view().annotations.get(key).cloned();
        let said = noted(annotation::BASE_NAME);
        let new = match (&self.new, &said) {
            (Some(new), _) => new.clone(),
            (None, Some(name)) => self.find(name).await?,
            (None, None) => {
                return Err(unknown("new", annotation::BASE_NAME));
            }
        };
        let old = match (&self.old, said, noted(annotation::BASE_DIGEST)) {
            (Some(old), ..) => old.clone(),
            // Where the annotations say where it was, else where the new one is.
            (None, said, Some(digest)) => {
                let name: Reference = said.unwrap_or_else(|| new.name.clone()).parse()?;
                let pinned = name
                    .repository()
                    .with_digest(digest.parse().map_err(bad_digest)?);
                self.find(&pinned.to_string()).await?
            }
            (None, _, None) => return Err(unknown("old", annotation::BASE_DIGEST)),
        };
        let platform = &image.settings().platform;
        let old_parts = parts_for(&old, platform).await?;
        let new_parts = parts_for(&new, platform).await?;
        let home = match self.homes.get(&new.name) {
            Some(home) => *home,
            None => {
                let home = bench.origin(new.origin.clone());
                self.homes.insert(new.name.clone(), home);
                home
            }
        };
        let own = &image.layers()[old_parts.layers().len().min(image.layers().len())..];
        bench.at(0, own);
        bench.at(home, new_parts.layers());
        let base = Base {
            name: new.name.clone(),
            digest: new.target.digest.to_string(),
        };
        rebase(image, &old_parts, &old.name, &new_parts, &base)
            .map_err(Error::edit(image.manifest().digest()))
    }

    async fn find(&mut self, name: &str) -> Result<BaseImage> {
        if let Some(found) = self.found.get(name) {
            return Ok(found.clone());
        }
        let reference: Reference = name.parse::<Reference>()?.with_default_tag();
        let remote = self.client.repository(reference.repository());
        let target = remote.resolve(ManifestRef::of(&reference)).await?;
        let base = BaseImage {
            origin: Origin::Registry(remote),
            target,
            name: reference.to_string(),
        };
        self.found.insert(name.to_owned(), base.clone());
        Ok(base)
    }
}

fn unknown(which: &str, annotation: &str) -> Error {
    Error::Refused(format!(
        "could not determine the {which} base: the image has no annotation {annotation}, name it with --{which}-base"
    ))
}

fn bad_digest(error: orlop_oci::DigestError) -> Error {
    Error::Refused(format!("annotation {}: {error}", annotation::BASE_DIGEST))
}

/// The image of a base that runs where `platform` says.
async fn parts_for(base: &BaseImage, platform: &Platform) -> Result<Parts> {
    let raw = base.origin.described(&base.target).await?;
    let raw = image_for(base, raw, platform, 0).await?;
    let manifest = raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?;
    let Manifest::Image(image) = manifest else {
        return Err(Error::invalid(raw.digest(), "it is an index of indexes"));
    };
    let (config, _) = configuration(&base.origin, &image).await?;
    let digest = raw.digest().clone();
    Parts::new(raw, config).map_err(Error::edit(&digest))
}

async fn image_for(base: &BaseImage, raw: Raw, platform: &Platform, depth: usize) -> Result<Raw> {
    let manifest = raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?;
    let Manifest::Index(index) = manifest else {
        return Ok(raw);
    };
    if let Some(child) = best(&index.manifests, platform) {
        return base.origin.described(child).await;
    }
    let nested = index.manifests.iter().filter(|d| d.media_type.is_index());
    for child in nested.take_while(|_| depth < MAX_INDEX_DEPTH) {
        let below = base.origin.described(child).await?;
        match Box::pin(image_for(base, below, platform, depth + 1)).await {
            Err(Error::NoMatchingPlatform { .. }) => {}
            found => return found,
        }
    }
    Err(missing(&index.manifests, platform))
}
