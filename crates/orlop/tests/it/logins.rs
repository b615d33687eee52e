//! Logging in and out, and what the password is good for.

use orlop_testing::{Registry, RegistryOptions, TokenServer, TokenServerOptions};
use serde_json::Value;

use crate::{orlop, small};

/// A registry with an image `app:v1`, which lets in only ada, whose password is `secret`.
fn for_ada(words: &str) -> Option<Registry> {
    let registry = Registry::start_with(&RegistryOptions {
        users: vec![("ada", "secret")],
        ..Default::default()
    })?;
    let login = format!("Basic {ADA}");
    small(words).push_with(&registry.host(), "app", &["v1"], Some(&login));
    Some(registry)
}

/// `ada:secret` in base64, as docker keeps it.
const ADA: &str = "YWRhOnNlY3JldA==";

#[test]
fn a_password_file_registry_lets_in_who_logged_in() {
    let Some(registry) = for_ada("login") else {
        return;
    };
    let name = format!("{}/app:v1", registry.host());
    let orlop = orlop();
    let host = registry.host();

    let denied = orlop.fails(["pull", &name]);
    assert!(
        denied.contains("unauthorized") || denied.contains("denied"),
        "{denied}"
    );
    let wrong = orlop
        .program()
        .args(["login", "-u", "ada", "--password-stdin", &host])
        .input("wrong\n")
        .run();
    assert!(wrong.expect_code(1).stderr.contains("unauthorized"));
    assert!(
        !orlop.docker_config().join("config.json").exists(),
        "nothing is kept of a login that failed"
    );

    let login = orlop
        .program()
        .args(["login", "-u", "ada", "--password-stdin", &host])
        .input("secret\n")
        .ok();
    assert_eq!(login.lines().last(), Some(&"Login Succeeded"));
    let file = orlop.docker_config().join("config.json");
    let config: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(config["auths"][&host]["auth"], ADA);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    orlop.ok(["pull", &name]);
    let target = format!("{host}/pushed:v1");
    orlop.ok(["tag", &name, &target]);
    orlop.ok(["push", &target]);

    let logout = orlop.ok(["logout", &host]);
    assert!(
        logout
            .stdout
            .contains(&format!("Removing login credentials for {host}")),
        "{logout}"
    );
    assert!(
        orlop.fails(["push", &target]).contains("denied")
            || orlop.fails(["push", &target]).contains("unauthorized")
    );
}

#[test]
fn podmans_credentials_are_read() {
    let Some(registry) = for_ada("podman") else {
        return;
    };
    let orlop = orlop();
    let file = orlop.folder().join("auth.json");
    std::fs::write(
        &file,
        format!(
            r#"{{"auths":{{"{}":{{"auth":"{ADA}"}}}}}}"#,
            registry.host()
        ),
    )
    .unwrap();
    orlop
        .program()
        .env("REGISTRY_AUTH_FILE", &file)
        .args(["pull", &format!("{}/app:v1", registry.host())])
        .ok();
}

#[test]
fn a_credential_helper_is_asked() {
    let Some(registry) = for_ada("helper") else {
        return;
    };
    let orlop = orlop();
    let helper = orlop.folder().join("docker-credential-test");
    let script = "#!/bin/sh\nread server\ncase $1 in get) printf '{\"ServerURL\":\"%s\",\"Username\":\"ada\",\"Secret\":\"secret\"}' \"$server\";; *) exit 1;; esac\n";
    std::fs::write(&helper, script).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    let config = format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, registry.host());
    std::fs::write(orlop.docker_config().join("config.json"), config).unwrap();
    let path = format!(
        "{}:{}",
        orlop.folder().display(),
        std::env::var("PATH").unwrap()
    );
    orlop
        .program()
        .env("PATH", path)
        .args(["pull", &format!("{}/app:v1", registry.host())])
        .ok();
}

#[test]
fn tokens_are_fetched_for_what_is_done() {
    let options = TokenServerOptions {
        users: vec![("ada".into(), "secret".into())],
        ..Default::default()
    };
    let Some(tokens) = TokenServer::start(options) else {
        return;
    };
    let Some((guarded, open)) = Registry::with_tokens(&tokens) else {
        return;
    };
    let _ = small("tokens").push(&open.host(), "app", "v1");

    let orlop = orlop();
    let name = format!("{}/app:v1", guarded.host());
    orlop.ok(["pull", &name]);
    let target = format!("{}/mine/app:v2", guarded.host());
    orlop.ok(["tag", &name, &target]);
    let denied = orlop.fails(["push", &target]);
    assert!(
        denied.contains("denied") || denied.contains("unauthorized"),
        "{denied}"
    );

    let host = guarded.host();
    let login = |password: &str| {
        let program = orlop
            .program()
            .args(["login", "-u", "ada", "--password-stdin", &host]);
        program.input(format!("{password}\n")).run()
    };
    assert!(
        login("wrong")
            .expect_code(1)
            .stderr
            .contains("unauthorized")
    );
    login("secret").expect_success();
    orlop.ok(["push", &target]);
    crate::orlop().ok(["pull", &target]);
    let asked: Vec<String> = tokens
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    let scope = |text: &str| {
        asked.iter().any(|target| {
            target
                .replace("%3A", ":")
                .replace("%2F", "/")
                .replace("%2C", ",")
                .contains(text)
        })
    };
    assert!(scope("repository:app:pull"), "{asked:?}");
    assert!(scope("repository:mine/app:pull,push"), "{asked:?}");
}

#[test]
fn a_token_is_fetched_once_for_a_whole_pull() {
    let options = TokenServerOptions::default();
    let Some(tokens) = TokenServer::start(options) else {
        return;
    };
    let Some((guarded, open)) = Registry::with_tokens(&tokens) else {
        return;
    };
    let _ = small("once").push(&open.host(), "app", "v1");
    orlop().ok(["pull", &format!("{}/app:v1", guarded.host())]);
    assert_eq!(tokens.requests().len(), 1, "{:?}", tokens.requests());
}
