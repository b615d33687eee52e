//! Which certificates are trusted and which one is shown (TLS by rustls on ring).

mod own;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::config::RegistryConfig;
use own::OwnOrChain;
use verifier::{Demand, Verifier};

/// Where Linux distributions keep the system's certificate authorities, as one PEM file.
const SYSTEM_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The system's certificate authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustRoots {
    /// A PEM file in place of the system's (what `SSL_CERT_FILE` names).
    pub file: Option<PathBuf>,
    /// Directories with PEM files in place of the system's (what `SSL_CERT_DIR` names).
    pub directories: Vec<PathBuf>,
}

impl TrustRoots {
    /// Reads them. Certificates that can't be read are left out, as OpenSSL does.
    pub fn load(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let mut files = Vec::from_iter(self.file.clone());
        for directory in &self.directories {
            files.extend(files_with(directory, &["pem", "crt", "0"]));
        }
        if files.is_empty() {
            let found = SYSTEM_FILES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists());
            files.extend(found);
        }
        for file in files {
            if let Ok(certificates) = CertificateDer::pem_file_iter(&file) {
                store.add_parsable_certificates(certificates.flatten());
            }
        }
        store
    }
}

/// The system's roots, read when the first TLS connection is set up.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) roots: TrustRoots,
    /// Directories with a directory for each registry, as docker's `/etc/docker/certs.d`.
    pub(crate) registry_directories: Vec<PathBuf>,
    loaded: OnceLock<Arc<RootCertStore>>,
}

impl Trust {
    pub(crate) fn new(roots: TrustRoots, registry_directories: Vec<PathBuf>) -> Self {
        Self {
            roots,
            registry_directories,
            loaded: OnceLock::new(),
        }
    }

    /// Certificates of the system that can't be read are left out; those that the configuration
    /// names must be right.
    fn system(&self) -> Arc<RootCertStore> {
        let load = || Arc::new(self.roots.load());
        self.loaded.get_or_init(load).clone()
    }

    /// TLS that trusts nobody.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub(crate) fn nobody() -> Result<ClientConfig, String> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }

    /// What TLS to `host` needs. `with_identity` says whether a client certificate may be shown.
    ///
    /// # Errors
    /// In one line, naming the file, when something that the configuration names can't be used.
    pub(crate) fn client_config(
        &self,
        host: &str,
        settings: &RegistryConfig,
        with_identity: bool,
    ) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = if settings.verifies_tls() {
            self.trusting(builder, &provider, host, settings)?
        } else {
            let verifier = Verifier::new(&provider, Demand::Nothing);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        };
        match self.identity(host, settings).filter(|_| with_identity) {
            None => Ok(builder.with_no_client_auth()),
            Some((certificate, key)) => {
                let chain = read_certificates(&certificate)?;
                let secret = PrivateKeyDer::from_pem_file(&key)
                    .map_err(|error| format!("{}: {error}", key.display()))?;
                builder
                    .with_client_auth_cert(chain, secret)
                    .map_err(|error| format!("{}: {error}", certificate.display()))
            }
        }
    }

    /// Trusts the system's authorities and what the configuration names for `host`.
    fn trusting(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        provider: &Arc<CryptoProvider>,
        host: &str,
        settings: &RegistryConfig,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
        let mut files = Vec::from_iter(settings.ca.clone());
        for directory in self.directories_of(host) {
            files.extend(files_with(&directory, &["crt"]));
        }
        let system = self.system();
        if files.is_empty() {
            return Ok(builder.with_root_certificates(system));
        }
        let mut roots = RootCertStore::clone(&system);
        let mut own = Vec::new();
        for file in files {
            for certificate in read_certificates(&file)? {
                roots
                    .add(certificate.clone())
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                own.push(certificate);
            }
        }
        let roots = Arc::new(roots);
        let chain = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let demand = Demand::OwnOrChain(OwnOrChain { chain, own });
        let verifier = Verifier::new(provider, demand);
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)))
    }

    /// The client certificate and its key: `X.cert` and `X.key` in the registry's directory
    /// (docs.docker.com, "Verify repository client with certificates").
    fn identity(&self, host: &str, settings: &RegistryConfig) -> Option<(PathBuf, PathBuf)> {
        if let (Some(certificate), Some(key)) = (&settings.client_cert, &settings.client_key) {
            return Some((certificate.clone(), key.clone()));
        }
        self.directories_of(host)
            .flat_map(|directory| files_with(&directory, &["cert"]))
            .map(|certificate| {
                let key = certificate.with_extension("key");
                (certificate, key)
            })
            .find(|(_, key)| key.exists())
    }

    fn directories_of(&self, host: &str) -> impl Iterator<Item = PathBuf> {
        // The host is a registry's name by grammar: it has no slash and is neither `.` nor `..`.
        self.registry_directories
            .iter()
            .map(move |directory| directory.join(host))
    }
}

/// The files of a directory with one of these extensions, sorted; none when it can't be read.
fn files_with(directory: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let extension = path.extension().and_then(|e| e.to_str());
            extension.is_some_and(|e| extensions.contains(&e))
        })
        .collect();
    files.sort();
    files
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|error| wrong(&error))?
        .collect();
    let certificates = certificates.map_err(|error| wrong(&error))?;
    if certificates.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    Ok(certificates)
}
