//! Which tags of a repository are meant: what a copy of a whole repository asks for.

use crate::{TagPatterns, VersionReq, version, versions};

/// What a tag must be to be selected. The default selects every tag.
#[derive(Clone, Debug, Default)]
pub struct TagSelection {
    /// It matches one of these.
    pub include: TagPatterns,
    /// It matches none of these; no pattern at all means that nothing is left out.
    pub exclude: TagPatterns,
    /// It is a version of this range.
    pub semver: Option<VersionReq>,
    /// Pre-releases of the range's versions count, too.
    pub prereleases: bool,
    /// It is one of so many highest versions.
    pub latest: Option<usize>,
}

impl TagSelection {
    /// Whether every tag is selected.
    pub fn is_all(&self) -> bool {
        self.include.is_all()
            && self.exclude.is_all()
            && self.semver.is_none()
            && self.latest.is_none()
    }

    /// The tags that are selected, in their order; with a range of versions, or only the highest of
    /// them, the highest first.
    pub fn select(&self, tags: Vec<String>) -> Vec<String> {
        let is_meant = |tag: &String| {
            let excluded = !self.exclude.is_all() && self.exclude.matches(tag);
            self.include.matches(tag) && !excluded
        };
        let tags = tags.into_iter().filter(is_meant);
        if self.semver.is_none() && self.latest.is_none() {
            return tags.collect();
        }
        let tags = tags.filter_map(|tag| Some((version(&tag)?, tag)));
        versions(tags, self.semver.as_ref(), self.latest, self.prereleases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TagPattern, range};

    fn patterns(texts: &[&str]) -> TagPatterns {
        let patterns: Vec<TagPattern> = texts.iter().map(|text| TagPattern::of(text)).collect();
        TagPatterns::new(&patterns).unwrap()
    }

    fn selected(selection: &TagSelection) -> Vec<String> {
        let tags = [
            "1.0.0",
            "1.1.0",
            "2.0.0",
            "2.1.0-rc.1",
            "latest",
            "nightly-1",
        ];
        selection.select(tags.map(str::to_owned).to_vec())
    }

    #[test]
    fn everything_that_is_said_must_hold() {
        assert!(TagSelection::default().is_all());
        assert_eq!(selected(&TagSelection::default()).len(), 6);
        let mut selection = TagSelection {
            include: patterns(&["1.*", r"/nightly-\d/"]),
            ..TagSelection::default()
        };
        assert_eq!(selected(&selection), ["1.0.0", "1.1.0", "nightly-1"]);
        selection.exclude = patterns(&["*.0.0"]);
        assert_eq!(selected(&selection), ["1.1.0", "nightly-1"]);
        selection.semver = Some(range("*").unwrap());
        assert_eq!(selected(&selection), ["1.1.0"]);
        assert!(!selection.is_all());
    }

    #[test]
    fn the_highest_versions() {
        let mut selection = TagSelection {
            latest: Some(2),
            ..TagSelection::default()
        };
        assert_eq!(selected(&selection), ["2.0.0", "1.1.0"]);
        selection.prereleases = true;
        assert_eq!(selected(&selection), ["2.1.0-rc.1", "2.0.0"]);
        selection.semver = Some(range("<2").unwrap());
        assert_eq!(selected(&selection), ["1.1.0", "1.0.0"]);
    }
}
