//! Starts, ends and crashes: what was answered is there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use orlop_testing::{Method, digest_of, http};
use rustix::process::Signal;

use super::{LIMIT, Served};
use crate::{orlop, small};

#[test]
fn one_folder_for_this_machine() {
    let served = Served::start();
    assert!(
        served
            .process
            .stderr()
            .contains("Anybody on this machine may pull, push and delete"),
        "{}",
        served.process.stderr()
    );
    let image = small("served");
    let name = image.push(&served.host, "team/app", "v1");
    let client = orlop();
    client.ok(["pull", "-q", &name]);
    let copy = format!("{}/team/copy:v2", served.host);
    client.ok(["tag", &name, &copy]);
    client.ok(["push", &copy]);

    // A power cut: all that was answered is there, and whole.
    let left = served.kill();
    let served = Served::again(left);
    let by_digest = format!("{}/team/copy@{}", served.host, image.top.digest);
    let other = orlop();
    other.ok(["pull", "-q", &by_digest]);
    assert_eq!(
        other.ok(["images", "--digests", "--no-trunc", "-q"]).text(),
        image.top.digest
    );
    let (left, finished) = served.stop();
    assert!(finished.stderr.contains("stopped"), "{finished}");
    let verified = super::registry(&left, &["verify"], "").ok();
    let blobs = format!("Read {} blobs", image.blobs.len() + 1);
    assert!(verified.stdout.starts_with(&blobs), "{verified}");
}

#[test]
fn the_end_waits_for_what_runs() {
    let mut served = Served::start();
    let content = vec![7; 100_000];
    let digest = digest_of(&content);
    let mut socket = TcpStream::connect(&served.host).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    write!(
        socket,
        "POST /v2/app/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: {}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        served.host,
        content.len()
    )
    .unwrap();
    // Now it is being answered.
    let mut head = [0; 25];
    socket.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 100 Continue\r\n\r\n");
    served.process.signal(Signal::TERM);
    served.wait_for("stopping");
    socket.write_all(&content).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let finished = served.process.wait(LIMIT).expect_success();
    assert!(!finished.stderr.contains("cut off"), "{finished}");

    let served = Served::again(served.orlop);
    let url = format!("/v2/app/blobs/{digest}");
    let answer = http(Method::Get, &served.host, &url, &[], None);
    assert_eq!((answer.status, answer.body.len()), (200, content.len()));
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut served = Served::start();
    let mut socket = TcpStream::connect(&served.host).unwrap();
    let digest = digest_of(b"never sent");
    write!(
        socket,
        "POST /v2/app/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\n\
         Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    socket.read_exact(&mut [0; 25]).unwrap();
    served.process.signal(Signal::INT);
    served.wait_for("stopping");
    served.process.signal(Signal::INT);
    // Without it, the server would wait for half a minute.
    let finished = served.process.wait(Duration::from_secs(20));
    assert_eq!(finished.code(), 130, "{finished}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let served = Served::start();
    let other = orlop();
    let error = other.fails(["serve", "--listen", &served.host]);
    let expected = format!("Error: cannot listen on {}: ", served.host);
    assert!(error.contains(&expected), "{error}");
    assert!(error.contains("hint: "), "{error}");
}

#[test]
fn a_folder_is_served_once() {
    let served = Served::start();
    let second = served.orlop.fails(["serve", "--listen", "127.0.0.1:0"]);
    let expected = format!("{} is being served already", served.root().display());
    assert!(second.contains(&expected), "{second}");
    // What works on the folder beside the server does.
    super::registry(&served.orlop, &["verify"], "").ok();
    Served::again(served.kill());
}
