//! npm's order: node-semver 7, read loosely as npm reads what is installed.

use std::cmp::Ordering;

use super::number::split_digits;

/// The longest version node-semver takes, in characters.
const LENGTH: usize = 256;
/// JavaScript's `Number.MAX_SAFE_INTEGER`.
const SAFE: u64 = (1 << 53) - 1;

/// `[v=\s]*major.minor.patch[-]pre+build`, where numbers may start with zeros.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    numbers: [u64; 3],
    before: Vec<Identifier<'a>>,
}

/// A part of a pre-release: a number is older than a word.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Identifier<'a> {
    /// As JavaScript holds it.
    Number(f64),
    Word(&'a str),
}

impl<'a> Version<'a> {
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        if version.encode_utf16().count() > LENGTH {
            return None;
        }
        let text = version.trim();
        let text = text.trim_start_matches(|character: char| {
            matches!(character, 'v' | '=') || character.is_whitespace()
        });
        let mut numbers = [0; 3];
        let mut rest = text;
        for (at, number) in numbers.iter_mut().enumerate() {
            let (digits, after) = split_digits(rest);
            if at == 2 {
                return Self::split_patch(numbers, digits, after);
            }
            *number = safe(digits)?;
            rest = match after.strip_prefix('.') {
                Some(rest) => rest,
                // OSV writes `0` for the first version of all, and may leave out zeros.
                None => {
                    let before = Vec::new();
                    return after.is_empty().then_some(Self { numbers, before });
                }
            };
        }
        None
    }

    /// Digits of the patch version may turn out to begin the pre-release: `1.2.34.5` is `1.2.3-4.5`.
    fn split_patch(mut numbers: [u64; 3], digits: &'a str, after: &'a str) -> Option<Self> {
        numbers[2] = safe(digits)?;
        Self::end(numbers, after).or_else(|| {
            if !after.starts_with('.') || digits.len() < 2 {
                return None;
            }
            let (patch, first) = digits.split_at(digits.len() - 1);
            numbers[2] = safe(patch)?;
            let first = first.parse().ok()?;
            let (mut before, after) = identifiers(&after[1..])?;
            before.insert(0, Identifier::Number(first));
            is_build(after).then_some(Self { numbers, before })
        })
    }

    /// Reads what follows the numbers.
    fn end(numbers: [u64; 3], text: &'a str) -> Option<Self> {
        let whole = |text: &'a str| {
            let (before, after) = identifiers(text)?;
            is_build(after).then_some(Self { numbers, before })
        };
        if is_build(text) {
            let before = Vec::new();
            return Some(Self { numbers, before });
        }
        let hyphened = text.strip_prefix('-').and_then(whole);
        hyphened.or_else(|| whole(text))
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let before = match (self.before.is_empty(), other.before.is_empty()) {
            // Nothing is newer than any pre-release.
            (left, right) if left != right => left.cmp(&right),
            _ => compare_identifiers(&self.before, &other.before),
        };
        self.numbers.cmp(&other.numbers).then(before)
    }
}

fn compare_identifiers(left: &[Identifier<'_>], right: &[Identifier<'_>]) -> Ordering {
    let mut pairs = left.iter().zip(right).map(|(left, right)| {
        // Only NaN is unordered, which digits never make.
        left.partial_cmp(right).unwrap_or(Ordering::Equal)
    });
    pairs
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn safe(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number| *number <= SAFE)
}

/// Identifiers divided by dots, at least one, and what follows them.
fn identifiers(text: &str) -> Option<(Vec<Identifier<'_>>, &str)> {
    let end = text.find('+').unwrap_or(text.len());
    let (text, rest) = text.split_at(end);
    let words = text.split('.').map(|word| {
        if !is_identifier(word) {
            return None;
        }
        Some(match word.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Identifier::Number(word.parse().ok()?),
            false => Identifier::Word(word),
        })
    });
    Some((words.collect::<Option<_>>()?, rest))
}

fn is_identifier(word: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !word.is_empty() && word.bytes().all(known)
}

/// Nothing, or build metadata.
fn is_build(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix('+')
            .is_some_and(|build| build.split('.').all(is_identifier))
}
