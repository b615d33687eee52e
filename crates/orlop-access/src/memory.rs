//! Accounts that last as long as the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::ready;
use jiff::Timestamp;

use crate::accounts::AccountsFuture;
use crate::{Accounts, Robot, SigningKey};

/// Accounts that last as long as the process: for tests, and for a registry that asks nobody.
#[derive(Debug, Default)]
pub struct MemoryAccounts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    robots: BTreeMap<String, Robot>,
    keys: BTreeMap<String, SigningKey>,
    settings: BTreeMap<String, String>,
}

impl MemoryAccounts {
    /// With nobody in it.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

fn done<'a, T: Send + 'a>(value: T) -> AccountsFuture<'a, T> {
    ready(Ok(value)).boxed()
}

impl Accounts for MemoryAccounts {
    fn robots(&self) -> AccountsFuture<'_, Vec<Robot>> {
        done(self.lock().robots.values().cloned().collect())
    }

    fn robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<Robot>> {
        done(self.lock().robots.get(name).cloned())
    }

    fn insert_robot(&self, robot: Robot) -> AccountsFuture<'_, bool> {
        let mut state = self.lock();
        let free = !state.robots.contains_key(&robot.name);
        if free {
            state.robots.insert(robot.name.clone(), robot);
        }
        done(free)
    }

    fn update_robot(&self, robot: Robot) -> AccountsFuture<'_, bool> {
        let mut state = self.lock();
        let Some(old) = state.robots.get_mut(&robot.name) else {
            return done(false);
        };
        let last_used = old.last_used;
        *old = Robot { last_used, ..robot };
        done(true)
    }

    fn robot_used<'a>(&'a self, name: &'a str, at: Timestamp) -> AccountsFuture<'a, ()> {
        if let Some(robot) = self.lock().robots.get_mut(name) {
            robot.last_used = Some(at);
        }
        done(())
    }

    fn remove_robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, bool> {
        done(self.lock().robots.remove(name).is_some())
    }

    fn signing_keys(&self) -> AccountsFuture<'_, Vec<SigningKey>> {
        done(self.lock().keys.values().cloned().collect())
    }

    fn insert_signing_key(&self, key: SigningKey) -> AccountsFuture<'_, ()> {
        self.lock().keys.insert(key.id.clone(), key);
        done(())
    }

    fn remove_signing_key<'a>(&'a self, id: &'a str) -> AccountsFuture<'a, ()> {
        self.lock().keys.remove(id);
        done(())
    }

    fn setting<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<String>> {
        done(self.lock().settings.get(name).cloned())
    }

    fn set_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, ()> {
        self.lock()
            .settings
            .insert(name.to_owned(), value.to_owned());
        done(())
    }

    fn insert_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, bool> {
        let mut state = self.lock();
        let free = !state.settings.contains_key(name);
        if free {
            state.settings.insert(name.to_owned(), value.to_owned());
        }
        done(free)
    }
}
