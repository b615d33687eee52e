//! A registry's own certificate, trusted as it is.
//!
//! `openssl req -x509` marks what it makes as an authority, and docker's documentation has people
//! give that one file both to the registry and to its clients. Path building refuses an authority as
//! a server's certificate (webpki, "CaUsedAsEndEntity"); Go doesn't when the certificate itself is
//! among the roots. So it is with us, for certificates that the configuration names for a registry:
//! the same bytes, the right name, the right time.

use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier as _};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Takes what a chain to a root proves, and a server's certificate that is itself trusted.
#[derive(Debug)]
pub(super) struct OwnOrChain {
    /// Chains to the roots, the system's and the registry's.
    pub(super) chain: Arc<WebPkiServerVerifier>,
    /// The certificates that the configuration names for the registry.
    pub(super) own: Vec<CertificateDer<'static>>,
}

impl OwnOrChain {
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.own.iter().any(|own| own == end_entity) {
            let chain = &self.chain;
            return chain.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        verify_time(end_entity, now)?;
        Ok(ServerCertVerified::assertion())
    }
}

/// RFC 5280 section 4.1.2.5: both ends belong to the time.
fn verify_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let validity = parsed.tbs_certificate().validity();
    let second = now.as_secs();
    let wrong = if second < validity.not_before.to_unix_duration().as_secs() {
        CertificateError::NotValidYet
    } else if second > validity.not_after.to_unix_duration().as_secs() {
        CertificateError::Expired
    } else {
        return Ok(());
    };
    Err(Error::InvalidCertificate(wrong))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use orlop_testing::Certificates;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn it_has_its_time() {
        let Some(certificates) = Certificates::self_signed() else {
            return;
        };
        let certificate = CertificateDer::from_pem_file(certificates.server_certificate()).unwrap();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        let at = |time| verify_time(&certificate, UnixTime::since_unix_epoch(time));
        assert_eq!(at(now), Ok(()));
        let wrong = |error| Err(Error::InvalidCertificate(error));
        assert_eq!(at(now - day), wrong(CertificateError::NotValidYet));
        assert_eq!(at(now + 3 * day), wrong(CertificateError::Expired));
    }
}
