//! Records of the Open Source Vulnerability format (OSV schema 1.7.0).
//!
//! The one form of RustSec, Go, PyPA, GitHub, Ubuntu and osv.dev's archives of every ecosystem. Fields
//! that may be `null` in the field are taken as missing.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{Advisory, Affected, Event, Form, Order, Range, RangeKind, Rating, State};

/// The most packages of one record; what is more is a fault.
const PACKAGES: usize = 20_000;
/// The most versions and events of one package.
const VERSIONS: usize = 200_000;
/// The most names, references or ratings of one record that are kept.
const NAMES: usize = 1_000;
/// The longest id, name or version, in bytes.
const NAME_LENGTH: usize = 1_024;
/// Details are cut after so many bytes.
const DETAILS: usize = 8_192;
/// References that are kept.
const REFERENCES: usize = 24;

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    modified: String,
    #[serde(default, deserialize_with = "or_default")]
    published: String,
    #[serde(default, deserialize_with = "or_default")]
    withdrawn: String,
    #[serde(default, deserialize_with = "or_default")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    related: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    summary: String,
    #[serde(default, deserialize_with = "or_default")]
    details: String,
    #[serde(default, deserialize_with = "or_default")]
    severity: Vec<Severity>,
    #[serde(default, deserialize_with = "or_default")]
    affected: Vec<Package>,
    #[serde(default, deserialize_with = "or_default")]
    references: Vec<Reference>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Severity {
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    package: Option<Name>,
    #[serde(default, deserialize_with = "or_default")]
    severity: Vec<Severity>,
    #[serde(default, deserialize_with = "or_default")]
    ranges: Vec<Versions>,
    #[serde(default, deserialize_with = "or_default")]
    versions: Vec<String>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Name {
    ecosystem: String,
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    purl: String,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    events: Vec<EventFields>,
}

#[derive(Deserialize)]
struct EventFields {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default, deserialize_with = "or_default")]
    url: String,
}

/// `null` as nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads one record.
///
/// # Errors
///
/// A clause about the record.
pub(super) fn read(json: &[u8]) -> Result<Advisory, String> {
    let record: Record =
        serde_json::from_slice(json).map_err(|error| format!("it is no OSV record: {error}"))?;
    check(&record)?;
    let mut ratings = ratings(&record.severity);
    if let Some(word) = word(&record.database_specific, "severity") {
        ratings.push(Rating::Word(word));
    }
    let mut affected = Vec::with_capacity(record.affected.len());
    let mut last: HashMap<(String, String), usize> = HashMap::new();
    for package in record.affected {
        let Some(mut package) = self::affected(package)? else {
            continue;
        };
        if package.ratings.is_empty() {
            package.ratings = own_words(&record.severity, &package.ecosystem);
        }
        let name = (package.ecosystem.clone(), package.package.clone());
        match last.get(&name).and_then(|at| affected.get_mut(*at)) {
            Some(known) if is_more_of(known, &package) => {
                known.ranges.extend(package.ranges);
                known.versions.extend(package.versions);
            }
            _ => {
                last.insert(name, affected.len());
                affected.push(package);
            }
        }
    }
    Ok(Advisory {
        published: date("published", &record.published)?,
        modified: date("modified", &record.modified)?,
        withdrawn: date("withdrawn", &record.withdrawn)?,
        id: record.id,
        aliases: record.aliases,
        upstream: record.upstream,
        related: record.related,
        summary: cut(record.summary, NAME_LENGTH),
        details: cut(record.details, DETAILS),
        ratings,
        affected,
        references: record
            .references
            .into_iter()
            .map(|reference| reference.url)
            .filter(|url| !url.is_empty() && url.len() <= NAME_LENGTH)
            .take(REFERENCES)
            .collect(),
    })
}

/// Refuses a record that is beyond a bound.
fn check(record: &Record) -> Result<(), String> {
    let names = [&record.aliases, &record.upstream, &record.related];
    if record.id.is_empty() {
        return Err("it has no id".into());
    }
    if record.affected.len() > PACKAGES {
        return Err(format!("it affects more than {PACKAGES} packages"));
    }
    if names.iter().any(|names| names.len() > NAMES) || record.severity.len() > NAMES {
        return Err(format!("it has more than {NAMES} aliases or ratings"));
    }
    let mut names = names.into_iter().flatten().chain([&record.id]);
    if names.any(|name| name.len() > NAME_LENGTH) {
        return Err(format!("a name has more than {NAME_LENGTH} bytes"));
    }
    Ok(())
}

/// One package, or none where it names none or has ranges of commits alone.
fn affected(package: Package) -> Result<Option<Affected>, String> {
    let Some(name) = package.package else {
        return Ok(None);
    };
    let events: usize = package.ranges.iter().map(|range| range.events.len()).sum();
    if package.versions.len() + events > VERSIONS {
        return Err(format!("{} has more than {VERSIONS} versions", name.name));
    }
    if name.name.len() > NAME_LENGTH || name.ecosystem.len() > NAME_LENGTH {
        return Err(format!(
            "a package's name has more than {NAME_LENGTH} bytes"
        ));
    }
    let mut ratings = ratings(&package.severity);
    for (value, key) in [
        (&package.ecosystem_specific, "urgency"),
        (&package.ecosystem_specific, "ubuntu_priority"),
        (&package.ecosystem_specific, "severity"),
        (&package.database_specific, "severity"),
    ] {
        ratings.extend(word(value, key).map(Rating::Word));
    }
    ratings.extend(word(&package.database_specific, "cvss").map(Rating::Cvss));
    ratings.sort();
    ratings.dedup();
    let mut ranges = Vec::with_capacity(package.ranges.len());
    for range in package.ranges {
        ranges.extend(self::range(range, &package.database_specific)?);
    }
    let versions = package.versions;
    if versions.iter().any(|version| version.len() > NAME_LENGTH) {
        return Err(format!("a version of {} is too long", name.name));
    }
    if ranges.is_empty() && versions.is_empty() {
        return Ok(None);
    }
    Ok(Some(Affected {
        form: form(&name),
        state: state(&package.ecosystem_specific),
        informational: informational(&package.database_specific),
        ecosystem: name.ecosystem,
        package: name.name,
        ranges,
        versions,
        ratings,
        architectures: Vec::new(),
        module: None,
    }))
}

