//! What is wrong with what was scanned.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use orlop_image::look::steps;
use orlop_oci::DiffId;
use orlop_sbom::{Installed, Sbom};
use orlop_vuln::database::{Database, DatabaseError, RecordId, Text};
use orlop_vuln::{Answer, Match, Outcome, Question, Severity, Subject, Verdict};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Result;
use crate::index::Indexed;
use crate::stages::StageSbom;

/// How advisories are judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgeOptions {
    /// With what was known then; with all that is known if `None`.
    pub as_of: Option<Timestamp>,
    /// Data from before this time is stale; none is if `None`.
    pub stale_before: Option<Timestamp>,
}

/// What was scanned, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was scanned. `Match::package` is a place in its packages.
    pub indexed: Indexed,
    /// What was found. A [`Filter`](crate::Filter) takes findings away and leaves the rest.
    pub answer: Answer,
    /// The database that says so.
    pub database: DatabaseFacts,
    /// How it was judged.
    pub options: JudgeOptions,
    /// The steps that made its layers.
    steps: Vec<LayerStep>,
    /// The layers by their diff IDs: the first that has it.
    places: HashMap<DiffId, usize>,
}

/// Which database a report is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its name: the SHA-256 of what it holds, in hexadecimal.
    pub digest: String,
    /// When it was built.
    pub built: Timestamp,
}

/// The step that made a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerStep {
    /// The layer, counted from the bottom.
    pub layer: usize,
    /// Its instruction, as the image's history tells it; empty when it doesn't.
    pub created_by: String,
}

/// The findings of one package.
#[derive(Clone, Debug)]
pub struct PackageFindings<'a> {
    /// The package.
    pub installed: &'a Installed,
    /// The gravest first, then by id; never empty.
    pub findings: Vec<&'a Match>,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeverityCounts {
    /// In the order of [`Severity::ALL`].
    counts: [usize; Severity::ALL.len()],
}

impl SeverityCounts {
    /// Counts findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Match>) -> Self {
        let mut counts = Self::default();
        for found in findings {
            counts.counts[place(found.assessment.severity)] += 1;
        }
        counts
    }

    /// How many there are.
    pub fn of_severity(&self, severity: Severity) -> usize {
        self.counts[place(severity)]
    }

    /// All of them, the gravest first.
    pub fn all(self) -> impl Iterator<Item = (Severity, usize)> {
        Severity::ALL.into_iter().zip(self.counts)
    }

    /// The sum.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }
}

fn place(severity: Severity) -> usize {
    Severity::ALL
        .iter()
        .position(|it| *it == severity)
        .unwrap_or(Severity::ALL.len() - 1)
}

