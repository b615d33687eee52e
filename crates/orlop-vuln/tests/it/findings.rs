//! Which advisories make which findings.

use jiff::Timestamp;
use orlop_sbom::{Package, PackageKind, Release, SourcePackage};
use orlop_vuln::database::{Builder, BuilderOptions, Database};
use orlop_vuln::feeds::read_document;
use orlop_vuln::{Answer, CoverageState, CoverageWord, FixState, Question, Severity, Subject};

/// A database of documents.
fn database(documents: &[&str]) -> Database {
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    builder.begin("test", Timestamp::UNIX_EPOCH);
    for document in documents {
        read_document("document", document.as_bytes(), &mut builder).unwrap();
    }
    assert_eq!(builder.faults(), []);
    Database::from_bytes(builder.finish().unwrap()).unwrap()
}

/// A record of OSV: id, names, ecosystem, package, events.
fn osv(id: &str, names: &str, ecosystem: &str, package: &str, events: &str) -> String {
    let kind = match ecosystem {
        "crates.io" | "Go" | "npm" => "SEMVER",
        _ => "ECOSYSTEM",
    };
    format!(
        r#"{{"id": "{id}", "modified": "2024-01-02T00:00:00Z", "published": "2024-01-01T00:00:00Z",
        {names} "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{package}"}},
        "ranges": [{{"type": "{kind}", "events": [{events}]}}]}}]}}"#
    )
}

const FIXED: &str = r#"{"introduced": "0"}, {"fixed": "2.0.0"}"#;

fn debian() -> Release {
    Release {
        id: "debian".into(),
        version: "12".into(),
        ..Release::default()
    }
}

struct Asked<'a> {
    release: Option<&'a Release>,
    is_owned: bool,
    as_of: Option<&'a str>,
}

const PLAIN: Asked<'_> = Asked {
    release: None,
    is_owned: false,
    as_of: None,
};

fn ask(database: &Database, packages: &[Package], asked: &Asked<'_>) -> Answer {
    let subjects: Vec<Subject<'_>> = packages
        .iter()
        .map(|package| Subject {
            package,
            is_owned_by_distribution: asked.is_owned,
        })
        .collect();
    let question = Question {
        release: asked.release,
        packages: &subjects,
        as_of: asked.as_of.map(|time| time.parse().unwrap()),
        stale_before: None,
    };
    database.find(&question).unwrap()
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer
        .findings
        .iter()
        .map(|found| found.id.as_str())
        .collect()
}

fn package(kind: PackageKind, name: &str, version: &str) -> [Package; 1] {
    [Package::new(kind, name, version, "test")]
}

#[test]
fn one_fault_under_several_names_is_told_once() {
    let ghsa = osv(
        "GHSA-aaaa-bbbb-cccc",
        r#""aliases": ["CVE-2024-0001"],"#,
        "PyPI",
        "pip",
        FIXED,
    );
    // Knows the CVE by way of the other record alone.
    let pysec = osv(
        "PYSEC-2024-1",
        r#""aliases": ["GHSA-aaaa-bbbb-cccc"],"#,
        "PyPI",
        "pip",
        r#"{"introduced": "0"}, {"fixed": "2.0.1"}"#,
    );
    let answer = ask(
        &database(&[&pysec, &ghsa]),
        &package(PackageKind::Python, "pip", "1.0"),
        &PLAIN,
    );
    assert_eq!(ids(&answer), ["CVE-2024-0001"]);
    let found = &answer.findings[0];
    assert_eq!(found.aliases, ["GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"]);
    // Fixed by all accounts.
    assert_eq!(found.fixed_version.as_deref(), Some("2.0.1"));
    assert_eq!(found.affected_range.as_deref(), Some("<2.0.0"));
    assert_eq!(found.evidence.len(), 2);
}

