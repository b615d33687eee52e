//! Clients of HTTP/2 that are slow: each limit in time that a connection of HTTP/1 has.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::client::dial;
use crate::server::{TestServer, Wanted, noise};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A SETTINGS frame that sets nothing.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// What a test waits for at most. Nothing is that late but what never comes.
const NEVER: Duration = Duration::from_secs(60);

fn impatient(wanted: &mut Wanted) {
    let timeouts = &mut wanted.options.timeouts;
    timeouts.header = Duration::from_millis(300);
    timeouts.idle = Duration::from_millis(300);
    // The server asks twice in this time whether the client is there.
    timeouts.send = Duration::from_millis(200);
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(test)
}

#[test]
fn connections_do_not_rest_for_ever() {
    let server = TestServer::with(impatient);
    run(async {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.unwrap();
        // It answers each PING.
        let connection = tokio::spawn(connection);
        let request = Request::get("http://localhost/v2/");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        // On a busy machine it may have rested for too long by now.
        if let Ok(answer) = sender.send_request(request).await {
            assert_eq!(answer.status(), 200);
            let _ = answer.into_body().collect().await;
        }
        let ended = tokio::time::timeout(NEVER, connection).await;
        assert!(ended.is_ok(), "it rests for ever");
    });
    server.get("/v2/").expect(200);
}

#[test]
fn what_never_becomes_a_request_ends() {
    let server = TestServer::with(impatient);
    // The beginning of a HEADERS frame of 100 bytes on stream 1, with END_STREAM.
    let headers = [&[0, 0, 100, 1, 1, 0, 0, 0, 1][..], &[0x82, 0x86]].concat();
    // HEADERS that go on in CONTINUATION frames, of which none is the last.
    let start = [0, 0, 1, 1, 1, 0, 0, 0, 1, 0x82];
    let more = [0, 0, 1, 9, 0, 0, 0, 0, 1, 0x86];
    let endless = [&start[..], &more.repeat(10)].concat();
    for sent in [&PREFACE[..10], PREFACE, &headers, &endless] {
        let mut socket = dial(server.address);
        let whole = match sent.starts_with(b"PRI") {
            true => sent.to_vec(),
            false => [PREFACE, SETTINGS, sent].concat(),
        };
        socket.write_all(&whole).unwrap();
        // Its own settings, its PINGs, and then the end.
        let read = socket.read_to_end(&mut Vec::new());
        let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(read.is_ok() || read.as_ref().is_err_and(reset), "{read:?}");
    }
    server.get("/v2/").expect(200);
}

/// A part, and then nothing.
struct Stalling(Option<Bytes>);

impl Body for Stalling {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None => Poll::Pending,
        }
    }
}

#[test]
fn a_body_that_stands_still_ends_and_what_came_is_kept() {
    let server = TestServer::with(|wanted| {
        wanted.options.timeouts.body_idle = Duration::from_millis(300);
    });
    let place = server
        .ask("POST", "/v2/a/blobs/uploads/", &[], &[])
        .expect(202);
    let place = place.header("location").unwrap().to_owned();
    let content = noise(60_000, 72);
    run(async {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        let request = Request::patch(format!("http://localhost{place}"));
        let request = request
            .body(Stalling(Some(content.clone().into())))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 408);
    });
    let status = server.get(&place).expect(204);
    assert_eq!(status.header("range"), Some("0-59999"));
}

#[test]
fn headers_have_bounds() {
    let server = TestServer::start();
    run(async {
        for (name, target, value) in [
            ("x", "/v2/".to_owned(), "y".repeat(100_000)),
            ("x", format!("/v2/{}", "a".repeat(20_000)), String::new()),
            ("x", format!("/v2/?{}", "a".repeat(60_000)), String::new()),
            ("authorization", "/v2/".to_owned(), "y".repeat(1_000_000)),
        ] {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.unwrap();
            tokio::spawn(connection);
            let request = Request::get(format!("http://localhost{target}")).header(name, value);
            let request = request.body(Full::<Bytes>::default()).unwrap();
            // Refused with an answer, or with the stream.
            if let Ok(answer) = sender.send_request(request).await {
                let status = answer.status().as_u16();
                assert!(matches!(status, 414 | 431), "{status} {}", target.len());
            }
        }
    });
    server.get("/v2/").expect(200);
}
