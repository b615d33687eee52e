//! Findings beside those of `tests/verdicts/verdicts.py`, which has none of our code and asks each
//! ecosystem's own tool: none missing, none too many, each with the same fix.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use orlop_sbom::{Package, PackageKind, Release};
use orlop_testing::{Program, fixtures, missing};
use orlop_vuln::database::{Builder, BuilderOptions, Database};
use orlop_vuln::feeds::read_document;
use orlop_vuln::{Match, Question, Subject};

/// How long a script may take: `apk` is started anew for each comparison.
const LIMIT: Duration = Duration::from_secs(1200);

/// A line of verdicts.
struct Verdict<'a> {
    package: Package,
    /// `CVE-2020-1234=1.2.3`, `RUSTSEC-2020-0001!unmaintained`, `?CVE-2020-1234`; sorted.
    faults: Vec<&'a str>,
}

/// The verdicts of a table, by ecosystem.
fn read(table: &str) -> BTreeMap<&str, Vec<Verdict<'_>>> {
    let mut verdicts: BTreeMap<&str, Vec<Verdict<'_>>> = BTreeMap::new();
    for line in table.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [ecosystem, name, version, faults] = fields.as_slice() else {
            panic!("{line:?}");
        };
        let kind = match ecosystem.split(':').next().unwrap() {
            "PyPI" => PackageKind::Python,
            "crates.io" => PackageKind::Cargo,
            "Go" => PackageKind::Go,
            "Debian" => PackageKind::Deb,
            "Alpine" => PackageKind::Apk,
            other => panic!("{other}"),
        };
        let mut faults: Vec<&str> = faults
            .split_whitespace()
            .filter(|word| *word != "-")
            .collect();
        faults.sort_unstable();
        let package = Package::new(kind, *name, *version, "test");
        let of_ecosystem = verdicts.entry(ecosystem).or_default();
        of_ecosystem.push(Verdict { package, faults });
    }
    verdicts
}

/// The release that an ecosystem is of.
fn release(ecosystem: &str) -> Option<Release> {
    let (distribution, version) = ecosystem.split_once(':')?;
    Some(Release {
        id: distribution.to_lowercase(),
        version: version.trim_start_matches('v').to_owned(),
        ..Release::default()
    })
}

/// What is found in each package, written as verdicts are.
fn found(
    database: &Database,
    release: Option<&Release>,
    packages: &[&Package],
) -> Vec<Vec<String>> {
    let subjects: Vec<Subject<'_>> = packages
        .iter()
        .map(|package| Subject {
            package,
            is_owned_by_distribution: false,
        })
        .collect();
    let question = Question {
        release,
        packages: &subjects,
        as_of: None,
        stale_before: None,
    };
    let answer = database.find(&question).unwrap();
    let mut found = vec![Vec::new(); packages.len()];
    for fault in &answer.findings {
        found[fault.package].push(word(fault));
    }
    for unknown in &answer.undecidable {
        let ids = unknown.ids.iter().map(|id| format!("?{id}"));
        found[unknown.package].extend(ids);
    }
    found.iter_mut().for_each(|words| words.sort_unstable());
    found
}

fn word(fault: &Match) -> String {
    let fix = fault.fixed_version.as_ref();
    let fix = fix.map_or(String::new(), |fix| format!("={fix}"));
    let kind = fault.informational.as_ref();
    let kind = kind.map_or(String::new(), |kind| format!("!{kind}"));
    format!("{}{fix}{kind}", fault.id)
}

