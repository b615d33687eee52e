//! The table `[serve]` of the configuration: what a file may say about a registry, and what it means.
//!
//! The types here are the file's shape, read by serde: a key that isn't known is refused, and what a
//! value can say by itself (an address, a URL, a glob, a length of time) is a type that refuses
//! anything else, so that the reader of the file can name the line. What only several keys together
//! can get wrong is in [`ServeConfig::check`]. Nothing here reads a file or the environment, except
//! for the secrets that a key of a name in `_file` points to, and these are read when they are asked
//! for ([`WebhookConfig::secrets`]).

mod check;
mod limits;
mod log;
mod policy;
mod value;
mod webhook;

use std::path::{Path, PathBuf};

use orlop_access::{AccessConfig, AnonymousAccess};
use orlop_registry_store::{Sparse, StorageOptions};
use serde::Deserialize;
use url::Url;

pub use check::ConfigError;
pub use limits::{LimitsConfig, TimeoutsConfig};
pub use log::{LogConfig, LogFormat, LogTarget};
pub use policy::{
    CollectConfig, ImmutableConfig, KeepConfig, QuotaConfig, QuotaScopeConfig, RetentionConfig,
    TagPatternConfig,
};
pub use value::{HostName, ListenAddress, Period, PublicUrl, RepositoryGlobs};
pub use webhook::{WebhookConfig, WebhookEvent, WebhookFormat, WebhookSecrets};

use crate::options::{ServerOptions, TlsOptions};
use crate::upkeep::{self, Upkeep};

/// All that can be configured about a registry.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Where to listen.
    pub listen: Option<Vec<ListenAddress>>,
    /// The folder that the registry keeps everything in.
    pub root: Option<PathBuf>,
    /// The registry as clients know it.
    pub public_url: Option<PublicUrl>,
    /// Hosts that a registry answers to that everybody on this machine may push to.
    pub hosts: Vec<HostName>,
    /// What anybody may do in every repository.
    pub anonymous: Option<AnonymousAccess>,
    /// Whether tags, manifests and blobs may be deleted.
    pub delete: Option<bool>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Web pages of these origins may use the registry.
    pub allowed_origins: Vec<String>,
    /// Certificates.
    pub tls: Option<TlsConfig>,
    /// Who may do what.
    pub access: AccessConfig,
    /// What is kept, and for how long.
    pub storage: StorageConfig,
    /// When retention and collection run.
    pub collect: CollectConfig,
    /// What is kept in which repositories.
    pub retention: Vec<RetentionConfig>,
    /// Tags that can't be moved or deleted.
    pub immutable: Vec<ImmutableConfig>,
    /// How much there may be.
    pub quotas: Vec<QuotaConfig>,
    /// Bounds in number and size.
    pub limits: LimitsConfig,
    /// Bounds in time.
    pub timeouts: TimeoutsConfig,
    /// What is logged, and where to.
    pub log: LogConfig,
    /// Metrics.
    pub metrics: MetricsConfig,
    /// Who is told of what happens.
    pub webhooks: Vec<WebhookConfig>,
}

/// Files of TLS. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and those between it and its authority, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities whose client certificates are believed, PEM.
    pub client_ca: Option<PathBuf>,
    /// A client without a certificate can't connect at all.
    #[serde(default)]
    pub client_required: bool,
}

/// What is kept, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// An upload without activity for so long is given up.
    pub upload_expiry: Option<Period>,
    /// Which manifests may name content that the repository doesn't have.
    pub sparse: Option<SparseConfig>,
    /// How many bytes of manifests are kept in memory.
    pub manifest_cache: Option<u64>,
}

/// Which manifests may name content that the repository doesn't have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SparseConfig {
    /// None.
    None,
    /// Indexes.
    Indexes,
    /// Indexes and images.
    All,
}

/// Metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where metrics and health are served besides, without TLS and without asking who it is.
    pub listen: Option<ListenAddress>,
    /// `/metrics` at the registry's own addresses is for everybody.
    pub public: bool,
}