impl Report {
    /// Judges what was scanned.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn new(indexed: Indexed, database: &Database, options: JudgeOptions) -> Result<Self> {
        let answer = ask(&indexed.sbom, options, |question| database.find(question))?;
        let (steps, places) = layers(&indexed);
        Ok(Self {
            answer,
            database: DatabaseFacts {
                digest: database.digest(),
                built: database.contents().built,
            },
            options,
            steps,
            places,
            indexed,
        })
    }

    /// Adds what was in a stage of the build, judged by the release of the stage.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn add_stage(&mut self, stage: StageSbom, database: &Database) -> Result<()> {
        let StageSbom { name, mut sbom } = stage;
        let mut answer = ask(&sbom, self.options, |question| database.find(question))?;
        let before = self.indexed.sbom.packages.len();
        for found in &mut answer.findings {
            found.package += before;
        }
        for unknown in &mut answer.undecidable {
            unknown.package += before;
        }
        for installed in &mut sbom.packages {
            installed.stage = Some(name.clone());
        }
        self.indexed.sbom.packages.append(&mut sbom.packages);
        self.answer.findings.append(&mut answer.findings);
        self.answer.undecidable.append(&mut answer.undecidable);
        self.answer.coverage.add(answer.coverage);
        Ok(())
    }

    /// The packages with findings, those with the gravest first, then by the number of findings, then
    /// by name.
    pub fn by_package(&self) -> Vec<PackageFindings<'_>> {
        let mut packages: BTreeMap<usize, Vec<&Match>> = BTreeMap::new();
        for found in &self.answer.findings {
            packages.entry(found.package).or_default().push(found);
        }
        let mut packages: Vec<PackageFindings<'_>> = packages
            .into_iter()
            .map(|(package, mut findings)| {
                findings.sort_by(|a, b| {
                    let graver = b.assessment.severity.cmp(&a.assessment.severity);
                    graver.then_with(|| a.id.cmp(&b.id))
                });
                PackageFindings {
                    installed: &self.indexed.sbom.packages[package],
                    findings,
                }
            })
            .collect();
        // The sort is stable: packages with the same counts stay in the order of their names.
        packages.sort_by_cached_key(|package| {
            let counts = package.counts();
            std::cmp::Reverse(counts.counts)
        });
        packages
    }

    /// The package that a finding is in.
    pub fn installed(&self, found: &Match) -> &Installed {
        &self.indexed.sbom.packages[found.package]
    }

    /// How many findings there are of each severity.
    pub fn counts(&self) -> SeverityCounts {
        SeverityCounts::of(&self.answer.findings)
    }

    /// Bytes of the image's layers as they are transferred; nothing of what has no layers.
    pub fn size(&self) -> Option<u64> {
        let image = self.indexed.image.as_ref()?;
        Some(image.manifest.layers.iter().map(|layer| layer.size).sum())
    }

    /// The step that made a layer.
    pub fn step(&self, diff_id: &DiffId) -> Option<&LayerStep> {
        self.steps.get(*self.places.get(diff_id)?)
    }

    /// The layer that brought a package, counted from the bottom: the lowest of those that show it.
    pub fn layer_of(&self, installed: &Installed) -> Option<usize> {
        let layers = installed.locations.iter().filter_map(|location| {
            let diff_id = location.diff_id.as_ref()?;
            self.places.get(diff_id).copied()
        });
        layers.min()
    }

    /// Every advisory about a fault that names one of the packages, and what came of it: also why they
    /// aren't affected. It is asked before findings are filtered.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn why(&self, database: &Database, id: &str) -> Result<Vec<Verdict>> {
        let mut verdicts = ask(&self.indexed.sbom, self.options, |question| {
            database.why(question, id)
        })?;
        for verdict in &mut verdicts {
            if let Outcome::Affected(judgement) = &verdict.outcome
                && !self.rests_on(verdict)
            {
                verdict.outcome = Outcome::Overruled(judgement.clone());
            }
        }
        Ok(verdicts)
    }

    /// Whether a finding rests on what a verdict says.
    fn rests_on(&self, verdict: &Verdict) -> bool {
        let mut findings = self.answer.findings.iter();
        findings.any(|found| {
            let mut records = found.evidence.iter().map(|evidence| evidence.record);
            found.package == verdict.package && records.any(|record| record == verdict.record)
        })
    }

    /// What the advisories behind the findings say to people, each read once.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn texts(&self, database: &Database) -> Result<HashMap<RecordId, Text>> {
        let mut texts = HashMap::new();
        for found in &self.answer.findings {
            for evidence in &found.evidence {
                if let Entry::Vacant(vacant) = texts.entry(evidence.record) {
                    vacant.insert(database.text(evidence.record)?);
                }
            }
        }
        Ok(texts)
    }
}

impl PackageFindings<'_> {
    /// How many findings there are of each severity.
    pub fn counts(&self) -> SeverityCounts {
        SeverityCounts::of(self.findings.iter().copied())
    }
}

/// Asks about the packages of what was scanned.
fn ask<T>(
    sbom: &Sbom,
    options: JudgeOptions,
    answer: impl FnOnce(&Question<'_>) -> std::result::Result<T, DatabaseError>,
) -> Result<T> {
    let packages = sbom.packages.iter();
    let subjects: Vec<Subject<'_>> = packages
        .map(|installed| Subject {
            package: &installed.package,
            is_owned_by_distribution: installed.owned_by.is_some(),
        })
        .collect();
    Ok(answer(&Question {
        release: sbom.release.as_ref(),
        packages: &subjects,
        as_of: options.as_of,
        stale_before: options.stale_before,
    })?)
}

/// Where more is said of a fault.
pub fn url(id: &str) -> String {
    let (before, after) = match id.split_once('-').map(|(kind, _)| kind) {
        Some("CVE") => ("https://www.cve.org/CVERecord?id=", ""),
        Some("GHSA") => ("https://github.com/advisories/", ""),
        Some("RUSTSEC") => ("https://rustsec.org/advisories/", ".html"),
        Some("GO") => ("https://pkg.go.dev/vuln/", ""),
        _ => ("https://osv.dev/vulnerability/", ""),
    };
    // Ids come from feeds, and an address has its own letters.
    let id = utf8_percent_encode(id, ID);
    format!("{before}{id}{after}")
}

/// What stands in an address as it is: ids have letters, digits and hyphens; some have `:` or `.`.
const ID: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b':');

/// The steps that made layers, and the layers by their diff IDs.
fn layers(indexed: &Indexed) -> (Vec<LayerStep>, HashMap<DiffId, usize>) {
    let diff_ids = &indexed.subject.layers;
    let mut found: Vec<LayerStep> = (0..diff_ids.len())
        .map(|layer| LayerStep {
            layer,
            created_by: String::new(),
        })
        .collect();
    if let Some(image) = &indexed.image {
        for step in steps(&image.config, diff_ids.len()) {
            let layer = step.layer.and_then(|layer| found.get_mut(layer));
            if let Some(layer) = layer {
                layer.created_by = step.created_by;
            }
        }
    }
    let mut places = HashMap::with_capacity(diff_ids.len());
    for (place, diff_id) in diff_ids.iter().enumerate() {
        places.entry(diff_id.clone()).or_insert(place);
    }
    (found, places)
}
