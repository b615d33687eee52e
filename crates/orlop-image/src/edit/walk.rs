//! From a target to the images that are meant, and back to an index of what became of them.

use std::collections::HashMap;

use orlop_oci::edit::{Fate, NewChild, Parts, rebuild};
use orlop_oci::{Descriptor, Digest, Index, MAX_INDEX_DEPTH, Manifest, Platform, Raw};

use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::edit::edited::Bench;
use crate::edit::operation::Operation;
use crate::error::{Error, Result};
use crate::lists::configuration;
use crate::origin::Origin;

/// What an edit came to.
#[derive(Debug)]
pub struct Edition {
    /// From where it can be copied.
    pub origin: Origin,
    /// The image or index.
    pub target: Descriptor,
    /// How many images were edited.
    pub images: usize,
    /// How many attestations are gone, because they spoke of images that were edited.
    pub attestations: usize,
    /// Images that an index names and that aren't there, so that they aren't in the new one either.
    pub missing: Vec<String>,
}

/// Edits the image that `target` describes; of an index every image, or those of `platforms`.
///
/// # Errors
/// When it isn't there, isn't right, or is no image; when nothing is for these platforms; when the
/// operation can't be done with an image; or [`Error::Cancelled`].
pub async fn edit(
    from: &Origin,
    target: &Descriptor,
    platforms: &[Platform],
    operation: Operation,
    cancel: &Cancel,
) -> Result<Edition> {
    let mut walk = Walk {
        from,
        target,
        platforms,
        bench: Bench::new(from.clone()),
        operation,
        images: 0,
        attestations: 0,
        seen: Vec::new(),
        missing: Vec::new(),
        budget: Budget::default(),
    };
    let editing = async {
        walk.operation.prepare(&mut walk.bench)?;
        let raw = from.described(target).await?;
        walk.document(raw, None, 0).await
    };
    let raw = tokio::select! {
        raw = editing => raw?,
        () = cancel.cancelled() => return Err(Error::Cancelled),
    };
    walk.check()?;
    Ok(Edition {
        target: raw.descriptor(),
        images: walk.images,
        attestations: walk.attestations,
        missing: walk.missing,
        origin: walk.bench.finish(raw.descriptor()),
    })
}

struct Walk<'a> {
    from: &'a Origin,
    target: &'a Descriptor,
    platforms: &'a [Platform],
    bench: Bench,
    operation: Operation,
    images: usize,
    attestations: usize,
    /// Platforms that there are.
    seen: Vec<String>,
    missing: Vec<String>,
    budget: Budget,
}

impl Walk<'_> {
    /// Something was for each platform that was asked for.
    fn check(&self) -> Result<()> {
        if self.images > 0 || self.platforms.is_empty() {
            return Ok(());
        }
        let wanted: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        Err(Error::NoMatchingPlatform {
            wanted: wanted.join(", "),
            available: self.seen.join(", "),
        })
    }

    /// What a document becomes. `platform` is what an index says of it.
    async fn document(
        &mut self,
        raw: Raw,
        platform: Option<&Platform>,
        depth: usize,
    ) -> Result<Raw> {
        if depth > MAX_INDEX_DEPTH {
            let why = format!("indexes nested deeper than {MAX_INDEX_DEPTH}");
            return Err(Error::invalid(raw.digest(), why));
        }
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        match manifest {
            Manifest::Index(index) => self.index(raw, index, depth).await,
            // Beside images an index may have anything.
            Manifest::Image(image) if depth > 0 && !image.is_image() => Ok(raw),
            Manifest::Image(image) => {
                if !image.is_image() {
                    let kind = orlop_oci::edit::EditError::NotImage(image.config.media_type);
                    return Err(Error::edit(raw.digest())(kind));
                }
                let (config, settings) = configuration(self.from, &image).await?;
                let platform = platform.unwrap_or(&settings.platform);
                self.seen.push(platform.to_string());
                if !self.is_meant(platform) {
                    return Ok(raw);
                }
                let parts = Parts::new(raw.clone(), config).map_err(Error::edit(raw.digest()))?;
                self.image(&parts).await
            }
        }
    }

    fn is_meant(&self, platform: &Platform) -> bool {
        let fits = |wanted: &Platform| wanted.matcher().rank(platform) == Some(0);
        self.platforms.is_empty() || self.platforms.iter().any(fits)
    }

    async fn image(&mut self, parts: &Parts) -> Result<Raw> {
        let edited = self
            .operation
            .apply(parts, self.target, self.from, &mut self.bench)
            .await?;
        self.images += 1;
        // What is as it was is where it was.
        if edited.manifest() != parts.manifest() {
            self.keep(edited.manifest())?;
        }
        if edited.config() != parts.config() {
            self.keep(edited.config())?;
        }
        Ok(edited.manifest().clone())
    }

    fn keep(&mut self, raw: &Raw) -> Result<()> {
        self.budget.take(raw.bytes().len() as u64, raw.digest())?;
        self.bench.document(raw.clone());
        Ok(())
    }

    async fn index(&mut self, raw: Raw, index: Index, depth: usize) -> Result<Raw> {
        let mut fates: HashMap<Digest, Fate> = HashMap::new();
        for child in &index.manifests {
            let is_image = !child.is_attestation() && !is_unknown(child);
            if !self.is_whole(child).await? {
                if is_image {
                    let what = child.platform.as_ref().map(ToString::to_string);
                    let what = what.unwrap_or_else(|| child.digest.to_string());
                    self.missing.push(what);
                }
                fates.insert(child.digest.clone(), Fate::Gone);
            } else if is_image && !fates.contains_key(&child.digest) {
                let below = self.from.described(child).await?;
                let platform = child.platform.as_ref().filter(|p| !p.is_empty());
                let edited = Box::pin(self.document(below, platform, depth + 1)).await?;
                let platform = self.new_platform(child, &edited);
                let new = NewChild {
                    raw: edited,
                    platform,
                };
                fates.insert(child.digest.clone(), Fate::New(new));
            }
        }
        if !fates.is_empty() && fates.values().all(|fate| *fate == Fate::Gone) {
            let why = "nothing that it names is there";
            return Err(Error::invalid(raw.digest(), why));
        }
        let rebuilt =
            rebuild(&raw, &fates, self.operation.of_index()).map_err(Error::edit(raw.digest()))?;
        self.attestations += rebuilt.dropped.len();
        if rebuilt.raw != raw {
            self.keep(&rebuilt.raw)?;
        }
        Ok(rebuilt.raw)
    }

    /// Where it runs, when the edit says so.
    fn new_platform(&self, child: &Descriptor, edited: &Raw) -> Option<Platform> {
        let Operation::Change { changes, .. } = &self.operation else {
            return None;
        };
        let is_edited = *edited.digest() != child.digest;
        changes.platform.clone().filter(|_| is_edited)
    }

    /// A store or layout may lack what an index names, when only some platforms were brought there.
    async fn is_whole(&self, child: &Descriptor) -> Result<bool> {
        if matches!(self.from, Origin::Registry(_)) {
            return Ok(true);
        }
        if !self.from.has(&child.digest)? {
            return Ok(false);
        }
        let raw = self.from.described(child).await?;
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        if let Manifest::Image(image) = &manifest {
            for blob in std::iter::once(&image.config).chain(&image.layers) {
                if !blob.media_type.is_foreign_layer() && !self.from.has(&blob.digest)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn is_unknown(child: &Descriptor) -> bool {
    child.platform.as_ref().is_some_and(Platform::is_unknown)
}
