//! RPM's order: rpm-version(7), rpm's `rpmio/rpmvercmp.c` and `rpmio/rpmver.c` (4.18).

use std::cmp::Ordering;

use super::number::{Number, split_digits, split_while};

/// `[epoch:]version[-release]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    epoch: Number<'a>,
    version: &'a str,
    release: Option<&'a str>,
}

impl<'a> Version<'a> {
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        if version.is_empty() || version.contains(|character: char| character.is_whitespace()) {
            return None;
        }
        let (epoch, rest) = match split_digits(version) {
            (digits, rest) if rest.starts_with(':') => {
                (Number::parse(digits).unwrap_or(Number::ZERO), &rest[1..])
            }
            _ => (Number::ZERO, version),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        (!version.is_empty()).then_some(Self {
            epoch,
            version,
            release,
        })
    }

    /// A version without a release is older than the same with any.
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.version, other.version))
            .then_with(|| match (self.release, other.release) {
                (Some(left), Some(right)) => compare_part(left, right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            })
    }
}

/// Runs of letters and of digits; whatever else stands between them only separates. A tilde comes
/// before everything, even the end; a caret after the end, and before everything else.
fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    loop {
        (left, right) = (skip_separators(left), skip_separators(right));
        for (mark, end) in [('~', Ordering::Greater), ('^', Ordering::Less)] {
            match (left.strip_prefix(mark), right.strip_prefix(mark)) {
                (Some(rest), Some(other)) => {
                    (left, right) = (rest, other);
                    // What follows may begin with any mark again.
                    return compare_part(left, right);
                }
                (Some(_), None) if right.is_empty() => return end.reverse(),
                (None, Some(_)) if left.is_empty() => return end,
                (Some(_), None) => return Ordering::Less,
                (None, Some(_)) => return Ordering::Greater,
                (None, None) => {}
            }
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let is_number = |text: &str| text.as_bytes()[0].is_ascii_digit();
        let order = match (is_number(left), is_number(right)) {
            (true, true) => {
                let (digits, others);
                (digits, left) = split_digits(left);
                (others, right) = split_digits(right);
                Number::parse(digits).cmp(&Number::parse(others))
            }
            (false, false) => {
                let (word, other);
                (word, left) = split_while(left, |byte| byte.is_ascii_alphabetic());
                (other, right) = split_while(right, |byte| byte.is_ascii_alphabetic());
                word.cmp(other)
            }
            // A number is newer than letters.
            (number, _) => number.cmp(&!number),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches(|character: char| {
        !character.is_ascii_alphanumeric() && character != '~' && character != '^'
    })
}
