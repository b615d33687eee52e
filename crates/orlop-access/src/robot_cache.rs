//! Robots as a server knows them.
//!
//! Every request of a robot asks whether it still may; the answer is remembered for two seconds, with
//! its globs compiled, so that a busy robot costs no database. A change through this process counts
//! at once.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hashlink::LruCache;
use jiff::Timestamp;

use crate::globs::Grants;
use crate::robots::compile;
use crate::{Accounts, AccountsError, Clock, Refused, Robot};

/// How long something is believed that accounts said.
pub(crate) const BELIEVED: Duration = Duration::from_secs(2);
/// How often, at most, it is noted that a robot was let in.
const NOTED: Duration = Duration::from_secs(60);
const MAX_ROBOTS: usize = 4096;

/// A robot and its grants, ready to be asked.
#[derive(Debug)]
pub(crate) struct KnownRobot {
    pub(crate) robot: Robot,
    pub(crate) grants: Arc<Grants>,
}

impl KnownRobot {
    /// It is let in at this time.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Refused> {
        if self.robot.disabled {
            Err(Refused::Disabled)
        } else if self.robot.expires.is_some_and(|expires| expires <= now) {
            Err(Refused::Expired)
        } else {
            Ok(())
        }
    }
}

/// `None` when there is no such robot.
type Known = Option<Arc<KnownRobot>>;

/// Robots as a server knows them.
pub(crate) struct RobotCache {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    known: Mutex<LruCache<String, (Duration, Known)>>,
    noted: Mutex<LruCache<String, Duration>>,
}

impl RobotCache {
    pub(crate) fn new(accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>) -> Self {
        Self {
            accounts,
            clock,
            known: Mutex::new(LruCache::new(MAX_ROBOTS)),
            noted: Mutex::new(LruCache::new(MAX_ROBOTS)),
        }
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Known, AccountsError> {
        let now = self.clock.elapsed();
        if let Some((since, known)) = lock(&self.known).get(name)
            && now.saturating_sub(*since) < BELIEVED
        {
            return Ok(known.clone());
        }
        let known = match self.accounts.robot(name).await? {
            Some(robot) => {
                let grants = compile(&robot.grants)
                    .map_err(|reason| AccountsError(format!("robot {name:?}: {reason}").into()))?;
                let grants = Arc::new(grants);
                Some(Arc::new(KnownRobot { robot, grants }))
            }
            None => None,
        };
        lock(&self.known).insert(name.to_owned(), (now, known.clone()));
        Ok(known)
    }

    /// Asks again next time.
    pub(crate) fn forget(&self, name: &str) {
        lock(&self.known).remove(name);
    }

    /// Notes that a robot was let in, unless that was done a minute ago.
    pub(crate) async fn note_use(&self, name: &str) -> Result<(), AccountsError> {
        let now = self.clock.elapsed();
        {
            let mut noted = lock(&self.noted);
            if noted
                .get(name)
                .is_some_and(|at| now.saturating_sub(*at) < NOTED)
            {
                return Ok(());
            }
            noted.insert(name.to_owned(), now);
        }
        self.accounts.robot_used(name, self.clock.now()).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}
