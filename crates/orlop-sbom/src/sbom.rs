//! What an image holds: the end of the way from its files.

use orlop_oci::DiffId;
use serde::{Deserialize, Serialize};

use crate::join::Joining;
use crate::{Layer, Package, PackageKind, Release};

/// The packages of an image, or of anything else that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// The distribution and its release, if the image has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Sorted by kind, name, version and architecture; each of these once.
    pub packages: Vec<Installed>,
    /// What couldn't be read: where there is a fault, packages may be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FileFault>,
    /// How much of the programs the packages explain.
    #[serde(default)]
    pub coverage: Coverage,
}

/// A package that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The package. Its list of files isn't kept, and where it is inside of a file stands in `locations`.
    #[serde(flatten)]
    pub package: Package,
    /// Its package URL (purl-spec), with the distribution as syft writes it; empty if it can have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purl: String,
    /// The files that show it, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// The distribution's package that owns all these files, for a package that isn't the distribution's:
    /// its advisories count more than those of the package's own ecosystem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<Owner>,
    /// The stage of the build that it was in, and not the image that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

/// A file that shows a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file, as in [`FileInfo::path`](crate::FileInfo::path).
    pub path: String,
    /// Where in the file, from the outside in: the jars in a jar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
    /// The layer that brought it: of a package in a database that holds many, the first layer whose
    /// database has it. Unknown in some documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<DiffId>,
}

/// The package of a distribution that owns a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A file, or a layer, that couldn't be read in whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFault {
    /// The file; nothing for a fault of the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<DiffId>,
    /// A clause about "it", the file or the layer.
    pub what: String,
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Bytes of programs: ELF files, and scripts that may be executed. A file with several names counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Bytes that packages own or are shown by.
    pub explained_bytes: u64,
    /// All bytes.
    pub program_bytes: u64,
}

impl Coverage {
    /// The part of all bytes that is explained, from 0 to 1; 1 where there are no programs.
    pub fn share(&self) -> f64 {
        match self.program_bytes {
            0 => 1.0,
            all => self.explained_bytes as f64 / all as f64,
        }
    }
}

impl Sbom {
    /// What an image of these layers holds, bottom layer first.
    pub fn of(layers: &[Layer<'_>]) -> Self {
        Joining::new(layers).finish()
    }

    /// Drops the layers of all places, for what has no layers.
    pub fn forget_layers(&mut self) {
        for installed in &mut self.packages {
            for location in &mut installed.locations {
                location.diff_id = None;
            }
        }
        for fault in &mut self.faults {
            fault.diff_id = None;
        }
    }

    /// Has the packages in the order that [`Sbom::packages`] promises.
    pub(crate) fn sort(&mut self) {
        self.packages.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

fn key(installed: &Installed) -> (PackageKind, &str, &str, Option<&str>, &str) {
    let Package {
        kind,
        name,
        version,
        architecture,
        found_by,
        ..
    } = &installed.package;
    (*kind, name, version, architecture.as_deref(), found_by)
}