#[test]
fn a_version_that_the_same_record_affects_elsewhere_is_no_fix() {
    let record = |events: &str| {
        osv(
            "GO-2026-1",
            r#""aliases": ["CVE-2026-1"],"#,
            "Go",
            "example.com/a",
            events,
        )
    };
    // The same package twice, as in GO-2026-5148: what fixes the one range lies in the other.
    let open = record(r#"{"introduced": "3.6.5"}"#);
    let ended = record(r#"{"introduced": "3.7.0"}, {"fixed": "3.7.14"}"#);
    let start = ended.find(r#"{"package""#).unwrap();
    let part = &ended[start..ended.len() - 2];
    let both = open.replace("\"affected\": [", &format!("\"affected\": [{part}, "));
    for (version, expected) in [
        ("v3.6.4", vec![]),
        ("v3.7.1", vec![None]),
        ("v3.7.14", vec![None]),
    ] {
        let answer = ask(
            &database(&[&both]),
            &package(PackageKind::Go, "example.com/a", version),
            &PLAIN,
        );
        let fixes: Vec<_> = answer
            .findings
            .iter()
            .map(|it| it.fixed_version.clone())
            .collect();
        assert_eq!(fixes, expected, "{version}");
    }
}

#[test]
fn a_minor_release_of_rhel_is_judged_by_its_own_fix() {
    let record = |id: &str, fix: &str| {
        let events = format!(r#"{{"introduced": "0"}}, {{"fixed": "{fix}"}}"#);
        let ecosystem = "Red Hat:enterprise_linux:9::baseos";
        osv(
            id,
            r#""upstream": ["CVE-2023-38545"],"#,
            ecosystem,
            "curl",
            &events,
        )
    };
    let two = record("RHSA-2023:5763", "7.76.1-23.el9_2.4");
    let three = record("RHSA-2023:6745", "7.76.1-26.el9_3.2");
    // Not all of the fault was fixed.
    let again = record("RHSA-2023:9999", "7.76.1-23.el9_2.6");
    let release = Release {
        id: "rhel".into(),
        version: "9.2".into(),
        ..Release::default()
    };
    let asked = Asked {
        release: Some(&release),
        ..PLAIN
    };
    for (records, version, count) in [
        (&[&two, &three][..], "7.76.1-23.el9_2.2", 1),
        (&[&two, &three], "7.76.1-23.el9_2.4", 0),
        (&[&two, &three], "7.76.1-26.el9", 1),
        (&[&two, &three], "7.76.1-26.el9_3.2", 0),
        (&[&three], "7.76.1-23.el9_2.4", 1),
        (&[&two, &again, &three], "7.76.1-23.el9_2.5", 1),
        (&[&two, &again, &three], "7.76.1-23.el9_2.6", 0),
    ] {
        let records: Vec<&str> = records.iter().map(|it| it.as_str()).collect();
        let package = package(PackageKind::Rpm, "curl", version);
        let answer = ask(&database(&records), &package, &asked);
        assert_eq!(answer.findings.len(), count, "{version} {records:?}");
    }
}

/// A definition in the form of Red Hat's OVAL whose fix is of one architecture alone.
const OF_ONE_ARCHITECTURE: &str = r#"<oval_definitions><definitions>
<definition class="patch" id="d:1"><metadata><reference ref_id="CVE-2026-1" source="CVE"/>
 <advisory><cve>CVE-2026-1</cve></advisory></metadata><criteria>
 <criterion comment="Red Hat Enterprise Linux 9 is installed" test_ref="t:9"/>
 <criterion comment="java is earlier than 0:2.0-1.el9" test_ref="t:1"/></criteria></definition></definitions>
<tests><rpminfo_test id="t:1"><object object_ref="o:1"/><state state_ref="s:1"/></rpminfo_test></tests>
<objects><rpminfo_object id="o:1"><name>java</name></rpminfo_object></objects>
<states><rpminfo_state id="s:1"><arch operation="pattern match">s390x</arch>
 <evr operation="less than">0:2.0-1.el9</evr></rpminfo_state></states></oval_definitions>"#;

#[test]
fn an_advisory_about_one_architecture_is_about_no_other() {
    let database = database(&[OF_ONE_ARCHITECTURE]);
    let release = Release {
        id: "rhel".into(),
        version: "9.4".into(),
        ..Release::default()
    };
    let found = |architecture: Option<&str>, version: &str| {
        let mut packages = package(PackageKind::Rpm, "java", version);
        packages[0].architecture = architecture.map(str::to_owned);
        let asked = Asked {
            release: Some(&release),
            ..PLAIN
        };
        ask(&database, &packages, &asked).findings.len()
    };
    assert_eq!(found(Some("s390x"), "1.0-1.el9"), 1);
    assert_eq!(found(Some("s390x"), "2.0-1.el9"), 0);
    assert_eq!(found(Some("x86_64"), "1.0-1.el9"), 0);
    // Of which one it is isn't known: it isn't called clean.
    assert_eq!(found(None, "1.0-1.el9"), 1);
}

#[test]
fn without_a_cve_the_preferred_id_stands_for_all() {
    let rustsec = osv(
        "RUSTSEC-2024-1",
        r#""aliases": ["GHSA-x"],"#,
        "crates.io",
        "a_b",
        FIXED,
    );
    let ghsa = osv("GHSA-x", r#""aliases": [],"#, "crates.io", "a_b", FIXED);
    let database = database(&[&rustsec, &ghsa]);
    let answer = ask(
        &database,
        &package(PackageKind::Cargo, "a_b", "1.0.0"),
        &PLAIN,
    );
    assert_eq!(ids(&answer), ["GHSA-x"]);
    assert_eq!(answer.findings[0].aliases, ["RUSTSEC-2024-1"]);
    // Another crate.
    let answer = ask(
        &database,
        &package(PackageKind::Cargo, "a-b", "1.0.0"),
        &PLAIN,
    );
    assert_eq!(ids(&answer), [""; 0]);
}

#[test]
fn an_advisory_about_several_cves_is_about_each() {
    let names = r#""aliases": ["CVE-2024-0002", "CVE-2024-0001"],"#;
    let record = osv("GO-2024-1", names, "Go", "example.org/m", FIXED);
    let answer = ask(
        &database(&[&record]),
        &package(PackageKind::Go, "example.org/m", "v1.9.0"),
        &PLAIN,
    );
    assert_eq!(ids(&answer), ["CVE-2024-0001", "CVE-2024-0002"]);
    assert_eq!(answer.findings[0].aliases, ["GO-2024-1"]);
}

#[test]
fn what_was_taken_back_is_dropped_unless_it_was_so_later() {
    let names = r#""withdrawn": "2024-03-01T00:00:00Z", "aliases": ["CVE-2024-0001"],"#;
    let record = osv("GHSA-x", names, "npm", "left-pad", FIXED);
    let database = database(&[&record]);
    let packages = package(PackageKind::Npm, "left-pad", "1.0.0");
    let at = |as_of| {
        ask(&database, &packages, &Asked { as_of, ..PLAIN })
            .findings
            .len()
    };
    assert_eq!(at(None), 0);
    assert_eq!(at(Some("2023-12-31T00:00:00Z")), 0);
    assert_eq!(at(Some("2024-02-01T00:00:00Z")), 1);
    assert_eq!(at(Some("2024-03-02T00:00:00Z")), 0);
}

const TRACKER: &str = r#"{"bash": {
  "CVE-2024-0001": {"description": "One.", "scope": "local", "releases": {
    "bookworm": {"status": "resolved", "repositories": {"bookworm": "5.2-1"},
                 "fixed_version": "5.2.15-3", "urgency": "high"},
    "bullseye": {"status": "open", "urgency": "low"}}},
  "CVE-2024-0002": {"releases": {
    "bookworm": {"status": "open", "nodsa": "Minor issue", "nodsa_reason": "", "urgency": "unimportant"}}},
  "CVE-2024-0003": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}},
  "CVE-2024-0004": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}},
  "CVE-2024-0005": {"releases": {"bookworm": {"status": "undetermined"}}}}}"#;

