use std::net::SocketAddr;
use std::time::Duration;

use super::*;

#[track_caller]
fn config(text: &str) -> ServeConfig {
    let config: ServeConfig =
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    config
        .check()
        .unwrap_or_else(|error| panic!("{text}\n{error}"));
    config
}

/// What is said of a text that is wrong.
#[track_caller]
fn fault(text: &str) -> String {
    match toml::from_str::<ServeConfig>(text) {
        Err(error) => error.message().to_owned(),
        Ok(config) => config.check().expect_err(text).to_string(),
    }
}

#[test]
fn without_configuration_it_is_this_machines() {
    let config = config("");
    assert_eq!(
        config.addresses(),
        [SocketAddr::from(([127, 0, 0, 1], 5000))]
    );
    assert_eq!(config.anonymous(), AnonymousAccess::Push);
    let (server, defaults) = (config.server(), ServerOptions::default());
    assert!(server.deletion && server.guard_metrics && server.tls.is_none());
    assert_eq!(server.limits.page, defaults.limits.page);
    let storage = config.storage(Path::new("/r"));
    assert_eq!(storage.root, Path::new("/r"));
    assert!(!storage.pull_events);
}

#[test]
fn nobody_from_elsewhere_may_do_anything_unsaid() {
    use AnonymousAccess::{None, Pull, Push};
    for (text, expected) in [
        ("listen = ['127.0.0.1:0', '[::1]:0']", Push),
        ("listen = ['localhost:5000']", Push),
        ("listen = ['0.0.0.0:5000']", None),
        ("listen = ['127.0.0.1:5000', '192.0.2.1:5000']", None),
        ("listen = ['[::]:5000']", None),
        // A proxy brings the world to the loopback.
        ("public_url = 'https://r.example'", None),
        ("trusted_proxies = ['127.0.0.1']", None),
        // Who says who may doesn't mean everybody.
        ("access.htpasswd = '/etc/users'", None),
        ("access.admins = ['user:a']", None),
        ("listen = ['0.0.0.0:5000']\nanonymous = 'pull'", Pull),
        ("listen = ['0.0.0.0:5000']\nanonymous = 'push'", Push),
        ("anonymous = 'none'", None),
    ] {
        let config = config(text);
        assert_eq!(config.anonymous(), expected, "{text}");
        assert_eq!(config.access().anonymous, expected, "{text}");
    }
}

#[test]
fn a_company() {
    let config = config(
        r#"
        listen = ["0.0.0.0:443"]
        root = "/srv/registry"
        public_url = "https://registry.example.com"
        anonymous = "pull"
        delete = false
        [tls]
        certificate = "/etc/tls/cert.pem"
        key = "/etc/tls/key.pem"
        [access]
        htpasswd = "/etc/orlop/users"
        admins = ["user:root"]
        [access.groups]
        team = ["user:a", "robot:ci"]
        [[access.rules]]
        repositories = ["team/**"]
        to = ["group:team"]
        allow = ["pull", "push"]
        [access.tokens]
        lifetime = "10m"
        rotate_after = "30d"
        [storage]
        sparse = "none"
        [limits]
        blob_bytes = 10000000000
        page = 50
        [timeouts]
        body = "2m"
        [log]
        audit = "/var/log/audit"
        [[webhooks]]
        name = "ci"
        url = "https://ci.example.com/hook"
        events = ["push", "pull"]
        repositories = ["team/**"]
        headers = { X-Token = "hunter2" }
        "#,
    );
    let server = config.server();
    assert!(!server.deletion);
    assert_eq!(
        (server.limits.page, server.timeouts.body_idle.as_secs()),
        (50, 120)
    );
    assert_eq!(
        server.public_url.expect("it is said").host_str(),
        Some("registry.example.com")
    );
    let storage = config.storage(Path::new("/srv/registry"));
    assert_eq!(storage.max_blob_size, Some(10_000_000_000));
    assert_eq!(storage.sparse, Sparse::Refused);
    assert!(storage.pull_events, "a webhook asks for them");
    assert_eq!(config.access().tokens.lifetime.as_secs(), 600);
    let hook = &config.webhooks[0];
    assert!(hook.repositories.matches("team/a/b") && !hook.repositories.matches("other"));
    assert_eq!(hook.timeout.0, Duration::from_secs(10));
    let secrets = hook.secrets(0).expect("no files");
    assert_eq!(secrets.headers["x-token"], "hunter2");
    assert!(!format!("{config:?} {secrets:?}").contains("hunter2"));
}