/// Compares a table with what is found. Returns the count of verdicts and of faults in them.
fn compare(database: &Database, table: &str) -> (usize, usize) {
    let (mut count, mut faults, mut wrong) = (0, 0, Vec::new());
    for (ecosystem, verdicts) in read(table) {
        let packages: Vec<&Package> = verdicts.iter().map(|verdict| &verdict.package).collect();
        let found = found(database, release(ecosystem).as_ref(), &packages);
        for (verdict, found) in verdicts.iter().zip(found) {
            count += 1;
            faults += verdict.faults.len();
            if verdict.faults != found {
                let Package { name, version, .. } = &verdict.package;
                let expected = &verdict.faults;
                wrong.push(format!(
                    "{ecosystem} {name} {version}\n  expected {expected:?}\n  found    {found:?}"
                ));
            }
        }
    }
    let some = wrong.iter().take(20).map(String::as_str);
    let some: Vec<&str> = some.collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} verdicts differ:\n{}",
        wrong.len(),
        some.join("\n")
    );
    (count, faults)
}

/// The records and verdicts that are kept here.
#[test]
fn kept_ones_are_found_exactly() {
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    builder.begin("records", Timestamp::UNIX_EPOCH);
    for record in include_str!("../verdicts/records.jsonl").lines() {
        read_document("record", record.as_bytes(), &mut builder).unwrap();
    }
    assert_eq!(builder.faults(), []);
    let database = Database::from_bytes(builder.finish().unwrap()).unwrap();
    let (count, faults) = compare(&database, include_str!("../verdicts/verdicts.tsv"));
    assert!(count > 2000 && faults > 2000, "{count} {faults}");
}

/// An archive of the fixtures, asked now: every fifth package, and all with `ORLOP_TEST_VERDICTS=all`.
#[expect(
    clippy::print_stdout,
    reason = "how much was compared is part of the result"
)]
fn asked(fixtures: &Path, archive: &str, release: &str, environment: Option<(&str, &Path)>) {
    let path = fixtures.join("advisories").join(archive).join("all.zip");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verdicts/verdicts.py");
    let mut python = Program::new("/usr/bin/python3").arg(script).arg(&path);
    let is_whole = std::env::var_os("ORLOP_TEST_VERDICTS").is_some_and(|value| value == "all");
    let (release, share) = match is_whole {
        true => ("", "1"),
        false => (release, "5"),
    };
    python = python
        .args(["--ecosystem", release, "--share", share])
        .timeout(LIMIT);
    if let Some((name, value)) = environment {
        python = python.env(name, value);
    }
    let said = python.ok();
    let table = said.text();
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    builder
        .add_path(archive, Timestamp::UNIX_EPOCH, &path)
        .unwrap();
    let database = Database::from_bytes(builder.finish().unwrap()).unwrap();
    let (count, faults) = compare(&database, table);
    println!("{archive} {release}: {count} versions, {faults} faults");
    assert!(count > 300, "{count}");
}

#[test]
fn pypi() {
    if let Some(fixtures) = fixtures()
        && crate::tools::python_has("/usr/bin/python3", "packaging", "python3-packaging")
    {
        asked(&fixtures, "PyPI", "", None);
    }
}

#[test]
fn crates_and_go() {
    if let Some(fixtures) = fixtures()
        && crate::tools::python_has("/usr/bin/python3", "packaging", "python3-packaging")
        && crate::tools::node_has_semver()
    {
        asked(&fixtures, "crates.io", "", None);
        asked(&fixtures, "Go", "", None);
    }
}

#[test]
fn debian() {
    let module = Path::new("/usr/share/perl5/Dpkg/Version.pm");
    if !module.exists() {
        missing("Dpkg::Version", "apt-get install libdpkg-perl");
    } else if let Some(fixtures) = fixtures()
        && crate::tools::python_has("/usr/bin/python3", "packaging", "python3-packaging")
    {
        asked(&fixtures, "Debian", "", None);
    }
}

#[test]
fn root_alpine() {
    if let (Some(fixtures), Some(tree)) = (fixtures(), crate::tools::alpine())
        && crate::tools::python_has("/usr/bin/python3", "packaging", "python3-packaging")
    {
        asked(
            &fixtures,
            "Alpine",
            "Alpine:v3.9",
            Some(("APK_ROOT", tree.path())),
        );
    }
}
