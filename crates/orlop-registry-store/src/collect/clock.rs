//! What time it is, as far as collection believes it.
//!
//! Age is what protects content that a push has brought and not named yet, and age is told by the
//! wall clock, which people and time servers set. Set back, it makes everything look younger, which
//! only keeps it longer. Set forward by a day, it would make what arrived a minute ago a day old.
//!
//! So each collection leaves a mark in the database: the time of the wall clock, and how long the
//! machine was up. When the wall went further since the mark than the machine was up, the clock was
//! set forward, and collection's own time goes on as if it hadn't been, for one grace period: by then
//! everything from before is old enough, by whatever clock. A mark of another start of the machine
//! tells nothing, and then the wall is believed: no push survives that start.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// By how much clocks may differ that are right: a time server's small steps.
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// Both clocks at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Which start of the machine.
    pub(super) boot: String,
    /// How long ago that was.
    pub(super) up: Duration,
    /// The wall clock.
    pub(super) wall: Timestamp,
}

impl Reading {
    /// Reads the clocks.
    pub(super) fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        // Without it every look is one after another start.
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self {
            boot: boot.trim().to_owned(),
            up: Duration::new(seconds, nanos),
            wall: Timestamp::now(),
        }
    }
}

/// What a collection leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    boot: String,
    up: Duration,
    wall: Timestamp,
    /// The time that was believed.
    trusted: Timestamp,
    /// Until the machine is up for so long, the wall isn't believed.
    doubt_until: Option<Duration>,
}

/// The time to believe, and the mark to leave.
pub(super) fn judge(before: Option<&Mark>, now: &Reading, grace: Duration) -> (Timestamp, Mark) {
    let same_start = before.filter(|mark| !now.boot.is_empty() && mark.boot == now.boot);
    let (trusted, doubt_until) = match same_start {
        Some(mark) => {
            let passed = SignedDuration::try_from(now.up.saturating_sub(mark.up))
                .unwrap_or(SignedDuration::ZERO);
            let jumped = now.wall.duration_since(mark.wall) > passed + SLACK;
            let own = mark.trusted.checked_add(passed).unwrap_or(now.wall);
            let doubt = mark.doubt_until.filter(|until| now.up < *until);
            let doubt = if jumped { Some(now.up + grace) } else { doubt };
            match doubt {
                Some(until) => (own.min(now.wall), Some(until)),
                None => (now.wall, None),
            }
        }
        None => (now.wall, None),
    };
    let mark = Mark {
        boot: now.boot.clone(),
        up: now.up,
        wall: now.wall,
        trusted,
        doubt_until,
    };
    (trusted, mark)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRACE: Duration = Duration::from_secs(3600);

    fn reading(up: u64, wall: i64) -> Reading {
        Reading {
            boot: "one".into(),
            up: Duration::from_secs(up),
            wall: Timestamp::from_second(wall).unwrap(),
        }
    }

    /// The times that are believed, one look after the other.
    fn believed(looks: &[(u64, i64)]) -> Vec<i64> {
        let mut mark = None;
        let mut times = Vec::new();
        for (up, wall) in looks {
            let (trusted, left) = judge(mark.as_ref(), &reading(*up, *wall), GRACE);
            mark = Some(left);
            times.push(trusted.as_second());
        }
        times
    }

    #[test]
    fn a_clock_that_goes_is_believed() {
        assert_eq!(
            believed(&[(0, 1000), (3600, 4600), (7200, 8230)]),
            [1000, 4600, 8230]
        );
        assert_eq!(believed(&[(0, 100_000), (10, 1000)]), [100_000, 1000]);
    }

    #[test]
    fn a_jump_ages_nothing_for_the_grace() {
        assert_eq!(
            believed(&[(0, 1000), (100, 90_000), (1900, 91_800), (3701, 93_601)]),
            [1000, 1100, 2900, 93_601]
        );
        // A second one begins anew.
        assert_eq!(
            believed(&[(0, 1000), (100, 90_000), (1900, 191_800), (3701, 193_601)]),
            [1000, 1100, 2900, 4701]
        );
        // Set right again.
        assert_eq!(
            believed(&[(0, 1000), (100, 90_000), (200, 1200)]),
            [1000, 1100, 1200]
        );
    }

    #[test]
    fn another_start_tells_nothing() {
        let (_, mark) = judge(None, &reading(0, 1000), GRACE);
        let mut later = reading(10, 900_000);
        later.boot = "two".into();
        assert_eq!(judge(Some(&mark), &later, GRACE).0.as_second(), 900_000);
        later.boot.clear();
        assert_eq!(judge(Some(&mark), &later, GRACE).0.as_second(), 900_000);
    }

    proptest! {
        /// However the clock is set: what was touched since the first look is never taken to be
        /// older than the grace before it is (but for the slack of each step).
        #[test]
        fn nothing_is_older_than_it_is(
            steps in proptest::collection::vec((1..4000_u64, -100_000..100_000_i64, any::<bool>()), 1..8),
        ) {
            let (mut up, mut offset) = (0_u64, 1_000_000_i64);
            let mut mark = judge(None, &reading(up, offset), GRACE).1;
            let mut touched = Vec::new();
            for (step, shift, shifts) in steps {
                touched.push((up, up as i64 + offset));
                up += step;
                if shifts {
                    offset += shift;
                }
                touched.push((up, up as i64 + offset));
                let wall = up as i64 + offset;
                let (trusted, left) = judge(Some(&mark), &reading(up, wall), GRACE);
                mark = left;
                for (at, stamp) in &touched {
                    let looks_old = trusted.as_second() - stamp >= GRACE.as_secs() as i64 + 8 * 61;
                    prop_assert!(!looks_old || up - at >= GRACE.as_secs());
                }
            }
        }
    }
}
