//! Tokens of somebody else's service.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orlop_access::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::scene::{Scene, TestKey, config, fault, start, unsigned};

const RSA: &[u8] = include_bytes!("../data/rsa-for-tests.pk8");

/// A scene that believes the keys in this file.
async fn believing(keys: &[u8], more: &str) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    std::fs::write(&path, keys).unwrap();
    let text = format!(
        "{more}\n[external]\nrealm = \"https://auth.example/token\"\n\
         service = \"registry.example\"\nissuer = \"auth.example\"\nkeys = {path:?}\n"
    );
    let mut scene = Scene::new(config(&text)).await;
    scene.dirs.push(dir);
    scene
}

fn jwks(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn named(mut jwk: Value, id: &str) -> Value {
    jwk["kid"] = id.into();
    jwk
}

fn claims(access: Value) -> Value {
    json!({
        "iss": "auth.example", "sub": "bob", "aud": "registry.example",
        "exp": start().as_second() + 60, "access": access,
    })
}

fn pull_push(name: &str) -> Value {
    json!([{"type": "repository", "name": name, "actions": ["pull", "push"]}])
}

#[tokio::test]
async fn what_a_token_says_is_what_is_allowed() {
    let key = TestKey::new();
    let scene = believing(&jwks(&[named(key.jwk(), "k1")]), "").await;
    let header = json!({"alg": "ES256", "kid": "k1"});
    let token = key.sign(&header, &claims(pull_push("any/thing")));
    let identity = scene.bearer(&token).await.unwrap();
    assert_eq!(identity.actor().name(), "bob");
    assert_eq!(identity.proof(), Proof::ExternalToken);
    assert_eq!(scene.may(&identity, "any/thing"), "pull,push");
    assert_eq!(scene.may(&identity, "any"), "");
    assert!(!scene.control.is_admin(&identity));
    assert!(!scene.control.may_list_catalog(&identity));
    let access = json!([{"type": "registry", "class": "", "name": "catalog", "actions": ["*"]},
        {"type": "repository", "name": "a", "actions": ["*"]},
        {"type": "unknown", "name": "b", "actions": ["fly"]}]);
    let token = key.sign(&header, &claims(access));
    let identity = scene.bearer(&token).await.unwrap();
    assert!(scene.control.may_list_catalog(&identity));
    assert!(scene.control.visible(&identity, "any/thing"));
    assert_eq!(
        scene.may(&identity, "a"),
        "pull,push,delete",
        "no admin by *"
    );
    // It knows itself what to do about tokens.
    assert!(!scene.control.issues_tokens());
    assert_eq!(scene.get("", None).await.unwrap_err().status(), 404);
    assert_eq!(
        scene.control.challenge(&[], None, crate::scene::URL),
        "Bearer realm=\"https://auth.example/token\",service=\"registry.example\""
    );
    assert!(!scene.control.may_ping(&scene.anonymous().await));
}

#[tokio::test]
async fn rules_may_limit_it() {
    let key = TestKey::new();
    let rules =
        "rules = [{ repositories = [\"dev/**\"], to = [\"user:bob\"], allow = [\"pull\"] }]\n";
    let keys = jwks(&[named(key.jwk(), "k1")]);
    let free = believing(&keys, rules).await;
    let limited = believing(&keys, rules).await;
    let mut text = config(rules);
    text.external = Some(ExternalConfig {
        realm: "https://auth.example/token".into(),
        service: "registry.example".into(),
        issuer: "auth.example".into(),
        keys: limited.dirs[1].path().join("keys"),
        with_rules: true,
        leeway: jiff::SignedDuration::ZERO,
    });
    limited.control.reload(text).await.unwrap();
    let header = json!({"alg": "ES256", "kid": "k1"});
    for (name, without, with) in [("dev/app", "pull,push", "pull"), ("other", "pull,push", "")] {
        let token = key.sign(&header, &claims(pull_push(name)));
        let identity = free.bearer(&token).await.unwrap();
        assert_eq!(free.may(&identity, name), without);
        let identity = limited.bearer(&token).await.unwrap();
        assert_eq!(limited.may(&identity, name), with);
    }
}

#[tokio::test]
async fn each_algorithm() {
    let random = SystemRandom::new();
    let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
    let rsa = RsaKeyPair::from_pkcs8(RSA).unwrap();
    let ec = TestKey::new();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public: ring::rsa::PublicKeyComponents<Vec<u8>> = rsa.public().into();
    let keys = [
        named(ec.jwk(), "ec"),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(ed.public_key().as_ref())}),
        json!({"kty": "RSA", "kid": "rsa", "n": encode(&public.n), "e": encode(&public.e)}),
    ];
    let scene = believing(&jwks(&keys), "").await;
    let body = claims(pull_push("a"));
    for id in ["ec", "ed", "rsa"] {
        for alg in ["ES256", "EdDSA", "RS256", "RS384", "PS256", "HS256", "none"] {
            let header = json!({"alg": alg, "kid": id});
            let message = unsigned(&header, &body);
            let signature = match id {
                "ed" => ed.sign(message.as_bytes()).as_ref().to_vec(),
                "rsa" => {
                    let mut signature = vec![0; rsa.public().modulus_len()];
                    rsa.sign(
                        &RSA_PKCS1_SHA256,
                        &random,
                        message.as_bytes(),
                        &mut signature,
                    )
                    .unwrap();
                    signature
                }
                _ => {
                    let token = ec.sign(&header, &body);
                    let signature = token.rsplit('.').next().unwrap();
                    URL_SAFE_NO_PAD.decode(signature).unwrap()
                }
            };
            let token = format!("{message}.{}", encode(&signature));
            let right = matches!(
                (id, alg),
                ("ec", "ES256") | ("ed", "EdDSA") | ("rsa", "RS256")
            );
            let result = scene.bearer(&token).await;
            if right {
                assert_eq!(scene.may(&result.unwrap(), "a"), "pull,push");
            } else {
                assert_eq!(fault(result), TokenFault::Algorithm, "{id} {alg}");
            }
            // A key may not be called by another's name.
            let header = json!({"alg": alg, "kid": "other"});
            let token = format!("{}.{}", unsigned(&header, &body), encode(&signature));
            assert_eq!(fault(scene.bearer(&token).await), TokenFault::UnknownKey);
        }
    }
}

