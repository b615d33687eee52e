//! Docker's token protocol, from the request to what the token opens.

use jiff::Timestamp;
use orlop_access::*;
use serde_json::{Value, json};

use crate::scene::{Scene, TEAM, basic, config, fault, parts, start};

#[tokio::test]
async fn what_is_in_a_token_and_its_answer() {
    let scene = Scene::team().await;
    let header = basic("bob", "bob-password");
    let query = "service=orlop&account=bob&client_id=docker\
        &scope=repository:dev/app:pull,push,delete&scope=repository:other:pull";
    let answer = scene.get(query, Some(&header)).await.unwrap();
    let (head, claims) = parts(answer.token.expose());
    let keys = scene.control.public_keys();
    assert_eq!(
        head,
        json!({"alg": "ES256", "typ": "JWT", "kid": keys["keys"][0]["kid"]})
    );
    let now = start().as_second();
    let expected = json!({
        "iss": "orlop", "sub": "bob", "aud": "orlop",
        "exp": now + 300, "nbf": now, "iat": now, "jti": claims["jti"],
        "access": [{"type": "repository", "name": "dev/app", "actions": ["pull", "push"]}],
        "kind": "user", "bound": claims["bound"],
    });
    assert_eq!(claims, expected);
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    let written: Value = serde_json::to_value(&answer).unwrap();
    let token = answer.token.expose();
    assert_eq!(
        written,
        json!({
            "token": token, "access_token": token, "token_type": "Bearer",
            "scope": "repository:dev/app:pull,push", "expires_in": 300,
            "issued_at": "2026-05-01T12:00:00Z",
        })
    );
    assert!(!format!("{answer:?}").contains(token));
}

/// What was asked for, cut to what is allowed.
#[tokio::test]
async fn scopes() {
    let scene = Scene::team().await;
    let catalog = "registry:catalog:*";
    for (who, asked, granted) in [
        ("bob", "", ""),
        ("bob", "repository:dev/app:pull", "repository:dev/app:pull"),
        ("bob", "repository:dev/app:push", "repository:dev/app:push"),
        (
            "bob",
            "repository:dev/app:*",
            "repository:dev/app:pull,push",
        ),
        (
            "bob",
            "repository:dev/old:*",
            "repository:dev/old:pull,push,delete",
        ),
        (
            "bob",
            "repository(plugin):dev/app:pull",
            "repository:dev/app:pull",
        ),
        ("bob", "repository:other:pull,push", ""),
        ("bob", "repository:dev/**:pull", ""),
        ("bob", "repository:dev/app:fly", ""),
        ("bob", "repository:dev/app:", ""),
        ("bob", "image:dev/app:pull", ""),
        ("bob", "repository:../dev/app:pull", ""),
        ("bob", catalog, catalog),
        ("bob", "registry:catalog:", ""),
        ("bob", "registry:other:*", ""),
        (
            "bob",
            "repository:dev/app:pull%20repository:public/a:pull,push",
            "repository:dev/app:pull repository:public/a:pull",
        ),
        (
            "bob",
            "repository:dev/app:pull%20repository:dev/app:push",
            "repository:dev/app:pull,push",
        ),
        ("ada", "repository:x:*", "repository:x:pull,push,delete"),
        ("ada", "repository:x:admin", "repository:x:admin"),
        (
            "",
            "repository:public/a:pull,push",
            "repository:public/a:pull",
        ),
        ("", "repository:shared/a:pull", ""),
        ("", catalog, catalog),
    ] {
        let header = basic(who, &format!("{who}-password"));
        let header = (!who.is_empty()).then_some(header.as_str());
        let answer = scene.get(&format!("scope={asked}"), header).await.unwrap();
        assert_eq!(answer.scope, granted, "{who} {asked}");
    }
}

/// A token opens what it was given for, and only while the rules do.
#[tokio::test]
async fn what_a_token_opens() {
    let scene = Scene::team().await;
    let token = scene
        .token(
            "bob",
            "repository:dev/old:pull,push repository:public/a:pull",
        )
        .await;
    let identity = scene.bearer(&token).await.unwrap();
    assert_eq!(identity.actor(), &Actor::new(ActorKind::User, "bob"));
    assert_eq!(identity.proof(), Proof::Token);
    for (repository, may) in [
        ("dev/old", "pull,push"),
        ("dev/app", ""),
        ("public/a", "pull"),
        ("public/b", ""),
        ("shared/a", ""),
    ] {
        assert_eq!(scene.may(&identity, repository), may, "{repository}");
    }
    assert!(scene.control.may_ping(&identity));
    assert!(!scene.control.may_list_catalog(&identity));
    assert!(!scene.control.visible(&identity, "dev/old"));
    let insufficient = Refusal::Unauthorized(Some(ChallengeError::InsufficientScope));
    assert_eq!(scene.control.refusal(&identity), insufficient);

    let token = scene.token("bob", "registry:catalog:*").await;
    let identity = scene.bearer(&token).await.unwrap();
    assert!(scene.control.may_list_catalog(&identity));
    assert!(scene.control.visible(&identity, "dev/old"));
    assert!(!scene.control.visible(&identity, "other"));
    assert_eq!(scene.may(&identity, "dev/old"), "");
}

