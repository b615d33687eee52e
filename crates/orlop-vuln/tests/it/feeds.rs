//! What is read of feeds: their forms, their packing, and what is damaged in them.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::civil::Date;
use orlop_testing::fixtures;
use orlop_vuln::feeds::{EpssScore, Feed, FeedError, Sink, read_document, read_path};
use orlop_vuln::{Advisory, Event, Form, Rating, State};

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) advisories: Vec<(Feed, Advisory)>,
    covered: Vec<String>,
    faults: Vec<(String, String)>,
}

impl Sink for Heard {
    fn advisory(&mut self, feed: Feed, advisory: Advisory) {
        self.advisories.push((feed, advisory));
    }

    fn covers(&mut self, _feed: Feed, ecosystem: &str) {
        self.covered.push(ecosystem.to_owned());
    }

    fn score(&mut self, _cve: &str, _score: EpssScore) {}

    fn exploited(&mut self, _cve: &str, _added: Date) {}

    fn dated(&mut self, _feed: Feed, _date: Date) {}

    fn fault(&mut self, record: &str, what: String) {
        self.faults.push((record.to_owned(), what));
    }
}

fn read(document: &str) -> (Result<Feed, String>, Heard) {
    let mut heard = Heard::default();
    let read = read_document("document", document.as_bytes(), &mut heard);
    (read, heard)
}

const RECORD: &str = r#"{"id": "GHSA-x", "modified": "2024-01-02T00:00:00Z", "unknown": {"a": [1]},
    "aliases": null, "database_specific": {"severity": "MODERATE"},
    "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": null,
      "ranges": [{"type": "GIT", "repo": "https://example.org", "events": [{"introduced": "0"}]},
                 {"type": "SEMVER", "events": [{"introduced": "0"}]}],
      "database_specific": {"last_known_affected_version_range": "<= 1.2.3"}}]}"#;

#[test]
fn a_record_of_osv_is_read_with_what_github_says_beside_it() {
    let (read, heard) = read(RECORD);
    assert_eq!(read, Ok(Feed::Osv));
    let (_, advisory) = &heard.advisories[0];
    assert_eq!(advisory.ratings, [Rating::Word("MODERATE".into())]);
    let ranges = &advisory.affected[0].ranges;
    assert_eq!(ranges.len(), 1);
    let events = [
        Event::Introduced("0".into()),
        Event::LastAffected("1.2.3".into()),
    ];
    assert_eq!(ranges[0].events, events);
}

#[test]
fn a_record_in_yaml_is_the_same_as_in_json() {
    let yaml = r#"
id: PYSEC-2018-1
details: |
  Cuts
  "off".
affected:
- package:
    name: ansible
    ecosystem: PyPI
    purl: pkg:pypi/ansible
  ranges:
  - type: GIT
    repo: https://example.org/ansible
    events:
    - introduced: "0"
  - type: ECOSYSTEM
    events:
    - introduced: "0"
    - fixed: 2.10
  versions:
  - "1.0"
  - 1.10
references:
- type: WEB
  url: https://example.org/1
aliases:
- CVE-2018-1
severity: ~
modified: "2021-07-02T02:41:33.584138Z"
published: 2018-01-01T00:00:00Z
"#;
    let json = r#"{"id": "PYSEC-2018-1", "details": "Cuts\n\"off\".\n", "affected": [{"package":
        {"name": "ansible", "ecosystem": "PyPI", "purl": "pkg:pypi/ansible"}, "ranges": [
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10"}]}],
        "versions": ["1.0", "1.10"]}], "references": [{"type": "WEB", "url": "https://example.org/1"}],
        "aliases": ["CVE-2018-1"], "modified": "2021-07-02T02:41:33.584138Z",
        "published": "2018-01-01T00:00:00Z"}"#;
    let (in_yaml, in_json) = (read(yaml), read(json));
    assert_eq!(in_yaml.0, Ok(Feed::Osv));
    assert_eq!(in_yaml.1.advisories, in_json.1.advisories);
    let deep = format!("id: a\nmodified: {}{}", "[".repeat(100), "]".repeat(100));
    for (bad, what) in [
        (
            "id: &a x\nmodified: *a",
            "it has an alias, which isn't followed",
        ),
        (deep.as_str(), "more than 32 collections lie in each other"),
        ("id: a\nmodified: [", "it is no YAML: line "),
    ] {
        let error = read(bad).0.unwrap_err();
        assert!(error.starts_with(what), "{bad}: {error}");
    }
}

#[test]
fn what_a_record_cant_mean_is_refused() {
    let long = "x".repeat(2_000);
    for (from, to, what) in [
        ("\"GHSA-x\"", "\"\"", "it has no id"),
        (
            "SEMVER",
            "LUNAR",
            "its range is of the unknown type \"LUNAR\"",
        ),
        (
            r#""type": "SEMVER", "events": [{"introduced": "0"}]"#,
            r#""type": "SEMVER", "events": []"#,
            "a range has no beginning",
        ),
        (
            "2024-01-02T00",
            "2024-31-02T00",
            "its \"modified\" is no date: 2024-31-02T00:00:00Z",
        ),
        (
            "\"GHSA-x\"",
            &format!("\"{long}\""),
            "a name has more than 1024 bytes",
        ),
    ] {
        let (read, heard) = read(&RECORD.replace(from, to));
        assert_eq!(read, Err(what.to_owned()));
        assert_eq!(heard.advisories.len(), 0);
    }
    for other in ["{}", "[]", "", "{\"id\": \"a\"}", "PK\x03\x04", "<html>"] {
        read(other).0.unwrap_err();
    }
}

