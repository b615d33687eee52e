//! What is said of a fault, and what tells one finding from every other.

use std::collections::HashMap;

use orlop_layer::is_invisible;
use orlop_oci::Digest;
use orlop_sbom::Installed;
use orlop_vuln::database::{RecordId, Text};
use orlop_vuln::{FixState, Match};

/// What the advisories behind findings say to people.
pub type Texts = HashMap<RecordId, Text>;

/// The texts of a finding's advisories, the one that range and fix are of first.
fn of<'a>(found: &'a Match, texts: &'a Texts) -> impl Iterator<Item = &'a Text> {
    found.evidence.iter().filter_map(|it| texts.get(&it.record))
}

/// The first line that an advisory has for it.
pub(super) fn summary<'a>(found: &'a Match, texts: &'a Texts) -> Option<&'a str> {
    let mut said = of(found, texts).filter_map(|text| {
        let lines = [&text.summary, &text.details].map(|text| text.lines().next());
        lines
            .into_iter()
            .flatten()
            .find(|line| !line.trim().is_empty())
    });
    said.next()
}

/// The first text that an advisory has for it: Markdown.
pub(super) fn details<'a>(found: &'a Match, texts: &'a Texts) -> Option<&'a str> {
    let said = of(found, texts).flat_map(|text| [&text.details, &text.summary]);
    said.map(String::as_str)
        .find(|text| !text.trim().is_empty())
}

/// Addresses that its advisories name, each once, in their order.
pub(super) fn references<'a>(found: &'a Match, texts: &'a Texts) -> Vec<&'a str> {
    /// Some advisories name hundreds.
    const MOST: usize = 50;
    let mut all: Vec<&str> = Vec::new();
    for reference in of(found, texts).flat_map(|text| &text.references) {
        if is_web(reference) && all.len() < MOST && !all.contains(&reference.as_str()) {
            all.push(reference);
        }
    }
    all
}

/// Whether it names a host on the web. Readers refuse a whole report for an address that doesn't.
pub(super) fn is_web(reference: &str) -> bool {
    let host = reference
        .strip_prefix("https://")
        .or_else(|| reference.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|first: char| first.is_alphanumeric() || first == '['))
}

/// `CVE-2019-14697: musl libc through 1.1.23 …`, or the id alone.
pub(super) fn title(found: &Match, texts: &Texts) -> String {
    match summary(found, texts) {
        Some(summary) => format!("{}: {summary}", found.id),
        None => found.id.clone(),
    }
}

/// The version that fixes it, or that there is none.
pub(super) fn fix(found: &Match) -> &str {
    match (&found.fixed_version, found.state) {
        (Some(version), _) => version,
        (None, FixState::WontFix) => "not fixed (won't be)",
        (None, _) => "not fixed",
    }
}

/// The affected versions, as people read them.
pub(super) fn range(found: &Match) -> &str {
    found.affected_range.as_deref().unwrap_or("unknown")
}

/// What tells a finding from every other of an image, and is the same in every scan: 64 hex digits.
pub(super) fn fingerprint(found: &Match, installed: &Installed) -> String {
    let package = &installed.package;
    let parts = [
        found.id.as_str(),
        package.kind.purl_type(),
        &package.name,
        &package.version,
        package.architecture.as_deref().unwrap_or(""),
        &package.found_by,
        installed.stage.as_deref().unwrap_or(""),
    ];
    Digest::of(parts.join("\0").as_bytes()).hex().to_owned()
}

/// The same in one line: no name moves a cursor, or looks like another line.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() || is_invisible(character) {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

/// As many bytes at most, with `…` where something is left out.
pub(super) fn bounded(text: &str, bytes: usize) -> String {
    const CUT: char = '…';
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub(CUT.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &text[..end])
}
