//! A registry's bad days: what is borne, and what is said when it is too much.

use std::time::{Duration, Instant};

use orlop_testing::{
    Fault, FaultProxy, Image, Layer, Method, Orlop, PlatformName, Registry, Rule, http,
};

use crate::untouched::refused_pull;
use crate::{big, orlop, small};

struct Scene {
    registry: Registry,
    proxy: FaultProxy,
    image: Image,
    name: String,
}

fn scene(image: Image) -> Option<Scene> {
    let registry = Registry::start()?;
    let proxy = FaultProxy::start(&registry.host());
    let _ = image.push(&registry.host(), "app", "v1");
    let name = format!("{}/app:v1", proxy.host());
    Some(Scene {
        registry,
        proxy,
        image,
        name,
    })
}

/// The program, impatient.
fn impatient(scene: &Scene) -> Orlop {
    let table = format!(
        "[registry.\"{}\"]\nidle_timeout = 1\nretries = 3\n",
        scene.proxy.host()
    );
    orlop().config(&table)
}

/// The one line that tells of a failure.
fn error_line(said: &str) -> &str {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("Error: "))
        .collect();
    assert_eq!(lines.len(), 1, "one line says what is wrong:\n{said}");
    lines[0]
}

#[test]
fn passing_faults_are_borne() {
    let faults = [
        Fault::error(500, "UNKNOWN", "oops"),
        Fault::error(503, "UNAVAILABLE", "restarting"),
        Fault::error(429, "TOOMANYREQUESTS", "slow down").with_header("Retry-After", "1"),
        Fault::Cut { after: 100_000 },
        Fault::Stall { after: 100_000 },
        Fault::Cut { after: 0 },
    ];
    for fault in faults {
        let Some(scene) = scene(big(1, 41)) else {
            return;
        };
        scene
            .proxy
            .add(Rule::new("/blobs/", fault.clone()).method("GET").times(2));
        let orlop = impatient(&scene);
        let start = Instant::now();
        orlop.ok(["pull", &scene.name]);
        if format!("{fault:?}").contains("Retry-After") {
            assert!(
                start.elapsed() > Duration::from_secs(1),
                "it waits as long as it is told"
            );
        }
        let layer = &scene.image.layer_digests()[0];
        let size = scene.image.blobs[1].bytes.len() as u64;
        let received = scene.proxy.received(layer);
        assert!(
            received < size + 110_000,
            "{fault:?}: resumed, not begun again: {received} of {size}"
        );
    }
}

#[test]
fn manifests_are_asked_for_again() {
    let Some(scene) = scene(small("again")) else {
        return;
    };
    scene
        .proxy
        .add(Rule::new("/manifests/", Fault::error(502, "UNKNOWN", "bad gateway")).times(2));
    impatient(&scene).ok(["pull", &scene.name]);
}

#[test]
fn a_server_without_ranges_is_borne() {
    let Some(scene) = scene(big(1, 42)) else {
        return;
    };
    scene.proxy.add(
        Rule::new("/blobs/", Fault::Cut { after: 300_000 })
            .method("GET")
            .times(1),
    );
    scene
        .proxy
        .add(Rule::new("/blobs/", Fault::IgnoreRange).header("range", "bytes="));
    impatient(&scene).ok(["pull", &scene.name]);
}

#[test]
fn a_big_blob_comes_over_several_connections() {
    let Some(scene) = scene(big(40, 43)) else {
        return;
    };
    scene
        .proxy
        .add(Rule::new("/blobs/", Fault::Slow { rate: 20 << 20 }).method("GET"));
    let table = format!("[registry.\"{}\"]\nconnections = 4\n", scene.proxy.host());
    let orlop = orlop().config(&table);
    orlop.ok(["pull", &scene.name]);
    let layer = &scene.image.layer_digests()[0];
    let ranges = scene
        .proxy
        .requests()
        .iter()
        .filter(|it| it.target.contains(layer) && it.header("range").is_some())
        .count();
    assert!(ranges >= 2, "{ranges} ranged requests");
    let size = scene.image.blobs[1].bytes.len() as u64;
    let received = scene.proxy.received(layer);
    assert!(
        received < size * 11 / 10,
        "nothing much comes twice: {received} of {size}"
    );
}

#[test]
fn wrong_ranges_never_end_in_the_store() {
    let Some(scene) = scene(big(1, 44)) else {
        return;
    };
    scene.proxy.add(
        Rule::new("/blobs/", Fault::Cut { after: 300_000 })
            .method("GET")
            .times(1),
    );
    scene
        .proxy
        .add(Rule::new("/blobs/", Fault::WrongRange).header("range", "bytes="));
    let orlop = impatient(&scene);
    let ended = orlop.run(["pull", &scene.name]);
    if !ended.status.success() {
        error_line(&ended.expect_code(1).stderr);
        scene.proxy.heal();
    }
    orlop.ok(["pull", &scene.name]);
    orlop.ok(["push", &scene.name]);
}

