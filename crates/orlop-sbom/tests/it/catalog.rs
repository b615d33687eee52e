//! Asks the catalogers of the table, as a scan does.

use orlop_sbom::{Content, FileInfo, Finding, Found, Package, catalogers};

/// What a cataloger says of a file that it wants.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) packages: Vec<Package>,
    pub(crate) faults: Vec<String>,
}

impl Said {
    /// Names and versions.
    pub(crate) fn list(&self) -> Vec<(&str, &str)> {
        self.packages
            .iter()
            .map(|one| (&*one.name, &*one.version))
            .collect()
    }
}

/// Asks one cataloger about an executable.
pub(crate) fn ask(cataloger: &str, path: &str, content: &dyn Content) -> Said {
    let file = FileInfo {
        path,
        size: content.size(),
        is_executable: true,
    };
    let cataloger = catalogers()
        .iter()
        .find(|one| one.name() == cataloger)
        .unwrap();
    let mut said = Said::default();
    if !cataloger.wants(&file) {
        return said;
    }
    let mut found = Found::default();
    if let Err(fault) = cataloger.catalog(&file, content, &mut found) {
        said.faults.push(fault.to_string());
    }
    said.faults
        .extend(found.faults.iter().map(ToString::to_string));
    for finding in found.findings {
        match finding {
            Finding::Package(package) => said.packages.push(*package),
            other => panic!("no package: {other:?}"),
        }
    }
    said
}
