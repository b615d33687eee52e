//! Why a fault is found in packages, or isn't: every advisory about it that names one of them, with what
//! came of it. Scans keep the findings alone.

use std::collections::HashMap;

use super::Question;
use super::coverage::Plan;
use super::lookup::{applies, is_meant, lookups};
use crate::database::{Database, DatabaseError, Entry, Head, RecordId};
use crate::{Comparison, Judgement, Range, State, Undecided, explain, judge};

/// What an advisory comes to for a package.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The package: its place in [`Question::packages`].
    pub package: usize,
    /// The record, for its text.
    pub record: RecordId,
    /// What it says of itself.
    pub head: Head,
    /// The ecosystem it is of.
    pub ecosystem: String,
    /// The name that was looked up: of the source package, where advisories use that.
    pub name: String,
    /// The version that was judged.
    pub version: String,
    /// Its ranges, as it lists them.
    pub ranges: Vec<Range>,
    /// Every comparison of the version with an event of a range.
    pub comparisons: Vec<Comparison>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The version is affected.
    Affected(Judgement),
    /// The version is affected by it, but another advisory about the fault, which counts more, says that
    /// the package isn't.
    Overruled(Judgement),
    /// The version lies in none of its ranges, and isn't listed.
    OutOfRange,
    /// It says that the package isn't affected, whatever the version.
    NotAffected,
    /// Nobody has looked yet.
    UnderInvestigation,
    /// It can't be told: a clause.
    Undecided(String),
    /// It is about another build of the package: another architecture, module, or form.
    OtherBuild,
    /// It was taken back, or wasn't known yet at the time in question.
    NotHeld,
    /// The files are a distribution's package's, whose own advisories count.
    LeftToDistribution,
}

impl Database {
    /// Every advisory about a fault that names one of the packages, those that affect them first. `id` is
    /// a CVE, or the id or alias of an advisory, in any case of letters.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] if the database is damaged.
    pub fn why(&self, question: &Question<'_>, id: &str) -> Result<Vec<Verdict>, DatabaseError> {
        let plan = Plan::new(self, question);
        let everything = plan.of_everything();
        let mut heads: HashMap<RecordId, Head> = HashMap::new();
        let mut verdicts = Vec::new();
        for (lookup, places) in lookups(self, question, &everything) {
            let ecosystem = &self.contents().ecosystems[lookup.ecosystem].name;
            for entry in self.packages(lookup.ecosystem)?.get(&lookup.name)? {
                let head = match heads.get(&entry.record) {
                    Some(head) => head.clone(),
                    None => self.head(entry.record)?,
                };
                heads.entry(entry.record).or_insert_with(|| head.clone());
                if !is_about(&head, id) {
                    continue;
                }
                for place in &places {
                    let is_build = is_meant(&entry, lookup.is_source)
                        && applies(&entry, question.packages[*place].package);
                    let outcome = if !is_build {
                        Outcome::OtherBuild
                    } else if !head.holds_at(question.as_of) {
                        Outcome::NotHeld
                    } else {
                        outcome(ecosystem, &entry, lookup.version)
                    };
                    let is_left = !plan.is_looked_up(&question.packages[*place]);
                    verdicts.push(Verdict {
                        package: *place,
                        record: entry.record,
                        head: head.clone(),
                        ecosystem: ecosystem.clone(),
                        name: lookup.name.clone().into_owned(),
                        version: lookup.version.to_owned(),
                        comparisons: explain(ecosystem, &entry.ranges, lookup.version),
                        ranges: entry.ranges.clone(),
                        outcome: match is_left && matches!(outcome, Outcome::Affected(_)) {
                            true => Outcome::LeftToDistribution,
                            false => outcome,
                        },
                    });
                }
            }
        }
        verdicts.sort_by_key(|verdict| {
            let is_affected = matches!(verdict.outcome, Outcome::Affected(_));
            (!is_affected, verdict.package, verdict.head.id.clone())
        });
        Ok(verdicts)
    }
}

fn is_about(head: &Head, id: &str) -> bool {
    let names = head.cves.iter().chain(&head.aliases).chain([&head.id]);
    names.into_iter().any(|name| name.eq_ignore_ascii_case(id))
}

fn outcome(ecosystem: &str, entry: &Entry, version: &str) -> Outcome {
    match entry.state {
        State::NotAffected => return Outcome::NotAffected,
        State::UnderInvestigation => return Outcome::UnderInvestigation,
        State::Ranges | State::Unfixed | State::WontFix => {}
    }
    let judged: Result<Judgement, Undecided> =
        judge(ecosystem, &entry.ranges, &entry.versions, version);
    match judged {
        Ok(judgement) if judgement.is_affected() => Outcome::Affected(judgement),
        Ok(_) => Outcome::OutOfRange,
        Err(error) => Outcome::Undecided(error.to_string()),
    }
}
