//! Clients that are slow, wrong or hostile.

use std::io::Read;
use std::net::Shutdown;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use orlop_oci::Digest;
use tokio::net::TcpStream;

use crate::client::{Answer, Connection};
use crate::server::{OCI_MANIFEST, TestServer, Wanted, noise};

/// Limits that a test can wait for.
fn impatient(wanted: &mut Wanted) {
    let timeouts = &mut wanted.options.timeouts;
    timeouts.header = Duration::from_millis(300);
    timeouts.idle = Duration::from_millis(300);
    timeouts.body_idle = Duration::from_millis(300);
}

fn start_upload(server: &TestServer) -> String {
    let answer = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    answer.header("location").unwrap().to_owned()
}

fn arrived(answer: &Answer) -> &str {
    answer.header("range").expect("what has arrived is told")
}

#[test]
fn slow_headers_end() {
    let server = TestServer::with(impatient);
    // Nothing at all; half a line; a header that never ends, drop by drop.
    let mut silent = server.connect();
    assert!(silent.is_closed());
    let mut half = server.connect();
    half.write(b"GET /v2/ HT").unwrap();
    half.answer(false).unwrap().expect(408);
    assert!(half.is_closed());
    let mut drops = server.connect();
    drops.write(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n").unwrap();
    while drops.write(b"X: y\r\n").is_ok() {
        std::thread::yield_now();
    }
    // Between two requests of a connection too.
    let mut second = server.connect();
    second.ask("GET", "/v2/", &[], &[]).expect(200);
    second.write(b"GET /v2/ HTTP/1.1\r\n").unwrap();
    second.answer(false).unwrap().expect(408);
    server.get("/v2/").expect(200);
}

#[test]
fn connections_do_not_rest_for_ever() {
    let server = TestServer::with(impatient);
    let mut connection = server.connect();
    connection.ask("GET", "/v2/", &[], &[]).expect(200);
    assert!(connection.is_closed());
}

#[test]
fn a_body_that_stands_still_ends_and_what_came_is_kept() {
    let server = TestServer::with(impatient);
    let content = noise(100_000, 70);
    let place = start_upload(&server);
    let mut connection = server.connect();
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    connection.write(head.as_bytes()).unwrap();
    connection.write(&content[..60_000]).unwrap();
    connection
        .answer(false)
        .unwrap()
        .fails(408, "BLOB_UPLOAD_INVALID");
    assert!(connection.is_closed());
    let status = server.get(&place).expect(204);
    assert_eq!(arrived(&status), "0-59999");
    let range = [("Content-Range", "60000-99999")];
    server
        .ask("PATCH", &place, &range, &content[60_000..])
        .expect(202);
    let digest = Digest::of(&content);
    server
        .ask("PUT", &format!("{place}?digest={digest}"), &[], &[])
        .expect(201);
    assert!(server.get(&format!("/v2/a/blobs/{digest}")).body == content);
    // A manifest that stands still leaves nothing.
    let mut connection = server.connect();
    let head = "PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{";
    connection.write(head.as_bytes()).unwrap();
    connection
        .answer(false)
        .unwrap()
        .fails(408, "MANIFEST_INVALID");
}

#[test]
fn a_dropped_upload_goes_on() {
    let server = TestServer::start();
    let content = noise(3_000_000, 71);
    let place = start_upload(&server);
    let mut connection = server.connect();
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
    connection.write(head.as_bytes()).unwrap();
    connection.write(&content[..1_234_567]).unwrap();
    connection
        .reader
        .get_ref()
        .shutdown(Shutdown::Write)
        .unwrap();
    // The server has seen the end when it closes or answers.
    let _ = connection.answer(false);
    drop(connection);
    let status = server.get(&place).expect(204);
    let end: usize = arrived(&status)
        .strip_prefix("0-")
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(end + 1, 1_234_567);
    let range = format!("{}-2999999", end + 1);
    let digest = Digest::of(&content);
    let last = format!("{place}?digest={digest}");
    let answer = server.ask(
        "PUT",
        &last,
        &[("Content-Range", &range)],
        &content[end + 1..],
    );
    answer.expect(201);
    assert!(server.get(&format!("/v2/a/blobs/{digest}")).body == content);
}

#[test]
fn headers_have_bounds() {
    let server = TestServer::start();
    let long = "x".repeat(20_000);
    let answer = server.get(&format!("/v2/{long}"));
    answer.fails(414, "UNSUPPORTED");
    let answer = server.get(&format!("/v2/?{long}"));
    answer.fails(414, "UNSUPPORTED");
    // Too many, too large, endless.
    let many: String = (0..150).map(|i| format!("X-{i}: y\r\n")).collect();
    let large = format!("X: {}\r\n", "y".repeat(100_000));
    for headers in [many, large] {
        let mut connection = server.connect();
        let _ =
            connection.write(format!("GET /v2/ HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes());
        connection.answer(false).unwrap().expect(431);
        assert!(connection.is_closed());
    }
    let mut endless = server.connect();
    let _ = endless.write(b"GET /v2/ HTTP/1.1\r\n");
    let part = "X: ".to_owned() + &"y".repeat(8000) + "\r\n";
    let mut sent = 0_u64;
    while endless.write(part.as_bytes()).is_ok() {
        sent += part.len() as u64;
        assert!(sent < 100_000_000, "headers without end are read");
    }
    let mut line = server.connect();
    let _ = line.write(b"GET /");
    let mut sent = 0_u64;
    while line.write(&[b'a'; 8000]).is_ok() {
        sent += 8000;
        assert!(sent < 100_000_000, "a line without end is read");
    }
    server.get("/v2/").expect(200);
}

#[test]
fn what_is_not_http_is_refused() {
    let server = TestServer::start();
    let smuggled = "POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n\
                    Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
    for garbage in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{7f}\r\n\r\n",
        "GET\r\n\r\n",
        "GET /v2/ HTTP/9.9\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost\r\n\r\n",
        smuggled,
    ] {
        let mut connection = server.connect();
        let _ = connection.write(garbage.as_bytes());
        let answer = connection.answer(false).unwrap();
        assert_eq!(answer.status, 400, "{garbage:?}");
        assert!(connection.is_closed());
    }
    // A preface that isn't one.
    let mut connection = server.connect();
    connection
        .write(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        .unwrap();
    let _ = connection.answer(false);
    server.get("/v2/").expect(200);
}

#[test]
fn an_answer_reaches_who_still_sends() {
    let server = TestServer::start();
    // Refused at its first look, with a body that nobody will read.
    let mut connection = server.connect();
    let head = "PUT /v2/UPPER/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n";
    connection.write(head.as_bytes()).unwrap();
    let _ = connection.write(&vec![b'x'; 3_000_000]);
    connection.answer(false).unwrap().fails(400, "NAME_INVALID");
}

#[test]
fn a_body_is_asked_for_only_when_it_is_wanted() {
    let server = TestServer::start();
    let digest = Digest::of(b"hello");
    let ask = |target: &str| {
        let mut connection = server.connect();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        );
        connection.write(head.as_bytes()).unwrap();
        (connection.answer(false).unwrap(), connection)
    };
    let (answer, mut connection) = ask(&format!("/v2/a/blobs/uploads/?digest={digest}"));
    answer.expect(100);
    connection.write(b"hello").unwrap();
    connection.answer(false).unwrap().expect(201);
    let (answer, _) = ask("/v2/a/blobs/uploads/?digest=bad");
    answer.fails(400, "DIGEST_INVALID");
}

#[test]
fn fifty_clients_push_one_tag() {
    let server = TestServer::start();
    let digests: Vec<Digest> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..50)
            .map(|client| {
                let server = &server;
                scope.spawn(move || server.push_image("a", "latest", &format!("seed {client}")))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let answer = server.get("/v2/a/manifests/latest").expect(200);
    let last = answer.header("docker-content-digest").unwrap();
    assert!(digests.iter().any(|digest| digest.as_str() == last));
    for digest in &digests {
        let answer = server.get(&format!("/v2/a/manifests/{digest}")).expect(200);
        assert!(digest.matches(&answer.body));
        assert_eq!(answer.header("content-type"), Some(OCI_MANIFEST));
    }
    let tags = server.get("/v2/a/tags/list").json();
    assert_eq!(tags["tags"], serde_json::json!(["latest"]));
}

#[test]
fn one_upload_is_written_by_one_client_at_a_time() {
    let server = TestServer::start();
    let content = noise(400_000, 80);
    let place = start_upload(&server);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let range = [("Content-Range", "0-399999")];
                let answer = server.ask("PATCH", &place, &range, &content);
                assert!(
                    matches!(answer.status, 202 | 409 | 416 | 429 | 503),
                    "{}",
                    answer.status
                );
            });
        }
    });
    assert_eq!(arrived(&server.get(&place).expect(204)), "0-399999");
    let digest = Digest::of(&content);
    server
        .ask("PUT", &format!("{place}?digest={digest}"), &[], &[])
        .expect(201);
}