#[test]
fn the_database_of_alpine_is_read_with_its_oddities() {
    let (read, heard) = read(
        r#"{"distroversion": "v3.9", "reponame": "main", "packages": [
        {"pkg": {"name": "xen", "secfixes": {
          "4.7.1-r4": ["CVE-2016-10013 XSA-204", "CVE-2016-0001"], "4.8.0-r0": ["CVE-2016-0001"],
          "4.9.0-r0": null, "0": ["CVE-2016-0002"]}}},
        {"pkg": {"name": "ansible", "secfixes": {"2.7.3-r0": ["CVE 2018-16859", "?"]}}},
        {"pkg": {"name": "empty", "secfixes": null}}]}"#,
    );
    assert_eq!(read, Ok(Feed::Secdb));
    assert_eq!(heard.covered, ["Alpine:v3.9"]);
    let told: Vec<(&str, &str, State, &str)> = heard
        .advisories
        .iter()
        .map(|(_, advisory)| {
            let affected = &advisory.affected[0];
            assert_eq!(affected.form, Form::Source);
            let fix = affected
                .ranges
                .first()
                .map_or("", |range| range.events[1].version());
            (
                advisory.id.as_str(),
                affected.package.as_str(),
                affected.state,
                fix,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("CVE-2016-0001", "xen", State::Ranges, "4.8.0-r0"),
            ("CVE-2016-0002", "xen", State::NotAffected, ""),
            ("CVE-2016-10013", "xen", State::Ranges, "4.7.1-r4"),
            ("CVE-2018-16859", "ansible", State::Ranges, "2.7.3-r0"),
        ]
    );
    assert_eq!(
        heard.faults,
        [("document".to_owned(), "ansible has the id \"?\"".to_owned())]
    );
}

