//! A disk that is full: what can't be kept is refused by 507, nothing that was taken is lost, and
//! what is freed can be used at once.

use std::path::Path;
use std::time::Duration;

use orlop_oci::Digest;
use orlop_registry_store::{CollectOptions, Storage, StorageOptions};
use orlop_testing::SmallDisk;
use rustix::fs::statvfs;

use crate::client::Answer;
use crate::server::{OCI_MANIFEST, TestServer, manifest, noise};

const MEGABYTE: usize = 1 << 20;

/// What doesn't fit, however little there is on the disk.
const LARGE: usize = 24 * MEGABYTE;

fn on(disk: &Path) -> TestServer {
    let root = disk.to_owned();
    TestServer::with(|wanted| {
        wanted.storage = Box::new(move |options| {
            options.root = root;
            // What is asked for is noted each time.
            options.grace = Duration::ZERO;
        });
    })
}

/// The answer of the table for a full disk.
#[track_caller]
fn is_full(answer: Answer) {
    let answer = answer.fails(507, "UNKNOWN");
    let message = &answer.json()["errors"][0]["message"];
    assert_eq!(message, "no space left for the registry's content");
}

fn used(disk: &SmallDisk) -> u64 {
    let state = statvfs(disk.path()).unwrap();
    (state.f_blocks - state.f_bfree) * state.f_frsize
}

fn place_of(server: &TestServer) -> String {
    let answer = server.ask("POST", "/v2/a/blobs/uploads/", &[], &[]);
    let answer = answer.expect(202);
    answer.header("location").unwrap().to_owned()
}

fn chunked(content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in content.chunks(100_000) {
        body.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

/// Everything that an image of [`TestServer::push_image`] is made of can be had, and is whole.
fn is_whole(server: &TestServer, name: &str, tag: &str, expected: &Digest) {
    let answer = server
        .get(&format!("/v2/{name}/manifests/{tag}"))
        .expect(200);
    assert!(expected.matches(&answer.body));
    let manifest = answer.json();
    let layers = manifest["layers"].as_array().unwrap().iter();
    for descriptor in layers.chain([&manifest["config"]]) {
        let digest: Digest = descriptor["digest"].as_str().unwrap().parse().unwrap();
        let place = format!("/v2/{name}/blobs/{digest}");
        assert!(digest.matches(&server.get(&place).expect(200).body));
        server.ask("HEAD", &place, &[], &[]).expect(200);
        let by_digest = format!("/v2/{name}/manifests/{expected}");
        server.ask("HEAD", &by_digest, &[], &[]).expect(200);
    }
}

/// The server ends, what nothing names is collected, and the storage looks at everything else.
fn is_sound(mut server: TestServer, disk: &SmallDisk) {
    server.join();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = StorageOptions::new(disk.path());
        options.grace = Duration::ZERO;
        let storage = Storage::open(options).unwrap();
        let collected = storage
            .collect(&CollectOptions::default(), &mut |_| {})
            .await;
        collected.unwrap();
        let report = storage.verify(1, &mut |_| {}).await.unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    });
}

#[test]
fn root_a_blob_that_does_not_fit_leaves_no_trace() {
    let Some(disk) = SmallDisk::new(16) else {
        return;
    };
    let server = on(disk.path());
    let image = server.push_image("a", "v1", "earlier");
    let large = noise(LARGE, 60);
    let digest = Digest::of(&large);
    let target = format!("/v2/a/blobs/uploads/?digest={digest}");
    let stream = [("Transfer-Encoding", "chunked")];
    let (place, other) = (place_of(&server), place_of(&server));
    let last = format!("{place}?digest={digest}");
    let first = noise(MEGABYTE, 61);
    server.ask("PATCH", &other, &[], &first).expect(202);
    let before = used(&disk);
    for round in 0..3 {
        is_full(server.ask("POST", &target, &[], &large));
        is_full(server.ask("POST", &target, &stream, &chunked(&large)));
        is_full(server.ask("PATCH", &place, &[], &large));
        is_full(server.ask("PATCH", &place, &stream, &chunked(&large)));
        is_full(server.ask("PUT", &last, &[], &large));
        is_full(server.ask("PATCH", &other, &[], &large));
        // Nobody made room, and there is: what didn't fit is gone again.
        let small = noise(MEGABYTE, 62 + round);
        server.push_blob("a", &small);
        // What was told to have arrived still has.
        let status = server.get(&other).expect(204);
        assert_eq!(status.header("range"), Some("0-1048575"));
        is_whole(&server, "a", "v1", &image);
    }
    // The three small ones, and what the database has grown by.
    assert!(used(&disk) < before + 5 * MEGABYTE as u64);
    server
        .get(&format!("/v2/a/blobs/{digest}"))
        .fails(404, "BLOB_UNKNOWN");
    let rest = noise(MEGABYTE, 70);
    let whole = [first, rest.clone()].concat();
    let whole_digest = Digest::of(&whole);
    let last = format!("{other}?digest={whole_digest}");
    let range = [("Content-Range", "1048576-2097151")];
    server.ask("PUT", &last, &range, &rest).expect(201);
    assert!(server.get(&format!("/v2/a/blobs/{whole_digest}")).body == whole);
    is_sound(server, &disk);
}

