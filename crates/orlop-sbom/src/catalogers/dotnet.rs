//! NuGet packages of .NET programs: `NAME.deps.json` beside the program or the shared framework (.NET
//! SDK's "Runtime configuration files").

use std::collections::HashMap;

use orlop_oci::json::Object;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bounds::{LIST, Listing};
use super::json::{Members, Text, read};
use super::path::{folder, join};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "dotnet-deps-cataloger";

/// Before the name of a runtime that a program brings along.
const RUNTIME: &str = "runtimepack.";

/// Reads what .NET programs are made of.
pub(crate) struct Dotnet;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Dependencies {
    runtime_target: RuntimeTarget,
    targets: Members<Members<Object<Assets>>>,
    libraries: Members<Object<Library>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuntimeTarget {
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Library {
    #[serde(rename = "type")]
    kind: Text,
}

/// The files of a library, by their paths in its package.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Assets {
    runtime: Members<IgnoredAny>,
    native: Members<IgnoredAny>,
}

impl Cataloger for Dotnet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.path.ends_with(".deps.json")
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let read: Dependencies = read(content, LIST)?;
        let Text(chosen) = read.runtime_target.name;
        let targets = read.targets.0;
        let target = targets.into_iter().find(|(name, _)| *name == chosen);
        let assets: HashMap<_, _> = target
            .map(|(_, Members(libraries))| libraries.into_iter().collect())
            .unwrap_or_default();
        let mut listing = Listing::new(found);
        for (library, Object(Library { kind: Text(kind) })) in read.libraries.0 {
            let (name, version) = library.split_once('/').unwrap_or((&library, ""));
            let name = match kind.as_str() {
                "package" => name,
                "runtimepack" => name.strip_prefix(RUNTIME).unwrap_or(name),
                // The program itself, and its other projects.
                _ => continue,
            };
            let mut package = Package::new(PackageKind::Nuget, name, version, NAME);
            if let Some(Object(Assets { runtime, native })) = assets.get(&library) {
                for (asset, _) in runtime.0.iter().chain(&native.0) {
                    // Where it is in the package doesn't matter: it lies beside this file.
                    let name = asset.rsplit('/').next().unwrap_or_default();
                    // A file without bytes that stands for "nothing".
                    if name != "_._"
                        && let Some(path) = join(folder(file.path), name)
                    {
                        listing.path(&mut package.files, path);
                    }
                }
            }
            listing.package(package)?;
        }
        listing.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    const DEPENDENCIES: &str = r#"{
  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
  "compilationOptions": {},
  "targets": {
    ".NETCoreApp,Version=v8.0": {},
    ".NETCoreApp,Version=v8.0/linux-x64": {
      "app/1.0.0": {"dependencies": {"Newtonsoft.Json": "12.0.1"}, "runtime": {"app.dll": {}}},
      "Newtonsoft.Json/12.0.1": {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {"assemblyVersion": "12.0.0.0"}}}
    }
  },
  "libraries": {
    "app/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "Newtonsoft.Json/12.0.1": {"type": "package", "serviceable": true, "path": "newtonsoft.json/12.0.1"},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"},
    "broken": {"type": "package"}
  }
}"#;

    #[test]
    fn packages_and_the_runtime_with_their_files() {
        let file = FileInfo {
            path: "app/app.deps.json",
            size: 0,
            is_executable: false,
        };
        assert!(Dotnet.wants(&file));
        let mut found = Found::default();
        Dotnet
            .catalog(&file, &DEPENDENCIES.as_bytes(), &mut found)
            .unwrap();
        let [Finding::Package(json), Finding::Package(runtime)] = &found.findings[..] else {
            panic!("{found:?}");
        };
        assert_eq!((&*json.name, &*json.version), ("Newtonsoft.Json", "12.0.1"));
        assert_eq!(json.files, ["app/Newtonsoft.Json.dll"]);
        assert_eq!(runtime.name, "Microsoft.NETCore.App.Runtime.linux-x64");
        assert_eq!(found.faults[0].to_string(), "broken has no version");
    }

    #[test]
    fn a_list_is_no_program() {
        let mut found = Found::default();
        let file = FileInfo {
            path: "a.deps.json",
            size: 0,
            is_executable: false,
        };
        for text in ["[]", "{", "{\"libraries\":{\"a/1\":[\"package\"]}}"] {
            let read = Dotnet.catalog(&file, &text.as_bytes(), &mut found);
            assert!(read.is_err() || found.findings.is_empty(), "{text}");
        }
    }
}
