//! npm's packages that are installed: every `package.json` with a name and a version (npm's
//! "package.json"). In `node_modules` they are what was installed, elsewhere the program itself, or
//! what a distribution keeps in a folder of its own (Debian's `usr/share/nodejs`).

use serde::Deserialize;

use super::bounds::{Listing, MANIFEST};
use super::json::{Text, Words, read};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "javascript-package-cataloger";

/// Reads npm's packages that are installed.
pub(crate) struct Npm;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    name: Text,
    version: Text,
    license: Words,
    licenses: Words,
    author: Words,
}

impl Cataloger for Npm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "package.json"
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let manifest: Manifest = match read(content, MANIFEST) {
            Ok(manifest) => manifest,
            Err(fault) if is_of_package(file.path) => return Err(fault),
            // A template, a test's.
            Err(_) => return Ok(()),
        };
        let (Text(name), Text(version)) = (manifest.name, manifest.version);
        // Many packages have further ones in folders of theirs, that say no more than how they are
        // loaded.
        if name.is_empty() || version.is_empty() {
            return Ok(());
        }
        let mut package = Package::new(PackageKind::Npm, name.trim(), version.trim(), NAME);
        package.licences = manifest.license.0;
        package.licences.extend(manifest.licenses.0);
        package.maintainer = manifest.author.0.into_iter().next();
        let mut listing = Listing::new(found);
        listing.package(package)?;
        listing.finish();
        Ok(())
    }
}

/// Whether a file is `node_modules/NAME/package.json` or `node_modules/@SCOPE/NAME/package.json`.
fn is_of_package(path: &str) -> bool {
    let mut folders = path.rsplit('/').skip(2);
    match folders.next() {
        Some("node_modules") => true,
        Some(scope) if scope.starts_with('@') => folders.next() == Some("node_modules"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    fn read(path: &str, text: &str) -> Result<Vec<Package>, Fault> {
        let file = FileInfo {
            path,
            size: 0,
            is_executable: false,
        };
        assert!(Npm.wants(&file), "{path}");
        let mut found = Found::default();
        Npm.catalog(&file, &text.as_bytes(), &mut found)?;
        let packages = found.findings.into_iter().map(|finding| match finding {
            Finding::Package(package) => *package,
            other => panic!("{other:?}"),
        });
        Ok(packages.collect())
    }

    #[test]
    fn packages_of_all_ages() {
        let path = "app/node_modules/@babel/core/package.json";
        for (fields, licences, author) in [
            (
                r#""license":"MIT","author":"A <a@b>""#,
                &["MIT"][..],
                Some("A <a@b>"),
            ),
            (
                r#""licenses":[{"type":"MIT","url":"u"},{"type":"GPL"}]"#,
                &["MIT", "GPL"],
                None,
            ),
            (
                r#""license":{"type":"BSD"},"author":{"name":"B"},"private":true"#,
                &["BSD"],
                Some("B"),
            ),
            (r#""license":null,"author":7,"dependencies":[]"#, &[], None),
        ] {
            let text =
                format!("\u{feff}{{\"name\":\"@babel/core\",\"version\":\"7.0.0\",{fields}}}");
            let [package] = &read(path, &text).unwrap()[..] else {
                panic!("{fields}");
            };
            assert_eq!(
                (&*package.name, &*package.version),
                ("@babel/core", "7.0.0")
            );
            assert_eq!(package.licences, licences);
            assert_eq!(package.maintainer.as_deref(), author);
        }
    }

    #[test]
    fn without_a_name_or_a_version_it_is_no_package() {
        for text in [
            r#"{"type":"module"}"#,
            r#"{"name":"a"}"#,
            r#"{"name":"a","version":1}"#,
            r#"{"name":["a"],"version":"1"}"#,
        ] {
            assert_eq!(read("a/node_modules/a/package.json", text).unwrap(), []);
        }
    }

    #[test]
    fn damage_matters_where_a_package_is() {
        for path in [
            "a/node_modules/b/package.json",
            "node_modules/@c/b/package.json",
        ] {
            for text in ["{", "[]", "{\"name\":\"a\",\"version\":\"1\"} x"] {
                let fault = read(path, text).unwrap_err().to_string();
                assert!(fault.starts_with("it can't be read as JSON: "), "{fault}");
            }
        }
        for path in [
            "package.json",
            "a/b/package.json",
            "node_modules/a/test/package.json",
        ] {
            assert_eq!(read(path, "{{name}}").unwrap(), []);
        }
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        assert!(read("node_modules/a/package.json", &deep).is_err());
    }
}
