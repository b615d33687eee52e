//! Who is it? Everything that leads from [`Credentials`] to an [`Identity`].

use std::sync::Arc;

use orlop_secret::Secret;
use ring::digest::{SHA256, digest};

use crate::authorization::{Authorization, check_user, parse_authorization};
use crate::control::Inner;
use crate::passwords::{Against, Login};
use crate::robot_cache::KnownRobot;
use crate::state::State;
use crate::token::{Claims, Kind, TokenVerifier};
use crate::users::Hash;
use crate::{
    AccessEvent, Actor, ActorKind, AuthError, Credentials, Identity, Proof, ROBOT_PREFIX, Refused,
    SecretHash, TokenFault,
};

/// The name of the administrator of the first start.
pub(crate) const FIRST_ADMIN: &str = "admin";
/// What `typ` says in an access token.
pub(crate) const ACCESS_TOKEN: &str = "JWT";
/// What `typ` says in a refresh token.
pub(crate) const REFRESH_TOKEN: &str = "refresh+jwt";

/// A state of an account that tokens are bound to: another password or secret, and they are worth
/// nothing. A hash of a hash: it tells nothing about either.
pub(crate) type Binding = String;

fn binding(kind: &str, state: &[u8]) -> Binding {
    use base64::Engine;
    let text = [kind.as_bytes(), b"\0", state].concat();
    let hash = digest(&SHA256, &text);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

/// Somebody recognised by something of their own: whom tokens are made for.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) identity: Identity,
    pub(crate) kind: Kind,
    /// `None` for who has nothing that could change.
    pub(crate) bound: Option<Binding>,
}

impl Account {
    pub(crate) fn anonymous() -> Self {
        Self {
            identity: Identity::anonymous(),
            kind: Kind::Anonymous,
            bound: None,
        }
    }

    fn user(name: &str, hash: &Hash, first_admin: bool) -> Self {
        let actor = Actor::new(ActorKind::User, name);
        let mut identity = Identity::new(actor, Proof::Basic);
        identity.first_admin = first_admin;
        let (kind, word) = match first_admin {
            true => (Kind::FirstAdmin, "first-admin"),
            false => (Kind::User, "user"),
        };
        Self {
            identity,
            kind,
            bound: Some(binding(word, hash.as_str().as_bytes())),
        }
    }

    fn robot(known: &KnownRobot) -> Self {
        let actor = Actor::new(ActorKind::Robot, known.robot.name.clone());
        let mut identity = Identity::new(actor, Proof::Basic);
        identity.robot = Some(known.grants.clone());
        Self {
            identity,
            kind: Kind::Robot,
            bound: Some(binding("robot", known.robot.secret.as_bytes())),
        }
    }

    fn certificate(name: String) -> Self {
        let actor = Actor::new(ActorKind::Certificate, name);
        Self {
            identity: Identity::new(actor, Proof::Certificate),
            kind: Kind::Certificate,
            bound: None,
        }
    }
}

impl Inner {
    /// Who sends a request. What is in the header counts more than the certificate of the connection,
    /// which may be that of a proxy.
    pub(crate) async fn authenticate(
        &self,
        state: &State,
        credentials: &Credentials<'_>,
    ) -> Result<Identity, AuthError> {
        let header = credentials.authorization.map(parse_authorization);
        match header.transpose().map_err(AuthError::Invalid)? {
            Some(Authorization::Bearer(token)) => self.by_token(state, token).await,
            Some(Authorization::Basic { user, password }) => {
                let login = Login {
                    name: &user,
                    password: &password,
                    address: credentials.address,
                };
                Ok(self.by_password(state, login).await?.identity)
            }
            None => Ok(self.without_header(state, credentials).identity),
        }
    }

    /// By the certificate, or nobody.
    pub(crate) fn without_header(&self, state: &State, credentials: &Credentials<'_>) -> Account {
        let names = credentials.certificate;
        let name = names.and_then(|names| names.name(&state.config.certificates));
        name.map_or_else(Account::anonymous, Account::certificate)
    }

    pub(crate) async fn by_password(
        &self,
        state: &State,
        login: Login<'_>,
    ) -> Result<Account, AuthError> {
        if let Some(name) = login.name.strip_prefix(ROBOT_PREFIX) {
            return self.by_robot_secret(state, name, login).await;
        }
        let listed = state.users.get(login.name).cloned();
        let (hash, first_admin) = match listed {
            None if login.name == FIRST_ADMIN => (self.first_admin_hash(state).await?, true),
            listed => (listed, false),
        };
        let against = Against {
            users: &state.users,
            hash: hash.as_ref(),
            throttle: &state.config.throttle,
            remember: state.config.password_cache.try_into().unwrap_or_default(),
        };
        self.passwords.verify(login, against).await?;
        let hash = hash.ok_or(AuthError::Invalid(Refused::Password))?;
        Ok(Account::user(login.name, &hash, first_admin))
    }

