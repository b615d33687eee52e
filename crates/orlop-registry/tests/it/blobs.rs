//! Blobs and uploads (distribution-spec, "Pulling blobs", "Pushing blobs").

use orlop_oci::{Algorithm, Digest, Digester};

use crate::server::{TestServer, noise};

const OCTETS: (&str, &str) = ("Content-Type", "application/octet-stream");
const NOBODY: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn sha512(content: &[u8]) -> Digest {
    let mut digester = Digester::new(Algorithm::Sha512);
    digester.update(content);
    digester.finish()
}

#[test]
fn the_base_says_what_it_is() {
    let server = TestServer::start();
    for target in ["/v2/", "/v2"] {
        let answer = server.get(target).expect(200);
        assert_eq!(
            answer.header("docker-distribution-api-version"),
            Some("registry/2.0")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some("sandbox; default-src 'none'"));
        assert_eq!(answer.json(), serde_json::json!({}));
    }
    let answer = server.ask("HEAD", "/v2/", &[], &[]).expect(200);
    assert_eq!(answer.header("content-length"), Some("2"));
}

#[test]
fn a_blob_is_pushed_in_one_request_and_pulled() {
    let server = TestServer::start();
    for content in [b"hello".to_vec(), Vec::new(), noise(3_000_000, 1)] {
        let digest = Digest::of(&content);
        let place = format!("/v2/a/b/blobs/{digest}");
        server.get(&place).expect(404);
        let target = format!("/v2/a/b/blobs/uploads/?digest={digest}");
        let answer = server.ask("POST", &target, &[OCTETS], &content).expect(201);
        assert_eq!(answer.header("location"), Some(&*place));
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
        assert_eq!(answer.header("content-length"), Some("0"));

        let answer = server.get(&place).expect(200);
        assert_eq!(answer.body, content);
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
        assert_eq!(answer.header("etag"), Some(&*format!("\"{digest}\"")));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream")
        );

        let answer = server.ask("HEAD", &place, &[], &[]).expect(200);
        assert_eq!(
            answer.header("content-length"),
            Some(&*content.len().to_string())
        );
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
    }
}

#[test]
fn what_is_not_there_is_unknown() {
    let server = TestServer::start();
    server.push_blob("there", b"x");
    let missing = format!("/v2/there/blobs/{NOBODY}");
    server.get(&missing).fails(404, "BLOB_UNKNOWN");
    server.ask("HEAD", &missing, &[], &[]).expect(404);
    server
        .ask("DELETE", &missing, &[], &[])
        .fails(404, "BLOB_UNKNOWN");
    let nowhere = server
        .get(&format!("/v2/nowhere/blobs/{NOBODY}"))
        .expect(404);
    assert!(matches!(&*nowhere.code(), "NAME_UNKNOWN" | "BLOB_UNKNOWN"));
    // A blob is of its repository, not of the disk.
    let digest = Digest::of(b"x");
    server.get(&format!("/v2/there/blobs/{digest}")).expect(200);
    server
        .get(&format!("/v2/elsewhere/blobs/{digest}"))
        .expect(404);
}

