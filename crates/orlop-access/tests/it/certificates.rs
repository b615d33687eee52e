//! Client certificates.

use orlop_access::*;
use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};

use crate::scene::{Scene, basic, config};

fn der(common_names: &[&str], alternative: &[SanType]) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for name in common_names {
        let value = DnValue::Utf8String((*name).to_owned());
        params.distinguished_name.push(DnType::CommonName, value);
    }
    params.subject_alt_names = alternative.to_vec();
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn names_are_read() {
    let names = CertificateNames::from_der(&der(
        &["host.example"],
        &[
            SanType::DnsName("a.example".try_into().unwrap()),
            SanType::Rfc822Name("ada@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example/job".try_into().unwrap()),
            SanType::IpAddress("10.0.0.1".parse().unwrap()),
        ],
    ))
    .unwrap();
    assert_eq!(
        names,
        CertificateNames {
            common_name: Some("host.example".into()),
            dns: vec!["a.example".into()],
            emails: vec!["ada@example.org".into()],
            uris: vec!["spiffe://example/job".into()],
        }
    );
    assert_eq!(
        CertificateNames::from_der(&der(&[], &[])).unwrap(),
        CertificateNames::default()
    );
    for broken in [
        &b""[..],
        b"\x30",
        b"hello",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(CertificateNames::from_der(broken).is_err());
    }
    let whole = der(&["host.example"], &[]);
    for end in 0..whole.len() {
        assert!(CertificateNames::from_der(&whole[..end]).is_err(), "{end}");
    }
}

async fn by(scene: &Scene, names: &CertificateNames, header: Option<&str>) -> Identity {
    let credentials = Credentials {
        certificate: Some(names),
        authorization: header,
        ..Credentials::default()
    };
    scene.control.authenticate(&credentials).await.unwrap()
}

#[tokio::test]
async fn names_that_are_configured_have_a_name() {
    let text = r#"
        certificates = [
            { common_name = "exact", dns = "exact.example", name = "both" },
            { common_name = "plain" },
            { dns = "any.example", name = "by-dns" },
            { email = "ada@example.org", name = "by-mail" },
            { uri = "spiffe://example/job", name = "by-uri" },
        ]
    "#;
    let scene = Scene::new(config(text)).await;
    let names = |common: &str, dns: &str, mail: &str, uri: &str| {
        let many = |text: &str| match text {
            "" => vec![],
            text => vec!["first".to_owned(), text.to_owned()],
        };
        CertificateNames {
            common_name: (!common.is_empty()).then(|| common.to_owned()),
            dns: many(dns),
            emails: many(mail),
            uris: many(uri),
        }
    };
    for (names, who) in [
        (names("exact", "exact.example", "", ""), "both"),
        (names("exact", "", "", ""), "anonymous"),
        (names("", "exact.example", "", ""), "anonymous"),
        (names("plain", "", "", ""), "plain"),
        (names("Plain", "", "", ""), "anonymous"),
        (names("plain ", "", "", ""), "anonymous"),
        (names("", "plain", "", ""), "anonymous"),
        (names("x", "any.example", "", ""), "by-dns"),
        (names("any.example", "", "", ""), "anonymous"),
        (names("", "", "ada@example.org", ""), "by-mail"),
        (names("", "", "", "spiffe://example/job"), "by-uri"),
        (names("", "", "", "spiffe://example/job/x"), "anonymous"),
        (names("", "", "", ""), "anonymous"),
    ] {
        let identity = by(&scene, &names, None).await;
        assert_eq!(identity.actor().name(), who, "{names:?}");
    }
}

/// Two common names: it would depend on the reader who it is.
#[test]
fn of_two_common_names_none_counts() {
    let mut whole = der(&["aaaa", "bbbb"], &[]);
    // rcgen keeps one attribute of a kind; a certificate with two is made from two kinds.
    let names = CertificateNames::from_der(&whole).unwrap();
    assert_eq!(names.common_name.as_deref(), Some("bbbb"));
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, name) in [
        (DnType::CommonName, "aaaa"),
        (DnType::OrganizationalUnitName, "bbbb"),
    ] {
        let value = DnValue::Utf8String(name.to_owned());
        params.distinguished_name.push(kind, value);
    }
    let key = KeyPair::generate().unwrap();
    whole = params.self_signed(&key).unwrap().der().to_vec();
    // 2.5.4.11 becomes 2.5.4.3.
    for index in 0..whole.len() - 5 {
        if whole[index..index + 5] == [6, 3, 0x55, 4, 11] {
            whole[index + 4] = 3;
        }
    }
    let names = CertificateNames::from_der(&whole).unwrap();
    assert_eq!(names.common_name, None);
}

#[tokio::test]
async fn a_header_counts_more_than_the_certificate() {
    let scene = Scene::team().await;
    let names = CertificateNames {
        common_name: Some("host.example".into()),
        ..CertificateNames::default()
    };
    let identity = by(&scene, &names, None).await;
    assert_eq!(
        identity.actor(),
        &Actor::new(ActorKind::Certificate, "host")
    );
    assert_eq!(identity.proof(), Proof::Certificate);
    assert!(scene.control.may_ping(&identity));
    assert_eq!(scene.control.refusal(&identity), Refusal::Forbidden);
    let header = basic("bob", "bob-password");
    let identity = by(&scene, &names, Some(&header)).await;
    assert_eq!(identity.actor().name(), "bob");
    let wrong = basic("bob", "wrong");
    let credentials = Credentials {
        certificate: Some(&names),
        authorization: Some(&wrong),
        ..Credentials::default()
    };
    assert!(scene.control.authenticate(&credentials).await.is_err());
}

#[tokio::test]
async fn a_certificate_gets_tokens_while_it_is_configured() {
    let scene = Scene::team().await;
    let names = CertificateNames {
        common_name: Some("host.example".into()),
        ..CertificateNames::default()
    };
    let credentials = Credentials {
        certificate: Some(&names),
        ..Credentials::default()
    };
    let query = "scope=repository:dev/app:pull,push&offline_token=true";
    let request = TokenRequest::from_query(query, credentials).unwrap();
    let answer = scene.control.issue_token(&request).await.unwrap();
    assert!(answer.refresh_token.is_none(), "it has its certificate");
    let identity = scene.bearer(answer.token.expose()).await.unwrap();
    assert_eq!(scene.may(&identity, "dev/app"), "pull,push");
    let without = config(&crate::scene::TEAM.replace("name = \"host\"", "name = \"ghost\""));
    scene.control.reload(without).await.unwrap();
    let refused = crate::scene::fault(scene.bearer(answer.token.expose()).await);
    assert_eq!(refused, TokenFault::Subject);
}
