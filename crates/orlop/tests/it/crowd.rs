//! Many processes at one store: nothing is lost, nothing waits for ever, and nobody hears of a
//! database that is locked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use orlop_store::Store;
use orlop_testing::{FaultProxy, Finished, Orlop};

use crate::stacks::asked_for;
use crate::{assert_empty, orlop, small};

/// Insists that a store is whole, read to the last byte.
fn assert_whole(orlop: &Orlop) {
    let verified = orlop.ok(["system", "repair", "--dry-run"]).stdout;
    assert!(!verified.contains("damaged: "), "{verified}");
}

/// No process is told of what another is at.
fn assert_not_in_the_way(ended: &Finished) {
    for words in ["locked", "busy", "panicked"] {
        assert!(!ended.stderr.contains(words), "{ended}");
    }
}

/// Of a removal only one that somebody else made first may fail.
fn removed(ended: Finished) {
    assert_not_in_the_way(&ended);
    if !ended.status.success() {
        let ended = ended.expect_code(1);
        assert!(ended.stderr.contains("No such image"), "{ended}");
    }
}

/// Five seconds, or `ORLOP_TEST_SECONDS`.
#[test]
fn two_processes_pull_remove_and_prune_one_image() {
    let registry = FaultProxy::alone();
    registry.serve("app", "v1", &small("contended"));
    let name = format!("{}/app:v1", registry.host());
    for driver in crate::hostile::drivers() {
        let orlop = orlop().driver(driver);
        let seconds = asked_for("ORLOP_TEST_SECONDS", 5);
        let end = Instant::now() + Duration::from_secs(seconds);
        let work = |number: u64| {
            let mut rounds = 0;
            while Instant::now() < end {
                let pulled = orlop.ok(["pull", "-q", &name]);
                assert_not_in_the_way(&pulled);
                // In another order in each process, and in each round.
                match (rounds + number) % 3 {
                    0 => removed(orlop.run(["rmi", &name])),
                    1 => assert_not_in_the_way(&orlop.ok(["prune", "-af"])),
                    _ => {
                        assert_not_in_the_way(&orlop.ok(["system", "prune", "-f"]));
                        removed(orlop.run(["rmi", "-f", &name]));
                    }
                }
                rounds += 1;
            }
            rounds
        };
        let rounds = std::thread::scope(|scope| {
            let other = scope.spawn(|| work(1));
            work(0) + other.join().expect("the other process fares as well")
        });
        println!("{driver}: {rounds} rounds in {seconds} s");
        orlop.ok(["pull", "-q", &name]);
        assert_whole(&orlop);
        orlop.ok(["rmi", &name]);
        orlop.ok(["system", "prune", "-f"]);
        assert_empty(&orlop);
    }
}

/// Forty processes, or `ORLOP_TEST_CROWD`.
#[test]
fn a_crowd_tags_pulls_and_removes_at_once() {
    let crowd = asked_for("ORLOP_TEST_CROWD", 40);
    let registry = FaultProxy::alone();
    let images = ["one", "two", "three", "four"];
    for image in images {
        registry.serve(image, "v1", &small(image));
    }
    let orlop = orlop();
    let pulled = |image: &str| format!("{}/{image}:v1", registry.host());
    let first = pulled(images[0]);
    orlop.ok(["pull", "-q", &first]);
    let tags = |kind: &str| -> Vec<String> {
        let numbers = 0..crowd / 4;
        numbers.map(|number| format!("{kind}:t{number}")).collect()
    };
    let (goes, comes) = (tags("goes"), tags("comes"));
    for name in &goes {
        orlop.ok(["tag", &first, name]);
    }

    let start = Instant::now();
    let mut running = Vec::new();
    for number in 0..goes.len() {
        let image = pulled(images[number % images.len()]);
        running.push(orlop.spawn(["tag", &first, &comes[number]]));
        running.push(orlop.spawn(["pull", "-q", &image]));
        running.push(orlop.spawn(["rmi", &goes[number]]));
        running.push(orlop.spawn(["images", "-q"]));
    }
    let count = running.len();
    for process in running {
        let ended = process.wait(Duration::from_secs(120)).expect_success();
        assert_not_in_the_way(&ended);
    }
    println!("{count} processes in {:?}", start.elapsed());

    let listed = orlop.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let listed: BTreeSet<String> = listed.lines().into_iter().map(str::to_owned).collect();
    let expected = comes.iter().cloned().chain(images.map(pulled)).collect();
    assert_eq!(listed, expected);
    assert_whole(&orlop);
    orlop.ok(["prune", "-af"]);
    orlop.ok(["system", "prune", "-f"]);
    assert_empty(&orlop);
}

/// A pull needs two locks of a layer: that of what it unpacks to, and that of its bytes. When it gets
/// the first and not the second, it lets go of both, or it would wait for itself.
#[test]
fn who_waits_for_a_layer_holds_nothing() {
    let registry = FaultProxy::alone();
    let image = small("held");
    registry.serve("app", "v1", &image);
    let orlop = orlop();
    orlop.ok(["images"]);
    let store = Store::open(orlop.store()).expect("the store opens");
    let digest = image.layer_digests()[0].parse().expect("a digest");
    let held = store.try_lock_blob(&digest).expect("a lock");
    assert!(held.is_some(), "nobody else is at it");
    let name = format!("{}/app:v1", registry.host());
    let pull = orlop.spawn(["--progress", "json", "pull", &name]);
    let start = Instant::now();
    while !pull.stderr().contains("waiting") {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{}",
            pull.stderr()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(held);
    pull.wait(Duration::from_secs(20)).expect_success();
}
