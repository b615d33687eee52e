//! Registries that want to be told secrets, or to make this machine ask others for them.

use std::sync::Arc;

use orlop_distribution::{BlobOptions, Client, Credential, Error, ManifestRef, RegistryConfig};
use orlop_oci::Digest;

use crate::support::*;

fn me() -> Credential {
    Credential::password("me", "pw")
}

/// A registry that is not on loopback by name, so that the rules for such hold: `registry.test`
/// is reached through a proxy, which is the fake itself.
fn client_from_outside(fake: &Fake, table: RegistryConfig) -> Client {
    let table = RegistryConfig {
        plain_http: table.plain_http.or(Some(true)),
        proxy: Some(format!("http://{}", fake.name())),
        ..table
    };
    client_with(table, me())
}

#[tokio::test]
async fn authorization_stays_on_its_origin() {
    // Another port is another origin.
    let bytes = noise(100);
    let served = bytes.clone();
    let store = Fake::start(move |asked: &Asked| serve_range(asked, &served)).await;
    let at = store.name();
    let registry = Fake::start(move |asked: &Asked| match asked.header("authorization") {
        None => reply(401, &[("www-authenticate", "Basic realm=x")], ""),
        Some(_) if asked.target.contains("/moved/") => {
            let here = asked.target.replace("/moved/", "/a/");
            reply(302, &[("location", &here)], "")
        }
        Some(_) => reply(307, &[("location", &format!("http://{at}/blob"))], ""),
    })
    .await;
    let client = client_as(me());
    for path in ["a", "moved"] {
        let remote = remote(&client, &registry, path);
        let got = collect(remote.blob(&descriptor(&bytes), 0, BlobOptions::default())).await;
        assert!(got.unwrap() == bytes);
    }
    assert_eq!(store.asked().len(), 2);
    assert!(store.saw_no_secret());
    // On its own origin it goes along.
    assert!(
        registry
            .asked()
            .iter()
            .skip(1)
            .all(|asked| asked.header("authorization").is_some())
    );
}

#[tokio::test]
async fn a_store_behind_a_redirect_can_not_ask_for_the_password() {
    let store =
        Fake::start(|_: &Asked| reply(401, &[("www-authenticate", "Basic realm=x")], "")).await;
    let at = store.name();
    let registry =
        Fake::start(move |_: &Asked| reply(307, &[("location", &format!("http://{at}/blob"))], ""))
            .await;
    let client = client_as(me());
    let remote = remote(&client, &registry, "a");
    let error = collect(remote.blob(&descriptor(b"x"), 0, BlobOptions::default()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Registry(_)), "{error:?}");
    assert!(store.saw_no_secret() && registry.saw_no_secret());
}

#[tokio::test]
async fn redirects_end_and_do_not_lead_anywhere() {
    let fake = Fake::start(|asked: &Asked| {
        let to = match asked.target.split('/').nth(4).unwrap() {
            "loop" => asked.target.as_str(),
            "metadata" => "http://169.254.169.254/latest/meta-data/",
            "file" => "file:///etc/passwd",
            "user" => "http://user:pw@127.0.0.1:1/",
            _ => "",
        };
        match to {
            "" => status(302),
            to => reply(302, &[("location", to)], ""),
        }
    })
    .await;
    let client = client();
    for (tag, expected) in [
        ("loop", "more than 10 redirects"),
        ("metadata", "it is a link-local or metadata address"),
        ("file", "it is neither http nor https"),
        ("user", "it has a user in it"),
        ("none", "more than 10 redirects"),
    ] {
        let error = remote(&client, &fake, "a")
            .manifest(ManifestRef::Tag(tag))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{tag}: {error}");
    }
}

