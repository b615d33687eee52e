//! What is shown to an endpoint to prove who we are: nothing, a password, or a token.
//!
//! Nothing is shown before the registry has asked (`401` with a challenge). Then what it asked for
//! is remembered, so that later requests carry it at once. Tokens are kept for each set of scopes
//! until shortly before they expire; of several requests that need the same token at the same time
//! one fetches it and the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use orlop_oci::Repository;

use crate::Secret;
use crate::address;
use crate::challenge::{Challenge, challenges};
use crate::credentials::{Credential, Credentials};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::realm::{self, Realm};
use crate::token::{self, Token};
use crate::transport::Answer;

/// What a request must be allowed to do (distribution, `docs/spec/auth/scope.md`). Sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    /// Nothing in particular: a login.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// The list of all repositories.
    pub(crate) fn catalogue() -> Self {
        Self(vec!["registry:catalog:*".to_owned()])
    }

    pub(crate) fn pull(path: &str) -> Self {
        Self(vec![format!("repository:{path}:pull")])
    }

    pub(crate) fn push(path: &str) -> Self {
        Self(vec![format!("repository:{path}:pull,push")])
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self(vec![format!("repository:{path}:delete,pull,push")])
    }

    /// Push to one repository and pull from another of the same registry: without the second a
    /// registry can't allow a mount.
    pub(crate) fn mount(to: &str, from: &str) -> Self {
        let mut scopes = vec![
            format!("repository:{to}:pull,push"),
            format!("repository:{from}:pull"),
        ];
        scopes.sort();
        Self(scopes)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// For whom and for what a request is.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    /// The repository as the endpoint knows it; none for a login and for the registry as a whole.
    pub(crate) repository: Option<Repository>,
    pub(crate) scopes: Scopes,
    pub(crate) push: bool,
}

impl Purpose {
    /// The error of a request that the registry doesn't allow.
    pub(crate) fn denied(
        &self,
        registry: &str,
        reason: String,
        withheld_from: Option<String>,
    ) -> Error {
        match &self.repository {
            Some(repository) => Error::Denied {
                repository: repository.clone(),
                push: self.push,
                reason,
                withheld_from,
            },
            None => Error::Unauthorized {
                registry: registry.to_owned(),
                reason,
                withheld_from,
            },
        }
    }
}

#[derive(Clone, Debug)]
enum Scheme {
    Basic,
    Bearer {
        realm: Realm,
        service: Option<String>,
    },
}

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

