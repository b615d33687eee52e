//! Tokens, scopes and headers, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/tokens.rs`.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use orlop_access::{
    Access, Authorization, Claims, Credentials, MAX_SCOPES, MAX_TOKEN_LEN, PublicKeys, Resource,
    TokenRequest, TokenVerifier, parse_authorization, parse_scope, parse_scopes,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::Value;

/// One text as each of them: whatever was read holds what it promises, and a token that we didn't
/// sign is worth nothing.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_scope(&text);
    check_scopes(&text);
    check_header(&text);
    let _ = TokenRequest::from_query(&text, Credentials::default());
    if let Ok(request) = TokenRequest::from_form(data, Credentials::default()) {
        assert!(request.scopes.len() <= MAX_SCOPES);
    }
    assert!(signer().verifier.verify(&text, now()).is_err());
    check_signed(data);
    check_changed(data);
}

/// A token that holds, with some of its bytes changed: pairs of a place and of what it is changed by.
fn check_changed(data: &[u8]) {
    let Signer {
        token, verifier, ..
    } = signer();
    assert!(verifier.verify(token, now()).is_ok());
    let mut changed = token.clone().into_bytes();
    for pair in data.chunks_exact(2).take(8) {
        let place = usize::from(pair[0]) * changed.len() / 256;
        changed[place] ^= pair[1];
    }
    let changed = String::from_utf8_lossy(&changed);
    assert!(
        changed == *token || verifier.verify(&changed, now()).is_err(),
        "{changed}"
    );
}

/// Two lines, a header and claims, under a signature that holds.
fn check_signed(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (header, claims) = (&data[..end], &data[end + 1..]);
    let Signer { key, verifier, .. } = signer();
    let token = signed(key, header, claims);
    let Ok(read) = verifier.verify(&token, now()) else {
        return;
    };
    assert!(token.len() <= MAX_TOKEN_LEN);
    for part in [header, claims] {
        assert!(part.trim_ascii_start().starts_with(b"{"));
    }
    check_claims(&read);
    if let Ok(header) = serde_json::from_slice::<Value>(header) {
        let has = |name: &str| header.get(name).is_some_and(|value| !value.is_null());
        assert!(
            !["crit", "jwk", "jku", "x5u"].into_iter().any(has),
            "{header}"
        );
        assert_eq!(header["alg"], "ES256");
    }
    if let Ok(claims) = serde_json::from_slice::<Value>(claims) {
        assert_eq!(claims["iss"], "i");
    }
}

fn check_claims(claims: &Claims) {
    let now = now().as_second();
    assert!(claims.exp > now && claims.nbf.is_none_or(|from| from <= now));
    assert!(claims.iss == "i" && claims.aud.iter().any(|aud| aud == "a"));
    for access in &claims.access {
        check_access(access);
    }
}

fn check_scope(text: &str) {
    if let Ok(access) = parse_scope(text) {
        check_access(&access);
        if let Resource::Repository(name) = &access.resource {
            assert!(text.contains(name));
        }
    }
}

fn check_scopes(text: &str) {
    let mut scopes = Vec::new();
    if parse_scopes(text, &mut scopes).is_err() {
        return;
    }
    assert!(scopes.len() <= MAX_SCOPES);
    for (index, access) in scopes.iter().enumerate() {
        let others = &scopes[index + 1..];
        assert!(others.iter().all(|other| other.resource != access.resource));
    }
    let before = scopes.clone();
    parse_scopes(text, &mut scopes).expect("nothing is added");
    assert_eq!(scopes, before);
}

/// It is written as it was read, as a scope and as a claim.
fn check_access(access: &Access) {
    let claim = serde_json::to_string(access).expect("texts are written");
    let again: Access = serde_json::from_str(&claim).expect("it was written by us");
    assert_eq!(again.resource, access.resource);
    if let Resource::Repository(name) = &access.resource {
        let fine = |part: &str| !part.is_empty() && !part.starts_with('.');
        assert!(name.len() <= 255 && name.split('/').all(fine), "{name}");
        assert_eq!(&again, access);
        assert_eq!(parse_scope(&access.to_string()).as_ref(), Ok(access));
    }
}

fn check_header(text: &str) {
    match parse_authorization(text) {
        Ok(Authorization::Basic { user, password }) => {
            assert!((1..=255).contains(&user.len()) && !user.contains(':'));
            assert!(!user.contains(char::is_control) && !password.expose().contains('\0'));
            let usual = STANDARD.encode(format!("{user}:{}", password.expose()));
            let again = parse_authorization(&format!("Basic {usual}")).map(|again| match again {
                Authorization::Basic { user, password } => (user, password.expose().to_owned()),
                Authorization::Bearer(_) => unreachable!("it says Basic"),
            });
            assert_eq!(again, Ok((user, password.expose().to_owned())));
        }
        Ok(Authorization::Bearer(token)) => {
            assert!((1..=MAX_TOKEN_LEN).contains(&token.len()) && text.contains(token));
        }
        Err(_) => {}
    }
}

fn signed(key: &EcdsaKeyPair, header: &[u8], claims: &[u8]) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(&SystemRandom::new(), message.as_bytes());
    let signature = signature.expect("there are random numbers");
    format!("{message}.{}", encode(signature.as_ref()))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_777_636_800).expect("it is in range")
}

struct Signer {
    key: EcdsaKeyPair,
    verifier: TokenVerifier,
    /// One that holds.
    token: String,
}

/// A key made now: nothing depends on which.
fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key is made");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("it is one");
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = serde_json::json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
        let keys = serde_json::json!({ "keys": [jwk] }).to_string();
        let verifier = TokenVerifier {
            keys: PublicKeys::parse(keys.as_bytes()).expect("it is a key"),
            issuer: "i".into(),
            audience: "a".into(),
            kind: None,
            leeway: SignedDuration::ZERO,
        };
        let claims = br#"{"iss":"i","aud":"a","exp":1777636900}"#;
        let token = signed(&key, br#"{"alg":"ES256"}"#, claims);
        Signer {
            key,
            verifier,
            token,
        }
    })
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("tokens", 3, check);
}