#[tokio::test]
async fn an_administrator_is_none_by_a_token() {
    let scene = Scene::team().await;
    let token = scene.token("ada", "repository:x:*,admin").await;
    let identity = scene.bearer(&token).await.unwrap();
    assert_eq!(scene.may(&identity, "x"), "pull,push,delete,admin");
    assert_eq!(scene.may(&identity, "y"), "");
    assert!(!scene.control.is_admin(&identity));
}

#[tokio::test]
async fn a_token_for_nobody() {
    let scene = Scene::team().await;
    let answer = scene
        .get("scope=repository:public/a:pull", None)
        .await
        .unwrap();
    let identity = scene.bearer(answer.token.expose()).await.unwrap();
    assert!(identity.is_anonymous());
    assert!(scene.control.may_ping(&identity), "docker pulls on with it");
    assert_eq!(scene.may(&identity, "public/a"), "pull");
    assert_eq!(parts(answer.token.expose()).1["sub"], "");
    // There is nobody to come back.
    let answer = scene.get("offline_token=true", None).await.unwrap();
    assert!(answer.refresh_token.is_none());
}

#[tokio::test]
async fn it_expires_and_clocks_may_be_apart() {
    let scene = Scene::team().await;
    let token = scene.token("bob", "repository:dev/app:pull").await;
    // Five minutes, and a minute for clocks.
    scene.pass(359);
    scene.bearer(&token).await.unwrap();
    scene.pass(1);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Expired);
    // A clock that is set back makes it one from the future, a little of which is fine.
    scene
        .clock
        .jump(start() - std::time::Duration::from_secs(60));
    scene.bearer(&token).await.unwrap();
    scene
        .clock
        .jump(start() - std::time::Duration::from_secs(61));
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::NotYet);
    scene.clock.jump(Timestamp::MIN);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::NotYet);
    scene.clock.jump(Timestamp::MAX);
    assert_eq!(fault(scene.bearer(&token).await), TokenFault::Expired);
    scene.clock.jump(start());
    scene.bearer(&token).await.unwrap();
    let error = scene.bearer("a.b.c").await.unwrap_err();
    assert_eq!(error.challenge_error(), Some(ChallengeError::InvalidToken));
}

#[tokio::test]
async fn oauth() {
    let scene = Scene::team().await;
    let form = "grant_type=password&username=bob&password=bob-password&service=orlop\
        &client_id=containerd&access_type=offline&scope=repository%3Adev%2Fapp%3Apull";
    let first = scene.post(form).await.unwrap();
    assert_eq!(first.scope, "repository:dev/app:pull");
    let refresh = first.refresh_token.unwrap();
    scene.pass(20 * 24 * 3600);
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&service=orlop&client_id=containerd\
         &scope=repository:dev/app:pull,push repository:other:pull",
        refresh.expose()
    );
    let second = scene.post(&form).await.unwrap();
    assert_eq!(second.scope, "repository:dev/app:pull,push");
    assert!(second.refresh_token.is_none());
    let identity = scene.bearer(second.access_token.expose()).await.unwrap();
    assert_eq!(identity.actor().name(), "bob");
    // The same refresh token comes back where one is wanted: it doesn't live on by use.
    let third = scene.post(&format!("{form}&access_type=offline")).await;
    assert_eq!(third.unwrap().refresh_token.unwrap(), refresh);
    scene.pass(11 * 24 * 3600);
    let late = scene.post(&form).await.unwrap_err();
    assert_eq!((late.status(), late.code()), (401, "invalid_grant"));
    // By GET as well.
    let header = basic("bob", "bob-password");
    let answer = scene.get("offline_token=true", Some(&header)).await;
    assert!(answer.unwrap().refresh_token.is_some());
}

