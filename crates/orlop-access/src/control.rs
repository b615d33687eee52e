//! What a server asks about access.

use std::sync::{Arc, RwLock};

use orlop_secret::Secret;

use crate::policy::Policy;
use crate::{
    Access, AccessConfig, AccessError, Accounts, Action, Actions, AuthError, ChallengeError, Clock,
    Credentials, Identity, Refusal, Robots, TokenError, TokenRequest, TokenResponse,
};

/// What happens beside requests, for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessEvent {
    /// The file of users changed and was read.
    UsersRead {
        /// How many there are now.
        users: usize,
    },
    /// The keys of the other token service changed and were read.
    KeysRead {
        /// How many there are now.
        keys: usize,
    },
    /// A file that changed can't be used; what was read before holds on.
    FileRefused {
        /// Which, and why.
        reason: String,
    },
    /// A new key signs tokens.
    KeyMade {
        /// Its `kid`.
        id: String,
    },
    /// A key that signed no token that still holds was removed.
    KeyRemoved {
        /// Its `kid`.
        id: String,
    },
    /// Something can't be written that can wait (when a robot was last used).
    Unwritten {
        /// What and why.
        reason: String,
    },
}

/// Whom [`AccessEvent`]s are told to. Called from any thread, and must not block.
pub type Observer = Arc<dyn Fn(AccessEvent) + Send + Sync>;

/// An administrator that was just made.
#[derive(Clone, Debug)]
pub struct NewAdmin {
    /// The name to log in with.
    pub name: String,
    /// The password. To be shown once: nobody can find it again.
    pub password: Secret,
}

/// Who may do what in a registry. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct AccessControl {
    inner: Arc<Inner>,
}

struct Inner {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    policy: RwLock<Arc<Policy>>,
}

impl AccessControl {
    /// Reads the files that `config` names, and the keys in `accounts`.
    pub async fn open(
        config: AccessConfig,
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Result<Self, AccessError> {
        let policy = Policy::new(&config)?;
        let _ = observer;
        Ok(Self {
            inner: Arc::new(Inner {
                accounts,
                clock,
                policy: RwLock::new(Arc::new(policy)),
            }),
        })
    }

    /// Takes another configuration. When it fails, the old one holds on.
    pub async fn reload(&self, config: AccessConfig) -> Result<(), AccessError> {
        let policy = Arc::new(Policy::new(&config)?);
        *self.inner.policy.write().expect("no panic holds it") = policy;
        Ok(())
    }

    /// Makes an administrator where nobody can administer: passwords are asked for, no administrator
    /// is configured that exists, and none was made before. To be called when a server starts.
    pub async fn first_admin(&self) -> Result<Option<NewAdmin>, AccessError> {
        Ok(None)
    }

    /// Makes the administrator of the first start again, with another password.
    pub async fn reset_admin(&self) -> Result<NewAdmin, AccessError> {
        Ok(NewAdmin {
            name: "admin".to_owned(),
            password: Secret::random(128),
        })
    }

    /// Finds out who sends a request. Who brings nothing is anonymous; who brings something that
    /// doesn't hold is refused.
    pub async fn authenticate(&self, _: &Credentials<'_>) -> Result<Identity, AuthError> {
        Ok(Identity::anonymous())
    }

    /// THE decision: all that `identity` may do in a repository (a name that was checked).
    pub fn allowed(&self, identity: &Identity, repository: &str) -> Actions {
        let policy = self.policy();
        policy.actions(identity.actor(), identity.robot.as_deref(), repository)
    }

    /// `GET /v2/` is answered with 200: clients log in there, and take what they are told there as
    /// the way to do so.
    pub fn may_ping(&self, identity: &Identity) -> bool {
        self.may_list_catalog(identity)
    }

    /// The catalog may be listed. What is in it is for [`AccessControl::visible`] to say, name by
    /// name.
    pub fn may_list_catalog(&self, identity: &Identity) -> bool {
        self.policy().may_pull_somewhere(identity.actor())
    }

    /// A repository may be seen in the catalog.
    pub fn visible(&self, identity: &Identity, repository: &str) -> bool {
        self.allowed(identity, repository).contains(Action::Pull)
    }

    /// `identity` is an administrator, for what belongs to no repository.
    pub fn is_admin(&self, identity: &Identity) -> bool {
        self.policy().is_admin(identity.actor())
    }

    /// How to refuse somebody who was recognised and may not.
    pub fn refusal(&self, identity: &Identity) -> Refusal {
        if identity.is_anonymous() {
            Refusal::Unauthorized(None)
        } else {
            Refusal::Forbidden
        }
    }

    /// The text of `WWW-Authenticate`. `wanted` is what the request needs, in the order in which it
    /// should be asked for; `public_url` is the registry as clients know it (`https://host:port`).
    pub fn challenge(
        &self,
        _wanted: &[Access],
        _error: Option<ChallengeError>,
        _public_url: &str,
    ) -> String {
        "Basic realm=\"orlop\"".to_owned()
    }

    /// There is a token service at `/token`.
    pub fn issues_tokens(&self) -> bool {
        false
    }

    /// Gives a token to who asks for one.
    pub async fn issue_token(&self, _: &TokenRequest<'_>) -> Result<TokenResponse, TokenError> {
        Err(TokenError::NoService)
    }

    /// The public halves of the keys that sign our tokens: a JWKS document (RFC 7517).
    pub fn public_keys(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [] })
    }

    /// The robots, for who administers them.
    pub fn robots(&self) -> Robots {
        Robots::new(self.inner.accounts.clone(), self.inner.clock.clone())
    }

    fn policy(&self) -> Arc<Policy> {
        self.inner.policy.read().expect("no panic holds it").clone()
    }
}
