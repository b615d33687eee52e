//! Images that others stand on, as the database knows them.

use jiff::Timestamp;
use orlop_oci::{ChainId, DiffId, Digest, Platform, Reference, chain_ids};

/// An image that others may stand on: one name of it, for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// Its name, with a tag.
    pub name: Reference,
    /// What the name stands for: the digest of an index or of the manifest.
    pub digest: Digest,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// What it runs on.
    pub platform: Platform,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// How many steps its history has.
    pub steps: usize,
    /// Its layers, bottom first; never none.
    pub diff_ids: Vec<DiffId>,
}

impl BaseImage {
    /// By which it is found: whoever stands on it has this chain too.
    pub fn chain(&self) -> ChainId {
        let mut chains = chain_ids(&self.diff_ids);
        // An image without layers is never made, and nothing is above it.
        chains
            .pop()
            .unwrap_or_else(|| ChainId(self.manifest.clone()))
    }
}

/// An image of the catalogue, with all its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueImage {
    /// Its names, in their order; never none.
    pub names: Vec<Reference>,
    /// What its names stand for, and its manifest: all digests that mean it.
    pub digests: Vec<Digest>,
    /// What it runs on.
    pub platform: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// How many steps its history has.
    pub steps: usize,
    /// How many layers it has.
    pub layers: usize,
}
