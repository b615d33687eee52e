//! What clients are told, to the letter.

use orlop_access::*;

use crate::scene::{Scene, TEAM, URL, config};

#[tokio::test]
async fn texts() {
    let own = Scene::team().await;
    let named = Scene::new(config(
        "tokens = { realm = \"https://auth.example/t\", service = \"registry.example\" }",
    ))
    .await;
    let password = Scene::new(config("tokens.enabled = false\nrealm = \"Team registry\"")).await;
    let push = Access::repository("a/b", Action::Push.needs());
    let from = Access::repository("c", Action::Pull);
    let delete = Access::repository("a/b", Action::Delete);
    for (scene, wanted, error, text) in [
        (
            &own,
            vec![],
            None,
            "Bearer realm=\"https://registry.example/token\",service=\"orlop\"",
        ),
        (
            &own,
            vec![push.clone()],
            None,
            "Bearer realm=\"https://registry.example/token\",service=\"orlop\",\
             scope=\"repository:a/b:pull,push\"",
        ),
        (
            &own,
            vec![push.clone()],
            Some(ChallengeError::InsufficientScope),
            "Bearer realm=\"https://registry.example/token\",service=\"orlop\",\
             scope=\"repository:a/b:pull,push\",error=\"insufficient_scope\"",
        ),
        (
            &own,
            vec![push.clone(), from],
            Some(ChallengeError::InvalidToken),
            "Bearer realm=\"https://registry.example/token\",service=\"orlop\",\
             scope=\"repository:a/b:pull,push repository:c:pull\",error=\"invalid_token\"",
        ),
        (
            &own,
            vec![Access::catalog()],
            None,
            "Bearer realm=\"https://registry.example/token\",service=\"orlop\",\
             scope=\"registry:catalog:*\"",
        ),
        (
            &named,
            vec![delete],
            None,
            "Bearer realm=\"https://auth.example/t\",service=\"registry.example\",\
             scope=\"repository:a/b:delete\"",
        ),
        (&password, vec![push], None, "Basic realm=\"Team registry\""),
    ] {
        assert_eq!(scene.control.challenge(&wanted, error, URL), text);
    }
}

#[tokio::test]
async fn nothing_from_a_client_ends_the_quotes() {
    let scene = Scene::team().await;
    let wanted = [Access::repository("a\",error=\"x", Action::Pull)];
    let text = scene
        .control
        .challenge(&wanted, None, "https://evil\",service=\"x\r\ny\\");
    assert_eq!(text.matches('"').count(), 6, "{text}");
    assert!(!text.contains(['\r', '\n', '\\']), "{text}");
}

/// What a challenge asks for is what the token service reads.
#[tokio::test]
async fn a_client_follows_one() {
    let scene = Scene::team().await;
    let nobody = scene.anonymous().await;
    assert!(!scene.control.may_ping(&nobody));
    assert_eq!(scene.control.refusal(&nobody), Refusal::Unauthorized(None));
    let wanted = [Access::repository("dev/app", Action::Push.needs())];
    let text = scene.control.challenge(&wanted, None, URL);
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let query = format!("service={}&scope={}", value("service"), value("scope"));
    let header = crate::scene::basic("bob", "bob-password");
    let answer = scene.get(&query, Some(&header)).await.unwrap();
    let identity = scene.bearer(answer.token.expose()).await.unwrap();
    assert_eq!(scene.may(&identity, "dev/app"), "pull,push");
    assert!(TEAM.contains("dev/**"));
}
