//! Accounts for machines.

use jiff::SignedDuration;
use orlop_access::*;

use crate::scene::{Scene, TEAM};

fn grant(repositories: &[&str], allow: &[Action]) -> RobotGrant {
    RobotGrant {
        repositories: repositories.iter().map(|&glob| glob.to_owned()).collect(),
        allow: allow.iter().copied().collect(),
    }
}

fn robot(name: &str) -> NewRobot {
    NewRobot {
        name: name.into(),
        description: "builds".into(),
        grants: vec![
            grant(&["ci/**"], &[Action::Pull, Action::Push]),
            grant(&["ci/cache-*"], &[Action::Delete]),
        ],
        lifetime: None,
    }
}

#[tokio::test]
async fn what_a_robot_may() {
    let scene = Scene::team().await;
    let robots = scene.control.robots();
    let (made, secret) = robots.create(robot("ci")).await.unwrap();
    let identity = scene.basic("robot$ci", secret.expose()).await.unwrap();
    assert_eq!(identity.actor().to_string(), "robot$ci");
    for (repository, may) in [
        ("ci/app", "pull,push"),
        ("ci/cache-1", "pull,push,delete"),
        ("ci", ""),
        ("public/app", "pull"),
        ("shared/app", ""),
    ] {
        assert_eq!(scene.may(&identity, repository), may, "{repository}");
    }
    assert_eq!(scene.control.refusal(&identity), Refusal::Forbidden);
    // The secret is nowhere: not in the record, not in the accounts.
    let kept = format!("{made:?} {}", toml::to_string(&made).unwrap());
    assert!(!kept.contains(secret.expose()));
    assert_eq!(secret.expose().len(), 52, "256 bits");
    for wrong in ["", "x", &secret.expose()[1..], "robot$ci"] {
        assert!(scene.basic("robot$ci", wrong).await.is_err());
    }
    assert!(scene.basic("ci", secret.expose()).await.is_err());
    assert!(scene.basic("robot$no", secret.expose()).await.is_err());
}

#[tokio::test]
async fn it_expires_is_disabled_and_goes() {
    let scene = Scene::team().await;
    let robots = scene.control.robots();
    let new = NewRobot {
        lifetime: Some(SignedDuration::from_hours(1)),
        ..robot("ci")
    };
    let (made, secret) = robots.create(new).await.unwrap();
    assert_eq!(made.expires.unwrap().to_string(), "2026-05-01T13:00:00Z");
    let login = async || match scene.basic("robot$ci", secret.expose()).await {
        Ok(_) => "in",
        Err(AuthError::Invalid(Refused::Expired)) => "expired",
        Err(AuthError::Invalid(Refused::Disabled)) => "disabled",
        Err(_) => "refused",
    };
    let change = RobotChange::default;
    assert_eq!(login().await, "in");
    scene.pass(3599);
    assert_eq!(login().await, "in");
    scene.pass(1);
    assert_eq!(login().await, "expired");
    let wrong = scene.basic("robot$ci", "wrong").await.unwrap_err();
    assert_eq!(wrong.to_string(), "unknown user or wrong password");
    let forever = RobotChange {
        expires: Some(None),
        ..change()
    };
    robots.change("ci", forever).await.unwrap();
    assert_eq!(login().await, "in");
    let disable = RobotChange {
        disabled: Some(true),
        ..change()
    };
    robots.change("ci", disable).await.unwrap();
    assert_eq!(login().await, "disabled");
    let enable = RobotChange {
        disabled: Some(false),
        description: Some("again".into()),
        grants: Some(vec![grant(&["x"], &[Action::Pull])]),
        ..change()
    };
    let changed = robots.change("ci", enable).await.unwrap();
    assert_eq!(changed.description, "again");
    let identity = scene.basic("robot$ci", secret.expose()).await.unwrap();
    assert_eq!(scene.may(&identity, "x"), "pull");
    assert_eq!(scene.may(&identity, "ci/app"), "");
    robots.renew_secret("ci").await.unwrap();
    assert_eq!(login().await, "refused");
    robots.remove("ci").await.unwrap();
    assert_eq!(login().await, "refused");
    assert!(robots.remove("ci").await.is_err());
    assert!(robots.renew_secret("ci").await.is_err());
    assert!(robots.change("ci", change()).await.is_err());
}

