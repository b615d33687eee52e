//! What `scout cves` shows people of a report.

use std::collections::HashMap;

use jiff::Timestamp;
use orlop_sbom::{Installed, Location};
use orlop_scout::formats::no_data;
use orlop_scout::{PackageFindings, Report, SeverityCounts, url};
use orlop_vuln::database::{RecordId, Text};
use orlop_vuln::feeds::EpssScore;
use orlop_vuln::{CoverageState, EcosystemCoverage, FixState, Match, Severity};
use unicode_width::UnicodeWidthStr as _;

use crate::printer::Style;
use crate::scanning::counted;
use crate::units;
use crate::view::file_words::one_line;

/// What is shown beyond the least.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Descriptions and scores, with the texts of advisories.
    pub details: Option<&'a HashMap<RecordId, Text>>,
    /// Scores of EPSS, which also order the findings of a package.
    pub epss: bool,
    /// Where packages are.
    pub locations: bool,
    /// With colours.
    pub color: bool,
}

/// A report, grouped by packages: docker scout's layout.
pub fn packages(report: &Report, shown: Shown<'_>) -> String {
    let mut text = overview(report);
    let packages = report.by_package();
    if !packages.is_empty() {
        text.push_str("\n## Packages and Vulnerabilities\n");
    }
    for package in &packages {
        text.push('\n');
        text.push_str(&package_block(report, package, shown));
    }
    text.push_str(&undecided(report));
    text.push_str(&footer(report.counts(), packages.len()));
    text
}

/// The packages of an image, one a line, with what is wrong with them.
pub fn only_packages(
    report: &Report,
    wanted: impl Fn(&Installed) -> bool,
    only_vulnerable: bool,
) -> String {
    let mut counts: HashMap<usize, Vec<&Match>> = HashMap::new();
    for found in &report.answer.findings {
        counts.entry(found.package).or_default().push(found);
    }
    let mut rows = "   NAME\tVERSION\tTYPE\tVULNERABILITIES\n".to_owned();
    for (place, installed) in report.indexed.sbom.packages.iter().enumerate() {
        let found = counts.remove(&place).unwrap_or_default();
        if !wanted(installed) || (only_vulnerable && found.is_empty()) {
            continue;
        }
        let package = &installed.package;
        rows.push_str(&format!(
            "   {}\t{}\t{}\t{}\n",
            one_line(&package.name),
            one_line(&package.version),
            package.kind.purl_type(),
            severity_columns(SeverityCounts::of(found)),
        ));
    }
    crate::table::LIST.set(&rows)
}

/// `   0C     1H     1M     0L`, and `     2?` where the severity of some is unknown.
pub fn severity_columns(counts: SeverityCounts) -> String {
    let shown = counts
        .all()
        .filter(|(severity, count)| *severity != Severity::Unspecified || *count > 0);
    let columns: Vec<String> = shown
        .map(|(severity, count)| format!("{count:>4}{}", severity.letter()))
        .collect();
    columns.join("  ")
}

/// What an ecosystem's lack of data, or its age, means: a line for each.
pub fn coverage_warnings(report: &Report, now: Timestamp) -> Vec<String> {
    let coverage = &report.answer.coverage;
    let mut lines: Vec<String> = coverage
        .ecosystems
        .iter()
        .filter_map(|ecosystem| coverage_warning(ecosystem, now))
        .collect();
    if coverage.ecosystems.is_empty() {
        lines.push("no package was found: nothing was checked".to_owned());
    }
    lines
}

fn coverage_warning(ecosystem: &EcosystemCoverage, now: Timestamp) -> Option<String> {
    let name = &ecosystem.name;
    match (ecosystem.state, ecosystem.date) {
        (CoverageState::None, _) => Some(no_data(ecosystem)),
        (CoverageState::Stale, Some(date)) => Some(format!(
            "stale data for {name}: as of {}, {}; `orlop scout db update` renews it",
            date.strftime("%Y-%m-%d"),
            units::ago(date, now)
        )),
        _ => None,
    }
}

