//! Blobs on their way out: by `sendfile`, whatever clients do.

use std::io::Read;
use std::net::Shutdown;
use std::path::{Path, PathBuf};

use orlop_oci::Digest;
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::client::Connection;
use crate::server::{TestServer, noise};

fn request(method: &str, target: &str, more: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes()
}

#[test]
fn many_clients_get_the_same_bytes() {
    let server = TestServer::start();
    let blobs: Vec<(String, Vec<u8>)> = [5_000_000, 1_048_576, 70_000, 1]
        .into_iter()
        .map(|length| {
            let content = noise(length, length as u64);
            let digest = server.push_blob("a", &content);
            (format!("/v2/a/blobs/{digest}"), content)
        })
        .collect();
    std::thread::scope(|scope| {
        for client in 0..24_usize {
            let (server, blobs) = (&server, &blobs);
            scope.spawn(move || {
                let mut connection = server.connect();
                for turn in 0..8 {
                    let (place, content) = &blobs[(client + turn) % blobs.len()];
                    let first = (client * 7919 + turn * 104_729) % content.len();
                    let range = format!("bytes={first}-");
                    let answer = connection.ask("GET", place, &[("Range", &range)], &[]);
                    assert!(answer.expect(206).body == content[first..]);
                    let answer = connection.ask("GET", place, &[], &[]);
                    assert!(answer.expect(200).body == *content);
                }
            });
        }
    });
}

#[test]
fn a_slow_reader_gets_all_of_it() {
    let server = TestServer::start();
    let content = noise(6_000_000, 21);
    let digest = server.push_blob("a", &content);
    let mut connection = server.connect();
    set_socket_recv_buffer_size(connection.reader.get_ref(), 64 * 1024).unwrap();
    let target = format!("/v2/a/blobs/{digest}");
    connection.write(&request("GET", &target, "")).unwrap();
    connection.head().unwrap();
    let mut got = Vec::new();
    let mut buffer = [0; 1777];
    while got.len() < content.len() {
        let count = connection.reader.read(&mut buffer).unwrap();
        assert!(count > 0, "it ended after {}", got.len());
        got.extend_from_slice(&buffer[..count]);
        // Others are served meanwhile.
        if got.len() % 1_000_000 < 1777 {
            server.get("/v2/").expect(200);
        }
    }
    assert!(got == content);
    // And the connection goes on.
    connection.ask("GET", "/v2/", &[], &[]).expect(200);
}

#[test]
fn a_connection_goes_on_after_a_blob() {
    let server = TestServer::start();
    let (large, small) = (noise(3_000_001, 22), noise(10, 23));
    let (one, two) = (server.push_blob("a", &large), server.push_blob("a", &small));
    let manifest = server.image("a", "seed");
    let mut connection = server.connect();
    for _ in 0..3 {
        let answer = connection.ask("GET", &format!("/v2/a/blobs/{one}"), &[], &[]);
        assert!(answer.expect(200).body == large);
        let answer = connection
            .ask("HEAD", &format!("/v2/a/blobs/{one}"), &[], &[])
            .expect(200);
        assert_eq!(answer.header("content-length"), Some("3000001"));
        let answer = connection.ask("GET", &format!("/v2/a/blobs/{two}"), &[], &[]);
        assert_eq!(answer.expect(200).body, small);
        let typed = [("Content-Type", crate::server::OCI_MANIFEST)];
        connection
            .ask("PUT", "/v2/a/manifests/x", &typed, &manifest)
            .expect(201);
        let missing = Digest::of(b"missing");
        connection
            .ask("GET", &format!("/v2/a/blobs/{missing}"), &[], &[])
            .expect(404);
        assert_eq!(
            connection.ask("GET", "/v2/a/manifests/x", &[], &[]).body,
            manifest
        );
    }
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = TestServer::start();
    let blobs: Vec<Vec<u8>> = [2_000_000, 3, 1_500_000, 1]
        .into_iter()
        .map(|length| noise(length, 30 + length as u64))
        .collect();
    let mut all = Vec::new();
    for content in &blobs {
        let digest = server.push_blob("a", content);
        all.extend(request("GET", &format!("/v2/a/blobs/{digest}"), ""));
        all.extend(request("GET", "/v2/", ""));
        all.extend(request(
            "GET",
            &format!("/v2/a/blobs/{digest}"),
            "Range: bytes=0-0\r\n",
        ));
        all.extend(request("HEAD", &format!("/v2/a/blobs/{digest}"), ""));
    }
    let mut connection = server.connect();
    connection.write(&all).unwrap();
    for content in &blobs {
        assert!(connection.answer(false).unwrap().expect(200).body == *content);
        assert_eq!(connection.answer(false).unwrap().expect(200).body, b"{}");
        assert_eq!(
            connection.answer(false).unwrap().expect(206).body,
            content[..1]
        );
        connection.answer(true).unwrap().expect(200);
    }
}

#[test]
fn clients_may_go_away() {
    let server = TestServer::start();
    let content = noise(8_000_000, 40);
    let digest = server.push_blob("a", &content);
    let target = format!("/v2/a/blobs/{digest}");
    for turn in 0..30_usize {
        let mut connection = server.connect();
        connection.write(&request("GET", &target, "")).unwrap();
        if turn % 3 > 0 {
            connection.head().unwrap();
            let mut some = vec![0; 1000 * turn];
            connection.reader.read_exact(&mut some).unwrap();
            assert!(some == content[..some.len()]);
        }
        if turn % 2 == 0 {
            connection
                .reader
                .get_ref()
                .shutdown(Shutdown::Both)
                .unwrap();
        }
    }
    assert!(server.get(&target).expect(200).body == content);
}

#[test]
fn old_and_single_requests_work_too() {
    let server = TestServer::start();
    let content = noise(2_000_000, 50);
    let digest = server.push_blob("a", &content);
    let target = format!("/v2/a/blobs/{digest}");
    for head in [
        format!("GET {target} HTTP/1.0\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    ] {
        let mut connection = server.connect();
        connection.write(head.as_bytes()).unwrap();
        let answer = connection.answer(false).unwrap().expect(200);
        assert!(answer.body == content);
        assert!(connection.is_closed());
    }
}

/// The file of a blob, wherever the storage keeps it.
fn find(folder: &Path, length: u64) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, kind) = entry.map(|e| (e.path(), e.file_type().unwrap())).unwrap();
        if kind.is_dir() {
            if let Some(found) = find(&path, length) {
                return Some(found);
            }
        } else if kind.is_file() && path.metadata().unwrap().len() == length {
            return Some(path);
        }
    }
    None
}

#[test]
fn what_is_gone_from_the_disk_is_not_made_up() {
    let server = TestServer::start();
    let content = noise(40_000_000, 60);
    let digest = server.push_blob("a", &content);
    let mut connection = server.connect();
    let target = format!("/v2/a/blobs/{digest}");
    connection.write(&request("GET", &target, "")).unwrap();
    connection.head().unwrap();
    // By now no more than what sockets hold has been sent.
    let path = find(server.root.path(), 40_000_000).expect("the blob is a file");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(30_000_000).unwrap();
    let mut got = Vec::new();
    // The connection ends, or is reset.
    let _ = connection.reader.read_to_end(&mut got);
    assert!(got.len() <= 30_000_000, "{}", got.len());
    assert!(got == content[..got.len()]);
    // The server lives, and says what it knows.
    let mut answer = Connection::open(server.address);
    answer.ask("GET", &target, &[], &[]).expect(500);
    server.get("/v2/").expect(200);
}
