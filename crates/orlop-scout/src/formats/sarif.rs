//! SARIF 2.1.0 (OASIS), as code scanning reads it: a rule for each CVE, a result for each package it is in.
//!
//! Docker scout and trivy agree on most of the form, and so do we: what the rules' properties are called,
//! the severity as a number in `security-severity`, and paths below `ROOTPATH`, the root of the image.

use std::collections::HashMap;

use jiff::Timestamp;
use orlop_sbom::{Installed, Location};
use orlop_vuln::{Match, Severity};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::gaps::gaps;
use super::json::time;
use super::markdown::escaped;
use super::texts::{Texts, bounded, details, fingerprint, fix, one_line, range, title};
use crate::report::{Report, url};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Characters of a description that code scanning takes. Bytes are never fewer.
const LONGEST_DESCRIPTION: usize = 1024;
/// Bytes of an advisory in a rule's help: ten megabytes of a packed report are taken in all.
const LONGEST_HELP: usize = 64 << 10;
/// Places of a result. A report with a result that has more is refused as a whole.
const MOST_LOCATIONS: usize = 1000;
/// What stands in a path as it is (RFC 3986, section 3.3). A colon might end a scheme.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@');

/// The report as SARIF. `now` is when it was made.
pub fn sarif(report: &Report, texts: &Texts, now: Timestamp) -> Value {
    let mut rules: Vec<Value> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut results: Vec<Value> = Vec::new();
    for package in report.by_package() {
        for found in package.findings {
            let place = *places.entry(&found.id).or_insert_with(|| {
                rules.push(rule(report, found, texts));
                rules.len() - 1
            });
            results.push(result(report, found, package.installed, place));
        }
    }
    let subject = &report.indexed.subject;
    let digest = subject.target.as_ref().or(subject.manifest.as_ref());
    let notifications = gaps(report).into_iter();
    let notifications =
        notifications.map(|gap| json!({ "level": "warning", "message": { "text": gap } }));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "orlop scout",
                "fullName": "Orlop Scout",
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": time(now),
                "toolExecutionNotifications": notifications.collect::<Vec<Value>>(),
            }],
            "originalUriBaseIds": { "ROOTPATH": { "uri": "file:///" } },
            "columnKind": "utf16CodeUnits",
            "properties": {
                "imageName": subject.name,
                "imageDigest": digest.map(ToString::to_string),
                "platform": subject.platform,
                "advisories": report.answer.coverage.word().name(),
            },
            "results": results,
        }],
    })
}

/// The rule of a CVE. What differs from package to package is told for the first one.
fn rule(report: &Report, found: &Match, texts: &Texts) -> Value {
    let installed = report.installed(found);
    let name = match installed.package.kind.is_of_distribution() {
        true => "OsPackageVulnerability",
        false => "LanguageSpecificPackageVulnerability",
    };
    let severity = found.assessment.severity;
    let id = |it: &&Match| it.id == found.id;
    let same = report.answer.findings.iter().filter(id);
    let mut urls: Vec<&str> = same.map(|it| report.installed(it).purl.as_str()).collect();
    urls.dedup();
    let mut properties = json!({
        "affected_version": range(found),
        "fixed_version": fix(found),
        "cvssV3_severity": severity.to_string(),
        "purls": urls,
        "tags": ["vulnerability", "security", severity.to_string()],
    });
    if let Some(score) = &found.assessment.cvss {
        properties["cvss"] = score.value().into();
        properties["cvssVector"] = score.vector.clone().into();
    }
    if let Some(number) = number(found) {
        properties["security-severity"] = number.into();
    }
    let title = title(found, texts);
    let said = details(found, texts).unwrap_or(&title);
    let help_said = bounded(said, LONGEST_HELP);
    json!({
        "id": found.id,
        "name": name,
        "shortDescription": { "text": bounded(&title, LONGEST_DESCRIPTION) },
        "fullDescription": { "text": bounded(said, LONGEST_DESCRIPTION) },
        "helpUri": url(&found.id),
        "help": {
            "text": help(found, installed, &help_said),
            "markdown": help_markdown(found, installed, &help_said),
        },
        "defaultConfiguration": { "level": level(severity) },
        "properties": properties,
    })
}

