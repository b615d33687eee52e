//! The documents of an image: each manifest and index, what it speaks of, and what speaks of it.

use orlop_distribution::referrer_descriptor;
use orlop_oci::{Descriptor, Digest, Index, MAX_INDEX_DEPTH, Manifest, MediaType};

use super::Validator;
use crate::error::Result;
use crate::origin::Origin;

/// So many manifests are looked at; a registry may list as many referrers as it likes.
const MAX_MANIFESTS: usize = 100_000;

impl Validator<'_> {
    /// Looks at the target and all below it, and then at all that speaks of any of these.
    pub(super) async fn walk(&mut self, target: &Descriptor) -> Result<()> {
        match &self.options.platform {
            None => self.document(target, 0).await?,
            Some(platform) => {
                let chosen = self.origin.choose(target, platform).await?;
                self.document(&chosen, 0).await?;
            }
        }
        if self.report.absent > 0 && self.report.configs == 0 && self.blobs.is_empty() {
            self.find(&target.digest, "index", "nothing that it lists is there");
        }
        // The store has no list of its own, and an image of it says nothing of others.
        if matches!(self.origin, Origin::Store(_)) {
            return Ok(());
        }
        while let Some(subject) = self.manifests.pop() {
            self.referrers(&subject).await?;
        }
        Ok(())
    }

    /// Looks at a manifest or an index, and what is below it.
    async fn document(&mut self, descriptor: &Descriptor, depth: usize) -> Result<()> {
        let digest = &descriptor.digest;
        if !self.seen.insert(digest.clone()) {
            return Ok(());
        }
        let what = word(&descriptor.media_type);
        if depth > MAX_INDEX_DEPTH || self.seen.len() > MAX_MANIFESTS {
            let why = format!(
                "indexes nested deeper than {MAX_INDEX_DEPTH}, or more than {MAX_MANIFESTS} manifests"
            );
            self.find(digest, what, why);
            return Ok(());
        }
        let raw = match self.origin.described(descriptor).await {
            Ok(raw) => raw,
            Err(error) => return self.fault(digest, what, error),
        };
        let manifest = match raw.manifest() {
            Ok(manifest) => manifest,
            Err(error) => {
                self.find(digest, what, error.to_string());
                return Ok(());
            }
        };
        self.report.manifests += 1;
        self.manifests.push(digest.clone());
        self.subject(digest, &manifest).await?;
        match manifest {
            Manifest::Image(image) => self.image(descriptor, &image).await,
            Manifest::Index(index) => self.index(digest, &index, depth).await,
        }
    }

    async fn index(&mut self, digest: &Digest, index: &Index, depth: usize) -> Result<()> {
        for child in &index.manifests {
            if child.is_attestation() {
                self.attestation(digest, index, child);
            }
            if !child.media_type.is_index() && !child.media_type.is_manifest() {
                let kind = child.media_type.as_str();
                let why = format!("{} has a type that is no manifest's: {kind}", child.digest);
                self.find(digest, "index", why);
                continue;
            }
            // An archive, a layout and the store may have some platforms of an image.
            let is_local = !matches!(self.origin, Origin::Registry(_));
            if is_local && !self.origin.has(&child.digest)? {
                self.report.absent += 1;
                continue;
            }
            Box::pin(self.document(child, depth + 1)).await?;
        }
        Ok(())
    }

    /// An attestation of buildx speaks of a manifest beside it.
    fn attestation(&mut self, digest: &Digest, index: &Index, child: &Descriptor) {
        let of = child.attests();
        let is_beside = |of: &Digest| index.manifests.iter().any(|d| d.digest == *of);
        if !of.as_ref().is_some_and(is_beside) {
            let why = format!(
                "the attestation {} speaks of a manifest that isn't in the index",
                child.digest
            );
            self.find(digest, "index", why);
        }
    }

    /// What a manifest speaks of must be there, and be what it says.
    async fn subject(&mut self, digest: &Digest, manifest: &Manifest) -> Result<()> {
        let Some(subject) = manifest.subject() else {
            return Ok(());
        };
        match self.origin.described(subject).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let problem = super::problem_of(error)?;
                let what = match manifest {
                    Manifest::Image(_) => "manifest",
                    Manifest::Index(_) => "index",
                };
                self.find(
                    digest,
                    what,
                    format!("its subject {}: {problem}", subject.digest),
                );
                Ok(())
            }
        }
    }

    /// What is listed as speaking of a manifest must do so.
    async fn referrers(&mut self, subject: &Digest) -> Result<()> {
        let list = match self.origin.referrers(subject, None).await {
            Ok(list) => list,
            Err(error) => return self.fault(subject, "referrers", error),
        };
        for listed in list {
            let bare = Descriptor::new(
                listed.media_type.clone(),
                listed.digest.clone(),
                listed.size,
            );
            let Ok(raw) = self.origin.described(&bare).await else {
                // Says why, or that there is no connection any more.
                self.document(&bare, 0).await?;
                continue;
            };
            if let Ok(manifest) = raw.manifest() {
                self.report.referrers += 1;
                if manifest.subject().is_none_or(|s| s.digest != *subject) {
                    let why = format!(
                        "{} is listed, but doesn't name it as its subject",
                        listed.digest
                    );
                    self.find(subject, "referrers", why);
                }
                let kind = referrer_descriptor(&raw, &manifest).artifact_type;
                if listed.artifact_type.is_some() && listed.artifact_type != kind {
                    let why = format!(
                        "{} is listed as {}, but says that it is {}",
                        listed.digest,
                        listed.artifact_type.unwrap_or_default(),
                        kind.unwrap_or_default()
                    );
                    self.find(subject, "referrers", why);
                }
            }
            self.document(&bare, 0).await?;
        }
        Ok(())
    }
}

fn word(media_type: &MediaType) -> &'static str {
    match media_type.is_index() {
        true => "index",
        false => "manifest",
    }
}
