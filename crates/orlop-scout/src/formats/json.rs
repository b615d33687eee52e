//! The stable machine form of a report. Keys are only ever added.

use jiff::Timestamp;
use orlop_sbom::{Installed, Location};
use orlop_vuln::feeds::EpssScore;
use orlop_vuln::{Coverage, CvssScore, EcosystemCoverage, Match, Undecidable};
use serde_json::{Value, json};

use crate::report::{Report, url};

/// The report as one object.
pub fn json(report: &Report) -> Value {
    let subject = &report.indexed.subject;
    let findings = report.answer.findings.iter();
    let undecidable = report.answer.undecidable.iter();
    json!({
        "target": subject.name,
        "digest": subject.target.as_ref().or(subject.manifest.as_ref()).map(ToString::to_string),
        "manifest": subject.manifest.as_ref().map(ToString::to_string),
        "platform": subject.platform,
        "size": report.size(),
        "distribution": report.indexed.sbom.release,
        "packages": report.indexed.sbom.packages.len(),
        "as_of": report.options.as_of.map(time),
        "database": {
            "digest": format!("sha256:{}", report.database.digest),
            "built": time(report.database.built),
        },
        "coverage": coverage(report),
        "findings": findings.map(|found| finding(report, found)).collect::<Vec<_>>(),
        "undecidable": undecidable.map(|it| unknown(report, it)).collect::<Vec<_>>(),
        "faults": report.indexed.sbom.faults,
    })
}

/// RFC 3339, UTC, whole seconds.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn finding(report: &Report, found: &Match) -> Value {
    let installed = report.installed(found);
    let mut object = package(report, installed);
    let more = json!({
        "id": found.id,
        "aliases": found.aliases,
        "url": url(&found.id),
        "severity": found.assessment.severity.to_string().to_lowercase(),
        "cvss": found.assessment.cvss.as_ref().map(cvss),
        "affected_range": found.affected_range,
        "fixed_version": found.fixed_version,
        "state": found.state.name(),
        "informational": found.informational,
        "published": found.published.map(time),
        "epss": found.epss.map(epss),
        "kev": found.exploited.map(|date| json!({ "added": date.to_string() })),
        "locations": locations(report, &installed.locations),
        "advisories": found.evidence.iter().map(|it| json!({
            "id": it.advisory,
            "feed": it.feed,
            "ecosystem": it.ecosystem,
            "package": it.package,
        })).collect::<Vec<_>>(),
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// A package as findings name it.
pub(super) fn package(report: &Report, installed: &Installed) -> Value {
    let package = &installed.package;
    let source = package.source.as_ref();
    let is_distribution = package.kind.is_of_distribution();
    let mut object = json!({
        "package": package.name,
        "version": package.version,
        "type": package.kind.purl_type(),
        // A distribution's package that isn't built from another one is its own source.
        "source_package": source.map(|it| it.name.as_str())
            .or(is_distribution.then_some(package.name.as_str())),
        "source_version": source.map(|it| it.version.as_str())
            .or(is_distribution.then_some(package.version.as_str())),
        "purl": installed.purl,
        "layer": report.layer_of(installed),
    });
    if let Some(stage) = &installed.stage {
        object["stage"] = stage.clone().into();
    }
    object
}

fn unknown(report: &Report, unknown: &Undecidable) -> Value {
    let mut object = package(report, &report.indexed.sbom.packages[unknown.package]);
    object["ids"] = unknown.ids.clone().into();
    object["why"] = unknown.what.clone().into();
    object
}

fn cvss(score: &CvssScore) -> Value {
    json!({
        "version": score.version.to_string(),
        "score": score.value(),
        "vector": score.vector,
    })
}

fn epss(score: EpssScore) -> Value {
    let share = |count: u32| f64::from(count) / f64::from(EpssScore::ONE);
    json!({
        "score": share(score.probability),
        "percentile": share(score.percentile),
    })
}

pub(super) fn locations(report: &Report, locations: &[Location]) -> Value {
    locations
        .iter()
        .map(|location| {
            let step = location.diff_id.as_ref().and_then(|diff_id| report.step(diff_id));
            let mut object = json!({
                "path": location.path,
                "diff_id": location.diff_id.as_ref().map(ToString::to_string),
                "layer": step.map(|step| step.layer),
                "instruction": step.map(|step| step.created_by.as_str()).filter(|text| !text.is_empty()),
            });
            if !location.inside.is_empty() {
                object["inside"] = location.inside.clone().into();
            }
            object
        })
        .collect()
}

pub(super) fn coverage(report: &Report) -> Value {
    let coverage: &Coverage = &report.answer.coverage;
    let programs = &report.indexed.sbom.coverage;
    json!({
        "advisories": coverage.word().name(),
        "ecosystems": coverage.ecosystems.iter().map(ecosystem).collect::<Vec<_>>(),
        "left_to_distribution": coverage.left_to_distribution,
        "executables": {
            "bytes": programs.program_bytes,
            "explained_bytes": programs.explained_bytes,
            "unexplained_share": 1.0 - programs.share(),
        },
    })
}

fn ecosystem(it: &EcosystemCoverage) -> Value {
    json!({
        "ecosystem": it.name,
        "packages": it.packages,
        "state": it.state.name(),
        "date": it.date.map(time),
        "end_of_life": it.end_of_life.map(|date| date.to_string()),
    })
}
