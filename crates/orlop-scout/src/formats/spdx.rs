//! SPDX 2.3 with an advisory for each finding: a reference of the category `SECURITY` at its package.

use jiff::Timestamp;
use orlop_sbom::{AdvisoryReference, spdx_with_advisories};
use serde_json::Value;

use super::gaps::gaps;
use super::json::time;
use super::texts::{fix, one_line, range};
use crate::report::{Report, url};

/// The SBOM as SPDX, with what is wrong. `now` is when it was made.
pub fn spdx(report: &Report, now: Timestamp) -> Value {
    let findings = report.answer.findings.iter();
    let advisories = findings.map(|found| AdvisoryReference {
        package: found.package,
        url: url(&found.id),
        comment: format!(
            "{}: {}, affected range {}, fixed version {}",
            found.id,
            found.assessment.severity,
            range(found),
            fix(found)
        ),
    });
    let advisories: Vec<AdvisoryReference> = advisories.collect();
    let indexed = &report.indexed;
    spdx_with_advisories(
        &indexed.subject,
        &indexed.sbom,
        Some(&time(now)),
        &advisories,
        not_checked(report).as_deref(),
    )
}

/// What a package without an advisory may be, apart from a good one.
fn not_checked(report: &Report) -> Option<String> {
    let gaps = gaps(report);
    let lines = gaps.iter().map(|gap| format!("\n- {}", one_line(gap)));
    (!gaps.is_empty()).then(|| {
        let lines: String = lines.collect();
        format!("Not everything was checked for vulnerabilities:{lines}")
    })
}
