//! Tests of `docker_config.rs` and, through it, of `helper.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, DockerConfigFile) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    fs::write(&path, text).unwrap();
    let config = DockerConfigFile::new(path).with_helper_path(directory.path());
    (directory, config)
}

fn script(directory: &tempfile::TempDir, name: &str, body: &str) {
    let path = directory.path().join(format!("docker-credential-{name}"));
    fs::write(&path, format!("#!/bin/sh\n{body}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn password(user: &str, password: &str) -> Option<Credential> {
    Some(Credential::password(user, password))
}

#[test]
fn entries_of_all_kinds() {
    let (_keep, config) = file(
        r#"{"auths":{
            "https://index.docker.io/v1/":{"auth":"aHViOnAtdw=="},
            "quay.io":{"username":"q","password":"w"},
            "https://old.example/v1/":{"auth":"b2xkOnB3"},
            "acr.example":{"auth":"dTo=","identitytoken":"idt"},
            "bearer.example":{"registrytoken":"rt"},
            "empty.example":{}
        },"HttpHeaders":{"X":"y"}}"#,
    );
    assert_eq!(config.get("docker.io").unwrap(), password("hub", "p-w"));
    assert_eq!(config.get("quay.io").unwrap(), password("q", "w"));
    assert_eq!(config.get("old.example").unwrap(), password("old", "pw"));
    assert_eq!(
        config.get("acr.example").unwrap(),
        Some(Credential::Identity {
            user: "u".into(),
            token: "idt".into()
        })
    );
    assert_eq!(
        config.get("bearer.example").unwrap(),
        Some(Credential::Bearer { token: "rt".into() })
    );
    assert_eq!(config.get("empty.example").unwrap(), None);
    assert_eq!(config.get("ghcr.io").unwrap(), None);
}

#[test]
fn no_file_is_no_credentials_and_damage_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let config = DockerConfigFile::new(directory.path().join("none/config.json"));
    assert_eq!(config.get("quay.io").unwrap(), None);
    for text in [
        "{",
        "[]",
        r#"{"auths":["a.b"]}"#,
        r#"{"auths":{"a.b":["eA=="]}}"#,
        r#"{"credHelpers":["mem"]}"#,
        r#"{"auths":{"a.b":{"auth":"%%"}}}"#,
        r#"{"auths":{"a.b":{"auth":"eA=="}}}"#,
    ] {
        let (_keep, config) = file(text);
        assert!(config.get("a.b").is_err(), "{text}");
    }
}

#[test]
fn what_is_kept_is_read_again_and_the_rest_stays() {
    let (_keep, config) = file(r#"{"HttpHeaders":{"X":"y"},"auths":{"quay.io":{"auth":"cTp3"}}}"#);
    let kept = config
        .store("docker.io", &Credential::password("u", "a:b"))
        .unwrap();
    assert_eq!(kept, Keeper::File(config.path().to_owned()));
    let identity = Credential::Identity {
        user: String::new(),
        token: "t".into(),
    };
    config.store("acr.example", &identity).unwrap();
    assert_eq!(config.get("docker.io").unwrap(), password("u", "a:b"));
    assert_eq!(config.get("acr.example").unwrap(), Some(identity));
    assert_eq!(config.get("quay.io").unwrap(), password("q", "w"));
    let text = fs::read_to_string(config.path()).unwrap();
    assert!(
        text.contains("\"X\": \"y\"") && text.contains(quirks::HUB_CREDENTIAL_KEY),
        "{text}"
    );
    let mode = fs::metadata(config.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(config.erase("docker.io").unwrap());
    assert!(!config.erase("docker.io").unwrap());
    assert_eq!(config.get("docker.io").unwrap(), None);
}

#[test]
fn a_helper_gets_stores_and_erases() {
    let (directory, config) = file(r#"{"credHelpers":{"mem.example":"mem"}}"#);
    let kept = directory.path().join("kept");
    script(
        &directory,
        "mem",
        &format!(
            r#"case "$1" in
store) cat > {0} ;;
get) read -r server
     if [ -f {0} ]; then cat {0}; else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm {0} ;;
esac"#,
            kept.display()
        ),
    );
    assert_eq!(config.get("mem.example").unwrap(), None);
    let keeper = config
        .store("mem.example", &Credential::password("u", "s"))
        .unwrap();
    assert_eq!(keeper, Keeper::Helper("mem".into()));
    assert_eq!(
        fs::read_to_string(&kept).unwrap(),
        r#"{"ServerURL":"mem.example","Username":"u","Secret":"s"}"#
    );
    assert!(!fs::read_to_string(config.path()).unwrap().contains("\"s\""));
    assert_eq!(config.get("mem.example").unwrap(), password("u", "s"));
    let identity = Credential::Identity {
        user: "u".into(),
        token: "t".into(),
    };
    config.store("mem.example", &identity).unwrap();
    assert_eq!(
        config.get("mem.example").unwrap(),
        Some(Credential::Identity {
            user: "<token>".into(),
            token: "t".into()
        })
    );
    assert!(config.erase("mem.example").unwrap());
    assert!(!kept.exists());
    assert_eq!(config.get("mem.example").unwrap(), None);
}

#[test]
fn helpers_that_fail() {
    let (directory, config) = file(
        r#"{"credsStore":"slow","credHelpers":{"a.b":"loud","c.d":"none","e.f":"../evil","g.h":"junk","i.j":"list"}}"#,
    );
    let config = config.with_helper_timeout(Duration::from_millis(200));
    script(&directory, "slow", "exec sleep 20");
    script(&directory, "loud", "echo 'keychain is locked' >&2; exit 1");
    script(&directory, "junk", "echo no json");
    script(&directory, "list", r#"echo '["","u","p"]'"#);
    let started = Instant::now();
    for (registry, expected) in [
        ("x.y", "no answer within"),
        ("a.b", "keychain is locked"),
        ("c.d", "executable file not found"),
        ("e.f", "can't have a slash"),
        ("g.h", "not understood"),
        ("i.j", "expected an object"),
    ] {
        let error = config.get(registry).unwrap_err().to_string();
        assert!(error.contains(expected), "{registry}: {error}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

use std::time::Instant;
