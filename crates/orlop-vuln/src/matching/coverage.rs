//! For which ecosystems of an image there is data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use orlop_sbom::{PackageKind, Release};

use super::{Question, Subject};
use crate::Order;
use crate::database::{Contents, Database};
use crate::releases::{Ecosystems, end_of_life, of_release};

/// For which ecosystems of an image there is data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The distribution's release first, then by name.
    pub ecosystems: Vec<EcosystemCoverage>,
    /// Packages that were left to the distribution, to whose packages their files belong.
    pub left_to_distribution: usize,
}

impl Coverage {
    /// Adds that of other packages.
    pub fn add(&mut self, other: Self) {
        for ecosystem in other.ecosystems {
            let mut known = self.ecosystems.iter_mut();
            match known.find(|it| it.name == ecosystem.name) {
                Some(known) => known.packages += ecosystem.packages,
                None => self.ecosystems.push(ecosystem),
            }
        }
        self.left_to_distribution += other.left_to_distribution;
    }

    /// One word for all of it. No ecosystem at all is no coverage.
    pub fn word(&self) -> CoverageWord {
        let is = |state| {
            self.ecosystems
                .iter()
                .all(|ecosystem| ecosystem.state == state)
        };
        if is(CoverageState::None) {
            CoverageWord::None
        } else if is(CoverageState::Complete) {
            CoverageWord::Complete
        } else {
            CoverageWord::Partial
        }
    }
}

/// The data there is for one ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcosystemCoverage {
    /// As OSV names it: `Alpine:v3.9`, `PyPI`. What OSV doesn't know has another name.
    pub name: String,
    /// How many packages of it there are.
    pub packages: usize,
    /// Whether there is data.
    pub state: CoverageState,
    /// As of when there is.
    pub date: Option<Timestamp>,
    /// The day after which the release gets no more fixes.
    pub end_of_life: Option<Date>,
}

/// Whether there is data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageState {
    /// There is.
    Complete,
    /// There is, and it is old.
    Stale,
    /// There is none, which says nothing of the packages.
    None,
}

impl CoverageState {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stale => "stale",
            Self::None => "none",
        }
    }
}

/// One word for all ecosystems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageWord {
    /// There is new data for all.
    Complete,
    /// There is none for some, or it is stale.
    Partial,
    /// There is none for any.
    None,
}

impl CoverageWord {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }
}

/// Where the packages of an image are looked up.
pub(super) struct Plan {
    /// The places of ecosystems in the database, by kind of package.
    places: BTreeMap<PackageKind, Vec<usize>>,
    pub(super) coverage: Coverage,
    /// Whether no package is left to the distribution.
    leaves_none: bool,
}

impl Plan {
    pub(super) fn new(database: &Database, question: &Question<'_>) -> Self {
        let contents = database.contents();
        let mut counts: BTreeMap<PackageKind, usize> = BTreeMap::new();
        for subject in question.packages {
            *counts.entry(subject.package.kind).or_default() += 1;
        }
        if let Some(kind) = question.release.and_then(kind_of_release) {
            counts.entry(kind).or_default();
        }
        let mut plan = Self {
            places: BTreeMap::new(),
            coverage: Coverage::default(),
            leaves_none: false,
        };
        for (kind, packages) in counts {
            let ecosystems = ecosystems(kind, question.release);
            let places = places(contents, &ecosystems);
            let coverage = coverage(contents, question, &ecosystems, &places, packages);
            plan.coverage.ecosystems.push(coverage);
            plan.places.insert(kind, places);
        }
        let left = |subject: &&Subject<'_>| !plan.is_looked_up(subject);
        plan.coverage.left_to_distribution = question.packages.iter().filter(left).count();
        let first = question
            .release
            .map(|release| of_release(release).name().to_owned());
        let ecosystems = &mut plan.coverage.ecosystems;
        ecosystems.sort_by(|left, right| left.name.cmp(&right.name));
        ecosystems.sort_by_key(|ecosystem| Some(&ecosystem.name) != first.as_ref());
        plan
    }

