//! Manifests (distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting …").

use orlop_oci::Digest;
use serde_json::json;

use crate::server::{OCI_INDEX, OCI_MANIFEST, TestServer, manifest};

const TYPE: (&str, &str) = ("Content-Type", OCI_MANIFEST);
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

#[test]
fn a_manifest_comes_out_as_it_went_in() {
    let server = TestServer::start();
    let mut bytes = server.image("a/b", "seed");
    // Not how anybody would write it: bytes count, not what they mean.
    bytes.splice(0..1, b"{ \n".iter().copied());
    let digest = Digest::of(&bytes);
    let answer = server
        .ask("PUT", "/v2/a/b/manifests/v1.0", &[TYPE], &bytes)
        .expect(201);
    let place = format!("/v2/a/b/manifests/{digest}");
    assert_eq!(answer.header("location"), Some(&*place));
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(digest.as_str())
    );
    assert_eq!(answer.header("oci-subject"), None);
    for target in [&*place, "/v2/a/b/manifests/v1.0"] {
        let answer = server.get(target).expect(200);
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("content-type"), Some(OCI_MANIFEST));
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
        assert_eq!(answer.header("etag"), Some(&*format!("\"{digest}\"")));
        let answer = server.ask("HEAD", target, &[], &[]).expect(200);
        assert_eq!(
            answer.header("content-length"),
            Some(&*bytes.len().to_string())
        );
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
        let tag = format!("\"{digest}\"");
        server
            .ask("GET", target, &[("If-None-Match", &tag)], &[])
            .expect(304);
    }
    // Parameters of the type are dropped.
    let typed = [("Content-Type", &*format!("{OCI_MANIFEST}; charset=utf-8"))];
    server
        .ask("PUT", "/v2/a/b/manifests/v2", &typed, &bytes)
        .expect(201);
    let answer = server.get("/v2/a/b/manifests/v2").expect(200);
    assert_eq!(answer.header("content-type"), Some(OCI_MANIFEST));
    // Without a type, the manifest says it itself.
    server
        .ask("PUT", "/v2/a/b/manifests/v3", &[], &bytes)
        .expect(201);
}

#[test]
fn what_is_not_there_is_unknown() {
    let server = TestServer::start();
    server.push_image("a", "latest", "seed");
    let missing = Digest::of(b"missing");
    for target in [
        "/v2/a/manifests/missing".to_owned(),
        format!("/v2/a/manifests/{missing}"),
    ] {
        server.get(&target).fails(404, "MANIFEST_UNKNOWN");
        server.ask("HEAD", &target, &[], &[]).expect(404);
        server
            .ask("DELETE", &target, &[], &[])
            .fails(404, "MANIFEST_UNKNOWN");
    }
    let answer = server.get("/v2/nowhere/manifests/latest").expect(404);
    assert!(matches!(
        &*answer.code(),
        "NAME_UNKNOWN" | "MANIFEST_UNKNOWN"
    ));
    // A manifest is of its repository.
    let digest = Digest::of(&server.get("/v2/a/manifests/latest").body);
    server.get(&format!("/v2/b/manifests/{digest}")).expect(404);
}

#[test]
fn a_manifest_by_another_digest_is_refused() {
    let server = TestServer::start();
    let bytes = server.image("a", "seed");
    let other = format!("/v2/a/manifests/{}", Digest::of(b"other"));
    server
        .ask("PUT", &other, &[TYPE], &bytes)
        .fails(400, "DIGEST_INVALID");
    server.get(&other).expect(404);
    let place = format!("/v2/a/manifests/{}", Digest::of(&bytes));
    server.ask("PUT", &place, &[TYPE], &bytes).expect(201);
}

#[test]
fn a_page_is_no_manifest() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let page = manifest((&config, 2), &[], json!({ "mediaType": "text/html" }));
    for kind in ["text/html", "Text/HTML; charset=utf-8", "image/svg+xml", ""] {
        server
            .ask("PUT", "/v2/a/manifests/x", &[("Content-Type", kind)], &page)
            .fails(400, "MANIFEST_INVALID");
    }
    server.get("/v2/a/manifests/x").expect(404);
}

#[test]
fn what_is_no_manifest_is_refused() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let other_type = manifest((&config, 2), &[], json!({ "mediaType": DOCKER }));
    let both = manifest((&config, 2), &[], json!({ "manifests": [] }));
    let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
    let deep_inside = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{OCI_MANIFEST}\",\"annotations\":{}1{}}}",
        "{\"a\":".repeat(300_000),
        "}".repeat(300_000)
    );
    let cases: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        &other_type,
        &both,
        &deep,
        deep_inside.as_bytes(),
    ];
    for (index, bytes) in cases.iter().enumerate() {
        let answer = server.ask("PUT", "/v2/a/manifests/bad", &[TYPE], bytes);
        assert_eq!(answer.status, 400, "case {index}");
        assert_eq!(answer.code(), "MANIFEST_INVALID", "case {index}");
    }
    server.get("/v2/a/manifests/bad").expect(404);
}

