//! How long to wait after a failure.

use std::time::Duration;

/// Doubles from one wait to the next, up to a bound, with jitter: endpoints that came back aren't
/// met by everybody at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after so many failures in a row (from 1): between a half and the whole of what the
    /// doubling gives.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        let factor = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        let mut random = [0; 2];
        // Without randomness the wait is only less spread.
        let _ = getrandom::fill(&mut random);
        let part = f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX);
        whole.mul_f64(0.5 + part / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
        for (failures, whole) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (1000, 300)] {
            for _ in 0..100 {
                let wait = backoff.wait(failures);
                let whole = Duration::from_secs(whole);
                assert!(wait >= whole / 2 && wait <= whole, "{failures}: {wait:?}");
            }
        }
    }
}
