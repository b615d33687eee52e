//! GitHub's Markdown, for comments and summaries: docker scout's layout, without pictures from elsewhere.
//!
//! Whatever an image or a feed says stands in `<code>` or `<pre>`, where nobody is mentioned and no address
//! becomes a link, with everything escaped that HTML or Markdown would read as more than a letter.

use orlop_vuln::feeds::EpssScore;
use orlop_vuln::{Match, Severity};

use super::gaps::gaps;
use super::texts::{Texts, bounded, details, fix, one_line, range};
use crate::report::{PackageFindings, Report, SeverityCounts, url};

/// Bytes of a description. A comment on GitHub may have 65,536 altogether.
const LONGEST_DESCRIPTION: usize = 4096;

/// The report as Markdown. `size` is the image's size as people read it.
pub fn markdown(report: &Report, texts: &Texts, size: Option<&str>) -> String {
    let subject = &report.indexed.subject;
    let name = code(&subject.name);
    let mut text = format!("<h2>:mag: Vulnerabilities of {name}</h2>\n\n");
    text.push_str(&format!(
        "<details open=\"true\"><summary>:package: Image Reference {name}</summary>\n<table>\n"
    ));
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(digest) = subject.target.as_ref().or(subject.manifest.as_ref()) {
        rows.push(("digest", code(&digest.to_string())));
    }
    rows.push(("vulnerabilities", counts(report.counts())));
    rows.extend(
        subject
            .platform
            .as_ref()
            .map(|it| ("platform", escaped(it))),
    );
    rows.extend(size.map(|size| ("size", escaped(size))));
    rows.push(("packages", report.indexed.sbom.packages.len().to_string()));
    rows.push((
        "advisories",
        report.answer.coverage.word().name().to_owned(),
    ));
    for (key, value) in rows {
        text.push_str(&row(key, &value));
    }
    text.push_str("</table>\n</details>\n");
    text.push_str(&warnings(report));
    let packages = report.by_package();
    if !packages.is_empty() {
        text.push_str("\n<table>\n");
        for package in &packages {
            text.push_str(&block(package, texts));
        }
        text.push_str("</table>\n");
    }
    text
}

/// Text that is nothing but text, in Markdown and in HTML, in an attribute and in a cell of a table.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            ' ' | '.' | '-' | '/' | ':' | ',' | '=' | '+' | '%' | '?' => escaped.push(character),
            _ if character.is_ascii_punctuation() => {
                escaped.push_str(&format!("&#{};", u32::from(character)));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

fn row(key: &str, value: &str) -> String {
    format!("<tr><td>{key}</td><td>{value}</td></tr>\n")
}

/// `critical: 0 high: 1 medium: 0 low: 0`, and `unspecified: 2` if there are any.
fn counts(counts: SeverityCounts) -> String {
    let shown = counts
        .all()
        .filter(|(severity, count)| *severity != Severity::Unspecified || *count > 0);
    let words =
        shown.map(|(severity, count)| format!("{}: {count}", severity.to_string().to_lowercase()));
    words.collect::<Vec<String>>().join(" ")
}

/// `0C 1H 0M 0L`.
fn short_counts(counts: SeverityCounts) -> String {
    let shown = counts
        .all()
        .filter(|(severity, count)| *severity != Severity::Unspecified || *count > 0);
    let words = shown.map(|(severity, count)| format!("{count}{}", severity.letter()));
    words.collect::<Vec<String>>().join(" ")
}

fn warnings(report: &Report) -> String {
    let gaps = gaps(report);
    if gaps.is_empty() {
        return String::new();
    }
    let lines = gaps.iter().map(|gap| format!("<li>{}</li>\n", code(gap)));
    format!(
        "\n<details open=\"true\"><summary>:warning: Not everything was checked</summary>\n<ul>\n{}</ul>\n</details>\n",
        lines.collect::<String>()
    )
}

fn block(package: &PackageFindings<'_>, texts: &Texts) -> String {
    let installed = package.installed;
    let mut text = format!(
        "<tr><td valign=\"top\">\n<details><summary>{} {} {} ({})</summary>\n\n",
        short_counts(package.counts()),
        code(&installed.package.name),
        code(&installed.package.version),
        installed.package.kind.purl_type(),
    );
    if !installed.purl.is_empty() {
        text.push_str(&format!("<small>{}</small><br/>\n", code(&installed.purl)));
    }
    for found in &package.findings {
        text.push_str(&finding(found, texts));
    }
    text.push_str("</details></td></tr>\n");
    text
}

fn finding(found: &Match, texts: &Texts) -> String {
    let mut text = format!(
        "<a href=\"{}\">{} {}</a>\n\n<table>\n",
        escaped(&url(&found.id)),
        found.assessment.severity,
        code(&found.id),
    );
    text.push_str(&row("Affected range", &code(range(found))));
    text.push_str(&row("Fixed version", &code(fix(found))));
    if let Some(score) = &found.assessment.cvss {
        text.push_str(&row("CVSS Score", &code(&format!("{:.1}", score.value()))));
        text.push_str(&row("CVSS Vector", &code(&score.vector)));
    }
    if let Some(epss) = found.epss {
        let percent = |count: u32| 100.0 * f64::from(count) / f64::from(EpssScore::ONE);
        let score = format!("{:.3}%", percent(epss.probability));
        let percentile = format!("{:.3}%", percent(epss.percentile));
        text.push_str(&row("EPSS Score", &code(&score)));
        text.push_str(&row("EPSS Percentile", &code(&percentile)));
    }
    if let Some(added) = found.exploited {
        text.push_str(&row(
            "CISA KEV",
            &format!("exploited, listed since {added}"),
        ));
    }
    text.push_str("</table>\n\n");
    if let Some(said) = details(found, texts) {
        text.push_str("<details><summary>Description</summary>\n\n<pre>");
        let said = bounded(said, LONGEST_DESCRIPTION).replace('\t', "  ");
        let lines: Vec<String> = said.lines().map(escaped).collect();
        text.push_str(&lines.join("\n"));
        text.push_str("</pre>\n</details>\n\n");
    }
    text
}
