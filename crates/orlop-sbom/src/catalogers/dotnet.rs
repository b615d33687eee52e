//! NuGet packages of .NET programs: `NAME.deps.json` beside the program or the shared framework (.NET
//! SDK's "Runtime configuration files").

use std::collections::{HashMap, HashSet};

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

/// What a library brings, by paths in its package, and what it asks for, by name and version.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Assets {
    runtime: Members<IgnoredAny>,
    native: Members<IgnoredAny>,
    resources: Members<IgnoredAny>,
    runtime_targets: Members<IgnoredAny>,
    dependencies: Members<Text>,
}

impl Assets {
    fn files(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.runtime,
            &self.native,
            &self.resources,
            &self.runtime_targets,
        ];
        let files = all.into_iter().flat_map(|Members(files)| files);
        // An empty file stands for "nothing".
        files
            .map(|(file, _)| file.as_str())
            .filter(|file| !file.ends_with("_._"))
    }
}

/// The libraries of a program that are there: those with files, and those that stand for others with
/// files. What only built the program is listed too, and is not there.
fn present(target: &HashMap<String, Assets>) -> HashSet<String> {
    let mut asked_by: HashMap<String, Vec<&str>> = HashMap::new();
    let mut present: HashSet<String> = HashSet::new();
    let mut news = Vec::new();
    for (library, assets) in target {
        for (name, Text(version)) in &assets.dependencies.0 {
            let dependency = format!("{name}/{version}");
            asked_by.entry(dependency).or_default().push(library);
        }
        if assets.files().next().is_some() {
            news.push(library.as_str());
        }
    }
    while let Some(library) = news.pop() {
        if present.insert(library.to_owned()) {
            news.extend(asked_by.get(library).into_iter().flatten());
        }
    }
    present
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
        let mut targets = read.targets.0.into_iter();
        let target: Option<HashMap<String, Assets>> = targets
            .find(|(name, _)| *name == chosen)
            .map(|(_, target)| {
                let libraries = target.0.into_iter();
                libraries
                    .map(|(name, Object(assets))| (name, assets))
                    .collect()
            });
        let present = target.as_ref().map(present);
        let mut listing = Listing::new(found);
        for (library, Object(Library { kind: Text(kind) })) in read.libraries.0 {
            let (name, version) = library.split_once('/').unwrap_or((&library, ""));
            let name = match kind.as_str() {
                "package" => name,
                "runtimepack" => name.strip_prefix(RUNTIME).unwrap_or(name),
                // The program itself, and its other projects.
                _ => continue,
            };
            let assets = target.as_ref().and_then(|target| target.get(&library));
            let is_there = present
                .as_ref()
                .is_none_or(|present| present.contains(&library));
            if assets.is_some() && !is_there {
                continue;
            }
            let mut package = Package::new(PackageKind::Nuget, name, version, NAME);
            for asset in assets.into_iter().flat_map(Assets::files) {
                // Where it is in the package doesn't matter: it lies beside this file.
                let name = asset.rsplit('/').next().unwrap_or_default();
                if let Some(path) = join(folder(file.path), name)
                    && !listing.path(&mut package.files, path)
                {
                    break;
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
      "Meta/1.0.0": {"dependencies": {"Newtonsoft.Json": "12.0.1"}},
      "Builder/1.0.0": {"compile": {"lib/Builder.dll": {}}, "runtime": {"lib/net8.0/_._": {}}},
      "Newtonsoft.Json/12.0.1": {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {"assemblyVersion": "12.0.0.0"}}}
    }
  },
  "libraries": {
    "app/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "Newtonsoft.Json/12.0.1": {"type": "package", "serviceable": true, "path": "newtonsoft.json/12.0.1"},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"},
    "Meta/1.0.0": {"type": "package"},
    "Builder/1.0.0": {"type": "package"},
    "broken": {"type": "package"}
  }
}"#;

    #[test]
    fn packages_that_are_there_with_their_files() {
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
        let packages: Vec<_> = found
            .findings
            .iter()
            .map(|finding| match finding {
                Finding::Package(package) => package,
                other => panic!("{other:?}"),
            })
            .collect();
        let [json, runtime, meta] = &packages[..] else {
            panic!("{found:?}");
        };
        assert_eq!((&*meta.name, &meta.files[..]), ("Meta", &[][..]));
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
