//! Programs that no package manager brought, told by their names and the versions in them.

mod classifier;
mod languages;
mod libraries;
mod services;
mod tools;

use self::classifier::{Classifiers, find_version};
use super::bounds::Listing;
use super::program::read_up_to;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "binary-classifier-cataloger";

/// Programs and libraries that images ship outside of packages: `node`, `redis-server`, `libcrypto.so.3`.
///
/// A file is looked into when its name is one of a table's; its version is then found by what its
/// makers write into every build. A name whose version isn't found is no finding: something else may
/// have that name. Also the programs of packages are found: who joins the findings of an image leaves
/// out those that a package owns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binaries;

impl Cataloger for Binaries {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.size > 0 && Classifiers::all().of(file.path).next().is_some()
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let is_program = is_program(content)?;
        for entry in Classifiers::all().of(file.path) {
            let classifier = entry.classifier;
            if classifier.is_text == is_program {
                continue;
            }
            if let Some(version) = find_version(entry, file.name(), content)? {
                let package = package(classifier.package, &version);
                return Listing::new(found).package(package);
            }
        }
        Ok(())
    }
}

/// The package of a program.
pub(super) fn package(name: &str, version: &str) -> Package {
    Package::new(PackageKind::Binary, name, version, NAME)
}

/// Whether it is code for a machine: ELF, Mach-O or PE, or an archive of such.
fn is_program(content: &dyn Content) -> Result<bool, Fault> {
    let mut start = [0; 8];
    let length = read_up_to(content, 0, &mut start)?;
    let marks: [&[u8]; 6] = [
        b"\x7fELF",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\xfe\xed\xfa",
        b"!<arch>\n",
    ];
    Ok(marks.iter().any(|mark| start[..length].starts_with(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_has_a_version() {
        for entry in Classifiers::all().entries() {
            assert!(!entry.classifier.patterns.is_empty());
            for pattern in entry.patterns() {
                let mut names = pattern.capture_names().flatten();
                assert_eq!(
                    names.next(),
                    Some("version"),
                    "{}",
                    entry.classifier.package
                );
            }
        }
    }
}
