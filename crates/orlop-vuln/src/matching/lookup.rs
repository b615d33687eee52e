//! From packages to the advisories that are about them.

use std::collections::BTreeMap;

use orlop_sbom::{Package, PackageKind};

use super::coverage::Plan;
use super::{Question, normalized};
use crate::database::{Database, DatabaseError, Entry};
use crate::{Form, Judgement, State, judge};

/// What is looked up once, however many packages it serves. In the order in which the database is
/// read quickest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lookup<'a> {
    /// The place of the ecosystem in the database.
    ecosystem: usize,
    /// As the ecosystem looks names up.
    name: std::borrow::Cow<'a, str>,
    version: &'a str,
    /// Whether name and version are those of the source package.
    is_source: bool,
}

/// What an advisory says of packages.
pub(super) struct Candidate {
    pub(super) ecosystem: usize,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) entry: Entry,
    /// `Err` if it can't be told, with the reason.
    pub(super) judgement: Result<Judgement, String>,
    /// The packages: their places in the question.
    pub(super) packages: Vec<usize>,
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
pub(super) fn candidates(
    database: &Database,
    question: &Question<'_>,
    lookups: &Lookups<'_>,
) -> Result<Vec<Candidate>, DatabaseError> {
    let mut candidates = Vec::new();
    let mut lookups = lookups.iter().peekable();
    while let Some((first, _)) = lookups.peek() {
        let ecosystem = first.ecosystem;
        let mut packages = database.packages(ecosystem)?;
        let name = &database.contents().ecosystems[ecosystem].name;
        let mut known: Option<(&str, Vec<Entry>)> = None;
        while let Some((lookup, places)) =
            lookups.next_if(|(lookup, _)| lookup.ecosystem == ecosystem)
        {
            if known.as_ref().is_none_or(|(name, _)| *name != lookup.name) {
                known = Some((&lookup.name, packages.get(&lookup.name)?));
            }
            let entries = known.as_ref().map(|(_, entries)| entries.as_slice());
            for entry in entries.unwrap_or_default() {
                candidates.extend(candidate(question, name, lookup, places, entry));
            }
        }
    }
    Ok(candidates)
}

fn candidate(
    question: &Question<'_>,
    ecosystem: &str,
    lookup: &Lookup<'_>,
    places: &[usize],
    entry: &Entry,
) -> Option<Candidate> {
    let is_meant = match entry.form {
        Form::Any => true,
        Form::Source => lookup.is_source,
        Form::Binary => !lookup.is_source,
    };
    if !is_meant || entry.state == State::UnderInvestigation {
        return None;
    }
    let judgement = match entry.state {
        // It says so of every version.
        State::NotAffected => Ok(Judgement {
            reason: None,
            fixed_version: None,
            comparisons: Vec::new(),
        }),
        _ => judge(ecosystem, &entry.ranges, &entry.versions, lookup.version),
    };
    if entry.state != State::NotAffected && judgement.as_ref().is_ok_and(|it| !it.is_affected()) {
        return None;
    }
    let applies = |place: &usize| applies(entry, question.packages[*place].package);
    let packages: Vec<usize> = places.iter().copied().filter(applies).collect();
    (!packages.is_empty()).then(|| Candidate {
        ecosystem: lookup.ecosystem,
        name: lookup.name.clone().into_owned(),
        version: lookup.version.to_owned(),
        entry: entry.clone(),
        judgement: judgement.map_err(|error| error.to_string()),
        packages,
    })
}

/// Whether an entry is about a package's architecture and kind of build. A package of a module says so
/// in its release (`1.module+el8.8.0+19898+ab99ba34`), though not of which stream.
fn applies(entry: &Entry, package: &Package) -> bool {
    let architectures = &entry.architectures;
    let has_architecture = match &package.architecture {
        Some(architecture) => architectures.is_empty() || architectures.contains(architecture),
        None => true,
    };
    let is_modular = package.version.contains(".module");
    has_architecture && (package.kind != PackageKind::Rpm || entry.module.is_some() == is_modular)
}
