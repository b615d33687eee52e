//! Ranges of versions, and what is told of them.

use orlop_vuln::{
    Comparison, Event, Judgement, Order, Range, RangeKind, Undecided, explain, judge,
};
use proptest::prelude::*;

/// `introduced:0 fixed:1.2.3`, in the ecosystem's own order.
fn range(events: &str) -> Range {
    let events = events.split_whitespace().map(|event| {
        let (kind, version) = event.split_once(':').unwrap();
        let make: fn(String) -> Event = match kind {
            "introduced" => Event::Introduced,
            "fixed" => Event::Fixed,
            "last" => Event::LastAffected,
            "limit" => Event::Limit,
            _ => panic!("{kind}"),
        };
        make(version.to_owned())
    });
    Range {
        kind: RangeKind::Ecosystem,
        events: events.collect(),
    }
}

fn judged(ecosystem: &str, ranges: &[&str], versions: &str, installed: &str) -> Judgement {
    let ranges: Vec<Range> = ranges.iter().map(|events| range(events)).collect();
    let versions: Vec<String> = versions.split_whitespace().map(str::to_owned).collect();
    judge(ecosystem, &ranges, &versions, installed).unwrap()
}

#[test]
fn a_range_is_told_as_scout_tells_it() {
    for (ecosystem, ranges, versions, installed, expected) in [
        // Alpine and Debian: from the beginning to a fix.
        (
            "Alpine:v3.9",
            &["introduced:0 fixed:2.6.0-r0"][..],
            "",
            "2.5.0-r2",
            Some(("<2.6.0-r0", Some("2.6.0-r0"))),
        ),
        (
            "Alpine:v3.9",
            &["introduced:0 fixed:2.6.0-r0"],
            "",
            "2.6.0-r0",
            None,
        ),
        (
            "Debian:12",
            &["introduced:0"],
            "",
            "0~~",
            Some((">=0", None)),
        ),
        (
            "Debian:12",
            &["introduced:1.2-1"],
            "",
            "1.2-1",
            Some((">=1.2-1", None)),
        ),
        (
            "Debian:12",
            &["introduced:0 fixed:1:2.0-1"],
            "",
            "3.0-1",
            Some(("<1:2.0-1", Some("1:2.0-1"))),
        ),
        // Branches, in one range and in several, in any order.
        (
            "crates.io",
            &["introduced:0.5.0 fixed:0.5.9 introduced:1.0.0 fixed:1.2.3"],
            "",
            "1.2.0",
            Some((">=1.0.0,<1.2.3", Some("1.2.3"))),
        ),
        (
            "crates.io",
            &["fixed:1.2.3 introduced:1.0.0 fixed:0.5.9 introduced:0.5.0"],
            "",
            "0.5.8",
            Some((">=0.5.0,<0.5.9", Some("0.5.9"))),
        ),
        (
            "crates.io",
            &[
                "introduced:0.5.0 fixed:0.5.9",
                "introduced:1.0.0 fixed:1.2.3",
            ],
            "",
            "1.0.0",
            Some((">=1.0.0,<1.2.3", Some("1.2.3"))),
        ),
        (
            "crates.io",
            &["introduced:0.5.0 fixed:0.5.9 introduced:1.0.0 fixed:1.2.3"],
            "",
            "0.6.0",
            None,
        ),
        (
            "crates.io",
            &["introduced:1.0.0-0 fixed:1.0.0"],
            "",
            "1.0.0-rc.1",
            Some((">=1.0.0-0,<1.0.0", Some("1.0.0"))),
        ),
        // The last one that is affected.
        (
            "PyPI",
            &["introduced:0 last:1.4"],
            "",
            "1.4.0",
            Some(("<=1.4", None)),
        ),
        ("PyPI", &["introduced:0 last:1.4"], "", "1.4.post1", None),
        (
            "PyPI",
            &["introduced:1.1 last:1.4 introduced:2.0 fixed:2.1"],
            "",
            "1.2",
            Some((">=1.1,<=1.4", None)),
        ),
        // A limit ends what is known, and is no fix.
        (
            "npm",
            &["introduced:0 limit:2.0.0"],
            "",
            "1.9.9",
            Some(("<2.0.0", None)),
        ),
        ("npm", &["introduced:0 limit:2.0.0"], "", "2.0.0", None),
        (
            "npm",
            &["introduced:0 limit:*"],
            "",
            "2.0.0",
            Some((">=0", None)),
        ),
        (
            "npm",
            &["introduced:0 limit:1.0.0 limit:2.0.0"],
            "",
            "1.5.0",
            Some(("<2.0.0", None)),
        ),
        (
            "npm",
            &["introduced:0 fixed:3.0.0 limit:2.0.0"],
            "",
            "1.5.0",
            Some(("<2.0.0", None)),
        ),
        (
            "npm",
            &["introduced:0 fixed:1.6.0 limit:2.0.0"],
            "",
            "1.5.0",
            Some(("<1.6.0", Some("1.6.0"))),
        ),
        // Two events at one version: as they are listed.
        (
            "npm",
            &["introduced:0 fixed:1.0.0 introduced:1.0.0 fixed:2.0.0"],
            "",
            "1.0.0",
            Some((">=1.0.0,<2.0.0", Some("2.0.0"))),
        ),
        ("npm", &["introduced:1.0.0 fixed:1.0.0"], "", "1.0.0", None),
        (
            "npm",
            &["introduced:0 introduced:1.0.0 fixed:2.0.0"],
            "",
            "1.5.0",
            Some(("<2.0.0", Some("2.0.0"))),
        ),
        // A fix of one range that another one has isn't any.
        (
            "npm",
            &["introduced:0 fixed:1.2.0", "introduced:1.1.0 fixed:1.3.0"],
            "",
            "1.0.0",
            Some(("<1.2.0", Some("1.3.0"))),
        ),
        (
            "npm",
            &["introduced:0 fixed:1.2.0", "introduced:1.1.0"],
            "",
            "1.0.0",
            Some(("<1.2.0", None)),
        ),
        // Listed versions, however they are written.
        ("PyPI", &[], "1.0 1.1", "1.0.0", Some(("=1.0", None))),
        (
            "PyPI",
            &["introduced:2 fixed:3"],
            "1.0 1.1",
            "1.1",
            Some(("=1.1", Some("3"))),
        ),
        (
            "PyPI",
            &["introduced:0 fixed:3"],
            "1.0 1.1",
            "1.1",
            Some(("<3", Some("3"))),
        ),
        (
            "PyPI",
            &[],
            "2004d.beta",
            "2004d.beta",
            Some(("=2004d.beta", None)),
        ),
        ("Unheard of", &[], "1.0", "1.0", Some(("=1.0", None))),
        ("PyPI", &[], "", "1.0", None),
        // Go's toolchain, by the words of its database.
        (
            "Go",
            &["introduced:0 fixed:1.20.8 introduced:1.21.0-0 fixed:1.21.1"],
            "",
            "go1.21rc2",
            Some((">=1.21.0-0,<1.21.1", Some("1.21.1"))),
        ),
        (
            "Go",
            &["introduced:0 fixed:1.20.8 introduced:1.21.0-0 fixed:1.21.1"],
            "",
            "go1.20.8",
            None,
        ),
        (
            "Go",
            &["introduced:0 fixed:0.17.0"],
            "",
            "v0.16.1-0.20231003-abc",
            Some(("<0.17.0", Some("0.17.0"))),
        ),
        (
            "Packagist",
            &["introduced:0 fixed:2.0.0"],
            "",
            "2.0.0-beta1",
            Some(("<2.0.0", Some("2.0.0"))),
        ),
    ] {
        let judgement = judged(ecosystem, ranges, versions, installed);
        let affected = judgement.affected_range();
        let ours = affected
            .as_deref()
            .map(|range| (range, judgement.fixed_version.as_deref()));
        assert_eq!(
            ours, expected,
            "{ecosystem} {ranges:?} {versions:?} {installed}"
        );
        assert_eq!(judgement.is_affected(), expected.is_some());
    }
}

