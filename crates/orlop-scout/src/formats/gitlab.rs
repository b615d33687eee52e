//! GitLab's report of container scanning (gitlab-org/security-products/security-report-schemas), version 15.

use std::collections::BTreeSet;

use jiff::Timestamp;
use orlop_oci::Digest;
use orlop_sbom::Installed;
use orlop_vuln::{Match, Severity};
use serde_json::{Value, json};

use super::gaps::gaps;
use super::texts::{Texts, bounded, details, fingerprint, fix, range, references, title};
use crate::report::{Report, url};

/// The version of the schema that this is written by.
const SCHEMA_VERSION: &str = "15.0.7";
/// Characters of a name, which GitLab refuses if there are more. Bytes are never fewer.
const LONGEST_NAME: usize = 255;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 1 << 20;
/// Characters of a solution.
const LONGEST_SOLUTION: usize = 7000;

/// The report for GitLab. `now` is when it was made.
pub fn gitlab(report: &Report, texts: &Texts, now: Timestamp) -> Value {
    // GitLab wants UTC, and no letter that says so.
    let now = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let tool = json!({
        "id": "orlop-scout",
        "name": "Orlop Scout",
        "url": env!("CARGO_PKG_REPOSITORY"),
        "version": env!("CARGO_PKG_VERSION"),
        "vendor": { "name": "Orlop" },
    });
    let messages = gaps(report).into_iter();
    let messages = messages.map(|gap| json!({ "level": "warn", "value": gap }));
    let packages = report.by_package();
    let findings = packages.iter().flat_map(|package| {
        let installed = package.installed;
        let findings = package.findings.iter();
        findings.map(move |found| vulnerability(report, found, installed, texts))
    });
    json!({
        "version": SCHEMA_VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "container_scanning",
            "start_time": now,
            "end_time": now,
            "status": "success",
            "messages": messages.collect::<Vec<Value>>(),
        },
        "vulnerabilities": findings.collect::<Vec<Value>>(),
        "remediations": [],
    })
}

fn vulnerability(report: &Report, found: &Match, installed: &Installed, texts: &Texts) -> Value {
    let package = &installed.package;
    let title = title(found, texts);
    let mut value = json!({
        "id": uuid(&fingerprint(found, installed)),
        "name": bounded(&title, LONGEST_NAME),
        "description": bounded(details(found, texts).unwrap_or(&title), LONGEST_DESCRIPTION),
        "severity": severity(found),
        "identifiers": identifiers(found),
        "links": links(found, texts),
        "details": told(found, installed),
        "location": {
            "dependency": {
                "package": { "name": package.name },
                "version": package.version,
            },
            "operating_system": operating_system(report),
            "image": image(report),
        },
    });
    if let Some(fixed) = &found.fixed_version {
        let solution = format!(
            "Upgrade {} from {} to {fixed}",
            package.name, package.version
        );
        value["solution"] = bounded(&solution, LONGEST_SOLUTION).into();
    }
    value
}

/// A UUID of content (RFC 9562, version 8).
pub(super) fn uuid(fingerprint: &str) -> String {
    format!(
        "{}-{}-8{}-8{}-{}",
        &fingerprint[..8],
        &fingerprint[8..12],
        &fingerprint[13..16],
        &fingerprint[17..20],
        &fingerprint[20..32]
    )
}

fn severity(found: &Match) -> &'static str {
    if found.informational.is_some() {
        return "Info";
    }
    match found.assessment.severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Unspecified => "Unknown",
    }
}

/// The id that findings are told apart by comes first.
fn identifiers(found: &Match) -> Vec<Value> {
    let aliases = found.aliases.iter().filter(|alias| **alias != found.id);
    let ids = std::iter::once(&found.id).chain(aliases);
    ids.filter(|id| !id.is_empty())
        .map(|id| json!({ "type": kind(id), "name": id, "value": id, "url": url(id) }))
        .collect()
}

/// `cve` of `CVE-2019-14697`. GitLab refuses a report in which there is none.
pub(super) fn kind(id: &str) -> String {
    match id.split_once('-') {
        Some(("", _)) => "other".to_owned(),
        Some((kind, _)) => kind.to_lowercase(),
        None => id.to_lowercase(),
    }
}

fn links(found: &Match, texts: &Texts) -> Vec<Value> {
    let own = url(&found.id);
    let mut seen = BTreeSet::new();
    let all = std::iter::once(own.as_str()).chain(references(found, texts));
    all.filter(|url| seen.insert(*url))
        .map(|url| json!({ "url": url }))
        .collect()
}

/// What GitLab shows below the description.
fn told(found: &Match, installed: &Installed) -> Value {
    let package = &installed.package;
    let text = |name: &str, value: &str| json!({ "type": "text", "name": name, "value": value });
    let mut value = json!({
        "vulnerable_package": text(
            "Vulnerable Package",
            &format!("{}:{}", package.name, package.version),
        ),
        "affected_range": text("Affected Range", range(found)),
        "fixed_version": text("Fixed Version", fix(found)),
    });
    let paths = installed.locations.iter();
    let paths = paths.map(|it| json!({ "type": "text", "value": format!("/{}", it.path) }));
    let paths: Vec<Value> = paths.collect();
    if !paths.is_empty() {
        value["paths"] = json!({ "type": "list", "name": "Paths", "items": paths });
    }
    value
}

/// `alpine 3.9.0`. Something has to be said.
fn operating_system(report: &Report) -> String {
    let release = report.indexed.sbom.release.as_ref();
    let said = release.map(|release| format!("{} {}", release.id, release.version));
    let said = said.map(|said| said.trim().to_owned());
    said.filter(|said| !said.is_empty())
        .unwrap_or_else(|| "Unknown".to_owned())
}

fn image(report: &Report) -> String {
    let subject = &report.indexed.subject;
    let digest = subject.target.as_ref().or(subject.manifest.as_ref());
    match (subject.name.as_str(), digest) {
        ("", digest) => digest.map_or_else(|| "unknown".to_owned(), Digest::to_string),
        (name, _) => name.to_owned(),
    }
}
