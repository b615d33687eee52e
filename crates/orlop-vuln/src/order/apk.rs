//! Alpine's order: apk-tools 2.14, `src/version.c`.
//!
//! `digit{.digit}…{letter}{_suffix{digit}}…{-rN}`, where `_alpha _beta _pre _rc` come before nothing
//! and `_cvs _svn _git _hg _p` after it. Where two versions differ in what comes next, a further
//! number is the newest, then a letter, a suffix, a revision, the end, and last a suffix of a
//! pre-release. Zeros at the start of a number count below everything (`1.01` is older than `1.1`),
//! except in the first.
//!
//! apk compares whatever it is given, up to where it can't read on, and what can't be read is newest
//! of all. Alpine's own database has such versions (`4.10-1-r1`), and so they are compared here
//! too, though they aren't valid.
//!
//! apk-tools 3, new in Alpine 3.23, compares numbers that start with zeros as text and takes commits
//! (`~hash`) before the revision. Neither is followed here.

use super::number::{split_digits, split_while};

/// More digits than apk takes in one number.
const DIGITS: usize = 18;

/// Suffixes before the release, oldest first.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
/// Suffixes after it.
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// What a part of a version is: the newer, the further down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before(usize),
    End,
    Revision(i64),
    SuffixNumber(i64),
    After(usize),
    Letter(u8),
    Digit(i64),
    /// A number after a dot; below zero, the count of zeros before one that starts with two or more.
    Component(i64),
    /// What apk can't read.
    Unreadable,
}

/// The parts of a version, with [`Part::End`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<Part>);

/// What apk expects next, which depends on what was there before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Component,
    Digit,
    Letter,
    Suffix,
    SuffixNumber,
    Revision,
}

impl Version {
    /// Reads as far as apk does; `None` only for nothing at all.
    pub(super) fn parse(version: &str) -> Option<Self> {
        if version.is_empty() {
            return None;
        }
        let (mut parts, mut rest) = (Vec::new(), version);
        let mut next = Next::Digit;
        while !rest.is_empty() {
            let Some((part, after)) = take(next, rest) else {
                parts.extend([failed(next), Part::Unreadable]);
                return Some(Self(parts));
            };
            parts.push(part);
            rest = after;
            next = match part {
                // A number that starts with zero is told twice: how many zeros, then the number.
                Part::Component(value) if value <= 0 && rest.starts_with('0') => Next::Digit,
                _ if rest.is_empty() => break,
                _ => {
                    let Some((found, after)) = expect(next, rest) else {
                        parts.push(Part::Unreadable);
                        return Some(Self(parts));
                    };
                    rest = after;
                    // A separator at the very end has a part of its own, with nothing in it.
                    if rest.is_empty() {
                        parts.extend(empty(found));
                    }
                    found
                }
            };
        }
        parts.push(Part::End);
        Some(Self(parts))
    }

    /// Whether apk could read all of it.
    pub(super) fn is_valid(&self) -> bool {
        self.0.last() == Some(&Part::End)
    }
}

/// A part that can't be read, which has the value -1 to apk: for a suffix, that of the last one
/// before a release.
fn failed(next: Next) -> Part {
    match next {
        Next::Component => Part::Component(-1),
        Next::Digit => Part::Digit(-1),
        Next::SuffixNumber => Part::SuffixNumber(-1),
        Next::Revision => Part::Revision(-1),
        Next::Suffix => Part::Before(BEFORE.len() - 1),
        // Any letter can be read.
        Next::Letter => Part::Unreadable,
    }
}

/// Reads one part.
fn take(next: Next, text: &str) -> Option<(Part, &str)> {
    let number = |make: fn(i64) -> Part| {
        let (digits, rest) = split_digits(text);
        let value = if digits.is_empty() {
            0
        } else {
            digits.parse().ok()?
        };
        (digits.len() < DIGITS).then_some((make(value), rest))
    };
    match next {
        Next::Component if text.starts_with('0') => {
            let (zeros, _) = split_while(text, |byte| byte == b'0');
            let more = zeros.len() - 1;
            let value = i64::try_from(more).ok()?;
            Some((Part::Component(-value), &text[more..]))
        }
        Next::Component => number(Part::Component),
        Next::Digit => number(Part::Digit),
        Next::SuffixNumber => number(Part::SuffixNumber),
        Next::Revision => number(Part::Revision),
        Next::Letter => {
            let letter = *text.as_bytes().first()?;
            Some((Part::Letter(letter), text.get(1..)?))
        }
        Next::Suffix => {
            let find = |names: &[&str]| {
                names
                    .iter()
                    .enumerate()
                    .find_map(|(at, name)| Some((at, text.strip_prefix(name)?)))
            };
            let before = find(&BEFORE).map(|(at, rest)| (Part::Before(at), rest));
            before.or_else(|| find(&AFTER).map(|(at, rest)| (Part::After(at), rest)))
        }
    }
}

/// What comes after a part of kind `last`, and where it starts.
fn expect(last: Next, text: &str) -> Option<(Next, &str)> {
    let first = *text.as_bytes().first()?;
    let is_number = matches!(last, Next::Component | Next::Digit);
    let (next, rest) = match first {
        b'a'..=b'z' if is_number => return Some((Next::Letter, text)),
        b'0'..=b'9' if last == Next::Letter => return Some((Next::Digit, text)),
        b'0'..=b'9' if last == Next::Suffix => return Some((Next::SuffixNumber, text)),
        b'.' => (Next::Component, &text[1..]),
        b'_' => (Next::Suffix, &text[1..]),
        b'-' => (Next::Revision, text.strip_prefix("-r")?),
        _ => return None,
    };
    let back = matches!(
        (next, last),
        (Next::Component, Next::Digit) | (Next::Suffix, Next::SuffixNumber)
    );
    (next >= last || back).then_some((next, rest))
}

/// The part that a separator at the end begins.
fn empty(next: Next) -> Option<Part> {
    match next {
        Next::Component => Some(Part::Component(0)),
        Next::Suffix => Some(Part::After(0)),
        Next::Revision => Some(Part::Revision(0)),
        _ => None,
    }
}
