//! Which image an image stands on, who says so, and how sure that is.
//!
//! ```text
//! provenance   what the builder stated beside the image    names, digests; with mode=max also layers
//! annotations  of the manifest, and then labels            a name, a digest
//! layers       the longest stack of them that is known     images of the store, the database's catalogue
//! ```
//!
//! What is only said can be wrong, or a lie: it is compared with the layers of images that are known, and
//! how far it is believed is told with it. Official is what was compared, or what the builder stated.

mod declared;
mod known;
mod provenance;

use std::sync::Arc;

use orlop_image::event::EventSink;
use orlop_image::{Cancel, Images, Origin};
use orlop_oci::{Descriptor, Digest, Reference};
use orlop_vuln::database::Database;

use crate::error::Result;
use crate::index::{Indexed, Indexer};

use known::Known;
use provenance::Stated;

/// The image that another stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its name, with a tag or a digest.
    pub name: Reference,
    /// Other names of the same image.
    pub others: Vec<Reference>,
    /// What its name stands for, where that is known: the digest of an index or manifest.
    pub digest: Option<Digest>,
    /// How many of the image's layers are its, counted from the bottom, where that is known.
    pub layers: Option<usize>,
    /// Who says so.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
    /// It is a Docker Official Image.
    pub is_official: bool,
}

/// Who says what an image stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The builder's provenance.
    Provenance,
    /// The annotations of the manifest.
    Annotations,
    /// The labels of the configuration.
    Labels,
    /// The layers are those of an image of the store.
    StoredLayers,
    /// The layers are those of an image of the database's catalogue.
    CatalogueLayers,
}

impl Evidence {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provenance => "provenance",
            Self::Annotations => "annotations",
            Self::Labels => "labels",
            Self::StoredLayers => "layers-of-store",
            Self::CatalogueLayers => "layers-of-catalogue",
        }
    }

    /// Nobody says so: it was found out.
    pub fn is_detected(self) -> bool {
        matches!(self, Self::StoredLayers | Self::CatalogueLayers)
    }
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is only said, and nothing here can tell whether it is right.
    Low,
    /// The builder states it; or the layers say so alone, and another image may have the same.
    Medium,
    /// The layers are those of an image of the catalogue, or of an official one.
    High,
    /// It is said, and the layers are the same.
    Certain,
}

impl Confidence {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }
}

/// What somebody says an image stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    name: Reference,
    digest: Option<Digest>,
    /// How many layers are its, if that is said too.
    layers: Option<usize>,
}

impl Claim {
    /// With the digest beside the name; `digest` is what is said of it elsewhere.
    fn new(name: Reference, digest: Option<Digest>) -> Self {
        let name = name.with_default_tag();
        let tagged = name.tag().map(|tag| name.repository().with_tag(tag));
        Self {
            digest: digest.or_else(|| name.digest().cloned()),
            // A tag of a reference is one.
            name: tagged.and_then(|it| it.ok()).unwrap_or(name),
            layers: None,
        }
    }
}

impl Indexer {
    /// Finds out which image one stands on; none if nobody says and nothing that is known has its lowest
    /// layers, or what was scanned is no image. The catalogue is that of the database.
    ///
    /// # Errors
    /// The store or the database is damaged, the provenance can't be read; or somebody wished to stop.
    pub async fn base(
        &self,
        indexed: &Indexed,
        database: Option<&Database>,
        cancel: &Cancel,
    ) -> Result<Option<Base>> {
        let (Some(image), Some((origin, target))) = (&indexed.image, &indexed.place) else {
            return Ok(None);
        };
        let store = self.images.as_ref().map(Images::store);
        let known = known::images(indexed, image, store, database)?;
        let stated = self.stated(indexed, origin, target, cancel).await?;
        let base = match stated {
            Some(stated) => of_provenance(&stated, &known),
            None => None,
        };
        let base = base.or_else(|| {
            let annotations = declared::claim(&image.manifest.annotations);
            let claim = annotations?;
            Some(of_claim(claim, Evidence::Annotations, &known))
        });
        let base = base.or_else(|| {
            let labels = image.config.config.as_ref().map(|it| &it.labels);
            let claim = declared::claim(labels?)?;
            Some(of_claim(claim, Evidence::Labels, &known))
        });
        Ok(base.or_else(|| known.first().map(of_layers)))
    }

    /// What the builder states.
    async fn stated(
        &self,
        indexed: &Indexed,
        origin: &Origin,
        target: &Descriptor,
        cancel: &Cancel,
    ) -> Result<Option<Stated>> {
        let Some(image) = &indexed.image else {
            return Ok(None);
        };
        let predicate = orlop_image::provenance(origin, target, &image.digest, cancel).await?;
        Ok(predicate.and_then(|it| provenance::read(&it, &image.manifest)))
    }

    /// What is in the base image alone, as if it had been scanned; none if it isn't known how many layers
    /// are its.
    ///
    /// # Errors
    /// As [`index`](Self::index).
    pub async fn below(
        &self,
        indexed: &Indexed,
        base: &Base,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Option<Indexed>> {
        let (Some(image), Some((origin, _)), Some(count)) =
            (&indexed.image, &indexed.place, base.layers)
        else {
            return Ok(None);
        };
        let mut lower = image.clone();
        lower.manifest.layers.truncate(count);
        lower.config.rootfs.diff_ids.truncate(count);
        let sbom = self.sbom(origin, &lower, events, cancel).await?.0;
        let mut subject = indexed.subject.clone();
        subject.name = base.name.familiar();
        subject.target = base.digest.clone();
        subject.manifest = None;
        subject.layers.truncate(count);
        Ok(Some(Indexed {
            subject,
            image: Some(lower),
            sbom,
            was_cached: true,
            place: None,
        }))
    }
}

/// What the builder states: the step whose layers it lists; or of the images it used the one whose layers
/// are known to be these; or the only one.
fn of_provenance(stated: &Stated, known: &[Known]) -> Option<Base> {
    let claims = stated.step.iter().chain(&stated.materials);
    for claim in claims {
        let base = of_claim(claim.clone(), Evidence::Provenance, known);
        if base.layers.is_some() {
            return Some(base);
        }
    }
    match stated.materials.as_slice() {
        [only] => Some(of_claim(only.clone(), Evidence::Provenance, known)),
        _ => None,
    }
}

fn of_claim(claim: Claim, evidence: Evidence, known: &[Known]) -> Base {
    let matching = known.iter().find(|known| known.is_meant(&claim));
    let is_stated = evidence == Evidence::Provenance;
    let confidence = match (matching, claim.layers, is_stated) {
        (Some(_), _, _) | (_, Some(_), _) => Confidence::Certain,
        (None, None, true) => Confidence::Medium,
        (None, None, false) => Confidence::Low,
    };
    let others = matching.map(|known| known.others(&claim.name));
    Base {
        is_official: claim.name.repository().is_official() && confidence >= Confidence::Medium,
        others: others.unwrap_or_default(),
        layers: claim.layers.or_else(|| Some(matching?.layers)),
        name: claim.name,
        digest: claim.digest,
        evidence,
        confidence,
    }
}

fn of_layers(known: &Known) -> Base {
    let name = known.name().clone();
    let is_official = name.repository().is_official();
    let is_listed = known.evidence == Evidence::CatalogueLayers;
    Base {
        others: known.others(&name),
        digest: known.digests.first().cloned(),
        layers: Some(known.layers),
        evidence: known.evidence,
        confidence: match is_official || is_listed {
            true => Confidence::High,
            false => Confidence::Medium,
        },
        is_official,
        name,
    }
}