/// A bundle of certificates, as for CNCF distribution's `rootcertbundle`.
#[tokio::test]
async fn certificates_in_pem() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    let bundle = format!("# ours\n{}{}", other.cert.pem(), certificate.pem());
    let scene = believing(bundle.as_bytes(), "").await;
    let signer = TestKey::from_pkcs8(&key.serialize_der());
    let body = claims(pull_push("a"));
    let chain = json!(["AAAA"]);
    for header in [
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "kid": signer.thumbprint()}),
        // One that the service thought of, and that PEM can't tell.
        json!({"alg": "ES256", "kid": "2026-05", "typ": "JWT", "x5c": chain}),
    ] {
        let token = signer.sign(&header, &body);
        let identity = scene.bearer(&token).await.unwrap();
        assert_eq!(scene.may(&identity, "a"), "pull,push", "{header}");
        let forged = TestKey::new().sign(&header, &body);
        assert_eq!(fault(scene.bearer(&forged).await), TokenFault::Signature);
    }
}

#[tokio::test]
async fn a_key_in_the_token_is_refused() {
    let (key, mine) = (TestKey::new(), TestKey::new());
    let scene = believing(&jwks(&[key.jwk()]), "").await;
    let body = claims(pull_push("a"));
    let header = json!({"alg": "ES256", "jwk": mine.jwk()});
    let token = mine.sign(&header, &body);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::OwnKey);
    let attacker = rcgen::generate_simple_self_signed(["auth.example".to_owned()]).unwrap();
    let signer = TestKey::from_pkcs8(&attacker.signing_key.serialize_der());
    let chain = base64::engine::general_purpose::STANDARD.encode(attacker.cert.der());
    let token = signer.sign(&json!({"alg": "ES256", "x5c": [chain]}), &body);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Signature);
}

#[tokio::test]
async fn claims_must_fit() {
    let key = TestKey::new();
    let scene = believing(&jwks(&[key.jwk()]), "").await;
    for (member, value, expected) in [
        ("iss", json!("orlop"), TokenFault::Issuer),
        ("aud", json!("orlop"), TokenFault::Audience),
        ("exp", json!(start().as_second() - 60), TokenFault::Expired),
        ("nbf", json!(start().as_second() + 61), TokenFault::NotYet),
        ("sub", json!("a\nb"), TokenFault::Claims),
        ("sub", json!("a".repeat(300)), TokenFault::Claims),
    ] {
        let mut body = claims(pull_push("a"));
        body[member] = value;
        let token = key.sign(&json!({"alg": "ES256"}), &body);
        assert_eq!(fault(scene.bearer(&token).await), expected, "{member}");
    }
    // Others are fine: `sub` of a workload, dates with a fraction, a list.
    let mut body = claims(Value::Null);
    body["access"] = json!([]);
    body["sub"] = "repo:org/app:ref:refs/heads/main".into();
    body["nbf"] = json!(start().as_second() as f64 + 0.5);
    body["aud"] = json!(["x", "registry.example"]);
    let token = key.sign(&json!({"alg": "ES256"}), &body);
    scene.bearer(&token).await.unwrap();
    body["sub"] = "".into();
    let token = key.sign(&json!({"alg": "ES256"}), &body);
    assert!(scene.bearer(&token).await.unwrap().is_anonymous());
}

#[tokio::test]
async fn keys_are_read_again_when_they_change() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let scene = believing(&jwks(&[old.jwk()]), "").await;
    let path = scene.dirs[1].path().join("keys");
    let sign = |key: &TestKey| key.sign(&json!({"alg": "ES256"}), &claims(pull_push("a")));
    let (by_old, by_new) = (sign(&old), sign(&new));
    scene.bearer(&by_old).await.unwrap();
    assert!(scene.bearer(&by_new).await.is_err());
    std::fs::write(&path, "nonsense").unwrap();
    scene.pass(1);
    scene.bearer(&by_old).await.unwrap();
    assert!(matches!(
        &scene.take_events()[..],
        [AccessEvent::FileRefused { reason }] if reason.ends_with("no key that signs with RS256, ES256 or EdDSA is in it")
    ));
    scene.pass(1);
    scene.bearer(&by_old).await.unwrap();
    assert_eq!(scene.take_events(), [], "it is told once");
    std::fs::write(&path, jwks(&[new.jwk()])).unwrap();
    scene.pass(1);
    scene.bearer(&by_new).await.unwrap();
    assert_eq!(scene.take_events(), [AccessEvent::KeysRead { keys: 1 }]);
    // A token that was verified before isn't believed for having been.
    assert_eq!(fault(scene.bearer(&by_old).await), TokenFault::Signature);
}
