//! Where images come from and go to: the registry protocol (OCI distribution-spec 1.1), with
//! credentials, mirrors, retries and resumption.
//!
//! A [`Client`] knows all registries; [`Client::repository`] gives a [`Remote`], whose verbs are
//! those of the protocol: resolve, manifest, blob, mount, upload, put, list tags. Everything above
//! (what a pull or a push is) is built of them elsewhere.
//!
//! Written from the inside out:
//!
//! | module | knows |
//! | --- | --- |
//! | `address` | where a registry may send us, and where not |
//! | `endpoint`, `tls` | one host: its scheme, its certificates, its proxy |
//! | `challenge`, `realm`, `token`, `auth` | what a registry wants to see before it answers |
//! | `transport`, `retry`, `rate_limit`, `warning` | one request: redirects, login, another try |
//! | `remote` | a repository: mirrors first, then the registry |
//! | `manifest`, `fetch`, `blob`, `upload`, `delete`, `tags`, `referrers`, `login`, `search` | the verbs |
//! | `download` | a file that is no registry's |
//! | `pages` | a list that comes page by page |
//! | `quirks` | what the big registries do differently |
//!
//! It is our own and not a crate, because the rules for hostile registries, resuming ranged
//! downloads and renewing a login in mid-upload reach into every one of these steps.
//!
//! Nothing here reads the environment or a file that the caller didn't name, nothing prints.

mod address;
mod auth;
mod blob;
mod challenge;
mod client;
mod config;
mod credentials;
mod delete;
mod download;
mod endpoint;
mod error;
mod fetch;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod login;
mod manifest;
mod pages;
mod quirks;
mod rate_limit;
mod realm;
mod referrers;
mod remote;
mod retry;
mod search;
mod tags;
mod tls;
mod token;
mod transport;
mod upload;
mod warning;

pub use blob::{BlobOptions, BlobStream};
pub use client::{Client, ClientConfig};
pub use config::{ANY_REGISTRY, RegistriesConfig, RegistryConfig, RegistryConfigError};
pub use credentials::{
    Anonymous, Credential, CredentialChain, CredentialError, Credentials, DockerConfigFile, Keeper,
    PodmanAuthFile,
};
pub use download::{Download, DownloadedFile, Validators};
pub use endpoint::{Notes, Proxies};
pub use error::{Error, RegistryError, RequestLine};
pub use login::{LoginOutcome, registry_name};
pub use orlop_secret::Secret;
pub use rate_limit::RateLimit;
pub use referrers::{referrer_descriptor, referrers_tag};
pub use remote::{ManifestRef, Remote};
pub use retry::RetryPolicy;
pub use search::{FoundRepository, SearchAnswer};
pub use tags::TagRange;
pub use tls::TrustRoots;
pub use upload::{BlobSource, FileSource, Mount, UploadSession};
