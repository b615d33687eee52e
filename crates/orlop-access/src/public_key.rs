//! Public keys that tokens are verified with.
//!
//! A key knows its one algorithm: a token says which key it means, never how it is to be verified.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orlop_oci::json::{self, Object};
use ring::digest::{SHA256, digest};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde::Deserialize;
use serde_json::{Value, json};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// Most keys of one file.
const MAX_KEYS: usize = 64;
/// Least length of an RSA modulus, in bytes.
const MIN_RSA_LEN: usize = 256;
const MAX_RSA_LEN: usize = 1024;

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Rs256,
    EdDsa,
}

impl Algorithm {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// The names that a token may call it by. One of a JWKS document has the one it has there;
    /// without, and in PEM, a key has the names that can be computed from it.
    pub(crate) ids: Vec<String>,
    /// Nobody gave it a name, so a token may call it by one that we don't know.
    pub(crate) unnamed: bool,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// An uncompressed point on P-256.
    Ec(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// A point on P-256 that we made, uncompressed.
    pub(crate) fn p256(point: &[u8]) -> Self {
        let material = Material::Ec(point.to_vec());
        Self {
            ids: vec![material.thumbprint()],
            unnamed: false,
            material,
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Ec(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// The signature is this key's, over this message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.material {
            Material::Ec(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
            }
            Material::Ed25519(point) => {
                UnparsedPublicKey::new(&signature::ED25519, point).verify(message, signature)
            }
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        };
        verified.is_ok()
    }

    /// As it stands in a JWKS document.
    pub(crate) fn to_jwk(&self) -> Value {
        let mut jwk = self.material.members();
        jwk["kid"] = json!(self.ids.first());
        jwk["alg"] = json!(self.algorithm().as_str());
        jwk["use"] = json!("sig");
        jwk
    }
}

impl Material {
    /// The members that RFC 7638 hashes, in its order.
    fn members(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(point) => {
                let (x, y) = point[1..].split_at(32);
                json!({"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)})
            }
            Self::Ed25519(x) => json!({"crv": "Ed25519", "kty": "OKP", "x": encode(x)}),
            Self::Rsa { n, e } => json!({"e": encode(e), "kty": "RSA", "n": encode(n)}),
        }
    }

    /// RFC 7638.
    fn thumbprint(&self) -> String {
        let text = self.members().to_string();
        URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }

    fn checked(self) -> Result<Self, String> {
        let fits = match &self {
            Self::Ec(point) => point.len() == 65 && point[0] == 4,
            Self::Ed25519(point) => point.len() == 32,
            Self::Rsa { n, e } => {
                if (1..MIN_RSA_LEN).contains(&n.len()) {
                    return Err("an RSA key of less than 2048 bits".to_owned());
                }
                n.len() <= MAX_RSA_LEN && (1..=8).contains(&e.len())
            }
        };
        if fits {
            Ok(self)
        } else {
            Err("a key of a wrong length".to_owned())
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    fn from_spki(der: &[u8]) -> Result<Self, String> {
        let broken = |_| "a broken public key".to_owned();
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(broken)?;
        let bits = info.subject_public_key.as_bytes().unwrap_or_default();
        let algorithm = &info.algorithm;
        if algorithm.oid == rfc8410::ID_ED_25519 {
            return Self::Ed25519(bits.to_vec()).checked();
        }
        if algorithm.oid == rfc5912::RSA_ENCRYPTION {
            let mut reader = SliceReader::new(bits).map_err(broken)?;
            let rsa = reader.sequence(|inner| {
                let n = UintRef::decode(inner)?.as_bytes().to_vec();
                let e = UintRef::decode(inner)?.as_bytes().to_vec();
                Ok::<_, x509_cert::der::Error>(Self::Rsa { n, e })
            });
            return rsa.map_err(broken)?.checked();
        }
        let curve = algorithm
            .parameters
            .and_then(|parameters| ObjectIdentifier::try_from(parameters).ok());
        if algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY && curve == Some(rfc5912::SECP_256_R_1) {
            return Self::Ec(bits.to_vec()).checked();
        }
        Err("a key that is neither RSA nor P-256 nor Ed25519".to_owned())
    }
}

/// The public keys of a token service.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    pub(crate) fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Reads a JWKS document (when it begins with a brace) or PEM with certificates and public keys.
    /// Fails with the reason when there is none in it, or one that is broken, weak or secret.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let keys = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => from_jwks(bytes)?,
            _ => from_pem(bytes)?,
        };
        match keys.len() {
            0 => Err("no key that signs with RS256, ES256 or EdDSA is in it".to_owned()),
            1..=MAX_KEYS => Ok(Self(keys)),
            _ => Err(format!("more than {MAX_KEYS} keys are in it")),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a token may mean: the ones of that name; else those that have none of their own.
    pub(crate) fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a PublicKey> {
        let named = move |key: &PublicKey| id.is_some_and(|id| key.ids.iter().any(|own| own == id));
        let some_named = self.0.iter().any(&named);
        self.0.iter().filter(move |key| {
            if some_named {
                named(key)
            } else {
                key.unnamed || id.is_none()
            }
        })
    }

    /// A JWKS document.
    pub(crate) fn to_jwks(&self) -> Value {
        let keys: Vec<_> = self.0.iter().map(PublicKey::to_jwk).collect();
        json!({ "keys": keys })
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Object<Jwk>>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<serde::de::IgnoredAny>,
    k: Option<serde::de::IgnoredAny>,
}

fn from_jwks(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let document: Jwks =
        json::from_slice(bytes).map_err(|error| format!("not a JWKS document: {error}"))?;
    let mut keys = Vec::new();
    for (index, Object(jwk)) in document.keys.into_iter().enumerate() {
        if let Some(key) = from_jwk(jwk).map_err(|reason| format!("key {index}: {reason}"))? {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// `None` for a key that isn't for signatures that we know.
fn from_jwk(jwk: Jwk) -> Result<Option<PublicKey>, String> {
    if jwk.d.is_some() || jwk.k.is_some() {
        return Err("it is a secret key; only public ones belong here".to_owned());
    }
    if jwk
        .purpose
        .as_deref()
        .is_some_and(|purpose| purpose != "sig")
    {
        return Ok(None);
    }
    let part = |text: &Option<String>, name: &str| {
        let text = text.as_ref().ok_or_else(|| format!("{name} is missing"))?;
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
        bytes.map_err(|_| format!("{name} isn't base64 of the URL alphabet"))
    };
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some("P-256")) => {
            let (x, y) = (part(&jwk.x, "x")?, part(&jwk.y, "y")?);
            if (x.len(), y.len()) != (32, 32) {
                return Err("a coordinate has a wrong length".to_owned());
            }
            Material::Ec([&[4][..], &x, &y].concat())
        }
        ("OKP", Some("Ed25519")) => Material::Ed25519(part(&jwk.x, "x")?),
        ("RSA", _) => {
            let strip = |bytes: Vec<u8>| {
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                bytes[zeros..].to_vec()
            };
            Material::Rsa {
                n: strip(part(&jwk.n, "n")?),
                e: strip(part(&jwk.e, "e")?),
            }
        }
        _ => return Ok(None),
    };
    let material = material.checked()?;
    let unnamed = jwk.kid.is_none();
    let key = PublicKey {
        ids: vec![jwk.kid.unwrap_or_else(|| material.thumbprint())],
        unnamed,
        material,
    };
    // RS512, PS256: another use of the same key.
    let fits = jwk.alg.is_none_or(|alg| alg == key.algorithm().as_str());
    Ok(Some(key).filter(|_| fits))
}

fn from_pem(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let mut keys = Vec::new();
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = block.map_err(|_| "neither a JWKS document nor PEM".to_owned())?;
        let number = keys.len() + 1;
        let spki = match kind {
            SectionKind::PublicKey => der,
            SectionKind::Certificate => spki_of(&der)
                .map_err(|reason| format!("certificate {number} of the file: {reason}"))?,
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                return Err("a secret key is in it; only public ones belong here".to_owned());
            }
            _ => continue,
        };
        let material = Material::from_spki(&spki)
            .map_err(|reason| format!("key {number} of the file is {reason}"))?;
        keys.push(PublicKey {
            ids: vec![material.thumbprint(), libtrust_id(&spki)],
            unnamed: true,
            material,
        });
    }
    Ok(keys)
}

fn spki_of(certificate: &[u8]) -> Result<Vec<u8>, String> {
    let certificate =
        x509_cert::Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let spki = certificate.tbs_certificate().subject_public_key_info();
    spki.to_der().map_err(|error| error.to_string())
}

/// The name that Docker's libtrust gives a key, and that token services still use: 240 bits of the
/// SHA-256 in base32, in groups of four.
fn libtrust_id(spki: &[u8]) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hash = digest(&SHA256, spki);
    let mut id = String::new();
    for (index, five) in hash.as_ref()[..30].chunks(5).enumerate() {
        let bits = five
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for letter in 0..8 {
            if letter % 4 == 0 && index + letter > 0 {
                id.push(':');
            }
            let value = bits >> (35 - 5 * letter) & 31;
            id.write_char(char::from(BASE32[value as usize]))
                .expect("a text can be written to");
        }
    }
    id
}

#[cfg(test)]
#[path = "public_key_tests.rs"]
mod tests;
