//! The file of users.
//!
//! As Apache's `htpasswd -B` writes it. Only bcrypt: the other schemes of that file (MD5, SHA-1,
//! crypt, plain text) are guessed at the speed of memory, so a line that has one is refused by its
//! number instead of being skipped and missed later.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use orlop_secret::Secret;

use crate::authorization::check_user;
use crate::staged::Staged;
use crate::{AccessError, ROBOT_PREFIX};

/// Largest file, in bytes.
const MAX_FILE_LEN: usize = 16 << 20;
/// What `htpasswd` allows; one step more and a login takes half a minute.
const COSTS: std::ops::RangeInclusive<u32> = 4..=17;
/// What new passwords get.
pub(crate) const COST: u32 = 10;
/// What bcrypt looks at.
const MAX_PASSWORD_LEN: usize = 72;

/// The users of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    hashes: HashMap<String, Hash>,
    /// The cost of each user's hash.
    costs: Vec<u32>,
}

/// A bcrypt hash that was checked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hash {
    text: String,
    cost: u32,
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bcrypt({})", self.cost)
    }
}

impl Hash {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn of(password: &Secret) -> Result<Self, String> {
        let password = password.expose();
        if password.is_empty() || password.contains('\0') {
            return Err("a password isn't empty, and has no NUL in it".to_owned());
        }
        if password.len() > MAX_PASSWORD_LEN {
            return Err(format!(
                "bcrypt looks at {MAX_PASSWORD_LEN} bytes of a password, and this one is longer"
            ));
        }
        let hash = bcrypt::hash_with_result(password, COST).map_err(|error| error.to_string())?;
        Ok(Self {
            text: hash.format_for_version(bcrypt::Version::TwoY),
            cost: COST,
        })
    }

    /// A hash of this cost that no password has (nobody knows one that does).
    pub(crate) fn of_nobody(cost: u32) -> Self {
        Self {
            text: format!("$2y${cost:02}$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK"),
            cost,
        }
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let other = |scheme: &str| {
            Err(format!(
                "the password is hashed with {scheme}, and only bcrypt is accepted: \
                 write it with htpasswd -B"
            ))
        };
        match text {
            _ if ["$2y$", "$2a$", "$2b$"].iter().any(|p| text.starts_with(p)) => {}
            _ if text.starts_with("$2x$") || text.starts_with("$2$") => {
                return other("a broken version of bcrypt");
            }
            _ if text.starts_with("$apr1$") || text.starts_with("$1$") => return other("MD5"),
            _ if text.starts_with("{SHA}") => return other("SHA-1"),
            _ if text.starts_with("$5$") || text.starts_with("$6$") => {
                return other("crypt's SHA-2");
            }
            _ if text.starts_with("$argon2") => return other("Argon2"),
            _ => return other("crypt, or not at all"),
        }
        let parts = bcrypt::HashParts::from_str(text);
        let parts = parts.ok().filter(|_| text.len() == 60);
        let cost = parts.ok_or("not a whole bcrypt hash")?.get_cost();
        if !COSTS.contains(&cost) {
            let (least, most) = (COSTS.start(), COSTS.end());
            return Err(format!(
                "the cost of the hash is {cost}, and {least} to {most} are accepted"
            ));
        }
        let text = text.to_owned();
        Ok(Self { text, cost })
    }
}

