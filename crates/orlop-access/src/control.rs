//! What a server asks about access.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::Duration;

use orlop_secret::Secret;

use crate::keyring::Keyring;
use crate::login::FIRST_ADMIN;
use crate::passwords::Passwords;
use crate::robot_cache::{BELIEVED, RobotCache};
use crate::state::State;
use crate::users::Hash;
use crate::{
    Access, AccessConfig, AccessError, Accounts, AccountsError, Action, Actions, AnonymousAccess,
    AuthError, ChallengeError, Clock, Credentials, Identity, Proof, Refusal, Resource, Robots,
    TokenError, TokenRequest, TokenResponse,
};

/// The setting that holds the hash of the first administrator's password.
const ADMIN_SETTING: &str = "access.admin-password";
/// How often, at most, it is looked whether files have changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Bits of the first administrator's password.
const ADMIN_BITS: usize = 128;

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

/// A configuration of access whose files were read, to be [applied](AccessControl::apply): for who
/// changes several things and wants to know before the first that none will fail.
pub struct Prepared(State);

impl Prepared {
    /// Reads the files that `config` names.
    pub async fn load(config: AccessConfig) -> Result<Self, AccessError> {
        load(config).await.map(Self)
    }
}

/// Who may do what in a registry. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct AccessControl {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    accounts: Arc<dyn Accounts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    state: RwLock<Arc<State>>,
    /// When to look at files next, in milliseconds of the clock that doesn't jump.
    look_at: AtomicU64,
    pub(crate) passwords: Passwords,
    pub(crate) keyring: Keyring,
    pub(crate) robots: Arc<RobotCache>,
    /// The hash of the first administrator's password, and since when it is believed.
    admin: Mutex<Option<(Duration, Option<Hash>)>>,
}

