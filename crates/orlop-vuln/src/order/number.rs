//! Numbers of any length, as versions hold them.

use std::cmp::Ordering;

/// ASCII digits, compared by their value. No digits at all are zero.
///
/// A number in a version may be longer than any machine word (dates with times, commit counts,
/// nonsense); an order that gave up there would be an order with holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    pub(super) const ZERO: Number<'static> = Number("");

    /// `None` for anything but digits, and for nothing.
    pub(super) fn parse(digits: &'a str) -> Option<Self> {
        let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| Self(digits.trim_start_matches('0')))
    }

    /// The number at the start of `text`, and what follows it.
    pub(super) fn leading(text: &'a str) -> Option<(Self, &'a str)> {
        let (digits, rest) = split_digits(text);
        Some((Self::parse(digits)?, rest))
    }

    pub(super) fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer one is the greater one.
        (self.0.len(), self.0).cmp(&(other.0.len(), other.0))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The digits at the start, and the rest.
pub(super) fn split_digits(text: &str) -> (&str, &str) {
    split_while(text, |byte| byte.is_ascii_digit())
}

/// The longest start of ASCII bytes that `wanted` takes, and the rest.
pub(super) fn split_while(text: &str, wanted: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii() || !wanted(byte))
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_greatest() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("0"), Number::ZERO);
        assert!(number("10") > number("9"));
        assert!(number("18446744073709551616") > number("18446744073709551615"));
        assert!(number("99999999999999999999999999") < number("100000000000000000000000000"));
        assert_eq!(Number::parse(""), None);
        assert_eq!(Number::parse("1a"), None);
        assert_eq!(Number::leading("12é"), Some((number("12"), "é")));
    }
}
