//! Images that are refused although most of them is honest: what they brought goes, what belongs to
//! others stays.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use orlop_testing::{
    Compression, Fault, FaultProxy, Image, Layer, Orlop, PlatformName, Registry, Rule, Tarball,
    digest_of,
};

use crate::untouched::refused_pull;
use crate::{layer, orlop};

/// A layer that is what its digest says, and can't be unpacked.
fn evil() -> Layer {
    Layer::new(
        &Tarball::new().file("../out", 0o644, "out").finish(),
        Compression::Gzip,
    )
}

fn noise(name: &str, seed: u64) -> Layer {
    Layer::noise(name, 1 << 20, seed)
}

fn image(layers: &[Layer]) -> Image {
    Image::new(&PlatformName::host(), layers)
}

fn drivers() -> Vec<&'static str> {
    if rustix::process::geteuid().is_root() {
        vec!["overlay2", "vfs"]
    } else {
        vec!["vfs"]
    }
}

#[test]
fn the_honest_layers_of_a_refused_image_go() {
    let (one, two) = (noise("one", 61), noise("two", 62));
    let mut wrong = layer("wrong", "wrong");
    wrong.diff_id = digest_of(b"something else");
    let mut cut = layer("cut", &"cut ".repeat(1000));
    cut.blob.truncate(cut.blob.len() / 2);
    let cases = [
        ("first", vec![evil(), one.clone(), two.clone()]),
        ("middle", vec![one.clone(), evil(), two.clone()]),
        ("last", vec![one.clone(), two.clone(), evil()]),
        // One blob twice takes two rounds, the first of which is published by itself.
        ("twice", vec![one.clone(), one.clone(), two.clone(), evil()]),
        ("diff ID", vec![one.clone(), two.clone(), wrong]),
        ("archive", vec![one, two, cut]),
    ];
    for driver in drivers() {
        for (case, layers) in &cases {
            for parallel in [1, 4] {
                let registry = FaultProxy::alone();
                registry.serve("evil", "v1", &image(layers));
                let orlop = orlop()
                    .driver(driver)
                    .config(&format!("parallel_downloads = {parallel}\n"));
                let said = refused_pull(&orlop, &format!("{}/evil:v1", registry.host()));
                let evil = layers.iter().map(Layer::digest);
                assert!(
                    evil.into_iter().any(|digest| said.contains(&digest)),
                    "{driver}, {case}, {parallel}: {said}"
                );
            }
        }
    }
}

#[test]
fn what_came_before_the_bytes_were_wrong_goes() {
    let layers = [noise("one", 63), noise("two", 64), noise("three", 65)];
    let image = image(&layers);
    let wrong = layers[1].digest();
    let Some(registry) = Registry::start() else {
        return;
    };
    let _ = image.push(&registry.host(), "evil", "v1");
    for (fault, parallel) in [
        (Fault::WrongByte { at: 1_000_000 }, 1),
        (Fault::WrongByte { at: 1_000_000 }, 4),
        (Fault::error(404, "BLOB_UNKNOWN", "blob unknown"), 4),
        (Fault::Endless, 4),
    ] {
        let proxy = FaultProxy::start(&registry.host());
        proxy.add(Rule::new(&wrong, fault).method("GET"));
        let table = format!("parallel_downloads = {parallel}\n");
        let orlop = orlop().config(&table);
        let said = refused_pull(&orlop, &format!("{}/evil:v1", proxy.host()));
        assert!(said.contains(&wrong), "{said}");
        // It was not the image: from elsewhere it is taken.
        orlop.ok(["pull", "-q", &format!("{}/evil:v1", registry.host())]);
    }
}

#[test]
fn a_size_that_is_not_that_of_a_blob_in_the_store() {
    let shared = noise("shared", 66);
    let registry = FaultProxy::alone();
    let honest = image(std::slice::from_ref(&shared));
    registry.serve("honest", "v1", &honest);
    let lying = Image::from_parts(
        honest.config().clone(),
        std::slice::from_ref(&shared),
        orlop_testing::MediaTypes::Oci,
        |manifest| manifest["layers"][0]["size"] = serde_json::json!(7),
    );
    registry.serve("evil", "v1", &lying);
    let orlop = orlop();
    orlop.ok(["pull", "-q", &format!("{}/honest:v1", registry.host())]);
    let said = refused_pull(&orlop, &format!("{}/evil:v1", registry.host()));
    assert!(said.contains("expected 7 bytes"), "{said}");
}

#[test]
fn a_passing_fault_keeps_what_came() {
    let layers = [noise("one", 67), noise("two", 68)];
    let Some(upstream) = Registry::start() else {
        return;
    };
    let _ = image(&layers).push(&upstream.host(), "app", "v1");
    let registry = FaultProxy::start(&upstream.host());
    registry.add(Rule::new(&layers[1].digest(), Fault::Cut { after: 500_000 }).method("GET"));
    let table = format!("[registry.\"{}\"]\nretries = 0\n", registry.host());
    let orlop = orlop().config(&table);
    let name = format!("{}/app:v1", registry.host());
    orlop.fails(["pull", &name]);
    let kept = orlop.files_below("ingest").len();
    assert!(kept > 0, "what came is kept");
    registry.heal();
    registry.forget();
    orlop.ok(["pull", "-q", &name]);
    let again: u64 = layers.iter().map(|l| registry.received(&l.digest())).sum();
    let size: usize = layers.iter().map(|l| l.blob.len()).sum();
    assert!(again < size as u64 - 400_000, "{again} of {size}");
}

