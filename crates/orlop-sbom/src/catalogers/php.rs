//! Packages that Composer installed: `vendor/composer/installed.json`, of Composer 1 a list, of
//! Composer 2 an object with the list in `packages`.

use serde::Deserialize;

use super::bounds::{LIST, Listing};
use super::json::{List, Text, Words, fault};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind, read_whole};

const NAME: &str = "php-composer-installed-cataloger";

/// Reads packages that Composer installed.
pub(crate) struct Php;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Installed {
    packages: List<Entry>,
}

/// A package, here and in `composer.lock`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    name: Text,
    version: Text,
    license: Words,
    authors: Words,
}

impl Entry {
    pub(super) fn package(self, found_by: &str) -> Package {
        // What Composer calls the same: names in any case.
        let name = self.name.0.trim().to_lowercase();
        let mut package = Package::new(PackageKind::Composer, name, self.version.0, found_by);
        package.licences = self.license.0;
        package.maintainer = self.authors.0.into_iter().next();
        package
    }
}

impl Cataloger for Php {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.path.ends_with("/composer/installed.json")
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let bytes = read_whole(content, LIST)?;
        let is_list = bytes.trim_ascii_start().first() == Some(&b'[');
        let List(packages) = if is_list {
            serde_json::from_slice(&bytes).map_err(|error| fault(&error))?
        } else {
            let installed: Installed =
                orlop_oci::json::from_slice(&bytes).map_err(|error| fault(&error))?;
            installed.packages
        };
        let mut listing = Listing::new(found);
        for entry in packages {
            listing.package(entry.package(NAME))?;
        }
        listing.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    const LOG: &str = r#"{"name":"Psr/log","version":"1.1.4","version_normalized":"1.1.4.0","license":["MIT"],"authors":[{"name":"PHP-FIG","homepage":"https://www.php-fig.org/"}],"install-path":"../psr/log"}"#;

    fn read(text: &str) -> Result<Found, Fault> {
        let file = FileInfo {
            path: "app/vendor/composer/installed.json",
            size: 0,
            is_executable: false,
        };
        assert!(Php.wants(&file));
        let mut found = Found::default();
        Php.catalog(&file, &text.as_bytes(), &mut found)?;
        Ok(found)
    }

    #[test]
    fn both_forms_of_composer() {
        for text in [
            format!("[{LOG}]"),
            format!("{{\"packages\":[{LOG}],\"dev\":true,\"dev-package-names\":[]}}"),
        ] {
            let found = read(&text).unwrap();
            let [Finding::Package(package)] = &found.findings[..] else {
                panic!("{found:?}");
            };
            assert_eq!((&*package.name, &*package.version), ("psr/log", "1.1.4"));
            assert_eq!(package.licences, ["MIT"]);
            assert_eq!(package.maintainer.as_deref(), Some("PHP-FIG"));
        }
    }

    #[test]
    fn one_without_a_version_is_told() {
        let found = read(&format!("[{{\"name\":\"a/b\"}},{LOG}]")).unwrap();
        assert_eq!(found.findings.len(), 1);
        assert_eq!(found.faults[0].to_string(), "a/b has no version");
        assert!(read("[[]]").is_err() && read("").is_err() && read("{}x").is_err());
    }
}
