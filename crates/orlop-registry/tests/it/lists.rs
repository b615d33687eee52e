//! Tags, repositories, referrers (distribution-spec, "Content Discovery").

use orlop_oci::Digest;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::server::{OCI_INDEX, OCI_MANIFEST, TestServer, manifest};

const NEXT: &str = ">; rel=\"next\"";

fn names(answer: &Answer, key: &str) -> Vec<String> {
    let list = answer.json()[key].clone();
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// The target of a link to the next page.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let target = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(NEXT));
    Some(
        target
            .unwrap_or_else(|| panic!("a strange link: {link}"))
            .to_owned(),
    )
}

/// Follows links to the end.
fn follow(server: &TestServer, first: &str, key: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut target = Some(first.to_owned());
    while let Some(this) = target {
        let answer = server.get(&this).expect(200);
        pages.push(names(&answer, key));
        target = next(&answer);
        assert!(pages.len() < 50, "the links have no end");
    }
    pages
}

#[test]
fn tags_are_listed_by_pages() {
    let server = TestServer::start();
    let bytes = server.image("team/app", "seed");
    let mut tags: Vec<String> = [
        "v1", "V2", "1.0", "latest", "_x", "v1.1-rc", "a", "B", "zz", "10",
    ]
    .map(str::to_owned)
    .to_vec();
    for tag in &tags {
        let target = format!("/v2/team/app/manifests/{tag}");
        server
            .ask("PUT", &target, &[("Content-Type", OCI_MANIFEST)], &bytes)
            .expect(201);
    }
    tags.sort_unstable();
    let answer = server.get("/v2/team/app/tags/list").expect(200);
    assert_eq!(answer.json(), json!({ "name": "team/app", "tags": tags }));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(next(&answer), None);
    for size in [1, 3, 4, 9, 10, 11] {
        let first = format!("/v2/team/app/tags/list?n={size}");
        let pages = follow(&server, &first, "tags");
        assert_eq!(pages.len(), tags.len().div_ceil(size), "pages of {size}");
        assert_eq!(pages.concat(), tags);
    }
    let answer = server.get("/v2/team/app/tags/list?n=0").expect(200);
    assert_eq!(names(&answer, "tags"), Vec::<String>::new());
    assert_eq!(next(&answer), None);
    let answer = server.get("/v2/team/app/tags/list?last=latest").expect(200);
    assert_eq!(names(&answer, "tags"), ["v1", "v1.1-rc", "zz"]);
    let answer = server.get("/v2/team/app/tags/list?n=2&last=B").expect(200);
    assert_eq!(names(&answer, "tags"), ["V2", "_x"]);
    let answer = server.get("/v2/team/app/tags/list?last=zzz").expect(200);
    assert_eq!(names(&answer, "tags"), Vec::<String>::new());
    for nowhere in ["/v2/nowhere/tags/list", "/v2/nowhere/tags/list?n=0"] {
        server.get(nowhere).fails(404, "NAME_UNKNOWN");
    }
}

#[test]
fn pages_have_a_bound() {
    let server = TestServer::with(|wanted| wanted.options.limits.page = 3);
    let bytes = server.image("a", "seed");
    for tag in 0..7 {
        let target = format!("/v2/a/manifests/t{tag}");
        server
            .ask("PUT", &target, &[("Content-Type", OCI_MANIFEST)], &bytes)
            .expect(201);
    }
    for first in ["/v2/a/tags/list", "/v2/a/tags/list?n=1000000"] {
        let pages = follow(&server, first, "tags");
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 1]);
    }
}

#[test]
fn repositories_are_listed_by_pages() {
    let server = TestServer::start();
    assert_eq!(
        names(&server.get("/v2/_catalog").expect(200), "repositories"),
        [""; 0]
    );
    let mut all: Vec<String> = (0..12).map(|i| format!("team{}/app-{i}", i % 3)).collect();
    for name in &all {
        server.push_image(name, "latest", "seed");
    }
    all.sort_unstable();
    assert_eq!(
        names(&server.get("/v2/_catalog").expect(200), "repositories"),
        all
    );
    for size in [1, 5, 12, 13] {
        let pages = follow(&server, &format!("/v2/_catalog?n={size}"), "repositories");
        assert_eq!(pages.concat(), all);
        assert_eq!(pages.len(), all.len().div_ceil(size));
    }
    let answer = server.get("/v2/_catalog?n=0").expect(200);
    assert_eq!(names(&answer, "repositories"), [""; 0]);
    assert_eq!(next(&answer), None);
    let answer = server.get("/v2/_catalog?n=2&last=team1/app-1").expect(200);
    assert_eq!(
        names(&answer, "repositories"),
        ["team1/app-10", "team1/app-4"]
    );
}

