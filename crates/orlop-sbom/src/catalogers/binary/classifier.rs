//! How the version of a program is found in it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::Regex;

use super::super::windows::{Window, search};
use super::{languages, libraries, services, tools};
use crate::{Content, Fault};

/// One program: what it is called and how its version looks.
#[derive(Debug)]
pub(super) struct Classifier {
    /// Its name as a package: syft's where syft has it.
    pub(super) package: &'static str,
    /// Names of its file. A `*` stands for anything, and a name with slashes is the end of a path.
    pub(super) names: &'static [&'static str],
    /// What stands around its version, the surest first, as regular expressions over bytes. `{V}` is the
    /// version, of three numbers; another form is the group `version`. The surest one that is found
    /// anywhere in the file tells.
    pub(super) patterns: &'static [&'static str],
    /// Bytes that it has too, where the patterns alone could mean any program.
    pub(super) also: Option<&'static [u8]>,
    /// Whether it is a script or the like, not code for a machine.
    pub(super) is_text: bool,
    /// Whether its version begins with the one in the name of its file.
    pub(super) is_named_by_version: bool,
}

/// A program without anything special.
pub(super) const fn program(
    package: &'static str,
    names: &'static [&'static str],
    patterns: &'static [&'static str],
) -> Classifier {
    Classifier {
        package,
        names,
        patterns,
        also: None,
        is_text: false,
        is_named_by_version: false,
    }
}

/// A script or the like.
pub(super) const fn text(
    package: &'static str,
    names: &'static [&'static str],
    patterns: &'static [&'static str],
) -> Classifier {
    Classifier {
        is_text: true,
        ..program(package, names, patterns)
    }
}

/// All there are, by name.
pub(super) struct Classifiers {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, Vec<usize>>,
    /// Those with a `*` or a folder in their name.
    by_pattern: Vec<(NamePattern, usize)>,
}

/// A name with a `*` or a folder in it. Every file of an image is compared with all of them.
struct NamePattern {
    text: &'static str,
    is_path: bool,
}

impl NamePattern {
    fn new(text: &'static str) -> Self {
        Self {
            text,
            is_path: text.contains('/'),
        }
    }

    fn matches(&self, path: &str, name: &str) -> bool {
        if self.is_path {
            let rest = path.strip_suffix(self.text);
            return rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        }
        // Nearly always the first letter tells.
        let first = self.text.as_bytes().first();
        (first == Some(&b'*') || first == name.as_bytes().first()) && matches(self.text, name)
    }
}

/// A classifier, made ready when it is first needed.
pub(super) struct Entry {
    pub(super) classifier: &'static Classifier,
    patterns: LazyLock<Vec<Regex>, Box<dyn FnOnce() -> Vec<Regex> + Send>>,
}

impl Classifiers {
    pub(super) fn all() -> &'static Self {
        static ALL: LazyLock<Classifiers> = LazyLock::new(Classifiers::collect);
        &ALL
    }

    fn collect() -> Self {
        let mut all = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
            by_pattern: Vec::new(),
        };
        for classifier in tables() {
            let index = all.entries.len();
            for name in classifier.names {
                if name.contains(['*', '/']) {
                    all.by_pattern.push((NamePattern::new(name), index));
                } else {
                    all.by_name.entry(name).or_default().push(index);
                }
            }
            all.entries.push(Entry {
                classifier,
                patterns: LazyLock::new(Box::new(|| compiled(classifier))),
            });
        }
        all
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Those that a file of this path may be, in the order of the tables.
    pub(super) fn of(&self, path: &str) -> impl Iterator<Item = &Entry> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let named = self.by_name.get(name).into_iter().flatten();
        let patterns = self.by_pattern.iter();
        let matching = patterns.filter(move |(pattern, _)| pattern.matches(path, name));
        let indices = named.chain(matching.map(|(_, index)| index));
        indices.map(|index| &self.entries[*index])
    }
}

impl Entry {
    #[cfg(test)]
    pub(super) fn patterns(&self) -> &[Regex] {
        &self.patterns
    }
}

