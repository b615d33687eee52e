//! Who we are to a registry, and where that is kept.

mod docker_config;
mod helper;
mod podman;

use std::fmt;
use std::path::PathBuf;

use orlop_oci::Repository;

pub use docker_config::DockerConfigFile;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use docker_config::{read_entry, write_entry};
pub use podman::PodmanAuthFile;

use crate::{Secret, quirks};

/// What proves who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A user and a password (or an access token in place of one).
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token that is exchanged for access tokens (`identitytoken`: ACR, and whoever answers a
    /// login with a refresh token).
    Identity {
        /// The user that it belongs to; may be empty.
        user: String,
        /// The token.
        token: Secret,
    },
    /// A token that is shown to the registry as it is (`registrytoken`).
    Bearer {
        /// The token.
        token: Secret,
    },
}

impl Credential {
    /// A user and a password. A user that means "this password is an identity token" makes one.
    pub fn password(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        let (user, password) = (user.into(), password.into());
        if quirks::is_identity_token_user(&user) {
            return Self::Identity {
                user,
                token: password,
            };
        }
        Self::Password { user, password }
    }

    /// The user, when there is one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Password { user, .. } | Self::Identity { user, .. } => {
                Some(user.as_str()).filter(|user| !user.is_empty())
            }
            Self::Bearer { .. } => None,
        }
    }
}

/// Where a credential came from or went to, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// In the clear (base64) in this file.
    File(PathBuf),
    /// In a credential helper (`docker-credential-NAME`).
    Helper(String),
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Helper(name) => write!(f, "docker-credential-{name}"),
        }
    }
}

/// Why credentials couldn't be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The file can't be read or written.
    #[error("cannot {action} credentials in {path}: {source}")]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path} is not a file of credentials: {reason}")]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A credential helper failed.
    #[error("credential helper docker-credential-{name}: {reason}")]
    Helper {
        /// Its name.
        name: String,
        /// What it said, or how it failed.
        reason: String,
    },
    /// This source can't keep credentials.
    #[error("{0} can only be read")]
    ReadOnly(String),
}

/// A source of credentials. Calls may block (they run programs and read files): the client makes
/// them on a thread of their own, once for each registry.
///
/// `registry` is the host as references spell it: `docker.io`, `ghcr.io`, `localhost:5000`.
pub trait Credentials: Send + Sync {
    /// The credential for a registry.
    ///
    /// # Errors
    /// When a source can't be read. That there is none is not an error.
    fn get(&self, registry: &str) -> Result<Option<Credential>, CredentialError>;

    /// The credential for a repository, where one registry may have several.
    ///
    /// # Errors
    /// As [`Credentials::get`].
    fn get_for(&self, repository: &Repository) -> Result<Option<Credential>, CredentialError> {
        self.get(repository.registry())
    }

    /// Keeps a credential, in place of the one before, and says where.
    ///
    /// # Errors
    /// When it can't be kept.
    fn store(&self, registry: &str, credential: &Credential) -> Result<Keeper, CredentialError>;

    /// Forgets the credential of a registry. Says whether there was one.
    ///
    /// # Errors
    /// When it can't be removed.
    fn erase(&self, registry: &str) -> Result<bool, CredentialError>;
}

/// No credentials at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn get(&self, _registry: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }

    fn store(&self, _registry: &str, _credential: &Credential) -> Result<Keeper, CredentialError> {
        Err(CredentialError::ReadOnly(
            "the empty set of credentials".into(),
        ))
    }

    fn erase(&self, _registry: &str) -> Result<bool, CredentialError> {
        Ok(false)
    }
}

/// Several sources: the first that knows a registry answers, and the first keeps.
pub struct CredentialChain(Vec<Box<dyn Credentials>>);

impl CredentialChain {
    /// Asks `sources` in order.
    pub fn new(sources: Vec<Box<dyn Credentials>>) -> Self {
        Self(sources)
    }
}

impl Credentials for CredentialChain {
    fn get(&self, registry: &str) -> Result<Option<Credential>, CredentialError> {
        first(&self.0, |source| source.get(registry))
    }

    fn get_for(&self, repository: &Repository) -> Result<Option<Credential>, CredentialError> {
        first(&self.0, |source| source.get_for(repository))
    }

    fn store(&self, registry: &str, credential: &Credential) -> Result<Keeper, CredentialError> {
        match self.0.first() {
            Some(source) => source.store(registry, credential),
            None => Anonymous.store(registry, credential),
        }
    }

    fn erase(&self, registry: &str) -> Result<bool, CredentialError> {
        match self.0.first() {
            Some(source) => source.erase(registry),
            None => Ok(false),
        }
    }
}

fn first(
    sources: &[Box<dyn Credentials>],
    ask: impl Fn(&dyn Credentials) -> Result<Option<Credential>, CredentialError>,
) -> Result<Option<Credential>, CredentialError> {
    for source in sources {
        if let Some(credential) = ask(source.as_ref())? {
            return Ok(Some(credential));
        }
    }
    Ok(None)
}
