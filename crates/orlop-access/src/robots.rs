//! Robots: accounts for machines.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orlop_secret::Secret;

use crate::globs::Grants;
use crate::robot_cache::RobotCache;
use crate::{AccessError, Accounts, Clock, Robot, RobotGrant, SecretHash};

/// Bits of a robot's secret: enough that a plain hash of it is safe to keep.
const SECRET_BITS: usize = 256;
const MAX_NAME_LEN: usize = 128;
const MAX_GRANTS: usize = 256;

/// A robot to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRobot {
    /// Its name, without `robot$`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub grants: Vec<RobotGrant>,
    /// How long it lasts; for ever when `None`.
    pub lifetime: Option<SignedDuration>,
}

/// What is changed about a robot; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RobotChange {
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub grants: Option<Vec<RobotGrant>>,
    /// When it expires (`Some(None)`: never).
    pub expires: Option<Option<Timestamp>>,
    /// It is refused.
    pub disabled: Option<bool>,
}

/// The robots, for who administers them. A server that runs elsewhere sees a change within seconds.
#[derive(Clone)]
pub struct Robots {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    cache: Option<Arc<RobotCache>>,
}

impl Robots {
    /// Those that `accounts` keeps.
    pub fn new(accounts: Arc<dyn Accounts>, clock: Arc<dyn Clock>) -> Self {
        Self {
            accounts,
            clock,
            cache: None,
        }
    }

    /// Has a server know of changes at once.
    pub(crate) fn known_to(self, cache: Arc<RobotCache>) -> Self {
        let cache = Some(cache);
        Self { cache, ..self }
    }

    fn changed(&self, name: &str) {
        if let Some(cache) = &self.cache {
            cache.forget(name);
        }
    }

    /// All, by name.
    pub async fn list(&self) -> Result<Vec<Robot>, AccessError> {
        Ok(self.accounts.robots().await?)
    }

    /// Makes one. The secret is told here and never again.
    pub async fn create(&self, new: NewRobot) -> Result<(Robot, Secret), AccessError> {
        let fault = |reason: &str| robot_error(&new.name, reason);
        check_name(&new.name).map_err(fault)?;
        check_grants(&new.name, &new.grants)?;
        let now = self.clock.now();
        let expires = match new.lifetime {
            Some(lifetime) if !lifetime.is_positive() => {
                return Err(fault("its lifetime must be positive"));
            }
            Some(lifetime) => Some(
                now.checked_add(lifetime)
                    .map_err(|_| fault("it would last too long"))?,
            ),
            None => None,
        };
        let secret = Secret::random(SECRET_BITS);
        let robot = Robot {
            secret: SecretHash::of(&secret),
            name: new.name,
            description: new.description,
            grants: new.grants,
            created: now,
            expires,
            disabled: false,
            last_used: None,
        };
        if self.accounts.insert_robot(robot.clone()).await? {
            self.changed(&robot.name);
            Ok((robot, secret))
        } else {
            Err(robot_error(&robot.name, "there is one already"))
        }
    }

    /// Changes one.
    pub async fn change(&self, name: &str, change: RobotChange) -> Result<Robot, AccessError> {
        let mut robot = self.get(name).await?;
        if let Some(grants) = change.grants {
            check_grants(name, &grants)?;
            robot.grants = grants;
        }
        robot.description = change.description.unwrap_or(robot.description);
        robot.expires = change.expires.unwrap_or(robot.expires);
        robot.disabled = change.disabled.unwrap_or(robot.disabled);
        self.update(robot).await
    }

    /// Gives one a new secret; the old one, and all tokens that came from it, are worth nothing from
    /// then on.
    pub async fn renew_secret(&self, name: &str) -> Result<(Robot, Secret), AccessError> {
        let mut robot = self.get(name).await?;
        let secret = Secret::random(SECRET_BITS);
        robot.secret = SecretHash::of(&secret);
        Ok((self.update(robot).await?, secret))
    }

    /// Removes one.
    pub async fn remove(&self, name: &str) -> Result<(), AccessError> {
        if self.accounts.remove_robot(name).await? {
            self.changed(name);
            Ok(())
        } else {
            Err(robot_error(name, "there is none"))
        }
    }

    async fn get(&self, name: &str) -> Result<Robot, AccessError> {
        let robot = self.accounts.robot(name).await?;
        robot.ok_or_else(|| robot_error(name, "there is none"))
    }

    async fn update(&self, robot: Robot) -> Result<Robot, AccessError> {
        if self.accounts.update_robot(robot.clone()).await? {
            self.changed(&robot.name);
            Ok(robot)
        } else {
            Err(robot_error(&robot.name, "there is none"))
        }
    }
}

fn robot_error(name: &str, reason: impl ToString) -> AccessError {
    AccessError::Robot {
        name: name.to_owned(),
        reason: reason.to_string(),
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = name.len() <= MAX_NAME_LEN
        && name.starts_with(|first: char| first.is_ascii() && letter(first as u8))
        && name
            .bytes()
            .all(|byte| letter(byte) || matches!(byte, b'.' | b'_' | b'-' | b'+'));
    if fits {
        Ok(())
    } else {
        Err("a name has small letters, digits, and - _ . + after the first")
    }
}

fn check_grants(name: &str, grants: &[RobotGrant]) -> Result<(), AccessError> {
    if grants.len() > MAX_GRANTS {
        return Err(robot_error(name, "too many grants"));
    }
    let empty = |grant: &RobotGrant| grant.repositories.is_empty() || grant.allow.is_empty();
    if grants.iter().any(empty) {
        return Err(robot_error(name, "a grant has repositories and actions"));
    }
    compile(grants).map_err(|reason| robot_error(name, reason))?;
    Ok(())
}

/// A robot's grants, to be asked.
pub(crate) fn compile(grants: &[RobotGrant]) -> Result<Grants, String> {
    Grants::new(
        grants
            .iter()
            .map(|grant| (grant.repositories.as_slice(), grant.allow)),
    )
}
