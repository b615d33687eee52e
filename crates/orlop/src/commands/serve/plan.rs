//! What is to be served: the configuration with what was typed laid over it.

use std::net::SocketAddr;
use std::path::PathBuf;

use orlop_access::AnonymousAccess;
use orlop_registry::config::{ConfigError, ServeConfig};
use orlop_registry_store::{Policies, Storage, StorageError};
use url::Url;

use super::ServeArgs;
use crate::app::App;
use crate::config::Origin;
use crate::error::{CliError, CliResult, chain};

/// What is to be served.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Plan {
    /// What the registry does.
    pub(in crate::commands) config: ServeConfig,
    /// Where it keeps everything.
    pub(in crate::commands) root: PathBuf,
}

impl Plan {
    /// # Errors
    /// The keys make no sense together.
    pub(in crate::commands) fn new(app: &App, args: &ServeArgs) -> CliResult<Self> {
        let mut config = app.settings.serve.clone();
        if !args.listen.is_empty() {
            config.listen = Some(args.listen.clone());
        }
        config.anonymous = args.anonymous.or(config.anonymous);
        config.check().map_err(|fault| config_fault(app, &fault))?;
        Ok(Self {
            config,
            root: root(app)?,
        })
    }

    /// The rules of who runs the registry.
    ///
    /// # Errors
    /// They make no sense; the configuration was checked for it.
    pub(in crate::commands) fn policies(&self, app: &App) -> CliResult<Policies> {
        self.config
            .policies()
            .map_err(|fault| config_fault(app, &fault))
    }

    /// Opens what the registry keeps, and makes it when it isn't there.
    ///
    /// # Errors
    /// It can't be opened.
    pub(in crate::commands) fn open(&self, app: &App) -> CliResult<Storage> {
        let mut options = self.config.storage(&self.root);
        options.policies = self.policies(app)?;
        Storage::open(options).map_err(|error| self.fault(&error))
    }

    /// An error of what it keeps.
    pub(in crate::commands) fn fault(&self, error: &StorageError) -> CliError {
        CliError::new(chain(error)).context(format_args!("registry {}", self.root.display()))
    }

    /// The registry as its events name it: as clients know it, or where it listens.
    pub(super) fn url(&self, addresses: &[SocketAddr]) -> CliResult<Url> {
        if let Some(url) = self.config.public_url() {
            return Ok(url);
        }
        let address = addresses.first();
        let address = address.ok_or_else(|| CliError::new("no address to listen on"))?;
        let url = Url::parse(&self.url_of(*address));
        url.map_err(|error| CliError::new(error.to_string()))
    }

    /// An address as an URL.
    pub(super) fn url_of(&self, address: SocketAddr) -> String {
        let scheme = if self.config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{address}")
    }

    /// What must be said before anybody is served.
    pub(super) fn warnings(&self, addresses: &[SocketAddr]) -> Vec<String> {
        let mut warnings = Vec::new();
        let everywhere = addresses.iter().any(|address| !address.ip().is_loopback());
        if self.config.anonymous() == AnonymousAccess::Push {
            let who = if everywhere {
                "Anybody who reaches this registry"
            } else {
                "Anybody on this machine"
            };
            warnings.push(format!(
                "{who} may pull, push and delete everything in it (--anonymous pull or none)."
            ));
        }
        let in_the_clear = everywhere
            && self.config.tls.is_none()
            && self.config.public_url.is_none()
            && self.config.trusted_proxies.is_empty();
        if in_the_clear && self.config.access().htpasswd.is_some() {
            warnings.push(
                "Passwords come over plain HTTP: set serve.tls, or put a proxy with TLS in front."
                    .to_owned(),
            );
        }
        warnings
    }
}

/// The registry's folder. What `--root` names on the command line is the registry itself.
fn root(app: &App) -> CliResult<PathBuf> {
    let settings = &app.settings;
    let typed = matches!(app.layers.origin("root"), Some(Origin::Flag));
    let root = match &settings.serve.root {
        _ if typed => settings.root.clone(),
        Some(root) => root.clone(),
        None => settings.root.join("registry"),
    };
    std::path::absolute(&root)
        .map_err(|error| CliError::from(error).context(root.display().to_string()))
}

/// A key of `[serve]` that makes no sense, with where it stands.
pub(super) fn config_fault(app: &App, fault: &ConfigError) -> CliError {
    app.layers
        .fault(&format!("serve.{}", fault.key), &fault.reason)
}
