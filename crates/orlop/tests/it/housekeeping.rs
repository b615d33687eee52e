//! `prune` by policy, and `undo` of what it and `rmi` took.

use orlop_testing::{Document, Image, MediaTypes, Orlop, PlatformName, Registry, SmallDisk};

use crate::{assert_empty, big, layer, layers, orlop, small};

/// Some versions of an application that share their base, each built a day after the one before.
fn versions(registry: &Registry, orlop: &Orlop, tags: &[&str]) -> Vec<(String, String)> {
    let base = layer("base", "shared by all versions");
    let pull = |(day, tag): (usize, &&str)| {
        let created = format!("2026-11-0{}T00:00:00Z", day + 1);
        let layers = [base.clone(), layer("version", tag)];
        let plain = Image::new(&PlatformName::host(), &layers);
        let mut config: serde_json::Value =
            serde_json::from_slice(&plain.config().bytes).expect("JSON");
        config["created"] = created.into();
        let config = Document::new(
            plain.config().media_type.clone(),
            config.to_string().into_bytes(),
        );
        let image = Image::from_parts(config, &layers, MediaTypes::Oci, |_| {});
        let name = image.push(&registry.host(), "app", tag);
        orlop.ok(["pull", "-q", &name]);
        (name, image.top.digest.clone())
    };
    tags.iter().enumerate().map(pull).collect()
}

fn names(orlop: &Orlop) -> Vec<String> {
    let listed = orlop.ok(["images", "--format", "{{.Tag}}"]);
    let mut tags: Vec<String> = listed.lines().iter().map(ToString::to_string).collect();
    tags.sort();
    tags
}

/// The bytes after a heading, as docker writes sizes.
fn bytes_after(text: &str, heading: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(heading));
    line.unwrap_or_else(|| panic!("{heading} in {text}"))[heading.len()..].to_owned()
}

#[test]
fn the_newest_stay_and_a_dry_run_says_what_goes() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let all = versions(&registry, &orlop, &["v1", "v2", "v3", "stable"]);
    orlop.ok(["tag", &all[0].0, &format!("{}/app:lts", registry.host())]);
    let planned = orlop.ok(["prune", "--keep-last", "2", "--dry-run"]).stdout;
    assert!(
        planned.contains("IMAGE ") && planned.contains("WHY"),
        "{planned}"
    );
    assert_eq!(
        planned
            .matches("not among the 2 newest of its repository")
            .count(),
        2,
        "{planned}"
    );
    let would = bytes_after(&planned, "Would reclaim: ");
    let planned = orlop.ok(["prune", "--keep-tag", "v*", "--dry-run"]).stdout;
    assert_eq!(
        planned.matches("no container uses it").count(),
        1,
        "{planned}"
    );
    assert!(planned.contains("/app:stable "), "{planned}");
    let wrong = orlop.run(["prune", "--keep-tag", "/(/", "--dry-run"]);
    assert!(wrong.expect_code(125).stderr.contains("--keep-tag: "));
    assert_eq!(names(&orlop).len(), 5, "a dry run changes nothing");

    // Whoever doesn't answer with yes keeps all.
    let asked = orlop
        .program()
        .args(["prune", "--keep-last", "2"])
        .input("n\n")
        .run();
    let asked = asked.expect_success().stdout;
    assert!(
        asked.starts_with("WARNING! This will remove 2 images and free "),
        "{asked}"
    );
    assert!(
        asked.ends_with("Are you sure you want to continue? [y/N] "),
        "{asked}"
    );
    assert_eq!(names(&orlop).len(), 5);

    let pruned = orlop
        .ok(["image", "prune", "--keep-last", "2", "--force"])
        .stdout;
    for gone in &all[..2] {
        assert!(
            pruned.contains(&format!("untagged: {}\n", gone.0)),
            "{pruned}"
        );
        assert!(
            pruned.contains(&format!("deleted: {}\n", gone.1)),
            "{pruned}"
        );
    }
    assert_eq!(bytes_after(&pruned, "Total reclaimed space: "), would);
    assert_eq!(names(&orlop), ["stable", "v3"]);
    assert_eq!(layers(&orlop).len(), 3, "the shared base stays");
}

