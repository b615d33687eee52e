//! Pages that would use a registry which everybody on this machine may push to.

use std::net::SocketAddr;

use orlop_access::{AccessConfig, AnonymousAccess};
use orlop_oci::Digest;

use crate::client::Answer;
use crate::server::{TestServer, Wanted};

/// A request as a browser sends it.
fn ask(server: &TestServer, method: &str, target: &str, host: &str, more: &str) -> Answer {
    let mut connection = server.connect();
    let head = format!("{method} {target} HTTP/1.1\r\n{host}Content-Length: 0\r\n{more}\r\n");
    connection.write(head.as_bytes()).unwrap();
    connection
        .answer(method == "HEAD")
        .expect("an answer comes")
}

const EVIL: &str = "Host: evil.example:5000\r\n";

#[test]
fn another_name_is_not_answered() {
    let server = TestServer::start();
    let empty = Digest::of(b"");
    let upload = format!("/v2/a/blobs/uploads/?digest={empty}");
    for (method, target) in [
        ("GET", "/v2/"),
        ("GET", "/v2/_catalog"),
        ("GET", "/v2/a/tags/list"),
        ("POST", upload.as_str()),
        ("DELETE", "/v2/a/manifests/x"),
        ("OPTIONS", "/v2/"),
    ] {
        ask(&server, method, target, EVIL, "").fails(421, "DENIED");
    }
    // Wherever the name stands.
    let whole = "http://evil.example/v2/";
    ask(&server, "GET", whole, "Host: localhost\r\n", "").fails(421, "DENIED");
    let two = "Host: localhost\r\nHost: evil.example\r\n";
    ask(&server, "GET", "/v2/", two, "").fails(421, "DENIED");
    let port = server.address.port();
    for host in [
        format!("Host: localhost:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}\r\n"),
        "Host: registry.test\r\n".to_owned(),
        // No browser leaves it out.
        String::new(),
    ] {
        ask(&server, "GET", "/v2/", &host, "").expect(200);
    }
    let log = format!("/v2/a/blobs/{empty}");
    ask(&server, "HEAD", &log, "Host: localhost\r\n", "").expect(404);
}

#[test]
fn a_page_of_elsewhere_changes_nothing() {
    let server = TestServer::with(|wanted| {
        wanted.options.allowed_origins = vec!["https://portal.example".into()];
    });
    let host = format!("Host: {}\r\n", server.address);
    let empty = Digest::of(b"");
    let upload = format!("/v2/a/blobs/uploads/?digest={empty}");
    let blob = format!("/v2/a/blobs/{empty}");
    // What a form or a script may send without asking first.
    let evil = "Origin: http://evil.example\r\nContent-Type: text/plain\r\n";
    ask(&server, "POST", &upload, &host, evil).fails(403, "DENIED");
    ask(&server, "POST", &upload, &host, "Origin: null\r\n").fails(403, "DENIED");
    ask(&server, "HEAD", &blob, &host, "").expect(404);
    // It may look, as far as its browser shows it anything.
    let seen = ask(&server, "GET", "/v2/", &host, evil).expect(200);
    assert_eq!(seen.header("access-control-allow-origin"), None);
    let portal = "Origin: https://portal.example\r\n";
    ask(&server, "POST", &upload, &host, portal).expect(201);
    let own = format!("Origin: http://{}\r\n", server.address);
    ask(&server, "DELETE", &blob, &host, &own).expect(202);
}

#[test]
fn who_is_asked_for_a_password_or_reached_from_elsewhere_answers_to_any_name() {
    let access =
        |anonymous| move |wanted: &mut Wanted| wanted.access = AccessConfig::open(anonymous);
    let server = TestServer::with(access(AnonymousAccess::Pull));
    ask(&server, "GET", "/v2/_catalog", EVIL, "").expect(200);
    let server = TestServer::with(|wanted| {
        wanted.options.listen = vec![SocketAddr::from(([0, 0, 0, 0], 0))];
    });
    ask(&server, "GET", "/v2/", EVIL, "").expect(200);
}
