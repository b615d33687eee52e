//! Guessing is slowed down.
//!
//! Failures are counted for each pair of address and name: who guesses doesn't lock out the one they
//! guess at, and a shared address doesn't lock out its others. An IPv6 address counts as its /64,
//! which one machine may use as it likes. The table is bounded: to be forgotten, somebody has to fail
//! with ten thousand other pairs, which costs more than the wait.
//!
//! An address that goes through names is slowed down too: it has an allowance of failures, with
//! whatever names, that fills up again evenly. It never waits longer than for the next of them, so
//! that one broken client doesn't lock out the others behind the same address for long.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

use hashlink::LruCache;
use jiff::SignedDuration;

use crate::ThrottleConfig;

const MAX_PAIRS: usize = 10_000;
const MAX_ADDRESSES: usize = 10_000;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How many names at an address may each use up their free failures, and fail once with a wait, in
/// the time after which failures are forgotten.
const NAMES_AT_AN_ADDRESS: u32 = 20;

/// An address and a name.
type Pair = (Option<IpAddr>, String);

/// Counts failures.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    pairs: LruCache<Pair, Failures>,
    /// When the allowance of an address is full again.
    addresses: LruCache<IpAddr, Duration>,
}

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
        Self(Mutex::new(Tables {
            pairs: LruCache::new(MAX_PAIRS),
            addresses: LruCache::new(MAX_ADDRESSES),
        }))
    }

    /// Says how long `name` has to wait at `address`; `None` when it needn't.
    pub(crate) fn wait(
        &self,
        config: &ThrottleConfig,
        address: Option<IpAddr>,
        name: &str,
        now: Duration,
    ) -> Option<Duration> {
        let pair = pair(address, name);
        let mut tables = self.lock();
        if let Some(wait) = tables.used(config, pair.0, now).err() {
            return Some(wait);
        }
        let failures = tables.pairs.get(&pair)?;
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
        let mut tables = self.lock();
        let used = tables.used(config, pair.0, now)?;
        let before = tables.pairs.get(&pair).copied();
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
        if let (Some(network), Some(full_at)) = (pair.0, used) {
            tables.addresses.insert(network, full_at);
        }
        tables.pairs.insert(
            pair,
            Failures {
                count,
                last: now,
                until,
            },
        );
        Ok(())
    }

    /// Forgets the failures of a pair, and takes one of its address back.
    pub(crate) fn succeeded(&self, config: &ThrottleConfig, address: Option<IpAddr>, name: &str) {
        let pair = pair(address, name);
        let mut tables = self.lock();
        tables.pairs.remove(&pair);
        if let Some(full_at) = pair
            .0
            .and_then(|address| tables.addresses.get_mut(&address))
        {
            *full_at = full_at.saturating_sub(step(config));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Tables {
    /// When the allowance of an address would be full again after one more failure; or how long to
    /// wait for that one. There is none where the address isn't known.
    fn used(
        &mut self,
        config: &ThrottleConfig,
        address: Option<IpAddr>,
        now: Duration,
    ) -> Result<Option<Duration>, Duration> {
        let Some(address) = address else {
            return Ok(None);
        };
        let full_at = self.addresses.get(&address).copied().unwrap_or(now);
        let after = full_at.max(now).saturating_add(step(config));
        let latest = now.saturating_add(unsigned(config.forget_after));
        match after.saturating_sub(latest) {
            Duration::ZERO => Ok(Some(after)),
            wait => Err(wait),
        }
    }
}

/// How long one failure counts against its address.
fn step(config: &ThrottleConfig) -> Duration {
    let each = config.free_failures.saturating_add(1);
    unsigned(config.forget_after) / each.saturating_mul(NAMES_AT_AN_ADDRESS)
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
