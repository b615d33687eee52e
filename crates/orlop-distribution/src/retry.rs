//! When and after how long a failed request is tried again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::Error;

/// Connections that can't be made are tried again this often at most: a host that refuses them is
/// rarely there a second later, and somebody waits.
const CONNECT_RETRIES: u32 = 2;

/// How long to wait between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first wait; it doubles each time, and a random part of up to its half is taken off, so
    /// that many clients don't come back together.
    pub first_delay: Duration,
    /// No wait is longer. A registry that asks for more (`Retry-After`) is not asked again.
    pub longest_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(60),
        }
    }
}

/// The tries of one request.
pub(crate) struct Backoff {
    policy: RetryPolicy,
    allowed: u32,
    /// How many of them may go to connections that can't be made.
    connects: u32,
    done: u32,
}

impl Backoff {
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        // Behind a mirror there is another place to ask.
        let connects = if endpoint.stands_for.is_some() {
            0
        } else {
            CONNECT_RETRIES
        };
        let retries = endpoint.settings.retries();
        Self::new(endpoint.shared.retry, retries, connects)
    }

    fn new(policy: RetryPolicy, retries: u32, connects: u32) -> Self {
        Self {
            policy,
            allowed: retries,
            connects: connects.min(retries),
            done: 0,
        }
    }

    /// The request made progress: failures before it no longer count.
    pub(crate) fn progressed(&mut self) {
        self.done = 0;
    }

    /// How long to wait before the next try; `None` when `error` is final.
    pub(crate) fn next(&mut self, error: &Error) -> Option<Duration> {
        let allowed = match error {
            Error::Connect { .. } => self.connects,
            _ => self.allowed,
        };
        if !error.is_temporary() || self.done >= allowed {
            return None;
        }
        let doubled = self
            .policy
            .first_delay
            .saturating_mul(1 << self.done.min(16));
        self.done += 1;
        let delay = less_a_random_part(doubled.min(self.policy.longest_delay));
        match error.retry_after() {
            Some(asked) if asked > self.policy.longest_delay => None,
            Some(asked) => Some(asked.max(delay)),
            None => Some(delay),
        }
    }
}

fn less_a_random_part(delay: Duration) -> Duration {
    // The standard library's hash seeds are random; nothing here needs better chance.
    let chance = RandomState::new().hash_one(0) % 1000;
    delay - delay.mul_f64(chance as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(temporary: bool) -> Error {
        Error::Connect {
            host: "x".into(),
            reason: "y".into(),
            temporary,
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(3),
        };
        let mut backoff = Backoff::new(policy, 5, 2);
        let broken = Error::Broken {
            request: crate::error::RequestLine::new(
                &http::Method::GET,
                &"http://x/".parse().unwrap(),
            ),
            reason: "cut".into(),
        };
        for longest in [1.0, 2.0, 3.0, 3.0, 3.0] {
            let delay = backoff.next(&broken).unwrap().as_secs_f64();
            assert!(
                delay > longest / 2.0 - 0.01 && delay <= longest,
                "{delay} of {longest}"
            );
        }
        assert_eq!(backoff.next(&broken), None);
        backoff.progressed();
        assert!(backoff.next(&broken).is_some());
        let mut backoff = Backoff::new(policy, 5, 2);
        assert_eq!(backoff.next(&refused(false)), None);
        assert!(backoff.next(&refused(true)).is_some());
        assert!(backoff.next(&refused(true)).is_some());
        assert_eq!(backoff.next(&refused(true)), None);
    }
}
