//! Guessing is slowed down.
//!
//! Failures are counted for each pair of address and name: who guesses doesn't lock out the one they
//! guess at, and a shared address doesn't lock out its others. An IPv6 address counts as its /64,
//! which one machine may use as it likes. The table is bounded: to be forgotten, somebody has to fail
//! with ten thousand other pairs, which costs more than the wait.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

use hashlink::LruCache;
use jiff::SignedDuration;

use crate::ThrottleConfig;

const MAX_PAIRS: usize = 10_000;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// An address and a name.
type Pair = (Option<IpAddr>, String);

/// Counts failures.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<LruCache<Pair, Failures>>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// When the last one was.
    last: Duration,
    /// Until when nothing is looked at.
    until: Duration,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MAX_PAIRS)))
    }

    /// Says how long `name` has to wait at `address`; `None` when it needn't.
    pub(crate) fn wait(
        &self,
        address: Option<IpAddr>,
        name: &str,
        now: Duration,
    ) -> Option<Duration> {
        let mut table = self.lock();
        let failures = table.get(&pair(address, name))?;
        failures.until.checked_sub(now).filter(|w| !w.is_zero())
    }

    /// Counts a failure before it has happened, so that many tries at once are no way around; or
    /// says how long to wait. A success takes it back.
    pub(crate) fn attempt(
        &self,
        config: &ThrottleConfig,
        address: Option<IpAddr>,
        name: &str,
        now: Duration,
    ) -> Result<(), Duration> {
        let pair = pair(address, name);
        let mut table = self.lock();
        let before = table.get(&pair).copied();
        let forgotten = |old: &Failures| {
            now.saturating_sub(old.last.max(old.until)) >= unsigned(config.forget_after)
        };
        let before = before.filter(|old| !forgotten(old));
        if let Some(wait) = before.and_then(|old| old.until.checked_sub(now))
            && !wait.is_zero()
        {
            return Err(wait);
        }
        let count = before.map_or(0, |old| old.count).saturating_add(1);
        let wait = match count.saturating_sub(config.free_failures) {
            0 => Duration::ZERO,
            over => FIRST_WAIT
                .saturating_mul(1 << (over - 1).min(30))
                .min(unsigned(config.longest)),
        };
        let until = now.saturating_add(wait);
        table.insert(
            pair,
            Failures {
                count,
                last: now,
                until,
            },
        );
        Ok(())
    }

    /// Forgets the failures of a pair.
    pub(crate) fn succeeded(&self, address: Option<IpAddr>, name: &str) {
        self.lock().remove(&pair(address, name));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Pair, Failures>> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

fn unsigned(duration: SignedDuration) -> Duration {
    duration.try_into().unwrap_or(Duration::ZERO)
}

fn pair(address: Option<IpAddr>, name: &str) -> Pair {
    let address = address.map(|address| match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address => address,
    });
    (address, name.to_owned())
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
