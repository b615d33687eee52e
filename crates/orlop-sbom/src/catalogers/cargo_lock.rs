//! Rust's crates as `Cargo.lock` declares them.

use super::bounds::Listing;
use super::toml_packages;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "rust-cargo-lock-cataloger";

/// Reads `Cargo.lock`.
pub(crate) struct CargoLock;

impl Cataloger for CargoLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "Cargo.lock"
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
        let mut listing = Listing::new(found);
        for (name, version) in toml_packages::read(content)? {
            listing.package(Package::new(PackageKind::Cargo, name, version, NAME))?;
        }
        listing.finish();
        Ok(())
    }
}
