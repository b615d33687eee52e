//! `system repair`: damage done to a store's files, and what becomes of it.

use std::path::PathBuf;
use std::time::Duration;

use orlop_testing::{Orlop, Registry};

use crate::{big, layers, orlop, small};

fn blob(orlop: &Orlop, digest: &str) -> PathBuf {
    let hex = digest.trim_start_matches("sha256:");
    orlop.layout().join("blobs/sha256").join(hex)
}

#[test]
fn only_what_is_damaged_is_fetched_again() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("rotten");
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let fine = orlop.ok(["system", "repair"]).stdout;
    assert!(
        fine.ends_with("2 unpacked layers: nothing is damaged\n"),
        "{fine}"
    );

    let rotten = &image.layer_digests()[0];
    let path = blob(&orlop, rotten);
    let mut bytes = std::fs::read(&path).expect("a blob");
    bytes[10] ^= 1;
    std::fs::write(&path, &bytes).expect("a damaged blob");
    let fast = orlop.ok(["system", "repair", "--fast"]).stdout;
    assert!(fast.contains("nothing is damaged"), "{fast}");
    for _ in 0..2 {
        let told = orlop.run(["system", "repair", "--dry-run"]).expect_code(1);
        let line = format!("damaged: blob {rotten}: its bytes have the digest sha256:");
        assert!(told.stdout.contains(&line), "{told}");
        assert!(
            told.stdout.contains(&format!("(needed by {name})")),
            "{told}"
        );
    }
    let repaired = orlop.run(["system", "repair"]).expect_code(1);
    assert!(
        repaired.stdout.contains("put aside in quarantine"),
        "{repaired}"
    );
    assert!(
        repaired
            .stdout
            .contains(&format!("`orlop pull {name}` fetches what it lacks")),
        "{repaired}"
    );
    assert!(
        repaired.stderr.contains("Error: 1 thing is damaged still"),
        "{repaired}"
    );
    assert!(!path.exists());
    assert!(orlop.ok(["system", "df"]).stdout.contains("Leftovers "));

    let pulled = orlop.ok(["--progress", "json", "pull", &name]);
    let events: Vec<serde_json::Value> = pulled
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let fetched: Vec<&str> = events
        .iter()
        .filter(|event| event["state"] == "downloaded")
        .filter_map(|event| event["digest"].as_str())
        .collect();
    assert_eq!(fetched, [rotten.as_str()], "{pulled}");
    let fine = orlop.ok(["system", "repair"]).stdout;
    assert!(fine.contains("nothing is damaged"), "{fine}");
}

#[test]
fn unpacked_layers_are_put_right() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let name = small("unpacked").push(&registry.host(), "app", "v1");
    orlop.ok(["pull", "-q", &name]);
    drop(registry);
    let files = orlop.files_below("snapshots");
    let victim = files
        .iter()
        .find(|path| path.ends_with("top"))
        .expect("a file");
    let content = std::fs::read(victim).expect("its content");
    std::fs::write(victim, "tampered with").expect("a tampered file");
    let told = orlop.ok(["system", "repair"]).stdout;
    assert!(told.contains("repaired: unpacked layer sha256:"), "{told}");
    assert!(
        told.contains("1 path differs from its blob's: /top"),
        "{told}"
    );
    assert!(told.contains(": unpacked anew\n"), "{told}");
    assert_eq!(std::fs::read(victim).expect("it again"), content);
    assert_eq!(orlop.files_below("snapshots"), files);
}

#[test]
fn a_store_without_its_database_is_brought_back() {
    let Some(registry) = Registry::start() else {
        return;
    };
    for damage in [None, Some("this is not what a database looks like, at all")] {
        let orlop = orlop();
        let name = small("lost").push(&registry.host(), "app", "v1");
        orlop.ok(["pull", "-q", &name]);
        orlop.ok(["tag", &name, "mine:1"]);
        let list = |orlop: &Orlop| orlop.ok(["images", "--no-trunc", "--digests"]).stdout;
        let (before, blobs) = (list(&orlop), orlop.files_below("oci/blobs"));
        let unpacked = layers(&orlop);
        for file in ["orlop.db", "orlop.db-wal", "orlop.db-shm"] {
            let _ = std::fs::remove_file(orlop.store().join(file));
        }
        if let Some(text) = damage {
            std::fs::write(orlop.store().join("orlop.db"), text).expect("damage");
        }
        // Nothing works on an empty store by mistake.
        for words in [
            &["images"][..],
            &["image", "prune", "-af"],
            &["system", "repair", "--dry-run"],
        ] {
            let said = orlop.fails(words);
            assert!(
                said.contains("hint: `orlop system repair` makes it anew"),
                "{said}"
            );
        }
        assert_eq!(orlop.files_below("oci/blobs"), blobs);
        let told = orlop.ok(["system", "repair"]).stdout;
        assert!(
            told.contains("database: made anew of 4 blobs, 1 images and 2 names"),
            "{told}"
        );
        assert_eq!(list(&orlop), before);
        orlop.ok(["image", "prune", "-f"]);
        assert_eq!(
            orlop.files_below("oci/blobs"),
            blobs,
            "nothing is lost by a collection"
        );
        assert_eq!(layers(&orlop), unpacked);
        assert!(
            orlop
                .ok(["system", "repair"])
                .stdout
                .contains("nothing is damaged")
        );
        assert!(!orlop.files_below("quarantine").is_empty() || damage.is_none());
    }
}

#[test]
fn it_stops_when_it_is_interrupted() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let name = big(300, 7).push(&registry.host(), "app", "big");
    orlop.ok(["pull", "-q", &name]);
    let running = orlop.spawn(["--progress", "json", "system", "repair"]);
    // It has begun to read.
    let begun = std::time::Instant::now();
    while !running.stderr().contains("\"what\":\"Checking\"") {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{}",
            running.stderr()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal(rustix::process::Signal::INT);
    let ended = running.wait(Duration::from_secs(20)).expect_code(130);
    assert!(
        ended.stderr.contains("interrupted: what was repaired is"),
        "{ended}"
    );
    assert!(
        orlop
            .ok(["system", "repair", "--fast"])
            .stdout
            .contains("nothing is damaged")
    );
    assert_eq!(layers(&orlop).len(), 1);
}
