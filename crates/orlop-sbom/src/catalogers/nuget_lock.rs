//! NuGet packages as `packages.lock.json` declares them.

use std::collections::HashSet;

use orlop_oci::json::Object;
use serde::Deserialize;

use super::bounds::{LIST, Listing};
use super::json::{Members, Text, read};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "dotnet-packages-lock-cataloger";

/// Reads `packages.lock.json`.
pub(crate) struct NugetLock;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    /// By framework, by name.
    dependencies: Members<Members<Object<Entry>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "type")]
    kind: Text,
    resolved: Text,
}

impl Cataloger for NugetLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "packages.lock.json"
    }

    fn is_declared(&self) -> bool {
        true
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let lock: Lock = read(content, LIST)?;
        let mut listing = Listing::new(found);
        let mut known = HashSet::new();
        for (_, Members(packages)) in lock.dependencies.0 {
            for (name, Object(entry)) in packages {
                let Text(version) = entry.resolved;
                if entry.kind.0 != "Project" && known.insert((name.clone(), version.clone())) {
                    listing.package(Package::new(PackageKind::Nuget, name, version, NAME))?;
                }
            }
        }
        listing.finish();
        Ok(())
    }
}
