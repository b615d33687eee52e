//! One line of the progress display: a blob, its state, its bar.

use std::time::{Duration, Instant};

use crate::units;

/// How many bytes a second went by lately, smoothed.
#[derive(Clone, Debug, Default)]
pub(super) struct Speed {
    last: Option<(Instant, u64)>,
    per_second: Option<f64>,
}

impl Speed {
    /// Takes a reading. Readings closer than a fifth of a second are taken together.
    pub(super) fn see(&mut self, now: Instant, bytes: u64) {
        let Some((then, before)) = self.last else {
            self.last = Some((now, bytes));
            return;
        };
        let passed = now.saturating_duration_since(then);
        if passed < Duration::from_millis(200) {
            return;
        }
        let fresh = bytes.saturating_sub(before) as f64 / passed.as_secs_f64();
        // Half of what is shown is younger than about three seconds.
        let weight = 1.0 - 0.5_f64.powf(passed.as_secs_f64() / 3.0);
        let smooth = self
            .per_second
            .map_or(fresh, |old| old + (fresh - old) * weight);
        self.per_second = Some(smooth);
        self.last = Some((now, bytes));
    }

    pub(super) fn per_second(&self) -> Option<u64> {
        // A rate fits: nothing moves faster than 2^64 bytes a second.
        self.per_second
            .map(|rate| rate as u64)
            .filter(|&rate| rate > 0)
    }
}

/// `Downloading [====>    ]  12.3MB/29.1MB  10.2MB/s 2s left`, in at most `width` characters.
pub(super) fn line(
    head: &str,
    current: u64,
    total: u64,
    speed: Option<u64>,
    width: usize,
) -> String {
    let numbers = if total == 0 || current > total {
        format!("{:>8}", units::size(current))
    } else {
        format!("{:>8}/{}", units::size(current), units::size(total))
    };
    let mut tail = String::new();
    if let Some(speed) = speed.filter(|_| current < total) {
        tail = format!(
            "  {}/s {} left",
            units::size(speed),
            units::short_duration((total - current).div_ceil(speed))
        );
    }
    // The bar takes what is left: docker's fifty characters, or fewer, or none.
    let taken = head.len() + 1 + numbers.len() + tail.len() + "[>] ".len();
    let room = width.saturating_sub(taken).min(50);
    let mut text = format!("{head} ");
    if room >= 10 && total > 0 {
        let done =
            usize::try_from(u128::from(current.min(total)) * room as u128 / u128::from(total))
                .unwrap_or(room);
        text.push_str(&format!(
            "[{}>{}] ",
            "=".repeat(done),
            " ".repeat(room - done)
        ));
    }
    text.push_str(&numbers);
    if text.len() + tail.len() <= width {
        text.push_str(&tail);
    }
    cut(text, width)
}

/// Keeps a line on one line of the terminal.
pub(super) fn cut(mut text: String, width: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(width) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "0123456789ab: Downloading";

    #[test]
    fn the_bar_fits_the_terminal() {
        assert_eq!(
            line(HEAD, 14_550_000, 29_100_000, Some(10_200_000), 120),
            format!(
                "{HEAD} [{}>{}]   14.6MB/29.1MB  10.2MB/s 2s left",
                "=".repeat(25),
                " ".repeat(25)
            )
        );
        for width in [200, 120, 100, 80, 60, 40, 30, 20, 1] {
            let text = line(HEAD, 14_550_000, 29_100_000, Some(10_200_000), width);
            assert!(text.chars().count() <= width, "{width}: {text}");
        }
        assert_eq!(
            line(HEAD, 14_550_000, 29_100_000, Some(10_200_000), 66),
            format!("{HEAD}   14.6MB/29.1MB  10.2MB/s 2s left")
        );
    }

    #[test]
    fn odd_totals() {
        assert_eq!(line(HEAD, 5, 0, None, 80), format!("{HEAD}       5B"));
        assert_eq!(
            line(HEAD, 10, 10, Some(1), 80),
            format!("{HEAD} [{}>]      10B/10B", "=".repeat(38))
        );
        assert!(line(HEAD, 11, 10, Some(1), 80).ends_with("     11B"));
    }

    #[test]
    fn speed_is_smoothed() {
        let start = Instant::now();
        let mut speed = Speed::default();
        assert_eq!(speed.per_second(), None);
        for second in 0..=10_u64 {
            speed.see(start + Duration::from_secs(second), second * 1_000_000);
        }
        assert_eq!(speed.per_second(), Some(1_000_000));
        // A stall shows within seconds, but not as a jump.
        speed.see(start + Duration::from_secs(13), 10_000_000);
        let slower = speed.per_second().expect("a speed");
        assert!((400_000..600_000).contains(&slower), "{slower}");
    }
}
