//! Blobs coming in.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use orlop_distribution::{BlobOptions, Error};
use orlop_oci::{Descriptor, Digest, MediaType};

use crate::support::*;

const MIB: usize = 1 << 20;

fn several(connections: usize) -> BlobOptions {
    BlobOptions {
        connections: Some(connections),
        min_parallel: 0,
    }
}

async fn serve(bytes: &Bytes) -> Fake {
    let bytes = bytes.clone();
    Fake::start(move |asked: &Asked| serve_range(asked, &bytes)).await
}

#[tokio::test]
async fn one_connection_from_any_offset() {
    let bytes = noise(3 * MIB + 7);
    let fake = serve(&bytes).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let descriptor = descriptor(&bytes);
    for offset in [0, 1, MIB, bytes.len() - 1, bytes.len()] {
        let got = collect(remote.blob(&descriptor, offset as u64, BlobOptions::default())).await;
        assert!(got.unwrap() == bytes[offset..], "from {offset}");
    }
    let ranges: Vec<_> = fake.asked().iter().map(range).collect();
    let last = bytes.len() - 1;
    assert_eq!(
        ranges,
        [None, Some((1, last)), Some((MIB, last)), Some((last, last))]
    );
    assert_eq!(
        fake.lines()[0],
        format!("GET /v2/a/blobs/{}", descriptor.digest)
    );
}

#[tokio::test]
async fn several_connections_in_order() {
    let bytes = noise(21 * MIB + 5);
    let fake = serve(&bytes).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    for (connections, offset) in [(2, 0), (4, 3), (9, 5 * MIB)] {
        let stream = remote.blob(&descriptor(&bytes), offset as u64, several(connections));
        let got = collect(stream).await.unwrap();
        assert!(
            got == bytes[offset..],
            "{connections} connections from {offset}"
        );
    }
    assert!(
        fake.asked()
            .iter()
            .all(|asked| { range(asked).is_some_and(|(first, last)| last - first < 4 * MIB) })
    );
}