pub(crate) struct Auth {
    credentials: Arc<dyn Credentials>,
    /// Ask for a refresh token as well, and keep it here: for a login.
    wants_refresh: bool,
    refresh: Mutex<Option<Secret>>,
    scheme: Mutex<Option<Scheme>>,
    /// The realm that didn't get the password because it is on a foreign host.
    withheld: Mutex<Option<String>>,
    tokens: Mutex<HashMap<(Option<Repository>, Scopes), Slot>>,
    known: tokio::sync::Mutex<HashMap<Option<Repository>, Option<Credential>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each holder leaves a whole value, whatever happens.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Auth {
    pub(crate) fn new(credentials: Arc<dyn Credentials>) -> Self {
        Self {
            credentials,
            wants_refresh: false,
            refresh: Mutex::new(None),
            scheme: Mutex::new(None),
            withheld: Mutex::new(None),
            tokens: Mutex::new(HashMap::new()),
            known: tokio::sync::Mutex::new(HashMap::new()),
        }
    }

    /// For a login: asks for a refresh token too.
    pub(crate) fn want_refresh(&mut self) {
        self.wants_refresh = true;
    }

    /// The refresh token that came with the last token.
    pub(crate) fn take_refresh(&self) -> Option<Secret> {
        lock(&self.refresh).take()
    }

    /// The realm that didn't get the password because it is on a foreign host.
    pub(crate) fn withheld(&self) -> Option<String> {
        lock(&self.withheld).clone()
    }

    /// What to show with a request, from what the registry asked for before.
    pub(crate) async fn authorization(
        &self,
        endpoint: &Endpoint,
        purpose: &Purpose,
    ) -> Result<Option<HeaderValue>, Error> {
        let scheme = lock(&self.scheme).clone();
        match scheme {
            None => Ok(None),
            Some(Scheme::Basic) => {
                let credential = self.credential(endpoint, purpose).await?;
                Ok(credential.as_ref().and_then(basic))
            }
            Some(Scheme::Bearer { realm, service }) => self
                .token(endpoint, purpose, &realm, service.as_deref(), None)
                .await
                .map(Some),
        }
    }

    /// What to show after the registry refused `shown` with a challenge.
    pub(crate) async fn answer(
        &self,
        endpoint: &Endpoint,
        purpose: &Purpose,
        refusal: &Answer,
        shown: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        let offered = challenges(refusal.headers());
        let of = |scheme: &str| offered.iter().find(|challenge| challenge.scheme == scheme);
        if let Some(challenge) = of("bearer") {
            let (realm, service) = self.accept(endpoint, challenge)?;
            return self
                .token(endpoint, purpose, &realm, service.as_deref(), shown)
                .await;
        }
        if of("basic").is_some() {
            *lock(&self.scheme) = Some(Scheme::Basic);
            let header = self
                .credential(endpoint, purpose)
                .await?
                .as_ref()
                .and_then(basic);
            return match header {
                Some(header) if Some(&header) != shown => Ok(header),
                Some(_) => Err(unauthorized(endpoint, "incorrect username or password")),
                None => Err(purpose.denied(
                    &endpoint.name,
                    "unauthorized: authentication required".into(),
                    None,
                )),
            };
        }
        let asked: Vec<&str> = offered.iter().map(|c| c.scheme.as_str()).collect();
        Err(Error::Protocol {
            request: refusal.request.clone(),
            reason: match asked.as_slice() {
                [] => "the registry wants a login, but doesn't say of which kind".to_owned(),
                asked => format!(
                    "the registry wants a login of an unknown kind ({})",
                    asked.join(", ")
                ),
            },
        })
    }

    fn accept(
        &self,
        endpoint: &Endpoint,
        challenge: &Challenge,
    ) -> Result<(Realm, Option<String>), Error> {
        let text = challenge.parameter("realm").unwrap_or_default();
        let base = endpoint.base()?;
        let registry = realm::Registry {
            name: &endpoint.name,
            base: &base,
            loopback: endpoint.loopback,
            trusted_realms: &endpoint.settings.trusted_realms,
        };
        let realm = realm::judge(text, &registry).map_err(|reason| Error::Refused {
            registry: endpoint.name.clone(),
            target: match text.parse() {
                Ok(url) => format!("token realm {}", crate::error::redacted(&url)),
                Err(_) => format!("token realm {:?}", crate::error::printable(text)),
            },
            reason,
        })?;
        let service = challenge.parameter("service").map(str::to_owned);
        *lock(&self.scheme) = Some(Scheme::Bearer {
            realm: realm.clone(),
            service: service.clone(),
        });
        Ok((realm, service))
    }

    /// A token that is fresh and not `refused`.
    async fn token(
        &self,
        endpoint: &Endpoint,
        purpose: &Purpose,
        realm: &Realm,
        service: Option<&str>,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        let credential = self.credential(endpoint, purpose).await?;
        if let Some(Credential::Bearer { token }) = &credential {
            let header =
                bearer(token).ok_or_else(|| unauthorized(endpoint, "malformed registry token"))?;
            return match refused {
                Some(refused) if *refused == header => {
                    Err(unauthorized(endpoint, "the registry token is not accepted"))
                }
                _ => Ok(header),
            };
        }
        let key = (purpose.repository.clone(), purpose.scopes.clone());
        let slot = lock(&self.tokens).entry(key).or_default().clone();
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref()
            && token.is_fresh()
            && Some(&token.header) != refused
        {
            return Ok(token.header.clone());
        }
        *kept = None;
        let withheld =
            (credential.is_some() && !realm.trusted).then(|| address::authority(&realm.url));
        if let Some(host) = &withheld {
            *lock(&self.withheld) = Some(host.clone());
            if purpose.repository.is_none() {
                // A login with an anonymous token would prove nothing.
                let reason = "its token realm is on a foreign host".to_owned();
                return Err(purpose.denied(&endpoint.name, reason, withheld));
            }
        }
        let request = token::Request {
            endpoint,
            purpose,
            realm,
            service,
            credential: credential.as_ref().filter(|_| withheld.is_none()),
            withheld_from: withheld.clone(),
            offline: self.wants_refresh,
        };
        let token = request.fetch().await?;
        if let Some(refresh) = &token.refresh {
            *lock(&self.refresh) = Some(refresh.clone());
        }
        let header = token.header.clone();
        *kept = Some(token);
        Ok(header)
    }

    async fn credential(
        &self,
        endpoint: &Endpoint,
        purpose: &Purpose,
    ) -> Result<Option<Credential>, Error> {
        let mut known = self.known.lock().await;
        if let Some(credential) = known.get(&purpose.repository) {
            return Ok(credential.clone());
        }
        let source = self.credentials.clone();
        let repository = purpose.repository.clone();
        let registry = endpoint.name.clone();
        // A source may read files and run programs.
        let asked = tokio::task::spawn_blocking(move || match &repository {
            Some(repository) => source.get_for(repository),
            None => source.get(&registry),
        });
        let credential = match asked.await {
            Ok(answer) => answer?,
            // The runtime is shutting down, or the source panicked: nobody to log in as.
            Err(_) => None,
        };
        known.insert(purpose.repository.clone(), credential.clone());
        Ok(credential)
    }
}

fn unauthorized(endpoint: &Endpoint, reason: &str) -> Error {
    Error::Unauthorized {
        registry: endpoint.name.clone(),
        reason: reason.to_owned(),
        withheld_from: None,
    }
}

/// `Authorization` by user and password.
pub(crate) fn basic(credential: &Credential) -> Option<HeaderValue> {
    let (user, secret) = match credential {
        Credential::Password { user, password } => (user.as_str(), password),
        // Registries that know no tokens take it as a password (docker does the same).
        Credential::Identity { user, token } => (user.as_str(), token),
        Credential::Bearer { .. } => return None,
    };
    let pair = STANDARD.encode(format!("{user}:{}", secret.expose()));
    sensitive(&format!("Basic {pair}"))
}

/// `Authorization` by token.
pub(crate) fn bearer(token: &Secret) -> Option<HeaderValue> {
    // RFC 6750, 2.1, in the widest sense: what isn't of ASCII is spelt in one way here and in another there.
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    sensitive(&format!("Bearer {}", token.expose()))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