#[test]
fn every_comparison_is_told() {
    let told = |comparisons: &[Comparison]| -> Vec<String> {
        comparisons.iter().map(ToString::to_string).collect()
    };
    let ranges = [
        "introduced:0 fixed:1.1.1a-r0",
        "introduced:1.1.1b-r0 fixed:1.1.1d-r1",
    ];
    let affected = judged("Alpine:v3.9", &ranges, "", "1.1.1b-r1");
    let decisive = [
        "1.1.1b-r1 > 1.1.1b-r0 (introduced), as apk orders versions",
        "1.1.1b-r1 < 1.1.1d-r1 (fixed), as apk orders versions",
    ];
    assert_eq!(told(&affected.comparisons), decisive);
    assert_eq!(affected.comparisons[0].range, 1);
    let ranges = ranges.map(range);
    let all = explain("Alpine:v3.9", &ranges, "1.1.1b-r1");
    assert_eq!(
        told(&all)[..2],
        [
            "1.1.1b-r1 > 0 (introduced), as apk orders versions",
            "1.1.1b-r1 > 1.1.1a-r0 (fixed), as apk orders versions",
        ]
    );
    assert_eq!(told(&all)[2..], decisive);
    let last = [range("introduced:0 last:1.1.1a-r0")];
    assert_eq!(
        told(&explain("Alpine:v3.9", &last, "1.1.1d-r1"))[1..],
        ["1.1.1d-r1 > 1.1.1a-r0 (last affected), as apk orders versions"]
    );
    assert!(explain("Alpine:v3.9", &last, "").is_empty());
    assert!(explain("CRAN", &last, "1.0").is_empty());
}

