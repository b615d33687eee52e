//! What the database knows of documents, compared with what they say: which names which, which layers
//! are what unpacked, and the facts for lists. And images that lack what they had.

use std::collections::HashSet;

use orlop_oci::{
    Digest, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MAX_MANIFEST_SIZE, Manifest, MediaType,
    Raw,
};
use orlop_store::{ImageRecord, Publication};

use super::{Damage, Outcome, Repair};
use crate::error::Result;
use crate::facts;
use crate::pull::{PlannedLayer, layers_of};

impl Repair<'_> {
    pub(super) fn derived(&mut self) -> Result<()> {
        let mut compared = HashSet::new();
        for record in self.images.store.images()? {
            let mut lacks = Vec::new();
            // Each once, however often an index names it.
            let mut seen = HashSet::from([record.target.digest.clone()]);
            let mut pending = vec![record.target.digest.clone()];
            while let Some(digest) = pending.pop() {
                let below = self.document(&digest, &mut compared, &mut lacks)?;
                pending.extend(below.into_iter().filter(|child| seen.insert(child.clone())));
            }
            if !lacks.is_empty() {
                self.incomplete(&record, lacks)?;
            }
        }
        Ok(())
    }

    fn incomplete(&mut self, record: &ImageRecord, mut lacks: Vec<Digest>) -> Result<()> {
        // It may have been removed, or pulled again, since it was looked at.
        if self.images.store.image(&record.target.digest)?.is_none() {
            return Ok(());
        }
        let here = self.images.store.present(&lacks)?;
        lacks.retain(|digest| here.iter().all(|blob| blob.digest != *digest));
        if lacks.is_empty() {
            return Ok(());
        }
        let names = self.images.store.names_of(&record.target.digest)?;
        let (image, remedy) = match names.first() {
            Some(name) => {
                let name = name.familiar();
                let remedy = format!("`orlop pull {name}` fetches what it lacks");
                (name, remedy)
            }
            None => (
                record.target.digest.short().to_owned(),
                "it has no name: the next prune removes it".to_owned(),
            ),
        };
        let outcome = match names.is_empty() {
            true => Outcome::Harmless(remedy),
            false => Outcome::Remains(remedy),
        };
        self.found(Damage::Incomplete { image, lacks }, outcome);
        Ok(())
    }

    /// Looks at a document, and tells those below it that are here. `lacks` gets what has to be and isn't.
    fn document(
        &mut self,
        digest: &Digest,
        compared: &mut HashSet<Digest>,
        lacks: &mut Vec<Digest>,
    ) -> Result<Vec<Digest>> {
        let store = &self.images.store;
        if store.blob(digest)?.is_none() {
            lacks.push(digest.clone());
            return Ok(Vec::new());
        }
        // What can't be read was told already, as a damaged blob.
        let Some((raw, manifest)) = self.read(digest) else {
            return Ok(Vec::new());
        };
        if compared.insert(digest.clone()) {
            self.compare(&raw, &manifest)?;
        }
        let mut below = Vec::new();
        for child in manifest.children() {
            let is_here = self.images.store.blob(&child.digest)?.is_some();
            match &manifest {
                // Of an index, the platforms that weren't asked for were never here.
                Manifest::Index(_) if is_here => below.push(child.digest.clone()),
                Manifest::Image(_) if !is_here => lacks.push(child.digest.clone()),
                _ => {}
            }
        }
        Ok(below)
    }

    fn read(&self, digest: &Digest) -> Option<(Raw, Manifest)> {
        let unknown = MediaType::from("application/json");
        let bytes = self.images.store.read_document(digest, MAX_MANIFEST_SIZE);
        let raw = Raw::verified(unknown, digest, bytes.ok()?).ok()?;
        let manifest = raw.manifest().ok()?;
        Some((raw, manifest))
    }

    /// Compares a document with what is known of it, and writes down what it says.
    fn compare(&mut self, raw: &Raw, manifest: &Manifest) -> Result<()> {
        let store = self.images.store.clone();
        let digest = raw.digest();
        let mut publication = Publication::default();
        let mut wrong = Vec::new();
        let known: HashSet<Digest> = store.children(digest)?.into_iter().collect();
        let children = manifest
            .children()
            .into_iter()
            .map(|child| child.digest.clone());
        let missing: Vec<Digest> = children.filter(|child| !known.contains(child)).collect();
        if !missing.is_empty() {
            let edges = missing.into_iter().map(|child| (digest.clone(), child));
            publication.edges = edges.collect();
            wrong.push("what it names");
        }
        if let Manifest::Image(image) = manifest
            && let Some(layers) = self.layers_of_manifest(digest, image)
        {
            let chains: Vec<_> = layers.iter().map(|layer| layer.chain.clone()).collect();
            let unpack =
                |layer: &PlannedLayer| (layer.diff_id.clone(), layer.descriptor.digest.clone());
            let mut unknown = Vec::new();
            for layer in &layers {
                let known = store.blobs_of_layer(&layer.diff_id)?;
                let here = store.blob(&layer.descriptor.digest)?.is_some();
                if here && !known.contains(&layer.descriptor.digest) {
                    unknown.push(unpack(layer));
                }
            }
            if store.chains_of(digest)? != chains || !unknown.is_empty() {
                publication.chains = vec![(digest.clone(), chains)];
                publication.layers = unknown;
                wrong.push("its layers");
            }
        }
        if store.fact(facts::KIND, digest)?.is_none() {
            publication.facts = self.facts_of(raw, manifest);
            if !publication.facts.is_empty() {
                wrong.push("what lists show of it");
            }
        }
        // Of a document that was removed meanwhile nothing is known any more.
        if wrong.is_empty() || store.blob(digest)?.is_none() {
            return Ok(());
        }
        let outcome = if self.options.dry_run {
            Outcome::Remains("it can be read again".to_owned())
        } else {
            store.publish(publication)?;
            Outcome::Repaired("read again".to_owned())
        };
        for what in wrong {
            let document = digest.clone();
            self.found(Damage::Derived { document, what }, outcome.clone());
        }
        Ok(())
    }

    fn facts_of(&self, raw: &Raw, manifest: &Manifest) -> Vec<(String, Digest, String)> {
        let mut documents = vec![raw.clone()];
        if let Manifest::Image(image) = manifest
            && let Some(config) = self.read_config(image)
        {
            documents.push(config);
        }
        // A configuration that breaks a rule makes no fact; nobody needs one to go on.
        facts::of_documents(&documents).unwrap_or_default()
    }

    fn read_config(&self, manifest: &ImageManifest) -> Option<Raw> {
        let bytes = self
            .images
            .store
            .read_described(&manifest.config, MAX_CONFIG_SIZE);
        Raw::described(&manifest.config, bytes.ok()?).ok()
    }

    /// The layers of an image with their identities; nothing for what isn't a container image.
    fn layers_of_manifest(
        &self,
        digest: &Digest,
        manifest: &ImageManifest,
    ) -> Option<Vec<PlannedLayer>> {
        let only_layers = manifest
            .layers
            .iter()
            .all(|layer| layer.media_type.is_layer());
        if !manifest.is_image() || !only_layers {
            return None;
        }
        let config = ImageConfig::parse(self.read_config(manifest)?.bytes()).ok()?;
        layers_of(digest, manifest, &config).ok()
    }

    /// The layers of all manifests of images that can be read, bottom first.
    pub(super) fn layers_of_images(&self) -> Result<Vec<Vec<PlannedLayer>>> {
        let mut pending: Vec<Digest> = Vec::new();
        for record in self.images.store.images()? {
            pending.push(record.target.digest);
        }
        let mut seen = HashSet::new();
        let mut known = Vec::new();
        while let Some(digest) = pending.pop() {
            if !seen.insert(digest.clone()) || self.images.store.blob(&digest)?.is_none() {
                continue;
            }
            match self.read(&digest) {
                Some((_, Manifest::Index(index))) => {
                    pending.extend(index.manifests.into_iter().map(|child| child.digest));
                }
                Some((_, Manifest::Image(image))) => {
                    known.extend(self.layers_of_manifest(&digest, &image));
                }
                None => {}
            }
        }
        Ok(known)
    }
}
