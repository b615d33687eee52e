//! The format of library files (docker-library/bashbrew, `manifest/rfc2822.go`; the fields are described
//! in the README of docker-library/official-images, "Instruction format"): paragraphs of `Field: value`
//! lines. The first paragraph without `Tags` gives what holds for all that follow.

use std::collections::BTreeMap;

/// One official image's library file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryFile {
    /// Who keeps it: `Name <mail> (@github)`.
    pub maintainers: Vec<String>,
    /// What is built, in the file's order. Nothing when the image is no longer kept: its file stays
    /// with its head.
    pub entries: Vec<LibraryEntry>,
}

/// One build and the tags that it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Its own tags.
    pub tags: Vec<String>,
    /// Tags that it shares with builds for other systems: an index has them all.
    pub shared_tags: Vec<String>,
    /// The architectures in bashbrew's words: `amd64`, `arm32v7`, `windows-amd64`.
    pub architectures: Vec<String>,
    /// What it needs to be built: `windowsservercore-ltsc2025`.
    pub constraints: Vec<String>,
    /// Where its source is.
    pub source: SourceTree,
    /// Where it is for architectures that have another one.
    pub sources: BTreeMap<String, SourceTree>,
}

/// A directory in a commit of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceTree {
    /// The repository's URL.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// The directory; `.` for the root.
    pub directory: String,
}

/// Builds of one file.
const MAX_ENTRIES: usize = 4096;

/// A paragraph: fields in lower case and their values.
type Paragraph = BTreeMap<String, String>;

impl LibraryFile {
    /// Reads one.
    ///
    /// # Errors
    /// When it is no library file: the text says why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut defaults = Paragraph::new();
        let mut entries = Vec::new();
        for (number, paragraph) in paragraphs(text)?.into_iter().enumerate() {
            if !paragraph.contains_key("tags") {
                if number > 0 {
                    return Err(format!("paragraph {} has no tags", number + 1));
                }
                defaults = paragraph;
                continue;
            }
            if entries.len() == MAX_ENTRIES {
                return Err(format!("more than {MAX_ENTRIES} builds"));
            }
            let mut all = defaults.clone();
            all.extend(paragraph);
            entries.push(LibraryEntry::of(&all)?);
        }
        let maintainers = list(defaults.get("maintainers").map_or("", String::as_str));
        if entries.is_empty() && maintainers.is_empty() {
            return Err("it has no tags".to_owned());
        }
        Ok(Self {
            maintainers,
            entries,
        })
    }

    /// The builds that have this tag.
    pub fn with_tag<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a LibraryEntry> {
        self.entries.iter().filter(move |entry| entry.has(tag))
    }
}

impl LibraryEntry {
    fn of(fields: &Paragraph) -> Result<Self, String> {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let tree = |prefix: &str, default: &SourceTree| {
            let own = |name: &str, default: &str| {
                let value = fields.get(&format!("{prefix}{name}"));
                value.map_or(default, String::as_str).to_owned()
            };
            SourceTree {
                repository: own("gitrepo", &default.repository),
                commit: own("gitcommit", &default.commit),
                directory: own("directory", &default.directory),
            }
        };
        let default = SourceTree {
            directory: ".".to_owned(),
            ..SourceTree::default()
        };
        let source = tree("", &default);
        let mut architectures = list(field("architectures"));
        if architectures.is_empty() {
            architectures.push("amd64".to_owned());
        }
        let sources = architectures
            .iter()
            .map(|name| {
                (
                    name.clone(),
                    tree(&format!("{}-", name.to_lowercase()), &source),
                )
            })
            .filter(|(_, own)| *own != source)
            .collect();
        let tags = list(field("tags"));
        if tags.is_empty() {
            return Err("a paragraph has an empty list of tags".to_owned());
        }
        Ok(Self {
            tags,
            shared_tags: list(field("sharedtags")),
            architectures,
            constraints: list(field("constraints")),
            source,
            sources,
        })
    }

    /// It gets this tag.
    pub fn has(&self, tag: &str) -> bool {
        self.all_tags().any(|own| own == tag)
    }

    /// Its own tags, then those that it shares.
    pub fn all_tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.tags.iter().chain(&self.shared_tags);
        tags.map(String::as_str)
    }

    /// Where its source is, for each architecture; each place once.
    pub fn trees(&self) -> Vec<&SourceTree> {
        let of = |name: &String| self.sources.get(name).unwrap_or(&self.source);
        let mut trees: Vec<&SourceTree> = self.architectures.iter().map(of).collect();
        trees.sort();
        trees.dedup();
        trees
    }
}

