//! Why a fault is found, for programs.

use orlop_vuln::{Outcome, Verdict};
use serde_json::{Value, json};

use super::json::{locations, package, time};
use crate::report::{Report, url};

/// Verdicts as a list of objects.
pub fn verdicts(report: &Report, verdicts: &[Verdict]) -> Value {
    verdicts
        .iter()
        .map(|verdict| object(report, verdict))
        .collect()
}

fn object(report: &Report, verdict: &Verdict) -> Value {
    let installed = &report.indexed.sbom.packages[verdict.package];
    let mut object = package(report, installed);
    let head = &verdict.head;
    object["locations"] = locations(report, &installed.locations);
    object["advisory"] = json!({
        "id": head.id,
        "aliases": head.aliases,
        "url": url(&head.id),
        "feed": head.feed,
        "ecosystem": verdict.ecosystem,
        "package": verdict.name,
        "published": head.published().map(time),
        "modified": head.modified().map(time),
        "withdrawn": head.withdrawn().map(time),
    });
    let (outcome, judgement) = match &verdict.outcome {
        Outcome::Affected(judgement) => ("affected", Some(judgement)),
        Outcome::Overruled(judgement) => ("overruled", Some(judgement)),
        Outcome::OutOfRange => ("out-of-range", None),
        Outcome::NotAffected => ("not-affected", None),
        Outcome::UnderInvestigation => ("under-investigation", None),
        Outcome::Undecided(_) => ("undecided", None),
        Outcome::OtherBuild => ("other-build", None),
        Outcome::NotHeld => ("not-held", None),
        Outcome::LeftToDistribution => ("left-to-distribution", None),
    };
    object["outcome"] = outcome.into();
    object["judged_version"] = verdict.version.clone().into();
    object["affected_range"] = judgement.and_then(|it| it.affected_range()).into();
    object["fixed_version"] = judgement.and_then(|it| it.fixed_version.clone()).into();
    let comparisons = verdict.comparisons.iter().map(ToString::to_string);
    object["comparisons"] = comparisons.collect();
    object
}
