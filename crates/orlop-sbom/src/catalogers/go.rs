//! Go programs, by the build info in them.

use std::sync::LazyLock;

use regex::Regex;

use super::binary;
use super::bounds::Listing;
use super::go_build_info::{BuildInfo, Module};
use super::program::Program;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "go-module-binary-cataloger";

/// How Go names the version of a module that it built from a folder.
const DEVELOPED: &str = "(devel)";

/// The modules a Go program was linked from, and Go's standard library as `stdlib`.
///
/// A module that was replaced is the one that replaced it, unless that is a folder, which has neither a
/// name nor a version: then the name and version that it stands for are told.
///
/// The main module of a program built from a folder has no version. It is taken, in this order, from a
/// version that the linker was told to set in a variable (`-ldflags "-X main.version=1.2.3"`), from the
/// revision, as Go's pseudo-version of it (`v0.0.0-20240102030405-0123456789ab`), else it is unknown,
/// which is an empty string.
///
/// Programs linked without modules (by Debian, by Bazel) show their main package and the standard
/// library only. Packed ones (UPX) show nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct GoBinaries;

impl Cataloger for GoBinaries {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        super::program::may_be(file)
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let Some(program) = Program::read(content)? else {
            return Ok(());
        };
        if let Some(info) = BuildInfo::read(program)? {
            let mut listing = Listing::new(found);
            for package in packages(&info) {
                listing.program(package)?;
            }
        }
        Ok(())
    }
}

fn packages(info: &BuildInfo) -> Vec<Package> {
    let new = |name: &str, version: &str| Package::new(PackageKind::Go, name, version, NAME);
    let mut packages = Vec::with_capacity(info.dependencies.len() + 2);
    if let Some(main) = main_module(info) {
        let version = match main.version.as_str() {
            DEVELOPED | "" => developed_version(info, &main.path).unwrap_or_default(),
            version => version.to_owned(),
        };
        packages.push(new(&main.path, &version));
    }
    for dependency in &info.dependencies {
        let module = effective(dependency);
        let version = if module.version == DEVELOPED {
            ""
        } else {
            &module.version
        };
        packages.push(new(&module.path, version));
    }
    if let Some(version) = go_version(&info.go) {
        packages.push(new("stdlib", version));
        if info.path == "cmd/go" {
            // The tool itself: its main package is of the standard library.
            packages.push(binary::package("go", version));
        }
    }
    packages
}

/// The main module; for programs without one, their main package stands for it.
fn main_module(info: &BuildInfo) -> Option<Module> {
    if let Some(main) = &info.main {
        return Some(effective(main).clone());
    }
    // Packages of the standard library, and the name that Go gives to files on its command line.
    let is_module = info.path.split('/').next()?.contains('.');
    is_module.then(|| Module {
        path: info.path.clone(),
        ..Module::default()
    })
}

fn effective(module: &Module) -> &Module {
    match &module.replaced_by {
        // A folder has no version; later versions of Go call that developed.
        Some(other) if !matches!(&*other.version, "" | DEVELOPED) => other,
        _ => module,
    }
}

/// `1.21.5` of `go1.21.5 X:boringcrypto` and of `devel go1.21.5-0123456 Thu Jan 1`.
fn go_version(go: &str) -> Option<&str> {
    let go = go.strip_prefix("devel ").unwrap_or(go);
    let version = go.strip_prefix("go")?.split(' ').next()?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(version)
}

fn developed_version(info: &BuildInfo, module: &str) -> Option<String> {
    let flags = info.setting("-ldflags").unwrap_or_default();
    linked_version(flags, module).or_else(|| revision_version(info))
}

