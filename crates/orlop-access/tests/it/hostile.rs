//! Tokens that somebody made up. Each class by its name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orlop_access::*;
use ring::hmac;
use serde_json::{Value, json};

use crate::scene::{Scene, TestKey, fault, parts, unsigned};

/// A scene, and header and claims of a token that holds there, for ada and everything.
async fn scene() -> (Scene, Value, Value) {
    let scene = Scene::team().await;
    let token = scene.token("ada", "repository:x:*").await;
    let (header, claims) = parts(&token);
    (scene, header, claims)
}

/// Header with a member more, or another one.
fn with(value: &Value, member: &str, other: Value) -> Value {
    let mut value = value.clone();
    value[member] = other;
    value
}

/// The forger's tools work: with the real key, what they make is a token.
#[tokio::test]
async fn what_is_signed_with_the_real_key_holds() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    scene.bearer(&real.sign(&header, &claims)).await.unwrap();
}

#[tokio::test]
async fn cve_2015_9235_alg_none_and_keys_taken_for_secrets() {
    let (scene, header, claims) = scene().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let message = unsigned(&with(&header, "alg", alg.into()), &claims);
        for signature in ["", "AA"] {
            let token = format!("{message}.{signature}");
            let expected = TokenFault::Algorithm;
            assert_eq!(fault(scene.bearer(&token).await), expected, "{alg}");
        }
    }
    // HS256, with the public key (as JWK, as point) for a secret.
    let jwk = scene.control.public_keys()["keys"][0].clone();
    let part = |name: &str| {
        let text = jwk[name].as_str().unwrap();
        URL_SAFE_NO_PAD.decode(text).unwrap()
    };
    let point = [vec![4], part("x"), part("y")].concat();
    let message = unsigned(&with(&header, "alg", "HS256".into()), &claims);
    for secret in [jwk.to_string().into_bytes(), point, Vec::new()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        let token = format!("{message}.{tag}");
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::Algorithm);
    }
    // Another algorithm than the key's, with a signature that would hold.
    let real = TestKey::of(&scene).await;
    for alg in ["ES384", "RS256", "EdDSA", "es256"] {
        let token = real.sign(&with(&header, "alg", alg.into()), &claims);
        let expected = TokenFault::Algorithm;
        assert_eq!(fault(scene.bearer(&token).await), expected, "{alg}");
    }
}

#[tokio::test]
async fn cve_2025_24976_and_cve_2018_0114_a_token_brings_its_own_key() {
    let (scene, header, claims) = scene().await;
    let mine = TestKey::new();
    let real = TestKey::of(&scene).await;
    for (member, value) in [
        ("jwk", mine.jwk()),
        ("jku", "https://evil.example/keys".into()),
        ("x5u", "https://evil.example/cert".into()),
    ] {
        let header = with(&header, member, value);
        let token = mine.sign(&header, &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::OwnKey);
        // Not even under a signature that holds.
        let token = real.sign(&header, &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::OwnKey);
    }
    // A chain of certificates is never looked at.
    let certificate = rcgen::generate_simple_self_signed(["evil".to_owned()]).unwrap();
    let chain = json!([base64::engine::general_purpose::STANDARD.encode(certificate.cert.der())]);
    let header = with(&header, "x5c", chain);
    let token = mine.sign(&header, &claims);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Signature);
}

#[tokio::test]
async fn cve_2018_1000531_kid_leads_nowhere() {
    let (scene, header, claims) = scene().await;
    let mine = TestKey::new();
    for kid in [
        json!("../../../../dev/null"),
        json!("' OR 1=1 --"),
        json!("\0"),
        json!(""),
    ] {
        let token = mine.sign(&with(&header, "kid", kid), &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::UnknownKey);
    }
    for kid in [json!(1), json!({}), json!([])] {
        let token = mine.sign(&with(&header, "kid", kid), &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::Malformed);
    }
    let mut without = header.clone();
    without.as_object_mut().unwrap().remove("kid");
    let token = mine.sign(&without, &claims);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Signature);
    let token = mine.sign(&header, &claims);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Signature);
}

#[tokio::test]
async fn rfc_7515_critical_extensions() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    for crit in [json!(["b64"]), json!([]), json!(["exp"]), json!("x")] {
        let header = with(&with(&header, "crit", crit), "b64", false.into());
        let token = real.sign(&header, &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::Critical);
    }
}

