//! What a report can't tell. A document without findings must not look like safety where it isn't.

use orlop_vuln::{CoverageState, EcosystemCoverage};

use crate::report::Report;

/// Lines at most: an image may have any number of damaged files.
const MOST: usize = 100;

/// What it means that there is no data for an ecosystem.
pub fn no_data(ecosystem: &EcosystemCoverage) -> String {
    let name = &ecosystem.name;
    match ecosystem.packages {
        // The release itself isn't known.
        0 => format!("no data for {name}"),
        1 => format!("no data for {name}: 1 package wasn't checked"),
        packages => format!("no data for {name}: {packages} packages weren't checked"),
    }
}

/// What wasn't checked, or not wholly: a line for each.
pub(super) fn gaps(report: &Report) -> Vec<String> {
    let coverage = &report.answer.coverage;
    let mut lines: Vec<String> = Vec::new();
    for it in &coverage.ecosystems {
        let date = it.date.map(|date| date.strftime("%Y-%m-%d").to_string());
        match (it.state, date) {
            (CoverageState::None, _) => lines.push(no_data(it)),
            (CoverageState::Stale, Some(date)) => {
                lines.push(format!("stale data for {}: as of {date}", it.name));
            }
            _ => {}
        }
    }
    if coverage.ecosystems.is_empty() {
        lines.push("no package was found: nothing was checked".to_owned());
    }
    let sbom = &report.indexed.sbom;
    lines.extend(sbom.faults.iter().map(ToString::to_string));
    for unknown in &report.answer.undecidable {
        let package = &sbom.packages[unknown.package].package;
        lines.push(format!(
            "{} {}: {}: {}",
            package.name,
            package.version,
            unknown.what,
            unknown.ids.join(", ")
        ));
    }
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("{more} more"));
    }
    lines
}
