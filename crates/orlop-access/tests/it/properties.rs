//! What holds for any bytes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use orlop_access::*;
use proptest::prelude::*;

use crate::scene::{TestKey, basic, start};

fn verifier(key: &TestKey) -> TokenVerifier {
    let jwks = serde_json::json!({ "keys": [key.jwk()] }).to_string();
    TokenVerifier {
        keys: PublicKeys::parse(jwks.as_bytes()).unwrap(),
        issuer: "i".into(),
        audience: "a".into(),
        kind: None,
        leeway: SignedDuration::ZERO,
    }
}

fn component() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,4}([._-][a-z0-9]{1,3}){0,2}"
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(component(), 1..4).prop_map(|parts| parts.join("/"))
}

fn actions() -> impl Strategy<Value = Actions> {
    prop::collection::vec(prop::sample::select(&Action::ALL[..]), 0..5)
        .prop_map(|actions| actions.into_iter().collect())
}

proptest! {
    #[test]
    fn any_text_as_a_scope(text in "\\PC{0,80}") {
        if let Ok(Access { resource: Resource::Repository(name), .. }) = parse_scope(&text) {
            prop_assert!(text.contains(&name));
            prop_assert!(!name.split('/').any(|part| part.is_empty() || part.starts_with('.')));
        }
    }

    #[test]
    fn a_scope_is_read_as_it_is_written(name in name(), actions in actions()) {
        let access = Access::repository(name, actions);
        prop_assert_eq!(&parse_scope(&access.to_string()).unwrap(), &access);
        let claim = serde_json::to_string(&access).unwrap();
        prop_assert_eq!(serde_json::from_str::<Access>(&claim).unwrap(), access);
    }

    #[test]
    fn scopes_are_joined(name in name(), one in actions(), other in actions()) {
        let text = format!("repository:{name}:{one}  repository:{name}:{other}");
        let mut scopes = Vec::new();
        parse_scopes(&text, &mut scopes).unwrap();
        prop_assert_eq!(scopes, [Access::repository(name, one.or(other))]);
    }

    #[test]
    fn any_text_as_a_header(text in "\\PC{0,80}") {
        let _ = parse_authorization(&text);
        let _ = parse_authorization(&format!("Basic {text}"));
        let _ = parse_authorization(&format!("Basic {}", STANDARD.encode(&text)));
        let _ = parse_authorization(&format!("Bearer {text}"));
    }

    #[test]
    fn a_header_is_read_as_it_is_written(
        user in "[^:\\p{Cc}]{1,20}",
        password in "[^\\x00]{0,30}",
    ) {
        let read = parse_authorization(&basic(&user, &password)).map(|read| match read {
            Authorization::Basic { user, password } => (user, password.expose().to_owned()),
            Authorization::Bearer(_) => panic!("not a token"),
        });
        prop_assert_eq!(read, Ok((user, password)));
    }

    #[test]
    fn any_text_as_a_token(text in "[A-Za-z0-9_.=-]{0,200}|\\PC{0,60}") {
        prop_assert!(verifier(&TestKey::new()).verify(&text, start()).is_err());
    }

    #[test]
    fn any_json_as_a_token(header in "\\PC{0,60}", claims in "\\PC{0,60}", signature in any::<[u8; 64]>()) {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!(
            "{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&signature)
        );
        prop_assert!(verifier(&TestKey::new()).verify(&token, start()).is_err());
    }

    /// Whatever is signed, claims that don't fit are refused without a panic.
    #[test]
    fn any_claims_under_a_signature(claims in "\\PC{0,60}", exp in any::<i64>(), nbf in any::<i64>()) {
        let key = TestKey::new();
        let verifier = verifier(&key);
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = r#"{"alg":"ES256"}"#;
        let token = key.sign_text(&format!("{}.{}", encode(header), encode(&claims)));
        prop_assert!(verifier.verify(&token, start()).is_err());
        let claims = serde_json::json!({"iss": "i", "aud": "a", "exp": exp, "nbf": nbf});
        let token = key.sign(&serde_json::json!({"alg": "ES256"}), &claims);
        let now = start().as_second();
        prop_assert_eq!(verifier.verify(&token, start()).is_ok(), exp > now && nbf <= now);
    }

    #[test]
    fn any_bytes_as_keys_and_certificates(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = PublicKeys::parse(&bytes);
        let _ = CertificateNames::from_der(&bytes);
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{0}\n-----END CERTIFICATE-----\n\
             -----BEGIN PUBLIC KEY-----\n{0}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(&bytes)
        );
        let _ = PublicKeys::parse(pem.as_bytes());
    }

    #[test]
    fn any_form(form in "\\PC{0,100}") {
        let _ = TokenRequest::from_query(&form, Credentials::default());
        let _ = TokenRequest::from_form(form.as_bytes(), Credentials::default());
    }

    #[test]
    fn a_subject_is_read_as_it_is_written(text in "(user|group|robot|certificate):\\PC{1,20}|anonymous|authenticated") {
        let subject: Subject = text.parse().unwrap();
        prop_assert_eq!(subject.to_string(), text);
    }
}