#[test]
fn wrong_bytes_are_refused_and_not_kept() {
    let Some(scene) = scene(big(1, 45)) else {
        return;
    };
    scene
        .proxy
        .add(Rule::new("/blobs/", Fault::WrongByte { at: 700_000 }).method("GET"));
    let orlop = impatient(&scene);
    let said = refused_pull(&orlop, &scene.name);
    let layer = &scene.image.layer_digests()[0];
    assert!(said.contains(layer.as_str()), "{said}");
    scene.proxy.heal();
    orlop.ok(["pull", &scene.name]);
}

#[test]
fn an_endless_body_is_cut() {
    let Some(scene) = scene(big(1, 46)) else {
        return;
    };
    for part in ["/manifests/", "/blobs/"] {
        scene.proxy.heal();
        scene.proxy.forget();
        scene
            .proxy
            .add(Rule::new(part, Fault::Endless).method("GET"));
        let orlop = impatient(&scene);
        refused_pull(&orlop, &scene.name);
        assert!(
            scene.proxy.received(part) < 64 << 20,
            "{part}: no more is read than needed"
        );
    }
}

#[test]
fn a_limit_is_told_with_its_numbers() {
    let Some(scene) = scene(small("limit")) else {
        return;
    };
    let limit = Fault::error(
        429,
        "TOOMANYREQUESTS",
        "You have reached your pull rate limit",
    )
    .with_header("Retry-After", "1")
    .with_header("RateLimit-Limit", "100;w=21600")
    .with_header("RateLimit-Remaining", "0;w=21600");
    scene.proxy.add(Rule::new("/manifests/", limit));
    let said = impatient(&scene).fails(["pull", &scene.name]);
    let line = error_line(&said);
    assert!(line.contains("toomanyrequests"), "{said}");
    assert!(said.contains("100"), "the limit: {said}");
    assert!(
        said.lines().any(|line| line.starts_with("hint: ")),
        "{said}"
    );
}

#[test]
fn a_lasting_fault_ends_in_one_line() {
    let Some(scene) = scene(small("lasting")) else {
        return;
    };
    for (fault, words) in [
        (Fault::error(500, "UNKNOWN", "disk full"), "disk full"),
        (
            Fault::error(404, "BLOB_UNKNOWN", "blob unknown"),
            "not found",
        ),
        (Fault::error(403, "DENIED", "go away"), "denied"),
    ] {
        scene.proxy.heal();
        scene.proxy.add(Rule::new("/blobs/", fault).method("GET"));
        let orlop = impatient(&scene);
        let said = orlop.fails(["pull", &scene.name]);
        assert!(
            error_line(&said).to_lowercase().contains(words),
            "{words}: {said}"
        );
        assert_eq!(orlop.ok(["images", "-aq"]).stdout, "");
    }
}

#[test]
fn redirects_are_followed_without_the_password() {
    let Some(scene) = scene(small("redirect")) else {
        return;
    };
    let elsewhere = FaultProxy::start(&scene.registry.host());
    scene.proxy.add(
        Rule::new(
            "/blobs/",
            Fault::Redirect {
                to: format!("http://{}", elsewhere.host()),
            },
        )
        .method("GET"),
    );
    let orlop = impatient(&scene);
    let auth = format!(
        r#"{{"auths":{{"{}":{{"auth":"YWRhOnNlY3JldA=="}}}}}}"#,
        scene.proxy.host()
    );
    std::fs::write(orlop.docker_config().join("config.json"), auth).unwrap();
    orlop.ok(["pull", &scene.name]);
    assert!(
        elsewhere.count("GET", "/blobs/") >= 2,
        "the layers came from there"
    );
    for request in elsewhere.requests() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }
}

#[test]
fn uploads_survive_passing_faults() {
    let faults = [
        ("PATCH", Fault::error(500, "UNKNOWN", "oops")),
        ("PUT", Fault::error(503, "UNAVAILABLE", "restarting")),
        (
            "POST",
            Fault::error(429, "TOOMANYREQUESTS", "slow down").with_header("Retry-After", "1"),
        ),
        ("PUT", Fault::CutUpload { after: 200_000 }),
        ("PATCH", Fault::CutUpload { after: 200_000 }),
    ];
    for (method, fault) in faults {
        let Some(scene) = scene(big(1, 47)) else {
            return;
        };
        let target = Registry::start().expect("as the first");
        let proxy = FaultProxy::start(&target.host());
        proxy.add(
            Rule::new("/blobs/uploads/", fault.clone())
                .method(method)
                .times(1),
        );
        let orlop = orlop();
        orlop.ok(["pull", "-q", &scene.name]);
        let name = format!("{}/pushed:v1", proxy.host());
        orlop.ok(["tag", &scene.name, &name]);
        orlop.ok(["push", &name]);
        let direct = name.replace(&proxy.host(), &target.host());
        crate::orlop().ok(["pull", "-q", &direct]);
    }
}

