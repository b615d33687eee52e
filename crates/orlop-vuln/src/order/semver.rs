//! Semantic Versioning 2.0.0 as Cargo reads it, with what OSV's ranges hold besides.

use std::cmp::Ordering;

/// A version; what OSV writes in short (`0`, `1.2`) is filled up with zeros.
#[derive(Clone, Debug)]
pub(crate) struct Version(::semver::Version);

impl Version {
    pub(super) fn parse(version: &str) -> Option<Self> {
        let is_short = version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let whole = match version.matches('.').count() {
            0 if is_short => ::semver::Version::parse(&format!("{version}.0.0")),
            1 if is_short => ::semver::Version::parse(&format!("{version}.0")),
            _ => ::semver::Version::parse(version),
        };
        whole.ok().map(Self)
    }

    /// Build metadata makes no version newer (section 10).
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}