/// Paragraphs with blank lines between. A line that begins with a blank goes on with the one before;
/// one that begins with `#` is a comment.
fn paragraphs(text: &str) -> Result<Vec<Paragraph>, String> {
    let mut paragraphs = vec![Paragraph::new()];
    let mut last: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: &str| Err(format!("line {}: {why}", number + 1));
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            last = None;
            paragraphs.push(Paragraph::new());
            continue;
        }
        let Some(fields) = paragraphs.last_mut() else {
            return wrong("it stands nowhere");
        };
        let (key, value) = match (&last, line.starts_with([' ', '\t'])) {
            (Some(key), true) => (key.clone(), line),
            (None, true) => return wrong("it goes on with nothing"),
            (_, false) => match line.split_once(':') {
                Some((key, value)) if is_field(key) => (key.to_lowercase(), value),
                _ => return wrong("it is no field"),
            },
        };
        // It may reach a terminal.
        let value: String = value.chars().filter(|ch| !ch.is_control()).collect();
        let known = fields.entry(key.clone()).or_default();
        if !known.is_empty() {
            known.push(' ');
        }
        known.push_str(value.trim());
        last = Some(key);
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    Ok(paragraphs)
}

fn is_field(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn list(text: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# made by a script

Maintainers: Ada <ada@example.com> (@ada),
             Bob (@bob)
GitRepo: https://example.com/tool.git
GitCommit: aaaa

Tags: 2.1.0-debian, 2.1-debian, debian
SharedTags: 2.1.0, 2.1, latest
# a comment in between
Architectures: amd64, arm64v8
arm64v8-GitCommit: bbbb
arm64v8-Directory: arm/
Directory: debian

Tags: 2.1.0-windows
SharedTags: 2.1.0, 2.1, latest
Architectures: windows-amd64
Constraints: nanoserver-ltsc2025, windowsservercore-ltsc2025

Tags: 1
";

    #[test]
    fn fields_are_inherited_and_differ_by_architecture() {
        let file = LibraryFile::parse(TEXT).unwrap();
        assert_eq!(
            file.maintainers,
            ["Ada <ada@example.com> (@ada)", "Bob (@bob)"]
        );
        assert_eq!(file.entries.len(), 3);
        let debian = &file.entries[0];
        assert_eq!(debian.tags, ["2.1.0-debian", "2.1-debian", "debian"]);
        assert_eq!(debian.shared_tags, ["2.1.0", "2.1", "latest"]);
        let tree = |commit: &str, directory: &str| SourceTree {
            repository: "https://example.com/tool.git".to_owned(),
            commit: commit.to_owned(),
            directory: directory.to_owned(),
        };
        assert_eq!(
            debian.trees(),
            [&tree("aaaa", "debian"), &tree("bbbb", "arm/")]
        );
        assert_eq!(file.with_tag("latest").count(), 2);
        assert_eq!(
            file.entries[1].constraints,
            ["nanoserver-ltsc2025", "windowsservercore-ltsc2025"]
        );
        assert_eq!(
            file.entries[2].architectures,
            ["amd64"],
            "bashbrew's default"
        );
        assert_eq!(file.entries[2].trees(), [&tree("aaaa", ".")]);
        assert!(!file.entries[2].has("latest"));
    }

    #[test]
    fn other_files_are_refused() {
        for (text, why) in [
            ("", "it has no tags"),
            ("# nothing\n\n", "it has no tags"),
            ("# Title\n\nSome text here\n", "line 3: it is no field"),
            (" Tags: x\n", "line 1: it goes on with nothing"),
            (
                "GitRepo: x\n\nTags: 1\n\nDirectory: y\n",
                "paragraph 3 has no tags",
            ),
            ("Tags:\n", "a paragraph has an empty list of tags"),
        ] {
            assert_eq!(LibraryFile::parse(text).unwrap_err(), why, "{text:?}");
        }
        let retired = LibraryFile::parse("Maintainers: A (@a)\nGitRepo: x\n#\n#Tags: 1\n").unwrap();
        assert_eq!((retired.maintainers.len(), retired.entries.len()), (1, 0));
        let evil = LibraryFile::parse("Maintainers: \u{1b}[2J\n\nTags: 1\u{7}\n").unwrap();
        assert_eq!(
            (
                evil.maintainers[0].as_str(),
                evil.entries[0].tags[0].as_str()
            ),
            ("[2J", "1")
        );
    }
}