impl Users {
    /// Reads the text of a file. Fails with the number of the line and the reason; a reason never
    /// has a hash in it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, (usize, String)> {
        if bytes.len() > MAX_FILE_LEN {
            return Err((1, format!("the file is larger than {MAX_FILE_LEN} bytes")));
        }
        let mut users = Self::default();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let fault = |reason: &str| (index + 1, reason.to_owned());
            let line = std::str::from_utf8(line).map_err(|_| fault("not UTF-8"))?;
            let Some((name, hash)) = entry(line).map_err(|reason| fault(&reason))? else {
                continue;
            };
            users.costs.push(hash.cost);
            if users.hashes.insert(name.to_owned(), hash).is_some() {
                return Err(fault(&format!("{name:?} is there already")));
            }
        }
        Ok(users)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Hash> {
        self.hashes.get(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The cost that `name` would have, who isn't there: that of one who is, always the same one for
    /// the same name (`pick` is some number that depends on it). Else a stopwatch would tell who is.
    pub(crate) fn cost_of_unknown(&self, pick: u64) -> u32 {
        match self.costs.len() as u64 {
            0 => COST,
            users => self.costs[usize::try_from(pick % users).unwrap_or(0)],
        }
    }
}

/// The name and the hash in a line, if it has any.
fn entry(line: &str) -> Result<Option<(&str, Hash)>, String> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, hash) = line.split_once(':').ok_or("no colon")?;
    check_user(name)?;
    if name.starts_with(ROBOT_PREFIX) {
        return Err(format!("{ROBOT_PREFIX:?} begins the names of robots"));
    }
    Ok(Some((name, hash.parse()?)))
}

/// The file of users, for who administers it. Other lines, and comments, are kept as they are.
#[derive(Clone, Debug)]
pub struct UserFile(PathBuf);

impl UserFile {
    /// The file at this path; it needn't be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The names of the users, in the file's order.
    pub fn names(&self) -> Result<Vec<String>, AccessError> {
        let text = self.read()?;
        let names = text.lines().filter_map(name_in).map(str::to_owned);
        Ok(names.collect())
    }

    /// Adds a user, or gives one another password. `true` when the user is new.
    pub fn set(&self, name: &str, password: &Secret) -> Result<bool, AccessError> {
        let fault = |reason: String| AccessError::User {
            name: name.to_owned(),
            reason,
        };
        let hash = Hash::of(password).map_err(fault)?;
        let line = format!("{name}:{}", hash.as_str());
        if entry(&line).map_err(fault)?.is_none() {
            return Err(fault("a name doesn't begin with #".to_owned()));
        }
        let mut new = true;
        self.change(|text| {
            let mut lines = Vec::new();
            for old in text.lines() {
                if name_in(old) == Some(name) {
                    new = false;
                    lines.push(line.as_str());
                } else {
                    lines.push(old);
                }
            }
            if new {
                lines.push(&line);
            }
            Some(lines.join("\n") + "\n")
        })?;
        Ok(new)
    }

    /// Removes a user. `false` when there is none.
    pub fn remove(&self, name: &str) -> Result<bool, AccessError> {
        self.change(|text| {
            let kept: Vec<_> = text.lines().filter(|l| name_in(l) != Some(name)).collect();
            let found = kept.len() < text.lines().count();
            found.then(|| kept.join("\n") + "\n")
        })
    }

    /// Has `edit` make the next text out of the present one, while nobody else changes the file.
    /// `false` when there is none and all stays.
    fn change(&self, edit: impl FnOnce(&str) -> Option<String>) -> Result<bool, AccessError> {
        let staged = Staged::begin(&self.0).map_err(|error| self.error(error))?;
        let Some(text) = edit(&self.read()?) else {
            return Ok(false);
        };
        staged.publish(&text).map_err(|error| self.error(error))?;
        Ok(true)
    }

    fn read(&self) -> Result<String, AccessError> {
        let bytes = match std::fs::read(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
            bytes => bytes.map_err(|error| self.error(error))?,
        };
        Users::parse(&bytes).map_err(|fault| users_error(&self.0, fault))?;
        Ok(String::from_utf8(bytes).expect("it was just read as UTF-8"))
    }

    fn error(&self, source: std::io::Error) -> AccessError {
        AccessError::File {
            path: self.0.clone(),
            source,
        }
    }
}

fn name_in(line: &str) -> Option<&str> {
    let line = Some(line).filter(|line| !line.starts_with('#'))?;
    line.split_once(':').map(|(name, _)| name)
}

pub(crate) fn users_error(path: &Path, (line, reason): (usize, String)) -> AccessError {
    AccessError::Users {
        path: path.to_owned(),
        line,
        reason,
    }
}