impl AccessControl {
    /// Reads the files that `config` names, and the keys in `accounts`.
    pub async fn open(
        config: AccessConfig,
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Result<Self, AccessError> {
        let state = load(config).await?;
        let keyring = Keyring::new(accounts.clone(), clock.clone(), observer.clone());
        keyring.ask().await?;
        // Where anybody may push, hardly anybody asks for a token; who does finds the key made then.
        let asked_for = state.config.anonymous != AnonymousAccess::Push;
        if state.issues_tokens() && (asked_for || !keyring.keys().is_empty()) {
            keyring.tend(&state.config.tokens).await?;
        }
        Ok(Self {
            inner: Arc::new(Inner {
                passwords: Passwords::new(clock.clone()),
                robots: Arc::new(RobotCache::new(accounts.clone(), clock.clone())),
                look_at: AtomicU64::new(millis(clock.elapsed() + LOOK_AGAIN)),
                state: RwLock::new(Arc::new(state)),
                admin: Mutex::default(),
                keyring,
                observer,
                clock,
                accounts,
            }),
        })
    }

    /// Checks a configuration and the files that it names, without use of it. Blocks.
    pub fn check(config: AccessConfig) -> Result<(), AccessError> {
        State::load(config).map(drop)
    }

    /// Takes another configuration. When it fails, the old one holds on.
    pub async fn reload(&self, config: AccessConfig) -> Result<(), AccessError> {
        self.apply(Prepared::load(config).await?);
        Ok(())
    }

    /// Takes another configuration that was loaded before.
    pub fn apply(&self, prepared: Prepared) {
        self.inner.replace(prepared.0);
    }

    /// Makes an administrator where nobody can administer: passwords are asked for, no administrator
    /// is configured that exists, and none was made before. To be called when a server starts.
    /// The administrator counts for as long as there is no other.
    pub async fn first_admin(&self) -> Result<Option<NewAdmin>, AccessError> {
        let state = self.inner.state();
        if !state.wants_admin || self.inner.accounts.setting(ADMIN_SETTING).await?.is_some() {
            return Ok(None);
        }
        let (admin, hash) = new_admin(&state).await?;
        // Another process may have been quicker: its password counts, and was shown.
        let made = self
            .inner
            .accounts
            .insert_setting(ADMIN_SETTING, hash.as_str())
            .await?;
        *lock(&self.inner.admin) = None;
        Ok(made.then_some(admin))
    }

    /// Gives the administrator of the first start another password, or makes it.
    pub async fn reset_admin(&self) -> Result<NewAdmin, AccessError> {
        let state = self.inner.state();
        if !state.wants_admin {
            return Err(admin_error(
                "there is an administrator in the configuration, or no password is asked for",
            ));
        }
        let (admin, hash) = new_admin(&state).await?;
        let accounts = &self.inner.accounts;
        accounts.set_setting(ADMIN_SETTING, hash.as_str()).await?;
        *lock(&self.inner.admin) = None;
        Ok(admin)
    }

    /// Finds out who sends a request. Who brings nothing is anonymous; who brings something that
    /// doesn't hold is refused.
    pub async fn authenticate(&self, credentials: &Credentials<'_>) -> Result<Identity, AuthError> {
        self.inner.look().await;
        let state = self.inner.state();
        self.inner.authenticate(&state, credentials).await
    }

    /// THE decision: all that `identity` may do in a repository (a name that was checked).
    pub fn allowed(&self, identity: &Identity, repository: &str) -> Actions {
        let state = self.inner.state();
        let Some(token) = &identity.token else {
            return by_rules(&state, identity, repository);
        };
        let cut = token
            .iter()
            .filter(
                |access| matches!(&access.resource, Resource::Repository(name) if name == repository),
            )
            .fold(Actions::NONE, |all, access| all.or(access.actions));
        if cut.is_empty() || trusted(&state, identity) {
            cut
        } else {
            cut.and(by_rules(&state, identity, repository))
        }
    }

    /// What anybody may do in every repository.
    pub fn anonymous(&self) -> AnonymousAccess {
        self.inner.state().config.anonymous
    }

    /// `GET /v2/` is answered with 200, else with 401 and a challenge for nothing in particular.
    /// Docker's clients learn there, and only there, whether and how to log in: where there are
    /// tokens, everybody is sent for one, be it for nobody.
    pub fn may_ping(&self, identity: &Identity) -> bool {
        let state = self.inner.state();
        if identity.proof() != Proof::None || state.config.anonymous == AnonymousAccess::Push {
            return true;
        }
        !state.issues_tokens() && state.external.is_none() && self.may_list_catalog(identity)
    }

    /// The catalog may be listed. What is in it is for [`AccessControl::visible`] to say, name by
    /// name.
    pub fn may_list_catalog(&self, identity: &Identity) -> bool {
        let state = self.inner.state();
        holds_catalog(identity)
            && (trusted(&state, identity) || may_pull_somewhere(&state, identity))
    }

    /// A repository may be seen in the catalog.
    pub fn visible(&self, identity: &Identity, repository: &str) -> bool {
        let state = self.inner.state();
        let pulls = || by_rules(&state, identity, repository).contains(Action::Pull);
        holds_catalog(identity) && (trusted(&state, identity) || pulls())
    }

    /// `identity` is an administrator, for what belongs to no repository. Never by a token: a token
    /// is for repositories.
    pub fn is_admin(&self, identity: &Identity) -> bool {
        let state = self.inner.state();
        identity.token.is_none() && is_admin(&state, identity)
    }

    /// How to refuse somebody who was recognised and may not.
    pub fn refusal(&self, identity: &Identity) -> Refusal {
        match identity.proof() {
            Proof::None => Refusal::Unauthorized(None),
            Proof::Token | Proof::ExternalToken => {
                Refusal::Unauthorized(Some(ChallengeError::InsufficientScope))
            }
            Proof::Basic | Proof::Certificate | Proof::Internal => Refusal::Forbidden,
        }
    }

    /// The text of `WWW-Authenticate`. `wanted` is what the request needs, in the order in which it
    /// should be asked for; `public_url` is the registry as clients know it (`https://host:port`).
    pub fn challenge(
        &self,
        wanted: &[Access],
        error: Option<ChallengeError>,
        public_url: &str,
    ) -> String {
        let state = self.inner.state();
        let config = &state.config;
        let (realm, service) = match &config.external {
            Some(external) => (external.realm.clone(), &external.service),
            None if state.issues_tokens() => {
                let derived = || format!("{}/token", public_url.trim_end_matches('/'));
                let realm = config.tokens.realm.clone().unwrap_or_else(derived);
                (realm, &config.tokens.service)
            }
            None => return format!("Basic realm=\"{}\"", config.realm),
        };
        let mut text = format!(
            "Bearer realm=\"{}\",service=\"{service}\"",
            quotable(&realm)
        );
        if !wanted.is_empty() {
            let scopes: Vec<_> = wanted.iter().map(Access::to_string).collect();
            text += &format!(",scope=\"{}\"", quotable(&scopes.join(" ")));
        }
        if let Some(error) = error {
            text += &format!(",error=\"{}\"", error.as_str());
        }
        text
    }

    /// There is a token service at `/token`.
    pub fn issues_tokens(&self) -> bool {
        self.inner.state().issues_tokens()
    }

    /// Gives a token to who asks for one.
    pub async fn issue_token(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<TokenResponse, TokenError> {
        self.inner.look().await;
        let state = self.inner.state();
        self.inner.issue(self, &state, request).await
    }

    /// The public halves of the keys that sign our tokens: a JWKS document (RFC 7517).
    pub fn public_keys(&self) -> serde_json::Value {
        self.inner.keyring.keys().public.to_jwks()
    }

    /// The robots, for who administers them.
    pub fn robots(&self) -> Robots {
        let inner = &self.inner;
        Robots::new(inner.accounts.clone(), inner.clock.clone()).known_to(inner.robots.clone())
    }
}

impl Inner {
    fn state(&self) -> Arc<State> {
        let state = self.state.read();
        state.unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    fn replace(&self, state: State) {
        *self.state.write().unwrap_or_else(|b| b.into_inner()) = Arc::new(state);
        self.passwords.forget();
        *lock(&self.admin) = None;
    }

    /// Reads files again that have changed. One request in a second looks, and waits for it.
    async fn look(&self) {
        let now = self.clock.elapsed();
        let at = self.look_at.load(Ordering::Relaxed);
        let next = millis(now + LOOK_AGAIN);
        if millis(now) < at
            || self
                .look_at
                .compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let (before, observer) = (self.state(), self.observer.clone());
        let seen = before.clone();
        let look = move || seen.refreshed(|event| observer(event));
        let looked = tokio::task::spawn_blocking(look).await;
        // A configuration that came in between has read the files itself.
        if let Ok(Some(state)) = looked
            && Arc::ptr_eq(&before, &self.state())
        {
            self.replace(state);
        }
    }

    /// The hash of the first administrator's password, when that administrator counts.
    pub(crate) async fn first_admin_hash(
        &self,
        state: &State,
    ) -> Result<Option<Hash>, AccountsError> {
        if !state.wants_admin {
            return Ok(None);
        }
        let now = self.clock.elapsed();
        if let Some((since, hash)) = &*lock(&self.admin)
            && now.saturating_sub(*since) < BELIEVED
        {
            return Ok(hash.clone());
        }
        let kept = self.accounts.setting(ADMIN_SETTING).await?;
        let hash = kept.and_then(|text| text.parse().ok());
        *lock(&self.admin) = Some((now, hash.clone()));
        Ok(hash)
    }
}

async fn load(config: AccessConfig) -> Result<State, AccessError> {
    let loaded = tokio::task::spawn_blocking(|| State::load(config)).await;
    loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

async fn new_admin(state: &State) -> Result<(NewAdmin, Hash), AccessError> {
    if state.users.get(FIRST_ADMIN).is_some() {
        return Err(admin_error(
            "the file of users has one who is no administrator, and nobody else is: \
             add \"user:admin\" to access.admins",
        ));
    }
    let password = Secret::random(ADMIN_BITS);
    let copy = password.clone();
    let hash = tokio::task::spawn_blocking(move || Hash::of(&copy)).await;
    let hash = hash.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let admin = NewAdmin {
        name: FIRST_ADMIN.to_owned(),
        password,
    };
    Ok((admin, hash.map_err(|reason| admin_error(&reason))?))
}

fn admin_error(reason: &str) -> AccessError {
    AccessError::User {
        name: FIRST_ADMIN.to_owned(),
        reason: reason.to_owned(),
    }
}

/// All that the rules and their own grants give to somebody.
fn by_rules(state: &State, identity: &Identity, repository: &str) -> Actions {
    if is_admin(state, identity) {
        return Actions::ALL;
    }
    let robot = identity.robot.as_deref();
    state.policy.actions(identity.actor(), robot, repository)
}

fn is_admin(state: &State, identity: &Identity) -> bool {
    identity.first_admin && state.wants_admin || state.policy.is_admin(identity.actor())
}

/// A token of another service is believed, unless the rules limit it.
fn trusted(state: &State, identity: &Identity) -> bool {
    let external = state.config.external.as_ref();
    identity.proof() == Proof::ExternalToken && external.is_some_and(|e| !e.with_rules)
}

/// No token limits them, or one that reaches the catalog.
fn holds_catalog(identity: &Identity) -> bool {
    identity.token.as_ref().is_none_or(|token| {
        token
            .iter()
            .any(|a| a.resource == Resource::Catalog && !a.actions.is_empty())
    })
}

fn may_pull_somewhere(state: &State, identity: &Identity) -> bool {
    let robot = identity.robot.as_ref();
    is_admin(state, identity)
        || robot.is_some_and(|grants| grants.any(Action::Pull))
        || state.policy.may_pull_somewhere(identity.actor())
}

/// What can't end the quotes around it: the address comes from the client.
fn quotable(text: &str) -> String {
    let fits = |c: &char| matches!(c, ' '..='~') && *c != '"' && *c != '\\';
    text.chars().filter(fits).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}
