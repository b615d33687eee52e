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
        let compared = match self {
            Self::Apk => by(left, right, apk::Version::parse, Ord::cmp),
            Self::Dpkg => by(left, right, dpkg::Version::parse, dpkg::Version::cmp),
            Self::Rpm => by(left, right, rpm::Version::parse, rpm::Version::cmp),
            Self::Semver => by(left, right, semver::Version::parse, semver::Version::cmp),
            Self::Npm => by(left, right, npm::Version::parse, npm::Version::cmp),
            Self::Pep440 => by(left, right, pep440::Version::parse, Ord::cmp),
            Self::Maven => by(left, right, maven::Version::parse, maven::Version::cmp),
            Self::Go => by(left, right, go::Version::parse, go::Version::cmp),
            Self::Gem => by(left, right, gem::Version::parse, gem::Version::cmp),
            Self::Composer => by(left, right, composer::Version::parse, Ord::cmp),
            Self::Nuget => by(left, right, nuget::Version::parse, nuget::Version::cmp),
            Self::Conda => by(left, right, conda::Version::parse, conda::Version::cmp),
        };
        compared.map_err(|version| MalformedVersion {
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

/// Reads two versions and compares them; the one that is none otherwise.
fn by<'a, V>(
    left: &'a str,
    right: &'a str,
    parse: impl Fn(&'a str) -> Option<V>,
    compare: impl Fn(&V, &V) -> Ordering,
) -> Result<Ordering, &'a str> {
    let parse = |version: &'a str| {
        let short = Some(version).filter(|version| version.len() <= LENGTH);
        short.and_then(&parse).ok_or(version)
    };
    Ok(compare(&parse(left)?, &parse(right)?))
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
