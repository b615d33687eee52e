//! From a text to its instructions: comments, parser directives, continuation lines, heredocs
//! (BuildKit `parser/parser.go`, `parser/directives.go`).

use std::ops::Range;

use super::words;
use crate::error::{Error, Result};
use crate::position::Source;

/// A Dockerfile, taken apart into instructions.
#[derive(Debug)]
pub(crate) struct File {
    /// The instructions in their order, without the bodies of heredocs.
    pub(crate) lines: Vec<Line>,
    /// Where the image of `# syntax=` stands.
    pub(crate) syntax: Option<Range<usize>>,
}

/// An instruction: its characters without what continues its lines, each with its byte in the file.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) glyphs: Vec<Glyph>,
    /// The character that escapes, as the file has chosen it.
    pub(crate) escape: char,
}

/// A character and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) ch: char,
    pub(crate) at: usize,
}

impl Glyph {
    /// The byte after it.
    pub(crate) fn end(self) -> usize {
        self.at + self.ch.len_utf8()
    }
}

impl Line {
    /// Its first word.
    pub(crate) fn keyword(&self) -> String {
        let rest = self.glyphs.iter().map(|glyph| glyph.ch);
        rest.skip_while(|ch| ch.is_whitespace())
            .take_while(|ch| !ch.is_whitespace())
            .collect()
    }

    fn push(&mut self, text: &str, start: usize) {
        let glyphs = text.char_indices();
        self.glyphs
            .extend(glyphs.map(|(n, ch)| Glyph { ch, at: start + n }));
    }
}

/// A line of the file without its end.
#[derive(Clone, Copy)]
struct Physical<'a> {
    start: usize,
    text: &'a str,
}

/// The lines of a text without the mark that it may begin with.
fn physical(text: &str) -> impl Iterator<Item = Physical<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let mut here = Physical { start, text: line };
        start += line.len();
        if here.start == 0
            && let Some(rest) = line.strip_prefix('\u{feff}')
        {
            here.start = line.len() - rest.len();
            here.text = rest;
        }
        here.text = here.text.trim_end_matches(['\n', '\r']);
        here
    })
}

/// Takes a file apart.
pub(crate) fn read(source: &Source<'_>) -> Result<File> {
    let text = source.text;
    let directives = directives(text);
    let mut lines = physical(text).peekable();
    let mut file = File {
        lines: Vec::new(),
        syntax: directives.syntax,
    };
    while let Some(first) = lines.next() {
        if is_blank_or_comment(first.text) {
            continue;
        }
        let mut line = Line {
            glyphs: Vec::new(),
            escape: directives.escape,
        };
        let mut part = first;
        loop {
            let (kept, goes_on) = without_continuation(part.text, directives.escape);
            line.push(kept, part.start);
            if !goes_on {
                break;
            }
            // Comments and blank lines between the parts of an instruction don't count.
            let Some(next) = lines.find(|next| !is_blank_or_comment(next.text)) else {
                break;
            };
            part = next;
        }
        for heredoc in heredocs(&line) {
            if !lines.any(|body| heredoc.ends_at(body.text)) {
                return Err(Error::Dockerfile {
                    at: source.position(first.start),
                    why: format!("the heredoc {} isn't ended", heredoc.name),
                });
            }
        }
        file.lines.push(line);
    }
    Ok(file)
}

fn is_blank_or_comment(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// The text without the escape that continues it, and whether it has one. An escaped escape is none.
fn without_continuation(text: &str, escape: char) -> (&str, bool) {
    let trimmed = text.trim_end_matches([' ', '\t']);
    match trimmed.strip_suffix(escape) {
        Some(kept) if !kept.ends_with(escape) => (kept, true),
        _ => (text, false),
    }
}

/// What the first comments of a file say to the parser.
struct Directives {
    escape: char,
    syntax: Option<Range<usize>>,
}

fn directives(text: &str) -> Directives {
    let mut found = Directives {
        escape: '\\',
        syntax: None,
    };
    for (number, line) in physical(text).enumerate() {
        if number == 0 && line.text.starts_with("#!") {
            continue;
        }
        let Some((key, value)) = directive(line) else {
            break;
        };
        match key.to_ascii_lowercase().as_str() {
            "escape" if text[value.clone()].trim() == "`" => found.escape = '`',
            "syntax" if found.syntax.is_none() => {
                // What follows the first word is for the frontend.
                let word = text[value.clone()].split(' ').next().unwrap_or_default();
                found.syntax = Some(value.start..value.start + word.len());
            }
            _ => {}
        }
    }
    found
}

/// `# KEY=VALUE`: the key, and where the value stands.
fn directive(line: Physical<'_>) -> Option<(&str, Range<usize>)> {
    let (key, value) = line.text.trim_start().strip_prefix('#')?.split_once('=')?;
    let key = key.trim();
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric());
    let trimmed = value.trim();
    if !is_key || trimmed.is_empty() {
        return None;
    }
    let end = line.start + line.text.trim_end().len();
    Some((key, end - trimmed.len()..end))
}

/// Lines of the file that belong to an instruction.
struct Heredoc {
    name: String,
    /// Tabs before a line don't count.
    chomp: bool,
}

impl Heredoc {
    fn ends_at(&self, line: &str) -> bool {
        let line = if self.chomp {
            line.trim_start_matches('\t')
        } else {
            line
        };
        line == self.name
    }
}

/// The heredocs that an instruction opens: `<<EOF`, `3<<-"EOF"`.
fn heredocs(line: &Line) -> Vec<Heredoc> {
    let words = words::split(&line.glyphs, line.escape);
    let mut keywords = words
        .iter()
        .map(|word| words::text(word).to_ascii_uppercase());
    let keyword = match keywords.next() {
        Some(word) if word == "ONBUILD" => keywords.next(),
        word => word,
    };
    if !keyword.is_some_and(|word| ["ADD", "COPY", "RUN"].contains(&word.as_str())) {
        return Vec::new();
    }
    words
        .iter()
        .filter_map(|word| heredoc(&words::text(word), line.escape))
        .collect()
}

fn heredoc(word: &str, escape: char) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix("<<")?;
    let (chomp, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name: String = rest
        .chars()
        .filter(|ch| !['"', '\'', escape].contains(ch))
        .collect();
    (!name.is_empty()).then_some(Heredoc { name, chomp })
}
