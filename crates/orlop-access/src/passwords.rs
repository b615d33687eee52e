//! Passwords are checked.
//!
//! bcrypt takes tens of milliseconds of a core, on purpose, and docker's clients send a password
//! with every request where there are no tokens. So: it runs on threads of its own, few at a time and
//! with few waiting; and a pair that was right is remembered for a minute, as an HMAC under a key
//! that lives as long as the process, so that memory holds nothing to guess at. The HMAC covers the
//! user's hash too: another password in the file, and what is remembered isn't found any more.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hashlink::LruCache;
use orlop_secret::Secret;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use crate::throttle::Throttle;
use crate::users::{Hash, Users};
use crate::{AuthError, Clock, ROBOT_PREFIX, Refused, ThrottleConfig};

/// Pairs that are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// Logins that wait for a thread; more are told to come again.
const MAX_WAITING: usize = 256;
/// Threads that check passwords at once, at most.
const MAX_THREADS: usize = 4;

type Remembered = [u8; 32];
/// Checks a password against a hash.
type Check = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Checks passwords.
pub(crate) struct Passwords {
    clock: Arc<dyn Clock>,
    users_throttle: Throttle,
    /// Apart from users: a robot's secret is checked at no cost, so whoever wants failures to be
    /// forgotten could fill a common table with names of robots.
    robots_throttle: Throttle,
    key: hmac::Key,
    remembered: Mutex<LruCache<Remembered, Duration>>,
    threads: Arc<Semaphore>,
    waiting: Semaphore,
    check: Check,
}

/// A name and a password that somebody brings, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a Secret,
    pub(crate) address: Option<IpAddr>,
}

/// What a password is checked with.
pub(crate) struct Against<'a> {
    pub(crate) users: &'a Users,
    /// The user's hash; `None` when there is no such user.
    pub(crate) hash: Option<&'a Hash>,
    pub(crate) throttle: &'a ThrottleConfig,
    /// How long a right one is remembered.
    pub(crate) remember: Duration,
}

impl Passwords {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_check(
            clock,
            Arc::new(|password, hash| bcrypt::verify(password, hash).unwrap_or(false)),
        )
    }

    fn with_check(clock: Arc<dyn Clock>, check: Check) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            clock,
            users_throttle: Throttle::new(),
            robots_throttle: Throttle::new(),
            key: key.expect("the operating system gives random bytes"),
            remembered: Mutex::new(LruCache::new(MAX_REMEMBERED)),
            threads: Arc::new(Semaphore::new((cores - 1).clamp(1, MAX_THREADS))),
            waiting: Semaphore::new(MAX_WAITING),
            check,
        }
    }

    /// Ends well when the password is right. An unknown user costs the same as a wrong password.
    pub(crate) async fn verify(
        &self,
        login: Login<'_>,
        against: Against<'_>,
    ) -> Result<(), AuthError> {
        let pair = against.hash.map(|hash| self.pair(login, hash));
        if pair.is_some_and(|pair| self.remembers(&pair)) {
            return Ok(());
        }
        let (throttle, now) = (self.throttle(login.name), self.clock.elapsed());
        if let Some(wait) = throttle.wait(against.throttle, login.address, login.name, now) {
            return Err(AuthError::Throttled { retry_after: wait });
        }
        let busy = || AuthError::Unavailable("too many logins at once".to_owned());
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let thread = self.threads.clone().acquire_owned().await;
        let thread = thread.map_err(|_| busy())?;
        // While this one waited, another may have brought the same.
        if pair.is_some_and(|pair| self.remembers(&pair)) {
            return Ok(());
        }
        self.attempt(login, against.throttle)?;
        let hash = match against.hash {
            Some(hash) => hash.clone(),
            None => Hash::of_nobody(against.users.cost_of_unknown(self.pick(login.name))),
        };
        let (check, password) = (self.check.clone(), login.password.clone());
        let right = tokio::task::spawn_blocking(move || {
            // Given back here: who gives up waiting doesn't free the thread.
            let _thread = thread;
            check(password.expose(), hash.as_str())
        });
        let right = right
            .await
            .map_err(|error| AuthError::Unavailable(error.to_string()))?;
        match pair.filter(|_| right) {
            Some(pair) => {
                let until = self.clock.elapsed() + against.remember;
                self.lock().insert(pair, until);
                self.succeeded(login, against.throttle);
                Ok(())
            }
            None => Err(AuthError::Invalid(Refused::Password)),
        }
    }

    /// Counts a failure ahead, or refuses.
    pub(crate) fn attempt(
        &self,
        login: Login<'_>,
        config: &ThrottleConfig,
    ) -> Result<(), AuthError> {
        let now = self.clock.elapsed();
        self.throttle(login.name)
            .attempt(config, login.address, login.name, now)
            .map_err(|retry_after| AuthError::Throttled { retry_after })
    }

    /// Takes the failure back.
    pub(crate) fn succeeded(&self, login: Login<'_>, config: &ThrottleConfig) {
        let throttle = self.throttle(login.name);
        throttle.succeeded(config, login.address, login.name);
    }

    fn throttle(&self, name: &str) -> &Throttle {
        match name.starts_with(ROBOT_PREFIX) {
            true => &self.robots_throttle,
            false => &self.users_throttle,
        }
    }

    /// Forgets every password that was right.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn remembers(&self, pair: &Remembered) -> bool {
        let now = self.clock.elapsed();
        let mut remembered = self.lock();
        match remembered.get(pair) {
            Some(until) if *until > now => true,
            Some(_) => {
                remembered.remove(pair);
                false
            }
            None => false,
        }
    }

    fn pair(&self, login: Login<'_>, hash: &Hash) -> Remembered {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [login.name, hash.as_str(), login.password.expose()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }

    /// A number that depends on the name, and that nobody else knows.
    fn pick(&self, name: &str) -> u64 {
        let tag = hmac::sign(&self.key, name.as_bytes());
        let bytes = tag.as_ref()[..8].try_into();
        u64::from_be_bytes(bytes.expect("eight bytes were taken"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Remembered, Duration>> {
        let remembered = self.remembered.lock();
        remembered.unwrap_or_else(|broken| broken.into_inner())
    }
}

#[cfg(test)]
#[path = "passwords_tests.rs"]
mod tests;
