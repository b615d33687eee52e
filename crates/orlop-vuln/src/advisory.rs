//! An advisory, in the one form that every feed is brought into.
//!
//! It is OSV's form (schema 1.7.0) with what the distributions say beyond it: that a fix won't come,
//! and their own words for how grave it is. A form of our own for each feed was rejected: matching
//! would have to know all of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An advisory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advisory {
    /// `RUSTSEC-2021-0001`, `DEBIAN-CVE-2020-1234`, `CVE-2020-1234`.
    pub id: String,
    /// Other names of the very same fault.
    pub aliases: Vec<String>,
    /// The faults that a distribution's advisory is about (`upstream` of OSV 1.7.0).
    pub upstream: Vec<String>,
    /// Names of what has to do with it but isn't the same.
    pub related: Vec<String>,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// When it was taken back.
    pub withdrawn: Option<Timestamp>,
    /// One line.
    pub summary: String,
    /// Markdown; cut where it is too long.
    pub details: String,
    /// How grave it is.
    pub ratings: Vec<Rating>,
    /// What it affects.
    pub affected: Vec<Affected>,
    /// Where more is said: URLs.
    pub references: Vec<String>,
}

/// A package that an advisory affects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// The ecosystem as OSV names it, with the release where it has one: `PyPI`, `Debian:12`,
    /// `Ubuntu:22.04:LTS`, `Alpine:v3.20`.
    pub ecosystem: String,
    /// The package as this ecosystem's advisories write it.
    pub package: String,
    /// Whether a source package is meant, or a binary package.
    pub form: Form,
    /// Where it is affected. A version is if one of them says so, or `versions` lists it.
    pub ranges: Vec<Range>,
    /// Versions that are affected, one by one.
    pub versions: Vec<String>,
    /// What is done about it.
    pub state: State,
    /// How grave it is for this package, where that was said of it alone.
    pub ratings: Vec<Rating>,
    /// The architectures that it is about; empty for all.
    pub architectures: Vec<String>,
    /// The module stream (`nodejs:16`) that it is about (Red Hat and its children).
    pub module: Option<String>,
    /// What it is if it is no vulnerability: `unmaintained`, `unsound`, `notice` (RustSec).
    pub informational: Option<String>,
}

/// Which form of a package a name means.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Form {
    /// Nothing says which, or the ecosystem has but one.
    #[default]
    Any,
    /// A source package of a distribution.
    Source,
    /// A binary package of a distribution.
    Binary,
}

/// What the publisher does about a fault in a package.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum State {
    /// The ranges tell: it is fixed where one of them has an end, and open otherwise.
    #[default]
    Ranges,
    /// There is no fix yet.
    Unfixed,
    /// There will be none, or none soon: Debian's `no-dsa`, `ignored`, `end-of-life`, Ubuntu's
    /// `deferred` and `ignored`, Red Hat's "Will not fix", "Fix deferred" and "Out of support scope".
    WontFix,
    /// It was looked at, and the package isn't affected.
    NotAffected,
    /// Nobody has looked yet.
    UnderInvestigation,
}

/// How grave a fault is, in the words of whoever says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rating {
    /// A vector of CVSS, any version: `CVSS:3.1/AV:N/…`, `AV:N/AC:L/…` for version 2.
    Cvss(String),
    /// A word of a vendor's own: `important`, `high**`, `MODERATE`.
    Word(String),
}

/// A range of versions, as OSV has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Which order the events are in.
    pub kind: RangeKind,
    /// As the record lists them; in any order.
    pub events: Vec<Event>,
}

/// Which order the versions of a range have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RangeKind {
    /// `ECOSYSTEM`: the ecosystem's own.
    Ecosystem,
    /// `SEMVER`: Semantic Versioning, which is also what these ecosystems (Go, npm, crates.io) use.
    Semver,
}

/// Where a range begins or ends (OSV schema, "affected[].ranges[].events fields").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Event {
    /// Affected from this version on; `0` is before every version.
    Introduced(String),
    /// Not affected from this version on.
    Fixed(String),
    /// Affected up to this version, and not after it.
    LastAffected(String),
    /// Nothing is known of this version and later ones; `*` for no limit.
    Limit(String),
}

impl Event {
    /// The version it is at.
    pub fn version(&self) -> &str {
        match self {
            Self::Introduced(version)
            | Self::Fixed(version)
            | Self::LastAffected(version)
            | Self::Limit(version) => version,
        }
    }
}