fn overview(report: &Report) -> String {
    let subject = &report.indexed.subject;
    let mut rows: Vec<(&str, String)> = vec![("  Target", format!(" {}", one_line(&subject.name)))];
    if let Some(digest) = subject.target.as_ref().or(subject.manifest.as_ref()) {
        rows.push(("    digest", format!(" {}", digest.short())));
    }
    rows.extend(subject.platform.clone().map(|it| ("    platform", it)));
    rows.push(("    vulnerabilities", severity_columns(report.counts())));
    rows.extend(report.size().map(|size| ("    size", units::size(size))));
    rows.push((
        "    packages",
        report.indexed.sbom.packages.len().to_string(),
    ));
    let release = report.indexed.sbom.release.as_ref();
    if let Some(release) = release.filter(|release| !release.pretty_name.is_empty()) {
        rows.push(("    distribution", one_line(&release.pretty_name)));
    }
    rows.push(("    advisories", advisories(report)));
    let programs = &report.indexed.sbom.coverage;
    if programs.program_bytes > 0 {
        let share = 100.0 * (1.0 - programs.share());
        rows.push((
            "    unexplained",
            format!("{share:.1}% of the bytes of programs"),
        ));
    }
    let mut text = "\n## Overview\n\n".to_owned();
    text.push_str(&boxed("Analyzed Image", &rows));
    text
}

/// `complete`; or `partial: no data for Alpine:v3.20`.
pub(super) fn advisories(report: &Report) -> String {
    let coverage = &report.answer.coverage;
    let said = |wanted: CoverageState, what: &str| {
        let names = coverage.ecosystems.iter().filter(|it| it.state == wanted);
        let names: Vec<&str> = names.map(|it| it.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("{what} for {}", names.join(", ")))
    };
    let missing = [
        said(CoverageState::None, "no data"),
        said(CoverageState::Stale, "stale data"),
    ];
    let missing: Vec<String> = missing.into_iter().flatten().collect();
    let word = coverage.word().name();
    match missing.is_empty() {
        true => word.to_owned(),
        false => format!("{word}: {}", missing.join(", ")),
    }
}

/// A table of two columns with a heading over the second, as docker scout draws it.
pub fn boxed(heading: &str, rows: &[(&str, String)]) -> String {
    let labels = rows
        .iter()
        .map(|(label, _)| label.width())
        .max()
        .unwrap_or_default()
        + 1;
    let values = rows.iter().map(|(_, value)| value.width() + 2).max();
    let values = values.unwrap_or_default().max(heading.width() + 4);
    let pad = |text: &str, width: usize| {
        format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
    };
    let before = (values - heading.width()) / 2;
    let mut text = format!(
        "{}│{}\n{}┼{}\n",
        " ".repeat(labels),
        pad(&format!("{}{heading}", " ".repeat(before)), values),
        "─".repeat(labels),
        "─".repeat(values),
    );
    for (label, value) in rows {
        text.push_str(&format!(
            "{}│{}\n",
            pad(label, labels),
            pad(&format!(" {value}"), values)
        ));
    }
    text
}

fn package_block(report: &Report, package: &PackageFindings<'_>, shown: Shown<'_>) -> String {
    let installed = package.installed;
    let name = format!(
        "{} {}",
        one_line(&installed.package.name),
        one_line(&installed.package.version)
    );
    let stage = installed.stage.as_deref();
    let stage = stage.map(|stage| format!(" (build stage {})", one_line(stage)));
    let mut text = format!(
        "{}  {}{}\n",
        severity_columns(package.counts()),
        Style::Bold.paint(shown.color, name),
        stage.unwrap_or_default()
    );
    if !installed.purl.is_empty() {
        text.push_str(&format!("{}\n", one_line(&installed.purl)));
    }
    if shown.locations {
        text.push('\n');
        for location in &installed.locations {
            text.push_str(&location_lines(report, location));
        }
    }
    let mut findings = package.findings.clone();
    if shown.epss {
        findings.sort_by_key(|found| std::cmp::Reverse(found.epss.map(|epss| epss.probability)));
    }
    for found in findings {
        text.push('\n');
        text.push_str(&finding_lines(found, shown));
    }
    text
}

pub(super) fn location_lines(report: &Report, location: &Location) -> String {
    let mut path = format!("/{}", one_line(&location.path));
    for inside in &location.inside {
        path.push_str(&format!(" ▸ {}", one_line(inside)));
    }
    let mut text = format!("    {path}\n");
    if let Some(diff_id) = &location.diff_id {
        match report.step(diff_id) {
            Some(step) => {
                text.push_str(&format!("      layer {} {diff_id}\n", step.layer));
                if !step.created_by.is_empty() {
                    text.push_str(&format!("      {}\n", one_line(&step.created_by)));
                }
            }
            None => text.push_str(&format!("      {diff_id}\n")),
        }
    }
    text
}

