//! Lengths of time as files have them: `90d`, `12h`, `1h 30m`, `500ms`. A day has 24 hours.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, Serializer};

/// Reads a length of time.
///
/// # Errors
/// In words, when the text is none, or is below zero.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no length of time: write 30s, 5m, 12h, 90d or 1h 30m");
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    // Months have no length.
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let length = length.map_err(|_| wrong())?;
    if length.is_negative() {
        return Err(format!("{text:?} is below zero"));
    }
    Ok(length)
}

/// For `#[serde(with = "orlop_access::period")]`.
///
/// # Errors
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(serde::de::Error::custom)
}

/// For `#[serde(with = "orlop_access::period")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(length: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{length:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("1h 30m", 5400),
            ("12 hours", 43_200),
            ("90d", 90 * 86_400),
            ("2w", 14 * 86_400),
            ("PT1H", 3600),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Ok(SignedDuration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(parse("250ms"), Ok(SignedDuration::from_millis(250)));
    }

    #[test]
    fn others_are_refused() {
        for text in ["", "5", "five", "2mo", "1y", "-5m", "5m ago"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
