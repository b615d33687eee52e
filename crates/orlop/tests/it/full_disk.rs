//! A disk that is full at one moment or another of pull, load and tag: one line says so, what was there
//! stays and can be read, and as soon as there is room the next try succeeds.

use orlop_testing::{FaultProxy, Finished, Image, Layer, Orlop, PlatformName, SmallDisk};

use crate::{layer, orlop};

/// Bytes left on the disk, so that it is full when a command begins, when it writes its database, its
/// blobs, its layers, or only at the very end.
const LEFT: [u64; 13] = [
    0, 4_096, 16_384, 65_536, 131_072, 262_144, 524_288, 1_000_000, 1_500_000, 2_000_000,
    2_500_000, 3_000_000, 6_000_000,
];

/// A store on a small disk with a neighbour in it, and an image that takes some room.
struct Scene {
    disk: SmallDisk,
    orlop: Orlop,
    neighbour: String,
    name: String,
    victim: Image,
    _registry: FaultProxy,
}

impl Scene {
    fn new(driver: &str) -> Option<Self> {
        let disk = SmallDisk::new(24)?;
        let registry = FaultProxy::alone();
        let layers = [
            Layer::noise("one", 400_000, 81),
            Layer::noise("two", 800_000, 82),
            layer("three", "3"),
        ];
        let victim = Image::new(&PlatformName::host(), &layers);
        registry.serve("app", "v1", &victim);
        registry.serve("neighbour", "v1", &crate::small("neighbour"));
        let scene = Self {
            orlop: orlop().root(disk.path().join("store")).driver(driver),
            neighbour: format!("{}/neighbour:v1", registry.host()),
            name: format!("{}/app:v1", registry.host()),
            disk,
            victim,
            _registry: registry,
        };
        scene.orlop.ok(["pull", "-q", &scene.neighbour]);
        Some(scene)
    }

    /// Runs a command with each amount of room, and once more with enough. `undo` comes after it.
    fn fills_up(&self, command: &[&str], is_done: impl Fn() -> bool, undo: impl Fn()) {
        let mut failed = 0;
        for left in LEFT {
            self.disk.leave(left);
            let ended = self.orlop.run(command);
            let case = format!("{left} bytes left: {ended}");
            if !ended.status.success() {
                failed += 1;
                assert_says_so(ended);
                self.assert_readable(&case);
            }
            self.disk.free();
            let verified = self.orlop.ok(["system", "repair", "--dry-run"]).stdout;
            assert!(!verified.contains("damaged: "), "{case}\n{verified}");
            self.orlop.ok(command);
            assert!(is_done(), "{case}");
            undo();
        }
        // A tag is a few pages, for which there is a reserve.
        let can_fail = command[0] != "tag";
        assert_eq!(failed > 0, can_fail, "{failed} of {} failed", LEFT.len());
        assert!(failed < LEFT.len(), "the disk was always full");
        self.orlop.ok(["rmi", &self.neighbour]);
        self.orlop.ok(["system", "prune", "-f"]);
        crate::assert_empty(&self.orlop);
    }

    /// What only reads works on a disk without a byte left.
    fn assert_readable(&self, case: &str) {
        self.disk.fill();
        let listed = self.orlop.ok(["images"]).stdout;
        assert!(listed.contains("/neighbour"), "{case}\n{listed}");
        self.orlop.ok(["inspect", &self.neighbour]);
        self.orlop.ok(["history", &self.neighbour]);
        self.orlop.ok(["system", "df"]);
        self.orlop.ok(["export", &self.neighbour, "base"]);
    }

    fn has_victim(&self) -> bool {
        let listed = self.orlop.ok(["images", "-q", "--no-trunc"]).stdout;
        listed.contains(&self.victim.top.digest)
    }
}

/// One line that says that the disk is full, and nothing else is at fault.
fn assert_says_so(ended: Finished) {
    let ended = ended.expect_code(1);
    let errors: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("Error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{ended}");
    let words = ["No space left on device", "disk is full"];
    assert!(
        words.iter().any(|words| errors[0].contains(words)),
        "{ended}"
    );
}

fn with_drivers(body: impl Fn(Scene)) {
    for driver in crate::hostile::drivers() {
        if let Some(scene) = Scene::new(driver) {
            body(scene);
        }
    }
}

#[test]
fn root_a_pull_says_so_and_goes_on() {
    with_drivers(|scene| {
        let remove = || {
            scene.orlop.ok(["rmi", &scene.name]);
        };
        scene.fills_up(&["pull", "-q", &scene.name], || scene.has_victim(), remove);
    });
}

#[test]
fn root_a_load_says_so_and_goes_on() {
    with_drivers(|scene| {
        let archive = scene.orlop.folder().join("victim.tar");
        let archive = archive.to_str().expect("plain");
        let elsewhere = orlop();
        elsewhere.ok(["pull", "-q", &scene.name]);
        elsewhere.ok(["save", "-q", "-o", archive, &scene.name]);
        let remove = || {
            scene.orlop.ok(["rmi", &scene.name]);
        };
        scene.fills_up(
            &["load", "-q", "-i", archive],
            || scene.has_victim(),
            remove,
        );
    });
}

#[test]
fn root_a_tag_says_so_and_goes_on() {
    with_drivers(|scene| {
        let is_there = || scene.orlop.ok(["images"]).stdout.contains("another");
        let remove = || {
            scene.orlop.ok(["rmi", "another:v1"]);
        };
        scene.fills_up(&["tag", &scene.neighbour, "another:v1"], is_there, remove);
    });
}

/// Whoever has filled the disk with images must be able to remove some.
#[test]
fn root_what_fills_the_disk_can_be_removed() {
    with_drivers(|scene| {
        scene.orlop.ok(["pull", "-q", &scene.name]);
        scene.disk.fill();
        scene.orlop.ok(["rmi", &scene.name]);
        // Whoever comes when there is room sees to it that there is a reserve again.
        scene.disk.leave(6_000_000);
        assert!(!scene.has_victim());
        scene.disk.fill();
        scene.orlop.ok(["prune", "-af"]);
        scene.disk.free();
        scene.orlop.ok(["system", "prune", "-f"]);
        crate::assert_empty(&scene.orlop);
    });
}
