//! Manifests: right ones, wrong ones, missing ones.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use orlop_distribution::{Error, ManifestRef};
use orlop_oci::{Digest, ManifestError, MediaType, Raw};

use crate::support::*;

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"layers":[]}"#;
const OCI: (&str, &str) = (
    "content-type",
    "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
);
const TAG: ManifestRef<'static> = ManifestRef::Tag("1");

fn digest() -> Digest {
    Digest::of(MANIFEST.as_bytes())
}

async fn fixed(code: u16, headers: Vec<(&'static str, String)>, body: &'static str) -> Fake {
    Fake::start(move |_: &Asked| {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        reply(code, &headers, body)
    })
    .await
}

async fn get(fake: &Fake, reference: ManifestRef<'_>) -> Result<Raw, Error> {
    remote(&client(), fake, "a/b").manifest(reference).await
}

#[tokio::test]
async fn by_tag_and_by_digest() {
    let digest = digest();
    let said = digest.to_string();
    let fake = Fake::start(move |_: &Asked| {
        reply(200, &[OCI, ("docker-content-digest", &said)], MANIFEST)
    })
    .await;
    let client = client();
    let remote = remote(&client, &fake, "a/b");
    let found = remote.resolve(TAG).await.unwrap();
    assert_eq!(found.digest, digest);
    assert_eq!(found.size, MANIFEST.len() as u64);
    assert_eq!(found.media_type, MediaType::OciManifest);
    assert_eq!(fake.lines(), ["HEAD /v2/a/b/manifests/1"]);
    let accepted = fake.asked()[0].headers.get_all("accept").iter().count();
    assert_eq!(accepted, 5);
    let raw = remote.manifest(ManifestRef::Digest(&digest)).await.unwrap();
    assert_eq!(raw.bytes(), MANIFEST.as_bytes());
    assert_eq!(raw.media_type(), &MediaType::OciManifest);
}

#[tokio::test]
async fn a_head_that_says_too_little_is_followed_by_a_get() {
    // No digest (some artifacts of GHCR), no `HEAD` at all, a type that says nothing (old GCR).
    let without = Fake::start(|_: &Asked| reply(200, &[OCI], MANIFEST)).await;
    let unknown = Fake::start(|asked: &Asked| match asked.method.as_str() {
        "HEAD" => status(405),
        _ => reply(200, &[OCI], MANIFEST),
    })
    .await;
    let untyped =
        Fake::start(|_: &Asked| reply(200, &[("content-type", "text/plain")], MANIFEST)).await;
    for fake in [without, unknown, untyped] {
        let found = remote(&client(), &fake, "a").resolve(TAG).await.unwrap();
        assert_eq!(
            (found.digest, found.media_type),
            (digest(), MediaType::OciManifest)
        );
        assert_eq!(
            fake.lines(),
            ["HEAD /v2/a/manifests/1", "GET /v2/a/manifests/1"]
        );
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let fake = Fake::start(|_: &Asked| refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")).await;
    let error = remote(&client(), &fake, "a")
        .resolve(TAG)
        .await
        .unwrap_err();
    let text = format!(
        "manifest for {}/a:1 not found: manifest unknown",
        fake.name()
    );
    assert_eq!(error.to_string(), text);
    assert_eq!(error.code(), Some("MANIFEST_UNKNOWN"));
    assert!(error.is_not_found() && !error.is_temporary());
    let fake = Fake::start(|_: &Asked| {
        refusal(404, "NAME_UNKNOWN", "repository name not known to registry")
    })
    .await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("repository name not known to registry"),
        "{error}"
    );
}

#[tokio::test]
async fn bytes_that_are_not_what_they_should_be() {
    let other = Digest::of(b"other");
    // Asked for by digest, other bytes: a pinned digest always counts.
    let fake = fixed(200, vec![(OCI.0, OCI.1.into())], MANIFEST).await;
    let error = get(&fake, ManifestRef::Digest(&other)).await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Manifest {
                source: ManifestError::DigestMismatch { .. },
                ..
            }
        ),
        "{error:?}"
    );
    // The header contradicts the bytes.
    for said in [other.to_string(), "sha256:nonsense".into(), "md5:0".into()] {
        let headers = vec![
            (OCI.0, OCI.1.into()),
            ("docker-content-digest", said.clone()),
        ];
        let fake = fixed(200, headers, MANIFEST).await;
        let error = get(&fake, TAG).await.unwrap_err();
        assert!(
            matches!(&error, Error::DigestMismatch { actual, .. } if *actual == said),
            "{error:?}"
        );
        // Also when only the head was looked at.
        let right = digest();
        let client = client();
        let remote = remote(&client, &fake, "a");
        let error = remote
            .resolve(ManifestRef::Digest(&right))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::DigestMismatch { .. }), "{error:?}");
    }
    // The document contradicts its header (CVE-2021-41190).
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let fake = fixed(200, vec![("content-type", docker.into())], MANIFEST).await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert!(error.to_string().contains("media type mismatch"), "{error}");
    // No JSON.
    let fake = fixed(200, vec![("content-type", "text/html".into())], "<html>").await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert!(error.to_string().contains("malformed document"), "{error}");
}

