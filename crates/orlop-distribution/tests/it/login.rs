//! Logging in.

use orlop_distribution::{Credential, Error};

use crate::support::*;

async fn registry(answer: &'static str) -> Fake {
    Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                return match asked.header("authorization") {
                    // me:right
                    Some("Basic bWU6cmlnaHQ=") => reply(200, &[], answer),
                    _ => reply(401, &[], r#"{"details":"incorrect username or password"}"#),
                };
            }
            match asked.header("authorization") {
                Some("Bearer t") => reply(200, &[], "{}"),
                _ => challenge(&format!("http://{address}/token")),
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_password_is_checked_and_kept() {
    let fake = registry(r#"{"token":"t"}"#).await;
    let right = Credential::password("me", "right");
    let outcome = client().login(&fake.name(), right.clone()).await.unwrap();
    assert_eq!(outcome.registry, fake.name());
    assert_eq!(outcome.credential, right);
    assert!(outcome.checked);
    assert!(fake.asked().iter().any(|asked| {
        asked.target == "/token?service=fake&account=me&offline_token=true&client_id=orlop"
    }));
    let error = client()
        .login(&fake.name(), Credential::password("me", "wrong"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: unauthorized: incorrect username or password",
            fake.name()
        )
    );
}

#[tokio::test]
async fn a_refresh_token_is_kept_in_place_of_the_password() {
    let fake = registry(r#"{"token":"t","refresh_token":"r"}"#).await;
    let address = format!("http://{}/v2/", fake.name());
    let outcome = client()
        .login(&address, Credential::password("me", "right"))
        .await
        .unwrap();
    assert_eq!(
        outcome.credential,
        Credential::Identity {
            user: "me".into(),
            token: "r".into()
        }
    );
}

#[tokio::test]
async fn a_registry_without_logins_checks_nothing() {
    let fake = Fake::start(|_: &Asked| reply(200, &[], "{}")).await;
    let outcome = client()
        .login(&fake.name(), Credential::password("a", "b"))
        .await
        .unwrap();
    assert!(!outcome.checked);
    assert!(fake.saw_no_secret());
}

#[tokio::test]
async fn what_is_no_registry_says_so() {
    let fake = Fake::start(|_: &Asked| reply(404, &[], "<html>")).await;
    let error = client()
        .login(&fake.name(), Credential::password("a", "b"))
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let client = client();
    let error = client
        .login("127.0.0.1:1", Credential::password("a", "b"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("cannot connect to 127.0.0.1:1: "),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .to_lowercase()
            .contains("connection refused"),
        "{error}"
    );
}