#[test]
fn what_cant_be_compared_isnt_safe() {
    let one = |ecosystem: &str, ranges: &[Range], installed: &str| {
        judge(ecosystem, ranges, &[], installed).map(|judgement| judgement.is_affected())
    };
    let error = one("PyPI", &[range("introduced:0 fixed:1.0")], "2004d.beta").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#""2004d.beta" is no version to PEP 440"#
    );
    let error = one("PyPI", &[range("introduced:0 fixed:soon")], "1.0").unwrap_err();
    assert_eq!(error.to_string(), r#""soon" is no version to PEP 440"#);
    let error = one("PyPI", &[range("introduced:0")], "2004d.beta").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#""2004d.beta" is no version to PEP 440"#
    );
    // What another range says for sure is said all the same.
    let both = [
        range("introduced:0 fixed:soon"),
        range("introduced:0 fixed:1.1"),
    ];
    assert_eq!(one("PyPI", &both, "1.0"), Ok(true));
    assert!(one("PyPI", &both, "1.1").is_err());
    let error = one("CRAN", &[range("introduced:0")], "1.0").unwrap_err();
    assert_eq!(error, Undecided::NoOrder("CRAN".to_owned()));
    assert_eq!(
        error.to_string(),
        r#"the order of "CRAN" versions isn't known"#
    );
    let many = Range {
        kind: RangeKind::Semver,
        events: vec![Event::Fixed("1.0.0".to_owned()); 5000],
    };
    let error = one("npm", &[many], "1.0.0").unwrap_err().to_string();
    assert_eq!(error, "a range has 5000 events; at most 4096 are read");
    // A range of Semantic Versioning needs no order of the ecosystem.
    let semver = Range {
        kind: RangeKind::Semver,
        ..range("introduced:0 fixed:1.0.0")
    };
    assert_eq!(one("CRAN", &[semver], "0.9.0"), Ok(true));
}

