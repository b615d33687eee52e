//! `why`: what a thing on the disk is, and the chain that holds it there.
//!
//! [`orlop_store::Store::holders`] knows who holds what; here the things get their words (a layer, a
//! configuration, the manifest of a platform), and what a person types becomes things: a path in the
//! store or a mount, a name, a digest or the beginning of one.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use orlop_oci::{ChainId, Digest, MAX_MANIFEST_SIZE, Manifest, MediaType, Platform};
use orlop_store::{Holders, Identified, Partial, Thing};

use crate::error::{Error, Result};
use crate::facts::{Fact, Facts};
use crate::find::Found;
use crate::images::Images;

/// The answer: each thing that was meant, and who holds it.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// What was meant: mostly one, but the bottom layer of an image has one digest as a layer, as a
    /// chain, and, when it isn't compressed, as a blob.
    pub things: Vec<Thing>,
    /// Blobs that aren't whole yet.
    pub partials: Vec<Partial>,
    /// The holders of these things, and of those that hold them.
    pub holders: Holders,
    /// What each of all these things is.
    pub about: HashMap<Thing, About>,
}

/// What a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its kind.
    pub kind: Kind,
    /// Bytes on disk; nothing when it isn't there.
    pub size: Option<u64>,
    /// Where it is.
    pub paths: Vec<PathBuf>,
}

/// The kind of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An index.
    Index,
    /// The manifest of an image, and what it runs on.
    Manifest(Option<Platform>),
    /// A configuration.
    Config,
    /// A packed layer.
    Layer,
    /// Another blob.
    Blob,
    /// An unpacked layer, by the names of the drivers that have it.
    Snapshot(Vec<String>),
}

impl Images {
    /// Finds out what `text` means and why it is on the disk.
    ///
    /// # Errors
    /// [`Error::NotOnDisk`] when it means nothing here, [`Error::AmbiguousDigest`] when several things
    /// begin so, or when the store can't be read.
    pub fn why(&self, text: &str) -> Result<Why> {
        let mut why = self.meant(text)?;
        why.holders = self.store.holders(&why.things)?;
        let facts = Facts::some(&self.store);
        let mut pending = why.things.clone();
        while let Some(thing) = pending.pop() {
            if why.about.contains_key(&thing) {
                continue;
            }
            for holder in why.holders.of(&thing) {
                if let orlop_store::Holder::Thing(above) = holder {
                    pending.push(above.clone());
                }
            }
            let about = self.about(&thing, &why.holders, &facts)?;
            why.about.insert(thing, about);
        }
        Ok(why)
    }

    fn meant(&self, text: &str) -> Result<Why> {
        if text.starts_with(['/', '.']) {
            return self.at_path(Path::new(text));
        }
        match self.find(text) {
            Ok(Found::Name { target, .. } | Found::Pinned { target, .. }) => {
                return Ok(Why {
                    things: vec![Thing::Blob(target)],
                    ..Why::default()
                });
            }
            Ok(Found::Id(_)) | Err(_) => {}
        }
        self.by_digest(text)
    }

    fn by_digest(&self, text: &str) -> Result<Why> {
        let Identified {
            blobs,
            chains,
            layers,
        } = self.store.identify(text)?;
        let partials = self.store.partials(text)?;
        let mut digests: BTreeSet<&Digest> = blobs.iter().collect();
        digests.extend(chains.iter().map(|chain| &chain.0));
        digests.extend(layers.iter().map(|layer| &layer.0));
        digests.extend(partials.iter().map(|partial| &partial.digest));
        if digests.len() > 1 {
            let some: Vec<&str> = digests.iter().take(4).map(|d| d.as_str()).collect();
            return Err(Error::AmbiguousDigest {
                text: text.to_owned(),
                count: digests.len(),
                some: some.join(", "),
            });
        }
        let mut things: Vec<Thing> = blobs.into_iter().map(Thing::Blob).collect();
        things.extend(chains.into_iter().map(Thing::Chain));
        for layer in &layers {
            let packed = self.store.blobs_of_layer(layer)?;
            let unpacked = self.store.snapshots_of_layer(layer)?;
            let unpacked = unpacked.into_iter().map(|s| Thing::Chain(s.chain_id));
            for thing in packed.into_iter().map(Thing::Blob).chain(unpacked) {
                if !things.contains(&thing) {
                    things.push(thing);
                }
            }
        }
        if things.is_empty() && partials.is_empty() {
            return Err(Error::NotOnDisk(text.to_owned()));
        }
        Ok(Why {
            things,
            partials,
            ..Why::default()
        })
    }

