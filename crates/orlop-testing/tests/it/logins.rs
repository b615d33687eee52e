use orlop_testing::peer::Skopeo;
use orlop_testing::{
    Certificates, Compression, Image, Layer, Method, PlatformName, Registry, RegistryOptions,
    Tarball, TokenServer, TokenServerOptions, http,
};

fn image() -> Image {
    let layer = Layer::new(
        &Tarball::new().file("a", 0o644, "a").finish(),
        Compression::Gzip,
    );
    Image::new(&PlatformName::host(), &[layer])
}

#[test]
fn a_password_file_guards_a_registry() {
    let users = vec![("ada", "secret")];
    let Some(registry) = Registry::start_with(&RegistryOptions {
        users,
        ..Default::default()
    }) else {
        return;
    };
    assert_eq!(
        http(Method::Get, &registry.host(), "/v2/", &[], None).status,
        401
    );
    let wrong = [("Authorization", "Basic YWRhOndyb25n")];
    assert_eq!(
        http(Method::Get, &registry.host(), "/v2/", &wrong, None).status,
        401
    );
    image().push_with(
        &registry.host(),
        "x",
        &["y"],
        Some("Basic YWRhOnNlY3JldA=="),
    );
}

#[test]
fn a_registry_takes_the_tokens_of_the_token_server() {
    let options = TokenServerOptions {
        users: vec![("ada".into(), "secret".into())],
        ..Default::default()
    };
    let Some(tokens) = TokenServer::start(options) else {
        return;
    };
    let registries = Registry::with_tokens(&tokens);
    let (Some((guarded, open)), Some(skopeo)) = (registries, Skopeo::new()) else {
        return;
    };
    let _ = image().push(&open.host(), "x", "y");

    let name = format!("docker://{}/x:y", guarded.host());
    assert_eq!(
        skopeo.inspect(&name)["Digest"],
        image().top.digest,
        "anyone may pull"
    );
    let folder = tempfile::tempdir().unwrap();
    image().write_layout(folder.path(), "t");
    let layout = format!("oci:{}:t", folder.path().display());
    let push = |options: &[&str]| {
        let target = name.replace("x:y", "pushed:y");
        skopeo
            .program()
            .args(["copy", "--dest-tls-verify=false"])
            .args(options)
            .args([&layout, &target])
            .run()
    };
    assert!(!push(&[]).status.success(), "nobody may push");
    push(&["--dest-creds", "ada:secret"]).expect_success();
    assert!(!push(&["--dest-creds", "ada:wrong"]).status.success());
    assert!(
        tokens
            .requests()
            .iter()
            .any(|request| request.target.contains("scope="))
    );
}

#[test]
fn a_registry_speaks_tls_and_knows_its_clients() {
    let (Some(certificates), Some(skopeo)) = (Certificates::new(), Skopeo::new()) else {
        return;
    };
    let options = RegistryOptions {
        tls: Some(&certificates),
        client_certificates: true,
        ..Default::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    image().write_layout(folder.path(), "t");
    let layout = format!("oci:{}:t", folder.path().display());
    let target = format!("docker://localhost:{}/x:y", registry.port());
    let push = |options: &[&str]| {
        skopeo
            .program()
            .arg("copy")
            .args(options)
            .args([&layout, &target])
            .run()
    };
    assert!(push(&[]).stderr.contains("certificate"));
    let known = tempfile::tempdir().unwrap();
    std::fs::copy(certificates.ca(), known.path().join("ca.crt")).unwrap();
    std::fs::copy(
        certificates.client_certificate(),
        known.path().join("client.cert"),
    )
    .unwrap();
    std::fs::copy(certificates.client_key(), known.path().join("client.key")).unwrap();
    push(&["--dest-cert-dir", known.path().to_str().unwrap()]).expect_success();
}
