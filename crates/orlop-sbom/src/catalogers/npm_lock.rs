//! npm's packages as lock files declare them: npm's, Yarn's of both kinds, and pnpm's. Those that lie in
//! `node_modules` declare what somebody else's package was made with.

mod package_lock;
mod pnpm;
mod yarn;

use std::collections::HashSet;

use super::bounds::{LIST, Listing, read_text};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "javascript-lock-cataloger";

/// Reads lock files of npm, Yarn and pnpm.
pub(crate) struct NpmLock;

impl Cataloger for NpmLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        let names = [
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
        ];
        names.contains(&file.name()) && !file.path.split('/').any(|name| name == "node_modules")
    }

    fn is_declared(&self) -> bool {
        true
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let packages = match file.name() {
            "yarn.lock" => yarn::packages(&read_text(content, LIST)?),
            "pnpm-lock.yaml" => pnpm::packages(&read_text(content, LIST)?),
            _ => package_lock::packages(content)?,
        };
        let mut listing = Listing::new(found);
        let mut known = HashSet::new();
        for (name, version) in packages {
            if known.insert((name.clone(), version.clone())) {
                listing.package(Package::new(PackageKind::Npm, name, version, NAME))?;
            }
        }
        listing.finish();
        Ok(())
    }
}

/// `@scope/name@range`: what is before the `@` that isn't the first character, and what is after it.
fn split(specification: &str) -> Option<(&str, &str)> {
    let skipped = usize::from(specification.starts_with('@'));
    let at = specification.get(skipped..)?.find('@')? + skipped;
    Some((&specification[..at], &specification[at + 1..]))
}

#[cfg(test)]
mod tests;
