//! Pulls that are stopped, killed or raced: what is kept, what is visible, what the next one costs.

use std::time::{Duration, Instant};

use orlop_testing::{Fault, FaultProxy, Image, Orlop, PlatformName, Registry, Rule, Running};

use crate::{big, layer, orlop};

const MEGABYTE: u64 = 1 << 20;

/// A registry behind a proxy, with one image.
struct Scene {
    _registry: Registry,
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
        _registry: registry,
        proxy,
        image,
        name,
    })
}

impl Scene {
    /// Makes blobs come at a megabyte a second.
    fn slow_down(&self) {
        self.proxy
            .add(Rule::new("/blobs/", Fault::Slow { rate: MEGABYTE }).method("GET"));
    }

    /// Starts a pull and waits until `bytes` of the last layer have come.
    fn pull_until(&self, orlop: &Orlop, bytes: u64) -> Running {
        let mut pull = orlop.spawn(["pull", &self.name]);
        let layer = self.layer();
        let start = Instant::now();
        while self.proxy.received(&layer) < bytes {
            assert!(
                pull.is_running(),
                "the pull ends before its time:\n{}",
                pull.stderr()
            );
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the pull doesn't get on"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        pull
    }

    fn layer(&self) -> String {
        self.image
            .layer_digests()
            .pop()
            .expect("an image has a layer")
    }

    fn layer_size(&self) -> u64 {
        self.image
            .blobs
            .last()
            .expect("an image has a layer")
            .bytes
            .len() as u64
    }
}

fn no_image(orlop: &Orlop) {
    assert_eq!(
        orlop.ok(["images", "-aq"]).stdout,
        "",
        "nothing half-done is visible"
    );
}

#[test]
fn ctrl_c_stops_within_a_second_and_the_next_pull_resumes() {
    let Some(scene) = scene(big(6, 11)) else {
        return;
    };
    scene.slow_down();
    let orlop = orlop();
    let pull = scene.pull_until(&orlop, 2 * MEGABYTE);
    let start = Instant::now();
    pull.signal(rustix::process::Signal::INT);
    let ended = pull.wait(Duration::from_secs(10));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ended.code(), 130, "{ended}");
    let last = ended
        .stderr
        .lines()
        .find(|line| line.contains("interrupted"))
        .expect("it says so");
    assert!(
        last.contains("kept ") && last.contains("of 1 layer; the next pull resumes"),
        "{last}"
    );
    no_image(&orlop);

    scene.proxy.heal();
    scene.proxy.forget();
    orlop.ok(["pull", &scene.name]);
    let again = scene.proxy.received(&scene.layer());
    assert!(
        again <= scene.layer_size() - MEGABYTE,
        "{again} of {} bytes came anew",
        scene.layer_size()
    );
    assert!(again > 0);
}

#[test]
fn kill_9_loses_nothing_and_shows_nothing() {
    let Some(scene) = scene(big(6, 12)) else {
        return;
    };
    scene.slow_down();
    let orlop = orlop();
    let pull = scene.pull_until(&orlop, 2 * MEGABYTE);
    pull.signal(rustix::process::Signal::KILL);
    let _ = pull.wait(Duration::from_secs(5));
    no_image(&orlop);

    scene.proxy.heal();
    scene.proxy.forget();
    orlop.ok(["pull", &scene.name]);
    let again = scene.proxy.received(&scene.layer());
    assert!(
        again <= scene.layer_size() - MEGABYTE,
        "{again} of {} bytes came anew",
        scene.layer_size()
    );
    orlop.ok(["rmi", &scene.name]);
    orlop.ok(["system", "prune", "-f"]);
    crate::assert_empty(&orlop);
}

