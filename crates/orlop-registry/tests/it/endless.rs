//! Bodies without end, sent to every route: an answer comes, no more is read than has to be, and
//! nothing is left on the disk.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use orlop_oci::Digest;
use tokio::net::TcpStream;

use crate::client::Answer;
use crate::every_route::every_request;
use crate::server::{OCI_MANIFEST, TestServer, noise};

/// The largest blob.
const BOUND: usize = 1 << 20;
/// More than any answer may take of a body: what a manifest may have, and what is read of a
/// connection to close it in order, each with what sockets hold.
const TOO_MUCH: u64 = 64 << 20;
const PART: usize = 64 << 10;

fn bounded() -> TestServer {
    TestServer::with(|wanted| {
        wanted.storage = Box::new(|options| options.max_blob_size = Some(BOUND as u64));
    })
}

/// How a body says that it doesn't end.
#[derive(Clone, Copy, Debug)]
enum Says {
    Nothing,
    Terabytes,
}

/// Sends a body until the server has had enough of it.
fn pour(server: &TestServer, method: &str, target: &str, says: Says) -> Answer {
    let mut connection = server.connect();
    let length = match says {
        Says::Nothing => "Transfer-Encoding: chunked",
        Says::Terabytes => "Content-Length: 9000000000000",
    };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {OCI_MANIFEST}\r\n{length}\r\n\r\n"
    );
    connection.write(head.as_bytes()).unwrap();
    let part = match says {
        Says::Nothing => [format!("{PART:x}\r\n").as_bytes(), &[b' '; PART], b"\r\n"].concat(),
        Says::Terabytes => vec![b' '; PART],
    };
    let mut stream = connection.reader.get_ref().try_clone().unwrap();
    let pouring = std::thread::spawn(move || {
        let mut sent = 0;
        while sent < TOO_MUCH && stream.write_all(&part).is_ok() {
            sent += part.len() as u64;
        }
        sent
    });
    let answer = connection.answer(method == "HEAD").unwrap();
    assert!(connection.is_closed(), "{method} {target}");
    let sent = pouring.join().unwrap();
    assert!(sent < TOO_MUCH, "{method} {target}: {sent} bytes were read");
    answer
}

fn start_upload(server: &TestServer) -> String {
    let answer = server.ask("POST", "/v2/a/blobs/uploads/", &[], &[]);
    answer.expect(202).header("location").unwrap().to_owned()
}

/// Every file below, with its length.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.metadata().unwrap() {
            meta if meta.is_dir() => found.extend(files(&entry.path())),
            meta => found.push((entry.path(), meta.len())),
        }
    }
    found
}

/// Nothing is left of what was refused: whoever gave it up removes it a moment later.
fn nothing_is_kept(server: &TestServer) {
    let kept = |folder: &str| files(&server.root.path().join(folder));
    while kept("uploads").iter().any(|(_, length)| *length > 1000) {
        std::thread::yield_now();
    }
    assert_eq!(kept("blobs"), []);
}

