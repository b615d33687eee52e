//! Targets, methods and lengths that mean to reach what they shouldn't, over raw sockets: no client
//! tidies them up on the way.

use std::path::Path;

use orlop_oci::Digest;

use crate::client::Answer;
use crate::server::{OCI_MANIFEST, TestServer};

/// A registry in a folder of its own inside of another, which must stay as it is.
struct Nested {
    server: TestServer,
    outside: tempfile::TempDir,
}

fn nested() -> Nested {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "not for anybody").unwrap();
    let root = outside.path().join("registry");
    let server = TestServer::with(|wanted| {
        wanted.storage = Box::new(|options| options.root = root);
    });
    server.push_image("a", "latest", "content");
    Nested { server, outside }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

impl Nested {
    fn raw(&self, request: &[u8]) -> std::io::Result<Answer> {
        let mut connection = self.server.connect();
        // What was refused at its first line isn't read to its end.
        let _ = connection.write(request);
        connection.answer(request.starts_with(b"HEAD "))
    }

    fn ask(&self, line: &str) -> Answer {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        self.raw(request.as_bytes()).expect(line)
    }

    /// All as it was, and the server serves.
    fn is_untouched(&self, before: &[String]) {
        assert_eq!(names(self.outside.path()), ["registry", "secret"]);
        let root = self.outside.path().join("registry");
        assert_eq!(names(&root), before);
        assert_eq!(names(&root.join("uploads")), [""; 0]);
        for name in names(&root.join("blobs/sha256")) {
            assert!(format!("sha256:{name}").parse::<Digest>().is_ok(), "{name}");
        }
        let answer = self.server.get("/v2/a/manifests/latest").expect(200);
        assert_eq!(answer.header("content-type"), Some(OCI_MANIFEST));
        let names = self.server.get("/v2/_catalog").expect(200).json();
        assert_eq!(names["repositories"], serde_json::json!(["a"]));
    }
}

/// Status and code by what is tried, in the place of a name, a digest, a tag and an upload.
const TRICKS: [&str; 24] = [
    "..",
    ".",
    "../..",
    "../../secret",
    "a/../../secret",
    "%2e%2e",
    "%2E%2E%2Fsecret",
    "..%2f..%2fsecret",
    "a%2f..%2fb",
    "a%2fb",
    "%2fetc%2fpasswd",
    "a%5c..%5cb",
    "a\\..\\b",
    "a%00b",
    "%00",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%ff%fe",
    "%",
    "%2",
    "%zz",
    "a%0d%0ab",
    "~root",
    "a;b",
];

#[test]
fn a_path_stays_in_its_place() {
    let nested = nested();
    let before = names(&nested.outside.path().join("registry"));
    let digest = Digest::of(b"content");
    let id = "0123456789abcdef0123456789abcdef";
    for trick in TRICKS {
        for line in [
            format!("GET /v2/{trick}/tags/list"),
            format!("GET /v2/a/{trick}/tags/list"),
            format!("GET /v2/{trick}/a/blobs/{digest}"),
            format!("GET /v2/{trick}/blobs/{digest}"),
            format!("HEAD /v2/{trick}/manifests/latest"),
            format!("POST /v2/{trick}/blobs/uploads/"),
            format!("POST /v2/{trick}/blobs/uploads/?digest={}", Digest::of(b"")),
            format!("PUT /v2/{trick}/manifests/latest"),
            format!("DELETE /v2/{trick}/manifests/latest"),
            format!("PATCH /v2/{trick}/blobs/uploads/{id}"),
            format!("GET /v2/a/blobs/{trick}"),
            format!("GET /v2/a/blobs/sha256:{trick}"),
            format!("DELETE /v2/a/blobs/sha256:{trick}"),
            format!("GET /v2/a/manifests/{trick}"),
            format!("PUT /v2/a/manifests/{trick}"),
            format!("PUT /v2/a/manifests/sha256:{trick}"),
            format!("DELETE /v2/a/manifests/{trick}"),
            format!("GET /v2/a/referrers/sha512:{trick}"),
            format!("GET /v2/a/blobs/uploads/{trick}"),
            format!("PATCH /v2/a/blobs/uploads/{trick}"),
            format!("PUT /v2/a/blobs/uploads/{trick}?digest={digest}"),
            format!("DELETE /v2/a/blobs/uploads/{trick}"),
            format!("DELETE /v2/a/blobs/uploads/{id}{trick}"),
            format!("POST /v2/a/blobs/uploads/?digest=sha256:{trick}"),
            format!("PUT /v2/a/manifests/{digest}?tag={trick}"),
            format!("GET /{trick}"),
            format!("GET /v2/{trick}"),
            format!("GET /v2/_catalog/{trick}"),
            format!("GET /token/{trick}"),
            format!("GET /healthz/{trick}"),
        ] {
            let answer = nested.ask(&line);
            assert!(
                matches!(answer.status, 400 | 404),
                "{line}: {}",
                answer.status
            );
            if !line.starts_with("HEAD") && !answer.body.is_empty() {
                let code = answer.code();
                assert!(!code.is_empty() && code != "UNKNOWN", "{line}: {code}");
            }
        }
    }
    nested.is_untouched(&before);
}