#[tokio::test]
async fn a_digest_by_another_algorithm_is_checked_too() {
    let mut digester = orlop_oci::Digester::new(orlop_oci::Algorithm::Sha512);
    digester.update(MANIFEST.as_bytes());
    let sha512 = digester.finish();
    let headers = vec![
        (OCI.0, OCI.1.into()),
        ("docker-content-digest", sha512.to_string()),
    ];
    let fake = fixed(200, headers, MANIFEST).await;
    assert_eq!(get(&fake, TAG).await.unwrap().digest(), &digest());
    assert_eq!(
        get(&fake, ManifestRef::Digest(&sha512))
            .await
            .unwrap()
            .digest(),
        &sha512
    );
}

#[tokio::test]
async fn schema_1_is_refused_by_name() {
    let schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let body = r#"{"schemaVersion":1,"name":"a","fsLayers":[]}"#;
    let fake = fixed(200, vec![("content-type", schema1.into())], body).await;
    for error in [
        get(&fake, TAG).await.unwrap_err(),
        remote(&client(), &fake, "a")
            .resolve(TAG)
            .await
            .unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .contains("schema 1 (before 2016) is not supported"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn too_large_with_and_without_a_length() {
    let fake = Fake::start(|asked: &Asked| {
        let piece = bytes::Bytes::from(vec![b' '; 1 << 20]);
        match asked.target.ends_with("/known") {
            true => reply(200, &[OCI], vec![b' '; (4 << 20) + 1]),
            // For ever.
            false => reply(
                200,
                &[OCI],
                Body::from_stream(futures_util::stream::repeat_with(move || {
                    Ok::<_, std::io::Error>(piece.clone())
                })),
            ),
        }
    })
    .await;
    let error = get(&fake, ManifestRef::Tag("known")).await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Manifest {
                source: ManifestError::TooLarge { .. },
                ..
            }
        ),
        "{error:?}"
    );
    let error = get(&fake, ManifestRef::Tag("endless")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("larger than the 4194304 bytes allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_pull_limit_is_told_at_once() {
    let fake = Fake::start(|_: &Asked| {
        let headers = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "0;w=21600")];
        let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
        reply(429, &headers, body)
    })
    .await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "toomanyrequests: You have reached your pull rate limit. (0 of 100 requests left per 6 hours)"
    );
    assert!(error.hint().unwrap().contains("mirror"));
    // More tries would not help.
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn failures_that_pass_are_waited_for() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(
        move |_: &Asked| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => status(500),
            1 => reply(429, &[("retry-after", "1")], ""),
            2 => status(502),
            _ => reply(200, &[OCI], MANIFEST),
        },
    )
    .await;
    let before = Instant::now();
    get(&fake, TAG).await.unwrap();
    assert_eq!(fake.asked().len(), 4);
    assert!(
        before.elapsed() >= Duration::from_secs(1),
        "Retry-After was not waited for"
    );

    let fake = Fake::start(|_: &Asked| status(500)).await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert_eq!(fake.asked().len(), 4);
    assert!(
        error.is_temporary() && error.to_string().contains("500 Internal Server Error"),
        "{error}"
    );

    // Asked to wait longer than anybody would: told at once.
    let fake = Fake::start(|_: &Asked| reply(503, &[("retry-after", "3600")], "")).await;
    let error = get(&fake, TAG).await.unwrap_err();
    assert_eq!(fake.asked().len(), 1);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let settings = orlop_distribution::RegistryConfig {
        plain_http: Some(true),
        idle_timeout: Some(1),
        retries: Some(0),
        ..Default::default()
    };
    let client = orlop_distribution::Client::new(config(&[("*", settings)])).unwrap();
    let remote = client.repository(&format!("{address}/a").parse().unwrap());
    let before = Instant::now();
    let error = remote.manifest(TAG).await.unwrap_err();
    assert!(
        error.to_string().contains("nothing came for 1 s"),
        "{error}"
    );
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn putting() {
    let right = digest();
    let said = right.to_string();
    let fake = Fake::start(
        move |asked: &Asked| match asked.target.ends_with("/wrong") {
            false => reply(201, &[("docker-content-digest", &said)], ""),
            true => reply(201, &[("docker-content-digest", "sha256:00")], ""),
        },
    )
    .await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let raw = Raw::new(MediaType::OciManifest, MANIFEST.into());
    assert_eq!(remote.put_manifest(TAG, &raw).await.unwrap(), right);
    let asked = &fake.asked()[0];
    assert_eq!(asked.line(), "PUT /v2/a/manifests/1");
    assert_eq!(
        asked.header("content-type"),
        Some("application/vnd.oci.image.manifest.v1+json")
    );
    assert_eq!(asked.body, MANIFEST);
    remote
        .put_manifest(ManifestRef::Digest(&right), &raw)
        .await
        .unwrap();
    let error = remote
        .put_manifest(ManifestRef::Tag("wrong"), &raw)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error:?}");
}
