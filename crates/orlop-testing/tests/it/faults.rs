use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use orlop_testing::{
    Fault, FaultProxy, HttpResponse, Image, Layer, Method, PlatformName, Registry, Rule, digest_of,
    http,
};

struct Scene {
    _registry: Registry,
    proxy: FaultProxy,
    blob: Vec<u8>,
    path: String,
}

fn scene() -> Option<Scene> {
    let registry = Registry::start()?;
    let layer = Layer::noise("noise", 300_000, 1);
    let path = format!("/v2/x/blobs/{}", layer.digest());
    let blob = layer.blob.clone();
    let _ = Image::new(&PlatformName::host(), &[layer]).push(&registry.host(), "x", "y");
    let proxy = FaultProxy::start(&registry.host());
    Some(Scene {
        _registry: registry,
        proxy,
        blob,
        path,
    })
}

impl Scene {
    fn get(&self, headers: &[(&str, &str)]) -> HttpResponse {
        http(Method::Get, &self.proxy.host(), &self.path, headers, None)
    }

    /// Reads until the connection ends or nothing comes for a while; the body.
    fn raw(&self) -> (Vec<u8>, Duration) {
        let mut stream = TcpStream::connect(self.proxy.host()).expect("the proxy listens");
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .expect("a timeout can be set");
        write!(
            stream,
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.path,
            self.proxy.host()
        )
        .expect("the request is sent");
        let start = Instant::now();
        let mut all = Vec::new();
        let mut buffer = vec![0; 65536];
        while let Ok(count) = stream.read(&mut buffer) {
            all.extend_from_slice(&buffer[..count]);
            if count == 0 || all.len() > 3_000_000 {
                break;
            }
        }
        let body = all
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head")
            + 4;
        (all.split_off(body), start.elapsed())
    }
}

#[test]
fn without_rules_it_is_invisible_and_counts() {
    let Some(scene) = scene() else { return };
    assert_eq!(digest_of(&scene.get(&[]).body), digest_of(&scene.blob));
    let part = scene.get(&[("Range", "bytes=1000-1009")]);
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, &scene.blob[1000..1010])
    );
    assert_eq!(scene.proxy.count("GET", "/blobs/"), 2);
    assert_eq!(
        scene.proxy.received("/blobs/"),
        scene.blob.len() as u64 + 10
    );
    let _ = Image::new(&PlatformName::host(), &[Layer::noise("a", 100_000, 2)]).push(
        &scene.proxy.host(),
        "up",
        "z",
    );
    assert!(scene.proxy.sent("/uploads/") > 100_000);
    scene.proxy.forget();
    assert!(scene.proxy.requests().is_empty());
}

#[test]
fn answers_come_as_the_rules_say() {
    let Some(scene) = scene() else { return };
    scene.proxy.add(
        Rule::new(
            "/blobs/",
            Fault::error(429, "TOOMANYREQUESTS", "slow down").with_header("Retry-After", "1"),
        )
        .after(1)
        .times(1),
    );
    assert_eq!(scene.get(&[]).status, 200);
    let limited = scene.get(&[]);
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(scene.get(&[]).status, 200);

    scene.proxy.add(
        Rule::new(
            "/blobs/",
            Fault::Redirect {
                to: "http://127.0.0.1:1".into(),
            },
        )
        .method("HEAD"),
    );
    let moved = http(Method::Head, &scene.proxy.host(), &scene.path, &[], None);
    assert_eq!(
        moved.header("location"),
        Some(format!("http://127.0.0.1:1{}", scene.path).as_str())
    );
    assert_eq!(scene.get(&[]).status, 200, "GET has no such rule");

    scene.proxy.heal();
    scene.proxy.add(Rule::new(
        "/manifests/",
        Fault::Header {
            name: "Docker-Content-Digest".into(),
            value: None,
        },
    ));
    let accept = [("Accept", "application/vnd.oci.image.manifest.v1+json")];
    let manifest = http(
        Method::Get,
        &scene.proxy.host(),
        "/v2/x/manifests/y",
        &accept,
        None,
    );
    assert_eq!(
        (manifest.status, manifest.header("docker-content-digest")),
        (200, None)
    );
}

#[test]
fn bytes_go_wrong_where_the_rules_say() {
    let Some(scene) = scene() else { return };
    let with = |fault: Fault| {
        scene.proxy.heal();
        scene.proxy.add(Rule::new("/blobs/", fault));
    };
    with(Fault::WrongByte { at: 100_000 });
    let body = scene.get(&[]).body;
    let wrong: Vec<usize> = (0..body.len())
        .filter(|&at| body[at] != scene.blob[at])
        .collect();
    assert_eq!(wrong, [100_000]);

    with(Fault::IgnoreRange);
    let whole = scene.get(&[("Range", "bytes=5-9")]);
    assert_eq!((whole.status, whole.body.len()), (200, scene.blob.len()));

    with(Fault::WrongRange);
    let part = scene.get(&[("Range", "bytes=5-9")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &scene.blob[..5]));
    assert_eq!(
        part.header("content-range"),
        Some(format!("bytes 5-9/{}", scene.blob.len()).as_str())
    );
}

#[test]
fn transfers_end_where_the_rules_say() {
    let Some(scene) = scene() else { return };
    let with = |fault: Fault| {
        scene.proxy.heal();
        scene.proxy.add(Rule::new("/blobs/", fault));
    };
    with(Fault::Cut { after: 12_345 });
    let (body, took) = scene.raw();
    assert_eq!(body.len(), 12_345);
    assert!(
        took < Duration::from_millis(250),
        "closed, not waited for: {took:?}"
    );

    with(Fault::Stall { after: 12_345 });
    let (body, took) = scene.raw();
    assert_eq!(body.len(), 12_345);
    assert!(took >= Duration::from_millis(290), "still open: {took:?}");

    with(Fault::Endless);
    assert!(scene.raw().0.len() > 2_900_000);

    with(Fault::Slow { rate: 1_000_000 });
    let start = Instant::now();
    assert_eq!(scene.get(&[]).body.len(), scene.blob.len());
    assert!(start.elapsed() > Duration::from_millis(250));
}