/// A line of a request, and the status and code of its answer.
const REFUSED: &[(&str, u16, &str)] = &[
    ("GET /v2/..%2f..%2fsecret/tags/list", 400, "NAME_INVALID"),
    ("GET /v2/%2e%2e/tags/list", 400, "NAME_INVALID"),
    ("GET /v2/a%2fb/tags/list", 400, "NAME_INVALID"),
    ("GET /v2/a%00/tags/list", 400, "NAME_INVALID"),
    ("GET /v2/%252e/tags/list", 400, "NAME_INVALID"),
    ("GET /v2//tags/list", 400, "NAME_INVALID"),
    ("GET /v2//a/tags/list", 400, "NAME_INVALID"),
    ("GET /v2/a//tags/list", 400, "NAME_INVALID"),
    ("GET /v2/%zz/tags/list", 400, "UNSUPPORTED"),
    ("GET /v2/%ff/tags/list", 400, "UNSUPPORTED"),
    ("GET //v2/a/tags/list", 404, "UNSUPPORTED"),
    ("GET /v2/a/tags//list", 404, "UNSUPPORTED"),
    ("GET /v2/a/tags/list/", 404, "UNSUPPORTED"),
    ("GET /V2/a/tags/list", 404, "UNSUPPORTED"),
    (
        "GET /v2/a/blobs/sha256:..%2f..%2fsecret",
        400,
        "DIGEST_INVALID",
    ),
    ("GET /v2/a/blobs/..", 400, "DIGEST_INVALID"),
    ("GET /v2/a/manifests/..", 404, "MANIFEST_UNKNOWN"),
    ("PUT /v2/a/manifests/..", 400, "MANIFEST_INVALID"),
    ("GET /v2/a/blobs/uploads/..", 404, "BLOB_UPLOAD_UNKNOWN"),
    (
        "PATCH /v2/a/blobs/uploads/%2e%2e%2fx",
        404,
        "BLOB_UPLOAD_UNKNOWN",
    ),
    (
        "DELETE /v2/a/blobs/uploads/ID%00",
        404,
        "BLOB_UPLOAD_UNKNOWN",
    ),
    ("DELETE /v2/a/blobs/uploads/ID/", 404, "UNSUPPORTED"),
    ("GET /v2/a/tags/list?n=-1", 400, "UNSUPPORTED"),
    ("OPTIONS *", 404, "UNSUPPORTED"),
    ("TRACE /v2/", 405, "UNSUPPORTED"),
    ("get /v2/", 405, "UNSUPPORTED"),
    ("PROPFIND /v2/a/tags/list", 405, "UNSUPPORTED"),
    // As a proxy is asked, by whatever name: the path alone counts.
    (
        "GET http://elsewhere.test/v2/nowhere/tags/list",
        404,
        "NAME_UNKNOWN",
    ),
    ("GET http://elsewhere.test/../secret", 404, "UNSUPPORTED"),
    (
        "GET http://elsewhere.test//v2/a/tags/list",
        404,
        "UNSUPPORTED",
    ),
    ("GET http://elsewhere.test", 404, "UNSUPPORTED"),
    ("GET file:///etc/passwd", 400, ""),
    ("CONNECT localhost:22", 404, "UNSUPPORTED"),
    // Not HTTP.
    ("GET /v2/a\u{0}b/tags/list", 400, ""),
    ("GET /v2/a b/tags/list", 400, ""),
    ("GET v2/a/tags/list", 400, ""),
    ("GET ../secret", 400, ""),
    ("GET", 400, ""),
    ("G\u{0}T /v2/", 400, ""),
    ("GET /v2/\r\nX y: z\r\n\r\n", 400, ""),
];

