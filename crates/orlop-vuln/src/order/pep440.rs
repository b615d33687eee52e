//! Python's order: PEP 440, as PyPA's `packaging` reads and sorts versions.

use std::cmp::Ordering;

use super::number::{Number, split_digits};

/// Words that begin a pre-release, longer ones first, each with its short form.
const BEFORE: [(&str, Stage); 8] = [
    ("alpha", Stage::Alpha),
    ("beta", Stage::Beta),
    ("preview", Stage::Candidate),
    ("pre", Stage::Candidate),
    ("rc", Stage::Candidate),
    ("a", Stage::Alpha),
    ("b", Stage::Beta),
    ("c", Stage::Candidate),
];
/// Words that begin a post-release.
const AFTER: [&str; 3] = ["post", "rev", "r"];

/// `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'a> {
    epoch: Number<'a>,
    /// Without zeros at the end.
    release: Vec<Number<'a>>,
    stage: Stage,
    stage_number: Number<'a>,
    /// A post-release is newer than none.
    after: Option<Number<'a>>,
    development: Development<'a>,
    local: Vec<Local>,
}

/// What stands before the release, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// `1.0.dev1`, which comes before `1.0a1`.
    DevelopmentOnly,
    Alpha,
    Beta,
    Candidate,
    Release,
}

/// A development release is older than what it develops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Development<'a> {
    Number(Number<'a>),
    Not,
}

/// A part of a local version: a word is older than a number.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Local {
    Word(String),
    Number(String),
}

impl<'a> Version<'a> {
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        let text = version.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (epoch, text) = match text.split_once('!') {
            Some((epoch, rest)) => (Number::parse(epoch)?, rest),
            None => (Number::ZERO, text),
        };
        let (mut release, mut rest) = (Vec::new(), text);
        loop {
            let number;
            (number, rest) = Number::leading(rest)?;
            release.push(number);
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|digit: char| digit.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        while release.last().is_some_and(|number| number.is_zero()) {
            release.pop();
        }
        let words = BEFORE.iter().map(|(word, _)| *word);
        let mut before = None;
        if let Some((at, number, next)) = word_and_number(rest, words) {
            before = Some((BEFORE[at].1, number));
            rest = next;
        }
        let (after, rest) = after(rest);
        let (development, rest) = match word_and_number(rest, ["dev"]) {
            Some((_, number, rest)) => (Development::Number(number), rest),
            None => (Development::Not, rest),
        };
        let (stage, stage_number) = match (before, after, development) {
            (Some(before), _, _) => before,
            (None, None, Development::Number(_)) => (Stage::DevelopmentOnly, Number::ZERO),
            _ => (Stage::Release, Number::ZERO),
        };
        Some(Self {
            epoch,
            release,
            stage,
            stage_number,
            after,
            development,
            local: local(rest)?,
        })
    }
}

/// One of `words` with a separator before it or none, then a number, again with a separator or none.
fn word_and_number<'a>(
    text: &'a str,
    words: impl IntoIterator<Item = &'static str>,
) -> Option<(usize, Number<'a>, &'a str)> {
    let text = without_separator(text);
    let (at, rest) = words.into_iter().enumerate().find_map(|(at, word)| {
        let start = text.get(..word.len())?;
        start
            .eq_ignore_ascii_case(word)
            .then(|| (at, &text[word.len()..]))
    })?;
    let (digits, rest) = split_digits(without_separator(rest));
    Some((at, Number::parse(digits).unwrap_or(Number::ZERO), rest))
}

/// A post-release is `.postN`, or a hyphen and a number.
fn after(text: &str) -> (Option<Number<'_>>, &str) {
    if let Some((number, rest)) = text.strip_prefix('-').and_then(Number::leading) {
        return (Some(number), rest);
    }
    match word_and_number(text, AFTER) {
        Some((_, number, rest)) => (Some(number), rest),
        None => (None, text),
    }
}

fn without_separator(text: &str) -> &str {
    text.strip_prefix(['-', '_', '.']).unwrap_or(text)
}

/// `+` and words or numbers; nothing for nothing.
fn local(text: &str) -> Option<Vec<Local>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parts = text.strip_prefix('+')?.split(['-', '_', '.']);
    parts
        .map(|part| {
            let fine = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
            fine.then(|| match Number::parse(part) {
                Some(_) => Local::Number(part.to_owned()),
                None => Local::Word(part.to_ascii_lowercase()),
            })
        })
        .collect()
}

impl Ord for Local {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => {
                Number::parse(left).cmp(&Number::parse(right))
            }
            (Self::Word(left), Self::Word(right)) => left.cmp(right),
            (Self::Word(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Word(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Local {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