/// A pulled image of one layer, which is to be pushed to another registry.
struct Copying {
    orlop: Orlop,
    image: Image,
    other: Registry,
    source: String,
    target: String,
    _registry: Registry,
}

impl Copying {
    fn new() -> Option<Self> {
        let registry = Registry::start()?;
        let other = Registry::start().expect("as the first");
        let image = Image::new(&PlatformName::host(), &[Layer::noise("x", 700_000, 48)]);
        let source = image.push(&registry.host(), "app", "v1");
        let target = format!("{}/app:v1", other.host());
        let orlop = orlop();
        orlop.ok(["pull", "-q", &source]);
        orlop.ok(["tag", &source, &target]);
        Some(Self {
            orlop,
            image,
            other,
            source,
            target,
            _registry: registry,
        })
    }

    fn layer(&self) -> String {
        self.image.layer_digests()[0].clone()
    }

    /// Changes the stored bytes of a blob.
    fn damage(&self, digest: &str, how: impl FnOnce(&mut Vec<u8>)) {
        let hex = digest.trim_start_matches("sha256:");
        let file = self.orlop.layout().join("blobs/sha256").join(hex);
        let mut bytes = std::fs::read(&file).expect("the blob is there");
        how(&mut bytes);
        std::fs::write(&file, bytes).expect("the blob is changed");
    }

    /// The push fails for the damaged blob, by our own words, and the registry has nothing of it.
    fn assert_refused(&self, what: &str, digest: &str, reason: &str) {
        let said = self.orlop.fails(["push", &self.target]);
        let line = error_line(&said);
        let words = format!("Error: {what} {digest}: the stored copy is damaged: {reason}");
        assert!(line.starts_with(&words), "{said}");
        let hint = said.lines().find(|line| line.starts_with("hint: "));
        assert!(hint.is_some_and(|hint| hint.contains("pull")), "{said}");
        assert!(
            !self.other.blob_file(digest).exists(),
            "nobody gets the damaged blob"
        );
        let tags = http(
            Method::Get,
            &self.other.host(),
            "/v2/app/tags/list",
            &[],
            None,
        );
        assert_eq!(tags.status, 404, "no image appears there");
    }
}

#[test]
fn a_damaged_store_makes_no_image_elsewhere() {
    let Some(copying) = Copying::new() else {
        return;
    };
    let layer = copying.layer();
    // At the beginning, in the middle, and in the very last byte.
    for at in [0, 5000, usize::MAX] {
        let flip = |bytes: &mut Vec<u8>| {
            let last = bytes.len() - 1;
            bytes[at.min(last)] ^= 1;
        };
        copying.damage(&layer, flip);
        copying.assert_refused("layer", &layer, "its bytes have the digest sha256:");
        copying.damage(&layer, flip);
    }
    // What the hint says helps.
    copying.damage(&layer, |bytes| bytes.clear());
    let Copying {
        orlop,
        source,
        target,
        ..
    } = &copying;
    orlop.ok(["rmi", source, target]);
    orlop.ok(["pull", source]);
    orlop.ok(["tag", source, target]);
    orlop.ok(["push", target]);
}

#[test]
fn a_damaged_layer_is_noticed_in_chunks_too() {
    let Some(copying) = Copying::new() else {
        return;
    };
    let table = format!(
        "[registry.\"{}\"]\nupload_chunk = 100000\n",
        copying.other.host()
    );
    std::fs::write(copying.orlop.config_file(), table).unwrap();
    let layer = copying.layer();
    copying.damage(&layer, |bytes| bytes[5000] ^= 1);
    copying.assert_refused("layer", &layer, "its bytes have the digest sha256:");
    // Back as it was.
    copying.damage(&layer, |bytes| bytes[5000] ^= 1);
    copying.orlop.ok(["push", &copying.target]);
    assert!(copying.other.blob_file(&layer).exists());
}

#[test]
fn a_truncated_layer_is_not_pushed() {
    let Some(copying) = Copying::new() else {
        return;
    };
    let layer = copying.layer();
    copying.damage(&layer, |bytes| bytes.truncate(1000));
    copying.assert_refused("layer", &layer, "its file has 1000 bytes instead of ");
}

#[test]
fn damaged_documents_are_not_pushed() {
    let Some(copying) = Copying::new() else {
        return;
    };
    let config = copying.image.config().digest.clone();
    let flip = |bytes: &mut Vec<u8>| bytes[10] ^= 1;
    copying.damage(&config, flip);
    copying.assert_refused("config", &config, "its bytes have the digest sha256:");
    copying.damage(&config, flip);
    let manifest = copying.image.top.digest.clone();
    copying.damage(&manifest, flip);
    copying.assert_refused("manifest", &manifest, "its bytes have the digest sha256:");
}