#[test]
fn what_is_tried_is_refused_for_what_it_is() {
    let nested = nested();
    let id = "0123456789abcdef0123456789abcdef";
    for (line, status, code) in REFUSED {
        let answer = nested.ask(&line.replace("ID", id));
        assert_eq!(answer.status, *status, "{line}");
        if !code.is_empty() {
            assert_eq!(answer.code(), *code, "{line}");
        }
    }
    let long = "a".repeat(5000);
    let answer = nested.ask(&format!("{long} /v2/"));
    assert!(matches!(answer.status, 400 | 405), "{}", answer.status);
}

#[test]
fn a_length_is_one_number() {
    let nested = nested();
    let before = names(&nested.outside.path().join("registry"));
    let digest = Digest::of(b"hello");
    let target = format!("/v2/b/blobs/uploads/?digest={digest}");
    let hidden = "DELETE /v2/a/manifests/latest HTTP/1.1\r\nHost: x\r\n\r\n";
    for (lengths, body) in [
        ("Content-Length: -5", "hello"),
        ("Content-Length: +5", "hello"),
        ("Content-Length: 5 5", "hello"),
        ("Content-Length: 0x5", "hello"),
        ("Content-Length: 5,6", "hello"),
        ("Content-Length: ", "hello"),
        ("Content-Length: 99999999999999999999999", "hello"),
        ("Content-Length: 5\r\nContent-Length: 6", "hello!"),
        ("Transfer-Encoding: gzip", "hello"),
        ("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "z\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "-5\r\nhello\r\n0\r\n\r\n"),
        (
            "Transfer-Encoding: chunked",
            "ffffffffffffffffff\r\nhello\r\n",
        ),
        ("Transfer-Encoding: chunked", "5\r\nhello!\r\n0\r\n\r\n"),
    ] {
        let request =
            format!("POST {target} HTTP/1.1\r\nHost: x\r\n{lengths}\r\n\r\n{body}{hidden}");
        let answer = nested.raw(request.as_bytes());
        let status = answer.map_or(0, |answer| answer.status);
        assert!(matches!(status, 0 | 400), "{lengths:?} {body:?}: {status}");
        nested
            .server
            .get(&format!("/v2/b/blobs/{digest}"))
            .expect(404);
    }
    nested.is_untouched(&before);
}

#[test]
fn two_lengths_hide_no_request() {
    let nested = nested();
    // Who reads the one length sees a second request where the other sees a body.
    let hidden = "DELETE /v2/a/manifests/latest HTTP/1.1\r\nHost: x\r\n\r\n";
    let both = format!(
        "POST /v2/b/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        hidden.len() + 5
    );
    let mut connection = nested.server.connect();
    connection.write(both.as_bytes()).unwrap();
    let _ = connection.answer(false);
    assert!(connection.is_closed(), "nothing else is answered");
    nested.server.get("/v2/a/manifests/latest").expect(200);
}

#[test]
fn a_body_of_another_length_is_not_taken() {
    let nested = nested();
    let digest = Digest::of(b"hello");
    let target = format!("/v2/b/blobs/uploads/?digest={digest}");
    // Less than was said, and then the end.
    let mut connection = nested.server.connect();
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello");
    connection.write(head.as_bytes()).unwrap();
    let stream = connection.reader.get_ref();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    if let Ok(answer) = connection.answer(false) {
        answer.fails(400, "BLOB_UPLOAD_INVALID");
    }
    nested
        .server
        .get(&format!("/v2/b/blobs/{digest}"))
        .expect(404);
    // More than was said: what is too much is another request, and no request.
    let mut connection = nested.server.connect();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello there\r\n\r\n"
    );
    connection.write(head.as_bytes()).unwrap();
    connection.answer(false).unwrap().expect(201);
    connection.answer(false).unwrap().expect(400);
    let answer = nested.server.get(&format!("/v2/b/blobs/{digest}"));
    assert_eq!(answer.expect(200).body, b"hello");
    // A manifest likewise.
    let manifest = nested.server.image("b", "content");
    let mut connection = nested.server.connect();
    let head = format!(
        "PUT /v2/b/manifests/short HTTP/1.1\r\nHost: x\r\nContent-Type: {OCI_MANIFEST}\r\n\
         Content-Length: {}\r\n\r\n",
        manifest.len() + 1
    );
    connection
        .write(&[head.as_bytes(), &manifest].concat())
        .unwrap();
    let stream = connection.reader.get_ref();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    if let Ok(answer) = connection.answer(false) {
        answer.fails(400, "MANIFEST_INVALID");
    }
    nested.server.get("/v2/b/manifests/short").expect(404);
}
