//! Sizes and times as docker shows them (docker/go-units, `size.go` and `duration.go`).

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

const DECIMAL: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/// A size with three significant digits and decimal units: `16.4MB`. For columns of images.
pub fn size(bytes: u64) -> String {
    scaled(bytes as f64, 1000.0, &DECIMAL, 3)
}

/// A size with four significant digits and decimal units: `16.43MB`. For sums.
pub fn size4(bytes: u64) -> String {
    scaled(bytes as f64, 1000.0, &DECIMAL, 4)
}

/// A size with four significant digits and binary units: `23.46GiB`. For memory.
pub fn binary_size(bytes: u64) -> String {
    scaled(bytes as f64, 1024.0, &BINARY, 4)
}

/// Unlike Go's `%.3g`, a value that rounds up to the next unit is shown in that unit: `1MB`, not
/// `1e+03kB`.
fn scaled(mut value: f64, base: f64, units: &[&str], digits: i32) -> String {
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let mut text = significant(value, digits);
    if text.parse::<f64>().is_ok_and(|shown| shown >= base) && unit + 1 < units.len() {
        unit += 1;
        text = significant(value / base, digits);
    }
    text + units[unit]
}

/// So many significant digits, without trailing zeros. Whole numbers keep all of their digits.
fn significant(value: f64, digits: i32) -> String {
    let whole = if value >= 1.0 {
        value.log10().floor() as i32 + 1
    } else {
        1
    };
    let decimals = usize::try_from(digits - whole).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A size as it is typed: `20GB`, `1.5g`, `512MiB`, `1000000`. Units are decimal, as in what is shown;
/// with an `i` they are binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeText(pub u64);

impl FromStr for SizeText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no size: write 20GB, 1.5TB or 512MiB");
        let text = text.trim();
        let end = text
            .find(|ch: char| !ch.is_ascii_digit() && ch != '.')
            .unwrap_or(text.len());
        let number: f64 = text[..end].parse().map_err(|_| wrong())?;
        let unit = text[end..].trim().to_ascii_lowercase();
        let unit = unit.strip_suffix('b').unwrap_or(&unit);
        let (unit, base) = match unit.strip_suffix('i') {
            Some(unit) => (unit, 1024_f64),
            None => (unit, 1000_f64),
        };
        let power = ["", "k", "m", "g", "t", "p", "e"]
            .iter()
            .position(|known| *known == unit)
            .and_then(|power| i32::try_from(power).ok())
            .ok_or_else(wrong)?;
        let bytes = number * base.powi(power);
        // Both ends are exact, and what is between them rounds down to whole bytes.
        if (0.0..u64::MAX as f64).contains(&bytes) {
            Ok(Self(bytes as u64))
        } else {
            Err(wrong())
        }
    }
}

/// How long ago, roughly: `2 weeks`, `About a minute`. The future counts as now.
pub fn duration(seconds: i64) -> String {
    // docker rounds hours up from the half, and all others down.
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".to_owned(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".to_owned(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// How long before `now` something was: `2 weeks ago`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", duration(now.as_second() - then.as_second()))
}

/// A moment as Go prints one: `2026-11-24 07:10:49 +0000 UTC`.
pub fn go_time(time: Timestamp, zone: &TimeZone) -> String {
    let time = Timestamp::from_second(time.as_second()).unwrap_or(time);
    time.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %z %Z")
        .to_string()
}

/// A moment in whole seconds with its zone's offset, as RFC 3339: `2026-11-24T07:10:49Z`.
pub fn rfc3339(time: Timestamp, zone: &TimeZone) -> String {
    let zoned = time.to_zoned_datetime(zone.clone());
    if zoned.offset().is_zero() {
        zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// Time left: `2s`, `1m5s`, `3h2m`.
pub fn short_duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        _ => format!("{}h{}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, three, four) in [
            (0, "0B", "0B"),
            (1, "1B", "1B"),
            (999, "999B", "999B"),
            (1000, "1kB", "1kB"),
            (1024, "1.02kB", "1.024kB"),
            (16_432_123, "16.4MB", "16.43MB"),
            (29_100_000, "29.1MB", "29.1MB"),
            (100_000, "100kB", "100kB"),
            (999_499, "999kB", "999.5kB"),
            (999_999, "1MB", "1MB"),
            (1_530_000_000, "1.53GB", "1.53GB"),
            (u64::MAX, "18.4EB", "18.45EB"),
        ] {
            assert_eq!(size(bytes), three, "{bytes}");
            assert_eq!(size4(bytes), four, "{bytes}");
        }
        assert_eq!(binary_size(24 << 30), "24GiB");
        assert_eq!(binary_size(25_195_077_632), "23.46GiB");
    }

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("20GB", 20_000_000_000),
            ("20 gb", 20_000_000_000),
            ("1.5k", 1500),
            ("512MiB", 512 << 20),
            ("1Ki", 1024),
            ("2T", 2_000_000_000_000),
            ("7b", 7),
        ] {
            assert_eq!(text.parse(), Ok(SizeText(bytes)), "{text}");
        }
        for text in [
            "",
            "GB",
            "-1",
            "1.2.3",
            "5x",
            "5 G B",
            "99999999999E",
            "1e9",
        ] {
            assert!(text.parse::<SizeText>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        const HOUR: i64 = 3600;
        const DAY: i64 = 24 * HOUR;
        for (seconds, text) in [
            (-5, "Less than a second"),
            (0, "Less than a second"),
            (1, "1 second"),
            (45, "45 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (35 * 60, "35 minutes"),
            (HOUR, "About an hour"),
            (89 * 60, "About an hour"),
            (90 * 60, "2 hours"),
            (3 * HOUR, "3 hours"),
            (47 * HOUR, "47 hours"),
            (2 * DAY, "2 days"),
            (13 * DAY, "13 days"),
            (14 * DAY, "2 weeks"),
            (59 * DAY, "8 weeks"),
            (60 * DAY, "2 months"),
            (729 * DAY, "24 months"),
            (730 * DAY, "2 years"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn moments() {
        let time: Timestamp = "2026-11-24T07:10:49.5Z".parse().expect("a time");
        assert_eq!(
            go_time(time, &TimeZone::UTC),
            "2026-11-24 07:10:49 +0000 UTC"
        );
        assert_eq!(rfc3339(time, &TimeZone::UTC), "2026-11-24T07:10:49Z");
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(rfc3339(time, &east), "2026-11-24T09:10:49+02:00");
        let now: Timestamp = "2026-12-09T07:10:49Z".parse().expect("a time");
        assert_eq!(ago(time, now), "2 weeks ago");
    }

    #[test]
    fn time_left() {
        assert_eq!(short_duration(2), "2s");
        assert_eq!(short_duration(65), "1m5s");
        assert_eq!(short_duration(7320), "2h2m");
    }
}
