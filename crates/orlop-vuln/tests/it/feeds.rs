//! What is read of feeds: their forms, their packing, and what is damaged in them.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::civil::Date;
use orlop_oci::{DiffId, Digest};
use orlop_testing::fixtures;
use orlop_vuln::feeds::{EpssScore, Feed, FeedError, Sink, base_images, read_document, read_path};
use orlop_vuln::{Advisory, Affected, BaseImage, Event, Form, Rating, State};
use serde_json::json;

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) advisories: Vec<(Feed, Advisory)>,
    covered: Vec<String>,
    base_images: Vec<BaseImage>,
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

    fn base_image(&mut self, image: BaseImage) {
        self.base_images.push(image);
    }

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

/// Definitions in the form of Red Hat's, shortened: an advisory with a module, and a fault without a fix.
const OVAL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"
 xmlns:red-def="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux"><definitions>
<definition class="patch" id="d:1"><metadata><title>RHSA-2023:1: node (Important)</title>
 <reference ref_id="RHSA-2023:1" source="RHSA"/><reference ref_id="CVE-2023-1" source="CVE"/>
 <description>A flaw.</description><advisory><severity>Important</severity>
 <issued date="2023-01-02"/><updated date="2023-01-03"/>
 <cve cvss3="7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" impact="low" href="https://a/1">CVE-2023-1</cve>
 <cve href="https://a/2">CVE-2023-2</cve><affected_cpe_list><cpe>cpe:/a:redhat:enterprise_linux:8</cpe>
 <cpe>cpe:/a:redhat:enterprise_linux:8::appstream</cpe></affected_cpe_list></advisory></metadata>
 <criteria operator="AND"><criterion comment="Module nodejs:16 is enabled" test_ref="t:0"/>
 <criteria operator="OR"><criterion comment="nodejs is earlier than 1:16.2-1" test_ref="t:1"/>
 <criterion comment="nodejs is signed" test_ref="t:2"/></criteria></criteria></definition>
<definition class="vulnerability" id="d:2"><metadata><title>CVE-2023-3 vim</title>
 <reference ref_id="CVE-2023-3" ref_url="https://a/3" source="CVE"/><advisory><severity>Low</severity>
 <affected><resolution state="Will not fix"><component>vim</component></resolution></affected>
 </advisory></metadata><criteria operator="AND">
 <criterion comment="Red Hat Enterprise Linux 8 is installed" test_ref="t:9"/>
 <criterion comment="vim is installed" test_ref="t:3"/></criteria></definition>
<definition class="vulnerability" id="a.unaffected:def:1"><criteria><criterion test_ref="t:3"/></criteria>
</definition></definitions><tests>
<red-def:rpminfo_test id="t:1"><red-def:object object_ref="o:1"/><red-def:state state_ref="s:1"/></red-def:rpminfo_test>
<red-def:rpminfo_test id="t:2"><red-def:object object_ref="o:1"/><red-def:state state_ref="s:2"/></red-def:rpminfo_test>
<red-def:rpminfo_test id="t:3"><red-def:object object_ref="o:2"/></red-def:rpminfo_test></tests><objects>
<red-def:rpminfo_object id="o:1"><red-def:name>nodejs</red-def:name></red-def:rpminfo_object>
<red-def:rpminfo_object id="o:2"><red-def:name>vim-minimal</red-def:name></red-def:rpminfo_object></objects><states>
<red-def:rpminfo_state id="s:1"><red-def:evr operation="less than">1:16.2-1</red-def:evr></red-def:rpminfo_state>
<red-def:rpminfo_state id="s:2"><red-def:signature_keyid>1</red-def:signature_keyid></red-def:rpminfo_state>
</states></oval_definitions>"#;