#[test]
fn a_million_of_anything_is_no_reason_to_fall_over() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let put = |bytes: &[u8]| server.ask("PUT", "/v2/a/manifests/wide", &[TYPE], bytes);
    let whole = |more: serde_json::Value| manifest((&config, 2), &[], more);
    // What nobody reads is kept as it is.
    let numbers = whole(json!({ "numbers": vec![0; 1_000_000] }));
    put(&numbers).expect(201);
    assert!(server.get("/v2/a/manifests/wide").body == numbers);
    let notes: serde_json::Map<_, _> = (0..200_000).map(|i| (i.to_string(), json!(""))).collect();
    put(&whole(json!({ "annotations": notes }))).expect(201);
    // What is read has its bounds.
    put(&whole(json!({ "layers": vec![0; 1_000_000] }))).fails(400, "MANIFEST_INVALID");
    put(&whole(json!({ "layers": vec![json!({}); 1_000_000] }))).fails(400, "MANIFEST_INVALID");
    let layer = json!({ "mediaType": "a/b", "digest": config, "size": 2 });
    put(&whole(json!({ "layers": vec![layer; 20_000] }))).fails(400, "MANIFEST_INVALID");
    // The same name a million times, and what breaks off.
    let same = "\"a\":0,".repeat(600_000);
    put(format!("{{{same}\"b\":0}}").as_bytes()).fails(400, "MANIFEST_INVALID");
    put(format!("{{{same}").as_bytes()).fails(400, "MANIFEST_INVALID");
    put("[0,".repeat(1_000_000).as_bytes()).fails(400, "MANIFEST_INVALID");
    put("\"".repeat(4_000_000).as_bytes()).fails(400, "MANIFEST_INVALID");
    server.get("/v2/").expect(200);
}

#[test]
fn four_megabytes_are_a_manifest_and_more_are_none() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let sized = |size: usize| {
        let empty = manifest((&config, 2), &[], json!({ "annotations": { "fill": "" } })).len();
        let fill = "x".repeat(size - empty);
        manifest(
            (&config, 2),
            &[],
            json!({ "annotations": { "fill": fill } }),
        )
    };
    let limit = 4 * 1024 * 1024;
    let large = sized(limit);
    assert_eq!(large.len(), limit);
    server
        .ask("PUT", "/v2/a/manifests/large", &[TYPE], &large)
        .expect(201);
    assert!(server.get("/v2/a/manifests/large").body == large);
    let answer = server.ask("PUT", "/v2/a/manifests/larger", &[TYPE], &sized(limit + 1));
    answer.fails(413, "MANIFEST_INVALID");
    // The length needn't be said, and what is said isn't believed.
    let mut connection = server.connect();
    let head =
        "PUT /v2/a/manifests/endless HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.write(head.as_bytes()).unwrap();
    let part = format!("10000\r\n{}\r\n", "y".repeat(0x10000));
    for _ in 0..200 {
        // The server may have closed by now.
        if connection.write(part.as_bytes()).is_err() {
            break;
        }
    }
    connection
        .answer(false)
        .unwrap()
        .fails(413, "MANIFEST_INVALID");
}

#[test]
fn content_that_is_not_there_is_named() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let bytes = manifest((&config, 2), &[(&one, 3), (&two, 3)], json!({}));
    let answer = server.ask("PUT", "/v2/a/manifests/v1", &[TYPE], &bytes);
    let answer = answer.fails(404, "MANIFEST_BLOB_UNKNOWN");
    let errors = answer.json()["errors"].clone();
    let named: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["detail"]["digest"].clone())
        .collect();
    assert_eq!(named, [json!(one), json!(two)]);
}

#[test]
fn tags_come_with_a_digest() {
    let server = TestServer::start();
    let bytes = server.image("a", "seed");
    let digest = Digest::of(&bytes);
    let tags: Vec<String> = (0..20).map(|i| format!("v1.{i}")).collect();
    let query: Vec<String> = tags.iter().map(|tag| format!("tag={tag}")).collect();
    let target = format!("/v2/a/manifests/{digest}?{}&tag=v1.0", query.join("&"));
    let answer = server.ask("PUT", &target, &[TYPE], &bytes).expect(201);
    let mut told: Vec<&str> = answer.all("oci-tag").collect();
    told.sort_unstable();
    let mut expected: Vec<&str> = tags.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
    for tag in &tags {
        let answer = server.get(&format!("/v2/a/manifests/{tag}")).expect(200);
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
    }
    let target = format!("/v2/a/manifests/{digest}?tag=bad%2ftag");
    server
        .ask("PUT", &target, &[TYPE], &bytes)
        .fails(400, "MANIFEST_INVALID");
}

