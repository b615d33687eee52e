//! Tags that are semantic versions, and ranges of these.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};

/// The version that a tag is: `1.2.3` or `v1.2.3`; a tag can't hold the `+` of a build, and `1.2` is no
/// version but a name that moves.
pub fn version(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

/// A range of versions: `>=1.2, <2`, `~1.4`, `*`.
///
/// # Errors
/// In words, with the range: it can't be read.
pub fn range(text: &str) -> Result<VersionReq, String> {
    VersionReq::parse(text).map_err(|error| format!("range {text:?}: {error}"))
}

/// Those of `tags` that are versions in the range, the highest first, and of these `latest`. Without a
/// range every version counts. Pre-releases count where `prereleases` says so, else only where the range
/// names one of the same version.
pub fn versions<T>(
    tags: impl IntoIterator<Item = (Version, T)>,
    range: Option<&VersionReq>,
    latest: Option<usize>,
    prereleases: bool,
) -> Vec<T> {
    let mut by_version: BTreeMap<Version, Vec<T>> = BTreeMap::new();
    for (version, tag) in tags {
        let counts = match range {
            Some(range) if prereleases => {
                // A range never means a pre-release of another version than it names.
                let release = Version::new(version.major, version.minor, version.patch);
                range.matches(&version) || range.matches(&release)
            }
            Some(range) => range.matches(&version),
            None => prereleases || version.pre.is_empty(),
        };
        if counts {
            by_version.entry(version).or_default().push(tag);
        }
    }
    let count = latest.unwrap_or(usize::MAX);
    by_version
        .into_values()
        .rev()
        .take(count)
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(text: Option<&str>, latest: Option<usize>, prereleases: bool) -> Vec<&'static str> {
        let tags = [
            "1.2",
            "1.2.3",
            "v1.10.0",
            "2.0.0-rc.1",
            "v2.0.0",
            "2.0.0",
            "x",
        ];
        let tags = tags.iter().filter_map(|tag| Some((version(tag)?, *tag)));
        let text = text.map(|text| range(text).unwrap());
        versions(tags, text.as_ref(), latest, prereleases)
    }

    #[test]
    fn of_tags() {
        assert_eq!(
            picked(None, None, false),
            ["v2.0.0", "2.0.0", "v1.10.0", "1.2.3"]
        );
        assert_eq!(picked(Some("<2"), Some(1), false), ["v1.10.0"]);
        assert_eq!(
            picked(Some(">=1.5"), None, true),
            ["v2.0.0", "2.0.0", "2.0.0-rc.1", "v1.10.0"]
        );
        assert!(
            range("nonsense")
                .unwrap_err()
                .contains("range \"nonsense\"")
        );
    }
}
