//! What commands work with: settings, the printer and, when they ask for them, the store and a
//! client of registries. `orlop version` opens neither.

use std::sync::Arc;

use orlop_distribution::{
    ANY_REGISTRY, Client, ClientConfig, CredentialChain, Credentials, DockerConfigFile,
    PodmanAuthFile, Proxies, RegistriesConfig, TrustRoots,
};
use orlop_image::Images;
use orlop_image::event::{Event, EventSink};
use orlop_oci::Platform;
use orlop_snapshot::Wishes;
use orlop_store::Store;

use crate::cli::Global;
use crate::config::{Layers, Overrides, ProgressMode, Settings};
use crate::environment::Environment;
use crate::error::{CliError, CliResult, chain};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::rootless;

/// One run of the program.
#[derive(Debug)]
pub struct App {
    /// Prints.
    pub printer: Arc<Printer>,
    /// The resolved configuration.
    pub settings: Settings,
    /// The configuration as it was read.
    pub layers: Layers,
    /// The surroundings of the process.
    pub env: Environment,
    /// `--debug`.
    pub debug: bool,
    /// What was typed of the configuration.
    overrides: Overrides,
}

impl App {
    /// Reads the configuration.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn new(global: Global, env: Environment, printer: Arc<Printer>) -> CliResult<Self> {
        let overrides = global.overrides();
        let layers = Layers::read(&env, &overrides)?;
        let settings = Settings::resolve(&layers, &env)?;
        Ok(Self {
            printer,
            settings,
            layers,
            env,
            debug: global.debug,
            overrides,
        })
    }

    /// The same with the configuration as it is in its files now.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn read_again(&self) -> CliResult<Self> {
        let layers = Layers::read(&self.env, &self.overrides)?;
        let settings = Settings::resolve(&layers, &self.env)?;
        Ok(Self {
            printer: self.printer.clone(),
            settings,
            layers,
            env: self.env.clone(),
            debug: self.debug,
            overrides: self.overrides.clone(),
        })
    }

    /// Where the certificate authorities of the system are.
    pub fn trust_roots(&self) -> TrustRoots {
        TrustRoots {
            file: self.env.get("SSL_CERT_FILE").map(Into::into),
            directories: self
                .env
                .get("SSL_CERT_DIR")
                .map(|dirs| std::env::split_paths(dirs).collect())
                .unwrap_or_default(),
        }
    }

    /// The images of the store, which is made when it isn't there.
    ///
    /// # Errors
    /// The store cannot be opened, or its driver not be used.
    pub fn images(&self) -> CliResult<Images> {
        let root = &self.settings.root;
        rootless::prepare(&self.env, &self.settings)?;
        let store = Store::open(root).map_err(|error| self.store_error(&error))?;
        self.images_of(store)
    }

    /// Why a store can't be opened.
    pub fn store_error(&self, error: &orlop_store::Error) -> CliError {
        let root = self.settings.root.display();
        let told = CliError::new(chain(error)).context(format_args!("store {root}"));
        match error.hint() {
            Some(hint) => told.hint(hint),
            None if self.env.is_root() => told,
            None => told.hint("--root DIR or ORLOP_ROOT name another folder"),
        }
    }

    /// The images of a store that is open.
    ///
    /// # Errors
    /// Its driver cannot be used.
    pub fn images_of(&self, store: Store) -> CliResult<Images> {
        let wishes = Wishes {
            driver: self.settings.storage_driver.as_deref(),
            zfs_dataset: self.settings.zfs_dataset.as_deref(),
        };
        let driver = orlop_snapshot::choose(&self.settings.root, &wishes).map_err(|error| {
            let hint = error.hint();
            let error = CliError::new(chain(&error));
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        let privilege = rootless::privilege(&self.env, driver.name());
        Ok(Images::new(store, driver).with_privilege(privilege))
    }

    /// The store as one that knows which repositories have which blobs; none when there is no store yet.
    ///
    /// # Errors
    /// There is one, and it cannot be opened.
    pub fn known_sources(&self) -> CliResult<Option<Store>> {
        if !self.settings.root.join("orlop.db").exists() {
            return Ok(None);
        }
        Ok(Some(self.images()?.store().clone()))
    }

    /// Where logins are kept: docker's file first, then podman's, which is only read.
    pub fn credentials(&self) -> Arc<dyn Credentials> {
        let docker = DockerConfigFile::new(&self.settings.docker_config);
        let docker = match self.env.get("PATH") {
            Some(path) => docker.with_helper_path(path),
            None => docker,
        };
        let mut sources: Vec<Box<dyn Credentials>> = vec![Box::new(docker)];
        for file in self.env.podman_auth_files() {
            sources.push(Box::new(PodmanAuthFile::new(file)));
        }
        Arc::new(CredentialChain::new(sources))
    }

    /// A client of registries. What it has to say goes to `progress`.
    ///
    /// # Errors
    /// The settings of a registry are wrong.
    pub fn client(&self, progress: Progress) -> CliResult<Client> {
        self.client_of(progress, self.settings.registries.clone())
    }

    /// The same; `--insecure` of docker's older commands lets it go without certificates and TLS.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub fn client_with(&self, progress: Progress, insecure: bool) -> CliResult<Client> {
        let mut registries = self.settings.registries.clone();
        if insecure {
            registries.0.entry(ANY_REGISTRY.to_owned()).or_default();
            for table in registries.0.values_mut() {
                table.tls_verify = Some(false);
            }
        }
        self.client_of(progress, registries)
    }

    fn client_of(&self, progress: Progress, registries: RegistriesConfig) -> CliResult<Client> {
        let variable = |names: [&str; 2]| {
            names
                .iter()
                .find_map(|name| self.env.get(name))
                .map(str::to_owned)
        };
        let all = || variable(["ALL_PROXY", "all_proxy"]);
        let warned = progress.clone();
        let config = ClientConfig {
            registries,
            credentials: self.credentials(),
            user_agent: user_agent(),
            roots: self.trust_roots(),
            registry_certificates: ["/etc/docker/certs.d", "/etc/containers/certs.d"]
                .map(Into::into)
                .to_vec(),
            proxies: Proxies {
                https: variable(["HTTPS_PROXY", "https_proxy"]).or_else(all),
                // `HTTP_PROXY` may be set by the request of a CGI program; the small one is safe.
                http: variable(["http_proxy", "HTTP_PROXY"]).or_else(all),
                no_proxy: variable(["NO_PROXY", "no_proxy"]),
            },
            notes: Some(Arc::new(move |line: &str| {
                let text = line.to_owned();
                progress.emit(Event::Note { text });
            })),
            warnings: Some(Arc::new(move |line: &str| {
                let text = line.to_owned();
                warned.emit(Event::Warning { text });
            })),
            ..ClientConfig::default()
        };
        Client::new(config).map_err(|error| registry_error(&error))
    }

    /// A display of the progress of one operation.
    pub fn progress(&self, quiet: bool) -> Progress {
        let mode = if quiet {
            ProgressMode::Quiet
        } else {
            self.settings.progress
        };
        Progress::new(&self.printer, mode)
    }

    /// The platform that was asked for, on the command line or in the configuration.
    pub fn platform(&self, asked: Option<Platform>) -> Option<Platform> {
        asked.or_else(|| self.settings.platform.clone())
    }
}

fn user_agent() -> String {
    let platform = Platform::host();
    format!(
        "orlop/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        platform.os,
        platform.architecture
    )
}

/// What docker calls a registry where people see it: `docker.io` has the address of its index.
pub fn address_of(registry: &str) -> &str {
    if registry == orlop_oci::DEFAULT_REGISTRY {
        "https://index.docker.io/v1/"
    } else {
        registry
    }
}

/// An error of the registry's client.
pub fn registry_error(error: &orlop_distribution::Error) -> CliError {
    let hint = error.hint();
    let error = CliError::new(chain(error)).detail(error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

impl From<orlop_image::Error> for CliError {
    fn from(error: orlop_image::Error) -> Self {
        let hint = error.hint();
        let error = Self::new(chain(&error)).detail(&error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<orlop_oci::ReferenceError> for CliError {
    fn from(error: orlop_oci::ReferenceError) -> Self {
        Self::new(error.to_string())
    }
}