#[tokio::test]
async fn cve_2022_21449_a_signature_of_nothing() {
    let (scene, header, claims) = scene().await;
    let message = unsigned(&header, &claims);
    for signature in [
        vec![0; 64],
        vec![0; 63],
        vec![0xff; 64],
        vec![0; 70],
        vec![],
    ] {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::Signature);
    }
}

#[tokio::test]
async fn one_letter_changed_anywhere() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let token = real.sign(&header, &claims);
    for index in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = match bytes[index] {
            b'A' => b'B',
            b'.' => b'A',
            _ => b'A',
        };
        let changed = String::from_utf8(bytes).unwrap();
        if changed != token {
            assert!(scene.bearer(&changed).await.is_err(), "{index}");
        }
    }
}

/// One text is one token: what a cache or a list of revoked ones goes by.
#[tokio::test]
async fn the_same_token_spelt_otherwise() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let token = real.sign(&header, &claims);
    for other in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        format!(".{token}"),
        token.replace('.', ".\u{200b}"),
        token.replacen('.', "..", 1),
        format!("{token}\n"),
        format!("{token} x"),
        format!("\u{feff}{token}"),
    ] {
        // The header is trimmed, the token isn't taken apart further.
        if format!("Bearer {other}").trim() != format!("Bearer {token}") {
            assert!(scene.bearer(&other).await.is_err(), "{other}");
        }
    }
    // The last letter of 64 bytes has bits that nothing uses.
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.find(last).unwrap() ^ 1;
    let spelt = token[..token.len() - 1].to_owned() + &alphabet[next..=next];
    assert_eq!(fault(scene.bearer(&spelt).await), TokenFault::Malformed);
}

#[tokio::test]
async fn cve_2017_12973_lengths() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let padded = with(&claims, "padding", "x".repeat(MAX_TOKEN_LEN).into());
    let token = real.sign(&header, &padded);
    let refused = scene.bearer(&token).await;
    assert!(matches!(
        refused,
        Err(AuthError::Invalid(Refused::Malformed(_)))
    ));
    let verifier = TokenVerifier {
        keys: PublicKeys::default(),
        issuer: String::new(),
        audience: String::new(),
        kind: None,
        leeway: jiff::SignedDuration::ZERO,
    };
    let now = crate::scene::start();
    assert_eq!(verifier.verify(&token, now), Err(TokenFault::TooLong));
    let deep = "[".repeat(10_000);
    let deep = format!("{}.{}.AA", URL_SAFE_NO_PAD.encode(deep), "AA");
    assert_eq!(verifier.verify(&deep, now), Err(TokenFault::Malformed));
}

#[tokio::test]
async fn forms_that_are_no_tokens() {
    let (scene, ..) = scene().await;
    for token in [
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "...",
        "e30.e30.",
        "e30.e30.AA",
    ] {
        let refused = fault(scene.bearer(token).await);
        assert_eq!(refused, TokenFault::Malformed, "{token}");
    }
    // RFC 8725, 2.7: an encrypted token has five parts.
    assert_eq!(
        fault(scene.bearer("e30.AA.AA.AA.AA").await),
        TokenFault::Malformed
    );
}

/// Lists, in the order of our fields, under a signature that holds.
#[tokio::test]
async fn lists_in_place_of_objects() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let listed = json!([
        header["alg"],
        header["kid"],
        header["typ"],
        null,
        null,
        null,
        null
    ]);
    let token = real.sign(&listed, &claims);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Malformed);
    let access = json!(["repository", "x", ["pull"]]);
    let members = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "access", "kind", "bound",
    ];
    let listed = members.map(|name| claims[name].clone()).into();
    for claims in [listed, with(&claims, "access", json!([access]))] {
        let token = real.sign(&header, &claims);
        assert_eq!(fault(scene.bearer(&token).await), TokenFault::Claims);
    }
}