#[test]
fn github_tells_an_end_beside_the_range() {
    for (range, event) in [
        ("<= 1.2.3", Some(Event::LastAffected("1.2.3".to_owned()))),
        ("< 2.0", Some(Event::Limit("2.0".to_owned()))),
        ("<=1.0-rc1", Some(Event::LastAffected("1.0-rc1".to_owned()))),
        ("= 1.0", None),
        (">= 1.0, < 2.0", None),
        ("<", None),
        ("", None),
    ] {
        assert_eq!(Event::from_last_known(range), event, "{range}");
    }
}

/// OSV's own words for it, word by word.
fn plainly(order: Order, events: &[Event], version: &str) -> bool {
    let compare = |bound: &str| order.compare(version, bound).unwrap();
    let limits: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::Limit(_)))
        .collect();
    if !limits.is_empty() && !limits.iter().any(|limit| compare(limit.version()).is_lt()) {
        return false;
    }
    let mut sorted = events.to_vec();
    sorted.sort_by(|left, right| order.compare(left.version(), right.version()).unwrap());
    let mut vulnerable = false;
    for event in &sorted {
        match event {
            Event::Introduced(bound) if compare(bound).is_ge() => vulnerable = true,
            Event::Fixed(bound) if compare(bound).is_ge() => vulnerable = false,
            Event::LastAffected(bound) if compare(bound).is_gt() => vulnerable = false,
            _ => {}
        }
    }
    vulnerable
}

proptest! {
    #[test]
    fn it_is_what_osv_says(
        events in proptest::collection::vec((0..5_u8, 1..9_u8), 0..7),
        other in proptest::collection::vec((0..4_u8, 1..9_u8), 0..4),
        installed in 0..10_u8,
    ) {
        let made = |events: &[(u8, u8)]| Range {
            kind: RangeKind::Ecosystem,
            events: events.iter().map(|(kind, version)| {
                let version = format!("{version}.0.0");
                match kind {
                    0 | 1 => Event::Introduced(version),
                    2 => Event::Fixed(version),
                    3 => Event::LastAffected(version),
                    _ => Event::Limit(version),
                }
            }).collect(),
        };
        let ranges = [made(&events), made(&other)];
        let expected = |version: &str| ranges.iter().any(|range| plainly(Order::Npm, &range.events, version));
        let installed = format!("{installed}.0.0");
        let judgement = judge("npm", &ranges, &[], &installed).unwrap();
        prop_assert_eq!(judgement.is_affected(), expected(&installed));
        if let Some(fix) = &judgement.fixed_version {
            prop_assert!(Order::Npm.compare(fix, &installed).unwrap().is_gt());
            prop_assert!(!expected(fix), "{} isn't fixed", fix);
        }
    }
}

/// Real fixes, and the findings that a script worked out of them with apk itself.
#[test]
fn alpine_fixes_are_judged_as_apk_judges_them() {
    let Some(fixtures) = orlop_testing::fixtures() else {
        return;
    };
    let read = |path: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(fixtures.join(path)).unwrap()).unwrap()
    };
    let database = read("advisories/alpine-secdb/v3.9/main.json");
    let expected = read("expected/alpine-3.9.json");
    let mut checked = 0;
    for image in expected["images"].as_array().unwrap() {
        for finding in image["findings"].as_array().unwrap() {
            let text = |field: &str| finding[field].as_str().unwrap();
            let packages = database["packages"].as_array().unwrap();
            let package = packages
                .iter()
                .find(|entry| entry["pkg"]["name"] == text("source"));
            let fixes = package.unwrap()["pkg"]["secfixes"].as_object().unwrap();
            let lists = |ids: &serde_json::Value| ids.to_string().contains(text("id"));
            let fix = fixes.iter().find(|(_, ids)| lists(ids)).unwrap().0;
            let fixed = format!("introduced:0 fixed:{fix}");
            let judgement = judged("Alpine:v3.9", &[&fixed], "", text("version"));
            assert_eq!(
                judgement.fixed_version.as_deref(),
                Some(text("fixed")),
                "{finding}"
            );
            assert!(!judged("Alpine:v3.9", &[&fixed], "", fix).is_affected());
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
}
