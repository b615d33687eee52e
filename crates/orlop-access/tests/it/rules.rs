//! Who may do what where.

use orlop_access::*;

use crate::scene::{Scene, TEAM, config, start};

const REPOSITORIES: [&str; 9] = [
    "public/app",
    "shared/app",
    "dev/app",
    "dev/old",
    "lib/one",
    "lib/one/deep",
    "drop/box",
    "other",
    "public",
];

/// Every role in every repository: the rules, not what a login makes of them.
#[tokio::test]
async fn every_role_in_every_repository() {
    let scene = Scene::team().await;
    let robots = scene.control.robots();
    for (name, grants) in [
        ("builder", vec![]),
        ("courier", vec![]),
        (
            "reader",
            vec![RobotGrant {
                repositories: vec!["other".into(), "dev/*".into()],
                allow: Action::Pull.into(),
            }],
        ),
    ] {
        let new = NewRobot {
            name: name.into(),
            grants,
            ..NewRobot::default()
        };
        robots.create(new).await.unwrap();
    }
    let all = "pull,push,delete,admin";
    let table: &[(&str, [&str; 9])] = &[
        // public/app  shared  dev/app  dev/old  lib/one  lib/one/deep  drop/box  other  public
        ("anonymous", ["pull", "", "", "", "", "", "", "", ""]),
        ("ada", [all; 9]),
        (
            "bob",
            [
                "pull",
                "pull",
                "pull,push",
                "pull,push,delete",
                "pull,push",
                "",
                "",
                "",
                "",
            ],
        ),
        ("eve", ["pull,delete"; 9]),
        (
            "robot$builder",
            [
                "pull",
                "",
                "pull,push",
                "pull,push",
                "pull,push",
                "",
                "",
                "",
                "",
            ],
        ),
        (
            "robot$courier",
            ["pull", "", "", "", "", "", "push", "", ""],
        ),
        (
            "robot$reader",
            ["pull", "", "pull", "pull", "", "", "", "pull", ""],
        ),
        (
            "certificate host",
            [
                "pull",
                "pull",
                "pull,push",
                "pull,push",
                "pull,push",
                "",
                "",
                "",
                "",
            ],
        ),
        (
            "certificate job",
            ["pull", "pull", "", "", "", "", "", "", ""],
        ),
    ];
    for (who, expected) in table {
        let identity = recognise(&scene, who).await;
        for (repository, expected) in REPOSITORIES.iter().zip(expected) {
            assert_eq!(
                scene.may(&identity, repository),
                *expected,
                "{who} in {repository}"
            );
            let sees = expected.contains("pull");
            assert_eq!(scene.control.visible(&identity, repository), sees, "{who}");
        }
        assert_eq!(scene.control.is_admin(&identity), *who == "ada", "{who}");
        assert!(scene.control.may_list_catalog(&identity), "{who}");
    }
}

async fn recognise(scene: &Scene, who: &str) -> Identity {
    if who == "anonymous" {
        return scene.anonymous().await;
    }
    if let Some(robot) = who.strip_prefix("robot$") {
        let (_, secret) = scene.control.robots().renew_secret(robot).await.unwrap();
        return scene.basic(who, secret.expose()).await.unwrap();
    }
    let names = match who {
        "certificate host" => CertificateNames {
            common_name: Some("host.example".into()),
            ..CertificateNames::default()
        },
        "certificate job" => CertificateNames {
            uris: vec!["spiffe://example/job".into()],
            ..CertificateNames::default()
        },
        user => return scene.user(user).await,
    };
    let credentials = Credentials {
        certificate: Some(&names),
        ..Credentials::default()
    };
    scene.control.authenticate(&credentials).await.unwrap()
}

#[tokio::test]
async fn what_anybody_may() {
    for (anonymous, may, lists, pings) in [
        (AnonymousAccess::None, "", false, false),
        (AnonymousAccess::Pull, "pull", true, false),
        (AnonymousAccess::Push, "pull,push,delete", true, true),
    ] {
        let scene = Scene::new(AccessConfig::open(anonymous)).await;
        let nobody = scene.anonymous().await;
        assert_eq!(scene.may(&nobody, "any/thing"), may);
        assert_eq!(scene.control.may_list_catalog(&nobody), lists);
        assert_eq!(scene.control.may_ping(&nobody), pings);
        assert!(!scene.control.is_admin(&nobody));
        // Who logs in has no less.
        let bob = scene.user("bob").await;
        assert_eq!(scene.may(&bob, "any/thing"), may);
    }
}

#[tokio::test]
async fn without_tokens_who_may_pull_may_ping() {
    for (anonymous, pings) in [("none", false), ("pull", true), ("push", true)] {
        let text = format!("anonymous = \"{anonymous}\"\ntokens.enabled = false");
        let scene = Scene::new(config(&text)).await;
        let nobody = scene.anonymous().await;
        assert_eq!(scene.control.may_ping(&nobody), pings, "{anonymous}");
        assert!(scene.control.may_ping(&scene.user("bob").await));
    }
}