/// Somebody else's change counts within seconds.
#[tokio::test]
async fn a_change_by_another_process() {
    let scene = Scene::team().await;
    let (_, secret) = scene.control.robots().create(robot("ci")).await.unwrap();
    scene.basic("robot$ci", secret.expose()).await.unwrap();
    let elsewhere = Robots::new(scene.accounts.clone(), scene.clock.clone());
    elsewhere.remove("ci").await.unwrap();
    scene.pass(2);
    assert!(scene.basic("robot$ci", secret.expose()).await.is_err());
}

#[tokio::test]
async fn it_is_noted_when_one_was_used() {
    let scene = Scene::team().await;
    let (_, secret) = scene.control.robots().create(robot("ci")).await.unwrap();
    let used = async || {
        let robots = scene.control.robots().list().await.unwrap();
        robots[0].last_used.map(|at| at.to_string())
    };
    assert_eq!(used().await, None);
    scene.basic("robot$ci", "wrong").await.unwrap_err();
    assert_eq!(used().await, None);
    scene.basic("robot$ci", secret.expose()).await.unwrap();
    assert_eq!(used().await.unwrap(), "2026-05-01T12:00:00Z");
    scene.pass(59);
    scene.basic("robot$ci", secret.expose()).await.unwrap();
    assert_eq!(used().await.unwrap(), "2026-05-01T12:00:00Z");
    scene.pass(1);
    let header = crate::scene::basic("robot$ci", secret.expose());
    let token = scene.get("", Some(&header)).await.unwrap().token;
    assert_eq!(used().await.unwrap(), "2026-05-01T12:01:00Z");
    scene.pass(60);
    scene.bearer(token.expose()).await.unwrap();
    assert_eq!(used().await.unwrap(), "2026-05-01T12:02:00Z");
    // A change doesn't take it back.
    let robots = scene.control.robots();
    robots.renew_secret("ci").await.unwrap();
    assert!(used().await.is_some());
}

#[tokio::test]
async fn those_that_cannot_be() {
    let scene = Scene::team().await;
    let robots = scene.control.robots();
    robots.create(robot("ci")).await.unwrap();
    let error = robots.create(robot("ci")).await.unwrap_err();
    assert_eq!(error.to_string(), "robot \"ci\": there is one already");
    for name in [
        "",
        "CI",
        "-ci",
        "ci/x",
        "ci:x",
        "robot$ci",
        "c i",
        "ci\n",
        "ü",
        &"a".repeat(129),
    ] {
        assert!(robots.create(robot(name)).await.is_err(), "{name:?}");
    }
    for name in ["a", "0", "team+ci", "a.b_c-d"] {
        robots.create(robot(name)).await.unwrap();
    }
    for grants in [
        vec![grant(&[], &[Action::Pull])],
        vec![grant(&["a"], &[])],
        vec![grant(&["["], &[Action::Pull])],
        vec![grant(&["a"], &[Action::Pull]); 257],
    ] {
        let new = NewRobot {
            grants: grants.clone(),
            ..robot("x")
        };
        assert!(robots.create(new).await.is_err());
        let change = RobotChange {
            grants: Some(grants),
            ..RobotChange::default()
        };
        assert!(robots.change("ci", change).await.is_err());
    }
    for lifetime in [
        SignedDuration::ZERO,
        SignedDuration::MIN,
        SignedDuration::MAX,
    ] {
        let new = NewRobot {
            lifetime: Some(lifetime),
            ..robot("x")
        };
        assert!(robots.create(new).await.is_err());
    }
}

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let scene = Scene::new(crate::scene::config(TEAM)).await;
    let new = NewRobot {
        lifetime: Some(SignedDuration::from_hours(1)),
        ..robot("ci")
    };
    let (made, _) = scene.control.robots().create(new).await.unwrap();
    let text = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Robot>(&text).unwrap(), made);
    let key = scene.accounts.signing_keys().await.unwrap().remove(0);
    assert!(!format!("{key:?}").contains(key.private_key.expose()));
    let text = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<SigningKey>(&text).unwrap(), key);
}