fn finding_lines(found: &Match, shown: Shown<'_>) -> String {
    let severity = found.assessment.severity;
    let sign = Style::Error.paint(shown.color, '✗');
    let severity_text = severity_style(severity).paint(shown.color, severity);
    let mut text = format!("    {sign} {severity_text} {}", one_line(&found.id));
    if let Some(what) = &found.informational {
        text.push_str(&format!(" [{}]", one_line(what)));
    }
    text.push_str(&format!("\n      {}\n", one_line(&url(&found.id))));
    let mut rows: Vec<(&str, String)> = Vec::new();
    let range = found.affected_range.as_deref();
    rows.push(("Affected range", one_line(range.unwrap_or("unknown"))));
    rows.push(("Fixed version", fix(found)));
    if let Some(added) = found.exploited {
        rows.push(("CISA KEV", format!("exploited, listed since {added}")));
    }
    if shown.epss {
        let share = |count: u32| format!("{:.5}", f64::from(count) / f64::from(EpssScore::ONE));
        let epss = found.epss;
        let unknown = || "unknown".to_owned();
        rows.push((
            "EPSS Score",
            epss.map_or_else(unknown, |it| share(it.probability)),
        ));
        rows.push((
            "EPSS Percentile",
            epss.map_or_else(unknown, |it| share(it.percentile)),
        ));
    }
    if shown.details.is_some() {
        details(found, &mut rows);
    }
    let width = rows
        .iter()
        .map(|(key, _)| key.len())
        .max()
        .unwrap_or_default();
    for (key, value) in rows {
        text.push_str(&format!("      {key:<width$} : {value}\n"));
    }
    if let Some(texts) = shown.details {
        text.push_str(&description(found, texts));
    }
    text
}

fn fix(found: &Match) -> String {
    match (&found.fixed_version, found.state) {
        (Some(version), _) => one_line(version),
        (None, FixState::WontFix) => "not fixed (won't be)".to_owned(),
        (None, _) => "not fixed".to_owned(),
    }
}

fn details(found: &Match, rows: &mut Vec<(&str, String)>) {
    if let Some(score) = &found.assessment.cvss {
        rows.push(("CVSS Score", format!("{:.1}", score.value())));
        rows.push(("CVSS Vector", one_line(&score.vector)));
    }
    if !found.aliases.is_empty() {
        rows.push(("Aliases", one_line(&found.aliases.join(", "))));
    }
    if let Some(published) = found.published {
        rows.push(("Published", published.strftime("%Y-%m-%d").to_string()));
    }
    let sources: Vec<String> = found
        .evidence
        .iter()
        .map(|it| format!("{} ({}, {})", one_line(&it.advisory), it.ecosystem, it.feed))
        .collect();
    rows.push(("Advisories", sources.join(", ")));
}

/// The first text that an advisory has, indented.
fn description(found: &Match, texts: &HashMap<RecordId, Text>) -> String {
    let texts = found.evidence.iter().filter_map(|it| texts.get(&it.record));
    let told = texts.map(|it| match it.details.is_empty() {
        true => &it.summary,
        false => &it.details,
    });
    let mut text = String::new();
    if let Some(told) = told.into_iter().find(|told| !told.is_empty()) {
        text.push('\n');
        for line in told.lines() {
            let line = format!("      {}", one_line(line));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn undecided(report: &Report) -> String {
    let unknown = &report.answer.undecidable;
    if unknown.is_empty() {
        return String::new();
    }
    let mut text = "\n## Undecided\n\n".to_owned();
    for it in unknown {
        let package = &report.indexed.sbom.packages[it.package].package;
        text.push_str(&format!(
            "    ? {} {}: {}: {}\n",
            one_line(&package.name),
            one_line(&package.version),
            one_line(&it.what),
            one_line(&it.ids.join(", ")),
        ));
    }
    text
}

fn footer(counts: SeverityCounts, packages: usize) -> String {
    if counts.total() == 0 {
        return String::new();
    }
    let total = counted(counts.total(), "vulnerability");
    let packages = counted(packages, "package");
    let mut text = format!("\n\n{total} found in {packages}\n");
    for (severity, count) in counts.all() {
        if severity != Severity::Unspecified || count > 0 {
            text.push_str(&format!("  {severity:<11} {count}\n"));
        }
    }
    text
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => Style::Error,
        Severity::Medium => Style::Warning,
        Severity::Low | Severity::Unspecified => Style::Faint,
    }
}
