//! What names stand for now: at their registries, or in the store.

use std::collections::{BTreeMap, BTreeSet};

use orlop_distribution::Client;
use orlop_image::{Cancel, Images, look_up};
use orlop_oci::{Digest, Reference};

use crate::error::{CliError, CliResult};

/// Names and what they stand for.
#[derive(Debug)]
pub(super) struct Names {
    found: BTreeMap<Reference, Digest>,
    unknown: BTreeMap<Reference, orlop_image::Error>,
    /// Who was asked; the store if nobody.
    pub(super) client: Option<Client>,
}

impl Names {
    /// Asks registries, each name once.
    pub(super) async fn of_registries(
        client: Client,
        names: BTreeSet<Reference>,
        parallel: usize,
        cancel: &Cancel,
    ) -> CliResult<Self> {
        let mut all = Self {
            found: BTreeMap::new(),
            unknown: BTreeMap::new(),
            client: None,
        };
        for (name, answer) in look_up(&client, names, parallel, cancel).await? {
            match answer {
                Ok(target) => drop(all.found.insert(name, target.digest)),
                Err(error) => drop(all.unknown.insert(name, error)),
            }
        }
        all.client = Some(client);
        Ok(all)
    }

    /// Asks the store.
    pub(super) fn of_store(images: &Images, names: BTreeSet<Reference>) -> CliResult<Self> {
        let mut found = BTreeMap::new();
        let mut unknown = BTreeMap::new();
        for name in names {
            match images
                .store()
                .resolve(&name)
                .map_err(orlop_image::Error::from)?
            {
                Some(digest) => drop(found.insert(name, digest)),
                None => {
                    let error = orlop_image::Error::NoSuchImage(name.familiar());
                    unknown.insert(name, error);
                }
            }
        }
        Ok(Self {
            found,
            unknown,
            client: None,
        })
    }

    /// What a name stands for.
    pub(super) fn digest(&self, name: &Reference) -> Option<&Digest> {
        self.found.get(name)
    }

    /// Why it isn't known what a name stands for.
    pub(super) fn error(&self, name: &Reference) -> Option<CliError> {
        let error = self.unknown.get(name)?;
        let words = crate::error::chain(error);
        let familiar = name.familiar();
        let error = if words.contains(&familiar) {
            CliError::new(words)
        } else {
            CliError::new(format!("{familiar}: {words}"))
        };
        Some(error.detail(self.unknown.get(name)?))
    }
}
