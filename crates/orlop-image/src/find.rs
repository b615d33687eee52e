//! From what a person types to an image of the store.

use orlop_oci::{Descriptor, Digest, Reference, Repository};

use crate::error::{Error, Result};
use crate::images::Images;

/// What a text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// One of the store's names.
    Name {
        reference: Reference,
        target: Digest,
    },
    /// A repository and the digest of an image that has a name in it.
    Pinned {
        repository: Repository,
        target: Digest,
    },
    /// An image's ID, or the beginning of one.
    Id(Digest),
}

impl Found {
    pub(crate) fn target(&self) -> &Digest {
        match self {
            Self::Name { target, .. } | Self::Pinned { target, .. } | Self::Id(target) => target,
        }
    }
}

/// Docker takes IDs of at least this many hex digits where a name of that form isn't there.
const MIN_ID: usize = 1;

impl Images {
    /// What an image's name, ID or beginning of an ID stands for: no more is looked at.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or when the store can't be read.
    pub fn target_of(&self, text: &str) -> Result<Descriptor> {
        let found = self.find(text)?;
        let record = self.store.image(found.target())?;
        let record = record.ok_or_else(|| Error::NoSuchImage(text.to_owned()))?;
        Ok(record.target)
    }

    /// Finds an image by name (`debian`, `debian:12`, `debian@sha256:…`), ID (`sha256:…`) or the
    /// beginning of its ID, in this order, as docker does.
    pub(crate) fn find(&self, text: &str) -> Result<Found> {
        if let Ok(digest) = text.parse::<Digest>() {
            return match self.store.image(&digest)? {
                Some(_) => Ok(Found::Id(digest)),
                None => Err(Error::NoSuchImage(text.to_owned())),
            };
        }
        let name = text.parse::<Reference>();
        if let Ok(reference) = &name
            && let Some(found) = self.find_name(&reference.clone().with_default_tag())?
        {
            return Ok(found);
        }
        if let Some(found) = self.find_id(text)? {
            return Ok(found);
        }
        match name {
            Ok(reference) => Err(Error::NoSuchImage(reference.with_default_tag().familiar())),
            Err(orlop_oci::ReferenceError::Identifier(_)) => {
                Err(Error::NoSuchImage(text.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds an image and changes something about it. When another process takes away in between what
    /// was found, it is looked for again: the words are then those of an image that was never there.
    /// Each further round takes one more removal by somebody else; rows that contradict each other end
    /// it too.
    pub(crate) fn find_and<T>(
        &self,
        text: &str,
        change: impl Fn(&Found) -> Result<T>,
    ) -> Result<T> {
        const ROUNDS: usize = 100;
        let is_gone = |error: &Error| {
            use orlop_store::Error::{NoImage, NoName};
            matches!(error, Error::Store(NoName(_) | NoImage(_)))
        };
        for _ in 1..ROUNDS {
            match change(&self.find(text)?) {
                Err(error) if is_gone(&error) => {}
                answer => return answer,
            }
        }
        change(&self.find(text)?)
    }

    fn find_name(&self, reference: &Reference) -> Result<Option<Found>> {
        if let Some(target) = self.store.resolve(reference)? {
            return Ok(Some(Found::Name {
                reference: reference.clone(),
                target,
            }));
        }
        let Some(digest) = reference.digest() else {
            return Ok(None);
        };
        let names = self.store.names_of(digest)?;
        let repository = reference.repository();
        let is_known = names.iter().any(|name| name.repository() == repository);
        Ok(is_known.then(|| Found::Pinned {
            repository: repository.clone(),
            target: digest.clone(),
        }))
    }

    fn find_id(&self, text: &str) -> Result<Option<Found>> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() < MIN_ID
            || hex.len() > 64
            || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Ok(None);
        }
        let mut found = self.store.find_by_prefix(hex)?;
        match found.len() {
            0 => Ok(None),
            1 => Ok(found.pop().map(Found::Id)),
            _ => Err(Error::AmbiguousId(text.to_owned())),
        }
    }
}
