//! Parts of blobs (RFC 9110, section 14).

use crate::server::{TestServer, noise};

#[test]
fn parts_of_a_blob_are_sent() {
    let server = TestServer::start();
    let content = noise(2_500_000, 10);
    let digest = server.push_blob("a", &content);
    let place = format!("/v2/a/blobs/{digest}");
    let mut connection = server.connect();
    let last = content.len() - 1;
    let table = [
        ("bytes=0-0", 0, 0),
        ("bytes=500-1499", 500, 1499),
        ("bytes=1000000-", 1_000_000, last),
        ("bytes=-500", last - 499, last),
        ("bytes=-9999999", 0, last),
        ("bytes=2499999-2499999", last, last),
        ("bytes=1048575-1048576", 1_048_575, 1_048_576),
        ("bytes=5-99999999", 5, last),
    ];
    for (range, first, end) in table {
        let answer = connection
            .ask("GET", &place, &[("Range", range)], &[])
            .expect(206);
        let expected = format!("bytes {first}-{end}/{}", content.len());
        assert_eq!(answer.header("content-range"), Some(&*expected));
        assert_eq!(
            answer.header("docker-content-digest"),
            Some(digest.as_str())
        );
        assert!(answer.body == content[first..=end], "{range}");
    }
    for range in [
        "bytes=2500000-",
        "bytes=9999999-99999999",
        "bytes=5-4",
        "bytes=-0",
    ] {
        let answer = connection
            .ask("GET", &place, &[("Range", range)], &[])
            .expect(416);
        assert_eq!(
            answer.header("content-range"),
            Some("bytes */2500000"),
            "{range}"
        );
    }
    for range in ["bytes=0-1,4-5", "lines=0-1", "bytes=x", "bytes"] {
        let answer = connection
            .ask("GET", &place, &[("Range", range)], &[])
            .expect(200);
        assert!(answer.body == content, "{range}");
    }
    // HEAD has no parts.
    let answer = connection
        .ask("HEAD", &place, &[("Range", "bytes=0-0")], &[])
        .expect(200);
    assert_eq!(answer.header("content-length"), Some("2500000"));
}

#[test]
fn a_part_is_sent_only_of_what_the_client_has_begun() {
    let server = TestServer::start();
    let digest = server.push_blob("a", b"0123456789");
    let place = format!("/v2/a/blobs/{digest}");
    let tag = format!("\"{digest}\"");
    let part = [("Range", "bytes=2-3"), ("If-Range", &*tag)];
    assert_eq!(
        server.ask("GET", &place, &part, &[]).expect(206).body,
        b"23"
    );
    for other in ["\"other\"", "Sat, 29 Oct 1994 19:43:31 GMT"] {
        let whole = [("Range", "bytes=2-3"), ("If-Range", other)];
        assert_eq!(
            server.ask("GET", &place, &whole, &[]).expect(200).body,
            b"0123456789"
        );
    }
}

#[test]
fn nothing_has_no_parts() {
    let server = TestServer::start();
    let digest = server.push_blob("a", b"");
    let place = format!("/v2/a/blobs/{digest}");
    let answer = server
        .ask("GET", &place, &[("Range", "bytes=0-")], &[])
        .expect(416);
    assert_eq!(answer.header("content-range"), Some("bytes */0"));
    let answer = server.get(&place).expect(200);
    assert_eq!(answer.header("content-length"), Some("0"));
}
