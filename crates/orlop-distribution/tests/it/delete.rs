//! Taking manifests and tags away.

use orlop_distribution::{ManifestRef, Remote};
use orlop_oci::{MediaType, Raw};
use orlop_testing::Registry;

use crate::support::*;

#[tokio::test]
async fn by_digest_and_by_tag() {
    let fake = Fake::start(|asked: &Asked| match asked.line().as_str() {
        "DELETE /v2/a/manifests/there" => status(202),
        "DELETE /v2/a/manifests/gone" => refusal(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        "DELETE /v2/a/manifests/kept" => refusal(403, "DENIED", "the tag is immutable"),
        line => panic!("{line}"),
    })
    .await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    remote.delete_tag("there").await.unwrap();
    let gone = remote.delete_tag("gone").await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    let kept = remote.delete_tag("kept").await.unwrap_err();
    assert!(kept.to_string().contains("the tag is immutable"), "{kept}");
}

async fn image(remote: &Remote, tags: &[&str]) -> Raw {
    let blob = bytes::Bytes::from_static(b"{}");
    let mut config = descriptor(&blob);
    remote.upload_blob(&config, blob, &|_| {}).await.unwrap();
    config.media_type = MediaType::OciConfig;
    let text = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [],
    });
    let raw = Raw::new(MediaType::OciManifest, text.to_string().into_bytes());
    for tag in tags {
        remote
            .put_manifest(ManifestRef::Tag(tag), &raw)
            .await
            .unwrap();
    }
    raw
}

#[tokio::test]
async fn a_tag_alone_at_a_registry_that_deletes_manifests_only() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let client = client();
    let remote = client.repository(&format!("{}/team/app", registry.host()).parse().unwrap());
    let raw = image(&remote, &["1", "2"]).await;
    remote.delete_tag("1").await.unwrap();
    let gone = remote.resolve(ManifestRef::Tag("1")).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    // The other name of the same digest is as it was.
    let left = remote.resolve(ManifestRef::Tag("2")).await.unwrap();
    assert_eq!(left.digest, *raw.digest());
    let nothing = remote.delete_tag("1").await.unwrap_err();
    assert!(nothing.is_not_found(), "{nothing}");
    remote.delete_manifest(raw.digest()).await.unwrap();
    let gone = remote.resolve(ManifestRef::Tag("2")).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
}

/// A registry that takes pushes and deletes nothing.
#[tokio::test]
async fn a_tag_that_cannot_be_deleted_stands_for_what_it_stood_for() {
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "DELETE" => refusal(405, "UNSUPPORTED", "the operation is unsupported"),
        "GET" => reply(
            200,
            &[("content-type", "application/vnd.oci.image.manifest.v1+json")],
            manifest,
        ),
        "POST" => reply(202, &[("location", "/v2/a/blobs/uploads/1")], ""),
        _ => status(201),
    })
    .await;
    let client = client();
    let error = remote(&client, &fake, "a")
        .delete_tag("1")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("unsupported"), "{error}");
    let puts: Vec<_> = fake
        .asked()
        .into_iter()
        .filter(|asked| asked.line() == "PUT /v2/a/manifests/1")
        .collect();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[1].body, manifest);
}