#[test]
fn what_was_used_stays() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let all = versions(&registry, &orlop, &["v1", "v2", "v3"]);
    let database = orlop.store().join("orlop.db");
    let age = |days: i64| {
        let database = rusqlite::Connection::open(&database).unwrap();
        let nanos = days * 86_400 * 1_000_000_000;
        let aged = "UPDATE images SET used = used - ?1, stored = stored - ?1";
        database.execute(aged, [nanos]).unwrap();
    };
    age(20);
    // Each of these is a use.
    orlop.ok(["pull", "-q", &all[0].0]);
    orlop.ok(["push", "-q", &all[1].0]);
    let planned = orlop
        .ok(["prune", "--unused-for", "14d", "--dry-run"])
        .stdout;
    assert!(planned.contains("unused for 2 weeks"), "{planned}");
    orlop.ok(["prune", "--unused-for", "14d", "-f"]);
    assert_eq!(names(&orlop), ["v1", "v2"]);
    age(20);
    orlop.ok(["tag", &all[0].0, "mine:v1"]);
    orlop.ok(["prune", "--unused-for", "14d", "-f"]);
    assert_eq!(names(&orlop), ["v1", "v1"]);
    for wrong in ["soon", "0s", "1 month"] {
        let said = orlop
            .run(["prune", "--unused-for", wrong])
            .expect_code(125)
            .stderr;
        assert!(said.contains("--unused-for"), "{said}");
    }
}

#[test]
fn space_is_freed_as_far_as_it_is_needed() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let all = versions(&registry, &orlop, &["v1", "v2", "v3"]);
    orlop.ok(["pull", "-q", &all[0].0]);
    let enough = orlop.ok(["prune", "--free", "1kB", "-f"]);
    assert!(enough.stderr.contains("no image was removed"), "{enough}");
    let enough = enough.stdout;
    assert_eq!(enough, "Total reclaimed space: 0B\n");
    assert_eq!(names(&orlop).len(), 3);
    let planned = orlop.ok(["prune", "--free", "5EB", "--dry-run"]).stdout;
    let order: Vec<usize> = ["v2", "v3", "v1"]
        .iter()
        .map(|tag| planned.find(&format!("app:{tag}")).expect(tag))
        .collect();
    assert!(
        order.is_sorted(),
        "the least recently used first: {planned}"
    );
    assert!(
        planned.contains("less would be free than asked for"),
        "{planned}"
    );
    let short = orlop.ok(["prune", "--free", "5EB", "-f", "--unused-for", "1h"]);
    assert!(
        short.stderr.contains("less is free than asked for"),
        "{short}"
    );
    assert_eq!(names(&orlop), ["v1", "v2", "v3"], "all were just used");
}

#[test]
fn undo_brings_back_what_is_held_without_fetching() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop().env("ORLOP_STORE_UNDO_FOR", "1h");
    let all = versions(&registry, &orlop, &["v1", "v2"]);
    drop(registry);
    let before = orlop.ok(["images", "--no-trunc", "--digests"]).stdout;
    let files = orlop.files_below("oci/blobs");
    let removed = orlop.ok(["rmi", &all[0].0, &all[1].0]);
    assert!(
        removed.stdout.contains(&format!("Deleted: {}", all[1].1)),
        "docker's words: {removed}"
    );
    assert!(
        removed.stderr.contains("held for `orlop undo`, for 1h0m"),
        "{removed}"
    );
    assert_eq!(orlop.ok(["images", "-qa"]).text(), "");
    assert!(
        orlop
            .fails(["inspect", &all[0].0])
            .contains("no such object")
    );
    orlop.ok(["image", "prune", "-f"]);
    let listed = orlop.ok(["undo", "--list"]).stdout;
    assert!(
        listed.contains("rmi ") && listed.contains("held for "),
        "{listed}"
    );

    let undone = orlop.ok(["undo"]).stdout;
    assert!(undone.starts_with("Undone: rmi "), "{undone}");
    assert!(
        undone.contains(&format!("Tagged: {}\n", all[0].0)),
        "{undone}"
    );
    assert_eq!(
        orlop.ok(["images", "--no-trunc", "--digests"]).stdout,
        before
    );
    assert_eq!(orlop.files_below("oci/blobs"), files);
    assert!(orlop.fails(["undo"]).contains("nothing to undo"));

    let pruned = orlop.ok(["image", "prune", "-af"]);
    assert_eq!(bytes_after(&pruned.stdout, "Total reclaimed space: "), "0B");
    assert!(
        pruned.stderr.contains("is held for `orlop undo`"),
        "{pruned}"
    );
    orlop.ok(["undo", "--no-pull"]);
    assert_eq!(
        orlop.ok(["images", "--no-trunc", "--digests"]).stdout,
        before
    );

    // What must be free now is.
    orlop.ok(["rmi", &all[0].0]);
    let now = orlop.ok(["prune", "-af", "--no-undo"]).stdout;
    assert!(
        bytes_after(&now, "Total reclaimed space: ") != "0B",
        "{now}"
    );
    assert_empty(&orlop);
    let gone = orlop.fails(["undo", "--no-pull"]);
    assert!(gone.contains("not on the disk any more: "), "{gone}");
}

