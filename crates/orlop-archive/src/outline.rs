//! What a writer remembers of the manifests that pass through it: enough to write docker's list.

use std::collections::HashMap;

use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH, Manifest, Platform, PlatformMatcher, Raw};

/// Manifests and indexes by their digest.
#[derive(Debug)]
pub(crate) struct Outline {
    images: HashMap<Digest, DockerImage>,
    indexes: HashMap<Digest, Vec<Descriptor>>,
    /// Of several platforms the one that an engine here would take.
    host: PlatformMatcher,
}

/// What `manifest.json` says of an image.
#[derive(Clone, Debug)]
pub(crate) struct DockerImage {
    pub(crate) config: Digest,
    pub(crate) layers: Vec<Digest>,
}

impl Outline {
    pub(crate) fn new() -> Self {
        Self {
            images: HashMap::new(),
            indexes: HashMap::new(),
            host: Platform::host().matcher(),
        }
    }

    /// Notes a document, when it is a manifest.
    pub(crate) fn note(&mut self, raw: &Raw) {
        match raw.manifest() {
            Ok(Manifest::Image(manifest)) if manifest.is_image() => {
                let layers = manifest.layers.iter().map(|layer| layer.digest.clone());
                let image = DockerImage {
                    config: manifest.config.digest.clone(),
                    layers: layers.collect(),
                };
                self.images.insert(raw.digest().clone(), image);
            }
            Ok(Manifest::Index(index)) => {
                self.indexes.insert(raw.digest().clone(), index.manifests);
            }
            // A configuration, or something that isn't for docker.
            _ => {}
        }
    }

    /// The image that docker's list has for a target: of several the one that would run here, else the
    /// first. `is_whole` says whether everything of it was written.
    pub(crate) fn docker<'a>(
        &'a self,
        target: &'a Descriptor,
        is_whole: &impl Fn(&DockerImage) -> bool,
    ) -> Option<&'a DockerImage> {
        let mut found = Vec::new();
        self.collect(target, 0, is_whole, &mut found);
        let ranked = found.iter().enumerate().map(|(n, (descriptor, image))| {
            let platform = descriptor.platform.as_ref();
            let rank = platform.and_then(|platform| self.host.rank(platform));
            (rank.unwrap_or(usize::MAX), n, *image)
        });
        ranked
            .min_by_key(|(rank, n, _)| (*rank, *n))
            .map(|(_, _, image)| image)
    }

    fn collect<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        depth: usize,
        is_whole: &impl Fn(&DockerImage) -> bool,
        found: &mut Vec<(&'a Descriptor, &'a DockerImage)>,
    ) {
        if let Some(image) = self.images.get(&descriptor.digest) {
            if !descriptor.is_attestation() && is_whole(image) {
                found.push((descriptor, image));
            }
        } else if let Some(children) = self.indexes.get(&descriptor.digest)
            && depth < MAX_INDEX_DEPTH
        {
            for child in children {
                self.collect(child, depth + 1, is_whole, found);
            }
        }
    }
}
