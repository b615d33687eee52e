//! Moments as docker takes them: a Go duration back from now, seconds since 1970, or a date (moby
//! `api/types/time/timestamp.go`).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::error::{CliError, CliResult};

/// Reads one. Dates without an offset are in the local time zone.
///
/// # Errors
/// It is none of these.
pub(super) fn parse(text: &str, now: Timestamp) -> CliResult<Timestamp> {
    let wrong = || {
        CliError::new(format!(
            "invalid filter 'until={text}': not a duration or a time"
        ))
    };
    if let Some(duration) = go_duration(text) {
        return now.checked_sub(duration).map_err(|_| wrong());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let seconds = text
            .split('.')
            .next()
            .and_then(|seconds| seconds.parse().ok());
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        return time.ok_or_else(wrong);
    }
    let civil: DateTime = text.parse().map_err(|_| wrong())?;
    civil
        .to_zoned_datetime(TimeZone::system())
        .map(|zoned| zoned.timestamp())
        .map_err(|_| wrong())
}

/// `1h30m`, `24h`, `1.5s`.
fn go_duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let number = rest.find(|ch: char| !ch.is_ascii_digit() && ch != '.')?;
        let value: f64 = rest[..number].parse().ok()?;
        let after = &rest[number..];
        let unit = after
            .find(|ch: char| ch.is_ascii_digit())
            .unwrap_or(after.len());
        seconds += value
            * match &after[..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &after[unit..];
    }
    (!text.is_empty())
        .then(|| SignedDuration::try_from_secs_f64(seconds).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a time");
        for (text, expected) in [
            ("24h", "2026-11-23T12:00:00Z"),
            ("1h30m", "2026-11-24T10:30:00Z"),
            ("1.5h", "2026-11-24T10:30:00Z"),
            ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
            ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000.5", "2023-11-14T22:13:20Z"),
        ] {
            let expected: Timestamp = expected.parse().expect("a time");
            assert_eq!(parse(text, now).expect(text), expected, "{text}");
        }
        assert!(parse("2026-11-01", now).is_ok());
        assert!(parse("2026-11-01T10:00:00", now).is_ok());
        for text in ["yesterday", "h", "5x", "1h5", "."] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }
}