fn compiled(classifier: &Classifier) -> Vec<Regex> {
    const THREE_NUMBERS: &str = r"(?P<version>[0-9]+\.[0-9]+\.[0-9]+)";
    let compile = |pattern: &&str| {
        let pattern = pattern.replace("{V}", THREE_NUMBERS);
        Regex::new(&format!("(?s-u){pattern}")).expect("a constant that a test compiles")
    };
    classifier.patterns.iter().map(compile).collect()
}

/// Every classifier.
fn tables() -> impl Iterator<Item = &'static Classifier> {
    [
        languages::CLASSIFIERS,
        libraries::CLASSIFIERS,
        services::CLASSIFIERS,
        tools::CLASSIFIERS,
    ]
    .into_iter()
    .flatten()
}

/// Whether a name has the parts between the `*`s of a pattern, in that order.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Finds the version of a program.
///
/// # Errors
///
/// [`Fault`] if it can't be read, or is larger than what is searched.
pub(super) fn find_version(
    entry: &Entry,
    name: &str,
    content: &dyn Content,
) -> Result<Option<String>, Fault> {
    let classifier = entry.classifier;
    let line = classifier
        .is_named_by_version
        .then(|| version_in_name(name));
    let also = classifier.also.map(memmem::Finder::new);
    let mut has_also = also.is_none();
    let mut best = None;
    // Once a pattern is found, only the surer ones before it are looked for.
    let mut open = entry.patterns.len();
    search(content, 0..u64::MAX, |window| {
        has_also = has_also
            || also
                .as_ref()
                .is_some_and(|also| also.find(window.bytes).is_some());
        for (index, pattern) in entry.patterns[..open].iter().enumerate() {
            if let Some(version) = version_in(window, pattern, line) {
                best = Some(version);
                open = index;
                break;
            }
        }
        if open == 0 && has_also {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(best.filter(|_| has_also))
}

fn version_in(window: Window<'_>, pattern: &Regex, line: Option<&str>) -> Option<String> {
    let mut at = 0;
    while let Some(found) = pattern.captures_at(window.bytes, at) {
        let (all, version) = (found.get(0)?, found.name("version")?);
        // What ends one version, a NUL, may also begin the next.
        at = version.end();
        let text = String::from_utf8_lossy(version.as_bytes());
        if !window.may_go_on(all.end()) && line.is_none_or(|line| is_of_line(&text, line)) {
            return Some(text.into_owned());
        }
    }
    None
}

/// `3.11` of `python3.11` and of `libpython3.11.so.1.0`; nothing if the name has none.
fn version_in_name(name: &str) -> &str {
    let start = name
        .find(|one: char| one.is_ascii_digit())
        .unwrap_or(name.len());
    let rest = &name[start..];
    let end = rest.find(|one: char| !one.is_ascii_digit() && one != '.');
    rest[..end.unwrap_or(rest.len())].trim_end_matches('.')
}

/// Whether a version is one of a line of versions: `3.11.2` of `3.11`, but `3.1.1` isn't.
fn is_of_line(version: &str, line: &str) -> bool {
    let rest = version.strip_prefix(line);
    rest.is_some_and(|rest| !line.is_empty() && !rest.starts_with(|one: char| one.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name) in [
            ("libssl*.so*", "libssl.so"),
            ("libssl*.so*", "libssl-1a.so.3"),
            ("python*", "python"),
            ("node", "node"),
            ("*", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("libssl*.so*", "libssl.a"),
            ("a*ab", "ab"),
            ("node", "nodes"),
            ("libc-2.*.so", "libc-2.so"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_line_of_versions_ends_with_a_number() {
        assert_eq!(version_in_name("libpython3.7m.so.1.0"), "3.7");
        assert_eq!(version_in_name("python3.11"), "3.11");
        assert_eq!(version_in_name("python"), "");
        assert!(is_of_line("3.11.2", "3.11"));
        assert!(!is_of_line("3.11.2", "3.1"));
        assert!(!is_of_line("3.11.2", ""));
    }
}
