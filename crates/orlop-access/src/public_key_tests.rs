use super::*;

// From RFC 7638, 3.1, and its thumbprint.
const RFC_7638: &str = r#"{"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256"}]}"#;

#[test]
fn a_key_is_named_by_its_thumbprint() {
    let keys = PublicKeys::parse(RFC_7638.as_bytes()).unwrap();
    assert_eq!(
        keys.0[0].ids,
        ["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]
    );
}

// A key that `openssl` made, its libtrust name as computed by other means.
const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjm95ThUQSzD+UzjtQB9p0cSTpe1Y\nv6Q9FczgckRcZvlEUyMHiWXhnJ5QHw1la5gLTP3Baf1C3+84OnTfvKjOKQ==\n-----END PUBLIC KEY-----\n";

#[test]
fn a_key_in_pem_has_the_name_that_docker_gives_it() {
    let keys = PublicKeys::parse(PEM.as_bytes()).unwrap();
    assert_eq!(
        keys.0[0].ids[1],
        "342E:OIZN:XFI6:YMWK:7TW6:6OH7:FOJJ:VW36:KMDO:26IJ:LUR3:6OYH"
    );
    assert_eq!(
        keys.0[0].ids[0],
        "tEgJG58n8wyZsS4zyLQVMZ9puzkbi7MJQi5Cpy6MCv8"
    );
}

#[test]
fn each_kind_of_file() {
    let jwk = |members: &str| format!(r#"{{"keys":[{{{members}}}]}}"#);
    let point = r#""kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#;
    for (file, expected) in [
        (jwk(point), Ok(1)),
        (
            jwk(&format!(r#"{point},"use":"sig","alg":"ES256","kid":"a""#)),
            Ok(1),
        ),
        (jwk(&format!(r#"{point},"use":"enc""#)), Err("no key")),
        (jwk(&format!(r#"{point},"alg":"ES384""#)), Err("no key")),
        (
            jwk(&format!(r#"{point},"d":"AA""#)),
            Err("key 0: it is a secret key"),
        ),
        (jwk(r#""kty":"oct","k":"c2VjcmV0""#), Err("secret key")),
        (jwk(r#""kty":"oct""#), Err("no key")),
        (
            jwk(r#""kty":"EC","crv":"P-256","x":"AA","y":"AA""#),
            Err("wrong length"),
        ),
        (
            jwk(r#""kty":"EC","crv":"P-256","x":"AA""#),
            Err("y is missing"),
        ),
        (
            jwk(r#""kty":"EC","crv":"P-256","x":"!","y":"AA""#),
            Err("x isn't base64"),
        ),
        (
            jwk(r#""kty":"RSA","n":"AQAB","e":"AQAB""#),
            Err("less than 2048"),
        ),
        (jwk(r#""kty":"OKP","crv":"X25519","x":"AA""#), Err("no key")),
        (
            jwk(r#""kty":"OKP","crv":"Ed25519","x":"AA""#),
            Err("wrong length"),
        ),
        (r#"{"keys":[]}"#.to_owned(), Err("no key")),
        (r#"{"keys":{}}"#.to_owned(), Err("not a JWKS document")),
        (
            "{\"keys\":[[\"EC\"]]}".to_owned(),
            Err("expected an object"),
        ),
        (
            r#"{"keys":[{"kty":"EC","kty":"RSA"}]}"#.to_owned(),
            Err("duplicate field"),
        ),
        ("{".to_owned(), Err("not a JWKS document")),
        (String::new(), Err("no key")),
        ("hello".to_owned(), Err("no key")),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            Err("a secret key"),
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(),
            Err("broken public key"),
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
            Err("certificate 1"),
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n".to_owned(),
            Err("neither"),
        ),
    ] {
        let parsed = PublicKeys::parse(file.as_bytes()).map(|keys| keys.len());
        match (&parsed, expected) {
            (Ok(count), Ok(expected)) => assert_eq!(*count, expected, "{file}"),
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{file}: {reason}"),
            _ => panic!("{file}: {parsed:?}"),
        }
    }
}
