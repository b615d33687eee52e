//! Mirrors: asked first, never written to, never in the way.

use std::sync::{Arc, Mutex};

use orlop_distribution::{BlobOptions, Client, Credential, ManifestRef, RegistryConfig};
use orlop_oci::{MediaType, Raw};

use crate::support::*;

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
const TYPE: (&str, &str) = ("content-type", "application/vnd.oci.image.index.v1+json");
const TAG: ManifestRef<'static> = ManifestRef::Tag("1");

fn mirrored(registry: &Fake, mirrors: Vec<String>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let own = RegistryConfig {
        mirrors,
        ..settings()
    };
    let mut config = config(&[(registry.name().as_str(), own), ("*", settings())]);
    let notes = Arc::new(Mutex::new(Vec::new()));
    let kept = notes.clone();
    config.notes = Some(Arc::new(move |note: &str| {
        kept.lock().unwrap().push(note.to_owned())
    }));
    (Client::new(config).unwrap(), notes)
}

fn notes_of(notes: &Mutex<Vec<String>>) -> String {
    notes.lock().unwrap().join("\n")
}

fn url(fake: &Fake) -> String {
    format!("http://{}", fake.name())
}

#[tokio::test]
async fn a_mirror_is_asked_first() {
    let mirror = Fake::start(|_: &Asked| reply(200, &[TYPE], INDEX)).await;
    let registry = Fake::start(|_: &Asked| status(500)).await;
    let (client, _) = mirrored(&registry, vec![format!("{}/cache/hub", url(&mirror))]);
    let raw = remote(&client, &registry, "a/b")
        .manifest(TAG)
        .await
        .unwrap();
    assert_eq!(raw.media_type(), &MediaType::OciIndex);
    assert!(registry.asked().is_empty());
    let asked = &mirror.asked()[0];
    let expected = format!("/v2/cache/hub/a/b/manifests/1?ns={}", registry.name());
    assert_eq!(asked.target, expected);
}

#[tokio::test]
async fn mirrors_that_fail_are_passed_over_in_order() {
    let empty = Fake::start(|_: &Asked| status(404)).await;
    let closed = Fake::start(|_: &Asked| refusal(401, "UNAUTHORIZED", "no")).await;
    let lying =
        Fake::start(|_: &Asked| reply(200, &[TYPE, ("docker-content-digest", "sha256:0")], INDEX))
            .await;
    let registry = Fake::start(|_: &Asked| reply(200, &[TYPE], INDEX)).await;
    let all = vec![
        url(&empty),
        "http://127.0.0.1:1".into(),
        url(&closed),
        url(&lying),
    ];
    let (client, notes) = mirrored(&registry, all);
    let raw = remote(&client, &registry, "a").manifest(TAG).await.unwrap();
    assert_eq!(raw.bytes(), INDEX.as_bytes());
    for fake in [&empty, &closed, &lying, &registry] {
        assert_eq!(fake.asked().len(), 1);
    }
    // It is left alone from then on; the others are asked again.
    remote(&client, &registry, "a").manifest(TAG).await.unwrap();
    assert_eq!(notes_of(&notes).matches("127.0.0.1:1 ").count(), 1);
    assert_eq!(empty.asked().len(), 2);
    let notes = notes_of(&notes);
    assert!(
        notes.contains("mirror 127.0.0.1:1 left out: cannot connect"),
        "{notes}"
    );
    // That a mirror hasn't got something is nothing to tell.
    assert!(
        !notes.contains(&format!("mirror {} left out", empty.name())),
        "{notes}"
    );
}

#[tokio::test]
async fn what_the_registry_says_is_final() {
    let mirror = Fake::start(|_: &Asked| status(500)).await;
    let registry =
        Fake::start(|_: &Asked| refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")).await;
    let (client, _) = mirrored(&registry, vec![url(&mirror)]);
    let error = remote(&client, &registry, "a")
        .manifest(TAG)
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&registry.name()), "{error}");
    assert!(error.is_not_found());
}