#[tokio::test]
async fn a_slow_reader_holds_the_connections_back() {
    let bytes = noise(64 * MIB);
    let fake = serve(&bytes).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let mut stream = remote.blob(&descriptor(&bytes), 0, several(3));
    let mut read = 0;
    while read <= 5 * MIB {
        read += stream.next().await.unwrap().unwrap().len();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    // The first part, and three that are fetched ahead or being read.
    assert!(fake.asked().len() <= 5, "{} requests", fake.asked().len());
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(fake.asked().len() <= 5, "it went on after it was dropped");
}

#[tokio::test]
async fn servers_without_ranges() {
    let bytes = noise(20 * MIB);
    let whole = bytes.clone();
    let fake = Fake::start(move |_: &Asked| reply(200, &[], whole.clone())).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let got = collect(remote.blob(&descriptor(&bytes), 0, several(4)))
        .await
        .unwrap();
    assert!(got == bytes);
    assert_eq!(fake.asked().len(), 1);
    // Resumed all the same: what is there already is skipped.
    let got = collect(remote.blob(&descriptor(&bytes), 12_345_678, several(4)))
        .await
        .unwrap();
    assert!(got == bytes[12_345_678..]);
}

#[tokio::test]
async fn a_broken_connection_goes_on_where_it_was() {
    for connections in [1, 3] {
        let bytes = noise(13 * MIB);
        let served = bytes.clone();
        let breaks = AtomicUsize::new(0);
        let fake = Fake::start(move |asked: &Asked| {
            let (first, last) = range(asked).unwrap_or((0, served.len() - 1));
            // Every answer but each third breaks off after a megabyte.
            let cut = (first + MIB).min(last);
            if breaks.fetch_add(1, Ordering::SeqCst) % 3 == 2 || cut == last {
                return serve_range(asked, &served);
            }
            let range = format!("bytes {first}-{last}/{}", served.len());
            let length = (last - first + 1).to_string();
            let headers = [
                ("content-range", range.as_str()),
                ("content-length", length.as_str()),
            ];
            let code = if range_asked(asked) { 206 } else { 200 };
            reply(code, &headers, broken(served.slice(first..cut)))
        })
        .await;
        let client = client();
        let remote = remote(&client, &fake, "a");
        let got = collect(remote.blob(&descriptor(&bytes), 0, several(connections)))
            .await
            .unwrap();
        assert!(got == bytes, "{connections} connections");
        assert!(fake.asked().len() >= 3);
    }
}

fn range_asked(asked: &Asked) -> bool {
    asked.header("range").is_some()
}

#[tokio::test]
async fn a_connection_that_stalls_is_given_up() {
    let bytes = noise(MIB);
    let served = bytes.clone();
    let fake = Fake::start(move |asked: &Asked| {
        if range_asked(asked) {
            return serve_range(asked, &served);
        }
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(served.slice(..1000))]);
        let length = served.len().to_string();
        let body = Body::from_stream(first.chain(futures_util::stream::pending()));
        reply(200, &[("content-length", &length)], body)
    })
    .await;
    let client = client();
    let before = Instant::now();
    let stream = remote(&client, &fake, "a").blob(&descriptor(&bytes), 0, BlobOptions::default());
    assert!(collect(stream).await.unwrap() == bytes);
    assert_eq!(
        fake.asked().iter().map(range).collect::<Vec<_>>(),
        [None, Some((1000, MIB - 1))]
    );
    assert!(before.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn it_does_not_try_for_ever() {
    let fake = Fake::start(|_: &Asked| {
        reply(
            200,
            &[("content-length", "1000")],
            broken(Bytes::from_static(b"x")),
        )
    })
    .await;
    let descriptor = Descriptor::new(MediaType::OciLayer, Digest::of(b""), 1000);
    let client = client();
    let error =
        collect(remote(&client, &fake, "a").blob(&descriptor, 0, BlobOptions::default())).await;
    assert!(matches!(error, Err(Error::Broken { .. })), "{error:?}");
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn lengths_that_are_wrong() {
    let piece = Bytes::from(vec![7; 64 << 10]);
    let endless = move || {
        let piece = piece.clone();
        Body::from_stream(futures_util::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(piece.clone())
        }))
    };
    let fake = Fake::start(
        move |asked: &Asked| match asked.target.split('/').nth(2).unwrap() {
            "short" => reply(200, &[], "short"),
            "long" => reply(200, &[], vec![0; 2000]),
            "endless" => reply(200, &[], endless()),
            "endless-part" => reply(206, &[("content-range", "bytes 10-999/1000")], endless()),
            _ => reply(
                200,
                &[("transfer-encoding", "chunked")],
                Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
                    "early end",
                )])),
            ),
        },
    )
    .await;
    let descriptor = Descriptor::new(MediaType::OciLayer, Digest::of(b""), 1000);
    let client = client();
    for (path, offset, expected) in [
        ("short", 0, "expected 1000 bytes, got 5"),
        ("long", 0, "expected 1000 bytes, got 2000"),
        ("endless", 0, "expected 1000 bytes, got more"),
        ("endless-part", 10, "expected 1000 bytes, got more"),
        ("early", 0, "the answer ended 991 bytes early"),
    ] {
        let remote = remote(&client, &fake, path);
        let mut stream = remote.blob(&descriptor, offset, BlobOptions::default());
        let mut read = 0;
        let error = loop {
            match stream.next().await {
                Some(Ok(bytes)) => read += bytes.len(),
                Some(Err(error)) => break error,
                None => panic!("{path}: no error"),
            }
        };
        assert!(error.to_string().contains(expected), "{path}: {error}");
        assert!(read <= 1000, "{path}: {read}");
        assert!(
            stream.next().await.is_none(),
            "{path}: it goes on after an error"
        );
    }
}

