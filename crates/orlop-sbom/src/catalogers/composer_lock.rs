//! PHP packages as `composer.lock` declares them.

use serde::Deserialize;

use super::bounds::{LIST, Listing};
use super::json::{List, read};
use super::php::Entry;
use crate::{Cataloger, Content, Fault, FileInfo, Found};

const NAME: &str = "php-composer-lock-cataloger";

/// Reads `composer.lock`.
pub(crate) struct ComposerLock;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Lock {
    packages: List<Entry>,
    packages_dev: List<Entry>,
}

impl Cataloger for ComposerLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "composer.lock"
    }

    fn is_declared(&self) -> bool {
        true
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let lock: Lock = read(content, LIST)?;
        let mut listing = Listing::new(found);
        for entry in lock.packages.0.into_iter().chain(lock.packages_dev.0) {
            listing.package(entry.package(NAME))?;
        }
        listing.finish();
        Ok(())
    }
}
