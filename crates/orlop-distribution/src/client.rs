//! The client: what all registries share, and the way to one of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use orlop_oci::Repository;
use url::Url;

use crate::config::{RegistriesConfig, parse_mirror};
use crate::credentials::{Anonymous, Credentials};
use crate::endpoint::{Endpoint, Notes, Proxies, Shared};
use crate::error::Error;
use crate::remote::{Place, Remote};
use crate::retry::RetryPolicy;
use crate::tls::{Trust, TrustRoots};
use crate::warning::Warnings;

/// What a [`Client`] works with.
#[derive(Clone)]
pub struct ClientConfig {
    /// What is set for each registry.
    pub registries: RegistriesConfig,
    /// Who we are.
    pub credentials: Arc<dyn Credentials>,
    /// What we call ourselves: `orlop/0.1.0 (linux; amd64)`.
    pub user_agent: String,
    /// The system's certificate authorities.
    pub roots: TrustRoots,
    /// Directories that hold a directory for each registry with `*.crt` (authorities to trust) and
    /// `*.cert` with `*.key` (a certificate to show): `/etc/docker/certs.d`.
    pub registry_certificates: Vec<std::path::PathBuf>,
    /// Proxies for registries that don't name their own.
    pub proxies: Proxies,
    /// How long to wait between tries.
    pub retry: RetryPolicy,
    /// Takes lines for the user. Called from any task; must not block.
    pub notes: Option<Notes>,
    /// Takes what registries warn of, each warning once. As `notes`.
    pub warnings: Option<Notes>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            registries: RegistriesConfig::default(),
            credentials: Arc::new(Anonymous),
            user_agent: concat!("orlop/", env!("CARGO_PKG_VERSION")).to_owned(),
            roots: TrustRoots::default(),
            registry_certificates: Vec::new(),
            proxies: Proxies::default(),
            retry: RetryPolicy::default(),
            notes: None,
            warnings: None,
        }
    }
}

/// A client of registries. Clones share connections, tokens and what is known of each registry.
/// Its verbs need a tokio runtime around them.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    registries: RegistriesConfig,
    credentials: Arc<dyn Credentials>,
    shared: Arc<Shared>,
    /// By what they speak to: a registry's name, or a mirror's address and for whom it stands.
    endpoints: Mutex<HashMap<String, Arc<Endpoint>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("registries", &self.0.registries)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with this configuration. Connects to nothing and reads no file yet.
    ///
    /// # Errors
    /// When a setting contradicts another or can't be read.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        config.registries.check().map_err(|error| Error::Settings {
            registry: error.registry.clone(),
            reason: error.to_string(),
        })?;
        let shared = Shared {
            trust: Trust::new(config.roots, config.registry_certificates),
            proxies: config.proxies,
            user_agent: config.user_agent,
            retry: config.retry,
            notes: config.notes,
            warnings: Warnings::new(config.warnings),
        };
        Ok(Self(Arc::new(Inner {
            registries: config.registries,
            credentials: config.credentials,
            shared: Arc::new(shared),
            endpoints: Mutex::new(HashMap::new()),
        })))
    }

    /// A repository, with the mirrors that its registry has.
    pub fn repository(&self, repository: &Repository) -> Remote {
        let registry = repository.registry();
        let own = Place::new(self.endpoint(registry), repository.clone());
        let mut mirrors = Vec::new();
        for text in &self.0.registries.of(registry).mirrors {
            // The configuration was checked; what isn't a mirror was refused with it.
            let Ok(mirror) = parse_mirror(text) else {
                continue;
            };
            let name = format!("{}/{}{}", mirror.host, mirror.prefix, repository.path());
            let Ok(there) = name.parse() else { continue };
            let endpoint = self.shared_endpoint(format!("{text} for {registry}"), || {
                Endpoint::mirror(
                    &mirror,
                    registry,
                    self.0.registries.of(&mirror.host),
                    self.0.credentials.clone(),
                    self.0.shared.clone(),
                )
            });
            mirrors.push(Place::new(endpoint, there));
        }
        Remote::new(mirrors, own)
    }

    /// Where a registry's repositories are searched.
    pub(crate) fn index_of(&self, registry: &str) -> Arc<Endpoint> {
        self.shared_endpoint(format!("index of {registry}"), || {
            Endpoint::index(
                registry,
                self.0.registries.of(registry),
                self.0.credentials.clone(),
                self.0.shared.clone(),
            )
        })
    }

    /// A server of files, which knows nobody.
    pub(crate) fn server_of(&self, url: &Url) -> Result<Endpoint, Error> {
        let settings = self.0.registries.of(&crate::address::authority(url));
        Endpoint::server(url, settings, self.0.shared.clone())
    }

    pub(crate) fn endpoint(&self, registry: &str) -> Arc<Endpoint> {
        self.shared_endpoint(registry.to_owned(), || {
            self.new_endpoint(registry, self.0.credentials.clone())
        })
    }

    /// An endpoint that shares nothing with the others but settings.
    pub(crate) fn new_endpoint(
        &self,
        registry: &str,
        credentials: Arc<dyn Credentials>,
    ) -> Endpoint {
        let settings = self.0.registries.of(registry);
        Endpoint::registry(registry, settings, credentials, self.0.shared.clone())
    }

    fn shared_endpoint(&self, key: String, make: impl FnOnce() -> Endpoint) -> Arc<Endpoint> {
        let mut endpoints = self
            .0
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints
            .entry(key)
            .or_insert_with(|| Arc::new(make()))
            .clone()
    }

    /// Forgets tokens and credentials of a registry.
    pub(crate) fn forget(&self, registry: &str) {
        let mut endpoints = self
            .0
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|_, endpoint| endpoint.name != registry);
    }
}
