//! Times and counts for people.

use std::time::Duration;

/// `30 days`, `1 hour`, `90 minutes`.
pub(super) fn period(period: Duration) -> String {
    let seconds = period.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match fits {
        Some((unit, name)) => plural(seconds / unit, name),
        None if seconds == 0 => format!("{} ms", period.as_millis()),
        None => plural(seconds, "second"),
    }
}

pub(super) fn plural(count: u64, name: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {name}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (seconds, expected) in [
            (86_400 * 30, "30 days"),
            (86_400, "1 day"),
            (3_600 * 36, "36 hours"),
            (90 * 60, "90 minutes"),
            (1, "1 second"),
            (61, "61 seconds"),
            (0, "0 ms"),
        ] {
            assert_eq!(period(Duration::from_secs(seconds)), expected);
        }
    }
}
