//! A package that is installed in an image.

use serde::{Deserialize, Serialize};

/// A package as one file shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// Its name as advisories in the form of OSV write it: `@babel/core`, `org.slf4j:slf4j-api`,
    /// `golang.org/x/net`, `symfony/console`, a Python name in lower case with `-` (PEP 503).
    pub name: String,
    /// Its version, as its ecosystem writes it: `1:2.36-9+deb12u4`, `v0.17.0`.
    pub version: String,
    /// The architecture it was built for, in its ecosystem's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The source package it was built from, where that has another name or version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// The module that it is built for, as rpm's modularity label: `nodejs:18:8060020220523160029:ad008a3a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Licences as declared: SPDX expressions where the ecosystem has them, else its own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// The files that it says are its own, as paths below the root of the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Who made or keeps it, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<String>,
    /// Where the package shown lies *inside* the file that shows it, from the outside in: the jars in
    /// a jar. Empty for the file itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
    /// The name of the cataloger that found it.
    pub found_by: String,
}

impl Package {
    /// A package of which no more than name and version is known.
    pub fn new(
        kind: PackageKind,
        name: impl Into<String>,
        version: impl Into<String>,
        found_by: &str,
    ) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            architecture: None,
            source: None,
            module: None,
            licences: Vec::new(),
            files: Vec::new(),
            maintainer: None,
            inside: Vec::new(),
            found_by: found_by.to_owned(),
        }
    }

    /// The same without the list of its files, which may be long.
    pub fn without_files(&self) -> Self {
        Self {
            kind: self.kind,
            name: self.name.clone(),
            version: self.version.clone(),
            architecture: self.architecture.clone(),
            source: self.source.clone(),
            module: self.module.clone(),
            licences: self.licences.clone(),
            files: Vec::new(),
            maintainer: self.maintainer.clone(),
            inside: self.inside.clone(),
            found_by: self.found_by.clone(),
        }
    }
}

/// The source package of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The ecosystem of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PackageKind {
    /// Alpine, Wolfi, Chainguard.
    Apk,
    /// Debian, Ubuntu and their children.
    Deb,
    /// Red Hat, Fedora, SUSE and their children.
    Rpm,
    /// PyPI.
    Python,
    /// npm.
    Npm,
    /// crates.io.
    Cargo,
    /// Go modules, the standard library as `stdlib`.
    Go,
    /// Maven.
    Java,
    /// RubyGems.
    Gem,
    /// Packagist.
    Composer,
    /// NuGet.
    Nuget,
    /// Conda.
    Conda,
    /// A program that no package manager brought, told by its own bytes.
    Binary,
}

impl PackageKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Apk,
        Self::Deb,
        Self::Rpm,
        Self::Python,
        Self::Npm,
        Self::Cargo,
        Self::Go,
        Self::Java,
        Self::Gem,
        Self::Composer,
        Self::Nuget,
        Self::Conda,
        Self::Binary,
    ];

    /// Its type in a package URL (purl-spec, PURL-TYPES).
    pub fn purl_type(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Python => "pypi",
            Self::Npm => "npm",
            Self::Cargo => "cargo",
            Self::Go => "golang",
            Self::Java => "maven",
            Self::Gem => "gem",
            Self::Composer => "composer",
            Self::Nuget => "nuget",
            Self::Conda => "conda",
            Self::Binary => "generic",
        }
    }

    /// Whether a distribution's own package manager brought it.
    pub fn is_of_distribution(self) -> bool {
        matches!(self, Self::Apk | Self::Deb | Self::Rpm)
    }
}
