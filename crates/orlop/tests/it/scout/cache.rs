//! What scans keep: when it is used, what it takes, how to be rid of it, and how a pull makes it.

use std::path::Path;

use orlop_testing::{Compression, Image, Layer, Orlop, PlatformName, Registry, Tarball};

use crate::orlop;

/// A layer with a package, and one with another.
fn image() -> Image {
    let base = Tarball::new()
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\n\n",
        );
    let package = r#"{"name":"left","version":"1.0.0"}"#;
    let own = Tarball::new().file("srv/node_modules/left/package.json", 0o644, package);
    let layers = [base, own].map(|tar| Layer::new(&tar.finish(), Compression::Gzip));
    Image::new(&PlatformName::host(), &layers)
}

const NAME: &str = "example.com/scanned:v1";
const READ: &str = "    ✓ Indexed 2 packages\n";
const CACHED: &str = "    ✓ SBOM of image already cached, 2 packages indexed\n";

fn layout(orlop: &Orlop) -> String {
    let layout = orlop.folder().join("layout");
    image().write_layout(&layout, NAME);
    layout.to_str().expect("a plain name").to_owned()
}

fn loaded() -> Orlop {
    let orlop = orlop();
    let layout = layout(&orlop);
    orlop.ok(["load", "-q", "-i", &layout]);
    orlop
}

/// What a scan says that it did.
fn scan(orlop: &Orlop, name: &str) -> String {
    orlop.ok(["scout", "sbom", name]).stderr
}

/// Runs `scout cache prune` with these flags and this answer, and gives what it prints.
fn prune(orlop: &Orlop, flags: &[&str], answer: &str) -> (String, String) {
    let prune = orlop.program().args(["scout", "cache", "prune"]);
    let done = prune.args(flags).input(answer).ok();
    (done.stdout, done.stderr)
}

#[test]
fn what_is_kept_is_used_until_it_is_pruned() {
    let orlop = loaded();
    assert_eq!(scan(&orlop, NAME), READ);
    assert_eq!(scan(&orlop, NAME), CACHED);
    // Without a name the newest image is meant.
    assert_eq!(orlop.ok(["scout", "sbom"]).stderr, CACHED);

    let asked = "Are you sure to delete all temporary data? [y/N] ";
    let told = format!("{asked}Total reclaimed space: 0B\n");
    let done = "    ✓ temporary data deleted\n";
    assert_eq!(prune(&orlop, &[], "y\n"), (told, done.to_owned()));
    assert_eq!(scan(&orlop, NAME), CACHED, "SBOMs are no temporary data");

    let asked = "Are you sure to delete all temporary data and all cached SBOMs? [y/N] ";
    let nothing = (asked.to_owned(), String::new());
    assert_eq!(prune(&orlop, &["--sboms"], "n\n"), nothing);
    assert_eq!(scan(&orlop, NAME), CACHED, "no is no");

    let (stdout, stderr) = prune(&orlop, &["--sboms", "--force"], "");
    assert!(
        stdout.starts_with("Total reclaimed space: ") && !stdout.ends_with(" 0B\n"),
        "{stdout}"
    );
    assert_eq!(stderr, format!("{done}    ✓ cached SBOMs deleted\n"));
    assert_eq!(scan(&orlop, NAME), READ);
}

#[test]
fn df_tells_images_and_layers() {
    let orlop = loaded();
    let df = || orlop.ok(["scout", "cache", "df"]).stdout;
    assert_eq!(df().matches("Total: 0B\n").count(), 2, "{}", df());
    scan(&orlop, NAME);
    let shown = df();
    let digest = image().top.digest;
    for line in [&digest, "2 layers"] {
        let row = format!("  {line:71} │ ");
        assert!(shown.contains(&row), "{shown}");
    }
    assert!(shown.contains(" │ Size of SBOM\n"), "{shown}");
    // What was found goes with its image.
    orlop.ok(["rmi", NAME]);
    assert_eq!(df().matches("Total: 0B\n").count(), 2, "{}", df());
}

#[test]
fn what_nobody_needs_is_temporary() {
    let orlop = loaded();
    scan(&orlop, NAME);
    let old = orlop.store().join("scout/advisories-v0.db");
    std::fs::create_dir_all(old.parent().expect("a folder")).expect("it is made");
    std::fs::write(&old, [0; 1000]).expect("it is written");
    let rows = rusqlite::Connection::open(orlop.store().join("orlop.db")).expect("a database");
    // As a version of the program wrote it that had other catalogers.
    let write = "UPDATE layer_records SET record = zeroblob(500), bytes = 500";
    assert_eq!(rows.execute(write, ()).expect("a change"), 2);
    let shown = orlop.ok(["scout", "cache", "df"]).stdout;
    assert!(shown.contains("\nTotal: 2kB\n"), "{shown}");
    let (stdout, _) = prune(&orlop, &["--force"], "");
    assert_eq!(stdout, "Total reclaimed space: 2kB\n");
    assert!(!Path::new(&old).exists());
    assert_eq!(scan(&orlop, NAME), CACHED, "the image's own is whole");
}

#[test]
fn a_load_catalogues_where_that_is_wished_for() {
    let orlop = orlop();
    let layout = layout(&orlop);
    let load = ["--set", "scout.index_on_pull=true", "load", "-q", "-i"];
    orlop.ok(load.into_iter().chain([layout.as_str()]));
    assert_eq!(scan(&orlop, NAME), CACHED);
}

#[test]
fn a_pull_catalogues_where_that_is_wished_for() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = image().push(&registry.host(), "scanned", "v1");
    let orlop = orlop().env("ORLOP_SCOUT_INDEX_ON_PULL", "true");
    orlop.ok(["pull", "-q", &name]);
    assert_eq!(scan(&orlop, &name), CACHED);
}
