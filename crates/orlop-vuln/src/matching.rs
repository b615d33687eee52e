//! Which advisories are about which of an image's packages.
//!
//! ```text
//! packages ─▶ lookups (ecosystem, name, version), each once, in order of the names
//!          ─▶ candidates from the database, judged by their ranges
//!          ─▶ what those say of themselves: ids, dates, ratings
//!          ─▶ findings: each fault once for a package, whoever says it
//! ```
//!
//! A distribution's packages are looked up in the distribution's advisories of the release, by the name
//! and version of the source package: a fix is often put into an old version, which only the
//! distribution knows. For the same reason a package of a language that lies in files of a
//! distribution's package is left to the distribution. Where there is no data, that is said
//! ([`Coverage`]), and what can't be compared is a finding of its own kind ([`Undecidable`]): neither
//! looks like safety.

mod coverage;
mod lookup;
mod merge;
mod names;
mod why;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use orlop_sbom::{Package, Release};

use crate::database::{Database, DatabaseError, RecordId};
use crate::feeds::EpssScore;
use crate::{Assessment, Judgement};

pub use coverage::{Coverage, CoverageState, CoverageWord, EcosystemCoverage};
pub(crate) use names::normalized;
pub use why::{Outcome, Verdict};

/// A package to look up.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The package.
    pub package: &'a Package,
    /// Whether its files belong to a package of the distribution.
    pub is_owned_by_distribution: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The distribution and release, where the image has one.
    pub release: Option<&'a Release>,
    /// The packages.
    pub packages: &'a [Subject<'a>],
    /// Judge with what was known then; with all that is known if `None`.
    pub as_of: Option<Timestamp>,
    /// Data from before this time is stale; none is if `None`.
    pub stale_before: Option<Timestamp>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// By package, then id.
    pub findings: Vec<Match>,
    /// Where it can't be told whether a package is affected.
    pub undecidable: Vec<Undecidable>,
    /// For what there was data.
    pub coverage: Coverage,
}

/// A fault in a package.
#[derive(Clone, Debug)]
pub struct Match {
    /// The package: its place in [`Question::packages`].
    pub package: usize,
    /// The CVE; where there is none, the id of an advisory.
    pub id: String,
    /// Other names of the same fault, sorted.
    pub aliases: Vec<String>,
    /// How grave it is.
    pub assessment: Assessment,
    /// What is done about it.
    pub state: FixState,
    /// The affected versions around the installed one, as people read them: `<1.1.1b-r1`.
    pub affected_range: Option<String>,
    /// The version that fixes it.
    pub fixed_version: Option<String>,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// How likely it is that it is exploited.
    pub epss: Option<EpssScore>,
    /// Since when it is known to be exploited.
    pub exploited: Option<Date>,
    /// What it is if it is no vulnerability: `unmaintained`, `unsound`, `notice`.
    pub informational: Option<String>,
    /// The advisories that say so, the one that range and fix are of first. Packages of one source share
    /// what is said of that.
    pub evidence: Vec<Arc<Evidence>>,
}

/// What is done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixState {
    /// A version fixes it.
    Fixed,
    /// There is no fix.
    NotFixed,
    /// There will be none, or none soon.
    WontFix,
}

impl FixState {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not-fixed",
            Self::WontFix => "wont-fix",
        }
    }
}

/// An advisory that says that a package is affected, and how that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The record, for its text.
    pub record: RecordId,
    /// The form of its feed.
    pub feed: String,
    /// Its id.
    pub advisory: String,
    /// The ecosystem it is of.
    pub ecosystem: String,
    /// The name that was looked up: of the source package, where advisories use that.
    pub package: String,
    /// The version that was judged.
    pub version: String,
    /// The range and the fix. The comparisons behind them are told by [`judge`](crate::judge) alone.
    pub judgement: Judgement,
}

/// Advisories of a package that can't be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecidable {
    /// The package: its place in [`Question::packages`].
    pub package: usize,
    /// Why: a clause.
    pub what: String,
    /// The CVEs, or ids of the advisories, sorted.
    pub ids: Vec<String>,
}

impl Database {
    /// Finds what is wrong with packages.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] if the database is damaged.
    pub fn find(&self, question: &Question<'_>) -> Result<Answer, DatabaseError> {
        let plan = coverage::Plan::new(self, question);
        let lookups = lookup::lookups(self, question, &plan);
        let candidates = lookup::candidates(self, question, &lookups)?;
        let mut answer = merge::merge(self, question, &candidates)?;
        answer.coverage = plan.coverage;
        Ok(answer)
    }
}
