//! Words of an instruction, and the values of their variables (BuildKit `shell/lex.go`).

use std::collections::HashMap;

use super::lines::Glyph;

/// Variables inside the default of a variable inside the default…
const MAX_DEPTH: usize = 16;
/// The most characters that a word may become.
const MAX_LENGTH: usize = 1024;

/// Words with blanks between, as a shell splits them: quotes keep blanks together. The quotes stay.
pub(crate) fn split(glyphs: &[Glyph], escape: char) -> Vec<&[Glyph]> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote: Option<char> = None;
    let mut at = 0;
    while at < glyphs.len() {
        let ch = glyphs[at].ch;
        if quote.is_none() && ch.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(&glyphs[start..at]);
            }
            at += 1;
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(open) if ch == open => quote = None,
            None if ch == '"' || ch == '\'' => quote = Some(ch),
            // The next character is only itself.
            None | Some('"') if ch == escape => at += 1,
            _ => {}
        }
        at += 1;
    }
    if let Some(start) = start {
        words.push(&glyphs[start..]);
    }
    words
}

/// The text of a word as it is written.
pub(crate) fn text(word: &[Glyph]) -> String {
    word.iter().map(|glyph| glyph.ch).collect()
}

/// A character of a word that was expanded, with its byte in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) glyph: Glyph,
    /// The `ARG` in whose value it stands, by its number; none when it stands in the word itself.
    pub(crate) arg: Option<usize>,
}

/// A word after its variables were replaced by their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// Its characters; where a value isn't known, `None` stands for it.
    pub(crate) letters: Vec<Option<Letter>>,
    /// Why there is something that isn't known.
    pub(crate) unknown: Option<String>,
}

impl Expanded {
    /// All of its characters, if all are known.
    pub(crate) fn known(&self) -> Option<Vec<Letter>> {
        self.letters.iter().copied().collect()
    }

    /// Its text, `*` for what isn't known.
    pub(crate) fn pattern(&self) -> String {
        let letters = self.letters.iter();
        letters.map(|l| l.map_or('*', |l| l.glyph.ch)).collect()
    }
}

/// The variables that an `ARG` made before the first `FROM`.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    values: HashMap<String, Option<Expanded>>,
}

impl Variables {
    /// Those that the builder sets, to what only it knows.
    pub(crate) fn of_builder() -> Self {
        let mut variables = Self::default();
        for side in ["TARGET", "BUILD"] {
            for what in ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"] {
                variables.values.insert(format!("{side}{what}"), None);
            }
        }
        variables.values.insert("TARGETSTAGE".to_owned(), None);
        variables
    }

    /// `ARG name`, or `ARG name=value`.
    pub(crate) fn set(&mut self, name: String, value: Option<Expanded>) {
        self.values.insert(name, value);
    }

    /// Replaces the variables of a word, and takes its quotes and escapes away. `arg` is the number of
    /// the `ARG` in which the word stands.
    pub(crate) fn expand(&self, word: &[Glyph], escape: char, arg: Option<usize>) -> Expanded {
        let mut expansion = Expansion {
            variables: self,
            escape,
            arg,
            out: Expanded::default(),
        };
        expansion.run(word, 0);
        expansion.out
    }
}

struct Expansion<'a> {
    variables: &'a Variables,
    escape: char,
    arg: Option<usize>,
    out: Expanded,
}

impl Expansion<'_> {
    fn run(&mut self, word: &[Glyph], depth: usize) {
        let mut quote: Option<char> = None;
        let mut at = 0;
        while at < word.len() {
            let ch = word[at].ch;
            match quote {
                Some(open) if ch == open => quote = None,
                None if ch == '"' || ch == '\'' => quote = Some(ch),
                Some('\'') => self.push(word[at]),
                _ if ch == self.escape => {
                    at += 1;
                    if let Some(next) = word.get(at) {
                        self.push(*next);
                    }
                }
                _ if ch == '$' => {
                    at += self.variable(&word[at + 1..], depth) + 1;
                    continue;
                }
                _ => self.push(word[at]),
            }
            at += 1;
        }
    }

    fn push(&mut self, glyph: Glyph) {
        if self.out.letters.len() < MAX_LENGTH {
            self.out.letters.push(Some(Letter {
                glyph,
                arg: self.arg,
            }));
        } else {
            self.unknown("it is longer than any reference".to_owned());
        }
    }

    fn unknown(&mut self, why: String) {
        self.out.letters.push(None);
        self.out.unknown.get_or_insert(why);
    }

    /// Replaces what stands after a `$`, and says how many characters that were.
    fn variable(&mut self, rest: &[Glyph], depth: usize) -> usize {
        let name_of = |glyphs: &[Glyph]| -> String {
            let is_part = |ch: &char| ch.is_ascii_alphanumeric() || *ch == '_';
            glyphs
                .iter()
                .map(|glyph| glyph.ch)
                .take_while(is_part)
                .collect()
        };
        if rest.first().map(|glyph| glyph.ch) != Some('{') {
            let name = name_of(rest);
            self.plain(&name);
            return name.len();
        }
        let Some(length) = closing_brace(rest) else {
            self.unknown(format!("{:?} isn't ended", text(rest)));
            return rest.len();
        };
        let name = name_of(&rest[1..length]);
        let modifier = &rest[1 + name.len()..length];
        self.modified(&name, modifier, depth);
        length + 1
    }

    fn plain(&mut self, name: &str) {
        match self.variables.values.get(name) {
            Some(Some(value)) => self.value(value.clone()),
            Some(None) => self.unknown(format!("{name} has no value in this file")),
            None => self.unknown(format!("{name} is set nowhere")),
        }
    }

    fn value(&mut self, value: Expanded) {
        if self.out.letters.len() + value.letters.len() > MAX_LENGTH {
            self.unknown("it is longer than any reference".to_owned());
            return;
        }
        self.out.letters.extend(value.letters);
        if self.out.unknown.is_none() {
            self.out.unknown = value.unknown;
        }
    }

    /// `${name}`, `${name:-word}`, `${name-word}`, `${name:+word}`, `${name+word}`.
    fn modified(&mut self, name: &str, modifier: &[Glyph], depth: usize) {
        let words = text(modifier);
        let (colon, operator) = match words.strip_prefix(':') {
            Some(rest) => (true, rest.chars().next()),
            None => (false, words.chars().next()),
        };
        let word = modifier.get(usize::from(colon) + 1..).unwrap_or_default();
        let value = self.variables.values.get(name).cloned();
        let is_set = match &value {
            Some(Some(value)) => !value.letters.is_empty() || !colon,
            _ => false,
        };
        match operator {
            None if !colon => self.plain(name),
            Some('-' | '+') if matches!(value, Some(None)) => self.plain(name),
            Some('-' | '+') if depth >= MAX_DEPTH => {
                self.unknown("its variables are too deep".to_owned());
            }
            Some('-') if is_set => self.plain(name),
            Some('-') => self.run(word, depth + 1),
            Some('+') if is_set => self.run(word, depth + 1),
            Some('+') => {}
            _ => self.unknown(format!("${{{name}{words}}} isn't followed")),
        }
    }
}

/// Where the brace is closed that `glyphs` begin with.
fn closing_brace(glyphs: &[Glyph]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, glyph) in glyphs.iter().enumerate() {
        match glyph.ch {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