/// The version among the variables of the main package and of others of its module that the linker
/// set: one whose name ends in `version`, `ver` or `tag`.
fn linked_version(flags: &str, module: &str) -> Option<String> {
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        let variable = r"(?P<package>[^ '=]+)\.(?i-u:[a-z0-9_]*(?P<is>version|ver|tag))";
        let version = r"(?:[^ /]+/)*v?(?P<version>[0-9]+\.[0-9]+\.[0-9]+[-+._0-9A-Za-z]*)";
        Regex::new(&format!(r#"-X[ =]+['"]?{variable}=['"]?{version}"#)).expect("a constant")
    });
    let is_own = |package: &str| {
        let below = package.strip_prefix(module);
        package == "main" || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut tag = None;
    for found in VARIABLE.captures_iter(flags) {
        if !is_own(&found["package"]) {
            continue;
        }
        let version = format!("v{}", &found["version"]);
        if !found["is"].eq_ignore_ascii_case("tag") {
            return Some(version);
        }
        tag.get_or_insert(version);
    }
    tag
}

/// Go's pseudo-version of a revision without a tag before it (Go Modules Reference, "Pseudo-versions").
fn revision_version(info: &BuildInfo) -> Option<String> {
    let revision = info.setting("vcs.revision")?;
    let short = revision.get(..12).unwrap_or(revision);
    // RFC 3339 in UTC: `2024-01-02T03:04:05Z`.
    let time = info.setting("vcs.time")?;
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 14 && time.ends_with('Z')).then(|| format!("v0.0.0-{digits}-{short}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_go_is_bare() {
        let cases = [
            ("go1.21.5", Some("1.21.5")),
            ("go1.20.1 X:boringcrypto", Some("1.20.1")),
            ("go1.22rc1", Some("1.22rc1")),
            (
                "devel go1.24-0123456789 Thu Jan 1 00:00:00 1970 +0000",
                Some("1.24-0123456789"),
            ),
            ("devel +0123456789", None),
            ("", None),
        ];
        for (go, expected) in cases {
            assert_eq!(go_version(go), expected, "{go}");
        }
    }

    #[test]
    fn versions_are_taken_from_the_variables_of_the_program() {
        let cases = [
            ("-s -w -X main.version=1.2.3", Some("v1.2.3")),
            ("-X 'main.Version=v1.2.3-rc.1'", Some("v1.2.3-rc.1")),
            (
                "-X=x.org/a/internal/build.gitVersion=v1.2.3+dirty",
                Some("v1.2.3+dirty"),
            ),
            (
                "-X x.org/a.buildTag=release/1.2.3 -X main.Ver=1.2.4",
                Some("v1.2.4"),
            ),
            ("-X x.org/a.buildTag=release/1.2.3", Some("v1.2.3")),
            // Another module's, one with a name that only begins alike, no version at all.
            ("-X x.org/b.version=1.2.3", None),
            ("-X x.org/ab.version=1.2.3", None),
            ("-X main.version=unknown -X main.commit=1.2.3", None),
            ("", None),
        ];
        for (flags, expected) in cases {
            assert_eq!(
                linked_version(flags, "x.org/a").as_deref(),
                expected,
                "{flags}"
            );
        }
    }

    #[test]
    fn a_revision_makes_a_pseudo_version() {
        let settings = |time: &str| BuildInfo {
            settings: vec![
                ("vcs.revision".into(), "0123456789abcdef0123".into()),
                ("vcs.time".into(), time.into()),
            ],
            ..BuildInfo::default()
        };
        let version = revision_version(&settings("2024-01-02T03:04:05Z"));
        assert_eq!(
            version.as_deref(),
            Some("v0.0.0-20240102030405-0123456789ab")
        );
        assert_eq!(revision_version(&settings("yesterday")), None);
    }

    #[test]
    fn a_folder_in_place_of_a_module_keeps_the_name_of_the_module() {
        let module = |path: &str, version: &str, replaced_by| Module {
            path: path.into(),
            version: version.into(),
            replaced_by,
        };
        let folder = Box::new(module("./b", "", None));
        let later_folder = Box::new(module("./d", DEVELOPED, None));
        let other = Box::new(module("y.org/c", "v1.0.1", None));
        let info = BuildInfo {
            go: "go1.21.5".into(),
            main: Some(module("x.org/a", DEVELOPED, None)),
            dependencies: vec![
                module("x.org/b", "v1.0.0", Some(folder)),
                module("x.org/c", "v1.0.0", Some(other)),
                module("x.org/d", "v1.0.0", Some(later_folder)),
            ],
            ..BuildInfo::default()
        };
        let packages = packages(&info);
        let list: Vec<_> = packages
            .iter()
            .map(|one| (&*one.name, &*one.version))
            .collect();
        assert_eq!(
            list,
            [
                ("x.org/a", ""),
                ("x.org/b", "v1.0.0"),
                ("y.org/c", "v1.0.1"),
                ("x.org/d", "v1.0.0"),
                ("stdlib", "1.21.5")
            ]
        );
    }
}
