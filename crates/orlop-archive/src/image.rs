//! What an archive says of one image: what it is called, and what its target is.

use std::collections::{HashMap, HashSet};

use orlop_oci::{Descriptor, Digest, Reference};

/// What an archive or layout calls an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A whole reference, with a tag or a digest.
    Full(Reference),
    /// The bare text of an `org.opencontainers.image.ref.name`, mostly a tag.
    Bare(String),
}

impl Name {
    /// Reads an annotation: a text with a registry, a repository or a tag in it is a whole reference.
    pub(crate) fn of_annotation(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_NAME {
            return None;
        }
        if text.contains(['/', ':', '@'])
            && let Ok(reference) = text.parse::<Reference>()
        {
            return Some(Self::Full(reference.with_default_tag().pinned()));
        }
        let is_plain = text.chars().all(|c| c.is_ascii_graphic());
        is_plain.then(|| Self::Bare(text.to_owned()))
    }

    /// Reads a name that is always a whole one.
    pub(crate) fn full(text: &str) -> Option<Self> {
        let reference: Reference = text.parse().ok()?;
        Some(Self::Full(reference.with_default_tag().pinned()))
    }

    /// The reference that the image gets in a store. A bare name counts as a repository's, as docker has
    /// it; `None` when it can't be one.
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Self::Full(reference) => Some(reference.clone()),
            Self::Bare(text) => {
                let reference: Reference = text.parse().ok()?;
                Some(reference.with_default_tag().pinned())
            }
        }
    }

    /// The text of the annotation.
    pub fn text(&self) -> String {
        match self {
            Self::Full(reference) => reference.to_string(),
            Self::Bare(text) => text.clone(),
        }
    }
}

impl From<Reference> for Name {
    fn from(reference: Reference) -> Self {
        Self::Full(reference)
    }
}

/// Bytes of a name.
const MAX_NAME: usize = 512;

/// An image of an archive or layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// What it is called there; nothing when only its digest identifies it.
    pub names: Vec<Name>,
    /// Its index or manifest.
    pub target: Descriptor,
}

/// Images in the order in which they are told of, each target and each of its names once.
#[derive(Debug, Default)]
pub(crate) struct ImageList {
    images: Vec<Archived>,
    places: HashMap<Digest, usize>,
    /// All names that were given. A second image of one name doesn't get it: it would be a matter of luck
    /// which of the two is meant.
    names: HashSet<Name>,
}

impl ImageList {
    /// Adds an image, or names to the one that came before.
    pub(crate) fn add(&mut self, target: Descriptor, names: impl IntoIterator<Item = Name>) {
        let place = *self
            .places
            .entry(target.digest.clone())
            .or_insert(self.images.len());
        if place == self.images.len() {
            self.images.push(Archived {
                names: Vec::new(),
                target,
            });
        }
        let image = &mut self.images[place];
        for name in names {
            // A name with a digest says nothing when it is another's.
            let fits = match &name {
                Name::Full(reference) => reference
                    .digest()
                    .is_none_or(|digest| *digest == image.target.digest),
                Name::Bare(_) => true,
            };
            if fits && self.names.insert(name.clone()) {
                image.names.push(name);
            }
        }
    }

    /// Whether any image is called so.
    pub(crate) fn has_name(&self, name: &Name) -> bool {
        self.names.contains(name)
    }

    pub(crate) fn images(&self) -> &[Archived] {
        &self.images
    }

    pub(crate) fn finish(self) -> Vec<Archived> {
        self.images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_whole_names_or_bare_ones() {
        let full = |text: &str| Some(Name::Full(text.parse().unwrap()));
        for (text, name, loaded) in [
            (
                "docker.io/library/alpine:3.20",
                full("alpine:3.20"),
                "alpine:3.20",
            ),
            ("alpine:3.20", full("alpine:3.20"), "alpine:3.20"),
            (
                "localhost/app",
                full("localhost/app:latest"),
                "localhost/app:latest",
            ),
            ("3.20", Some(Name::Bare("3.20".into())), "3.20:latest"),
            ("Weird", Some(Name::Bare("Weird".into())), ""),
            ("a b", None, ""),
            ("", None, ""),
        ] {
            let read = Name::of_annotation(text);
            assert_eq!(read, name, "{text}");
            let reference = read.and_then(|name| name.reference());
            let familiar = reference.map(|r| r.familiar()).unwrap_or_default();
            assert_eq!(familiar, loaded, "{text}");
        }
    }
}
