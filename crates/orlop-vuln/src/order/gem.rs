//! RubyGems' order: `Gem::Version` (rubygems/lib/rubygems/version.rb).

use std::cmp::Ordering;

use super::number::{Number, split_digits};

/// Numbers and words; a word makes it a pre-release.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    /// Without zeros at the end of the numbers before the first word, and at the end of all.
    segments: Vec<Segment<'a>>,
}

/// A word is older than any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Word(&'a str),
    Number(Number<'a>),
}

impl<'a> Version<'a> {
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        let text = version
            .trim_matches(|character: char| character.is_ascii_whitespace() || character == '\x0b');
        if !is_correct(text) {
            return None;
        }
        let (mut numbers, mut words) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some(byte) = rest.bytes().next() {
            let segment;
            (segment, rest) = match byte {
                b'0'..=b'9' => {
                    let (digits, rest) = split_digits(rest);
                    (Segment::Number(Number::parse(digits)?), rest)
                }
                // A hyphen stands for `.pre.`.
                b'-' => (Segment::Word("pre"), &rest[1..]),
                b'.' => {
                    rest = &rest[1..];
                    continue;
                }
                _ => {
                    let end = rest.find(|character: char| !character.is_ascii_alphabetic());
                    let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
                    (Segment::Word(word), rest)
                }
            };
            match segment {
                Segment::Number(_) if words.is_empty() => numbers.push(segment),
                _ => words.push(segment),
            }
        }
        for part in [&mut numbers, &mut words] {
            while part.last().is_some_and(Segment::is_zero) {
                part.pop();
            }
        }
        numbers.append(&mut words);
        Some(Self { segments: numbers })
    }

    /// The shorter one goes on with zeros.
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let length = self.segments.len().max(other.segments.len());
        let zero = Segment::Number(Number::ZERO);
        let at = |version: &Self, at: usize| version.segments.get(at).copied().unwrap_or(zero);
        (0..length)
            .map(|index| at(self, index).cmp(&at(other, index)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl Segment<'_> {
    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(number) if number.is_zero())
    }
}

/// `N(.X)*[-X(.X)*]`, where X is of letters and digits, after the hyphen also of hyphens; or nothing,
/// which is `0`.
fn is_correct(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_late = |word: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !word.is_empty() && word.bytes().all(known)
    };
    let (early, late) = match text.split_once('-') {
        Some((early, late)) => (early, Some(late)),
        None => (text, None),
    };
    let mut words = early.split('.');
    let first = words.next().unwrap_or_default();
    text.is_empty()
        || Number::parse(first).is_some()
            && words.all(is_word)
            && late.is_none_or(|late| late.split('.').all(is_late))
}
