//! Debian's order: deb-version(7), dpkg's `lib/dpkg/version.c` and `parsehelp.c`.

use std::cmp::Ordering;

use super::number::{Number, split_digits};

/// `[epoch:]upstream[-revision]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    epoch: i64,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Version<'a> {
    /// Takes what dpkg takes. Characters that policy forbids earn a warning from dpkg, and are
    /// compared all the same.
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        let version = version.trim_matches(is_blank);
        if version.is_empty() || version.contains(is_blank) {
            return None;
        }
        let (epoch, rest) = match version.split_once(':') {
            // As strtol reads it: a sign may stand before it.
            Some((epoch, rest)) => (i64::from(epoch.parse::<i32>().ok()?), rest),
            None => (0, version),
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (rest, ""),
        };
        (epoch >= 0 && !rest.is_empty() && !upstream.is_empty()).then_some(Self {
            epoch,
            upstream,
            revision,
        })
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream, other.upstream))
            .then_with(|| compare_part(self.revision, other.revision))
    }
}

fn is_blank(character: char) -> bool {
    character.is_ascii_whitespace() || character == '\x0b'
}

/// Runs of other characters and runs of digits in turn; what is missing is an empty run.
fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    while !(left.is_empty() && right.is_empty()) {
        let (words, numbers);
        (words, left, right) = {
            let (left_word, left) = split_word(left);
            let (right_word, right) = split_word(right);
            (compare_words(left_word, right_word), left, right)
        };
        (numbers, left, right) = {
            let (left_digits, left) = split_digits(left);
            let (right_digits, right) = split_digits(right);
            let number = |digits| Number::parse(digits).unwrap_or(Number::ZERO);
            (number(left_digits).cmp(&number(right_digits)), left, right)
        };
        let order = words.then(numbers);
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| character.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// A tilde before the end, the end before letters, letters before the rest.
fn compare_words(left: &str, right: &str) -> Ordering {
    fn weights(word: &str) -> impl Iterator<Item = i32> {
        let bytes = word.bytes().map(|byte| match byte {
            b'~' => -1,
            // dpkg's characters have a sign, so that bytes beyond ASCII end up as they are.
            _ if byte.is_ascii_alphabetic() || !byte.is_ascii() => i32::from(byte),
            _ => i32::from(byte) + 256,
        });
        bytes.chain([0])
    }
    weights(left).cmp(weights(right))
}
