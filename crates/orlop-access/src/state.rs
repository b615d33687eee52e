//! A configuration, checked, with the files that it names.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::certificate::check_rules;
use crate::policy::Policy;
use crate::public_key::PublicKeys;
use crate::token::TokenVerifier;
use crate::users::{Users, users_error};
use crate::verified::Verified;
use crate::{AccessConfig, AccessError, AccessEvent, AnonymousAccess, ExternalConfig};

/// Largest file of keys, in bytes.
const MAX_KEYS_LEN: u64 = 1 << 20;

/// A configuration, checked, with the files that it names.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) config: Arc<AccessConfig>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) users: Arc<Users>,
    pub(crate) external: Option<Arc<TokenVerifier>>,
    /// Passwords are asked for, and nobody who is configured could administer: the administrator of
    /// the first start counts.
    pub(crate) wants_admin: bool,
    pub(crate) verified: Arc<Verified>,
    users_stamp: Option<Stamp>,
    keys_stamp: Option<Stamp>,
}

impl State {
    /// Checks a configuration and reads its files. Blocks.
    pub(crate) fn load(config: AccessConfig) -> Result<Self, AccessError> {
        check(&config)?;
        let mut state = Self {
            policy: Arc::new(Policy::new(&config)?),
            users: Arc::default(),
            external: None,
            wants_admin: false,
            verified: Arc::default(),
            users_stamp: config.htpasswd.as_deref().and_then(Stamp::of),
            keys_stamp: config.external.as_ref().and_then(|e| Stamp::of(&e.keys)),
            config: Arc::new(config),
        };
        if let Some(path) = &state.config.htpasswd {
            state.users = Arc::new(read_users(path)?);
        }
        if let Some(external) = &state.config.external {
            state.external = Some(Arc::new(read_keys(external)?));
        }
        state.settle();
        Ok(state)
    }

    /// Reads again what has changed, and tells so. `None` when nothing has. What can't be used is
    /// told once, and what was read before holds on. Blocks.
    pub(crate) fn refreshed(&self, tell: impl Fn(AccessEvent)) -> Option<Self> {
        let mut state = Self {
            verified: Arc::default(),
            ..self.clone()
        };
        let refused = |error: AccessError| AccessEvent::FileRefused {
            reason: error.to_string(),
        };
        let mut changed = false;
        if let Some(path) = &self.config.htpasswd {
            let stamp = Stamp::of(path);
            if stamp != self.users_stamp {
                state.users_stamp = stamp;
                changed = true;
                match read_users(path) {
                    Ok(users) => {
                        tell(AccessEvent::UsersRead { users: users.len() });
                        state.users = Arc::new(users);
                    }
                    Err(error) => tell(refused(error)),
                }
            }
        }
        if let Some(external) = &self.config.external {
            let stamp = Stamp::of(&external.keys);
            if stamp != self.keys_stamp {
                state.keys_stamp = stamp;
                changed = true;
                match read_keys(external) {
                    Ok(verifier) => {
                        let keys = verifier.keys.len();
                        tell(AccessEvent::KeysRead { keys });
                        state.external = Some(Arc::new(verifier));
                    }
                    Err(error) => tell(refused(error)),
                }
            }
        }
        state.settle();
        changed.then_some(state)
    }

    fn settle(&mut self) {
        let users = &self.users;
        let known = |name: &str| users.get(name).is_some();
        self.wants_admin = self.config.anonymous != AnonymousAccess::Push
            && self.config.external.is_none()
            && !self.policy.has_admin(known);
    }

    /// Our own token service runs.
    pub(crate) fn issues_tokens(&self) -> bool {
        self.config.tokens.enabled && self.external.is_none()
    }
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    len: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: (data.dev(), data.ino()),
            len: data.len(),
            changed: (data.ctime(), data.ctime_nsec()),
            modified: (data.mtime(), data.mtime_nsec()),
        })
    }
}

fn file_error(path: &Path, source: std::io::Error) -> AccessError {
    AccessError::File {
        path: path.to_owned(),
        source,
    }
}

fn read_users(path: &Path) -> Result<Users, AccessError> {
    let bytes = std::fs::read(path).map_err(|error| file_error(path, error))?;
    Users::parse(&bytes).map_err(|fault| users_error(path, fault))
}

fn read_keys(config: &ExternalConfig) -> Result<TokenVerifier, AccessError> {
    use std::io::Read;
    let path: &PathBuf = &config.keys;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_KEYS_LEN + 1).read_to_end(&mut bytes));
    read.map_err(|error| file_error(path, error))?;
    let refused = |reason: String| AccessError::Keys {
        path: path.clone(),
        reason,
    };
    if bytes.len() as u64 > MAX_KEYS_LEN {
        return Err(refused("the file is too large".to_owned()));
    }
    Ok(TokenVerifier {
        keys: PublicKeys::parse(&bytes).map_err(refused)?,
        issuer: config.issuer.clone(),
        audience: config.service.clone(),
        kind: None,
        leeway: config.leeway,
    })
}

/// Everything about a configuration that needs no file.
fn check(config: &AccessConfig) -> Result<(), AccessError> {
    check_rules(&config.certificates)?;
    check_quoted("realm", &config.realm)?;
    let minute = SignedDuration::from_mins(1);
    let hour = SignedDuration::from_hours(1);
    let year = SignedDuration::from_hours(366 * 24);
    let zero = SignedDuration::ZERO;
    check_duration("password_cache", config.password_cache, zero, hour)?;
    let throttle = &config.throttle;
    check_duration("throttle.longest", throttle.longest, zero, year)?;
    check_duration("throttle.forget_after", throttle.forget_after, zero, year)?;
    let tokens = &config.tokens;
    check_quoted("tokens.service", &tokens.service)?;
    check_quoted("tokens.issuer", &tokens.issuer)?;
    if let Some(realm) = &tokens.realm {
        check_url("tokens.realm", realm)?;
    }
    // The protocol wants no token of less than a minute.
    check_duration("tokens.lifetime", tokens.lifetime, minute, hour)?;
    let refresh = tokens.refresh_lifetime;
    check_duration("tokens.refresh_lifetime", refresh, minute, year)?;
    check_duration("tokens.rotate_after", tokens.rotate_after, hour, year * 10)?;
    check_duration("tokens.leeway", tokens.leeway, zero, minute * 10)?;
    if let Some(external) = &config.external {
        check_url("external.realm", &external.realm)?;
        check_quoted("external.service", &external.service)?;
        check_quoted("external.issuer", &external.issuer)?;
        check_duration("external.leeway", external.leeway, zero, minute * 10)?;
    }
    Ok(())
}

fn check_duration(
    key: &str,
    value: SignedDuration,
    least: SignedDuration,
    most: SignedDuration,
) -> Result<(), AccessError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(AccessError::setting(
            key,
            format!("{value:#} isn't between {least:#} and {most:#}"),
        ))
    }
}

/// A text that stands between quotes in a header.
fn check_quoted(key: &str, text: &str) -> Result<(), AccessError> {
    let fits = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    if !text.is_empty() && text.chars().all(fits) {
        Ok(())
    } else {
        Err(AccessError::setting(
            key,
            "a text of ASCII letters without quotes is needed",
        ))
    }
}

fn check_url(key: &str, text: &str) -> Result<(), AccessError> {
    check_quoted(key, text)?;
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(())
    } else {
        Err(AccessError::setting(key, "an URL is needed (https://…)"))
    }
}