#[test]
fn the_states_of_debian_are_told_by_the_source_package() {
    let names = r#""upstream": ["CVE-2024-0004"],"#;
    let osv = osv("DEBIAN-CVE-2024-0004", names, "Debian:12", "bash", FIXED);
    let database = database(&[TRACKER, &osv]);
    let mut packages = package(PackageKind::Deb, "bash-static", "99");
    packages[0].source = Some(SourcePackage {
        name: "bash".into(),
        version: "1.9".into(),
    });
    let release = debian();
    let answer = ask(
        &database,
        &packages,
        &Asked {
            release: Some(&release),
            ..PLAIN
        },
    );
    let told: Vec<(&str, FixState, Severity)> = answer
        .findings
        .iter()
        .map(|found| (found.id.as_str(), found.state, found.assessment.severity))
        .collect();
    assert_eq!(
        told,
        [
            ("CVE-2024-0001", FixState::Fixed, Severity::High),
            ("CVE-2024-0002", FixState::WontFix, Severity::Low),
            ("CVE-2024-0003", FixState::NotFixed, Severity::Unspecified),
        ]
    );
    assert_eq!(
        answer.findings[0].affected_range.as_deref(),
        Some("<5.2.15-3")
    );
    assert_eq!(answer.findings[2].affected_range.as_deref(), Some(">=0"));
    let evidence = &answer.findings[0].evidence[0];
    assert_eq!(
        (evidence.package.as_str(), evidence.version.as_str()),
        ("bash", "1.9")
    );
    let text = database.text(evidence.record).unwrap();
    assert_eq!(text.details, "One.");
}

