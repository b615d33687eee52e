//! Against Debian's `docker-registry`, with and without logins.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use orlop_distribution::{
    BlobOptions, Client, Credential, Error, ManifestRef, Mount, RegistryConfig, Remote,
};
use orlop_oci::{Descriptor, MediaType, Raw};
use orlop_testing::{Registry, RegistryOptions, TokenServer, TokenServerOptions};

use crate::support::{collect, config, descriptor, noise, settings};

fn repository(client: &Client, registry: &Registry, path: &str) -> Remote {
    client.repository(&format!("{}/{path}", registry.host()).parse().unwrap())
}

fn manifest(config: &Descriptor, layer: &Descriptor) -> Raw {
    let text = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
    });
    Raw::new(MediaType::OciManifest, text.to_string().into_bytes())
}

/// Pushes an image with one layer, and pulls it again.
async fn round_trip(remote: &Remote, layer: &Bytes) {
    let config_bytes = Bytes::from_static(b"{}");
    let mut config = descriptor(&config_bytes);
    config.media_type = MediaType::OciConfig;
    let layer_descriptor = descriptor(layer);
    let sent = AtomicU64::new(0);
    let progress = |count| sent.store(count, Ordering::SeqCst);
    remote
        .upload_blob(&config, config_bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert_eq!(
        remote.has_blob(&layer_descriptor.digest).await.unwrap(),
        None
    );
    remote
        .upload_blob(&layer_descriptor, layer.clone(), &progress)
        .await
        .unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), layer.len() as u64);
    assert_eq!(
        remote.has_blob(&layer_descriptor.digest).await.unwrap(),
        Some(layer.len() as u64)
    );
    let raw = manifest(&config, &layer_descriptor);
    assert_eq!(
        &remote
            .put_manifest(ManifestRef::Tag("1.0"), &raw)
            .await
            .unwrap(),
        raw.digest()
    );
    assert_eq!(remote.tags().await.unwrap(), ["1.0"]);
    let found = remote.resolve(ManifestRef::Tag("1.0")).await.unwrap();
    assert_eq!(found, raw.descriptor());
    let pulled = remote
        .manifest(ManifestRef::Digest(&found.digest))
        .await
        .unwrap();
    assert_eq!(pulled, raw);
    assert_eq!(remote.blob_bytes(&config, 10).await.unwrap(), config_bytes);
    for connections in [1, 4] {
        let options = BlobOptions {
            connections: Some(connections),
            min_parallel: 0,
        };
        let got = collect(remote.blob(&layer_descriptor, 5, options))
            .await
            .unwrap();
        assert!(got == layer[5..], "{connections} connections");
    }
}

#[tokio::test]
async fn push_and_pull() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let layer = noise(20 << 20);
    let client = Client::new(config(&[("*", settings())])).unwrap();
    let remote = repository(&client, &registry, "team/app");
    round_trip(&remote, &layer).await;
    // Another repository takes the layer from the first.
    let other = repository(&client, &registry, "other");
    let mounted = other
        .mount_blob(&descriptor(&layer).digest, remote.repository())
        .await
        .unwrap();
    assert!(matches!(mounted, Mount::Mounted));
    let mounted = other
        .mount_blob(&descriptor(b"nowhere").digest, remote.repository())
        .await
        .unwrap();
    assert!(matches!(mounted, Mount::Upload(_)));
    let error = remote.resolve(ManifestRef::Tag("2.0")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("/team/app:2.0 not found: manifest unknown"),
        "{error}"
    );
    // In chunks.
    let table = RegistryConfig {
        upload_chunk: Some(3 << 20),
        ..settings()
    };
    let client = Client::new(config(&[("*", table)])).unwrap();
    let remote = repository(&client, &registry, "chunked");
    round_trip(&remote, &noise(10 << 20)).await;
    // What it doesn't take.
    let wrong = Bytes::from_static(b"wrong");
    let error = remote
        .upload_blob(
            &Descriptor {
                size: 5,
                ..descriptor(b"right")
            },
            wrong,
            &|_| {},
        )
        .await;
    assert!(error.unwrap_err().to_string().contains("digest invalid"));
}

#[tokio::test]
async fn with_basic_authentication() {
    let options = RegistryOptions {
        users: vec![("me", "secret")],
        ..RegistryOptions::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let me = Credential::password("me", "secret");
    let client = crate::support::client_as(me.clone());
    round_trip(&repository(&client, &registry, "a"), &noise(1 << 20)).await;
    let outcome = client.login(&registry.host(), me.clone()).await.unwrap();
    assert_eq!((outcome.credential, outcome.checked), (me, true));
    let error = client
        .login(&registry.host(), Credential::password("me", "no"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    let nobody = Client::new(config(&[("*", settings())])).unwrap();
    let error = repository(&nobody, &registry, "a")
        .tags()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("may require 'docker login'"),
        "{error}"
    );
}

#[tokio::test]
async fn with_tokens() {
    let options = TokenServerOptions {
        users: vec![("me".into(), "secret".into())],
        lifetime: 2,
        identity_token: Some("identity".into()),
        ..TokenServerOptions::default()
    };
    let Some(tokens) = TokenServer::start(options) else {
        return;
    };
    let options = RegistryOptions {
        tokens: Some(&tokens),
        ..RegistryOptions::default()
    };
    let Some(registry) = Registry::start_with(&options) else {
        return;
    };
    let client = crate::support::client_as(Credential::password("me", "secret"));
    let remote = repository(&client, &registry, "a");
    round_trip(&remote, &noise(1 << 20)).await;
    // After its tokens have expired.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let before = tokens.requests().len();
    assert_eq!(remote.tags().await.unwrap(), ["1.0"]);
    assert!(tokens.requests().len() > before);
    // Without a login one may only look.
    let nobody = Client::new(config(&[("*", settings())])).unwrap();
    let guest = repository(&nobody, &registry, "a");
    assert_eq!(guest.tags().await.unwrap(), ["1.0"]);
    let error = guest.start_upload().await.unwrap_err();
    assert!(
        matches!(error, Error::Denied { push: true, .. }),
        "{error:?}"
    );
    // With an identity token in place of the password.
    let identity = Credential::Identity {
        user: "me".into(),
        token: "identity".into(),
    };
    let client = crate::support::client_as(identity);
    round_trip(&repository(&client, &registry, "b"), &noise(100_000)).await;
}

#[tokio::test]
async fn through_a_mirror() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let client = Client::new(config(&[("*", settings())])).unwrap();
    let layer = noise(1 << 20);
    round_trip(&repository(&client, &registry, "library/a"), &layer).await;
    let mirror = format!("http://{}", registry.host());
    let hub = RegistryConfig {
        mirrors: vec![mirror],
        ..settings()
    };
    let client = Client::new(config(&[("docker.io", hub)])).unwrap();
    let remote = client.repository(&"a".parse().unwrap());
    let raw = remote.manifest(ManifestRef::Tag("1.0")).await.unwrap();
    assert!(
        raw.manifest()
            .unwrap()
            .children()
            .contains(&&descriptor(&layer))
    );
    let got = collect(remote.blob(&descriptor(&layer), 0, BlobOptions::default()))
        .await
        .unwrap();
    assert!(got == layer);
}
