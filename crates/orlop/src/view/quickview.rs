//! What `scout quickview` shows: how an image stands, and the image it stands on.

use std::fmt::Write as _;

use orlop_scout::{Base, Evidence, Report, SeverityCounts};
use orlop_vuln::{CoverageWord, Severity};
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::view::cves::{advisories, severity_columns};
use crate::view::file_words::one_line;

/// A base image, and what is wrong with it alone, where its layers are known.
#[derive(Clone, Debug)]
pub struct BaseView {
    /// It.
    pub base: Base,
    /// What is wrong with it.
    pub below: Option<Report>,
}

/// Docker scout's table.
pub fn text(report: &Report, base: Option<&BaseView>) -> String {
    let subject = &report.indexed.subject;
    let counts = report.counts();
    let mut rows: Vec<[String; 3]> = vec![[
        "  Target".into(),
        one_line(&subject.name),
        severity_columns(counts),
    ]];
    if let Some(digest) = subject.target.as_ref().or(subject.manifest.as_ref()) {
        rows.push([
            "    digest".into(),
            digest.short().to_owned(),
            String::new(),
        ]);
    }
    if report.answer.coverage.word() != CoverageWord::Complete {
        rows.push(["    advisories".into(), advisories(report), String::new()]);
    }
    if let Some(BaseView { base, below }) = base {
        let below = below.as_ref().map(Report::counts);
        rows.push([
            "  Base image".into(),
            one_line(&base.name.familiar()),
            below.map(severity_columns).unwrap_or_default(),
        ]);
        let delta = below.map(|below| delta(counts, below));
        let delta = delta.filter(|delta| !delta.is_empty());
        rows.extend(delta.map(|delta| [String::new(), String::new(), delta]));
    }
    let mut text = format!("\n{}", drawn(&rows));
    if let Some(BaseView { base, .. }) = base {
        let _ = writeln!(text, "\n  {}", base_line(base));
        if base.evidence.is_detected() {
            text.push_str("  i Base image was auto-detected. To get more accurate results, build images with max-mode provenance attestations.\n");
        }
    }
    text
}

/// `Base image alpine:3.20 (official), 1 layer, confidence high: …`.
pub fn base_line(base: &Base) -> String {
    let mut line = format!("Base image {}", one_line(&base.name.familiar()));
    if base.is_official {
        line.push_str(" (official)");
    }
    if let Some(layers) = base.layers {
        let layers = crate::scanning::counted(layers, "layer");
        let _ = write!(line, ", {layers}");
    }
    let said = match base.evidence {
        Evidence::Provenance => "the provenance says so",
        Evidence::Annotations => "annotations say so",
        Evidence::Labels => "labels say so",
        Evidence::StoredLayers => "the layers are those of an image in the store",
        Evidence::CatalogueLayers => "the layers are those of an image of the catalogue",
    };
    let compared = match (base.evidence.is_detected(), base.layers) {
        (true, _) => "",
        (false, Some(_)) => ", and its layers are the lowest",
        (false, None) => ", and its layers aren't known here",
    };
    let confidence = base.confidence.name();
    let _ = write!(line, ", confidence {confidence}: {said}{compared}");
    line
}

/// `   -5     +1           `: what is more, or less, than in the base image, in the columns of counts.
fn delta(counts: SeverityCounts, base: SeverityCounts) -> String {
    let columns = counts
        .all()
        .zip(base.all())
        .map(|((severity, more), (_, less))| {
            let difference = difference(more, less);
            // Where both have none of it, there is no column.
            if severity == Severity::Unspecified && more == 0 && less == 0 {
                return String::new();
            }
            match difference {
                0 => " ".repeat(5),
                difference => format!("{difference:>+4} "),
            }
        });
    columns.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn difference(more: usize, less: usize) -> i64 {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    number(more) - number(less)
}

fn drawn(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths = [width(0).unwrap_or_default(), width(1).unwrap_or_default()];
    let mut text = String::new();
    for [label, what, counts] in rows {
        let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        let line = format!(
            "{label}{} │ {what}{} │ {counts}",
            pad(label, widths[0]),
            pad(what, widths[1])
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The same for programs.
pub fn object(report: &Report, base: Option<&BaseView>) -> Value {
    let subject = &report.indexed.subject;
    let coverage = &report.answer.coverage;
    json!({
        "target": subject.name,
        "digest": subject.target.as_ref().or(subject.manifest.as_ref()),
        "platform": subject.platform,
        "packages": report.indexed.sbom.packages.len(),
        "vulnerabilities": counted(report.counts()),
        "advisories": coverage.word().name(),
        "base_image": base.map(|view| base_object(report, view)),
    })
}

fn base_object(report: &Report, BaseView { base, below }: &BaseView) -> Value {
    let counts = below.as_ref().map(Report::counts);
    json!({
        "name": base.name.to_string(),
        "other_names": base.others.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "digest": base.digest,
        "layers": base.layers,
        "official": base.is_official,
        "evidence": base.evidence.name(),
        "confidence": base.confidence.name(),
        "vulnerabilities": counts.map(counted),
        "delta": counts.map(|base| {
            let pairs = report.counts().all().zip(base.all());
            let pairs = pairs.map(|((severity, more), (_, less))| {
                (severity.to_string().to_lowercase(), difference(more, less).into())
            });
            pairs.collect::<Map<_, _>>()
        }),
    })
}

/// How many there are, by severity.
fn counted(counts: SeverityCounts) -> Value {
    let pairs = counts
        .all()
        .map(|(severity, count)| (severity.to_string().to_lowercase(), count.into()));
    Value::Object(pairs.collect())
}