#[test]
fn what_the_distribution_owns_is_left_to_it_if_it_has_data() {
    let record = osv(
        "GHSA-x",
        r#""aliases": ["CVE-2024-0009"],"#,
        "PyPI",
        "pip",
        FIXED,
    );
    let packages = package(PackageKind::Python, "pip", "1.0");
    let release = debian();
    for (documents, is_owned, found) in [
        (&[record.as_str(), TRACKER][..], true, 0),
        (&[&record, TRACKER], false, 1),
        (&[&record], true, 1),
    ] {
        let asked = Asked {
            release: Some(&release),
            is_owned,
            as_of: None,
        };
        let answer = ask(&database(documents), &packages, &asked);
        assert_eq!(answer.findings.len(), found);
        assert_eq!(answer.coverage.left_to_distribution, 1 - found);
    }
}

#[test]
fn what_cant_be_compared_is_said() {
    let record = osv(
        "PYSEC-1",
        r#""aliases": ["CVE-2024-0001"],"#,
        "PyPI",
        "pip",
        FIXED,
    );
    let other = osv("PYSEC-2", "", "PyPI", "pip", FIXED);
    let answer = ask(
        &database(&[&record, &other]),
        &package(PackageKind::Python, "pip", "unknown"),
        &PLAIN,
    );
    assert_eq!(answer.findings.len(), 0);
    assert_eq!(answer.undecidable.len(), 1);
    let unknown = &answer.undecidable[0];
    assert_eq!(unknown.what, "\"unknown\" is no version to PEP 440");
    assert_eq!(unknown.ids, ["CVE-2024-0001", "PYSEC-2"]);
}

#[test]
fn ecosystems_without_data_are_named() {
    let record = osv("GHSA-x", "", "PyPI", "pip", FIXED);
    let database = database(&[&record]);
    let release = debian();
    let packages = [
        Package::new(PackageKind::Deb, "bash", "5", "test"),
        Package::new(PackageKind::Python, "wheel", "1", "test"),
        Package::new(PackageKind::Binary, "node", "20.0.0", "test"),
        Package::new(PackageKind::Rpm, "zlib", "1-1", "test"),
    ];
    let answer = ask(
        &database,
        &packages,
        &Asked {
            release: Some(&release),
            ..PLAIN
        },
    );
    let told: Vec<(&str, CoverageState)> = answer
        .coverage
        .ecosystems
        .iter()
        .map(|ecosystem| (ecosystem.name.as_str(), ecosystem.state))
        .collect();
    assert_eq!(
        told,
        [
            ("Debian:12", CoverageState::None),
            ("PyPI", CoverageState::Complete),
            ("generic", CoverageState::None),
            ("rpm", CoverageState::None),
        ]
    );
    assert_eq!(answer.coverage.word(), CoverageWord::Partial);
    assert_eq!(
        ask(&database, &[], &PLAIN).coverage.word(),
        CoverageWord::None
    );
}

#[test]
fn data_from_before_a_time_is_stale() {
    let record = osv("GHSA-x", "", "PyPI", "pip", FIXED);
    let database = database(&[&record]);
    let package = package(PackageKind::Python, "pip", "3.0");
    let subjects = [Subject {
        package: &package[0],
        is_owned_by_distribution: false,
    }];
    let question = Question {
        release: None,
        packages: &subjects,
        as_of: None,
        stale_before: Some("2024-01-01T00:00:00Z".parse().unwrap()),
    };
    let coverage = database.find(&question).unwrap().coverage;
    assert_eq!(coverage.ecosystems[0].state, CoverageState::Stale);
    assert_eq!(coverage.word(), CoverageWord::Partial);
}

