//! Python packages as lock files declare them: pip's requirements (those that name one version), and
//! the lock files of Poetry, Pipenv, uv and PDM.

mod pipfile;
mod requirements;

use super::bounds::{Listing, MANIFEST, read_text};
use super::python::normalised;
use super::toml_packages;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "python-package-cataloger";

/// Reads requirements and lock files of Python.
pub(crate) struct PythonLock;

impl Cataloger for PythonLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        let name = file.name();
        matches!(
            name,
            "poetry.lock" | "uv.lock" | "pdm.lock" | "Pipfile.lock"
        ) || is_requirements(name)
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
            "Pipfile.lock" => pipfile::packages(content)?,
            name if is_requirements(name) => requirements::packages(&read_text(content, MANIFEST)?),
            _ => toml_packages::read(content)?,
        };
        let mut listing = Listing::new(found);
        for (name, version) in packages {
            let name = normalised(&name);
            listing.package(Package::new(PackageKind::Python, name, version, NAME))?;
        }
        listing.finish();
        Ok(())
    }
}

/// `requirements.txt`, `requirements-dev.txt`, `test_requirements.txt`.
fn is_requirements(name: &str) -> bool {
    name.strip_suffix(".txt")
        .is_some_and(|stem| stem.contains("requirements"))
}

#[cfg(test)]
mod tests;
