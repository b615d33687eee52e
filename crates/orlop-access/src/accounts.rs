//! Where accounts are kept.
//!
//! A trait of a few plain verbs, so that this crate knows no database: the store of the registry
//! implements it, and [`MemoryAccounts`](crate::MemoryAccounts) serves tests and registries that
//! keep nothing. Records are plain serde data; no record holds a secret that lets anybody in, except
//! a [`SigningKey`].

use std::error::Error;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use orlop_secret::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::Actions;

/// The accounts can't be read or written now.
#[derive(Debug, thiserror::Error)]
#[error("accounts: {0}")]
pub struct AccountsError(#[from] pub Box<dyn Error + Send + Sync>);

/// What a verb of [`Accounts`] gives.
pub type AccountsFuture<'a, T> = BoxFuture<'a, Result<T, AccountsError>>;

/// Where accounts are kept. Each verb is durable when it returns, and atomic: several processes may
/// use the same accounts.
pub trait Accounts: Send + Sync {
    /// All robots, by name.
    fn robots(&self) -> AccountsFuture<'_, Vec<Robot>>;
    /// One robot.
    fn robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<Robot>>;
    /// Adds a robot. `false`, and no change, when there is one of its name.
    fn insert_robot(&self, robot: Robot) -> AccountsFuture<'_, bool>;
    /// Replaces a robot, all but `last_used`. `false` when there is none of its name.
    fn update_robot(&self, robot: Robot) -> AccountsFuture<'_, bool>;
    /// Notes that a robot was let in. May be written later, or lost; no robot of that name is no
    /// error.
    fn robot_used<'a>(&'a self, name: &'a str, at: Timestamp) -> AccountsFuture<'a, ()>;
    /// Removes a robot. `false` when there is none.
    fn remove_robot<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, bool>;

    /// All keys that sign or have signed tokens.
    fn signing_keys(&self) -> AccountsFuture<'_, Vec<SigningKey>>;
    /// Adds a key.
    fn insert_signing_key(&self, key: SigningKey) -> AccountsFuture<'_, ()>;
    /// Removes a key; that it is gone already is no error.
    fn remove_signing_key<'a>(&'a self, id: &'a str) -> AccountsFuture<'a, ()>;

    /// A small named value.
    fn setting<'a>(&'a self, name: &'a str) -> AccountsFuture<'a, Option<String>>;
    /// Sets a value.
    fn set_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, ()>;
    /// Sets a value that has none. `false`, and no change, when it has one.
    fn insert_setting<'a>(&'a self, name: &'a str, value: &'a str) -> AccountsFuture<'a, bool>;
}

/// An account for a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robot {
    /// Its name, without `robot$`.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// What it may do, beside what the rules give to its name.
    pub grants: Vec<RobotGrant>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// It is refused until this is taken back.
    #[serde(default)]
    pub disabled: bool,
    /// When it was last let in, to the minute.
    #[serde(default)]
    pub last_used: Option<Timestamp>,
}

/// What a robot may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotGrant {
    /// Globs over names of repositories.
    pub repositories: Vec<String>,
    /// What it may do there.
    pub allow: Actions,
}

/// SHA-256 of a random secret. No salt and no slow hash: nobody guesses 256 random bits.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &Secret) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, secret.expose().as_bytes());
        let bytes = digest.as_ref().try_into();
        Self(bytes.expect("SHA-256 has 32 bytes"))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> Self {
        URL_SAFE_NO_PAD.encode(hash.0)
    }
}

impl TryFrom<String> for SecretHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("not a hash of a secret")
    }
}

/// A key that signs tokens (ES256). The one thing in the accounts that must not be read by others:
/// who has it makes any token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Its name in tokens (`kid`): the RFC 7638 thumbprint of the public key.
    pub id: String,
    /// PKCS#8, in base64 (URL alphabet, no padding).
    #[serde(serialize_with = "orlop_secret::exposed")]
    pub private_key: Secret,
    /// When it was made. The newest signs.
    pub created: Timestamp,
}