#[test]
fn bad_names_and_digests_are_told_apart() {
    let server = TestServer::start();
    let id = "0123456789abcdef0123456789abcdef";
    let table = [
        ("GET", "/v2/UPPER/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/a/../b/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/a%2f..%2fb/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/%2e%2e/blobs/sha256:abc", 400, "NAME_INVALID"),
        ("GET", "/v2/a//b/tags/list", 400, "NAME_INVALID"),
        ("GET", "/v2/a%00b/tags/list", 400, "NAME_INVALID"),
        (
            "GET",
            "/v2/a/blobs/sha256:..%2f..%2fetc%2fpasswd",
            400,
            "DIGEST_INVALID",
        ),
        ("GET", "/v2/a/blobs/sha256:abc", 400, "DIGEST_INVALID"),
        (
            "HEAD",
            "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
            400,
            "",
        ),
        (
            "GET",
            "/v2/a/manifests/sha256:baddigeststring",
            400,
            "DIGEST_INVALID",
        ),
        ("GET", "/v2/a/manifests/.INVALID", 404, "MANIFEST_UNKNOWN"),
        ("PUT", "/v2/a/manifests/.INVALID", 400, "MANIFEST_INVALID"),
        ("GET", "/v2/a/referrers/sha256:bad", 400, "DIGEST_INVALID"),
        (
            "POST",
            "/v2/a/blobs/uploads/?digest=sha256:bad",
            400,
            "DIGEST_INVALID",
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/?digest-algorithm=md5",
            400,
            "DIGEST_INVALID",
        ),
        (
            "PATCH",
            "/v2/a/blobs/uploads/..%2f..%2fetc",
            404,
            "BLOB_UPLOAD_UNKNOWN",
        ),
        (
            "PATCH",
            "/v2/a/blobs/uploads/ID",
            404,
            "BLOB_UPLOAD_UNKNOWN",
        ),
        ("GET", "/v2/a/blobs/uploads/ID", 404, "BLOB_UPLOAD_UNKNOWN"),
        (
            "DELETE",
            "/v2/a/blobs/uploads/ID",
            404,
            "BLOB_UPLOAD_UNKNOWN",
        ),
        ("PUT", "/v2/a/blobs/uploads/ID", 400, "DIGEST_INVALID"),
        ("GET", "/v2/a/tags/list?n=-1", 400, "UNSUPPORTED"),
        ("GET", "/", 404, "UNSUPPORTED"),
        ("GET", "/etc/passwd", 404, "UNSUPPORTED"),
        ("GET", "/v2/../../etc/passwd", 404, "UNSUPPORTED"),
    ];
    for (method, target, status, code) in table {
        let answer = server.ask(method, &target.replace("ID", id), &[], &[]);
        assert_eq!(answer.status, status, "{method} {target}");
        if !code.is_empty() {
            assert_eq!(answer.code(), code, "{method} {target}");
        }
    }
}

