//! Java runtimes, by the file `release` in their folder.

use super::super::bounds::Listing;
use super::manifest::properties;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind, read_whole};

const NAME: &str = "java-jvm-cataloger";

/// How many bytes it may have; it lists the modules of the runtime.
const MAX_RELEASE: u64 = 512 << 10;

/// Installed Java runtimes: OpenJDK and its builds, Azul's, IBM's and Oracle's.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct JavaRuntimes;

impl Cataloger for JavaRuntimes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "release" && file.size > 0 && file.size <= MAX_RELEASE
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let release = read_whole(content, MAX_RELEASE)?;
        if let Some((name, version)) = runtime(file.path, &release) {
            let package = Package::new(PackageKind::Binary, name, version, NAME);
            return Listing::new(found).package(package);
        }
        Ok(())
    }
}

/// Name and version of a runtime; nothing if the file is of something else.
fn runtime(path: &str, release: &[u8]) -> Option<(&'static str, String)> {
    let release = properties(release);
    let value = |key: &str| {
        let value = release.get(key)?.trim_matches('"');
        (!value.is_empty()).then_some(value)
    };
    let version = value("JAVA_VERSION");
    // With the number of the build, as it tells it itself.
    let full = value("JAVA_RUNTIME_VERSION").or_else(|| {
        let full = value("FULL_VERSION")?;
        let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
        (version.is_none_or(|version| major(version) == major(full))).then_some(full)
    });
    let version = full.or(version)?;
    let maker = value("IMPLEMENTOR")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_development = value("IMAGE_TYPE").is_none_or(|kind| !kind.eq_ignore_ascii_case("jre"));
    let name = if maker.contains("azul") || path.contains("zulu") {
        "zulu"
    } else if maker.contains("ibm") || path.contains("/ibm") {
        "java"
    } else if maker.contains("oracle")
        || maker.contains("sun ")
        || value("BUILD_TYPE") == Some("commercial")
    {
        if is_development { "jdk" } else { "jre" }
    } else {
        "openjdk"
    };
    Some((name, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_named_by_their_makers() {
        let cases = [
            (
                "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"21.0.4+7-LTS\"\nJAVA_VERSION=\"21.0.4\"\n",
                "openjdk",
                "21.0.4+7-LTS",
            ),
            (
                "JAVA_VERSION=\"1.8.0_422\"\nFULL_VERSION=\"1.8.0_422-b05\"\nIMPLEMENTOR=\"Temurin\"\n",
                "openjdk",
                "1.8.0_422-b05",
            ),
            (
                "JAVA_VERSION=\"1.8.0_422\"\nFULL_VERSION=\"8.0.422+5\"\n",
                "openjdk",
                "1.8.0_422",
            ),
            (
                "JAVA_VERSION=\"22.0.2\"\nIMPLEMENTOR=\"Oracle Corporation\"\nIMAGE_TYPE=\"JRE\"\n",
                "jre",
                "22.0.2",
            ),
            (
                "JAVA_VERSION=\"17\"\nIMPLEMENTOR=\"Azul Systems, Inc.\"\n",
                "zulu",
                "17",
            ),
        ];
        for (release, name, version) in cases {
            let expected = Some((name, version.to_owned()));
            assert_eq!(
                runtime("opt/java/release", release.as_bytes()),
                expected,
                "{release}"
            );
        }
        assert_eq!(runtime("etc/release", b"Some Linux release 9\n"), None);
    }
}