#[tokio::test]
async fn refused_requests() {
    let scene = Scene::team().await;
    for (form, status, code) in [
        ("", 400, "invalid_request"),
        ("grant_type=magic", 400, "unsupported_grant_type"),
        ("grant_type=password&username=bob", 400, "invalid_request"),
        ("grant_type=password&password=x", 400, "invalid_request"),
        ("grant_type=refresh_token", 400, "invalid_request"),
        (
            "grant_type=password&username=bob&password=bad",
            401,
            "invalid_grant",
        ),
        (
            "grant_type=password&username=bob&username=ada&password=bob-password",
            400,
            "invalid_request",
        ),
        (
            "grant_type=password&username=%0a&password=x",
            400,
            "invalid_request",
        ),
        (
            "grant_type=refresh_token&refresh_token=a.b.c",
            401,
            "invalid_grant",
        ),
        (
            "grant_type=password&username=bob&password=bob-password&service=other",
            400,
            "invalid_request",
        ),
        (
            "grant_type=password&username=bob&password=bob-password&scope=nonsense",
            400,
            "invalid_request",
        ),
    ] {
        let error = scene.post(form).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (status, code), "{form}");
    }
    let many = "scope=repository:a:pull&".repeat(10)
        + &(0..65)
            .map(|n| format!("scope=repository:a{n}:pull&"))
            .collect::<String>();
    assert_eq!(scene.get(&many, None).await.unwrap_err().status(), 400);
    let long = "a".repeat(MAX_FORM_LEN + 1);
    assert_eq!(scene.get(&long, None).await.unwrap_err().status(), 400);
    let wrong = basic("bob", "wrong");
    assert_eq!(scene.get("", Some(&wrong)).await.unwrap_err().status(), 401);
    // A token doesn't get another one: it would live for ever.
    let token = format!("Bearer {}", scene.token("bob", "").await);
    assert_eq!(scene.get("", Some(&token)).await.unwrap_err().status(), 401);
}

#[tokio::test]
async fn without_a_token_service() {
    let scene = Scene::team().await;
    let token = scene.token("bob", "").await;
    let off = scene
        .second(&format!("tokens.enabled = false\n{TEAM}"))
        .await;
    assert!(!off.control.issues_tokens());
    assert_eq!(off.get("", None).await.unwrap_err().status(), 404);
    assert!(matches!(
        off.bearer(&token).await,
        Err(AuthError::Invalid(Refused::Malformed(_)))
    ));
}

/// Whoever changes or goes takes all tokens along, the ones for now and the ones for later.
#[tokio::test]
async fn tokens_are_bound_to_the_account_as_it_was() {
    let scene = Scene::team().await;
    let (robot, secret) = scene
        .control
        .robots()
        .create(NewRobot {
            name: "ci".into(),
            ..NewRobot::default()
        })
        .await
        .unwrap();
    let offline = "offline_token=true&scope=repository:public/a:pull";
    let header = basic("robot$ci", secret.expose());
    let of_robot = scene.get(offline, Some(&header)).await.unwrap();
    let header = basic("bob", "bob-password");
    let of_bob = scene.get(offline, Some(&header)).await.unwrap();
    let holds = async |answer: &TokenResponse| {
        let refresh = answer.refresh_token.as_ref().unwrap().expose();
        let form = format!("grant_type=refresh_token&refresh_token={refresh}");
        let now = scene.bearer(answer.token.expose()).await.is_ok();
        (now, scene.post(&form).await.is_ok())
    };
    assert_eq!(holds(&of_robot).await, (true, true));
    assert_eq!(holds(&of_bob).await, (true, true));

    let robots = scene.control.robots();
    let disabled = |disabled| RobotChange {
        disabled: Some(disabled),
        ..RobotChange::default()
    };
    robots.change("ci", disabled(true)).await.unwrap();
    assert_eq!(holds(&of_robot).await, (false, false));
    robots.change("ci", disabled(false)).await.unwrap();
    assert_eq!(holds(&of_robot).await, (true, true));
    robots.renew_secret(&robot.name).await.unwrap();
    assert_eq!(holds(&of_robot).await, (false, false));

    UserFile::new(&scene.users)
        .set("bob", &"another password".into())
        .unwrap();
    scene.pass(1);
    assert_eq!(holds(&of_bob).await, (false, false));
    UserFile::new(&scene.users).remove("bob").unwrap();
    scene.pass(1);
    assert_eq!(
        fault(scene.bearer(of_bob.token.expose()).await),
        TokenFault::Subject
    );
}

#[tokio::test]
async fn another_server_over_the_same_accounts_takes_them() {
    let one = Scene::team().await;
    let other = one.second("tokens.issuer = \"other\"").await;
    let token = one.token("bob", "repository:public/a:pull").await;
    assert_eq!(fault(other.bearer(&token).await), TokenFault::Issuer);
    let other = one.second("tokens.service = \"other\"").await;
    assert_eq!(fault(other.bearer(&token).await), TokenFault::Audience);
    let stranger = Scene::team().await;
    assert_eq!(fault(stranger.bearer(&token).await), TokenFault::UnknownKey);
    let config = config(TEAM);
    let same = Scene::with(config, one.accounts.clone()).await.unwrap();
    // Its file has other salts, and so other hashes: to it, bob's password is another one.
    assert_eq!(fault(same.bearer(&token).await), TokenFault::Subject);
    std::fs::copy(&one.users, &same.users).unwrap();
    same.pass(1);
    same.bearer(&token).await.unwrap();
}
