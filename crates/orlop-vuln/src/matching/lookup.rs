//! From packages to the advisories that are about them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use orlop_sbom::{Package, PackageKind};

use super::coverage::Plan;
use super::{Evidence, Question, normalized};
use crate::database::{Database, DatabaseError, Entry};
use crate::range::{Installed, judge_alone};
use crate::releases::rhel_minor;
use crate::{Event, Form, Judgement, State};

/// What is looked up once, however many packages it serves. In the order in which the database is
/// read quickest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lookup<'a> {
    /// The place of the ecosystem in the database.
    pub(super) ecosystem: usize,
    /// As the ecosystem looks names up.
    pub(super) name: Cow<'a, str>,
    pub(super) version: &'a str,
    /// Whether name and version are those of the source package.
    pub(super) is_source: bool,
}

/// What an advisory says of packages.
pub(super) struct Candidate<'l> {
    pub(super) lookup: &'l Lookup<'l>,
    /// All that the ecosystem's advisories say of the name that was looked up, and which of it this is.
    entries: Rc<Vec<Entry>>,
    entry: usize,
    /// `Err` if it can't be told, with the reason.
    pub(super) judgement: Result<Judgement, String>,
    /// The packages: their places in the question.
    pub(super) packages: Cow<'l, [usize]>,
    /// The same as it stands in findings, once it is one's.
    pub(super) evidence: OnceCell<Arc<Evidence>>,
}

impl Candidate<'_> {
    pub(super) fn entry(&self) -> &Entry {
        &self.entries[self.entry]
    }
}

/// Lookups, and the packages that each is for.
pub(super) type Lookups<'a> = BTreeMap<Lookup<'a>, Vec<usize>>;

/// What to look up, and for which packages.
pub(super) fn lookups<'a>(
    database: &Database,
    question: &Question<'a>,
    plan: &Plan,
) -> Lookups<'a> {
    let mut lookups = Lookups::new();
    for (place, subject) in question.packages.iter().enumerate() {
        if !plan.is_looked_up(subject) {
            continue;
        }
        for &ecosystem in plan.places(subject.package.kind) {
            let ecosystem_name = &database.contents().ecosystems[ecosystem].name;
            for (name, version, is_source) in names(subject.package) {
                let lookup = Lookup {
                    ecosystem,
                    name: normalized(ecosystem_name, name),
                    version,
                    is_source,
                };
                lookups.entry(lookup).or_default().push(place);
            }
        }
    }
    lookups
}

/// The names and versions by which advisories may mean a package. Those of apk and dpkg always mean
/// the source package; those of rpm, either.
fn names(package: &Package) -> Vec<(&str, &str, bool)> {
    let own = (package.name.as_str(), package.version.as_str());
    let source = package.source.as_ref();
    let source = source.map_or(own, |source| {
        (source.name.as_str(), source.version.as_str())
    });
    match package.kind {
        PackageKind::Apk | PackageKind::Deb => vec![(source.0, source.1, true)],
        PackageKind::Rpm => vec![(source.0, source.1, true), (own.0, own.1, false)],
        _ => vec![(own.0, own.1, false)],
    }
}

/// The advisories that say something of the packages: that they are affected, that it can't be told,
/// or that they aren't whatever others say.
pub(super) fn candidates<'l>(
    database: &Database,
    question: &Question<'_>,
    lookups: &'l Lookups<'l>,
) -> Result<Vec<Candidate<'l>>, DatabaseError> {
    let mut candidates = Vec::new();
    let mut lookups = lookups.iter().peekable();
    while let Some((first, _)) = lookups.peek() {
        let ecosystem = first.ecosystem;
        let mut packages = database.packages(ecosystem)?;
        let name = &database.contents().ecosystems[ecosystem].name;
        let mut known: Option<(&str, Rc<Vec<Entry>>)> = None;
        while let Some((lookup, places)) =
            lookups.next_if(|(lookup, _)| lookup.ecosystem == ecosystem)
        {
            let entries = match &known {
                Some((name, entries)) if *name == lookup.name => Rc::clone(entries),
                _ => Rc::new(packages.get(&lookup.name)?),
            };
            let installed = Installed::new(lookup.version);
            for (at, entry) in entries.iter().enumerate() {
                let Some(judgement) = judged(name, lookup, entry, &installed) else {
                    continue;
                };
                let packages = meant(entry, question, places);
                if !packages.is_empty() {
                    candidates.push(Candidate {
                        lookup,
                        entries: Rc::clone(&entries),
                        entry: at,
                        judgement,
                        packages,
                        evidence: OnceCell::new(),
                    });
                }
            }
            known = Some((&lookup.name, entries));
        }
    }
    Ok(candidates)
}

/// What an entry says of what was looked up: that it is affected, that it isn't whatever others say (or
/// whatever they say of other minor releases), or that it can't be told.
fn judged(
    ecosystem: &str,
    lookup: &Lookup<'_>,
    entry: &Entry,
    installed: &Installed<'_>,
) -> Option<Result<Judgement, String>> {
    if !is_meant(entry, lookup.is_source) || entry.state == State::UnderInvestigation {
        return None;
    }
    let judgement = match entry.state {
        // It says so of every version.
        State::NotAffected => Ok(Judgement {
            reason: None,
            fixed_version: None,
            comparisons: Vec::new(),
        }),
        _ => judge_alone(ecosystem, &entry.ranges, &entry.versions, installed),
    };
    let is_silent = entry.state != State::NotAffected && !is_fix_of_minor(entry, lookup.version);
    if is_silent && judgement.as_ref().is_ok_and(|it| !it.is_affected()) {
        return None;
    }
    Some(judgement.map_err(|error| error.to_string()))
}

/// Whether an entry has the fix of the very minor release of RHEL that a package is of: then that of a later
/// one doesn't matter.
fn is_fix_of_minor(entry: &Entry, version: &str) -> bool {
    let Some(minor) = rhel_minor(version) else {
        return false;
    };
    let mut events = entry.ranges.iter().flat_map(|range| &range.events);
    events.any(|event| matches!(event, Event::Fixed(fix) if rhel_minor(fix) == Some(minor)))
}

/// The packages that an entry is about.
fn meant<'l>(entry: &Entry, question: &Question<'_>, places: &'l [usize]) -> Cow<'l, [usize]> {
    let applies = |place: &usize| applies(entry, question.packages[*place].package);
    match places.iter().all(applies) {
        true => Cow::Borrowed(places),
        false => Cow::Owned(places.iter().copied().filter(applies).collect()),
    }
}

/// Whether an entry is about source packages, or binary ones, as the name that was looked up is.
pub(super) fn is_meant(entry: &Entry, is_source: bool) -> bool {
    match entry.form {
        Form::Any => true,
        Form::Source => is_source,
        Form::Binary => !is_source,
    }
}

/// Whether an entry is about a package's architecture and kind of build. A package of a module says so
/// in its release (`1.module+el8.8.0+19898+ab99ba34`), though not of which stream.
pub(super) fn applies(entry: &Entry, package: &Package) -> bool {
    let architectures = &entry.architectures;
    let has_architecture = match &package.architecture {
        Some(architecture) => architectures.is_empty() || architectures.contains(architecture),
        None => true,
    };
    let is_modular = package.version.contains(".module");
    has_architecture && (package.kind != PackageKind::Rpm || entry.module.is_some() == is_modular)
}