/// What claims must have, under a signature that holds.
#[tokio::test]
async fn claims() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let cases: &[(&str, Value, Option<TokenFault>)] = &[
        ("iss", json!("other"), Some(TokenFault::Issuer)),
        ("iss", json!(null), Some(TokenFault::Claims)),
        ("iss", json!(["orlop"]), Some(TokenFault::Claims)),
        ("aud", json!("other"), Some(TokenFault::Audience)),
        ("aud", json!([]), Some(TokenFault::Audience)),
        ("aud", json!(["other", "orlop"]), None),
        ("aud", json!("ORLOP"), Some(TokenFault::Audience)),
        ("aud", json!(null), Some(TokenFault::Claims)),
        ("exp", json!(null), Some(TokenFault::Claims)),
        ("exp", json!("9999999999"), Some(TokenFault::Claims)),
        ("exp", json!(0), Some(TokenFault::Expired)),
        ("exp", json!(-1), Some(TokenFault::Expired)),
        ("exp", json!(i64::MAX), None),
        ("exp", json!(1e300), None),
        ("exp", json!(i64::MIN), Some(TokenFault::Expired)),
        ("nbf", json!(i64::MAX), Some(TokenFault::NotYet)),
        ("nbf", json!(i64::MIN), None),
        ("nbf", json!(null), None),
        ("nbf", json!("x"), Some(TokenFault::Claims)),
        ("iat", json!({}), Some(TokenFault::Claims)),
        ("access", json!("*"), Some(TokenFault::Claims)),
        (
            "access",
            json!([{"type": "repository"}]),
            Some(TokenFault::Claims),
        ),
        ("sub", json!("nobody"), Some(TokenFault::Subject)),
        ("sub", json!("bob"), Some(TokenFault::Subject)),
        ("sub", json!(""), Some(TokenFault::Subject)),
        ("sub", json!(null), Some(TokenFault::Claims)),
        ("kind", json!("robot"), Some(TokenFault::Subject)),
        ("kind", json!("certificate"), Some(TokenFault::Subject)),
        ("kind", json!("first-admin"), Some(TokenFault::Subject)),
        ("kind", json!("anonymous"), Some(TokenFault::Subject)),
        ("kind", json!("system"), Some(TokenFault::Claims)),
        ("kind", json!(null), Some(TokenFault::Subject)),
        ("bound", json!("AA"), Some(TokenFault::Subject)),
        ("bound", json!(null), Some(TokenFault::Subject)),
    ];
    for (member, value, expected) in cases {
        let token = real.sign(&header, &with(&claims, member, value.clone()));
        let result = scene.bearer(&token).await;
        match expected {
            Some(expected) => assert_eq!(fault(result), *expected, "{member} {value}"),
            None => assert!(result.is_ok(), "{member} {value}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_member_that_comes_twice() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let twice = claims.to_string().replacen('{', "{\"iss\":\"orlop\",", 1);
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(twice)
    );
    let token = real.sign_text(&message);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Claims);
}

/// One kind of token in the place of the other.
#[tokio::test]
async fn rfc_8725_3_12_kinds_are_not_confused() {
    let (scene, ..) = scene().await;
    let header = crate::scene::basic("bob", "bob-password");
    let answer = scene
        .get("offline_token=true", Some(&header))
        .await
        .unwrap();
    let refresh = answer.refresh_token.unwrap();
    assert_eq!(
        fault(scene.bearer(refresh.expose()).await),
        TokenFault::Kind
    );
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        answer.token.expose()
    );
    assert_eq!(scene.post(&form).await.unwrap_err().status(), 401);
    // Even with `typ` changed, the audience is another.
    let real = TestKey::of(&scene).await;
    let (header, claims) = parts(refresh.expose());
    let token = real.sign(&with(&header, "typ", "JWT".into()), &claims);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Audience);
}

/// A grant is for one name: nothing in it is a pattern.
#[tokio::test]
async fn names_in_grants_are_literal() {
    let (scene, header, claims) = scene().await;
    let real = TestKey::of(&scene).await;
    let grants: Vec<_> = ["**", "*", "x/*", "X", "x/", "/x", "x//y", "./x", "{x,y}"]
        .map(|name| json!({"type": "repository", "name": name, "actions": ["*", "admin"]}))
        .into();
    let token = real.sign(&header, &with(&claims, "access", grants.into()));
    let identity = scene.bearer(&token).await.unwrap();
    for repository in ["x", "x/y", "y", "a"] {
        assert_eq!(scene.may(&identity, repository), "", "{repository}");
    }
}
