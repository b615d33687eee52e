//! What the configuration says about registries: TLS, client certificates, mirrors.

use orlop_testing::{Certificates, FaultProxy, Orlop, Registry, RegistryOptions};

use crate::{orlop, small};

/// A registry with TLS, filled through an open door.
fn guarded(certificates: &Certificates, client_certificates: bool) -> Option<(Registry, String)> {
    let options = RegistryOptions {
        tls: Some(certificates),
        client_certificates,
        ..Default::default()
    };
    let guarded = Registry::start_with(&options)?;
    let open = Registry::start_with(&RegistryOptions {
        same_storage_as: Some(&guarded),
        ..Default::default()
    })?;
    let _ = small("tls").push(&open.host(), "app", "v1");
    let host = format!("localhost:{}", guarded.port());
    Some((guarded, host))
}

fn pull(orlop: &Orlop, host: &str) -> orlop_testing::OrlopRun {
    orlop.run(["pull", &format!("{host}/app:v1")])
}

#[test]
fn a_certificate_must_be_trusted() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let Some((_registry, host)) = guarded(&certificates, false) else {
        return;
    };
    let unknown = pull(&orlop(), &host).expect_code(1).stderr;
    assert!(unknown.contains("certificate"), "{unknown}");
    assert!(unknown.contains("hint: "), "{unknown}");
    let ca = format!(
        "[registry.\"{host}\"]\nca = \"{}\"\n",
        certificates.ca().display()
    );
    pull(&orlop().config(&ca), &host).expect_success();
    orlop().ok(["--tls-verify=false", "pull", &format!("{host}/app:v1")]);
}

#[test]
fn a_client_certificate_is_shown() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let Some((_registry, host)) = guarded(&certificates, true) else {
        return;
    };
    let ca = format!(
        "[registry.\"{host}\"]\nca = \"{}\"\n",
        certificates.ca().display()
    );
    pull(&orlop().config(&ca), &host).expect_code(1);
    let (certificate, key) = (certificates.client_certificate(), certificates.client_key());
    let both = format!(
        "{ca}client_cert = \"{}\"\nclient_key = \"{}\"\n",
        certificate.display(),
        key.display()
    );
    pull(&orlop().config(&both), &host).expect_success();
}

#[test]
fn mirrors_are_asked_in_order_before_the_registry() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("mirrored");
    let _ = image.push(&registry.host(), "library/thing", "v1");
    let (first, second) = (FaultProxy::alone(), FaultProxy::start(&registry.host()));
    let table = format!(
        "[registry.\"docker.io\"]\nmirrors = [\"http://{}\", \"http://{}\"]\n",
        first.host(),
        second.host()
    );
    let orlop = orlop().config(&table);
    let pulled = orlop.ok(["pull", "thing:v1"]);
    assert_eq!(pulled.lines()[0], "v1: Pulling from library/thing");
    assert_eq!(pulled.lines().last(), Some(&"docker.io/library/thing:v1"));
    assert!(first.count("HEAD", "/library/thing/") + first.count("GET", "/library/thing/") > 0);
    assert!(second.count("GET", "/library/thing/blobs/") > 0);
    assert_eq!(
        orlop
            .ok(["images", "--format", "{{.Repository}}:{{.Tag}}"])
            .text(),
        "thing:v1",
        "the familiar name"
    );
    orlop.ok(["rmi", "thing:v1"]);
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    let orlop = orlop().config("[registry.\"x\"]\nmirors = []\n");
    let said = orlop.run(["images"]).stderr;
    assert!(
        said.contains("mirors") && said.contains("config.toml"),
        "{said}"
    );
}
