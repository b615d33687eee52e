//! Patterns of tags.

use globset::{GlobSet, GlobSetBuilder};
use regex::bytes::{Regex, RegexBuilder};

use crate::glob;

/// Longest regular expression, in bytes.
const MAX_PATTERN_LEN: usize = 1024;

/// How large a compiled regular expression may be, in bytes.
const MAX_REGEX_SIZE: usize = 1 << 20;

/// A pattern of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagPattern {
    /// `v1.*`, `{main,release}-*`.
    Glob(String),
    /// A regular expression that the whole tag matches: `v\d+`.
    Regex(String),
}

impl TagPattern {
    /// How people write one in one word: a glob, or a regular expression between slashes, which no tag
    /// has: `v1.*`, `/v\d+/`.
    pub fn of(text: &str) -> Self {
        let inner = text
            .strip_prefix('/')
            .and_then(|text| text.strip_suffix('/'));
        match inner {
            Some(regex) => Self::Regex(regex.to_owned()),
            None => Self::Glob(text.to_owned()),
        }
    }
}

/// Patterns of tags, any of which has to match.
#[derive(Clone, Debug)]
pub struct TagPatterns {
    globs: GlobSet,
    regexes: Vec<Regex>,
    /// No pattern at all matches every tag.
    all: bool,
    words: String,
}

impl Default for TagPatterns {
    /// No pattern: every tag matches.
    fn default() -> Self {
        Self {
            globs: GlobSet::empty(),
            regexes: Vec::new(),
            all: true,
            words: String::new(),
        }
    }
}

impl TagPatterns {
    /// There is no pattern, and every tag matches.
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// Compiles patterns.
    ///
    /// # Errors
    /// In words, with the pattern that can't be read.
    pub fn new(patterns: &[TagPattern]) -> Result<Self, String> {
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

    /// Any of them matches, or there is none.
    pub fn matches(&self, tag: &str) -> bool {
        self.all
            || self.globs.is_match(tag)
            || self.regexes.iter().any(|r| r.is_match(tag.as_bytes()))
    }

    /// The patterns, for people; `None` when every tag matches.
    pub fn words(&self) -> Option<&str> {
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

    #[test]
    fn wrong_patterns_are_named() {
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
            assert_eq!(patterns.matches(tag), expected, "{tag}");
        }
        assert!(TagPatterns::new(&[]).unwrap().matches("x"));
    }
}