#[test]
fn a_subject_needs_not_be_there() {
    let server = TestServer::start();
    let config = server.push_blob("a", b"{}");
    let subject = Digest::of(b"not yet");
    let more = json!({ "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 7 } });
    let bytes = manifest((&config, 2), &[], more);
    let target = format!("/v2/a/manifests/{}", Digest::of(&bytes));
    let answer = server.ask("PUT", &target, &[TYPE], &bytes).expect(201);
    assert_eq!(answer.header("oci-subject"), Some(subject.as_str()));
}

#[test]
fn indexes_may_be_nested_and_sparse() {
    let server = TestServer::start();
    let image = server.push_image("a", "image", "seed");
    let size = server.get("/v2/a/manifests/image").body.len();
    let index = |child: &Digest, size: usize, kind: &str| {
        let child = json!({ "mediaType": kind, "digest": child, "size": size });
        let document = json!({
            "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child],
        });
        serde_json::to_vec(&document).unwrap()
    };
    let typed = [("Content-Type", OCI_INDEX)];
    let inner = index(&image, size, OCI_MANIFEST);
    server
        .ask("PUT", "/v2/a/manifests/inner", &typed, &inner)
        .expect(201);
    let outer = index(&Digest::of(&inner), inner.len(), OCI_INDEX);
    server
        .ask("PUT", "/v2/a/manifests/outer", &typed, &outer)
        .expect(201);
    let sparse = index(&Digest::of(b"elsewhere"), 9, OCI_MANIFEST);
    server
        .ask("PUT", "/v2/a/manifests/sparse", &typed, &sparse)
        .expect(201);
    assert_eq!(server.get("/v2/a/manifests/sparse").body, sparse);
}

#[test]
fn types_are_negotiated() {
    let server = TestServer::start();
    server.push_image("a", "oci", "seed");
    let config = server.push_blob("a", b"{}");
    let docker = manifest((&config, 2), &[], json!({ "mediaType": DOCKER }));
    server
        .ask(
            "PUT",
            "/v2/a/manifests/docker",
            &[("Content-Type", DOCKER)],
            &docker,
        )
        .expect(201);
    let table = [
        ("oci", "*/*", 200),
        ("oci", OCI_MANIFEST, 200),
        (
            "oci",
            "application/vnd.oci.image.manifest.v1+json;q=0.8, text/html",
            200,
        ),
        ("oci", DOCKER, 404),
        ("oci", OCI_INDEX, 404),
        ("docker", DOCKER, 200),
        ("docker", OCI_MANIFEST, 200),
    ];
    for (tag, accept, status) in table {
        for method in ["GET", "HEAD"] {
            let target = format!("/v2/a/manifests/{tag}");
            let answer = server.ask(method, &target, &[("Accept", accept)], &[]);
            assert_eq!(answer.status, status, "{tag} {accept}");
        }
    }
    let answer = server.get("/v2/a/manifests/docker").expect(200);
    assert_eq!(answer.header("content-type"), Some(DOCKER));
}

#[test]
fn a_tag_goes_and_its_manifest_stays() {
    let server = TestServer::start();
    let digest = server.push_image("a", "one", "seed");
    let bytes = server.get("/v2/a/manifests/one").body;
    server
        .ask("PUT", "/v2/a/manifests/two", &[TYPE], &bytes)
        .expect(201);
    server
        .ask("DELETE", "/v2/a/manifests/one", &[], &[])
        .expect(202);
    server
        .get("/v2/a/manifests/one")
        .fails(404, "MANIFEST_UNKNOWN");
    server.get("/v2/a/manifests/two").expect(200);
    let place = format!("/v2/a/manifests/{digest}");
    server.ask("DELETE", &place, &[], &[]).expect(202);
    server.get(&place).fails(404, "MANIFEST_UNKNOWN");
    server
        .get("/v2/a/manifests/two")
        .fails(404, "MANIFEST_UNKNOWN");
    server
        .ask("DELETE", "/v2/nowhere/manifests/x", &[], &[])
        .expect(404);
}

#[test]
fn a_tag_moves() {
    let server = TestServer::start();
    let first = server.push_image("a", "latest", "one");
    let second = server.push_image("a", "latest", "two");
    let answer = server.get("/v2/a/manifests/latest").expect(200);
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(second.as_str())
    );
    server.get(&format!("/v2/a/manifests/{first}")).expect(200);
}