/// Whether a record says nothing else of a package but further versions. Then they are judged together:
/// what ends one range may lie in another, and is no fix.
fn is_more_of(known: &Affected, package: &Affected) -> bool {
    let rest = |of: &Affected| {
        (
            of.form,
            of.state,
            of.informational.clone(),
            of.ratings.clone(),
        )
    };
    rest(known) == rest(package)
}

fn range(range: Versions, specific: &Value) -> Result<Option<Range>, String> {
    let kind = match range.kind.as_str() {
        "ECOSYSTEM" => RangeKind::Ecosystem,
        "SEMVER" => RangeKind::Semver,
        "GIT" => return Ok(None),
        other => return Err(format!("its range is of the unknown type {other:?}")),
    };
    let mut events = Vec::with_capacity(range.events.len());
    for fields in range.events {
        let event = match (
            fields.introduced,
            fields.fixed,
            fields.last_affected,
            fields.limit,
        ) {
            (Some(version), None, None, None) => Event::Introduced(version),
            (None, Some(version), None, None) => Event::Fixed(version),
            (None, None, Some(version), None) => Event::LastAffected(version),
            (None, None, None, Some(version)) => Event::Limit(version),
            _ => return Err("an event of a range isn't exactly one of those there are".into()),
        };
        if event.version().is_empty() || event.version().len() > NAME_LENGTH {
            return Err("an event of a range has no version, or one that is too long".into());
        }
        events.push(event);
    }
    if !events
        .iter()
        .any(|event| matches!(event, Event::Introduced(_)))
    {
        return Err("a range has no beginning".into());
    }
    if events
        .iter()
        .all(|event| matches!(event, Event::Introduced(_)))
    {
        // GitHub says the last version that is known to be affected beside the range, not in it.
        let last = specific.get("last_known_affected_version_range");
        events.extend(
            last.and_then(Value::as_str)
                .and_then(Event::from_last_known),
        );
    }
    Ok(Some(Range { kind, events }))
}

/// `ratings` by their types: vectors of CVSS, and words (`Ubuntu`).
fn ratings(severities: &[Severity]) -> Vec<Rating> {
    let short = severities
        .iter()
        .filter(|severity| severity.score.len() <= NAME_LENGTH);
    short
        .map(|severity| match severity.kind.starts_with("CVSS") {
            true => Rating::Cvss(severity.score.clone()),
            false => Rating::Word(severity.score.clone()),
        })
        .collect()
}

/// What a distribution says of its own packages: a severity of the type `Ubuntu`, in a record about Ubuntu.
fn own_words(severities: &[Severity], ecosystem: &str) -> Vec<Rating> {
    let family = ecosystem.split(':').next().unwrap_or_default();
    let own = severities
        .iter()
        .filter(|severity| severity.kind == family && severity.score.len() <= NAME_LENGTH);
    own.map(|severity| Rating::Word(severity.score.clone()))
        .collect()
}

fn word(value: &Value, key: &str) -> Option<String> {
    let word = value.get(key)?.as_str()?;
    (!word.is_empty() && word.len() <= NAME_LENGTH).then(|| word.to_owned())
}

/// Debian says beside the range that a release gets no fixes any more.
fn state(specific: &Value) -> State {
    match specific.get("urgency").and_then(Value::as_str) {
        Some("end-of-life") => State::WontFix,
        _ => State::Ranges,
    }
}

/// RustSec's kind of an advisory that is about no vulnerability: a word, or an object with one key.
fn informational(specific: &Value) -> Option<String> {
    match specific.get("informational")? {
        Value::String(word) => Some(word.clone()),
        Value::Object(object) => object.keys().next().cloned(),
        _ => None,
    }
}

/// The distributions whose advisories name source packages, and what a package URL says.
fn form(name: &Name) -> Form {
    if name.purl.contains("arch=source") || name.purl.contains("arch=src") {
        return Form::Source;
    }
    match Order::of_ecosystem(&name.ecosystem) {
        Some(Order::Apk | Order::Dpkg) => Form::Source,
        _ => Form::Any,
    }
}

/// A date of RFC 3339; the year 1, which Go's database writes for "unknown", is none.
fn date(field: &str, text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() || text.starts_with("0001-") {
        return Ok(None);
    }
    let date: Timestamp = text
        .parse()
        .map_err(|_| format!("its {field:?} is no date: {}", cut(text.to_owned(), 40)))?;
    Ok(Some(date))
}

/// At most `length` bytes of a text, at a boundary of characters.
pub(super) fn cut(mut text: String, length: usize) -> String {
    if text.len() > length {
        let end = (0..=length).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}
