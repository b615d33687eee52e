//! `kill -9` at random moments of pull, rmi, load and prune: the store is sound at once, nothing is
//! lost that was there or was said to be done, the next run succeeds, and no file is left of it all.

use std::path::PathBuf;
use std::time::Duration;

use orlop_testing::{FaultProxy, Finished, Image, Layer, Orlop, PlatformName};
use rustix::process::Signal;

use crate::{layer, orlop};

/// Moments at which each command is killed, over all drivers.
const MOMENTS: u64 = 20;

/// The numbers of splitmix64: enough to scatter moments, and the same ones again for a seed.
struct Scattered(u64);

impl Scattered {
    /// `ORLOP_TEST_SEED` for the moments of another run; the clock's otherwise.
    #[expect(
        clippy::print_stdout,
        reason = "the seed is what it takes to see a failure again"
    )]
    fn new() -> Self {
        let seed = std::env::var("ORLOP_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| {
                let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
                now.map_or(1, |now| now.subsec_nanos().into())
            });
        println!("ORLOP_TEST_SEED={seed}");
        Self(seed)
    }

    /// A part of the whole.
    fn part_of(&mut self, whole: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        whole.mul_f64((mixed >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// A store with a neighbour that has a layer of its own and one that the victim has too.
struct Scene {
    _registry: FaultProxy,
    orlop: Orlop,
    neighbour: String,
    victim: Image,
    name: String,
}

impl Scene {
    fn new(driver: &str) -> Self {
        let base = Layer::noise("base", 200_000, 1);
        let mut layers: Vec<Layer> = (0..5)
            .map(|number| layer(&format!("dir/file-{number}"), &"content ".repeat(9_000)))
            .collect();
        layers.insert(0, base.clone());
        let victim = Image::new(&PlatformName::host(), &layers);
        let neighbour = Image::new(&PlatformName::host(), &[base, layer("own", "own")]);
        let registry = FaultProxy::alone();
        registry.serve("app", "v1", &victim);
        registry.serve("neighbour", "v1", &neighbour);
        let scene = Self {
            orlop: orlop().driver(driver),
            neighbour: format!("{}/neighbour:v1", registry.host()),
            name: format!("{}/app:v1", registry.host()),
            _registry: registry,
            victim,
        };
        scene.orlop.ok(["pull", "-q", &scene.neighbour]);
        scene
    }

    fn has_victim(&self) -> bool {
        let listed = self.orlop.ok(["images", "-aq", "--no-trunc"]);
        listed.stdout.contains(&self.victim.top.digest)
    }

    /// What must be so after any kill, asked of the program as anybody would.
    fn assert_sound(&self, case: &str) {
        let listed = self.orlop.ok(["images", "-a", "--no-trunc"]).stdout;
        assert!(
            listed.contains("/neighbour"),
            "{case}: a neighbour is lost\n{listed}"
        );
        self.orlop.ok(["system", "df"]);
        let verified = self.orlop.run(["system", "repair", "--dry-run"]);
        assert!(verified.status.success(), "{case}: {verified}");
        // What a crash left is told as what it is, and isn't damage.
        let damage = |line: &str| !line.starts_with("harmless: ") && !line.starts_with("Checked ");
        let lines = verified.lines();
        assert!(!lines.into_iter().any(damage), "{case}: {verified}");
    }

    /// Nothing is on its way any more.
    fn assert_no_strays(&self, case: &str) {
        let mut left = self.orlop.files_below("ingest");
        for driver in ["overlay2", "vfs"] {
            for folder in ["staging", "throwaway"] {
                let folder = self
                    .orlop
                    .store()
                    .join("snapshots")
                    .join(driver)
                    .join(folder);
                let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
                left.extend(entries.map(|entry| entry.path()));
            }
        }
        assert_eq!(left, Vec::<PathBuf>::new(), "{case}: left on its way");
    }

    /// Blobs that are files in the store.
    fn blobs(&self) -> usize {
        self.orlop.files_below("oci/blobs").len()
    }

    fn end(self) {
        self.orlop.ok(["rmi", &self.neighbour]);
        self.orlop.ok(["system", "prune", "-af"]);
        crate::assert_empty(&self.orlop);
    }
}

/// A command, with what leads to it and what it comes to.
struct Command<'a> {
    arguments: Vec<&'a str>,
    /// Makes all of the command's work to be done.
    prepare: &'a dyn Fn(),
    /// The victim is there when the command has succeeded.
    brings: bool,
}

impl Command<'_> {
    fn run(&self, scene: &Scene) -> Finished {
        scene.orlop.run(&self.arguments)
    }

    /// Kills it at random moments between its start and its end.
    fn killed(&self, scene: &Scene, rounds: u64, scattered: &mut Scattered) {
        (self.prepare)();
        let whole = self.run(scene).expect_success().took;
        let blobs = scene.blobs();
        let mut cut = 0;
        for round in 0..rounds {
            (self.prepare)();
            let delay = scattered.part_of(whole);
            let case = format!(
                "{:?}, round {round}, after {delay:?} of {whole:?}",
                self.arguments
            );
            let process = scene.orlop.spawn(&self.arguments);
            std::thread::sleep(delay);
            process.signal(Signal::KILL);
            let ended = process.wait(Duration::from_secs(10));
            scene.assert_sound(&case);
            if ended.status.success() {
                assert_eq!(
                    scene.has_victim(),
                    self.brings,
                    "{case}: said and not done\n{ended}"
                );
            } else {
                cut += 1;
            }
            // The same again, unless there is nothing left to do.
            if self.brings || scene.has_victim() {
                self.run(scene).expect_success();
                assert_eq!(scene.has_victim(), self.brings, "{case}");
            } else {
                scene.orlop.ok(["system", "prune", "-f"]);
            }
            scene.assert_no_strays(&case);
            assert_eq!(scene.blobs(), blobs, "{case}: blobs that nobody needs");
        }
        assert!(cut > rounds / 4, "{cut} of {rounds} were killed in time");
    }
}

/// Runs a body with each driver that works here, with its share of the moments.
fn with_drivers(body: impl Fn(Scene, u64, &mut Scattered)) {
    let drivers = crate::hostile::drivers();
    let mut scattered = Scattered::new();
    for driver in &drivers {
        body(
            Scene::new(driver),
            MOMENTS / drivers.len() as u64,
            &mut scattered,
        );
    }
}

#[test]
fn a_pull_at_twenty_moments() {
    with_drivers(|scene, rounds, scattered| {
        let pull = Command {
            arguments: vec!["pull", &scene.name],
            prepare: &|| {
                let _ = scene.orlop.run(["rmi", &scene.name]);
            },
            brings: true,
        };
        pull.killed(&scene, rounds, scattered);
        scene.orlop.ok(["rmi", &scene.name]);
        scene.end();
    });
}

#[test]
fn a_removal_at_twenty_moments() {
    with_drivers(|scene, rounds, scattered| {
        let removal = Command {
            arguments: vec!["rmi", &scene.name],
            prepare: &|| {
                scene.orlop.ok(["pull", "-q", &scene.name]);
            },
            brings: false,
        };
        removal.killed(&scene, rounds, scattered);
        scene.end();
    });
}

#[test]
fn a_load_at_twenty_moments() {
    with_drivers(|scene, rounds, scattered| {
        let archive = scene.orlop.folder().join("victim.tar");
        let archive = archive.to_str().expect("our folders have plain names");
        scene.orlop.ok(["pull", "-q", &scene.name]);
        scene.orlop.ok(["save", "-q", "-o", archive, &scene.name]);
        let load = Command {
            arguments: vec!["load", "-i", archive],
            prepare: &|| {
                scene.orlop.ok(["rmi", &scene.name]);
            },
            brings: true,
        };
        load.killed(&scene, rounds, scattered);
        scene.orlop.ok(["rmi", &scene.name]);
        scene.end();
    });
}

#[test]
fn a_prune_at_twenty_moments() {
    with_drivers(|scene, rounds, scattered| {
        let prune = Command {
            arguments: vec!["prune", "-f"],
            // The name moves on, and leaves the victim dangling.
            prepare: &|| {
                scene.orlop.ok(["pull", "-q", &scene.name]);
                scene.orlop.ok(["tag", &scene.neighbour, &scene.name]);
                assert!(scene.has_victim());
            },
            brings: false,
        };
        prune.killed(&scene, rounds, scattered);
        scene.orlop.ok(["rmi", &scene.name]);
        scene.end();
    });
}
