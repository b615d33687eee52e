//! What is shown to a registry, when, and how often it is fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use orlop_distribution::{Credential, Error, ManifestRef};
use orlop_oci::Digest;

use crate::support::*;

const BLOB: &[u8] = b"blob";

/// A registry with tokens: `/token` issues `t1`, `t2`, …; only the newest is taken.
async fn token_registry(life: &'static str) -> (Fake, Arc<AtomicUsize>) {
    let issued = Arc::new(AtomicUsize::new(0));
    let count = issued.clone();
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                return reply(200, &[], format!(r#"{{"token":"t{number}"{life}}}"#));
            }
            let newest = format!("Bearer t{}", count.load(Ordering::SeqCst));
            if asked.header("authorization") != Some(&newest) {
                return challenge(&format!("http://{address}/token"));
            }
            reply(200, &[("content-length", "4")], BLOB)
        }
    })
    .await;
    (fake, issued)
}

#[tokio::test]
async fn a_token_is_fetched_once_for_a_scope() {
    let (fake, issued) = token_registry(r#","expires_in":300"#).await;
    let client = client_as(Credential::password("me", "pw"));
    let digest = Digest::of(BLOB);
    let remote = remote(&client, &fake, "a/b");
    assert_eq!(remote.has_blob(&digest).await.unwrap(), Some(4));
    let all = (0..10).map(|_| remote.has_blob(&digest));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap(), Some(4));
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    let asked = fake.asked();
    let token = asked
        .iter()
        .find(|asked| asked.target.starts_with("/token"))
        .unwrap();
    // Only the scope that is needed, whatever the challenge names.
    assert_eq!(
        token.target,
        "/token?service=fake&scope=repository%3Aa%2Fb%3Apull&account=me"
    );
    assert_eq!(token.header("authorization"), Some("Basic bWU6cHc="));
    assert!(!token.target.contains("pw"));
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_token() {
    let (fake, issued) = token_registry("").await;
    let client = client();
    let digest = Digest::of(BLOB);
    let remote = remote(&client, &fake, "a/b");
    let all = (0..20).map(|_| remote.has_blob(&digest));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap(), Some(4));
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_expired_or_revoked_token_is_renewed() {
    // A life of less than a second: renewed before the next request.
    let (fake, issued) = token_registry(r#","expires_in":0.2"#).await;
    let client = client();
    let digest = Digest::of(BLOB);
    let here = remote(&client, &fake, "a");
    here.has_blob(&digest).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    here.has_blob(&digest).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 2);
    assert_eq!(fake.count(&format!("HEAD /v2/a/blobs/{digest}")), 3);

    // Revoked by a newer one: renewed after the refusal.
    let (fake, issued) = token_registry(r#","expires_in":300"#).await;
    let here = remote(&client, &fake, "a");
    here.has_blob(&digest).await.unwrap();
    issued.fetch_add(1, Ordering::SeqCst);
    here.has_blob(&digest).await.unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn refusals_in_dockers_words() {
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                return match asked.header("authorization") {
                    Some(_) => refusal(401, "UNAUTHORIZED", "incorrect username or password"),
                    None => reply(200, &[], r#"{"token":"t"}"#),
                };
            }
            match asked.header("authorization") {
                Some(_) => refusal(403, "DENIED", "requested access to the resource is denied"),
                None => challenge(&format!("http://{address}/token")),
            }
        }
    })
    .await;
    let name = fake.name();
    let error = remote(&client(), &fake, "x")
        .resolve(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "pull access denied for {name}/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
        )
    );
    let client = client_as(Credential::password("me", "wrong"));
    let error = remote(&client, &fake, "x")
        .resolve(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("unauthorized: incorrect username or password"),
        "{error}"
    );
    let error = remote(&client, &fake, "x")
        .start_upload()
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("push access denied"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_is_never_taken_ends() {
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| match asked.target.starts_with("/token") {
            true => reply(200, &[], r#"{"token":"t"}"#),
            false => challenge(&format!("http://{address}/token")),
        }
    })
    .await;
    let error = remote(&client(), &fake, "x")
        .manifest(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert!(fake.asked().len() <= 6, "{:?}", fake.lines());
}

#[tokio::test]
async fn basic_authentication() {
    let fake = Fake::start(|asked: &Asked| match asked.header("authorization") {
        Some("Basic QVdTOnB3") => reply(200, &[("content-length", "4")], BLOB),
        _ => reply(
            401,
            &[(
                "www-authenticate",
                r#"Basic realm="https://x/",service="ecr""#,
            )],
            "",
        ),
    })
    .await;
    let digest = Digest::of(BLOB);
    let aws = client_as(Credential::password("AWS", "pw"));
    let here = remote(&aws, &fake, "a");
    assert_eq!(here.has_blob(&digest).await.unwrap(), Some(4));
    assert_eq!(here.has_blob(&digest).await.unwrap(), Some(4));
    assert_eq!(fake.asked().len(), 3);
    let error = remote(&client(), &fake, "a")
        .has_blob(&digest)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("may require 'docker login'"),
        "{error}"
    );
    let wrong = client_as(Credential::password("AWS", "no"));
    let error = remote(&wrong, &fake, "a")
        .has_blob(&digest)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(error.hint().unwrap().contains("orlop login"));
}