    /// The same, with packages looked up themselves whose files are a distribution's.
    pub(super) fn of_everything(&self) -> Self {
        Self {
            places: self.places.clone(),
            coverage: Coverage::default(),
            leaves_none: true,
        }
    }

    /// Where packages of a kind are looked up.
    pub(super) fn places(&self, kind: PackageKind) -> &[usize] {
        self.places
            .get(&kind)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Whether a package is looked up itself: it isn't if the distribution's package that its files
    /// belong to is, and there is data for that.
    pub(super) fn is_looked_up(&self, subject: &Subject<'_>) -> bool {
        let distributions = [PackageKind::Apk, PackageKind::Deb, PackageKind::Rpm];
        self.leaves_none
            || !subject.is_owned_by_distribution
            || subject.package.kind.is_of_distribution()
            || distributions
                .iter()
                .all(|kind| self.places(*kind).is_empty())
    }
}

fn coverage(
    contents: &Contents,
    question: &Question<'_>,
    ecosystems: &Ecosystems,
    places: &[usize],
    packages: usize,
) -> EcosystemCoverage {
    let date = places
        .iter()
        .map(|place| contents.ecosystems[*place].date)
        .max();
    let state = match (date, question.stale_before) {
        (None, _) => CoverageState::None,
        (Some(date), Some(before)) if date < before => CoverageState::Stale,
        (Some(_), _) => CoverageState::Complete,
    };
    let release = question.release;
    let release = release.filter(|release| of_release(release) == *ecosystems);
    EcosystemCoverage {
        name: ecosystems.name().to_owned(),
        packages,
        state,
        date,
        end_of_life: release.and_then(end_of_life),
    }
}

fn places(contents: &Contents, ecosystems: &Ecosystems) -> Vec<usize> {
    let all = contents.ecosystems.iter().enumerate();
    let ours = all.filter(|(_, ecosystem)| ecosystems.has(&ecosystem.name));
    ours.map(|(place, _)| place).collect()
}

/// Which ecosystem has the advisories of a kind of package.
fn ecosystems(kind: PackageKind, release: Option<&Release>) -> Ecosystems {
    let name = match kind {
        PackageKind::Apk | PackageKind::Deb | PackageKind::Rpm => {
            // Packages of another distribution's kind aren't the release's.
            return match release.filter(|release| kind_of_release(release) == Some(kind)) {
                Some(release) => of_release(release),
                None => Ecosystems::One(kind.purl_type().to_owned()),
            };
        }
        PackageKind::Python => "PyPI",
        PackageKind::Npm => "npm",
        PackageKind::Cargo => "crates.io",
        PackageKind::Go => "Go",
        PackageKind::Java => "Maven",
        PackageKind::Gem => "RubyGems",
        PackageKind::Composer => "Packagist",
        PackageKind::Nuget => "NuGet",
        PackageKind::Conda => "Conda",
        // Programs without a package have no ecosystem with advisories.
        other => other.purl_type(),
    };
    Ecosystems::One(name.to_owned())
}

/// The kind of the packages of a distribution.
fn kind_of_release(release: &Release) -> Option<PackageKind> {
    match Order::of_ecosystem(of_release(release).name()) {
        Some(Order::Apk) => return Some(PackageKind::Apk),
        Some(Order::Dpkg) => return Some(PackageKind::Deb),
        Some(Order::Rpm) => return Some(PackageKind::Rpm),
        _ => {}
    }
    // Distributions without advisories here, whose releases should be named all the same.
    let like = release.like.iter().map(String::as_str);
    like.chain([release.id.as_str()]).find_map(|id| match id {
        "alpine" | "postmarketos" => Some(PackageKind::Apk),
        "debian" | "ubuntu" => Some(PackageKind::Deb),
        "fedora" | "rhel" | "centos" | "suse" | "amzn" | "ol" => Some(PackageKind::Rpm),
        _ => None,
    })
}
