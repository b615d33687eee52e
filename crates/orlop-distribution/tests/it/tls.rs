//! TLS: authorities, client certificates, and no way round it.

use orlop_distribution::{Client, ClientConfig, Error, RegistryConfig, TrustRoots};
use orlop_testing::{Certificates, Registry, RegistryOptions};

use crate::support::*;

async fn tags(config: ClientConfig, host: &str) -> Result<Vec<String>, Error> {
    let client = Client::new(config)?;
    client
        .repository(&format!("{host}/a").parse().unwrap())
        .tags()
        .await
}

/// The registry answered: there is no such repository.
fn answered(result: &Result<Vec<String>, Error>) -> bool {
    matches!(result, Err(error) if error.code() == Some("NAME_UNKNOWN"))
}

#[tokio::test]
async fn who_is_trusted() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let options = RegistryOptions {
        tls: Some(&certificates),
        ..RegistryOptions::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let host = registry.host();

    // Nobody, so far; and loopback or not, there is no falling back from a certificate.
    let result = tags(config(&[("*", settings())]), &host).await;
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains(&format!("cannot trust the certificate of {host}: ")),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("tls_verify"));

    let with_ca = RegistryConfig {
        ca: Some(certificates.ca()),
        ..settings()
    };
    let result = tags(config(&[(&host, with_ca)]), &host).await;
    assert!(answered(&result), "{result:?}");

    // In place of the system's.
    let mut as_root = config(&[("*", settings())]);
    as_root.roots = TrustRoots {
        file: Some(certificates.ca()),
        directories: Vec::new(),
    };
    let result = tags(as_root, &host).await;
    assert!(answered(&result), "{result:?}");

    // As docker keeps them.
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join(&host);
    std::fs::create_dir(&own).unwrap();
    std::fs::copy(certificates.ca(), own.join("ca.crt")).unwrap();
    let mut by_directory = config(&[("*", settings())]);
    by_directory.registry_certificates = vec![directory.path().into()];
    let result = tags(by_directory, &host).await;
    assert!(answered(&result), "{result:?}");

    let insecure = RegistryConfig {
        tls_verify: Some(false),
        ..settings()
    };
    let result = tags(config(&[(&host, insecure)]), &host).await;
    assert!(answered(&result), "{result:?}");

    // By a name that the certificate hasn't got.
    let with_ca = RegistryConfig {
        ca: Some(certificates.ca()),
        ..settings()
    };
    let other = format!("127.0.0.2:{}", registry.port());
    let error = tags(config(&[(&other, with_ca)]), &other)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Certificate { .. } | Error::Connect { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn client_certificates() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let options = RegistryOptions {
        tls: Some(&certificates),
        client_certificates: true,
        ..RegistryOptions::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let host = registry.host();
    let with_ca = RegistryConfig {
        ca: Some(certificates.ca()),
        retries: Some(0),
        ..settings()
    };
    let error = tags(config(&[(&host, with_ca.clone())]), &host)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("client_cert"), "{error}");

    let known = RegistryConfig {
        client_cert: Some(certificates.client_certificate()),
        client_key: Some(certificates.client_key()),
        ..with_ca.clone()
    };
    let result = tags(config(&[(&host, known)]), &host).await;
    assert!(answered(&result), "{result:?}");

    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join(&host);
    std::fs::create_dir(&own).unwrap();
    for (from, to) in [
        (certificates.ca(), "ca.crt"),
        (certificates.client_certificate(), "client.cert"),
        (certificates.client_key(), "client.key"),
    ] {
        std::fs::copy(from, own.join(to)).unwrap();
    }
    let mut by_directory = config(&[("*", settings())]);
    by_directory.registry_certificates = vec![directory.path().into()];
    let result = tags(by_directory, &host).await;
    assert!(answered(&result), "{result:?}");
}

#[tokio::test]
async fn plain_http_only_where_it_may_be() {
    let fake = Fake::start(|_: &Asked| reply(200, &[], r#"{"tags":["1"]}"#)).await;
    let host = fake.name();
    // On loopback, when TLS isn't spoken.
    assert_eq!(
        tags(config(&[("*", settings())]), &host).await.unwrap(),
        ["1"]
    );
    // Not when the configuration says TLS.
    let strict = RegistryConfig {
        plain_http: Some(false),
        ..settings()
    };
    let error = tags(config(&[(&host, strict)]), &host).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    // Not anywhere else: `registry.test` is reached through a proxy that speaks plain HTTP.
    let proxied = |table: RegistryConfig| RegistryConfig {
        proxy: Some(format!("http://{host}")),
        ..table
    };
    let before = fake.asked().len();
    let error = tags(config(&[("*", proxied(settings()))]), "registry.test")
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Connect { .. } | Error::Broken { .. }),
        "{error:?}"
    );
    assert!(
        fake.asked()[before..]
            .iter()
            .all(|asked| asked.method == "CONNECT")
    );
    // Unless it is allowed to.
    let insecure = RegistryConfig {
        plain_http: Some(true),
        ..settings()
    };
    assert_eq!(
        tags(config(&[("*", proxied(insecure))]), "registry.test")
            .await
            .unwrap(),
        ["1"]
    );
}

#[tokio::test]
async fn files_that_are_no_certificates_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    for text in ["", "no certificate"] {
        std::fs::write(&path, text).unwrap();
        let table = RegistryConfig {
            ca: Some(path.clone()),
            ..settings()
        };
        let error = tags(config(&[("*", table)]), "registry.test")
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Settings { .. }), "{error:?}");
        assert!(
            error.to_string().contains("ca.pem: no certificate in it"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority() {
    let (Some(own), Some(other)) = (Certificates::self_signed(), Certificates::self_signed())
    else {
        return;
    };
    let options = RegistryOptions {
        tls: Some(&own),
        ..RegistryOptions::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let host = registry.host();
    let trusting = |certificates: &Certificates| RegistryConfig {
        ca: Some(certificates.ca()),
        ..settings()
    };
    let result = tags(config(&[(&host, trusting(&own))]), &host).await;
    assert!(answered(&result), "{result:?}");

    // Another of the same kind, even of the same name, isn't it.
    let result = tags(config(&[(&host, trusting(&other))]), &host).await;
    assert!(
        matches!(result, Err(Error::Certificate { .. })),
        "{result:?}"
    );

    // Its name is still looked at.
    let by_name = format!("localhost:{}", registry.port());
    let result = tags(config(&[(&by_name, trusting(&own))]), &by_name).await;
    assert!(
        matches!(result, Err(Error::Certificate { .. })),
        "{result:?}"
    );
}