#[tokio::test]
async fn identity_tokens_are_exchanged_by_post() {
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.line() == "POST /oauth2/token" {
                return reply(200, &[], r#"{"access_token":"access"}"#);
            }
            match asked.header("authorization") {
                Some("Bearer access") => reply(200, &[("content-length", "4")], BLOB),
                _ => challenge(&format!("http://{address}/oauth2/token")),
            }
        }
    })
    .await;
    // As Azure hands them out.
    let credential = Credential::password("00000000-0000-0000-0000-000000000000", "refresh+token");
    let client = client_as(credential);
    let digest = Digest::of(BLOB);
    assert_eq!(
        remote(&client, &fake, "a").has_blob(&digest).await.unwrap(),
        Some(4)
    );
    let asked = fake.asked();
    let post = asked.iter().find(|asked| asked.method == "POST").unwrap();
    assert_eq!(
        post.body,
        "grant_type=refresh_token&service=fake&client_id=orlop&scope=repository%3Aa%3Apull&refresh_token=refresh%2Btoken"
    );
    assert_eq!(post.header("authorization"), None);
}

#[tokio::test]
async fn registry_tokens_are_shown_as_they_are() {
    let fake = Fake::start(|asked: &Asked| match asked.header("authorization") {
        Some("Bearer mine") => reply(200, &[("content-length", "4")], BLOB),
        _ => challenge("https://nowhere.example/token"),
    })
    .await;
    let client = client_as(Credential::Bearer {
        token: "mine".into(),
    });
    let digest = Digest::of(BLOB);
    assert_eq!(
        remote(&client, &fake, "a").has_blob(&digest).await.unwrap(),
        Some(4)
    );
    let client = client_as(Credential::Bearer {
        token: "old".into(),
    });
    let error = remote(&client, &fake, "a")
        .has_blob(&digest)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("registry token is not accepted"),
        "{error}"
    );
}

#[tokio::test]
async fn realms_that_stumble_are_asked_again() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                return match tries.fetch_add(1, Ordering::SeqCst) {
                    0 => status(503),
                    1 => reply(429, &[("retry-after", "0")], ""),
                    _ => reply(200, &[], r#"{"token":"t"}"#),
                };
            }
            match asked.header("authorization") {
                Some(_) => reply(200, &[("content-length", "4")], BLOB),
                None => challenge(&format!("http://{address}/token")),
            }
        }
    })
    .await;
    let digest = Digest::of(BLOB);
    assert_eq!(
        remote(&client(), &fake, "a")
            .has_blob(&digest)
            .await
            .unwrap(),
        Some(4)
    );
    assert_eq!(fake.count("GET /token"), 3);
}