#[test]
fn wolfi_and_chainguard_are_told_by_their_addresses() {
    for (url, ecosystem) in [
        ("https://packages.wolfi.dev", "Wolfi"),
        ("https://packages.cgr.dev/chainguard", "Chainguard"),
    ] {
        let (read, heard) = read(&format!(
            r#"{{"apkurl": "{{{{urlprefix}}}}/{{{{reponame}}}}", "urlprefix": "{url}", "packages": []}}"#
        ));
        assert_eq!(read, Ok(Feed::Secdb));
        assert_eq!(heard.covered, [ecosystem]);
    }
    let (read, _) = read(r#"{"packages": []}"#);
    assert_eq!(
        read.unwrap_err(),
        "it doesn't say which distribution and release it is of"
    );
}

/// A VEX document in the form of Red Hat's, shortened.
const VEX: &str = r#"{"document": {"tracking": {"id": "CVE-2023-0001",
    "initial_release_date": "2023-01-01T00:00:00+00:00",
    "current_release_date": "2023-02-01T00:00:00+00:00"}},
  "product_tree": {"branches": [{"branches": [
    {"product": {"product_id": "BaseOS-9.1", "product_identification_helper":
      {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"}}},
    {"product": {"product_id": "red_hat_enterprise_linux_8", "product_identification_helper":
      {"cpe": "cpe:/o:redhat:enterprise_linux:8"}}},
    {"product": {"product_id": "vim-2:8.2-1.el9.src", "product_identification_helper":
      {"purl": "pkg:rpm/redhat/vim@8.2-1.el9?arch=src&epoch=2"}}},
    {"product": {"product_id": "vim-minimal-2:8.2-1.el9.x86_64", "product_identification_helper":
      {"purl": "pkg:rpm/redhat/vim-minimal@8.2-1.el9?arch=x86_64&epoch=2"}}},
    {"product": {"product_id": "vim", "product_identification_helper":
      {"purl": "pkg:rpm/redhat/vim"}}}]}],
   "relationships": [
    {"full_product_name": {"product_id": "BaseOS-9.1:vim-2:8.2-1.el9.src"},
     "product_reference": "vim-2:8.2-1.el9.src", "relates_to_product_reference": "BaseOS-9.1"},
    {"full_product_name": {"product_id": "BaseOS-9.1:vim-minimal-2:8.2-1.el9.x86_64"},
     "product_reference": "vim-minimal-2:8.2-1.el9.x86_64", "relates_to_product_reference": "BaseOS-9.1"},
    {"full_product_name": {"product_id": "red_hat_enterprise_linux_8:vim"},
     "product_reference": "vim", "relates_to_product_reference": "red_hat_enterprise_linux_8"}]},
  "vulnerabilities": [{"cve": "CVE-2023-0001", "title": "vim: overflow",
    "notes": [{"category": "description", "text": "A flaw."}],
    "product_status": {"fixed": ["BaseOS-9.1:vim-2:8.2-1.el9.src",
        "BaseOS-9.1:vim-minimal-2:8.2-1.el9.x86_64", "unknown:product"],
      "known_affected": ["red_hat_enterprise_linux_8:vim"]},
    "remediations": [{"category": "none_available", "details": "Will not fix",
      "product_ids": ["red_hat_enterprise_linux_8:vim"]}],
    "scores": [{"cvss_v3": {"vectorString": "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"}}],
    "threats": [{"category": "impact", "details": "Moderate"}]}]}"#;

#[test]
fn red_hats_products_are_components_in_platforms() {
    let (read, heard) = read(VEX);
    assert_eq!(read, Ok(Feed::Csaf));
    assert_eq!(
        heard.covered,
        [
            "Red Hat:enterprise_linux:8",
            "Red Hat:enterprise_linux:9::baseos"
        ]
    );
    let (_, advisory) = &heard.advisories[0];
    assert_eq!(advisory.id, "CVE-2023-0001");
    assert_eq!(advisory.ratings.len(), 2);
    let [eight, nine] = advisory.affected.as_slice() else {
        panic!("{:#?}", advisory.affected);
    };
    assert_eq!(
        (eight.package.as_str(), eight.state),
        ("vim", State::WontFix)
    );
    assert_eq!(eight.form, Form::Any);
    assert_eq!((nine.package.as_str(), nine.form), ("vim", Form::Source));
    assert_eq!(nine.ranges[0].events[1], Event::Fixed("2:8.2-1.el9".into()));
}

#[test]
fn feeds_are_found_in_every_packing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    for (name, bytes) in [
        ("a/GHSA-x.json", RECORD),
        ("a/bad.json", "{"),
        ("a/.github/workflows/a.yml", "on: push"),
        ("a/LICENSE", "x"),
    ] {
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_bytes())
            .unwrap();
    }
    let tar = tar.into_inner().unwrap();
    fs::write(path("a.tar"), &tar).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    fs::write(path("a.tar.gz"), gzip.finish().unwrap()).unwrap();
    let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip.write_all(&tar).unwrap();
    fs::write(path("a.bz2"), bzip.finish().unwrap()).unwrap();
    // Names don't tell.
    fs::write(path("a.odd"), zstd::encode_all(tar.as_slice(), 1).unwrap()).unwrap();
    fs::write(
        path("a.zip"),
        zip(&[("GHSA-x.json", RECORD), ("bad.json", "{")]),
    )
    .unwrap();
    for name in ["a.tar", "a.tar.gz", "a.bz2", "a.odd", "a.zip"] {
        let mut heard = Heard::default();
        assert_eq!(
            read_path(&path(name), &mut heard).unwrap(),
            [Feed::Osv],
            "{name}"
        );
        assert_eq!(heard.advisories.len(), 1, "{name}");
        assert_eq!(heard.faults.len(), 1, "{name}");
        assert!(heard.faults[0].0.ends_with("bad.json"), "{name}");
    }
    fs::write(path("half.zip"), &zip(&[("GHSA-x.json", RECORD)])[..300]).unwrap();
    fs::write(path("plain.json"), RECORD).unwrap();
    let mut heard = Heard::default();
    read_path(folder.path(), &mut heard).unwrap();
    assert_eq!(heard.advisories.len(), 5);
    assert!(heard.faults.iter().any(|(name, _)| name == "half.zip"));
    let error = read_path(&path("half.zip"), &mut heard).unwrap_err();
    assert!(matches!(error, FeedError::Unknown { .. }), "{error}");
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let method = rawzip::CompressionMethod::DEFLATE;
        let (mut entry, config) = archive
            .new_file(name)
            .compression_method(method)
            .start()
            .unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut writer = config.wrap(encoder);
        writer.write_all(content.as_bytes()).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

#[test]
fn real_feeds_are_read_without_a_fault() {
    let Some(fixtures) = fixtures() else {
        return;
    };
    for (path, feed, advisories) in [
        ("Alpine/all.zip", Feed::Osv, 2_439),
        ("Debian/all.zip", Feed::Osv, 11_823),
        ("Go/all.zip", Feed::Osv, 4_291),
        ("PyPI/all.zip", Feed::Osv, 2_661),
        ("crates.io/all.zip", Feed::Osv, 1_206),
        ("debian-tracker/json.zst", Feed::DebianTracker, 10_000),
        ("alpine-secdb", Feed::Secdb, 5_000),
    ] {
        let mut heard = Heard::default();
        let path = fixtures.join("advisories").join(path);
        assert_eq!(
            read_path(&path, &mut heard).unwrap(),
            [feed],
            "{}",
            path.display()
        );
        assert_eq!(heard.faults, [], "{}", path.display());
        assert!(heard.advisories.len() >= advisories, "{}", path.display());
    }
    let missing = Path::new("/nonexistent/advisories");
    let error = read_path(missing, &mut Heard::default()).unwrap_err();
    assert!(matches!(error, FeedError::Io { .. }));
}