/// Whoever only reads sees nothing of it.
fn reads_go_on(server: &TestServer, image: &Digest, begun: &str) {
    is_whole(server, "a", "v1", image);
    server
        .get("/v2/a/blobs/uploads/0123456789abcdef0123456789abcdef")
        .fails(404, "BLOB_UPLOAD_UNKNOWN");
    let tags = server.get("/v2/a/tags/list").expect(200).json();
    assert_eq!(tags["tags"], serde_json::json!(["v1"]));
    let names = server.get("/v2/_catalog").expect(200).json();
    assert_eq!(names["repositories"], serde_json::json!(["a"]));
    for target in [
        "/v2/",
        "/healthz",
        "/readyz",
        &*format!("/v2/a/referrers/{image}"),
    ] {
        server.get(target).expect(200);
    }
    assert_eq!(server.get(begun).expect(204).header("range"), Some("0-0"));
}

#[test]
fn root_the_last_page_is_gone() {
    let Some(disk) = SmallDisk::new(16) else {
        return;
    };
    let server = on(disk.path());
    let image = server.push_image("a", "v1", "earlier");
    let waiting = server.image("a", "waiting");
    let blob = server.push_blob("a", b"content");
    let (begun, place) = (place_of(&server), place_of(&server));
    server.ask("PATCH", &place, &[], b"whole").expect(202);
    let last = format!("{place}?digest={}", Digest::of(b"whole"));
    disk.fill();

    let put = |reference: &str| {
        let target = format!("/v2/a/manifests/{reference}");
        server.ask("PUT", &target, &[("Content-Type", OCI_MANIFEST)], &waiting)
    };
    is_full(put("v2"));
    is_full(put("v1"));
    is_full(put(Digest::of(&waiting).as_str()));
    is_full(server.ask("POST", "/v2/a/blobs/uploads/", &[], &[]));
    is_full(server.ask("PATCH", &begun, &[], &noise(100_000, 63)));
    // Its bytes are there; that it is a blob of the repository can't be written down.
    is_full(server.ask("PUT", &last, &[], &[]));
    // Nothing but a row of the database.
    let mount = |name: &str| {
        let target = format!("/v2/{name}/blobs/uploads/?mount={blob}&from=a");
        server.ask("POST", &target, &[], &[])
    };
    is_full(mount("b"));
    is_full(server.ask("DELETE", "/v2/a/manifests/v1", &[], &[]));
    is_full(server.ask("DELETE", &format!("/v2/a/manifests/{image}"), &[], &[]));

    reads_go_on(&server, &image, &begun);

    // Space is there again: so is everything, at once.
    disk.free();
    mount("b").expect(201);
    put("v2").expect(201);
    server
        .ask("PATCH", &begun, &[], &noise(100_000, 63))
        .expect(202);
    server.push_blob("a", b"whole");
    is_whole(&server, "a", "v1", &image);
    is_whole(&server, "a", "v2", &Digest::of(&waiting));
    server
        .ask("DELETE", "/v2/a/manifests/v1", &[], &[])
        .expect(202);
    is_sound(server, &disk);
}

/// Pushes an image of 400 kB, or says what was in the way.
fn push(server: &TestServer, number: usize) -> Result<Digest, Answer> {
    let content = noise(400_000, 1000 + number as u64);
    let digest = Digest::of(&content);
    let ask = |method: &str, target: &str, body: &[u8]| {
        let answer = server.ask(method, target, &[("Content-Type", OCI_MANIFEST)], body);
        match answer.status {
            201 => Ok(()),
            _ => Err(answer),
        }
    };
    let place = format!("/v2/a/blobs/uploads/?digest={digest}");
    ask("POST", &place, &content)?;
    let manifest = manifest((&digest, content.len()), &[], serde_json::json!({}));
    ask("PUT", &format!("/v2/a/manifests/v{number}"), &manifest)?;
    Ok(Digest::of(&manifest))
}

/// Pushes images from this number on until there is no space.
fn push_all(server: &TestServer, from: usize) -> Vec<(usize, Digest)> {
    let mut pushed = Vec::new();
    for number in from.. {
        match push(server, number) {
            Ok(digest) => pushed.push((number, digest)),
            Err(refused) => {
                is_full(refused);
                break;
            }
        }
    }
    pushed
}

#[test]
fn root_images_until_nothing_fits() {
    let Some(disk) = SmallDisk::new(16) else {
        return;
    };
    let server = on(disk.path());
    let are_whole = |server: &TestServer, pushed: &[(usize, Digest)]| {
        for (number, digest) in pushed {
            is_whole(server, "a", &format!("v{number}"), digest);
        }
    };
    // Eight clients, each to the end.
    let pushed: Vec<_> = std::thread::scope(|scope| {
        let server = &server;
        let clients = (0..8).map(|client| scope.spawn(move || push_all(server, client * 100)));
        let clients: Vec<_> = clients.collect();
        let pushed = clients.into_iter().map(|client| client.join().unwrap());
        pushed.flatten().collect()
    });
    are_whole(&server, &pushed);
    is_sound(server, &disk);
    let server = on(disk.path());
    are_whole(&server, &pushed);
    // Nobody else has to make room: what pushes left free is enough to delete and to collect.
    let (kept, gone) = pushed.split_at(5);
    for (_, digest) in gone {
        let target = format!("/v2/a/manifests/{digest}");
        server.ask("DELETE", &target, &[], &[]).expect(202);
    }
    is_sound(server, &disk);
    let server = on(disk.path());
    server.push_blob("a", &noise(8 * MEGABYTE, 71));
    are_whole(&server, kept);
}
