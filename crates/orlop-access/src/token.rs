//! Signed tokens: compact JWS (RFC 7515) with the claims of Docker's token protocol.
//!
//! Our own, on *ring*: the library of the field (`jsonwebtoken`) is for ring only in a version that
//! is kept no more; the current one takes aws-lc, or an RSA implementation with a known timing leak,
//! or a provider that is set for the whole process. What is left of it is what a registry needs, and
//! each of its refusals is a line here: one algorithm per key, no key from the token, no extension,
//! nothing before the signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use orlop_oci::json;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Access;
use crate::public_key::{Algorithm, PublicKeys};

/// Longest token that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;
/// Most grants in one token.
const MAX_ACCESS: usize = 1024;

/// Why a token doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is longer than [`MAX_TOKEN_LEN`].
    #[error("too long")]
    TooLong,
    /// It isn't a signed token.
    #[error("malformed")]
    Malformed,
    /// It brings its own key, or says where to get one.
    #[error("it brings its own key")]
    OwnKey,
    /// It wants an extension to be understood.
    #[error("it has critical extensions")]
    Critical,
    /// It is of another kind (a refresh token in place of an access token).
    #[error("it is of another kind")]
    Kind,
    /// No key of ours goes by that name.
    #[error("unknown key")]
    UnknownKey,
    /// It isn't signed the way the key signs (`none`, for one).
    #[error("not the algorithm of the key")]
    Algorithm,
    /// The signature doesn't hold.
    #[error("wrong signature")]
    Signature,
    /// The signature holds, but what it signs can't be read.
    #[error("unreadable claims")]
    Claims,
    /// Somebody else issued it.
    #[error("another issuer")]
    Issuer,
    /// It is for another registry.
    #[error("another audience")]
    Audience,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It doesn't hold yet.
    #[error("not valid yet")]
    NotYet,
    /// Who it is for is there no more, or has got another password.
    #[error("its subject is gone or has changed")]
    Subject,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for; empty for nobody in particular.
    #[serde(default)]
    pub sub: String,
    /// Which registries it is for.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// Until when it holds, in seconds of Unix.
    #[serde(deserialize_with = "seconds")]
    pub exp: i64,
    /// From when on.
    #[serde(default, deserialize_with = "maybe_seconds")]
    pub nbf: Option<i64>,
    /// When it was issued.
    #[serde(default, deserialize_with = "maybe_seconds")]
    pub iat: Option<i64>,
    /// What it is good for.
    #[serde(default)]
    pub access: Vec<Access>,
    /// In our own: what kind of account `sub` is.
    #[serde(default)]
    pub(crate) kind: Option<Kind>,
    /// In our own: the state of the account that it is bound to.
    #[serde(default)]
    pub(crate) bound: Option<String>,
}

/// What kind of account a token of our own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Anonymous,
    User,
    FirstAdmin,
    Robot,
    Certificate,
}

/// Verifies tokens. Pure: the time is told.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    /// The keys that may have signed.
    pub keys: PublicKeys,
    /// Who must have issued (`iss`).
    pub issuer: String,
    /// Whom it must be for (`aud`).
    pub audience: String,
    /// What kind of token it must be (`typ`); any when `None`.
    pub kind: Option<&'static str>,
    /// How far clocks may be apart.
    pub leeway: SignedDuration,
}

impl TokenVerifier {
    /// Verifies a token: its form, its signature, then what it says.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let payload = self.open(token)?;
        let claims: Claims = read(payload).map_err(|_| TokenFault::Claims)?;
        if claims.access.len() > MAX_ACCESS {
            return Err(TokenFault::Claims);
        }
        if claims.iss != self.issuer {
            return Err(TokenFault::Issuer);
        }
        if !claims.aud.contains(&self.audience) {
            return Err(TokenFault::Audience);
        }
        self.check_time(&claims, now)?;
        Ok(claims)
    }

    /// The token holds at this time. `nbf` may be ahead by the leeway, and `exp` behind.
    pub fn check_time(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
        let (now, leeway) = (now.as_second(), self.leeway.as_secs());
        if claims.exp.saturating_add(leeway) <= now {
            return Err(TokenFault::Expired);
        }
        let from = claims.nbf.unwrap_or(i64::MIN);
        if from.saturating_sub(leeway) > now {
            return Err(TokenFault::NotYet);
        }
        Ok(())
    }

    /// The payload of a token whose signature holds.
    fn open<'a>(&self, token: &'a str) -> Result<&'a str, TokenFault> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
        if payload.contains('.') {
            return Err(TokenFault::Malformed);
        }
        let header: Header = read(header)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenFault::Malformed)?;
        header.check(self.kind)?;
        let mut fault = TokenFault::UnknownKey;
        for key in self.keys.candidates(header.kid.as_deref()) {
            if header.alg != key.algorithm().as_str() {
                fault = TokenFault::Algorithm;
            } else if key.verifies(message.as_bytes(), &signature) {
                return Ok(payload);
            } else {
                fault = TokenFault::Signature;
            }
        }
        Err(fault)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
}

impl Header {
    /// `x5c` is let be and never looked at: services send it beside a key that we were given.
    fn check(&self, kind: Option<&str>) -> Result<(), TokenFault> {
        if self.crit.is_some() {
            return Err(TokenFault::Critical);
        }
        if self.jwk.is_some() || self.jku.is_some() || self.x5u.is_some() {
            return Err(TokenFault::OwnKey);
        }
        match kind {
            Some(kind) if self.typ.as_deref() != Some(kind) => Err(TokenFault::Kind),
            _ => Ok(()),
        }
    }
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    let value = bytes.and_then(|bytes| json::from_slice(&bytes).ok());
    value.ok_or(TokenFault::Malformed)
}

/// What is signed: header and claims, encoded.
pub(crate) fn message(kind: &str, key: &str, claims: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'static str,
        typ: &'a str,
        kid: &'a str,
    }
    let header = Header {
        alg: Algorithm::Es256.as_str(),
        typ: kind,
        kid: key,
    };
    let encode = |json: serde_json::Result<Vec<u8>>| {
        URL_SAFE_NO_PAD.encode(json.expect("texts and numbers are written"))
    };
    let header = encode(serde_json::to_vec(&header));
    let claims = encode(serde_json::to_vec(claims));
    format!("{header}.{claims}")
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

/// A NumericDate (RFC 7519, 2): seconds, which may have a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Ok(whole),
        #[expect(clippy::cast_possible_truncation, reason = "a float saturates")]
        (None, Some(float)) if float.is_finite() => Ok(float as i64),
        _ => Err(serde::de::Error::custom("not a date")),
    }
}

fn maybe_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    struct Seconds(#[serde(deserialize_with = "seconds")] i64);
    Ok(Option::<Seconds>::deserialize(deserializer)?.map(|s| s.0))
}