#[test]
fn other_methods_are_refused_with_those_that_are_not() {
    let server = TestServer::start();
    let table = [
        ("PUT", "/v2/", "GET, HEAD, OPTIONS"),
        ("POST", "/v2/a/tags/list", "GET, HEAD, OPTIONS"),
        ("GET", "/v2/a/blobs/uploads/", "POST, OPTIONS"),
        (
            "POST",
            "/v2/a/manifests/b",
            "GET, HEAD, PUT, DELETE, OPTIONS",
        ),
        ("PUT", "/v2/_catalog", "GET, HEAD, OPTIONS"),
    ];
    for (method, target, allow) in table {
        let answer = server
            .ask(method, target, &[], &[])
            .fails(405, "UNSUPPORTED");
        assert_eq!(answer.header("allow"), Some(allow));
    }
    let answer = server
        .ask("OPTIONS", "/v2/a/manifests/b", &[], &[])
        .expect(204);
    assert_eq!(
        answer.header("allow"),
        Some("GET, HEAD, PUT, DELETE, OPTIONS")
    );
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn an_upload_is_a_post_and_a_put() {
    let server = TestServer::start();
    let content = noise(100_000, 2);
    let digest = Digest::of(&content);
    let answer = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    assert_eq!(answer.header("range"), Some("0-0"));
    assert_eq!(answer.header("content-length"), Some("0"));
    let place = answer.header("location").unwrap().to_owned();
    let id = answer.header("docker-upload-uuid").unwrap();
    assert_eq!(place, format!("/v2/a/blobs/uploads/{id}"));
    let target = format!("{place}?digest={digest}");
    let answer = server.ask("PUT", &target, &[OCTETS], &content).expect(201);
    assert_eq!(
        answer.header("location"),
        Some(&*format!("/v2/a/blobs/{digest}"))
    );
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(digest.as_str())
    );
    server.get(&place).fails(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(server.get(&format!("/v2/a/blobs/{digest}")).body, content);
}

#[test]
fn chunks_come_in_order() {
    let server = TestServer::start();
    let content = noise(30_000, 3);
    let digest = Digest::of(&content);
    let mut connection = server.connect();
    let place = connection
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().to_owned();
    let mut chunk = |method: &str, target: &str, range: &str, part: &[u8]| {
        connection.ask(method, target, &[OCTETS, ("Content-Range", range)], part)
    };
    let answer = chunk("PATCH", &place, "0-9999", &content[..10_000]).expect(202);
    assert_eq!(answer.header("range"), Some("0-9999"));
    assert_eq!(answer.header("location"), Some(&*place));
    assert!(answer.header("docker-upload-uuid").is_some());
    // Too early, too late, from the start again: each is told where to go on.
    for wrong in ["9999-19998", "10001-20000", "0-9999"] {
        let part = &content[..10_000];
        let answer = chunk("PATCH", &place, wrong, part).fails(416, "BLOB_UPLOAD_INVALID");
        assert_eq!(answer.header("range"), Some("0-9999"));
        assert_eq!(answer.header("location"), Some(&*place));
    }
    let last = format!("{place}?digest={digest}");
    let answer = chunk("PUT", &last, "20000-29999", &content[20_000..]);
    answer.fails(416, "BLOB_UPLOAD_INVALID");
    for wrong in ["bytes 0-1/2", "5-4", "x", "10000-"] {
        chunk("PATCH", &place, wrong, b"x").fails(400, "BLOB_UPLOAD_INVALID");
    }
    let answer = chunk("PATCH", &place, "10000-19999", b"short");
    answer.fails(400, "SIZE_INVALID");
    chunk("PATCH", &place, "10000-19999", &content[10_000..20_000]).expect(202);
    let status = server.get(&place).expect(204);
    assert_eq!(status.header("range"), Some("0-19999"));
    assert_eq!(status.header("location"), Some(&*place));
    chunk("PUT", &last, "20000-29999", &content[20_000..]).expect(201);
    assert_eq!(server.get(&format!("/v2/a/blobs/{digest}")).body, content);
}

#[test]
fn docker_streams_into_one_patch() {
    let server = TestServer::start();
    let content = noise(50_000, 4);
    let digest = Digest::of(&content);
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().to_owned();
    let mut body = Vec::new();
    for part in content.chunks(7_000) {
        body.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let chunked = [("Transfer-Encoding", "chunked")];
    let answer = server.ask("PATCH", &place, &chunked, &body).expect(202);
    assert_eq!(answer.header("range"), Some("0-49999"));
    server
        .ask("PUT", &format!("{place}?digest={digest}"), &[], &[])
        .expect(201);
    assert_eq!(server.get(&format!("/v2/a/blobs/{digest}")).body, content);
}

#[test]
fn other_content_than_was_named_is_refused() {
    let server = TestServer::start();
    let wrong = Digest::of(b"another");
    let target = format!("/v2/a/blobs/uploads/?digest={wrong}");
    server
        .ask("POST", &target, &[], b"content")
        .fails(400, "DIGEST_INVALID");
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().to_owned();
    server.ask("PATCH", &place, &[], b"content").expect(202);
    let target = format!("{place}?digest={wrong}");
    server
        .ask("PUT", &target, &[], &[])
        .fails(400, "DIGEST_INVALID");
    server.get(&place).fails(404, "BLOB_UPLOAD_UNKNOWN");
    server.get(&format!("/v2/a/blobs/{wrong}")).expect(404);
}

#[test]
fn sha512_is_as_good() {
    let server = TestServer::start();
    let content = noise(10_000, 5);
    let digest = sha512(&content);
    let target = "/v2/a/blobs/uploads/?digest-algorithm=sha512";
    let place = server.ask("POST", target, &[], &[]).expect(202);
    let place = place.header("location").unwrap().to_owned();
    server
        .ask("PATCH", &place, &[], &content[..5000])
        .expect(202);
    let target = format!("{place}?digest={digest}");
    let answer = server
        .ask("PUT", &target, &[], &content[5000..])
        .expect(201);
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(digest.as_str())
    );
    assert_eq!(server.get(&format!("/v2/a/blobs/{digest}")).body, content);
    // And in one request.
    let other = sha512(b"other");
    let target = format!("/v2/a/blobs/uploads/?digest={other}");
    server.ask("POST", &target, &[], b"other").expect(201);
    assert_eq!(server.get(&format!("/v2/a/blobs/{other}")).body, b"other");
}

#[test]
fn an_upload_can_be_given_up() {
    let server = TestServer::start();
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().to_owned();
    assert_eq!(server.get(&place).expect(204).header("range"), Some("0-0"));
    server.ask("DELETE", &place, &[], &[]).expect(204);
    for (method, target) in [("GET", &place), ("PATCH", &place), ("DELETE", &place)] {
        server
            .ask(method, target, &[], &[])
            .fails(404, "BLOB_UPLOAD_UNKNOWN");
    }
    // An upload is of its repository.
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().replace("/a/", "/b/");
    server.get(&place).fails(404, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn a_blob_is_mounted_from_where_it_is() {
    let server = TestServer::start();
    let digest = server.push_blob("from/here", b"content");
    let mount = |to: &str, query: String| {
        server.ask(
            "POST",
            &format!("/v2/{to}/blobs/uploads/?{query}"),
            &[],
            &[],
        )
    };
    let answer = mount("to/one", format!("mount={digest}&from=from/here")).expect(201);
    assert_eq!(
        answer.header("location"),
        Some(&*format!("/v2/to/one/blobs/{digest}"))
    );
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(digest.as_str())
    );
    assert_eq!(
        server.get(&format!("/v2/to/one/blobs/{digest}")).body,
        b"content"
    );
    mount("to/two", format!("mount={digest}")).expect(201);
    // Nothing to mount: an upload begins.
    for query in [
        format!("mount={digest}&from=not/there"),
        format!("mount={NOBODY}&from=from/here"),
        format!("mount={NOBODY}"),
    ] {
        let answer = mount("to/three", query).expect(202);
        assert!(
            answer
                .header("location")
                .unwrap()
                .starts_with("/v2/to/three/blobs/uploads/")
        );
    }
    server
        .get(&format!("/v2/to/three/blobs/{digest}"))
        .expect(404);
}

#[test]
fn a_blob_is_deleted_from_one_repository() {
    let server = TestServer::start();
    let digest = server.push_blob("a", b"content");
    server.push_blob("b", b"content");
    let place = format!("/v2/a/blobs/{digest}");
    server.ask("DELETE", &place, &[], &[]).expect(202);
    server.get(&place).expect(404);
    server.ask("DELETE", &place, &[], &[]).expect(404);
    server.get(&format!("/v2/b/blobs/{digest}")).expect(200);
}

#[test]
fn deletion_can_be_switched_off() {
    let server = TestServer::with(|wanted| wanted.options.deletion = false);
    let digest = server.push_blob("a", b"content");
    let manifest = server.push_image("a", "latest", "seed");
    for target in [
        format!("/v2/a/blobs/{digest}"),
        format!("/v2/a/manifests/{manifest}"),
        "/v2/a/manifests/latest".to_owned(),
    ] {
        let answer = server
            .ask("DELETE", &target, &[], &[])
            .fails(405, "UNSUPPORTED");
        assert!(!answer.header("allow").unwrap().contains("DELETE"));
        server.get(&target).expect(200);
    }
    // To give up an upload is no deletion.
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    server
        .ask("DELETE", place.header("location").unwrap(), &[], &[])
        .expect(204);
}

#[test]
fn locations_can_be_absolute() {
    let server = TestServer::with(|wanted| {
        wanted.options.public_url = Some("https://registry.example.com/".parse().unwrap());
        wanted.options.chunk_min_length = Some(1024);
    });
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let location = place.header("location").unwrap();
    assert!(location.starts_with("https://registry.example.com/v2/a/blobs/uploads/"));
    assert_eq!(place.header("oci-chunk-min-length"), Some("1024"));
    let digest = Digest::of(b"x");
    let target = format!("/v2/a/blobs/uploads/?digest={digest}");
    let answer = server.ask("POST", &target, &[], b"x").expect(201);
    let expected = format!("https://registry.example.com/v2/a/blobs/{digest}");
    assert_eq!(answer.header("location"), Some(&*expected));
}

#[test]
fn what_a_client_has_is_not_sent() {
    let server = TestServer::start();
    let digest = server.push_blob("a", b"content");
    let place = format!("/v2/a/blobs/{digest}");
    let (quoted, bare) = (format!("\"{digest}\""), digest.to_string());
    let mut connection = server.connect();
    for tag in [&quoted, &bare] {
        for method in ["GET", "HEAD"] {
            let known = [("If-None-Match", tag.as_str())];
            let answer = connection.ask(method, &place, &known, &[]).expect(304);
            assert_eq!(answer.header("etag"), Some(&*quoted));
        }
    }
    let answer = connection.ask("GET", &place, &[("If-None-Match", "\"other\"")], &[]);
    assert_eq!(answer.expect(200).body, b"content");
}

#[test]
fn a_web_page_of_a_known_origin_may_ask() {
    let server = TestServer::with(|wanted| {
        wanted.options.allowed_origins = vec!["https://portal.example.com".into()];
    });
    let known = [("Origin", "https://portal.example.com")];
    let answer = server.ask("GET", "/v2/", &known, &[]).expect(200);
    let origin = "access-control-allow-origin";
    assert_eq!(answer.header(origin), Some("https://portal.example.com"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("Docker-Content-Digest"));
    let answer = server
        .ask("OPTIONS", "/v2/a/tags/list", &known, &[])
        .expect(204);
    let allowed = answer.header("access-control-allow-methods");
    assert_eq!(allowed, Some("GET, HEAD, OPTIONS"));
    let other = [("Origin", "https://evil.example.com")];
    assert_eq!(server.ask("GET", "/v2/", &other, &[]).header(origin), None);
}