    async fn by_robot_secret(
        &self,
        state: &State,
        name: &str,
        login: Login<'_>,
    ) -> Result<Account, AuthError> {
        let known = self.robots.get(name).await?;
        // No waiting from here on: a failure that is counted ahead is taken back at once.
        self.passwords.attempt(login, &state.config.throttle)?;
        let brought = SecretHash::of(login.password);
        let nobody = SecretHash::of(&Secret::default());
        let kept = known.as_ref().map_or(&nobody, |known| &known.robot.secret);
        let right = brought == *kept;
        let known = known
            .filter(|_| right)
            .ok_or(AuthError::Invalid(Refused::Password))?;
        self.passwords.succeeded(login, &state.config.throttle);
        known.check(self.clock.now()).map_err(AuthError::Invalid)?;
        self.note_use(name).await;
        Ok(Account::robot(&known))
    }

    /// Who holds an access token.
    async fn by_token(&self, state: &State, token: &str) -> Result<Identity, AuthError> {
        let refused = |fault: TokenFault| AuthError::Invalid(Refused::Token(fault));
        if let Some(verifier) = &state.external {
            let claims = self.verified(state, verifier, token).map_err(refused)?;
            return by_external(&claims).map_err(refused);
        }
        if !state.issues_tokens() {
            let reason = "tokens aren't accepted here";
            return Err(AuthError::Invalid(Refused::Malformed(reason)));
        }
        let claims = match self.verified(state, &self.verifier(state, ACCESS_TOKEN), token) {
            Err(TokenFault::UnknownKey) if self.keyring.ask().await? => {
                self.verified(state, &self.verifier(state, ACCESS_TOKEN), token)
            }
            claims => claims,
        };
        let claims = claims.map_err(refused)?;
        let mut identity = self.subject(state, &claims).await?.identity;
        identity.proof = Proof::Token;
        identity.token = Some(claims.access.clone().into());
        Ok(identity)
    }

    /// The account that a token of ours speaks of, as it is now: it must still be there, and be what
    /// it was.
    pub(crate) async fn subject(
        &self,
        state: &State,
        claims: &Claims,
    ) -> Result<Account, AuthError> {
        let gone = || AuthError::Invalid(Refused::Token(TokenFault::Subject));
        let account = match claims.kind.ok_or_else(gone)? {
            Kind::Anonymous => Some(Account::anonymous()),
            Kind::User => {
                let hash = state.users.get(&claims.sub);
                hash.map(|hash| Account::user(&claims.sub, hash, false))
            }
            Kind::FirstAdmin => {
                let listed = state.users.get(FIRST_ADMIN).is_some();
                let hash = self.first_admin_hash(state).await?.filter(|_| !listed);
                hash.map(|hash| Account::user(FIRST_ADMIN, &hash, true))
            }
            Kind::Robot => match self.robots.get(&claims.sub).await? {
                Some(known) => {
                    known.check(self.clock.now()).map_err(AuthError::Invalid)?;
                    self.note_use(&claims.sub).await;
                    Some(Account::robot(&known))
                }
                None => None,
            },
            Kind::Certificate => {
                let mut rules = state.config.certificates.iter();
                let named = rules.any(|rule| rule.name() == Some(claims.sub.as_str()));
                named.then(|| Account::certificate(claims.sub.clone()))
            }
        };
        account
            .filter(|account| account.bound == claims.bound)
            .ok_or_else(gone)
    }

    /// What verifies our own tokens of a kind.
    pub(crate) fn verifier(&self, state: &State, kind: &'static str) -> TokenVerifier {
        let tokens = &state.config.tokens;
        TokenVerifier {
            keys: self.keyring.keys().public.clone(),
            issuer: tokens.issuer.clone(),
            audience: audience(&tokens.service, kind),
            kind: Some(kind),
            leeway: tokens.leeway,
        }
    }

    fn verified(
        &self,
        state: &State,
        verifier: &TokenVerifier,
        token: &str,
    ) -> Result<Arc<Claims>, TokenFault> {
        state.verified.claims(verifier, token, self.clock.now())
    }

    async fn note_use(&self, robot: &str) {
        if let Err(error) = self.robots.note_use(robot).await {
            (self.observer)(AccessEvent::Unwritten {
                reason: error.to_string(),
            });
        }
    }
}

/// Whom a token of ours is for. Access and refresh tokens are for different audiences, so that who
/// verifies them elsewhere, without looking at `typ`, doesn't take one for the other.
pub(crate) fn audience(service: &str, kind: &str) -> String {
    match kind {
        ACCESS_TOKEN => service.to_owned(),
        _ => format!("{service}#refresh"),
    }
}

fn by_external(claims: &Claims) -> Result<Identity, TokenFault> {
    let actor = match claims.sub.as_str() {
        "" => Actor::anonymous(),
        // It goes into logs.
        subject if check_user(&subject.replace(':', "")).is_err() => {
            return Err(TokenFault::Claims);
        }
        subject => Actor::new(ActorKind::User, subject),
    };
    let mut identity = Identity::new(actor, Proof::ExternalToken);
    identity.token = Some(claims.access.clone().into());
    Ok(identity)
}