fn rows<'a>(found: &'a Match, installed: &'a Installed) -> [(&'static str, &'a str); 3] {
    let package = match installed.purl.as_str() {
        "" => &installed.package.name,
        purl => purl,
    };
    [
        ("Package", package),
        ("Affected range", range(found)),
        ("Fixed version", fix(found)),
    ]
}

fn help(found: &Match, installed: &Installed, said: &str) -> String {
    let rows = rows(found, installed);
    let rows = rows.map(|(key, value)| format!("{key}: {value}\n"));
    format!("{said}\n\n{}", rows.concat())
}

/// The advisory's own Markdown as a quotation, and a table in which no value ends its cell.
fn help_markdown(found: &Match, installed: &Installed, said: &str) -> String {
    let quoted = said.split(['\n', '\r']).map(|line| format!("> {line}"));
    let quoted: Vec<String> = quoted.collect();
    let rows = rows(found, installed);
    let rows = rows.map(|(key, value)| format!("| {key} | {} |\n", escaped(value)));
    format!(
        "{}\n\n| | |\n|---|---|\n{}",
        quoted.join("\n"),
        rows.concat()
    )
}

fn result(report: &Report, found: &Match, installed: &Installed, rule: usize) -> Value {
    let severity = found.assessment.severity;
    let said = severity.to_string();
    let [package, range, fix] = rows(found, installed);
    let lines = [
        ("Vulnerability", found.id.as_str()),
        ("Severity", &said),
        package,
        ("Installed version", &installed.package.version),
        range,
        fix,
    ];
    // A name with a line break must not look like another line.
    let lines = lines.map(|(key, value)| format!("  {key:<17} : {}\n", one_line(value)));
    let locations = installed.locations.iter().take(MOST_LOCATIONS);
    let mut locations: Vec<Value> = locations
        .map(|it| location(report, installed, it))
        .collect();
    if locations.is_empty() {
        // Readers want a file: the document that says so is one.
        let name = match report.indexed.subject.name.as_str() {
            "" => "image",
            name => name,
        };
        locations.push(json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(name) },
            "region": first_line(),
        } }));
    }
    json!({
        "ruleId": found.id,
        "ruleIndex": rule,
        "kind": "fail",
        "level": level(severity),
        "message": { "text": lines.concat() },
        "locations": locations,
        "partialFingerprints": { "packageVulnerability/v1": fingerprint(found, installed) },
    })
}

/// A file of the image, and where the package is in words: image, layer, path, jars in it.
fn location(report: &Report, installed: &Installed, location: &Location) -> Value {
    let package = &installed.package;
    let subject = &report.indexed.subject;
    let inside = location.inside.iter().map(|inside| format!(":{inside}"));
    let path = format!("/{}{}", location.path, inside.collect::<String>());
    let name = match subject.target.as_ref().or(subject.manifest.as_ref()) {
        Some(digest) => format!("{}@{digest}:{path}", subject.name),
        None => format!("{}:{path}", subject.name),
    };
    let mut value = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&location.path), "uriBaseId": "ROOTPATH" },
            "region": first_line(),
        },
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": "package", "name": package.name }],
        "message": { "text": format!("{path}: {}@{}", package.name, package.version) },
    });
    if let Some(diff_id) = &location.diff_id {
        let step = report.step(diff_id);
        value["properties"] = json!({
            "layerDiffId": diff_id.as_str(),
            "layer": step.map(|step| step.layer),
            "instruction": step.map(|step| step.created_by.as_str()),
        });
    }
    value
}

/// Code scanning shows nothing without one.
fn first_line() -> Value {
    json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 })
}

pub(super) fn uri(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Unspecified => "note",
    }
}

/// The number that code scanning makes words of again: the score where its word is the severity's, else the
/// middle of that. A vendor's `LOW` must not show as critical because somebody else scores 9.8.
fn number(found: &Match) -> Option<String> {
    let severity = found.assessment.severity;
    let score = found.assessment.cvss.as_ref();
    if let Some(score) = score.filter(|score| word(score.tenths) == severity) {
        return Some(format!("{:.1}", score.value()));
    }
    let middle = match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Unspecified => return None,
    };
    Some(middle.to_owned())
}

/// GitHub's words for scores.
pub(super) fn word(tenths: u8) -> Severity {
    match tenths {
        90.. => Severity::Critical,
        70.. => Severity::High,
        40.. => Severity::Medium,
        1.. => Severity::Low,
        0 => Severity::Unspecified,
    }
}
