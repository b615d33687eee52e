//! Which findings are asked for.

use orlop_sbom::{Installed, PackageKind};
use orlop_vuln::{FixState, Match, Severity};
use regex::Regex;

use crate::report::Report;

/// Which findings are asked for: those that meet every condition that is set.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one of these severities.
    pub severities: Vec<Severity>,
    /// With one of these ids or aliases, in any case of letters.
    pub ids: Vec<String>,
    /// In a package whose name one of these matches.
    pub packages: Vec<Regex>,
    /// In a package of one of these types.
    pub types: Vec<PackageKind>,
    /// With all of these metrics in their vector: `AV:N`.
    pub metrics: Vec<String>,
    /// With a fix, or without one.
    pub fix: Option<FixWanted>,
    /// Known to be exploited.
    pub exploited: bool,
    /// With at least this probability of exploitation, in the unit of [`orlop_vuln::feeds::EpssScore`].
    pub epss_probability: Option<u32>,
    /// With at least this percentile of it.
    pub epss_percentile: Option<u32>,
    /// In a package that these layers brought.
    pub layers: Option<LayersWanted>,
}

/// Whether there must be a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixWanted {
    /// There must be one.
    Fixed,
    /// There must be none.
    Unfixed,
}

/// Which layers must have brought a package. The number is how many layers the base image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayersWanted {
    /// Those of the base image.
    Base(usize),
    /// Those above it.
    AboveBase(usize),
}

impl Filter {
    /// Takes away what isn't asked for. What can't be decided stays where its package does, and is
    /// never hidden by a condition on findings.
    pub fn apply(&self, report: &mut Report) {
        let mut answer = std::mem::take(&mut report.answer);
        answer.findings.retain(|found| {
            self.wants(found) && self.wants_package(report, report.installed(found))
        });
        answer.undecidable.retain(|unknown| {
            let installed = &report.indexed.sbom.packages[unknown.package];
            self.wants_package(report, installed)
        });
        report.answer = answer;
    }

    /// Whether a package is asked for.
    pub fn wants_package(&self, report: &Report, installed: &Installed) -> bool {
        let package = &installed.package;
        let is_named = self.packages.is_empty()
            || self
                .packages
                .iter()
                .any(|regex| regex.is_match(&package.name));
        is_named
            && (self.types.is_empty() || self.types.contains(&package.kind))
            && self
                .layers
                .is_none_or(|wanted| match (wanted, report.layer_of(installed)) {
                    (LayersWanted::Base(count), layer) => layer.is_some_and(|layer| layer < count),
                    (LayersWanted::AboveBase(count), layer) => {
                        layer.is_none_or(|layer| layer >= count)
                    }
                })
    }

    fn wants(&self, found: &Match) -> bool {
        let epss = found.epss;
        let at_least = |wanted: Option<u32>, value: Option<u32>| {
            wanted.is_none_or(|wanted| value.is_some_and(|value| value >= wanted))
        };
        (self.severities.is_empty() || self.severities.contains(&found.assessment.severity))
            && (self.ids.is_empty() || self.ids.iter().any(|id| is_called(found, id)))
            && self.fix.is_none_or(|wanted| {
                (found.state == FixState::Fixed) == (wanted == FixWanted::Fixed)
            })
            && (!self.exploited || found.exploited.is_some())
            && at_least(self.epss_probability, epss.map(|epss| epss.probability))
            && at_least(self.epss_percentile, epss.map(|epss| epss.percentile))
            && self.metrics.iter().all(|metric| has_metric(found, metric))
    }
}

fn is_called(found: &Match, id: &str) -> bool {
    let aliases = found.aliases.iter().map(String::as_str);
    let mut names = aliases.chain([found.id.as_str()]);
    names.any(|name| name.eq_ignore_ascii_case(id))
}

fn has_metric(found: &Match, metric: &str) -> bool {
    found.assessment.cvss.as_ref().is_some_and(|score| {
        let mut metrics = score.vector.split('/');
        metrics.any(|it| it.eq_ignore_ascii_case(metric))
    })
}