/// Where a registry listens that isn't told otherwise: docker's port, this machine only.
const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 5000);

impl ServeConfig {
    /// Where to listen.
    pub fn addresses(&self) -> Vec<std::net::SocketAddr> {
        match &self.listen {
            Some(listen) => listen.iter().map(|address| address.0).collect(),
            None => vec![LISTEN.into()],
        }
    }

    /// What anybody may do. Where it isn't said: push, as long as nobody but this machine can reach
    /// the registry and nothing is said about who may; nothing otherwise.
    pub fn anonymous(&self) -> AnonymousAccess {
        let here = self
            .addresses()
            .iter()
            .all(|address| address.ip().is_loopback());
        let behind = self.public_url.is_some() || !self.trusted_proxies.is_empty();
        let open = here && !behind && self.access == AccessConfig::default();
        self.anonymous.unwrap_or(if open {
            AnonymousAccess::Push
        } else {
            AnonymousAccess::None
        })
    }

    /// Who may do what.
    pub fn access(&self) -> AccessConfig {
        AccessConfig {
            anonymous: self.anonymous(),
            ..self.access.clone()
        }
    }

    /// How the server behaves.
    pub fn server(&self) -> ServerOptions {
        let mut options = ServerOptions {
            listen: self.addresses(),
            tls: self.tls.clone().map(TlsOptions::from),
            operation_listen: self.metrics.listen.map(|address| address.0),
            public_url: self.public_url(),
            hosts: self.hosts.iter().map(|host| host.0.clone()).collect(),
            deletion: self.delete.unwrap_or(true),
            guard_metrics: !self.metrics.public,
            trusted_proxies: self.trusted_proxies.clone(),
            allowed_origins: self.allowed_origins.clone(),
            ..ServerOptions::default()
        };
        self.limits.apply(&mut options);
        self.timeouts.apply(&mut options.timeouts);
        options
    }

    /// How what it keeps behaves, in this folder.
    pub fn storage(&self, root: &Path) -> StorageOptions {
        let mut options = StorageOptions::new(root);
        let storage = &self.storage;
        if let Some(expiry) = storage.upload_expiry {
            options.upload_expiry = expiry.0;
        }
        if let Some(sparse) = storage.sparse {
            options.sparse = match sparse {
                SparseConfig::None => Sparse::Refused,
                SparseConfig::Indexes => Sparse::Indexes,
                SparseConfig::All => Sparse::Accepted,
            };
        }
        if let Some(bytes) = storage.manifest_cache {
            options.manifest_cache = bytes;
        }
        options.max_blob_size = self.limits.blob_bytes;
        if let Some(grace) = self.collect.grace {
            options.grace = grace.0;
        }
        // Each pull a row is a lot of rows: only when somebody wants to hear of them.
        options.pull_events = self.wants_pulls();
        options
    }

    /// What is done beside requests, and how often.
    pub fn upkeep(&self) -> Upkeep {
        let collect = &self.collect;
        Upkeep {
            interval: collect.interval.map_or(upkeep::INTERVAL, |period| period.0),
            collects: collect.enabled.unwrap_or(true),
            keep_events: self
                .log
                .keep_events
                .map_or(upkeep::KEEP_EVENTS, |period| period.0),
            audited: self.log.audit != LogTarget::Off,
        }
    }

    /// Some webhook asks for pulls.
    fn wants_pulls(&self) -> bool {
        let pulls = |webhook: &WebhookConfig| webhook.events.contains(&WebhookEvent::Pull);
        self.webhooks.iter().any(pulls)
    }

    /// The registry as clients know it.
    pub fn public_url(&self) -> Option<Url> {
        self.public_url.as_ref().map(|url| url.0.clone())
    }
}

impl From<TlsConfig> for TlsOptions {
    fn from(tls: TlsConfig) -> Self {
        Self {
            certificate: tls.certificate,
            key: tls.key,
            client_authorities: tls.client_ca,
            client_required: tls.client_required,
        }
    }
}

#[cfg(test)]
mod tests;
