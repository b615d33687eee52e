//! Images whose layers are the lowest of another: of the store, and of the database's catalogue.

use std::cmp::Reverse;

use orlop_image::look::Chosen;
use orlop_oci::{
    ChainId, Digest, ImageConfig, MAX_CONFIG_SIZE, MAX_MANIFEST_SIZE, Manifest, MediaType,
    Reference, Repository, chain_ids,
};
use orlop_store::Store;
use orlop_vuln::CatalogueImage;
use orlop_vuln::database::Database;

use super::{Claim, Evidence};
use crate::error::Result;
use crate::index::Indexed;

/// An image whose layers are the lowest of the one that was scanned.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The best first; never none.
    names: Vec<Reference>,
    /// What its names stand for first, then its manifest.
    pub(super) digests: Vec<Digest>,
    pub(super) layers: usize,
    pub(super) evidence: Evidence,
}

impl Known {
    pub(super) fn name(&self) -> &Reference {
        &self.names[0]
    }

    /// Its names but this one.
    pub(super) fn others(&self, name: &Reference) -> Vec<Reference> {
        let others = self.names.iter().filter(|it| *it != name);
        others.cloned().collect()
    }

    /// Whether somebody means this image: by its digest; or, where none is said, by its name.
    pub(super) fn is_meant(&self, claim: &Claim) -> bool {
        match &claim.digest {
            Some(digest) => self.digests.contains(digest),
            None => self.names.contains(&claim.name),
        }
    }
}

/// Those that are known, the one with most layers first; of the same layers, the official one first.
pub(super) fn images(
    indexed: &Indexed,
    image: &Chosen,
    store: Option<&Store>,
    database: Option<&Database>,
) -> Result<Vec<Known>> {
    let search = Search::new(indexed, image);
    let mut known = Vec::new();
    for (place, chain) in search.chains.iter().enumerate().rev() {
        if let Some(store) = store {
            known.extend(search.stored(store, place + 1, chain)?);
        }
        if let Some(database) = database {
            let images = database.base_images(chain)?;
            known.extend(images.into_iter().filter_map(|it| search.listed(it)));
        }
    }
    known.sort_by_key(|it| {
        let is_official = it.name().repository().is_official();
        let is_listed = it.evidence == Evidence::CatalogueLayers;
        (Reverse(it.layers), Reverse(is_official), Reverse(is_listed))
    });
    Ok(known)
}

/// What is looked for, and what of it can't be a base.
struct Search<'a> {
    image: &'a Chosen,
    chains: Vec<ChainId>,
    /// The image itself under all its digests.
    own: Vec<&'a Digest>,
    /// Its repository: other versions of it aren't what it stands on.
    repository: Option<Repository>,
}

impl<'a> Search<'a> {
    fn new(indexed: &'a Indexed, image: &'a Chosen) -> Self {
        let name: Option<Reference> = indexed.subject.name.parse().ok();
        Self {
            image,
            chains: chain_ids(&image.config.rootfs.diff_ids),
            own: indexed
                .subject
                .target
                .iter()
                .chain([&image.digest])
                .collect(),
            repository: name.map(|name| name.repository().clone()),
        }
    }

    fn stored(&self, store: &Store, layers: usize, chain: &ChainId) -> Result<Vec<Known>> {
        let mut found = Vec::new();
        for manifest in store.manifests_of_chain(chain)? {
            let mut digests = store.parents(&manifest)?;
            digests.push(manifest.clone());
            if digests.iter().any(|digest| self.own.contains(&digest)) {
                continue;
            }
            let mut names = Vec::new();
            for digest in &digests {
                names.extend(store.names_of(digest)?);
            }
            if names.is_empty() {
                // It had a name once: what it came from is known still.
                for repository in store.repositories_of(&manifest)? {
                    names.push(repository.with_digest(manifest.clone()));
                }
            }
            let is_whole = layers < self.chains.len() || self.goes_on_from(store, &manifest);
            if is_whole {
                found.extend(self.known(names, digests, layers, Evidence::StoredLayers));
            }
        }
        Ok(found)
    }

    fn listed(&self, listed: CatalogueImage) -> Option<Known> {
        let is_own = listed.digests.iter().any(|it| self.own.contains(&it));
        let is_below =
            listed.layers < self.chains.len() || listed.steps < self.image.config.history.len();
        if is_own || !is_below {
            return None;
        }
        let evidence = Evidence::CatalogueLayers;
        self.known(listed.names, listed.digests, listed.layers, evidence)
    }

    /// With a name that can be a base's.
    fn known(
        &self,
        mut names: Vec<Reference>,
        digests: Vec<Digest>,
        layers: usize,
        evidence: Evidence,
    ) -> Option<Known> {
        names.retain(|name| Some(name.repository()) != self.repository.as_ref());
        names.sort_by_cached_key(|name| {
            let tag = name.tag().unwrap_or_default().to_owned();
            let is_official = name.repository().is_official();
            let is_vague = tag.is_empty() || tag == orlop_oci::DEFAULT_TAG;
            let length = Reverse(tag.len());
            (!is_official, is_vague, length, name.to_string())
        });
        names.dedup();
        (!names.is_empty()).then_some(Known {
            names,
            digests,
            layers,
            evidence,
        })
    }

    /// Whether the image, which has the same layers, has all steps of another and more: it was made from
    /// it, by steps that changed no file.
    fn goes_on_from(&self, store: &Store, manifest: &Digest) -> bool {
        let Some(config) = config(store, manifest) else {
            return false;
        };
        let (ours, theirs) = (&self.image.config.history, &config.history);
        let mut pairs = ours.iter().zip(theirs);
        ours.len() > theirs.len() && pairs.all(|(our, their)| our.created_by == their.created_by)
    }
}

/// The configuration of an image of the store; none of one that is damaged, which `repair` is for.
fn config(store: &Store, manifest: &Digest) -> Option<ImageConfig> {
    let bytes = store.read_document(manifest, MAX_MANIFEST_SIZE).ok()?;
    // A document says itself of which type it is.
    let parsed = Manifest::parse(&MediaType::Other("".into()), &bytes).ok()?;
    let Manifest::Image(image) = parsed else {
        return None;
    };
    let config = store.read_document(&image.config.digest, MAX_CONFIG_SIZE);
    ImageConfig::parse(&config.ok()?).ok()
}