#[tokio::test]
async fn a_registry_elsewhere_does_not_send_us_to_this_machine() {
    let trap = Fake::start(|_: &Asked| reply(200, &[], "{}")).await;
    let at = trap.name();
    let fake = Fake::start(move |asked: &Asked| {
        if asked.target.contains("/redirect/") {
            return reply(302, &[("location", &format!("http://{at}/"))], "");
        }
        challenge(&format!("http://{at}/token"))
    })
    .await;
    let client = client_from_outside(&fake, settings());
    for (path, what) in [
        ("redirect", "refers to http://127.0.0.1:"),
        ("realm", "token realm http://127.0.0.1:"),
    ] {
        let remote = client.repository(&format!("registry.test/{path}/x").parse().unwrap());
        let error = remote.manifest(ManifestRef::Tag("1")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(
            error.to_string().contains("an address of this machine"),
            "{error}"
        );
    }
    assert!(trap.asked().is_empty());
}

#[tokio::test]
async fn token_realms() {
    // What the challenge names, by the repository that is asked for; all go through the proxy.
    let realms = |path: &str| match path {
        "own" => "http://registry.test/token",
        "sibling" => "http://auth.registry.test/token",
        "foreign" => "http://tokens.example/token",
        "listed" => "http://listed.example/token",
        "metadata" => "http://169.254.169.254/token",
        "user" => "http://a:b@registry.test/token",
        _ => "gopher://registry.test/token",
    };
    let fake = Fake::start(move |asked: &Asked| {
        if asked.target.ends_with("/away") {
            return reply(307, &[("location", "http://elsewhere.example/token")], "");
        }
        if asked.target.contains("/token") {
            return match asked.header("authorization") {
                Some(_) => reply(200, &[], r#"{"token":"full"}"#),
                None => reply(200, &[], r#"{"token":"anonymous"}"#),
            };
        }
        match asked.header("authorization") {
            Some("Bearer full") => reply(200, &[("content-length", "4")], "blob"),
            Some(_) => refusal(403, "DENIED", "no"),
            None => challenge(realms(asked.target.split('/').nth(2).unwrap_or_default())),
        }
    })
    .await;
    let table = RegistryConfig {
        trusted_realms: vec!["listed.example".into()],
        ..settings()
    };
    let digest = Digest::of(b"blob");
    for (path, expected) in [
        ("own", "4"),
        ("sibling", "4"),
        ("listed", "4"),
        // Asked, but without the password.
        ("foreign", "pull access denied"),
        ("metadata", "link-local or metadata"),
        ("user", "it has a user in it"),
        ("scheme", "neither http nor https"),
    ] {
        let client = client_from_outside(&fake, table.clone());
        let remote = client.repository(&format!("registry.test/{path}/x").parse().unwrap());
        let got = match remote.has_blob(&digest).await {
            Ok(size) => size.unwrap().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(got.contains(expected), "{path}: {got}");
    }
    let asked = fake.asked();
    let to = |host: &str| {
        asked
            .iter()
            .filter(move |asked| asked.header("host") == Some(host))
            .count()
    };
    assert_eq!(to("tokens.example"), 1);
    assert!(asked.iter().all(|asked| {
        asked.header("host") != Some("tokens.example") || asked.header("authorization").is_none()
    }));
    assert_eq!(to("169.254.169.254"), 0);
}

#[tokio::test]
async fn a_withheld_password_is_explained() {
    let fake = Fake::start(|asked: &Asked| {
        if asked.header("host") == Some("tokens.example") {
            return refusal(401, "UNAUTHORIZED", "who are you");
        }
        challenge("http://tokens.example/token")
    })
    .await;
    let client = client_from_outside(&fake, settings());
    let remote = client.repository(&"registry.test/a".parse().unwrap());
    let error = remote.resolve(ManifestRef::Tag("1")).await.unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "registry.test wants its password to be sent to tokens.example; if that is right, set trusted_realms = [\"tokens.example\"] under [registry.\"registry.test\"]"
    );
}

#[tokio::test]
async fn a_login_does_not_succeed_by_an_anonymous_token() {
    let fake = Fake::start(|asked: &Asked| {
        if asked.header("host") == Some("tokens.example") {
            return reply(200, &[], r#"{"token":"anonymous"}"#);
        }
        match asked.header("authorization") {
            Some(_) if asked.target == "/v2/" => reply(200, &[], "{}"),
            Some(_) => refusal(401, "UNAUTHORIZED", "authentication required"),
            None => challenge("http://tokens.example/token"),
        }
    })
    .await;
    let client = client_from_outside(&fake, settings());
    let error = client.login("registry.test", me()).await.unwrap_err();
    assert!(error.hint().unwrap().contains("trusted_realms"), "{error}");
    // Nor does a push, and it says why.
    let remote = client.repository(&"registry.test/a".parse().unwrap());
    let error = remote.start_upload().await.unwrap_err();
    assert!(error.hint().unwrap().contains("trusted_realms"), "{error}");
    assert!(fake.asked().iter().all(|asked| {
        asked
            .header("authorization")
            .is_none_or(|shown| shown == "Bearer anonymous")
    }));
}

#[tokio::test]
async fn token_requests_are_not_redirected_to_others() {
    let thief = Fake::start(|_: &Asked| reply(200, &[], r#"{"token":"t"}"#)).await;
    let to = thief.name();
    for credential in [
        me(),
        Credential::Identity {
            user: String::new(),
            token: "idt".into(),
        },
    ] {
        let to = to.clone();
        let fake = Fake::start_with(|address| {
            move |asked: &Asked| match asked.target.starts_with("/token") {
                true => reply(307, &[("location", &format!("http://{to}/token"))], ""),
                false => challenge(&format!("http://{address}/token")),
            }
        })
        .await;
        let client = client_as(credential);
        let error = remote(&client, &fake, "a")
            .resolve(ManifestRef::Tag("1"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    }
    assert!(thief.asked().is_empty());
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let piece = bytes::Bytes::from(vec![b'{'; 64 << 10]);
    let endless: Arc<dyn Fn() -> axum::body::Body + Send + Sync> = Arc::new(move || {
        let piece = piece.clone();
        axum::body::Body::from_stream(futures_util::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(piece.clone())
        }))
    });
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") || asked.target.contains("/tags/") {
                return reply(200, &[], endless());
            }
            match asked.target.contains("/error/") {
                true => reply(400, &[], endless()),
                false => challenge(&format!("http://{address}/token")),
            }
        }
    })
    .await;
    // Each by a client that hasn't learned of the realm.
    let error = remote(&client(), &fake, "a")
        .resolve(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("larger than the 262144 bytes allowed"),
        "{error}"
    );
    let error = remote(&client(), &fake, "error/a")
        .manifest(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("400 Bad Request"), "{error}");
    let error = remote(&client(), &fake, "a").tags().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("larger than the 8388608 bytes allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn secrets_show_nowhere() {
    let client = client_as(Credential::password("me", "hunter2"));
    assert!(!format!("{client:?}").contains("hunter2"));
    assert!(!format!("{:?}", Credential::password("me", "hunter2")).contains("hunter2"));
    let fake = Fake::start(|_: &Asked| {
        reply(
            307,
            &[(
                "location",
                "http://127.0.0.1:1/blob?X-Amz-Signature=topsecret",
            )],
            "",
        )
    })
    .await;
    let error = remote(&client, &fake, "a")
        .manifest(ManifestRef::Tag("1"))
        .await
        .unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("topsecret"),
        "{error:?}"
    );
}