#[test]
fn connections_beyond_the_limit_wait() {
    let server = TestServer::with(|wanted| wanted.options.limits.connections = 2);
    let mut first = server.connect();
    let mut second = server.connect();
    first.ask("GET", "/v2/", &[], &[]).expect(200);
    second.ask("GET", "/v2/", &[], &[]).expect(200);
    let mut third = server.connect();
    third
        .write(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let waiting = Some(Duration::from_millis(200));
    third.reader.get_ref().set_read_timeout(waiting).unwrap();
    assert!(third.answer(false).is_err(), "nobody answers yet");
    drop(first);
    third
        .reader
        .get_ref()
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    third.answer(false).unwrap().expect(200);
}

#[test]
fn who_takes_nothing_of_an_answer_is_let_go() {
    let server = TestServer::with(|wanted| {
        wanted.options.operation_listen = Some(([127, 0, 0, 1], 0).into());
        wanted.options.timeouts.send = Duration::from_millis(300);
    });
    let digest = server.push_blob("a", &noise(30_000_000, 81));
    let mut idle = server.connect();
    let head = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.write(head.as_bytes()).unwrap();
    idle.head().unwrap();
    // The connection of this question, and no other.
    let mut operation = Connection::open(server.operation.unwrap());
    loop {
        let answer = operation.ask("GET", "/metrics", &[], &[]).expect(200);
        let text = String::from_utf8(answer.body).unwrap();
        if text.contains("orlop_http_connections 1\n") {
            break;
        }
    }
    let mut rest = Vec::new();
    let _ = idle.reader.read_to_end(&mut rest);
    assert!(rest.len() < 30_000_000);
}

#[test]
fn a_stream_whose_window_stays_closed_ends() {
    let server = TestServer::with(|wanted| {
        wanted.options.timeouts.send = Duration::from_millis(300);
    });
    let digest = server.push_blob("a", &noise(1_000_000, 82));
    let manifest = server.push_image("a", "latest", "seed");
    for target in [format!("blobs/{digest}"), format!("manifests/{manifest}")] {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.initial_stream_window_size(1);
            let shaken = builder.handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.unwrap();
            // It answers each PING, so the connection is alive.
            let connection = tokio::spawn(connection);
            let target = format!("http://localhost/v2/a/{target}");
            let request = Request::get(target).body(Empty::<Bytes>::new()).unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            let ended = tokio::time::timeout(Duration::from_secs(60), connection).await;
            assert!(ended.is_ok(), "the answer is held for ever");
        });
    }
}