#[test]
fn scores_belong_to_the_cve_and_to_their_day() {
    let record = osv(
        "GHSA-x",
        r#""aliases": ["CVE-2024-0001"],"#,
        "PyPI",
        "pip",
        FIXED,
    );
    let epss = "#model_version:v2023.03.01,score_date:2024-06-01T00:00:00+0000\n\
                cve,epss,percentile\nCVE-2024-0001,0.97512,0.99991\n";
    let kev = r#"{"title": "CISA", "catalogVersion": "2024.06.01", "vulnerabilities":
                 [{"cveID": "CVE-2024-0001", "dateAdded": "2024-05-01", "vendorProject": "x"}]}"#;
    let database = database(&[&record, epss, kev]);
    assert_eq!(database.contents().epss_scores, 1);
    assert_eq!(database.contents().exploited, 1);
    let packages = package(PackageKind::Python, "pip", "1.0");
    let at = |as_of| {
        let answer = ask(&database, &packages, &Asked { as_of, ..PLAIN });
        let found = &answer.findings[0];
        let epss = found
            .epss
            .map(|score| (score.probability, score.percentile));
        (epss, found.exploited.map(|date| date.to_string()))
    };
    let (epss, kev) = (Some((97_512, 99_991)), Some("2024-05-01".to_owned()));
    assert_eq!(at(None), (epss, kev.clone()));
    assert_eq!(at(Some("2024-06-01T12:00:00Z")), (epss, kev.clone()));
    assert_eq!(at(Some("2024-05-31T12:00:00Z")), (None, kev));
    assert_eq!(at(Some("2024-04-30T23:59:59Z")), (None, None));
}