#[test]
fn killed_at_any_moment_the_store_stays_sound() {
    let layers: Vec<_> = (0..6)
        .map(|number| layer(&format!("file-{number}"), &"content ".repeat(50_000)))
        .collect();
    let image = Image::new(&PlatformName::host(), &layers);
    let Some(scene) = scene(image) else { return };
    let orlop = orlop();
    let mut moments = 0;
    for delay in 0..60 {
        let mut pull = orlop.spawn(["pull", &scene.name]);
        std::thread::sleep(Duration::from_millis(delay * 4));
        let running = pull.is_running();
        pull.signal(rustix::process::Signal::KILL);
        let killed = pull.wait(Duration::from_secs(10));
        let listed = orlop.ok(["images", "-q", "--no-trunc"]);
        if listed.stdout.is_empty() {
            moments += 1;
            continue;
        }
        assert_eq!(listed.text(), scene.image.top.digest);
        // What is listed is whole, whatever was reported.
        orlop.ok(["push", &scene.name]);
        orlop.ok(["rmi", &scene.name]);
        if !running {
            assert!(killed.status.success(), "{killed}");
            break;
        }
    }
    assert!(moments > 0, "some were killed before they were done");
    orlop.ok(["pull", &scene.name]);
    orlop.ok(["rmi", &scene.name]);
    orlop.ok(["system", "prune", "-f"]);
    crate::assert_empty(&orlop);
}

#[test]
fn two_processes_fetch_each_layer_once() {
    let layers = [
        orlop_testing::Layer::noise("one", 1 << 20, 21),
        orlop_testing::Layer::noise("two", 1 << 20, 22),
    ];
    let Some(scene) = scene(Image::new(&PlatformName::host(), &layers)) else {
        return;
    };
    scene.slow_down();
    let orlop = orlop();
    let pulls: Vec<Running> = (0..3).map(|_| orlop.spawn(["pull", &scene.name])).collect();
    for pull in pulls {
        let ended = pull.wait(Duration::from_secs(60)).expect_success();
        assert_eq!(ended.lines().last(), Some(&scene.name.as_str()));
    }
    for layer in layers {
        let (digest, size) = (layer.digest(), layer.blob.len() as u64);
        assert_eq!(scene.proxy.received(&digest), size, "once in all");
        assert_eq!(scene.proxy.count("GET", &digest), 1);
    }
    assert_eq!(orlop.ok(["images", "-q"]).lines().len(), 1);
}

#[test]
fn the_death_of_the_one_that_fetches_hands_over_to_the_one_that_waits() {
    let Some(scene) = scene(big(4, 23)) else {
        return;
    };
    scene.slow_down();
    let orlop = orlop();
    let first = scene.pull_until(&orlop, MEGABYTE);
    let second = orlop.spawn(["pull", &scene.name]);
    std::thread::sleep(Duration::from_millis(300));
    first.signal(rustix::process::Signal::KILL);
    let _ = first.wait(Duration::from_secs(5));
    scene.proxy.heal();
    second.wait(Duration::from_secs(60)).expect_success();
    let all = scene.proxy.received(&scene.layer());
    assert!(
        all < scene.layer_size() + MEGABYTE,
        "what the first had was used: {all} of {}",
        scene.layer_size()
    );
}

#[test]
fn removal_beside_a_pull_takes_nothing_that_the_pull_has_seen() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let base = orlop_testing::Layer::noise("base", 1 << 20, 31);
    let image = |number: u64| {
        let top = orlop_testing::Layer::noise("top", 2 << 20, number);
        Image::new(&PlatformName::host(), &[base.clone(), top])
    };
    let proxy = FaultProxy::start(&registry.host());
    let old = image(32).push(&registry.host(), "app", "old");
    let _ = image(33).push(&registry.host(), "app", "new");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &old]);
    proxy.add(Rule::new("/blobs/", Fault::Slow { rate: MEGABYTE }).method("GET"));
    let name = format!("{}/app:new", proxy.host());
    let pull = orlop.spawn(["pull", &name]);
    let start = Instant::now();
    while proxy.received("/blobs/") < MEGABYTE / 2 {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    // The base layer "already exists" for the pull; its only image goes now.
    orlop.ok(["rmi", &old]);
    orlop.ok(["system", "prune", "-a", "-f"]);
    proxy.heal();
    pull.wait(Duration::from_secs(60)).expect_success();
    let target = format!("{}/app:again", registry.host());
    orlop.ok(["tag", &name, &target]);
    orlop.ok(["push", &target]);
}
