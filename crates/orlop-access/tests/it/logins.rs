//! Headers, passwords, and guessing.

use std::time::Duration;

use orlop_access::*;

use crate::scene::{Scene, basic};

#[tokio::test]
async fn headers() {
    let scene = Scene::team().await;
    let right = basic("bob", "bob-password");
    for header in [
        right.clone(),
        right.replace("Basic", "basic"),
        right.replace("Basic", "BASIC"),
        right.replace("Basic ", "Basic   "),
        right.trim_end_matches('=').to_owned(),
        format!(" {right} "),
    ] {
        let identity = scene.header(&header).await.unwrap();
        assert_eq!(identity.actor().to_string(), "bob");
        assert_eq!(identity.proof(), Proof::Basic);
    }
    let encoded = right.trim_start_matches("Basic ");
    for (header, reason) in [
        (String::new(), "no scheme"),
        ("Basic".into(), "no scheme"),
        ("Bearer".into(), "no scheme"),
        ("Bearer ".into(), "no scheme"),
        (encoded.into(), "no scheme"),
        ("Digest x".into(), "unknown scheme"),
        (format!("Basi {encoded}"), "unknown scheme"),
        ("Basic !!".into(), "not base64 of UTF-8"),
        ("Basic /w==".into(), "not base64 of UTF-8"),
        (format!("{right} {right}"), "not base64 of UTF-8"),
        (format!("{right}, {right}"), "not base64 of UTF-8"),
        ("Basic Ym9i".into(), "no colon between user and password"),
        (basic("", "x"), "no user name"),
        (basic("", ""), "no user name"),
        (
            basic("bob\n", "x"),
            "a control character or colon in the user name",
        ),
        (basic("bob", "bob-password\0"), "a NUL in the password"),
        (basic(&"b".repeat(256), "x"), "user name too long"),
        (basic("b", &"x".repeat(9000)), "too long"),
        (format!("Bearer {}", "x".repeat(20_000)), "token too long"),
    ] {
        match scene.header(&header).await {
            Err(AuthError::Invalid(Refused::Malformed(said))) => assert_eq!(said, reason),
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_refused_is_not_told_why() {
    let scene = Scene::team().await;
    let wrong = scene.basic("bob", "wrong").await.unwrap_err();
    let unknown = scene.basic("nobody", "bob-password").await.unwrap_err();
    let robot = scene.basic("robot$nobody", "x").await.unwrap_err();
    assert_eq!(wrong.to_string(), unknown.to_string());
    assert_eq!(wrong.to_string(), robot.to_string());
    assert_eq!(wrong.challenge_error(), None);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let scene = Scene::team().await;
    let from = async |address: &str, name: &str, password: &str| {
        let header = basic(name, password);
        let credentials = Credentials {
            authorization: Some(&header),
            address: Some(address.parse().unwrap()),
            certificate: None,
        };
        scene.control.authenticate(&credentials).await
    };
    let (robot, secret) = scene
        .control
        .robots()
        .create(NewRobot {
            name: "ci".into(),
            ..NewRobot::default()
        })
        .await
        .unwrap();
    let robot = format!("robot${}", robot.name);
    for (name, right) in [("bob", "bob-password"), (&robot, secret.expose())] {
        // Who has just come in is known for a minute, whatever others guess.
        if name == "bob" {
            from("10.0.0.1", name, right).await.unwrap();
        }
        for _ in 0..6 {
            let refused = from("10.0.0.1", name, "guess").await;
            assert!(matches!(refused, Err(AuthError::Invalid(_))), "{refused:?}");
        }
        let refused = from("10.0.0.1", name, "guess").await.unwrap_err();
        let AuthError::Throttled { retry_after } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(retry_after, Duration::from_secs(1));
        assert_eq!(
            from("10.0.0.1", name, right).await.is_ok(),
            name == "bob",
            "{name}"
        );
        // Others, and elsewhere, aren't.
        from("10.0.0.2", name, right).await.unwrap();
        from("10.0.0.1", "eve", "eve-password").await.unwrap();
        scene.pass(1);
        from("10.0.0.1", name, right).await.unwrap();
    }
    // Each failure doubles the wait.
    scene.pass(3600);
    for _ in 0..5 {
        from("10.0.0.3", "ada", "guess").await.unwrap_err();
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let refused = from("10.0.0.3", "ada", "guess").await;
        assert!(matches!(refused, Err(AuthError::Invalid(_))), "{wait}");
        let refused = from("10.0.0.3", "ada", "ada-password").await;
        assert!(
            matches!(refused, Err(AuthError::Throttled { retry_after }) if retry_after.as_secs() == wait),
            "{refused:?}"
        );
        // The time of the day doesn't help.
        scene.clock.jump(jiff::Timestamp::MAX);
        assert!(from("10.0.0.3", "ada", "ada-password").await.is_err());
        scene.clock.jump(crate::scene::start());
        scene.pass(wait);
    }
    from("10.0.0.3", "ada", "ada-password").await.unwrap();
}

#[tokio::test]
async fn guessing_at_the_token_service_counts_too() {
    let scene = Scene::team().await;
    for _ in 0..6 {
        let form = "grant_type=password&username=bob&password=guess";
        assert_eq!(scene.post(form).await.unwrap_err().status(), 401);
    }
    let error = scene.basic("bob", "bob-password").await.unwrap_err();
    assert!(matches!(error, AuthError::Throttled { .. }));
    let error = scene.get("", Some(&basic("bob", "x"))).await.unwrap_err();
    assert_eq!(error.status(), 429);
}

/// A table that is full forgets; names that cost nothing to try don't fill the one of users.
#[tokio::test]
async fn names_of_robots_do_not_make_guesses_be_forgotten() {
    let scene = Scene::team().await;
    for _ in 0..6 {
        scene.basic("bob", "guess").await.unwrap_err();
    }
    for index in 0..10_001 {
        let name = format!("robot$no{index}");
        scene.basic(&name, "guess").await.unwrap_err();
    }
    let error = scene.basic("bob", "guess").await.unwrap_err();
    assert!(matches!(error, AuthError::Throttled { .. }), "{error:?}");
}