fn push_referrer(server: &TestServer, subject: &Digest, more: Value) -> (Digest, usize) {
    let config = server.push_blob("a", b"{}");
    let mut fields = json!({
        "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 7 },
    });
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    let bytes = manifest((&config, 2), &[], fields);
    let digest = Digest::of(&bytes);
    let target = format!("/v2/a/manifests/{digest}");
    let answer = server
        .ask("PUT", &target, &[("Content-Type", OCI_MANIFEST)], &bytes)
        .expect(201);
    assert_eq!(answer.header("oci-subject"), Some(subject.as_str()));
    (digest, bytes.len())
}

#[test]
fn referrers_are_listed_and_filtered() {
    let server = TestServer::start();
    let subject = server.push_image("a", "latest", "seed");
    let place = format!("/v2/a/referrers/{subject}");
    let empty = server.get(&place).expect(200);
    assert_eq!(empty.header("content-type"), Some(OCI_INDEX));
    let nothing = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] });
    assert_eq!(empty.json(), nothing);
    let notes = json!({ "org.example.note": "x" });
    let sbom = json!({ "artifactType": "application/vnd.sbom+json", "annotations": notes });
    let (one, size) = push_referrer(&server, &subject, sbom);
    let (two, _) = push_referrer(&server, &subject, json!({}));
    let answer = server.get(&place).expect(200);
    assert_eq!(answer.header("oci-filters-applied"), None);
    let manifests = answer.json()["manifests"].clone();
    let manifests = manifests.as_array().unwrap();
    assert_eq!(manifests.len(), 2);
    let find = |digest: &Digest| {
        let mut manifests = manifests.iter();
        manifests
            .find(|m| m["digest"] == json!(digest))
            .cloned()
            .unwrap()
    };
    let expected = json!({
        "mediaType": OCI_MANIFEST, "digest": one, "size": size, "annotations": notes,
        "artifactType": "application/vnd.sbom+json",
    });
    assert_eq!(find(&one), expected);
    // Without a type of its own, an image has that of its configuration.
    assert_eq!(
        find(&two)["artifactType"],
        "application/vnd.oci.image.config.v1+json"
    );
    for filter in ["application/vnd.sbom%2Bjson", "application/vnd.sbom+json"] {
        let answer = server
            .get(&format!("{place}?artifactType={filter}"))
            .expect(200);
        assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
        let manifests = answer.json()["manifests"].clone();
        assert_eq!(manifests.as_array().unwrap().len(), 1);
        assert_eq!(manifests[0]["digest"], json!(one));
    }
    // Nothing refers to it, whether it is there or not; and a repository isn't asked for either.
    let other = Digest::of(b"other");
    for place in [
        format!("/v2/a/referrers/{other}"),
        format!("/v2/nowhere/referrers/{other}"),
    ] {
        assert_eq!(server.get(&place).expect(200).json(), nothing);
    }
    server
        .get("/v2/a/referrers/sha256:bad")
        .fails(400, "DIGEST_INVALID");
}

#[test]
fn referrers_come_by_pages() {
    let server = TestServer::start();
    let subject = Digest::of(b"not there yet");
    let mut all: Vec<String> = (0..10)
        .map(|i| {
            let more =
                json!({ "artifactType": "application/x", "annotations": { "i": i.to_string() } });
            push_referrer(&server, &subject, more).0.to_string()
        })
        .collect();
    all.sort_unstable();
    let mut target = Some(format!(
        "/v2/a/referrers/{subject}?n=3&artifactType=application/x"
    ));
    let mut got = Vec::new();
    while let Some(this) = target {
        let answer = server.get(&this).expect(200);
        assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
        let page = answer.json()["manifests"].clone();
        let page = page.as_array().unwrap();
        assert!(page.len() <= 3);
        got.extend(
            page.iter()
                .map(|m| m["digest"].as_str().unwrap().to_owned()),
        );
        target = next(&answer);
    }
    assert_eq!(got, all);
}

#[test]
fn large_annotations_make_small_pages() {
    let server = TestServer::start();
    let subject = Digest::of(b"subject");
    for i in 0..70 {
        let note = format!("{i}{}", "x".repeat(100_000));
        push_referrer(
            &server,
            &subject,
            json!({ "annotations": { "note": note } }),
        );
    }
    let mut target = Some(format!("/v2/a/referrers/{subject}"));
    let (mut count, mut pages) = (0, 0);
    while let Some(this) = target {
        let answer = server.get(&this).expect(200);
        assert!(answer.body.len() <= 3 << 20, "{}", answer.body.len());
        count += answer.json()["manifests"].as_array().unwrap().len();
        pages += 1;
        target = next(&answer);
    }
    assert_eq!(count, 70);
    assert!(pages > 1, "7 MB in one page");
}