#[tokio::test]
async fn ranges_that_are_wrong() {
    let fake = Fake::start(|asked: &Asked| {
        let (header, length) = match asked.target.split('/').nth(2).unwrap() {
            "elsewhere" => ("bytes 0-989/1000", 990),
            "longer" => ("bytes 10-1000/1001", 991),
            "backwards" => ("bytes 10-5/1000", 1),
            "total" => ("bytes 10-999/5000", 990),
            "lie" => ("bytes 10-999/1000", 5),
            _ => ("", 990),
        };
        reply(206, &[("content-range", header)], vec![0; length])
    })
    .await;
    let descriptor = Descriptor::new(MediaType::OciLayer, Digest::of(b""), 1000);
    let client = client();
    for path in ["elsewhere", "longer", "backwards", "total", "lie", "none"] {
        let remote = remote(&client, &fake, path);
        let error = collect(remote.blob(&descriptor, 10, BlobOptions::default()))
            .await
            .unwrap_err();
        let right = matches!(error, Error::Protocol { .. } | Error::BlobSize { .. });
        assert!(right && !error.is_temporary(), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_range_that_is_shorter_than_asked_for_is_gone_on_from() {
    let bytes = noise(3 * MIB);
    let served = bytes.clone();
    let fake = Fake::start(move |asked: &Asked| {
        let (first, last) = range(asked).unwrap_or((0, served.len() - 1));
        let last = last.min(first + MIB);
        let header = format!("bytes {first}-{last}/*");
        reply(
            206,
            &[("content-range", &header)],
            served.slice(first..=last),
        )
    })
    .await;
    let client = client();
    let stream = remote(&client, &fake, "a").blob(&descriptor(&bytes), 1, BlobOptions::default());
    assert!(collect(stream).await.unwrap() == bytes[1..]);
}

#[tokio::test]
async fn a_redirect_is_remembered_until_it_is_used_up() {
    let bytes = noise(22 * MIB);
    let served = bytes.clone();
    let uses = Mutex::new(HashMap::new());
    let store = Fake::start(move |asked: &Asked| {
        // Each signature is good for three requests.
        let mut uses = uses.lock().unwrap();
        let used: &mut usize = uses.entry(asked.target.clone()).or_default();
        *used += 1;
        match *used {
            1..=3 => serve_range(asked, &served),
            _ => status(403),
        }
    })
    .await;
    let signed = AtomicUsize::new(0);
    let at = store.name();
    let registry = Fake::start(move |_: &Asked| {
        let number = signed.fetch_add(1, Ordering::SeqCst);
        reply(
            307,
            &[("location", &format!("http://{at}/blob?sig={number}"))],
            "",
        )
    })
    .await;
    let client = client();
    let stream = remote(&client, &registry, "a").blob(&descriptor(&bytes), 0, several(2));
    assert!(collect(stream).await.unwrap() == bytes);
    assert!(
        registry.asked().len() <= 4,
        "{} redirects",
        registry.asked().len()
    );
}

#[tokio::test]
async fn small_blobs_are_checked() {
    let fake = Fake::start(|_: &Asked| reply(200, &[], "other")).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let right = descriptor(b"other");
    assert_eq!(remote.blob_bytes(&right, 100).await.unwrap(), b"other");
    let error = remote.blob_bytes(&right, 4).await.unwrap_err();
    assert!(matches!(error, Error::BlobSize { .. }), "{error}");
    let error = remote
        .blob_bytes(&descriptor(b"right"), 100)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::BlobDigest { .. }), "{error}");
    let empty = remote.blob_bytes(&descriptor(b""), 100).await.unwrap();
    assert!(empty.is_empty());
}

#[tokio::test]
async fn other_addresses_in_a_descriptor_are_not_asked() {
    let trap = Fake::start(|_: &Asked| reply(200, &[], "layer")).await;
    let fake = Fake::start(|_: &Asked| status(404)).await;
    let mut descriptor = descriptor(b"layer");
    descriptor.urls = vec![format!("http://{}/layer", trap.name())];
    let client = client();
    let error = remote(&client, &fake, "a")
        .blob_bytes(&descriptor, 100)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::BlobUnknown { .. }), "{error}");
    assert!(trap.asked().is_empty());
}

#[tokio::test]
async fn whether_a_blob_is_there() {
    let digest = Digest::of(b"x");
    let fake = Fake::start(|asked: &Asked| {
        match (
            asked.method.as_str(),
            asked.target.split('/').nth(2).unwrap(),
        ) {
            (_, "there") => reply(200, &[("content-length", "17")], vec![0; 17]),
            ("HEAD", "get-only") => status(403),
            (_, "get-only") => reply(206, &[("content-range", "bytes 0-0/17")], "x"),
            _ => status(404),
        }
    })
    .await;
    let client = client();
    for (path, expected) in [
        ("there", Some(17)),
        ("get-only", Some(17)),
        ("missing", None),
    ] {
        // A `HEAD` of 403 is "denied" unless it came from a store behind a redirect.
        let found = remote(&client, &fake, path).has_blob(&digest).await;
        match path {
            "get-only" => assert!(matches!(found, Err(Error::Denied { .. })), "{found:?}"),
            _ => assert_eq!(found.unwrap(), expected, "{path}"),
        }
    }
    let at = fake.name();
    let registry = Fake::start(move |_: &Asked| {
        reply(
            307,
            &[("location", &format!("http://{at}/v2/get-only/blob"))],
            "",
        )
    })
    .await;
    assert_eq!(
        remote(&client, &registry, "a")
            .has_blob(&digest)
            .await
            .unwrap(),
        Some(17)
    );
}
