//! `scout why`: the chain from an advisory to the instruction that brought the package.

use jiff::Timestamp;
use serde_json::json;

use super::{advisories, app, findings, in_layout, records, report, with_advisories};

#[test]
fn the_whole_chain_is_told() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let told = orlop.ok(["scout", "why", "cve-2023-5363", &layout]).stdout;
    for part in [
        "libssl3 3.0.9-1\n",
        "    built from openssl 3.0.9-1\n    /var/lib/dpkg/status\n      layer 0 sha256:",
        "\n      layer 0\n",
        "    ✗ 3.0.9-1 is affected\n",
        "      advisory   : DEBIAN-CVE-2023-5363 (Debian:12, osv)\n      about      : openssl\n      published  : 2024-02-01\n",
        "      affected   : <3.0.11-1~deb12u2\n      fixed in   : 3.0.11-1~deb12u2\n",
        "      compared   : 3.0.9-1 < 3.0.11-1~deb12u2 (fixed), as dpkg orders versions\n",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    // Both advisories about it speak.
    let told = orlop
        .ok(["scout", "why", "GHSA-462w-v97r-4m45", &layout])
        .stdout;
    assert_eq!(told.matches("2.10 is affected").count(), 2, "{told}");
}

#[test]
fn why_not_is_told_too() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let told = orlop
        .ok(["scout", "why", "GHSA-aaaa-bbbb-cccc", &layout])
        .stdout;
    assert!(told.contains("✓ it doesn't hold at that time\n"), "{told}");
    assert!(told.contains("      taken back : 2024-02-02\n"), "{told}");
    let then = [
        "scout",
        "why",
        "--as-of",
        "2024-02-01",
        "GHSA-aaaa-bbbb-cccc",
        &layout,
    ];
    let told = orlop.ok(then).stdout;
    assert!(told.contains("✗ 1.2.0 is affected\n"), "{told}");
    // It is about a package that isn't there.
    let said = orlop.fails(["scout", "why", "GHSA-dddd-eeee-ffff", &layout]);
    assert!(
        said.contains("no advisory about it names a package of "),
        "{said}"
    );
    let json = orlop
        .ok([
            "scout",
            "why",
            "--format",
            "json",
            "CVE-2021-44906",
            &layout,
        ])
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["outcome"], "affected");
    assert_eq!(json[0]["advisory"]["id"], "GHSA-xvch-5gv4-984h");
    assert_eq!(
        json[0]["comparisons"][0],
        "1.2.0 > 0 (introduced), as npm orders versions"
    );
}

#[test]
fn an_advisory_that_another_overrules_is_no_finding() {
    let orlop = crate::orlop();
    let feeds = orlop.folder().join("feeds");
    std::fs::create_dir_all(&feeds).unwrap();
    let tracker = json!({"openssl": {"CVE-2023-5363": {
        "description": "it was built without the code",
        "scope": "local",
        "releases": {"bookworm": {
            "status": "resolved",
            "repositories": {"bookworm": "3.0.9-1"},
            "fixed_version": "0",
            "urgency": "unimportant",
        }},
    }}});
    std::fs::write(feeds.join("tracker.json"), tracker.to_string()).unwrap();
    advisories(&orlop, &records(), Timestamp::now());
    let layout = in_layout(&orlop, &app());
    let found = findings(&report(&orlop, &[&layout]));
    assert!(
        !found.iter().any(|it| it.contains("CVE-2023-5363")),
        "{found:?}"
    );
    let told = orlop.ok(["scout", "why", "CVE-2023-5363", &layout]).stdout;
    let overruled =
        "✓ 3.0.9-1 is in its range, but another advisory about it says it isn't affected\n";
    assert!(told.contains(overruled), "{told}");
    assert!(
        told.contains("✓ not affected, says the advisory\n"),
        "{told}"
    );
}