    /// A mounted image, or something in the folders of the store.
    fn at_path(&self, path: &Path) -> Result<Why> {
        let display = path.display().to_string();
        let path = std::fs::canonicalize(path).map_err(Error::io(display.clone()))?;
        let mounts = self.store.mounts()?;
        let mounted = mounts
            .into_iter()
            .find(|mount| path.starts_with(&mount.target));
        if let Some(mount) = mounted {
            let image = mount.image.map(Thing::Blob);
            return Ok(Why {
                things: image
                    .or(mount.chain.map(Thing::Chain))
                    .into_iter()
                    .collect(),
                ..Why::default()
            });
        }
        let root =
            std::fs::canonicalize(self.store.root()).map_err(Error::io("resolve the store"))?;
        let inside: Vec<&str> = path
            .strip_prefix(&root)
            .map_err(|_| Error::NotOnDisk(display.clone()))?
            .iter()
            .filter_map(|part| part.to_str())
            .collect();
        let digest = |text: &str| text.replacen('-', ":", 1).parse::<Digest>().ok();
        let found = match inside.as_slice() {
            ["snapshots", _, name, ..] => digest(name),
            ["oci", "blobs", algorithm, hex, ..] => digest(&format!("{algorithm}:{hex}")),
            ["ingest" | "quarantine", name, ..] => digest(name),
            _ => None,
        };
        let Some(digest) = found else {
            return Err(Error::NotOnDisk(display));
        };
        if inside[0] == "snapshots" {
            return Ok(Why {
                things: vec![Thing::Chain(ChainId(digest))],
                ..Why::default()
            });
        }
        self.by_digest(digest.as_str())
            .map_err(|error| match error {
                Error::NotOnDisk(_) => Error::NotOnDisk(display),
                other => other,
            })
    }

    fn about(&self, thing: &Thing, holders: &Holders, facts: &Facts<'_>) -> Result<About> {
        match thing {
            Thing::Blob(digest) => {
                let size = self.store.blob(digest)?.map(|blob| blob.size);
                let path = self.store.blob_path(digest);
                Ok(About {
                    kind: self.kind_of(digest, size, holders, facts)?,
                    paths: size.map(|_| path).into_iter().collect(),
                    size,
                })
            }
            Thing::Chain(chain) => {
                let mut about = About {
                    kind: Kind::Blob,
                    size: None,
                    paths: Vec::new(),
                };
                let mut drivers = Vec::new();
                for snapshot in self.store.snapshots_of(chain)? {
                    let driver = orlop_snapshot::driver_of(self.store.root(), &snapshot.driver)?;
                    about.paths.push(driver.layer_dir(chain));
                    *about.size.get_or_insert(0) += snapshot.bytes;
                    drivers.push(snapshot.driver);
                }
                about.kind = Kind::Snapshot(drivers);
                Ok(about)
            }
        }
    }

    /// What a blob is: as it says itself where it is a document, else as those that name it say.
    fn kind_of(
        &self,
        digest: &Digest,
        size: Option<u64>,
        holders: &Holders,
        facts: &Facts<'_>,
    ) -> Result<Kind> {
        let is_document =
            self.store.image(digest)?.is_some() || !self.store.children(digest)?.is_empty();
        if size.is_some() && is_document {
            match facts.get(digest, &unknown()).ok().flatten() {
                Some(Fact::Index { .. }) => return Ok(Kind::Index),
                Some(Fact::Image { platform, .. }) => return Ok(Kind::Manifest(Some(platform))),
                Some(Fact::Artifact) => return Ok(Kind::Manifest(None)),
                None => {}
            }
        }
        for holder in holders.of(&Thing::Blob(digest.clone())) {
            let orlop_store::Holder::Thing(Thing::Blob(parent)) = holder else {
                continue;
            };
            if let Some(kind) = self.kind_in(parent, digest) {
                return Ok(kind);
            }
        }
        Ok(match self.store.layer_of_blob(digest)? {
            Some(_) => Kind::Layer,
            None => Kind::Blob,
        })
    }

    /// What `parent` calls `digest`; nothing when it can't be read.
    fn kind_in(&self, parent: &Digest, digest: &Digest) -> Option<Kind> {
        let bytes = self.store.read_document(parent, MAX_MANIFEST_SIZE).ok()?;
        let parsed = Manifest::parse(&unknown(), &bytes).ok()?;
        let children = parsed.children();
        let child = children.iter().find(|child| child.digest == *digest)?;
        let kind = &child.media_type;
        Some(if kind.is_layer() {
            Kind::Layer
        } else if kind.is_config() {
            Kind::Config
        } else if kind.is_index() {
            Kind::Index
        } else if kind.is_manifest() {
            Kind::Manifest(child.platform.clone())
        } else {
            Kind::Blob
        })
    }
}

/// The type of a document of which only the document itself says what it is.
fn unknown() -> MediaType {
    MediaType::from("application/json")
}
