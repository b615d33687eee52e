//! The Debian security tracker's JSON (security-tracker.debian.org/tracker/data/json).
//!
//! Source package, then CVE, then release by code name. It is read package by package, because the
//! whole is large. Unlike OSV's records it says which faults get no fix.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::osv::cut;
use super::{Feed, Sink};
use crate::releases::debian_release;
use crate::{Advisory, Affected, Event, Form, Range, RangeKind, Rating, State};

/// The most CVEs of one package. The kernel has some ten thousand.
const FAULTS: usize = 200_000;
/// The words by which the form is known stand within so many bytes.
const HEAD: usize = 1 << 16;
/// The longest name or version, in bytes.
const NAME_LENGTH: usize = 512;
/// Descriptions are cut after so many bytes.
const DESCRIPTION: usize = 4_096;

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    releases: std::collections::BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: String,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    nodsa: Option<String>,
    #[serde(default)]
    nodsa_reason: Option<String>,
}

/// Whether a document looks like the tracker's: in its first package, the first fault has releases.
pub(super) fn is_one(json: &[u8]) -> bool {
    let head = &json[..json.len().min(HEAD)];
    let words = [&b"\"releases\""[..], b"\"status\""];
    words
        .iter()
        .all(|word| head.windows(word.len()).any(|window| window == *word))
}

/// Reads the whole.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(name: &str, json: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let mut reading = Reading {
        name,
        sink,
        covered: BTreeSet::new(),
        unknown: BTreeSet::new(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = deserializer.deserialize_map(&mut reading);
    let read = read.and_then(|()| deserializer.end());
    read.map_err(|error| format!("it is no tracker's data: {error}"))
}

struct Reading<'a> {
    name: &'a str,
    sink: &'a mut dyn Sink,
    covered: BTreeSet<&'static str>,
    unknown: BTreeSet<String>,
}

impl<'de> Visitor<'de> for &mut Reading<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("source packages with their faults")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut packages: M) -> Result<(), M::Error> {
        while let Some(package) = packages.next_key::<String>()? {
            let faults: serde_json::Map<String, serde_json::Value> = packages.next_value()?;
            if package.len() > NAME_LENGTH || faults.len() > FAULTS {
                let what = format!("{} is beyond a bound", cut(package, NAME_LENGTH));
                self.sink.fault(self.name, what);
                continue;
            }
            for (id, fault) in faults {
                match serde_json::from_value(fault) {
                    Ok(fault) => self.fault(&package, id, fault),
                    Err(error) => self
                        .sink
                        .fault(&format!("{package} {id}"), error.to_string()),
                }
            }
        }
        Ok(())
    }
}

impl Reading<'_> {
    fn fault(&mut self, package: &str, id: String, fault: Fault) {
        if id.is_empty() || id.len() > NAME_LENGTH {
            return self.sink.fault(
                self.name,
                format!("{package} has a fault without a right id"),
            );
        }
        let mut affected = Vec::new();
        for (codename, release) in fault.releases {
            let Some(number) = debian_release(&codename) else {
                if self.unknown.insert(codename.clone()) {
                    let what = format!("no Debian release is known as {codename:?}");
                    self.sink.fault(self.name, what);
                }
                continue;
            };
            if self.covered.insert(number) {
                self.sink
                    .covers(Feed::DebianTracker, &format!("Debian:{number}"));
            }
            match in_release(package, number, release) {
                Ok(found) => affected.push(found),
                Err(what) => self.sink.fault(&format!("{package} {id}"), what),
            }
        }
        let details = cut(fault.description.unwrap_or_default(), DESCRIPTION);
        let advisory = Advisory {
            references: vec![format!("https://security-tracker.debian.org/tracker/{id}")],
            id,
            details,
            affected,
            ..Advisory::default()
        };
        self.sink.advisory(Feed::DebianTracker, advisory);
    }
}

/// What a release says of a fault.
fn in_release(package: &str, number: &str, release: Release) -> Result<Affected, String> {
    let urgency = release.urgency.unwrap_or_default();
    let fixed = release.fixed_version.filter(|version| !version.is_empty());
    if fixed
        .as_ref()
        .is_some_and(|version| version.len() > NAME_LENGTH)
    {
        return Err("its fixed version is too long".into());
    }
    let mut events = vec![Event::Introduced("0".into())];
    let state = match (release.status.as_str(), fixed) {
        ("resolved", Some(version)) if version == "0" => State::NotAffected,
        ("resolved", Some(version)) => {
            events.push(Event::Fixed(version));
            State::Ranges
        }
        ("resolved", None) => return Err("it is resolved without a version".into()),
        ("open", _) if release.nodsa.is_some() || release.nodsa_reason.is_some() => State::WontFix,
        ("open", _) if urgency == "end-of-life" => State::WontFix,
        ("open", _) => State::Unfixed,
        ("undetermined", _) => State::UnderInvestigation,
        (other, _) => return Err(format!("its status is {other:?}, which isn't known")),
    };
    let kind = RangeKind::Ecosystem;
    Ok(Affected {
        ecosystem: format!("Debian:{number}"),
        package: package.to_owned(),
        form: Form::Source,
        ranges: vec![Range { kind, events }],
        state,
        ratings: match urgency.is_empty() || urgency.len() > NAME_LENGTH {
            true => Vec::new(),
            false => vec![Rating::Word(urgency)],
        },
        ..Affected::default()
    })
}