#[test]
fn mistakes_are_said() {
    let hook = |more: &str| format!("[[webhooks]]\nname = 'a'\nurl = 'http://h/'\n{more}");
    let two = hook("") + &hook("");
    for (text, expected) in [
        ("lisen = []", "unknown field `lisen`"),
        ("access.anonymous = 'pull'", "unknown field `anonymous`"),
        ("listen = []", "serve.listen: no address to listen on"),
        (
            "listen = ['5000']",
            "\"5000\" is no address: write 127.0.0.1:5000",
        ),
        (
            "listen = ['[::]:1', '[::]:1']",
            "serve.listen: [::]:1 is there twice",
        ),
        (
            "metrics.listen = '127.0.0.1:5000'",
            "serve.metrics.listen: 127.0.0.1:5000 is the registry's own",
        ),
        (
            "anonymous = 'all'",
            "unknown variant `all`, expected one of `none`, `pull`, `push`",
        ),
        (
            "public_url = 'registry.example.com'",
            "\"registry.example.com\" is no URL",
        ),
        (
            "public_url = 'ftp://r'",
            "\"ftp://r\": only http:// and https:// are known",
        ),
        (
            "public_url = 'https://r/base'",
            "\"https://r/base\": a registry is at the top of its host",
        ),
        (
            "public_url = 'https://u:hunter2@r'",
            "a URL has no user and no password in it",
        ),
        ("hosts = ['r:5000']", "\"r:5000\" is no host: write"),
        ("hosts = ['http://r']", "\"http://r\" is no host: write"),
        ("hosts = ['']", "\"\" is no host: write"),
        ("trusted_proxies = ['proxy']", "invalid IP address syntax"),
        (
            "allowed_origins = ['https://a/']",
            "serve.allowed_origins: \"https://a/\": write",
        ),
        ("tls.certificate = '/c'", "missing field `key`"),
        (
            "tls = { certificate = '/c', key = '/k', client_required = true }",
            "serve.tls.client_required: needs",
        ),
        (
            "limits.page = 0",
            "serve.limits.page: must be between 1 and 100000",
        ),
        (
            "limits.manifest_bytes = 1",
            "serve.limits.manifest_bytes: must be between",
        ),
        (
            "limits.manifest_bytes = 4194305",
            "serve.limits.manifest_bytes: must be between 65536 and 4194304",
        ),
        (
            "limits.blob_bytes = 1",
            "serve.limits.blob_bytes: must be 65536 or more",
        ),
        ("timeouts.idle = '0s'", "\"0s\" is no time at all"),
        (
            "timeouts.idle = 'soon'",
            "\"soon\" is no length of time: write 30s",
        ),
        ("timeouts.idle = '-1s'", "\"-1s\" is below zero"),
        ("log.access = 'here'", "\"here\": use off, stderr or a path"),
        ("webhooks = [{ name = 'a' }]", "missing field `url`"),
        (&two, "serve.webhooks[1].name: there are two webhooks \"a\""),
        (
            &hook("events = []"),
            "serve.webhooks[0].events: no event at all",
        ),
        (
            &hook("events = ['account']"),
            "serve.webhooks[0].events: the format",
        ),
        (&hook("repositories = []"), "no repository at all"),
        (&hook("repositories = ['[']"), "\"[\": "),
        (
            &hook("repositories = ['/a']"),
            "\"/a\" begins or ends with a slash",
        ),
        (
            &hook(&format!("repositories = ['{}']", "a".repeat(1025))),
            "\"aaa",
        ),
        (
            &hook("timeout = '1h'"),
            "serve.webhooks[0].timeout: 5m at most",
        ),
        (
            &hook("headers = { Host = 'x' }"),
            "serve.webhooks[0].headers.Host: is set by the registry",
        ),
        (
            &hook("headers = { 'a b' = 'x' }"),
            "serve.webhooks[0].headers.a b: is no name",
        ),
        (
            &hook("secret = 'x'\nsecret_file = 'y'"),
            "serve.webhooks[0].secret: and secret_file",
        ),
    ] {
        let said = fault(text);
        assert!(said.starts_with(expected), "{text}\n{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn rules_become_policies() {
    use orlop_registry_store::{KeepWhen, QuotaScope, TagPattern, Untagged};
    let config = config(
        r#"
        [collect]
        interval = "1d"
        grace = "2h"
        [[retention]]
        repositories = ["team/**"]
        untagged = "7d"
        [[retention.keep]]
        tags = ["main", '/v\d+/']
        [[retention.keep]]
        semver = "*"
        latest = 3
        [[retention.keep]]
        last_pushed = 10
        [[immutable]]
        repositories = ["**"]
        tags = ["v*"]
        [[quotas]]
        repositories = ["team/**"]
        scope = "together"
        bytes = 1000
        "#,
    );
    let policies = config.policies().expect("they were checked");
    let rule = &policies.retention[0];
    assert_eq!(
        rule.untagged,
        Untagged::After(Duration::from_secs(7 * 86_400))
    );
    let tags = [
        TagPattern::Glob("main".into()),
        TagPattern::Regex(r"v\d+".into()),
    ];
    assert_eq!(rule.keep[0].tags, tags);
    let when: Vec<_> = rule.keep.iter().map(|keep| keep.when.clone()).collect();
    let versions = KeepWhen::Semver {
        range: None,
        latest: Some(3),
        prereleases: false,
    };
    assert_eq!(when, [KeepWhen::Always, versions, KeepWhen::LastPushed(10)]);
    assert_eq!(policies.immutable.len(), 1);
    assert_eq!(policies.quotas[0].scope, QuotaScope::Together);
    assert_eq!(config.upkeep().interval, Duration::from_secs(86_400));
    assert_eq!(config.storage(Path::new("/r")).grace.as_secs(), 7200);
}

#[test]
fn rules_that_say_nothing_are_refused() {
    let keep = |more: &str| {
        format!("[[retention]]\nrepositories = ['**']\n[[retention.keep]]\ntags = ['a']\n{more}")
    };
    for (text, expected) in [
        (
            &keep("last_pushed = 1\nlast_pulled = 1"),
            "serve.retention[0].keep[0]: one of",
        ),
        (
            &keep("latest = 1"),
            "serve.retention[0].keep[0]: latest and prereleases",
        ),
        (&keep("semver = 'nonsense'"), "serve.retention[0]: "),
        (&keep("nosuch = 1"), "unknown field `nosuch`"),
        (
            &"retention = [{ repositories = [] }]".to_owned(),
            "serve.retention[0]: ",
        ),
        (
            &"immutable = [{ repositories = ['**'], tags = ['/(/'] }]".to_owned(),
            "serve.immutable[0]: ",
        ),
        (
            &"quotas = [{ repositories = ['**'] }]".to_owned(),
            "serve.quotas[0]: limits nothing",
        ),
        (
            &"quotas = [{ repositories = ['['], tags = 1 }]".to_owned(),
            "serve.quotas[0]: ",
        ),
    ] {
        let said = fault(text);
        assert!(said.starts_with(expected), "{text}\n{said}");
    }
}

#[test]
fn secrets_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let hook = format!(
        "[[webhooks]]\nname = 'a'\nurl = 'http://h/'\nsecret_file = '{0}'\nauthorization_file = '{0}'",
        file.display()
    );
    let config = config(&hook);
    let secrets = || config.webhooks[0].secrets(0);
    let missing = secrets().unwrap_err();
    assert_eq!(missing.key, "webhooks[0].authorization_file");
    assert!(missing.reason.contains("No such file"), "{missing}");
    for (content, fault) in [("\n", "is empty"), ("short", "at least 16 characters")] {
        std::fs::write(&file, content).unwrap();
        assert!(secrets().unwrap_err().reason.contains(fault), "{content}");
    }
    std::fs::write(&file, "Bearer of good news\n").unwrap();
    let read = secrets().unwrap();
    assert_eq!(read.signing.unwrap().expose(), "Bearer of good news");
    assert_eq!(read.headers["authorization"], "Bearer of good news");
}
