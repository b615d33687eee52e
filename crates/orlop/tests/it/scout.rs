//! `scout`: what is in images, and what is wrong with them.

mod cache;
mod cves;
mod db;
mod db_registry;
mod db_update;
mod fixtures;
mod formats;
mod hostile;
mod quickview;
mod stages;
mod why;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orlop_testing::{Compression, Image, Layer, Orlop, PlatformName, Tarball};
use orlop_vuln::database::{Builder, BuilderOptions, save};
use serde_json::{Value, json};

/// Debian's own package, as `dpkg` lists it.
const STATUS: &str = "Package: libssl3
Status: install ok installed
Maintainer: Debian OpenSSL Team <pkg@example.org>
Architecture: amd64
Source: openssl
Version: 3.0.9-1

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4
";

/// An image of two layers: a base of Debian 12, and an application with packages of two languages.
fn app() -> Image {
    Image::new(&PlatformName::new("linux/amd64"), &[base(), above()])
}

/// The layer of its base image.
fn base() -> Layer {
    let tar = Tarball::new()
        .file("etc/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
        .file("var/lib/dpkg/status", 0o644, STATUS)
        .finish();
    Layer::new(&tar, Compression::Gzip)
}

/// The layer of the application.
fn above() -> Layer {
    let tar = Tarball::new()
        .file(
            "usr/local/lib/python3.11/site-packages/Jinja2-2.10.dist-info/METADATA",
            0o644,
            "Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\nLicense: BSD\n",
        )
        .file(
            "srv/node_modules/minimist/package.json",
            0o644,
            r#"{"name": "minimist", "version": "1.2.0", "license": "MIT"}"#,
        )
        .file("srv/tool", 0o755, "#!/bin/sh\nexit 0\n")
        .finish();
    Layer::new(&tar, Compression::Gzip)
}

/// The image in a layout below the program's folder: `oci-dir://…`.
fn in_layout(orlop: &Orlop, image: &Image) -> String {
    let folder = orlop.folder().join("layout");
    image.write_layout(&folder, "v1");
    format!("oci-dir://{}", folder.display())
}

/// A record in OSV's form about one package, with one range.
fn record(id: &str, ecosystem: &str, package: &str, fixed: Option<&str>, more: Value) -> Value {
    let mut events = vec![json!({"introduced": "0"})];
    events.extend(fixed.map(|fixed| json!({"fixed": fixed})));
    let mut record = json!({
        "schema_version": "1.7.0",
        "id": id,
        "modified": "2024-03-01T00:00:00Z",
        "published": "2024-02-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    });
    let (Value::Object(object), Value::Object(more)) = (&mut record, more) else {
        panic!("records are objects");
    };
    object.extend(more);
    record
}

/// What is known of the packages of [`app`].
fn records() -> Vec<Value> {
    let cvss = |vector: &str| json!([{"type": "CVSS_V3", "score": vector}]);
    vec![
        record(
            "DEBIAN-CVE-2023-5363",
            "Debian:12",
            "openssl",
            Some("3.0.11-1~deb12u2"),
            json!({"upstream": ["CVE-2023-5363"]}),
        ),
        record(
            "GHSA-462w-v97r-4m45",
            "PyPI",
            "jinja2",
            Some("2.10.1"),
            json!({
                "aliases": ["CVE-2019-10906"],
                "summary": "Jinja2 sandbox escape",
                "severity": cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N"),
            }),
        ),
        record(
            "PYSEC-2019-217",
            "PyPI",
            "jinja2",
            Some("2.10.1"),
            json!({"aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"]}),
        ),
        record(
            "GHSA-xvch-5gv4-984h",
            "npm",
            "minimist",
            None,
            json!({
                "aliases": ["CVE-2021-44906"],
                "severity": cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
                "published": "2022-03-18T00:00:00Z",
            }),
        ),
        record(
            "GHSA-aaaa-bbbb-cccc",
            "npm",
            "minimist",
            None,
            json!({"withdrawn": "2024-02-02T00:00:00Z"}),
        ),
        record("GHSA-dddd-eeee-ffff", "npm", "lodash", None, json!({})),
    ]
}

/// Gives the store a database of these records, with scores and what is exploited.
fn advisories(orlop: &Orlop, records: &[Value], date: Timestamp) -> PathBuf {
    let feeds = orlop.folder().join("feeds");
    std::fs::create_dir_all(&feeds).expect("a folder is made");
    for record in records {
        let id = record["id"].as_str().expect("an id");
        write(&feeds, &format!("{id}.json"), &record.to_string());
    }
    write(
        &feeds,
        "epss.csv",
        "#model_version:v2025.03.14,score_date:2024-04-01T00:00:00+0000\ncve,epss,percentile\nCVE-2021-44906,0.5,0.97\nCVE-2019-10906,0.001,0.2\n",
    );
    let kev = json!({
        "title": "CISA Catalog of Known Exploited Vulnerabilities",
        "catalogVersion": "2024.04.01",
        "dateReleased": "2024-04-01T00:00:00.0000Z",
        "count": 1,
        "vulnerabilities": [{"cveID": "CVE-2021-44906", "dateAdded": "2022-04-01"}],
    });
    write(&feeds, "kev.json", &kev.to_string());
    let options = BuilderOptions {
        built: date,
        ..BuilderOptions::default()
    };
    let mut builder = Builder::new(options).expect("a builder");
    builder
        .add_path("feeds", date, &feeds)
        .expect("feeds are read");
    assert_eq!(builder.faults(), []);
    let folder = orlop.store().join("scout");
    std::fs::create_dir_all(&folder).expect("a folder is made");
    let file = folder.join("advisories-v1.db");
    save(&builder.finish().expect("a database"), &file).expect("it is saved");
    file
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a feed is written");
}

/// A program with a database that is new.
fn with_advisories() -> Orlop {
    let orlop = crate::orlop();
    advisories(&orlop, &records(), Timestamp::now());
    orlop
}

/// The answer of `scout cves --format json`.
fn report(orlop: &Orlop, arguments: &[&str]) -> Value {
    let all = ["scout", "cves", "--format", "json"]
        .iter()
        .chain(arguments);
    let answer = orlop.ok(all).stdout;
    serde_json::from_str(&answer).expect("it answers with JSON")
}

/// `package id severity fix` of each finding.
fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let line = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
        [
            text("package"),
            text("id"),
            text("severity"),
            text("fixed_version"),
        ]
        .join(" ")
    };
    findings.iter().map(line).collect()
}
