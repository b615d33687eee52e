//! What one file of a layer shows.

use serde::{Deserialize, Serialize};

use crate::{Package, PackageKind};

/// One thing that a file shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Finding {
    /// A package.
    Package(Box<Package>),
    /// Files of a package that another file shows.
    Files {
        /// The package.
        of: PackageRef,
        /// Paths as in [`FileInfo::path`](crate::FileInfo::path).
        paths: Vec<String>,
    },
    /// Licences of a package that another file shows.
    Licences {
        /// The package.
        of: PackageRef,
        /// As the file writes them.
        licences: Vec<String>,
    },
    /// The distribution and its release.
    Release(Release),
}

/// Which package of another file is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageRef {
    /// Its kind.
    pub kind: PackageKind,
    /// Its name.
    pub name: String,
    /// Its architecture, where several of one name can be installed (dpkg's `libc6:amd64`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The folder of the file that shows it, where several of one name and architecture can be
    /// installed (Python environments).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_in: Option<String>,
}

/// What `os-release` says (os-release(5)), empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `ID`: `alpine`, `debian`.
    pub id: String,
    /// `ID_LIKE`, word by word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub like: Vec<String>,
    /// `VERSION_ID`: `3.20.3`, `12`. Rolling releases have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub codename: String,
    /// `PRETTY_NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretty_name: String,
}