#[test]
fn undo_fetches_what_was_freed() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let name = small("fetched again").push(&registry.host(), "app", "v1");
    let digest = orlop.ok(["pull", "-q", &name]).text().to_owned();
    assert_eq!(digest, name);
    let id = orlop.ok(["images", "-q", "--no-trunc"]).text().to_owned();
    // The tag moves on; it is the digest that comes back.
    let _ = small("newer").push(&registry.host(), "app", "v1");
    orlop.ok(["rmi", &name]);
    assert_empty(&orlop);
    let undone = orlop.ok(["undo"]).stdout;
    assert!(undone.contains(&format!("Tagged: {name}\n")), "{undone}");
    assert_eq!(orlop.ok(["images", "-q", "--no-trunc"]).text(), id);
    let log = orlop.ok(["tag", "log", "--format", "{{.Action}}", &name]);
    assert_eq!(log.lines(), ["restored", "removed", "pulled"]);
    // Nothing but the name that it had.
    orlop.ok(["rmi", &name]);
    drop(registry);
    let failed = orlop.run(["undo"]).expect_code(1);
    assert!(!failed.stdout.contains("Undone"), "nothing was: {failed}");
    let failed = failed.stderr;
    assert!(failed.contains("not on the disk any more"), "{failed}");
    assert!(
        failed.contains("hint: store.undo_for = \"10m\""),
        "{failed}"
    );
    assert!(
        orlop
            .ok(["undo", "--list"])
            .stdout
            .contains("1 to be fetched")
    );
}

#[test]
fn undo_leaves_names_alone_that_mean_something_else() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop().env("ORLOP_STORE_UNDO_FOR", "1h");
    let all = versions(&registry, &orlop, &["v1", "v2"]);
    orlop.ok(["tag", &all[0].0, "mine:1"]);
    orlop.ok(["rmi", "mine:1"]);
    orlop.ok(["tag", &all[1].0, "mine:1"]);
    let undone = orlop.ok(["undo"]);
    assert!(undone.stderr.contains("mine:1 stands for "), "{undone}");
    let id = orlop
        .ok(["images", "-q", "--no-trunc", "mine:1"])
        .text()
        .to_owned();
    assert_eq!(id, all[1].1);
}

#[test]
fn root_a_full_disk_is_freed_until_there_is_room() {
    let (Some(disk), Some(registry)) = (SmallDisk::new(128), Registry::start()) else {
        return;
    };
    let orlop = orlop().root(disk.path().join("store")).driver("vfs");
    let mut names = Vec::new();
    for seed in 0..4 {
        let name = big(8, seed).push(&registry.host(), "big", &format!("v{seed}"));
        orlop.ok(["pull", "-q", &name]);
        names.push(name);
    }
    let free = |disk: &SmallDisk| {
        let stat = rustix::fs::statvfs(disk.path()).expect("a disk");
        stat.f_bavail * stat.f_frsize
    };
    let before = free(&disk);
    let wanted = before + (9 << 20);
    let wanted = wanted.to_string();
    let planned = orlop.ok(["prune", "--free", &wanted, "--dry-run"]).stdout;
    assert_eq!(
        planned.matches("least recently used").count(),
        1,
        "{planned}"
    );
    orlop.ok(["prune", "--free", &wanted, "-f"]);
    assert!(free(&disk) >= before + (9 << 20));
    let left = orlop.ok(["images", "--format", "{{.Tag}}"]);
    let mut left: Vec<&str> = left.lines();
    left.sort_unstable();
    assert_eq!(left, ["v1", "v2", "v3"], "the least recently used went");
}
