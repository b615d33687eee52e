//! Patterns of repositories and of tags.

use globset::{GlobSet, GlobSetBuilder};
use orlop_access::glob;
use regex::bytes::{Regex, RegexBuilder};

use crate::TagName;

/// Longest regular expression, in bytes.
const MAX_PATTERN_LEN: usize = 1024;

/// How large a compiled regular expression may be, in bytes.
const MAX_REGEX_SIZE: usize = 1 << 20;

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

/// A pattern of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagPattern {
    /// `v1.*`, `{main,release}-*`.
    Glob(String),
    /// A regular expression that the whole tag matches: `v\d+`.
    Regex(String),
}

/// Patterns of tags, any of which has to match.
#[derive(Clone, Debug)]
pub(crate) struct TagPatterns {
    globs: GlobSet,
    regexes: Vec<Regex>,
    /// No pattern at all matches every tag.
    all: bool,
    words: String,
}

impl TagPatterns {
    pub(crate) fn new(patterns: &[TagPattern]) -> Result<Self, String> {
        let mut globs = GlobSetBuilder::new();
        let mut regexes = Vec::new();
        let mut words = Vec::new();
        for pattern in patterns {
            match pattern {
                TagPattern::Glob(text) => {
                    globs.add(glob(text)?);
                    words.push(text.as_str());
                }
                TagPattern::Regex(text) => {
                    regexes.push(whole(text)?);
                    words.push(text.as_str());
                }
            }
        }
        Ok(Self {
            globs: globs.build().map_err(|error| error.to_string())?,
            regexes,
            all: patterns.is_empty(),
            words: words.join(", "),
        })
    }

    pub(crate) fn matches(&self, tag: &TagName) -> bool {
        let tag = tag.as_str();
        self.all
            || self.globs.is_match(tag)
            || self.regexes.iter().any(|r| r.is_match(tag.as_bytes()))
    }

    /// The patterns, for people; `None` when every tag matches.
    pub(crate) fn words(&self) -> Option<&str> {
        (!self.all).then_some(self.words.as_str())
    }
}

/// A regular expression that the whole text has to match. Tags are ASCII, and so are `\d`, `\w` and the
/// like: those of Unicode would need tables that nothing else needs.
fn whole(text: &str) -> Result<Regex, String> {
    if text.len() > MAX_PATTERN_LEN {
        return Err("a pattern is too long".into());
    }
    let build = |text: &str| {
        let mut builder = RegexBuilder::new(text);
        builder.unicode(false).size_limit(MAX_REGEX_SIZE).build()
    };
    // First by itself: `a)|(b` is none, but between brackets it would be, and match more.
    let built = build(text).and_then(|_| build(&format!("^(?:{text})$")));
    built.map_err(|error| {
        // Above it is a picture of several lines.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        format!("{text:?}: {}", reason.trim_start_matches("error: "))
    })
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
        for (wrong, reason) in [
            ("(", r#""(": unclosed group"#),
            ("a)|(b", r#""a)|(b": unopened group"#),
            ("(a{900}){900}", "size limit"),
            // Wherever the tables of Unicode come from, they aren't used.
            (r"\p{L}", "not allowed here"),
        ] {
            let refused = TagPatterns::new(&[TagPattern::Regex(wrong.into())]).unwrap_err();
            assert!(
                refused.contains(reason) && !refused.contains('\n'),
                "{refused}"
            );
        }
    }

    #[test]
    fn tags() {
        let patterns = TagPatterns::new(&[
            TagPattern::Glob("v1.*".into()),
            TagPattern::Regex(r"rc|beta\d".into()),
        ])
        .unwrap();
        for (tag, expected) in [
            ("v1.2", true),
            ("v2.1", false),
            ("rc", true),
            ("rc1", false),
            ("beta1", true),
            ("xbeta1", false),
        ] {
            assert_eq!(patterns.matches(&tag.parse().unwrap()), expected, "{tag}");
        }
        assert!(
            TagPatterns::new(&[])
                .unwrap()
                .matches(&"x".parse().unwrap())
        );
    }
}
