//! TLS: certificates from files, read again when they change.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::error::ServerError;
use crate::options::TlsOptions;

/// What tells that a file has changed.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// The files, and what was read from them last.
pub(crate) struct Tls {
    options: TlsOptions,
    current: Mutex<(Arc<ServerConfig>, Stamp)>,
}

impl Tls {
    pub(crate) fn open(options: TlsOptions) -> Result<Self, ServerError> {
        let current = Mutex::new(read(&options)?);
        Ok(Self { options, current })
    }

    /// What connections are to be taken with.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.0)
    }

    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let read = read(&self.options)?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// Reads the files when they aren't what was read. While they can't be used, every look tries
    /// again: certificate and key are seldom written in the same moment.
    pub(crate) fn reload_if_changed(&self) -> Result<bool, ServerError> {
        let stamp = stamp(&self.options);
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = current.1 != stamp;
        drop(current);
        if changed {
            self.reload()?;
        }
        Ok(changed)
    }
}

impl TlsOptions {
    /// Reads the files, without use of them.
    ///
    /// # Errors
    /// A file that can't be used.
    pub fn check(&self) -> Result<(), ServerError> {
        read(self).map(drop)
    }
}

fn stamp(options: &TlsOptions) -> Stamp {
    let files = [
        Some(&options.certificate),
        Some(&options.key),
        options.client_authorities.as_ref(),
    ];
    let stamp = |path: &std::path::PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.into_iter().flatten().map(stamp).collect()
}

/// The stamp is taken before the files are read: a change in between is seen at the next look.
fn read(options: &TlsOptions) -> Result<(Arc<ServerConfig>, Stamp), ServerError> {
    let stamp = stamp(options);
    let tls = |error: &dyn std::fmt::Display| ServerError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificates = certificates(&options.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes(&options.key)?);
    let key = key.map_err(|error| pem(&options.key, &error))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| tls(&error))?;
    let builder = match &options.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in self::certificates(path)? {
                roots.add(certificate).map_err(|error| pem(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if options.client_required {
                verifier
            } else {
                verifier.allow_unauthenticated()
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| tls(&error))?)
        }
    };
    let config = builder.with_single_cert(certificates, key);
    let mut config = config.map_err(|error| tls(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), stamp))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let bytes = bytes(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|error| pem(path, &error))?;
    if certificates.is_empty() {
        return Err(pem(path, &"there is no certificate in it"));
    }
    Ok(certificates)
}

fn bytes(path: &Path) -> Result<Vec<u8>, ServerError> {
    fs::read(path).map_err(|source| ServerError::File {
        path: path.to_owned(),
        source,
    })
}

fn pem(path: &Path, reason: &dyn std::fmt::Display) -> ServerError {
    ServerError::Pem {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
