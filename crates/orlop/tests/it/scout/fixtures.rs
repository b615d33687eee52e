//! Real images, judged by the real advisories of their time: exactly what was worked out by hand.

use orlop_testing::{FileServer, Orlop, fixtures};
use serde_json::Value;

use crate::orlop;

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64/v8"];

/// The report of a fixture's image.
fn report(orlop: &Orlop, name: &str, platform: &str) -> Value {
    let image = fixtures().expect("fixtures").join("images").join(name);
    let image = format!("oci-dir://{}", image.display());
    let arguments = [
        "scout",
        "cves",
        "--format",
        "json",
        "--platform",
        platform,
        &image,
    ];
    super::db::json(&orlop.ok(arguments).stdout)
}

/// Package, source, version, id and fix of each finding, sorted.
fn rows(findings: &Value, keys: [&str; 5]) -> Vec<[String; 5]> {
    let list = findings.as_array().expect("a list");
    let row = |it: &Value| keys.map(|key| it[key].as_str().unwrap_or_default().to_owned());
    let mut rows: Vec<[String; 5]> = list.iter().map(row).collect();
    rows.sort();
    rows
}

fn judged_by(orlop: &Orlop, feeds: &[&str]) {
    let folder = fixtures().expect("fixtures").join("advisories");
    let paths: Vec<String> = feeds
        .iter()
        .map(|feed| folder.join(feed).display().to_string())
        .collect();
    let import = ["scout", "db", "import"].map(str::to_owned);
    orlop.ok(import.iter().chain(&paths));
}

#[test]
fn real_images_have_what_was_worked_out_for_them() {
    let Some(fixtures) = fixtures() else { return };
    let expected = fixtures.join("expected/alpine-3.9.json");
    let expected = std::fs::read(expected).expect("what is expected");
    let expected: Value = serde_json::from_slice(&expected).expect("JSON");
    // The same facts in the two forms in which they are published, and both.
    for feeds in [
        vec!["Alpine/all.zip"],
        vec!["alpine-secdb"],
        vec!["Alpine/all.zip", "alpine-secdb", "crates.io", "PyPI"],
    ] {
        let orlop = orlop();
        judged_by(&orlop, &feeds);
        for (place, platform) in PLATFORMS.into_iter().enumerate() {
            let report = report(&orlop, "alpine-3.9", platform);
            let keys = [
                "package",
                "source_package",
                "version",
                "id",
                "fixed_version",
            ];
            let found = rows(&report["findings"], keys);
            let wanted = &expected["images"][place];
            assert_eq!(report["platform"], platform, "{report}");
            let keys = ["package", "source", "version", "id", "fixed"];
            assert_eq!(
                found,
                rows(&wanted["findings"], keys),
                "{feeds:?} {platform}"
            );
            assert_eq!(report["packages"], wanted["packages_installed"]);
            assert_eq!(report["coverage"]["advisories"], "complete");
        }
    }
}

#[test]
fn what_a_mirror_has_is_judged_by_the_same() {
    let Some(fixtures) = fixtures() else { return };
    let advisories = fixtures.join("advisories");
    let read = |path: &str| std::fs::read(advisories.join(path)).expect(path);
    let files = FileServer::start();
    for ecosystem in ["Alpine", "PyPI", "crates.io"] {
        let archive = read(&format!("{ecosystem}/all.zip"));
        files.put(&format!("/osv/{ecosystem}/all.zip"), archive);
    }
    for part in ["main", "community"] {
        let path = format!("/secdb/v3.9/{part}.json");
        files.put(&path, read(&format!("alpine-secdb/v3.9/{part}.json")));
    }
    files.put("/tracker", read("debian-tracker/json.zst"));
    let base = format!("http://{}", files.host());
    let orlop = orlop().config(&format!(
        "[scout]\nsources = [\"osv\", \"alpine\", \"debian\"]\n\
         ecosystems = [\"Alpine\", \"PyPI\", \"crates.io\"]\nalpine_releases = [\"v3.9\"]\n\
         urls.osv = \"{base}/osv\"\nurls.alpine = \"{base}/secdb\"\nurls.debian = \"{base}/tracker\"\n"
    ));
    let said = orlop.ok(["scout", "db", "update"]);
    assert!(
        said.stderr.contains("6 fetched, 0 unchanged, 0 failed"),
        "{said}"
    );
    assert!(!said.stderr.to_lowercase().contains("warning"), "{said}");
    let report = report(&orlop, "alpine-3.9", PLATFORMS[0]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(10));
    assert_eq!(report["coverage"]["advisories"], "complete");
}

#[test]
fn nothing_found_is_told_from_nothing_known() {
    if fixtures().is_none() {
        return;
    }
    let orlop = orlop();
    judged_by(&orlop, &["alpine-secdb"]);
    for platform in PLATFORMS {
        for (name, coverage) in [
            ("alpine-3.10", "complete"),
            ("alpine-3.12", "none"),
            ("alpine-3.20", "none"),
        ] {
            let report = report(&orlop, name, platform);
            assert_eq!(
                report["findings"],
                serde_json::json!([]),
                "{name} {platform}"
            );
            assert_eq!(
                report["coverage"]["advisories"], coverage,
                "{name} {platform}"
            );
        }
    }
}
