//! Keys and certificates, whatever is in them. Also a fuzz target: `fuzz/src/bin/keys.rs`.

use jiff::{SignedDuration, Timestamp};
use orlop_access::{CertificateNames, PublicKeys, TokenVerifier};

/// A file of keys, a certificate: read, or refused in one line that shows none of it; a token that
/// nobody signed holds with no key.
pub(crate) fn check(data: &[u8]) {
    let _ = CertificateNames::from_der(data);
    let keys = match PublicKeys::parse(data) {
        Ok(keys) => keys,
        Err(reason) => {
            assert!(!reason.contains('\n') && reason.len() < 1024, "{reason}");
            return;
        }
    };
    let verifier = TokenVerifier {
        keys,
        issuer: "i".into(),
        audience: "a".into(),
        kind: None,
        leeway: SignedDuration::ZERO,
    };
    // {"alg":"ES256"} and the like, {"iss":"i","aud":"a","exp":9e9}
    for header in [
        "eyJhbGciOiJFUzI1NiJ9",
        "eyJhbGciOiJFZERTQSJ9",
        "eyJhbGciOiJSUzI1NiJ9",
    ] {
        let claims = "eyJpc3MiOiJpIiwiYXVkIjoiYSIsImV4cCI6OWU5fQ";
        for signature in ["", &"A".repeat(86), &"A".repeat(342)] {
            let token = format!("{header}.{claims}.{signature}");
            assert!(verifier.verify(&token, Timestamp::UNIX_EPOCH).is_err());
        }
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("keys", 5, check);
}
