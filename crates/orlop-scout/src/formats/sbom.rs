//! Orlop's own SBOM with what is wrong with its packages. It is read as any other SBOM of Orlop.

use orlop_sbom::own_document;
use serde_json::Value;

use super::json::{coverage, finding};
use crate::report::Report;

/// The SBOM, with findings as [`json`](super::json) has them in `vulnerabilities`, and for what there were
/// advisories in `advisories`.
pub fn sbom(report: &Report) -> Value {
    let mut document = own_document(&report.indexed.subject, &report.indexed.sbom);
    let findings = report.answer.findings.iter();
    document["vulnerabilities"] = findings.map(|found| finding(report, found)).collect();
    document["advisories"] = coverage(report);
    document
}