#[test]
fn what_is_no_vulnerability_says_so() {
    let record = r#"{"id": "RUSTSEC-2020-1", "modified": "2024-01-02T00:00:00Z", "affected": [
        {"package": {"ecosystem": "crates.io", "name": "term"},
         "database_specific": {"informational": "unmaintained"},
         "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}]}]}]}"#;
    let answer = ask(
        &database(&[record]),
        &package(PackageKind::Cargo, "term", "0.7.0"),
        &PLAIN,
    );
    assert_eq!(ids(&answer), ["RUSTSEC-2020-1"]);
    assert_eq!(
        answer.findings[0].informational.as_deref(),
        Some("unmaintained")
    );
    assert_eq!(answer.findings[0].state, FixState::NotFixed);
}

#[test]
fn the_newest_of_two_records_with_one_id_counts() {
    let old = osv("GHSA-x", "", "npm", "a", FIXED);
    let new = old
        .replace("2024-01-02", "2024-01-03")
        .replace("2.0.0", "3.0.0");
    for documents in [[&old, &new], [&new, &old]] {
        let database = database(&documents.map(String::as_str));
        let answer = ask(&database, &package(PackageKind::Npm, "a", "2.5.0"), &PLAIN);
        assert_eq!(ids(&answer), ["GHSA-x"]);
        assert_eq!(answer.findings[0].evidence.len(), 1);
    }
}

/// As Ubuntu publishes them: a record for each CVE with its priority, and a notice about several.
#[test]
fn ubuntus_records_and_notices_tell_a_fault_once() {
    let record = r#"{"schema_version": "1.7.0", "id": "UBUNTU-CVE-2022-0778",
        "modified": "2025-07-16T04:54:24Z", "published": "2022-03-15T00:00:00Z",
        "upstream": ["CVE-2022-0778"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
                     {"type": "Ubuntu", "score": "medium"}],
        "affected": [
          {"package": {"ecosystem": "Ubuntu:20.04:LTS", "name": "openssl",
             "purl": "pkg:deb/ubuntu/openssl@1.1.1f-1ubuntu2.12?arch=source&distro=focal"},
           "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1f-1ubuntu2.12"}]}],
           "versions": ["1.1.1c-1ubuntu4", "1.1.1f-1ubuntu2"],
           "ecosystem_specific": {"binaries": [{"binary_name": "libssl1.1", "binary_version": "1.1.1f-1ubuntu2.12"}]}},
          {"package": {"ecosystem": "Ubuntu:Pro:16.04:LTS", "name": "openssl"},
           "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.2g-1ubuntu4.20+esm2"}]}]},
          {"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "nodejs"},
           "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}"#;
    let notice = r#"{"schema_version": "1.7.0", "id": "USN-5328-1", "modified": "2025-10-13T04:33:57Z",
        "published": "2022-03-15T16:27:34Z", "upstream": ["CVE-2022-0778", "UBUNTU-CVE-2022-0778"],
        "summary": "openssl, openssl1.0 vulnerability",
        "affected": [{"package": {"ecosystem": "Ubuntu:20.04:LTS", "name": "openssl"},
          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1f-1ubuntu2.12"}]}]}]}"#;
    let database = database(&[record, notice]);
    let ubuntu = |version: &str| Release {
        id: "ubuntu".into(),
        version: version.into(),
        ..Release::default()
    };
    let found = |release: &Release, name: &str, source: &str, version: &str| {
        let mut packages = package(PackageKind::Deb, name, version);
        packages[0].source = Some(SourcePackage {
            name: source.into(),
            version: version.into(),
        });
        let asked = Asked {
            release: Some(release),
            ..PLAIN
        };
        ask(&database, &packages, &asked)
    };
    let answer = found(
        &ubuntu("20.04"),
        "libssl1.1",
        "openssl",
        "1.1.1f-1ubuntu2.11",
    );
    assert_eq!(ids(&answer), ["CVE-2022-0778"]);
    let told = &answer.findings[0];
    assert_eq!(told.assessment.severity, Severity::Medium);
    assert_eq!(told.fixed_version.as_deref(), Some("1.1.1f-1ubuntu2.12"));
    assert!(told.aliases.iter().any(|alias| alias == "USN-5328-1"));
    assert_eq!(answer.coverage.word(), CoverageWord::Complete);
    let fixed = found(
        &ubuntu("20.04"),
        "libssl1.1",
        "openssl",
        "1.1.1f-1ubuntu2.12",
    );
    assert_eq!(ids(&fixed), [""; 0]);
    let unfixed = found(
        &ubuntu("22.04"),
        "nodejs",
        "nodejs",
        "12.22.9~dfsg-1ubuntu3",
    );
    assert_eq!(unfixed.findings[0].state, FixState::NotFixed);
    // What only subscribers get is another release's.
    let old = found(
        &ubuntu("16.04"),
        "libssl1.0.0",
        "openssl",
        "1.0.2g-1ubuntu4.20",
    );
    assert_eq!(ids(&old), [""; 0]);
    assert_eq!(old.coverage.word(), CoverageWord::None);
}

/// As Go's database publishes them: the standard library is a module too.
#[test]
fn go_and_github_agree_on_one_fault() {
    let go = r#"{"schema_version": "1.3.1", "id": "GO-2023-1988", "modified": "2024-05-20T16:03:47Z",
        "published": "2023-08-02T16:33:01Z", "aliases": ["CVE-2023-3978", "GHSA-2wrh-6pvc-2jm9"],
        "summary": "Improper rendering of text nodes in golang.org/x/net/html",
        "affected": [{"package": {"name": "golang.org/x/net", "ecosystem": "Go"},
          "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.13.0"}]}],
          "ecosystem_specific": {"imports": [{"path": "golang.org/x/net/html", "symbols": ["Render"]}]}}],
        "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2023-1988", "review_status": "REVIEWED"}}"#;
    let github = r#"{"schema_version": "1.4.0", "id": "GHSA-2wrh-6pvc-2jm9", "modified": "2023-11-08T18:40:37Z",
        "published": "2023-08-02T21:30:23Z", "aliases": ["CVE-2023-3978"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}],
        "affected": [{"package": {"ecosystem": "Go", "name": "golang.org/x/net"},
          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.13.0"}]}]}],
        "database_specific": {"cwe_ids": ["CWE-79"], "severity": "MODERATE", "github_reviewed": true}}"#;
    let stdlib = r#"{"id": "GO-2022-0477", "modified": "2024-05-20T16:03:47Z", "aliases": ["CVE-2022-30634"],
        "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
          "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.17.11"},
                      {"introduced": "1.18.0-0"}, {"fixed": "1.18.3"}]}]}]}"#;
    let database = database(&[go, github, stdlib]);
    let found = |name: &str, version: &str| {
        let answer = ask(&database, &package(PackageKind::Go, name, version), &PLAIN);
        let found = answer.findings.into_iter();
        found
            .map(|it| (it.id, it.assessment.severity))
            .collect::<Vec<_>>()
    };
    let one = ("CVE-2023-3978".to_owned(), Severity::Medium);
    assert_eq!(found("golang.org/x/net", "v0.12.0"), [one]);
    assert_eq!(found("golang.org/x/net", "v0.13.0"), []);
    let stdlib = ("CVE-2022-30634".to_owned(), Severity::Unspecified);
    assert_eq!(found("stdlib", "1.18.2"), [stdlib]);
    assert_eq!(found("stdlib", "1.17.11"), []);
}