#[tokio::test]
async fn a_blob_goes_on_at_the_next_place() {
    let bytes = noise(20 << 20);
    let served = bytes.clone();
    // Gives the first megabyte of anything, and breaks.
    let mirror = Fake::start(move |asked: &Asked| {
        let (first, last) = range(asked).unwrap_or((0, served.len() - 1));
        if first > 0 {
            return status(404);
        }
        let header = format!("bytes {first}-{last}/{}", served.len());
        let length = (last - first + 1).to_string();
        let headers = [
            ("content-range", header.as_str()),
            ("content-length", length.as_str()),
        ];
        reply(206, &headers, broken(served.slice(..1 << 20)))
    })
    .await;
    let served = bytes.clone();
    let registry = Fake::start(move |asked: &Asked| serve_range(asked, &served)).await;
    for connections in [1, 4] {
        let (client, _) = mirrored(&registry, vec![url(&mirror)]);
        let options = BlobOptions {
            connections: Some(connections),
            ..BlobOptions::default()
        };
        let remote = remote(&client, &registry, "a");
        let got = collect(remote.blob(&descriptor(&bytes), 0, options))
            .await
            .unwrap();
        assert!(got == bytes, "{connections} connections");
    }
    // Without it, for who found its bytes to be wrong.
    let before = mirror.asked().len();
    let (client, _) = mirrored(&registry, vec![url(&mirror)]);
    let remote = remote(&client, &registry, "a").without_mirrors();
    collect(remote.blob(&descriptor(&bytes), 0, BlobOptions::default()))
        .await
        .unwrap();
    assert_eq!(mirror.asked().len(), before);
}

#[tokio::test]
async fn a_small_blob_that_a_mirror_has_wrong_is_fetched_from_the_registry() {
    let mirror = Fake::start(|_: &Asked| reply(200, &[], "wrong")).await;
    let registry = Fake::start(|_: &Asked| reply(200, &[], "right")).await;
    let (client, notes) = mirrored(&registry, vec![url(&mirror)]);
    let got = remote(&client, &registry, "a")
        .blob_bytes(&descriptor(b"right"), 10)
        .await
        .unwrap();
    assert_eq!(got, b"right");
    assert!(notes.lock().unwrap()[0].contains("is damaged"));
}

#[tokio::test]
async fn nothing_is_written_to_a_mirror_and_its_credentials_are_its_own() {
    let mirror = Fake::start(|_: &Asked| reply(200, &[TYPE], INDEX)).await;
    let registry = Fake::start(|asked: &Asked| match asked.method.as_str() {
        "POST" => reply(202, &[("location", "/upload")], ""),
        _ => status(201),
    })
    .await;
    let (client, _) = mirrored(&registry, vec![url(&mirror)]);
    let here = remote(&client, &registry, "a");
    here.put_manifest(TAG, &Raw::new(MediaType::OciIndex, INDEX.into()))
        .await
        .unwrap();
    here.upload_blob(&descriptor(b"x"), bytes::Bytes::from_static(b"x"), &|_| {})
        .await
        .unwrap();
    assert!(mirror.asked().is_empty());

    // A mirror that asks is shown what is kept for it, not what is kept for the registry.
    struct ByHost(String);
    impl orlop_distribution::Credentials for ByHost {
        fn get(
            &self,
            registry: &str,
        ) -> Result<Option<Credential>, orlop_distribution::CredentialError> {
            let user = if registry == self.0 {
                "registry"
            } else {
                "mirror"
            };
            Ok(Some(Credential::password(user, "pw")))
        }
        fn store(
            &self,
            _: &str,
            _: &Credential,
        ) -> Result<orlop_distribution::Keeper, orlop_distribution::CredentialError> {
            unreachable!()
        }
        fn erase(&self, _: &str) -> Result<bool, orlop_distribution::CredentialError> {
            unreachable!()
        }
    }
    let mirror = Fake::start(|asked: &Asked| match asked.header("authorization") {
        // mirror:pw
        Some("Basic bWlycm9yOnB3") => reply(200, &[TYPE], INDEX),
        _ => reply(401, &[("www-authenticate", "Basic realm=x")], ""),
    })
    .await;
    let own = RegistryConfig {
        mirrors: vec![url(&mirror)],
        ..settings()
    };
    let mut config = config(&[(registry.name().as_str(), own)]);
    config.credentials = Arc::new(ByHost(registry.name()));
    let client = Client::new(config).unwrap();
    remote(&client, &registry, "a").manifest(TAG).await.unwrap();
    assert_eq!(mirror.asked().len(), 2);
}
