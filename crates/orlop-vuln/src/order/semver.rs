//! Semantic Versioning 2.0.0 as Cargo reads it, with what OSV's ranges hold besides.

use std::cmp::Ordering;

/// A version; what OSV writes in short (`0`, `1.2`) is filled up with zeros.
#[derive(Clone, Debug)]
pub(super) struct Version(::semver::Version);

impl Version {
    pub(super) fn parse(version: &str) -> Option<Self> {
        let end = version.find(['-', '+']).unwrap_or(version.len());
        let missing = match version[..end].matches('.').count() {
            0 => ".0.0",
            1 => ".0",
            _ => "",
        };
        let whole = if missing.is_empty() {
            ::semver::Version::parse(version)
        } else {
            let (numbers, rest) = version.split_at(end);
            ::semver::Version::parse(&format!("{numbers}{missing}{rest}"))
        };
        whole.ok().map(Self)
    }

    /// Build metadata makes no version newer (section 10).
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}