#[tokio::test]
async fn who_is_nowhere_let_in_has_no_catalog() {
    let scene = Scene::new(config("admins = [\"user:ada\"]")).await;
    assert!(!scene.control.may_list_catalog(&scene.user("bob").await));
    assert!(scene.control.may_list_catalog(&scene.user("ada").await));
    assert!(scene.control.may_list_catalog(&Identity::system()));
    assert_eq!(
        scene.may(&Identity::system(), "a"),
        "pull,push,delete,admin"
    );
}

#[tokio::test]
async fn a_name_of_one_kind_is_not_that_of_another() {
    let text = "admins = [\"certificate:bob\", \"robot:bob\", \"group:bobs\"]\ngroups.bobs = []\n\
        [[certificates]]\ncommon_name = \"ada\"";
    let scene = Scene::new(config(text)).await;
    let bob = scene.user("bob").await;
    assert!(!scene.control.is_admin(&bob));
    assert_eq!(scene.may(&bob, "a"), "");
}

#[tokio::test]
async fn other_rules_hold_at_once_for_who_is_in() {
    let scene = Scene::team().await;
    let bob = scene.user("bob").await;
    let token = scene.token("bob", "repository:dev/app:pull,push").await;
    assert_eq!(scene.may(&bob, "dev/app"), "pull,push");
    let mut without = config(&TEAM.replace("\"user:bob\", ", ""));
    without.htpasswd = Some(scene.users.clone());
    scene.control.reload(without.clone()).await.unwrap();
    assert_eq!(scene.may(&bob, "dev/app"), "");
    let by_token = scene.bearer(&token).await.unwrap();
    assert_eq!(scene.may(&by_token, "dev/app"), "", "CVE-2025-23208");
    // What can't be used changes nothing.
    without.rules[0].repositories = vec!["[".into()];
    assert!(scene.control.reload(without).await.is_err());
    assert_eq!(
        scene.may(&scene.user("ada").await, "a"),
        "pull,push,delete,admin"
    );
}

#[test]
fn configurations_that_make_no_sense() {
    for (text, reason) in [
        ("admins = [\"anonymous\"]", "admins: anonymous can't be one"),
        ("admins = [\"group:x\"]", "admins: there is no group:x"),
        (
            "groups.a = [\"group:b\"]",
            "groups.a: group:b: only users, robots and certificates are in groups",
        ),
        (
            "rules = [{ repositories = [], to = [\"anonymous\"], allow = [\"pull\"] }]",
            "rules[0]: a rule has repositories, to and allow",
        ),
        (
            "rules = [{ repositories = [\"a\"], to = [\"group:no\"], allow = [\"pull\"] }]",
            "rules[0]: there is no group:no",
        ),
        (
            "rules = [{ repositories = [\"a/{b\"], to = [\"anonymous\"], allow = [\"pull\"] }]",
            "rules: \"a/{b\": unclosed alternate group; missing '}' \
             (maybe escape '{' with '[{]'?)",
        ),
        (
            "rules = [{ repositories = [\"\"], to = [\"anonymous\"], allow = [\"pull\"] }]",
            "rules: \"\" is empty",
        ),
        (
            "certificates = [{ name = \"a\" }]",
            "certificates[0]: needs common_name, dns, email or uri",
        ),
        (
            "certificates = [{ dns = \"a\" }]",
            "certificates[0]: needs a name",
        ),
        (
            "tokens.lifetime = \"59s\"",
            "tokens.lifetime: 59s isn't between 1m and 1h",
        ),
        (
            "tokens.service = 'a\"b'",
            "tokens.service: a text of ASCII letters without quotes is needed",
        ),
        (
            "tokens.realm = \"registry\"",
            "tokens.realm: an URL is needed (https://…)",
        ),
        (
            "htpasswd = \"/none\"",
            "/none: No such file or directory (os error 2)",
        ),
    ] {
        let error = AccessControl::check(config(text)).unwrap_err();
        assert_eq!(error.to_string(), reason, "{text}");
    }
    for text in [
        "admins = [\"bob\"]",
        "admins = [\"user:\"]",
        "admins = [\"robot$\"]",
        "unknown = 1",
        "rules = [{ repositories = [\"a\"], to = [\"anonymous\"], allow = [\"read\"] }]",
        "tokens.lifetime = 5",
    ] {
        assert!(toml::from_str::<AccessConfig>(text).is_err(), "{text}");
    }
}

#[test]
fn a_configuration_comes_back_as_it_was() {
    let read = config(TEAM);
    let written = toml::to_string(&read).unwrap();
    assert_eq!(config(&written), read);
    assert_eq!(start().to_string(), "2026-05-01T12:00:00Z");
}

#[test]
fn pushing_needs_pulling() {
    assert_eq!(Action::Push.needs().to_string(), "pull,push");
    for action in [Action::Pull, Action::Delete, Action::Admin] {
        assert_eq!(action.needs(), Actions::from(action));
    }
}
