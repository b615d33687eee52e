//! Conda packages that are installed: `conda-meta/NAME-VERSION-BUILD.json` of each environment.

use serde::Deserialize;

use super::bounds::{LIST, Listing};
use super::json::{Text, Texts, Words, read};
use super::path::{folder, join};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "conda-meta-cataloger";

/// Reads Conda packages that are installed.
pub(crate) struct Conda;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Text,
    version: Text,
    subdir: Text,
    license: Words,
    /// Paths from the environment's folder.
    files: Texts,
}

impl Cataloger for Conda {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        let parent = folder(file.path);
        (parent == "conda-meta" || parent.ends_with("/conda-meta")) && file.path.ends_with(".json")
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let meta: Meta = read(content, LIST)?;
        let (Text(name), Text(version)) = (meta.name, meta.version);
        let mut package = Package::new(PackageKind::Conda, name, version, NAME);
        package.licences = meta.license.0;
        package.architecture = Some(meta.subdir.0);
        let environment = folder(folder(file.path));
        let mut listing = Listing::new(found);
        for path in meta.files.0 {
            if let Some(path) = join(environment, &path)
                && !listing.path(&mut package.files, path)
            {
                break;
            }
        }
        listing.package(package)?;
        listing.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    #[test]
    fn a_package_of_an_environment() {
        let file = FileInfo {
            path: "opt/conda/conda-meta/zlib-1.2.13-h5eee18b_0.json",
            size: 0,
            is_executable: false,
        };
        assert!(Conda.wants(&file));
        let text = r#"{"build":"h5eee18b_0","build_number":0,"name":"zlib","version":"1.2.13","subdir":"linux-64","license":"Zlib","files":["lib/libz.so","include/zlib.h"],"paths_data":{"paths":[]}}"#;
        let mut found = Found::default();
        Conda.catalog(&file, &text.as_bytes(), &mut found).unwrap();
        let [Finding::Package(package)] = &found.findings[..] else {
            panic!("{found:?}");
        };
        assert_eq!((&*package.name, &*package.version), ("zlib", "1.2.13"));
        assert_eq!(package.architecture.as_deref(), Some("linux-64"));
        assert_eq!(package.licences, ["Zlib"]);
        let files = ["opt/conda/lib/libz.so", "opt/conda/include/zlib.h"];
        assert_eq!(package.files, files);
    }

    #[test]
    fn one_without_a_name_is_told() {
        let file = FileInfo {
            path: "conda-meta/x.json",
            size: 0,
            is_executable: false,
        };
        let mut found = Found::default();
        Conda
            .catalog(&file, &&b"{\"version\":\"1\"}"[..], &mut found)
            .unwrap();
        assert_eq!(
            found.faults[0].to_string(),
            "a package of version 1 has no name"
        );
        assert!(Conda.catalog(&file, &&b"[]"[..], &mut found).is_err());
        let file = FileInfo {
            path: "conda-meta/history",
            ..file
        };
        assert!(!Conda.wants(&file));
    }
}
