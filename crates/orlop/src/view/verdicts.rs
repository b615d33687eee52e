//! What `scout why` shows people: advisories, and what came of each for the packages of an image.

use std::fmt::Write as _;

use orlop_scout::{Report, url};
use orlop_vuln::database::Text;
use orlop_vuln::{Outcome, Verdict};

use crate::printer::Style;
use crate::view::cves::location_lines;
use crate::view::file_words::one_line;

/// The chain from a fault to packages, and where they are from. `texts` are those of the records.
pub fn text(
    report: &Report,
    id: &str,
    verdicts: &[Verdict],
    texts: &[Text],
    color: bool,
) -> String {
    let subject = &report.indexed.subject;
    let mut text = format!("{} in {}", one_line(id), one_line(&subject.name));
    if let Some(digest) = subject.target.as_ref().or(subject.manifest.as_ref()) {
        let _ = write!(text, "@{digest}");
    }
    if let Some(platform) = &subject.platform {
        let _ = write!(text, " ({platform})");
    }
    text.push('\n');
    let mut package = None;
    for (verdict, record) in verdicts.iter().zip(texts) {
        if package != Some(verdict.package) {
            package = Some(verdict.package);
            text.push('\n');
            text.push_str(&package_lines(report, verdict, color));
        }
        text.push('\n');
        text.push_str(&verdict_lines(verdict, record, color));
    }
    text
}

/// What is there, and what brought it.
fn package_lines(report: &Report, verdict: &Verdict, color: bool) -> String {
    let installed = &report.indexed.sbom.packages[verdict.package];
    let package = &installed.package;
    let name = format!("{} {}", one_line(&package.name), one_line(&package.version));
    let mut text = format!("{}\n", Style::Bold.paint(color, name));
    if !installed.purl.is_empty() {
        let _ = writeln!(text, "{}", one_line(&installed.purl));
    }
    if let Some(source) = &package.source {
        let (name, version) = (one_line(&source.name), one_line(&source.version));
        let _ = writeln!(text, "    built from {name} {version}");
    }
    if let Some(owner) = &installed.owned_by {
        let (name, version) = (one_line(&owner.name), one_line(&owner.version));
        let kind = owner.kind.purl_type();
        let _ = writeln!(
            text,
            "    its files belong to the {kind} package {name} {version}"
        );
    }
    for location in &installed.locations {
        text.push_str(&location_lines(report, location));
    }
    text
}

fn verdict_lines(verdict: &Verdict, record: &Text, color: bool) -> String {
    let head = &verdict.head;
    let mut text = format!("    {}\n", headline(verdict, color));
    let mut rows = vec![
        (
            "advisory",
            format!(
                "{} ({}, {})",
                one_line(&head.id),
                verdict.ecosystem,
                head.feed
            ),
        ),
        ("about", one_line(&verdict.name)),
    ];
    let date = |time: jiff::Timestamp| time.strftime("%Y-%m-%d").to_string();
    rows.extend(head.published().map(|time| ("published", date(time))));
    rows.extend(head.modified().map(|time| ("changed", date(time))));
    rows.extend(head.withdrawn().map(|time| ("taken back", date(time))));
    if !record.summary.is_empty() {
        rows.push(("says", one_line(&record.summary)));
    }
    rows.push(("more at", url(&head.id)));
    if let Outcome::Affected(judgement) | Outcome::Overruled(judgement) = &verdict.outcome {
        let range = judgement.affected_range();
        rows.extend(range.map(|range| ("affected", one_line(&range))));
        let fix = judgement.fixed_version.as_deref().unwrap_or("not fixed");
        rows.push(("fixed in", one_line(fix)));
    }
    for comparison in &verdict.comparisons {
        rows.push(("compared", one_line(&comparison.to_string())));
    }
    for (key, value) in rows {
        let _ = writeln!(text, "      {key:<10} : {value}");
    }
    text
}

fn headline(verdict: &Verdict, color: bool) -> String {
    let version = one_line(&verdict.version);
    let (is_affected, words) = match &verdict.outcome {
        Outcome::Affected(_) => (true, format!("{version} is affected")),
        Outcome::Overruled(_) => (
            false,
            format!(
                "{version} is in its range, but another advisory about it says it isn't affected"
            ),
        ),
        Outcome::OutOfRange => (
            false,
            format!("{version} isn't affected: it lies in no range"),
        ),
        Outcome::NotAffected => (false, "not affected, says the advisory".to_owned()),
        Outcome::UnderInvestigation => (false, "nobody has looked yet".to_owned()),
        Outcome::Undecided(what) => (true, format!("it can't be told: {}", one_line(what))),
        Outcome::OtherBuild => (false, "it is about another build of the package".to_owned()),
        Outcome::NotHeld => (false, "it doesn't hold at that time".to_owned()),
        Outcome::LeftToDistribution => (
            false,
            "left to the distribution, whose own advisories count for its files".to_owned(),
        ),
    };
    match is_affected {
        true => format!("{} {words}", Style::Error.paint(color, '✗')),
        false => format!("{} {words}", Style::Good.paint(color, '✓')),
    }
}