#[test]
fn definitions_of_oval_are_told_by_cve() {
    let (read, heard) = read(OVAL);
    assert_eq!(read, Ok(Feed::Oval));
    assert_eq!(heard.faults, []);
    let told: Vec<String> = heard
        .advisories
        .iter()
        .map(|(_, advisory)| {
            let [affected] = advisory.affected.as_slice() else {
                panic!("{:#?}", advisory.affected);
            };
            assert_eq!(affected.form, Form::Binary);
            let Affected {
                ecosystem,
                package,
                module,
                state,
                ..
            } = affected;
            let end = affected.ranges[0].events.last().unwrap();
            let ratings = &advisory.ratings;
            format!(
                "{} {ecosystem} {package} {module:?} {state:?} {end:?} {}",
                advisory.id,
                ratings.len()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "CVE-2023-1 Red Hat:enterprise_linux:8 nodejs Some(\"nodejs:16\") Ranges Fixed(\"1:16.2-1\") 2",
            "CVE-2023-2 Red Hat:enterprise_linux:8 nodejs Some(\"nodejs:16\") Ranges Fixed(\"1:16.2-1\") 1",
            "CVE-2023-3 Red Hat:enterprise_linux:8 vim-minimal None WontFix Introduced(\"0\") 1",
        ]
    );
    let first = &heard.advisories[0].1;
    assert_eq!(first.related, ["RHSA-2023:1"]);
    assert_eq!(first.published.unwrap().to_string(), "2023-01-02T00:00:00Z");
}

#[test]
fn fixes_of_several_minor_releases_are_told_together() {
    // The same advisory again, for another minor release.
    let start = OVAL.find("<definition class=\"patch\"").unwrap();
    let end = start + OVAL[start..].find("<definition class=\"vuln").unwrap();
    let again = OVAL[start..end]
        .replace("t:1", "t:4")
        .replace("RHSA-2023:1", "RHSA-2023:2");
    let two = format!("{}{again}{}", &OVAL[..end], &OVAL[end..])
        .replace("1:16.2-1<", "1:16.2-1.el8_6.1<")
        .replace(
            "</tests>",
            r#"<red-def:rpminfo_test id="t:4"><red-def:object object_ref="o:1"/>
            <red-def:state state_ref="s:4"/></red-def:rpminfo_test></tests>"#,
        )
        .replace(
            "<states>",
            r#"<states><red-def:rpminfo_state id="s:4"><red-def:evr operation="less than">1:16.4-2.el8_7
            </red-def:evr></red-def:rpminfo_state>"#,
        );
    let (read, heard) = read(&two);
    assert_eq!(read, Ok(Feed::Oval));
    let first = &heard.advisories[0].1;
    assert_eq!(first.related, ["RHSA-2023:1", "RHSA-2023:2"]);
    let events: Vec<&str> = first.affected[0].ranges[0]
        .events
        .iter()
        .map(Event::version)
        .collect();
    assert_eq!(
        events,
        ["0", "1:16.2-1.el8_6.1", "1:16.2-1.el8_7", "1:16.4-2.el8_7"]
    );
}

#[test]
fn a_fix_of_oval_is_of_the_architectures_that_it_names() {
    let told = |first: &str, second: &str| {
        let state = |id: &str, pattern: &str, version: &str| {
            let pattern = match pattern {
                "" => String::new(),
                text => format!(r#"<red-def:arch operation="pattern match">{text}</red-def:arch>"#),
            };
            format!(
                r#"<red-def:rpminfo_state id="{id}">{pattern}
                <red-def:evr operation="less than">{version}</red-def:evr></red-def:rpminfo_state>"#
            )
        };
        let test = r#"<red-def:rpminfo_test id="t:4"><red-def:object object_ref="o:1"/>
            <red-def:state state_ref="s:4"/></red-def:rpminfo_test></tests>"#;
        let criterion = r#"<criterion test_ref="t:1"/><criterion test_ref="t:4"/>"#;
        let states = format!(
            "<states>{}{}",
            state("s:1", first, "1:16.2-1"),
            state("s:4", second, "1:16.3-1")
        );
        let text = OVAL
            .replace("s:1\"><red-def:evr", "s:0\"><red-def:evr")
            .replace(
                r#"<criterion comment="nodejs is earlier than 1:16.2-1" test_ref="t:1"/>"#,
                criterion,
            )
            .replace("</tests>", test)
            .replace("<states>", &states);
        let (read, heard) = read(&text);
        assert_eq!(read, Ok(Feed::Oval));
        let affected = heard.advisories[0].1.affected.iter();
        let lines = affected.map(|one| {
            let events = one.ranges.iter().flat_map(|range| &range.events);
            let fixes: Vec<&str> = events.map(Event::version).filter(|it| *it != "0").collect();
            format!("{}: {}", one.architectures.join(" "), fixes.join(" "))
        });
        lines.collect::<Vec<String>>()
    };
    assert_eq!(
        told("x86_64", "s390x|ppc64le"),
        ["ppc64le s390x: 1:16.3-1", "x86_64: 1:16.2-1"]
    );
    // The one architecture of both has the later fix, the others only their own.
    assert_eq!(
        told("aarch64|x86_64", "s390x|x86_64"),
        ["aarch64: 1:16.2-1", "s390x x86_64: 1:16.3-1"]
    );
    // All of them, none named, and what is more than a list of names, are every package.
    for all in ["aarch64|i686|ppc64le|s390x|x86_64", "", "(x86_64|i.86)"] {
        assert_eq!(told(all, all), [": 1:16.3-1"], "{all}");
        assert_eq!(told("x86_64", all), [": 1:16.3-1"], "{all}");
    }
}

#[test]
fn oval_that_is_damaged_or_endless_is_refused() {
    let nested = "<criteria>".repeat(100) + &"</criteria>".repeat(100);
    let start = OVAL.find("<criteria").unwrap();
    let end = start + OVAL[start..].find("</definition>").unwrap();
    let deep = format!("{}{nested}{}", &OVAL[..start], &OVAL[end..]);
    let (answer, heard) = read(&deep);
    assert_eq!(answer, Ok(Feed::Oval));
    assert_eq!(heard.advisories.len(), 1, "the rest goes on");
    let what = "its criteria are nested deeper than 32".to_owned();
    assert_eq!(heard.faults, [("d:1".to_owned(), what)]);
    let bomb = OVAL.replacen(
        "<oval_definitions",
        "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><oval_definitions",
        1,
    );
    for bad in [&OVAL[..OVAL.len() / 2], bomb.as_str()] {
        let error = read(bad).0.unwrap_err();
        assert!(error.starts_with("it is no XML: "), "{error}");
    }
}

#[test]
fn what_a_document_says_of_itself_stays_in_one_line() {
    let bad = RECORD.replace("2024-01-02T00", "2\\n\\u001b[2J");
    let error = read(&bad).0.unwrap_err();
    assert_eq!(error, "its \"modified\" is no date: 2\\n\\u{1b}[2J:00:00Z");
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

fn base_image(name: &str, layers: &[&str]) -> BaseImage {
    BaseImage {
        name: name.parse().unwrap(),
        digest: Digest::of(name.as_bytes()),
        manifest: Digest::of(layers.concat().as_bytes()),
        platform: "linux/amd64".parse().unwrap(),
        created: Some("2024-09-06T12:05:36Z".parse().unwrap()),
        steps: 2,
        diff_ids: layers
            .iter()
            .map(|layer| DiffId(Digest::of(layer.as_bytes())))
            .collect(),
    }
}

#[test]
fn a_catalogue_of_base_images_is_read_as_it_was_written() {
    let images = [
        base_image("docker.io/library/alpine:3.20", &["a"]),
        base_image("registry.example.com/base:v1", &["a", "b"]),
    ];
    let document = base_images(&images);
    let (feed, heard) = read(&document);
    assert_eq!(feed, Ok(Feed::BaseImages));
    assert_eq!(heard.base_images, images);
    let digest = Digest::of(b"");
    for (wrong, what) in [
        (json!({"name": "UPPER"}), "missing field"),
        (
            json!({"name": "UPPER", "digest": digest, "manifest": digest, "platform": "linux/amd64", "steps": 1, "diff_ids": [digest]}),
            "must be lowercase",
        ),
        (
            json!({"name": "a", "digest": digest, "manifest": "sha256:12", "platform": "linux/amd64", "steps": 1, "diff_ids": [digest]}),
            "digest",
        ),
        (
            json!({"name": "a", "digest": digest, "manifest": digest, "platform": "linux/amd64", "steps": 1, "diff_ids": []}),
            "it has no layers",
        ),
        (
            json!({"name": "a", "digest": digest, "manifest": digest, "platform": "linux/amd64", "steps": 1, "diff_ids": vec![digest.clone(); 513]}),
            "more than 512 layers",
        ),
        (json!(7), "invalid type"),
    ] {
        let (feed, heard) = read(&json!({"base_images": [wrong]}).to_string());
        assert_eq!(feed, Ok(Feed::BaseImages));
        assert_eq!(heard.base_images, []);
        assert!(heard.faults[0].1.contains(what), "{:?}", heard.faults);
    }
}
