//! Names in client certificates.
//!
//! TLS verifies a certificate; what is left is to read names from it and to find the one that is
//! configured for them. A certificate whose names nobody configured is nobody.

use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::{Decode, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::{AccessError, CertificateRule};

/// The names in a client certificate that TLS has verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateNames {
    /// The subject's common name.
    pub common_name: Option<String>,
    /// Alternative DNS names.
    pub dns: Vec<String>,
    /// Alternative mail addresses.
    pub emails: Vec<String>,
    /// Alternative URIs.
    pub uris: Vec<String>,
}

/// The bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct CertificateError(String);

impl CertificateNames {
    /// Reads the names from a certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let broken = |error: x509_cert::der::Error| CertificateError(error.to_string());
        let certificate = Certificate::from_der(der).map_err(broken)?;
        let certificate = certificate.tbs_certificate();
        let mut names = Self {
            common_name: common_name(certificate.subject()),
            ..Self::default()
        };
        let alternative = certificate
            .get_extension::<SubjectAltName>()
            .map_err(broken)?;
        for name in alternative.map(|(_, names)| names.0).unwrap_or_default() {
            match name {
                GeneralName::DnsName(name) => names.dns.push(name.to_string()),
                GeneralName::Rfc822Name(name) => names.emails.push(name.to_string()),
                GeneralName::UniformResourceIdentifier(uri) => names.uris.push(uri.to_string()),
                _ => {}
            }
        }
        Ok(names)
    }

    /// The name that the first rule gives whose conditions all hold.
    pub(crate) fn name(&self, rules: &[CertificateRule]) -> Option<String> {
        let rule = rules.iter().find(|rule| self.fits(rule))?;
        rule.name().map(str::to_owned)
    }

    fn fits(&self, rule: &CertificateRule) -> bool {
        let among = |wanted: &Option<String>, names: &[String]| {
            wanted.as_ref().is_none_or(|wanted| names.contains(wanted))
        };
        let common_name = rule.common_name.as_ref();
        common_name.is_none_or(|wanted| self.common_name.as_ref() == Some(wanted))
            && among(&rule.dns, &self.dns)
            && among(&rule.email, &self.emails)
            && among(&rule.uri, &self.uris)
    }
}

/// The common name, when there is exactly one: with two, it would depend on the reader who it is.
fn common_name(subject: &x509_cert::name::Name) -> Option<String> {
    let mut found = subject
        .iter()
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .filter_map(|attribute| {
            use x509_cert::der::Tag;
            let value = &attribute.value;
            match value.tag() {
                Tag::Utf8String => Utf8StringRef::try_from(value).ok().map(|s| s.to_string()),
                Tag::PrintableString => PrintableStringRef::try_from(value)
                    .ok()
                    .map(|s| s.to_string()),
                Tag::Ia5String => Ia5StringRef::try_from(value).ok().map(|s| s.to_string()),
                Tag::TeletexString => TeletexStringRef::try_from(value)
                    .ok()
                    .map(|s| s.to_string()),
                _ => None,
            }
        });
    match (found.next(), found.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}

impl CertificateRule {
    /// The name that it gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.common_name.as_deref())
    }
}

/// Every rule has a condition, and a name.
pub(crate) fn check_rules(rules: &[CertificateRule]) -> Result<(), AccessError> {
    for (index, rule) in rules.iter().enumerate() {
        let conditions = [&rule.common_name, &rule.dns, &rule.email, &rule.uri];
        let reason = if conditions.iter().all(|condition| condition.is_none()) {
            "needs common_name, dns, email or uri"
        } else if rule.name.is_none() && rule.common_name.is_none() {
            "needs a name"
        } else {
            continue;
        };
        return Err(AccessError::setting(
            format!("certificates[{index}]"),
            reason,
        ));
    }
    Ok(())
}
