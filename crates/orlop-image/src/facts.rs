//! What a list of images needs to know of each manifest, kept in the store so that a thousand images
//! can be listed without opening a thousand files. Derived: whatever is missing is read again.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use orlop_oci::{
    Descriptor, Digest, ImageConfig, MAX_CONFIG_SIZE, MAX_MANIFEST_SIZE, Manifest, MediaType,
    Platform, Raw,
};
use orlop_store::Store;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The kind under which the store keeps these facts. A change of [`Fact`] needs a new one.
pub(crate) const KIND: &str = "document.v1";

/// What a manifest or an index is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    /// An index, with its children.
    Index { manifests: Vec<Descriptor> },
    /// A container image.
    Image {
        platform: Platform,
        created: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<String, String>,
    },
    /// Another kind of artifact.
    Artifact,
}

/// The facts of those of `documents` that are manifests. An image's configuration must be among them.
pub(crate) fn of_documents(documents: &[Raw]) -> Result<Vec<(String, Digest, String)>> {
    let by_digest: HashMap<&Digest, &Raw> =
        documents.iter().map(|raw| (raw.digest(), raw)).collect();
    let mut facts = Vec::new();
    for raw in documents {
        let Ok(manifest) = raw.manifest() else {
            continue;
        };
        let config = |digest: &Digest| by_digest.get(digest).map(|raw| raw.bytes().to_vec());
        let fact = of_manifest(&manifest, |d| Ok(config(&d.digest)))?;
        facts.push((KIND.to_owned(), raw.digest().clone(), encode(&fact)));
    }
    Ok(facts)
}

fn encode(fact: &Fact) -> String {
    serde_json::to_string(fact).expect("a fact has only texts for keys")
}

fn of_manifest(
    manifest: &Manifest,
    config: impl FnOnce(&Descriptor) -> Result<Option<Vec<u8>>>,
) -> Result<Fact> {
    let manifest = match manifest {
        Manifest::Index(index) => {
            return Ok(Fact::Index {
                manifests: index.manifests.clone(),
            });
        }
        Manifest::Image(manifest) if !manifest.is_image() => return Ok(Fact::Artifact),
        Manifest::Image(manifest) => manifest,
    };
    let Some(bytes) = config(&manifest.config)? else {
        return Ok(Fact::Artifact);
    };
    let config =
        ImageConfig::parse(&bytes).map_err(Error::document("config", &manifest.config.digest))?;
    Ok(Fact::Image {
        platform: config.platform,
        created: config.created,
        labels: config.config.map(|c| c.labels).unwrap_or_default(),
    })
}

/// Facts, from the store's table or, one by one, from the documents themselves.
pub(crate) struct Facts<'a> {
    store: &'a Store,
    known: HashMap<Digest, String>,
}

impl<'a> Facts<'a> {
    /// All that the store has.
    pub(crate) fn all(store: &'a Store) -> Result<Self> {
        Ok(Self {
            store,
            known: store.facts(KIND)?,
        })
    }

    /// None yet: each is asked for when it is needed.
    pub(crate) fn some(store: &'a Store) -> Self {
        Self {
            store,
            known: HashMap::new(),
        }
    }

    /// What this document is; `None` when it isn't in the store.
    pub(crate) fn get(&self, digest: &Digest, media_type: &MediaType) -> Result<Option<Fact>> {
        let read = |json: &str| serde_json::from_str::<Fact>(json).ok();
        let kept = match self.known.get(digest) {
            Some(json) => read(json),
            None => self.store.fact(KIND, digest)?.and_then(|json| read(&json)),
        };
        if kept.is_some() {
            return Ok(kept);
        }
        if self.store.blob(digest)?.is_none() {
            return Ok(None);
        }
        let bytes = self
            .store
            .read_document(digest, MAX_MANIFEST_SIZE)
            .map_err(Error::stored(media_type))?;
        let manifest =
            Manifest::parse(media_type, &bytes).map_err(Error::document("manifest", digest))?;
        let fact = of_manifest(&manifest, |config| {
            if self.store.blob(&config.digest)?.is_none() {
                return Ok(None);
            }
            let bytes = self.store.read_described(config, MAX_CONFIG_SIZE);
            bytes.map(Some).map_err(Error::stored(&config.media_type))
        })?;
        if self.store.is_writable() {
            self.store
                .set_facts(KIND, &[(digest.clone(), encode(&fact))])?;
        }
        Ok(Some(fact))
    }
}
