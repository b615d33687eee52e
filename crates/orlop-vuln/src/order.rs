//! How versions of one ecosystem are ordered.
//!
//! One file for each order, each after the ecosystem's own tool and tested against it: over
//! thousands of pairs where the tool is at hand, and always over the pairs in `tests/pairs`, which
//! hold the tool's verdicts. One order that serves every ecosystem was rejected: the rules contradict
//! each other (`1.0` and `1.0.0` are equal to pip, not to dpkg; `1.0-1` is newer than `1.0` to
//! dpkg, older to npm), and a version on the wrong side is a finding missed.

mod apk;
mod composer;
mod conda;
mod dpkg;
mod ecosystem;
mod gem;
mod go;
mod maven;
mod npm;
mod nuget;
mod number;
mod pep440;
mod rpm;
mod semver;

use std::cmp::Ordering;
use std::fmt;

/// The longest version that is looked at, in bytes. Real ones stay below 100.
const LENGTH: usize = 1024;

/// An ecosystem's own order of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Alpine, Wolfi, Chainguard: apk-tools 2.
    Apk,
    /// Debian, Ubuntu: deb-version(7).
    Dpkg,
    /// Red Hat, SUSE and others: rpm-version(7), with `epoch:version-release` in one.
    Rpm,
    /// Semantic Versioning 2.0.0, as crates.io means it.
    Semver,
    /// npm: node-semver, loosely.
    Npm,
    /// PyPI: PEP 440.
    Pep440,
    /// Maven: `ComparableVersion`.
    Maven,
    /// Go modules with or without `v`, and toolchains with or without `go`.
    Go,
    /// RubyGems: `Gem::Version`.
    Gem,
    /// Packagist: `composer/semver`. Branches (`dev-main`) are no versions.
    Composer,
    /// NuGet: `NuGetVersion`.
    Nuget,
    /// Conda: `VersionOrder`.
    Conda,
}

impl Order {
    /// Every order there is.
    pub const ALL: [Self; 12] = [
        Self::Apk,
        Self::Dpkg,
        Self::Rpm,
        Self::Semver,
        Self::Npm,
        Self::Pep440,
        Self::Maven,
        Self::Go,
        Self::Gem,
        Self::Composer,
        Self::Nuget,
        Self::Conda,
    ];

    /// Which of two versions is the newer one: [`Ordering::Greater`] if it is `left`. Versions that
    /// are written differently may be equal.
    ///
    /// # Errors
    ///
    /// [`MalformedVersion`] where the ecosystem's own tool would refuse one of them, and for one of
    /// more than 1024 bytes.
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering, MalformedVersion> {
        Ok(self.read(left)?.cmp(&self.read(right)?))
    }

    /// Reads a version, for comparisons with others that were read in the same order.
    pub(crate) fn read(self, version: &str) -> Result<Version<'_>, MalformedVersion> {
        let short = Some(version).filter(|version| version.len() <= LENGTH);
        let read = short.and_then(|version| {
            Some(match self {
                Self::Apk => Version::Apk(apk::Version::parse(version)?),
                Self::Dpkg => Version::Dpkg(dpkg::Version::parse(version)?),
                Self::Rpm => Version::Rpm(rpm::Version::parse(version)?),
                Self::Semver => Version::Semver(semver::Version::parse(version)?),
                Self::Npm => Version::Npm(npm::Version::parse(version)?),
                Self::Pep440 => Version::Pep440(pep440::Version::parse(version)?),
                Self::Maven => Version::Maven(maven::Version::parse(version)?),
                Self::Go => Version::Go(go::Version::parse(version)?),
                Self::Gem => Version::Gem(gem::Version::parse(version)?),
                Self::Composer => Version::Composer(composer::Version::parse(version)?),
                Self::Nuget => Version::Nuget(nuget::Version::parse(version)?),
                Self::Conda => Version::Conda(conda::Version::parse(version)?),
            })
        });
        read.ok_or_else(|| MalformedVersion {
            order: self,
            version: version.to_owned(),
        })
    }

    /// Whether a version is one in this order.
    ///
    /// apk alone compares also versions that aren't valid to it.
    pub fn is_valid(self, version: &str) -> bool {
        let is_read = self.compare(version, version).is_ok();
        is_read
            && (self != Self::Apk || apk::Version::parse(version).is_some_and(|it| it.is_valid()))
    }
}

/// A version that was read in some order.
#[derive(Debug)]
pub(crate) enum Version<'a> {
    Apk(apk::Version),
    Dpkg(dpkg::Version<'a>),
    Rpm(rpm::Version<'a>),
    Semver(semver::Version),
    Npm(npm::Version<'a>),
    Pep440(pep440::Version<'a>),
    Maven(maven::Version),
    Go(go::Version<'a>),
    Gem(gem::Version<'a>),
    Composer(composer::Version),
    Nuget(nuget::Version<'a>),
    Conda(conda::Version),
}

impl Version<'_> {
    /// Which of two versions of one order is the newer one. Those of two orders are never compared.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Apk(left), Self::Apk(right)) => left.cmp(right),
            (Self::Dpkg(left), Self::Dpkg(right)) => left.cmp(right),
            (Self::Rpm(left), Self::Rpm(right)) => left.cmp(right),
            (Self::Semver(left), Self::Semver(right)) => left.cmp(right),
            (Self::Npm(left), Self::Npm(right)) => left.cmp(right),
            (Self::Pep440(left), Self::Pep440(right)) => left.cmp(right),
            (Self::Maven(left), Self::Maven(right)) => left.cmp(right),
            (Self::Go(left), Self::Go(right)) => left.cmp(right),
            (Self::Gem(left), Self::Gem(right)) => left.cmp(right),
            (Self::Composer(left), Self::Composer(right)) => left.cmp(right),
            (Self::Nuget(left), Self::Nuget(right)) => left.cmp(right),
            (Self::Conda(left), Self::Conda(right)) => left.cmp(right),
            _ => Ordering::Equal,
        }
    }
}

/// The name of what defines it: `dpkg`, `PEP 440`.
impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Apk => "apk",
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Semver => "Semantic Versioning",
            Self::Npm => "npm",
            Self::Pep440 => "PEP 440",
            Self::Maven => "Maven",
            Self::Go => "Go",
            Self::Gem => "RubyGems",
            Self::Composer => "Composer",
            Self::Nuget => "NuGet",
            Self::Conda => "Conda",
        })
    }
}

/// A version that its ecosystem doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no version to {order}", shown(.version))]
pub struct MalformedVersion {
    /// The order it was to be placed in.
    pub order: Order,
    /// As it was given.
    pub version: String,
}

/// Quoted, and cut where it is too long to read.
fn shown(version: &str) -> String {
    const SHOWN: usize = 80;
    match version.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &version[..end]),
        None => format!("{version:?}"),
    }
}
