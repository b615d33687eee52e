//! What speaks of a manifest, with and without a list that the registry keeps.

use orlop_distribution::{ManifestRef, Remote, referrers_tag};
use orlop_oci::{Descriptor, Digest, MediaType, Raw};
use orlop_testing::Registry;

use crate::support::*;

const INDEX: (&str, &str) = ("content-type", "application/vnd.oci.image.index.v1+json");

fn entry(n: u8, kind: &str) -> serde_json::Value {
    serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": Digest::of(&[n]),
        "size": 7,
        "artifactType": kind,
    })
}

fn list(entries: &[serde_json::Value]) -> String {
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
    });
    index.to_string()
}

fn digests(found: &[Descriptor]) -> Vec<Digest> {
    found.iter().map(|d| d.digest.clone()).collect()
}

/// An artifact about `subject`.
fn about(subject: &Descriptor, kind: &str, config: &Descriptor) -> Raw {
    let text = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": kind,
        "config": config,
        "layers": [config],
        "subject": subject,
        "annotations": {"of": kind},
    });
    Raw::new(MediaType::OciManifest, text.to_string().into_bytes())
}

#[tokio::test]
async fn page_by_page_and_by_kind() {
    let subject = Digest::of(b"subject");
    let first = format!("/v2/a/referrers/{subject}");
    let fake = Fake::start(move |asked: &Asked| {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        assert_eq!(path, first);
        match query {
            // A registry that doesn't filter.
            "" | "artifactType=application%2Fsbom%2Bjson" => reply(
                200,
                &[INDEX, ("link", r#"<?page=2>; rel="next""#)],
                list(&[entry(1, "sig"), entry(2, "application/sbom+json")]),
            ),
            "page=2" => reply(
                200,
                &[INDEX],
                list(&[entry(2, "application/sbom+json"), entry(3, "sig")]),
            ),
            other => panic!("{other}"),
        }
    })
    .await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let all = remote.referrers(&subject, None).await.unwrap();
    assert_eq!(digests(&all), [1, 2, 3].map(|n| Digest::of(&[n])));
    let some = remote
        .referrers(&subject, Some("application/sbom+json"))
        .await
        .unwrap();
    assert_eq!(digests(&some), [Digest::of(&[2])]);
}

#[tokio::test]
async fn the_tag_stands_in_where_there_is_no_list() {
    let subject = Digest::of(b"subject");
    let tag = format!("/v2/a/manifests/{}", referrers_tag(&subject));
    for missing in [404, 405] {
        let tag = tag.clone();
        let fake = Fake::start(move |asked: &Asked| match &asked.target {
            target if *target == tag => reply(200, &[INDEX], list(&[entry(1, "sig")])),
            _ => status(missing),
        })
        .await;
        let client = client();
        let remote = remote(&client, &fake, "a");
        let all = remote.referrers(&subject, Some("sig")).await.unwrap();
        assert_eq!(digests(&all), [Digest::of(&[1])]);
        let none = remote.referrers(&Digest::of(b"x"), None).await;
        // Without a list and without a tag nothing speaks of it; a 405 for the tag is an error.
        assert_eq!(none.is_ok_and(|found| found.is_empty()), missing == 404);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list() {
    for body in ["null", "{", r#"{"schemaVersion":1}"#] {
        let fake = Fake::start(move |_: &Asked| reply(200, &[INDEX], body)).await;
        let client = client();
        let error = remote(&client, &fake, "a")
            .referrers(&Digest::of(b"x"), None)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("list of referrers"), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_keeps_the_list_is_left_alone() {
    let fake = Fake::start(|asked: &Asked| match asked.method.as_str() {
        "PUT" => reply(201, &[("oci-subject", "sha256:0")], ""),
        other => panic!("{other}"),
    })
    .await;
    let client = client();
    let subject = Raw::new(MediaType::OciManifest, b"{}".to_vec()).descriptor();
    let raw = about(&subject, "sig", &subject);
    let remote = remote(&client, &fake, "a");
    remote
        .put_manifest(ManifestRef::Digest(raw.digest()), &raw)
        .await
        .unwrap();
    assert_eq!(fake.asked().len(), 1);
}

/// Puts an image and two artifacts about it, each twice, into a registry without a list of referrers.
async fn attached(remote: &Remote) -> (Raw, Vec<Raw>) {
    let blob = bytes::Bytes::from_static(b"{}");
    let config = descriptor(&blob);
    remote.upload_blob(&config, blob, &|_| {}).await.unwrap();
    let mut image_config = config.clone();
    image_config.media_type = MediaType::OciConfig;
    let text = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": image_config,
        "layers": [],
    });
    let image = Raw::new(MediaType::OciManifest, text.to_string().into_bytes());
    remote
        .put_manifest(ManifestRef::Tag("1"), &image)
        .await
        .unwrap();
    let artifacts = ["sig", "sbom"].map(|kind| about(&image.descriptor(), kind, &config));
    for raw in artifacts.iter().chain(&artifacts) {
        let name = ManifestRef::Digest(raw.digest());
        remote.put_manifest(name, raw).await.unwrap();
    }
    (image, artifacts.to_vec())
}

#[tokio::test]
async fn the_list_is_kept_for_a_registry_that_keeps_none() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let client = client();
    let remote = client.repository(&format!("{}/team/app", registry.host()).parse().unwrap());
    let (image, artifacts) = attached(&remote).await;
    let found = remote.referrers(image.digest(), None).await.unwrap();
    let expected: Vec<Digest> = artifacts.iter().map(|raw| raw.digest().clone()).collect();
    assert_eq!(digests(&found), expected);
    assert_eq!(found[1].artifact_type.as_deref(), Some("sbom"));
    assert_eq!(found[1].annotations["of"], "sbom");
    let some = remote.referrers(image.digest(), Some("sig")).await.unwrap();
    assert_eq!(digests(&some), expected[..1]);
}