/// A registry with an honest image that comes slowly and an evil one, which share a layer.
struct Beside {
    _upstream: Registry,
    registry: FaultProxy,
    orlop: Orlop,
    shared: Layer,
}

impl Beside {
    fn new(seed: u64) -> Option<Self> {
        let shared = Layer::noise("shared", 4 << 20, seed);
        let upstream = Registry::start()?;
        let honest = image(std::slice::from_ref(&shared));
        let _ = honest.push(&upstream.host(), "honest", "v1");
        let _ = image(&[shared.clone(), evil()]).push(&upstream.host(), "evil", "v1");
        Some(Self {
            registry: FaultProxy::start(&upstream.host()),
            _upstream: upstream,
            orlop: orlop(),
            shared,
        })
    }

    fn name(&self, repository: &str) -> String {
        format!("{}/{repository}:v1", self.registry.host())
    }

    /// A pull of the honest image that has a part of the shared layer by now.
    fn begin(&self) -> orlop_testing::Running {
        let slow = Fault::Slow { rate: 1 << 20 };
        self.registry
            .add(Rule::new(&self.shared.digest(), slow).method("GET"));
        let pull = self.orlop.spawn(["pull", &self.name("honest")]);
        let start = Instant::now();
        while self.registry.received(&self.shared.digest()) < 2 << 20 {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
        pull
    }

    fn partial(&self) -> PathBuf {
        let name = self.shared.digest().replace(':', "-");
        self.orlop.store().join("ingest").join(name)
    }
}

#[test]
fn the_partial_of_another_interrupted_pull_stays() {
    let Some(beside) = Beside::new(69) else {
        return;
    };
    let pull = beside.begin();
    pull.signal(rustix::process::Signal::KILL);
    let _ = pull.wait(Duration::from_secs(5));
    beside.registry.heal();
    let came = std::fs::metadata(beside.partial()).unwrap().len();
    assert!(came > 1 << 20);
    beside.orlop.fails(["pull", &beside.name("evil")]);
    let left: Vec<PathBuf> = beside.orlop.files_below("ingest");
    assert_eq!(left, [beside.partial()]);
    assert!(std::fs::metadata(beside.partial()).unwrap().len() >= came);

    beside.registry.forget();
    beside.orlop.ok(["pull", "-q", &beside.name("honest")]);
    let again = beside.registry.received(&beside.shared.digest());
    assert!(again <= beside.shared.blob.len() as u64 - came, "{again}");
}

#[test]
fn what_another_process_is_bringing_stays() {
    let Some(beside) = Beside::new(70) else {
        return;
    };
    let pull = beside.begin();
    let evil = beside.orlop.spawn(["pull", &beside.name("evil")]);
    std::thread::sleep(Duration::from_millis(500));
    beside.registry.heal();
    evil.wait(Duration::from_secs(60)).expect_code(1);
    pull.wait(Duration::from_secs(60)).expect_success();
    let size = beside.shared.blob.len() as u64;
    assert_eq!(
        beside.registry.received(&beside.shared.digest()),
        size,
        "it came once"
    );
    assert_eq!(beside.orlop.files_below("ingest"), Vec::<PathBuf>::new());
    beside.orlop.ok(["pull", "-q", &beside.name("honest")]);
    assert_eq!(beside.registry.received(&beside.shared.digest()), size);
}

/// The directories in which layers are being unpacked.
fn staging(orlop: &Orlop) -> Vec<PathBuf> {
    ["overlay2", "vfs"]
        .iter()
        .filter_map(|driver| {
            let path = orlop.store().join("snapshots").join(driver).join("staging");
            std::fs::read_dir(path).ok()
        })
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .collect()
}

#[test]
fn what_a_killed_process_was_unpacking_goes_with_the_next_command() {
    for driver in drivers() {
        let Some(mut beside) = Beside::new(71) else {
            return;
        };
        beside.orlop = orlop().driver(driver);
        let pull = beside.begin();
        let living = staging(&beside.orlop);
        assert_eq!(living.len(), 1, "{driver}: a layer is being unpacked");
        beside.orlop.ok(["images"]);
        beside.orlop.ok(["system", "prune", "-f"]);
        assert_eq!(
            staging(&beside.orlop),
            living,
            "{driver}: nobody touches what a living process is at"
        );
        assert!(beside.partial().exists());

        pull.signal(rustix::process::Signal::KILL);
        let _ = pull.wait(Duration::from_secs(5));
        assert_eq!(staging(&beside.orlop), living, "{driver}");
        beside.orlop.ok(["images"]);
        assert_eq!(staging(&beside.orlop), Vec::<PathBuf>::new(), "{driver}");
        assert!(beside.partial().exists(), "the next pull goes on with it");
    }
}