#[test]
fn a_blob_over_the_bound_is_refused() {
    let server = bounded();
    let digest = Digest::of(b"x");
    let whole = format!("/v2/a/blobs/uploads/?digest={digest}");
    let place = start_upload(&server);
    let last = format!("{place}?digest={digest}");
    for says in [Says::Nothing, Says::Terabytes] {
        for (method, target) in [("POST", &whole), ("PATCH", &place), ("PUT", &last)] {
            let answer = pour(&server, method, target, says);
            let answer = answer.fails(413, "BLOB_UPLOAD_INVALID");
            let message = &answer.json()["errors"][0]["message"];
            assert_eq!(message, "blob is larger than 1048576 bytes", "{says:?}");
        }
        let status = server.get(&place).expect(204);
        assert_eq!(status.header("range"), Some("0-0"));
        nothing_is_kept(&server);
    }
    // One that says so isn't asked for its body.
    let mut connection = server.connect();
    let head = format!(
        "POST {whole} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    connection.write(head.as_bytes()).unwrap();
    let answer = connection.answer(false).unwrap();
    answer.fails(413, "BLOB_UPLOAD_INVALID");
}

#[test]
fn the_bound_is_for_the_whole_blob() {
    let server = bounded();
    let content = noise(BOUND, 65);
    server.push_blob("a", &content);
    let larger = noise(BOUND + 1, 66);
    let digest = Digest::of(&larger);
    let target = format!("/v2/a/blobs/uploads/?digest={digest}");
    let answer = server.ask("POST", &target, &[], &larger);
    answer.fails(413, "BLOB_UPLOAD_INVALID");
    let place = start_upload(&server);
    let last = format!("{place}?digest={}", Digest::of(&content));
    let (one, other) = content.split_at(700_000);
    server.ask("PATCH", &place, &[], one).expect(202);
    for says in [Says::Nothing, Says::Terabytes] {
        for (method, target) in [("PATCH", &place), ("PUT", &last)] {
            let answer = pour(&server, method, target, says);
            answer.fails(413, "BLOB_UPLOAD_INVALID");
            // What was there before is.
            let status = server.get(&place).expect(204);
            assert_eq!(status.header("range"), Some("0-699999"));
        }
    }
    server.ask("PUT", &last, &[], other).expect(201);
}

#[test]
fn every_route_has_enough_at_some_time() {
    let server = bounded();
    let mut requests = every_request();
    for (method, target) in [
        ("PUT", "/v2/UPPER/manifests/x"),
        ("PUT", "/v2/a/manifests/.x"),
        ("POST", "/v2/a/blobs/uploads/?digest=bad"),
        ("POST", "/nowhere"),
        ("POST", "/v2/"),
        ("TRACE", "/v2/"),
    ] {
        requests.push((method, target.to_owned()));
    }
    for (method, target) in requests {
        for says in [Says::Nothing, Says::Terabytes] {
            let answer = pour(&server, method, &target, says);
            let expected = match (method, &*target) {
                ("PUT", target) if target.contains("/manifests/latest") => 413,
                ("PUT", target) if target.contains("/manifests/sha256") => 413,
                ("POST", target) if target.contains("uploads/?digest=sha256") => 413,
                ("POST", "/token") => 413,
                _ => continue,
            };
            assert_eq!(answer.status, expected, "{method} {target} {says:?}");
        }
    }
    server.get("/v2/").expect(200);
    nothing_is_kept(&server);
}

/// A body that never ends, and counts what was taken of it.
struct Endless(Arc<AtomicU64>);

impl Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.fetch_add(PART as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; PART])))))
    }
}

async fn pour_http2(
    sender: &mut SendRequest<Endless>,
    method: &str,
    target: &str,
) -> (StatusCode, u64) {
    let taken = Arc::new(AtomicU64::new(0));
    let request = Request::builder().method(method);
    let request = request.uri(format!("http://localhost{target}"));
    let request = request.header("content-type", OCI_MANIFEST);
    let request = request.body(Endless(taken.clone())).unwrap();
    sender.ready().await.unwrap();
    let answer = sender.send_request(request).await.unwrap();
    (answer.status(), taken.load(Ordering::Relaxed))
}

#[test]
fn every_route_has_enough_over_http2() {
    let server = bounded();
    let place = start_upload(&server);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        let mut requests = every_request();
        requests.push(("PATCH", place.clone()));
        requests.push(("PUT", format!("{place}?digest={}", Digest::of(b"x"))));
        // All on one connection: what is refused doesn't use up its window.
        for _ in 0..2 {
            for (method, target) in &requests {
                let (status, taken) = pour_http2(&mut sender, method, target).await;
                let told = format!("{method} {target}: {status}, {taken} bytes");
                assert!(taken < TOO_MUCH, "{told}");
                assert!(!status.is_server_error(), "{told}");
                let takes = (*method == "PUT" && target.contains("/manifests/"))
                    || (*method == "POST" && target.contains("?digest="))
                    || target.starts_with(&place)
                    || (*method == "POST" && target == "/token");
                assert!(!takes || status == 413, "{told}");
            }
        }
    });
    let status = server.get(&place).expect(204);
    assert_eq!(status.header("range"), Some("0-0"));
    nothing_is_kept(&server);
}
