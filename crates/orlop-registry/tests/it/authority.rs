//! A certificate authority of a test's own, and connections that its certificates open.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use orlop_registry::TlsOptions;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::client::{Connection, dial};

/// A connection behind TLS.
pub(crate) type Secured = Connection<StreamOwned<ClientConnection, TcpStream>>;

/// An authority that both sides believe.
pub(crate) struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    roots: RootCertStore,
}

fn named(common_name: &str, alternative: &[&str]) -> CertificateParams {
    let alternative: Vec<_> = alternative.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(alternative).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named("test authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let authority = Self {
            folder: tempfile::tempdir().unwrap(),
            issuer: Issuer::new(params, key),
            roots,
        };
        std::fs::write(authority.file("ca.pem"), certificate.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = named("server", &["localhost"]);
        let server = server.signed_by(&key, &authority.issuer).unwrap();
        std::fs::write(authority.file("server.pem"), server.pem()).unwrap();
        std::fs::write(authority.file("server.key"), key.serialize_pem()).unwrap();
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server that shows a certificate of this authority and believes those of clients, where
    /// they bring one.
    pub(crate) fn tls(&self) -> TlsOptions {
        TlsOptions {
            certificate: self.file("server.pem"),
            key: self.file("server.key"),
            client_authorities: Some(self.file("ca.pem")),
            client_required: false,
        }
    }

    /// A client that shows a certificate with this common name, or none.
    pub(crate) fn client(&self, common_name: Option<&str>) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(self.roots.clone());
        let Some(common_name) = common_name else {
            return Arc::new(builder.with_no_client_auth());
        };
        let key = KeyPair::generate().unwrap();
        let certificate = named(common_name, &[]).signed_by(&key, &self.issuer);
        let chain: Vec<CertificateDer<'static>> = vec![certificate.unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
    }
}

/// Connects as a client of an [`Authority`].
pub(crate) fn connect(client: &Arc<ClientConfig>, address: SocketAddr) -> Secured {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::clone(client), name).unwrap();
    Connection::over(StreamOwned::new(session, dial(address)))
}
