//! Patterns of repositories.

use globset::{GlobSet, GlobSetBuilder};
use orlop_pattern::glob;

/// Globs over names of repositories.
#[derive(Clone, Debug)]
pub(crate) struct Globs {
    set: GlobSet,
    prefixes: Vec<String>,
}

impl Globs {
    pub(crate) fn new(patterns: &[String]) -> Result<Self, String> {
        if patterns.is_empty() {
            return Err("names no repositories".into());
        }
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(glob(pattern)?);
        }
        let set = set.build().map_err(|error| error.to_string())?;
        let prefixes = patterns.iter().map(|pattern| plain_prefix(pattern));
        Ok(Self {
            set,
            prefixes: without_longer(prefixes.collect()),
        })
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.set.is_match(name)
    }

    /// Every name that matches begins with one of these, and none of these begins with another.
    pub(crate) fn prefixes(&self) -> &[String] {
        &self.prefixes
    }
}

/// What a pattern begins with, before anything that stands for something else.
fn plain_prefix(pattern: &str) -> String {
    let special = |c| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\');
    pattern.split(special).next().unwrap_or_default().to_owned()
}

fn without_longer(mut prefixes: Vec<String>) -> Vec<String> {
    prefixes.sort_unstable();
    prefixes.dedup_by(|longer, kept| longer.starts_with(kept.as_str()));
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        Globs::new(&patterns).unwrap()
    }

    #[test]
    fn repositories() {
        let table = [
            ("team/app", "team/app", true),
            ("team/app", "team/app2", false),
            ("team/*", "team/app", true),
            ("team/*", "team/app/web", false),
            ("team/**", "team/app/web", true),
            ("team/**", "team", false),
            ("team/**", "teams/app", false),
            ("**", "a/b/c", true),
            ("*", "a", true),
            ("*", "a/b", false),
            ("{a,b}/x", "b/x", true),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(
                globs(&[pattern]).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn prefixes_cover_what_matches() {
        let table: [(&[&str], &[&str]); 4] = [
            (&["team/**", "team/app", "other/*"], &["other/", "team/"]),
            (&["**", "team/**"], &[""]),
            (&["a{b,c}/d"], &["a"]),
            (&["plain"], &["plain"]),
        ];
        for (patterns, expected) in table {
            assert_eq!(globs(patterns).prefixes(), expected, "{patterns:?}");
        }
    }

    #[test]
    fn wrong_patterns_are_named() {
        for wrong in ["", "/a", "a/", "a[", "{a", "[1-\n]"] {
            assert!(Globs::new(&[wrong.to_owned()]).is_err(), "{wrong:?}");
        }
        assert!(Globs::new(&[]).is_err());
    }
}
