//! `scout cves`: what is wrong with the packages of an image.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use orlop_sbom::{Installed, PackageKind, Sbom};
use orlop_scout::{
    Base, Filter, FixWanted, Indexed, Indexer, LayersWanted, Report, StageSbom, formats,
};
use orlop_vuln::database::Database;
use orlop_vuln::feeds::EpssScore;
use orlop_vuln::{CoverageWord, Severity};
use regex::Regex;

use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::interrupt;
use crate::output;
use crate::scanning::{self, TARGET_HELP, Target};
use crate::units;
use crate::view::cves::{self, Shown};
use crate::view::file_words::one_line;

/// How `cves` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CvesFormat {
    /// Text, grouped by packages
    #[default]
    Packages,
    /// One object, stable, for programs
    Json,
    /// A table of packages
    OnlyPackages,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// SPDX 2.3, with an advisory for each CVE
    Spdx,
    /// GitLab's report of container scanning
    Gitlab,
    /// For comments and summaries on GitHub
    Markdown,
    /// The SBOM as `scout sbom` has it, with the CVEs
    Sbom,
}

impl CvesFormat {
    /// Whether people read it, who want to know how it was found out.
    fn is_for_people(self) -> bool {
        matches!(self, Self::Packages | Self::OnlyPackages | Self::Markdown)
    }
}

/// Arguments of `scout cves`.
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("{TARGET_HELP}

\"No data\" is never shown as \"nothing found\": what there are no advisories for is said, and with
--exit-code it fails with 1 where nothing can be said at all.

Examples:
  orlop scout cves alpine:3.20
  orlop scout cves --only-severity critical,high --only-fixed --exit-code app:v1
  orlop scout cves --format json --as-of 2026-01-31 registry://alpine:3.19
  orlop scout cves --format sarif -o app.sarif.json app:v1"))]
pub struct ScoutCvesArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields say it")]
    pub target: Target,
    /// Judge with what was known at the end of this day, or at this time
    #[arg(long, value_name = "DATE", value_parser = scanning::parse_as_of)]
    pub as_of: Option<Timestamp>,
    /// Print details: description, CVSS, aliases, dates, advisories
    #[arg(long)]
    pub details: bool,
    /// Print EPSS scores, and sort the CVEs of a package by them
    #[arg(long)]
    pub epss: bool,
    /// Use the EPSS scores of this day, and fail where the database has those of another
    #[arg(long, value_name = "DATE")]
    pub epss_date: Option<Date>,
    /// Only CVEs with at least this EPSS percentile (0 to 1)
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub epss_percentile: Option<u32>,
    /// Only CVEs with at least this EPSS score (0 to 1)
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub epss_score: Option<u32>,
    /// Exit with 2 if vulnerabilities are detected
    #[arg(short = 'e', long)]
    pub exit_code: bool,
    /// How to answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: CvesFormat,
    /// Leave out the packages of the base image
    #[arg(long, conflicts_with = "only_base")]
    pub ignore_base: bool,
    /// Print the places of packages: path, layer, and the instruction that made the layer
    #[arg(long)]
    pub locations: bool,
    /// Look at the stages of the build too whose SBOMs BuildKit attached to the image
    #[arg(long)]
    pub multi_stage: bool,
    /// Only the packages of the base image
    #[arg(long)]
    pub only_base: bool,
    /// Only CVEs that are known to be exploited (CISA KEV)
    #[arg(long)]
    pub only_cisa_kev: bool,
    /// Only these CVEs
    #[arg(long, value_name = "ID", value_delimiter = ',', action = ArgAction::Append)]
    pub only_cve_id: Vec<String>,
    /// Only CVEs with a fix
    #[arg(long, conflicts_with = "only_unfixed")]
    pub only_fixed: bool,
    /// Only CVEs with all of these CVSS metrics (AV:N, PR:L, …)
    #[arg(
        long,
        value_name = "METRIC",
        value_delimiter = ',',
        action = ArgAction::Append,
        value_parser = parse_metric,
    )]
    pub only_metric: Vec<String>,
    /// Only packages whose name a regular expression matches
    #[arg(long, value_name = "REGEX", value_delimiter = ',', action = ArgAction::Append)]
    pub only_package: Vec<Regex>,
    /// Only packages of these types: apk, deb, rpm, pypi, npm, golang, …
    #[arg(long, value_name = "TYPE", value_delimiter = ',', action = ArgAction::Append, value_parser = parse_type)]
    pub only_package_type: Vec<PackageKind>,
    /// Only these stages of the build, and not the image that came of it
    #[arg(long, value_name = "STAGE", value_delimiter = ',', action = ArgAction::Append)]
    pub only_stage: Vec<String>,
    /// Only CVEs of these severities: critical, high, medium, low, unspecified
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', action = ArgAction::Append, value_parser = parse_severity)]
    pub only_severity: Vec<Severity>,
    /// Only CVEs without a fix
    #[arg(long)]
    pub only_unfixed: bool,
    /// With --format only-packages: leave out packages without vulnerabilities
    #[arg(long)]
    pub only_vuln_packages: bool,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// The image can't be read or judged, or with `--exit-code` something is wrong with it.
pub fn run(app: &App, args: &ScoutCvesArgs) -> CliResult {
    let database = scanning::database(app)?;
    if let Some(date) = args.epss_date {
        has_scores_of(&database, date)?;
    }
    let quiet = !args.format.is_for_people();
    let (indexer, indexed) = scanning::scan(app, &args.target, quiet)?;
    let layers = match args.only_base || args.ignore_base {
        true => base_layers(app, args, scanning::base(&indexer, &indexed, &database)?)?,
        false => None,
    };
    let (indexed, stages) = match args.multi_stage || !args.only_stage.is_empty() {
        true => with_stages(app, args, &indexer, indexed)?,
        false => (indexed, Vec::new()),
    };
    let options = scanning::judge_options(app, args.as_of);
    let mut report = Report::new(indexed, &database, options).map_err(CliError::from)?;
    for stage in stages {
        report.add_stage(stage, &database).map_err(CliError::from)?;
    }
    let filter = filter(args, layers);
    filter.apply(&mut report);
    tell_coverage(app, &report);
    if matches!(args.format, CvesFormat::Packages | CvesFormat::Markdown) {
        tell_summary(app, &report);
    }
    let text = document(app, args, &report, &filter, &database)?;
    output::write(app, args.output.as_deref(), &text)?;
    scanning::tell_written(app, args.output.as_deref(), quiet);
    match args.exit_code {
        true => exit(&report),
        false => Ok(()),
    }
}

/// The report in the form that was asked for.
fn document(
    app: &App,
    args: &ScoutCvesArgs,
    report: &Report,
    filter: &Filter,
    database: &Database,
) -> CliResult<String> {
    let texts = || report.texts(database).map_err(CliError::from);
    let now = Timestamp::now();
    let value = match args.format {
        CvesFormat::Packages => {
            let texts = match args.details {
                true => texts()?,
                false => Default::default(),
            };
            let color = args.output.is_none() && app.printer.look().stdout_color;
            let shown = Shown {
                details: args.details.then_some(&texts),
                epss: args.epss,
                locations: args.locations,
                color,
            };
            return Ok(cves::packages(report, shown));
        }
        CvesFormat::OnlyPackages => {
            let wanted = |it: &Installed| filter.wants_package(report, it);
            return Ok(cves::only_packages(report, wanted, args.only_vuln_packages));
        }
        CvesFormat::Markdown => {
            let size = report.size().map(units::size);
            return Ok(formats::markdown(report, &texts()?, size.as_deref()));
        }
        CvesFormat::Json => formats::json(report),
        CvesFormat::Sarif => formats::sarif(report, &texts()?, now),
        CvesFormat::Spdx => formats::spdx(report, now),
        CvesFormat::Gitlab => formats::gitlab(report, &texts()?, now),
        CvesFormat::Sbom => formats::sbom(report),
    };
    Ok(format!("{value:#}\n"))
}

fn filter(args: &ScoutCvesArgs, layers: Option<LayersWanted>) -> Filter {
    Filter {
        severities: args.only_severity.clone(),
        ids: args.only_cve_id.clone(),
        packages: args.only_package.clone(),
        types: args.only_package_type.clone(),
        metrics: args.only_metric.clone(),
        fix: match (args.only_fixed, args.only_unfixed) {
            (true, _) => Some(FixWanted::Fixed),
            (_, true) => Some(FixWanted::Unfixed),
            _ => None,
        },
        exploited: args.only_cisa_kev,
        epss_probability: args.epss_score,
        epss_percentile: args.epss_percentile,
        layers,
    }
}

/// Scores change from day to day: those of another day aren't what was asked for.
fn has_scores_of(database: &Database, date: Date) -> CliResult {
    let there = match database.contents().epss_date {
        Some(there) if there == date => return Ok(()),
        Some(there) => format!("the EPSS scores of {there}"),
        None => "no EPSS scores".to_owned(),
    };
    Err(CliError::new(format!(
        "there are no EPSS scores of {date}: the database has {there}"
    ))
    .hint("`orlop scout db import` reads a day's epss_scores-DATE.csv.gz beside the other feeds"))
}

/// Which layers' packages are meant. Nothing is left out because nobody knows where the base image ends.
fn base_layers(
    app: &App,
    args: &ScoutCvesArgs,
    base: Option<Base>,
) -> CliResult<Option<LayersWanted>> {
    if let Some(base) = &base {
        scanning::tell_base(app, base);
    }
    let unknown = match &base {
        Some(Base {
            layers: Some(count),
            ..
        }) => {
            return Ok(Some(match args.only_base {
                true => LayersWanted::Base(*count),
                false => LayersWanted::AboveBase(*count),
            }));
        }
        Some(base) => format!(
            "how many layers are those of the base image {} isn't known",
            one_line(&base.name.familiar())
        ),
        None => "which base image this one stands on isn't known".to_owned(),
    };
    if args.only_base {
        return Err(CliError::new(unknown).hint(
            "an image is known that was pulled, or that scout.base_images names when `orlop scout db update` runs",
        ));
    }
    app.printer
        .warn(format_args!("{unknown}: nothing is left out"));
    Ok(None)
}

/// The stages that are asked for, and the image, which is left out where it isn't.
fn with_stages(
    app: &App,
    args: &ScoutCvesArgs,
    indexer: &Indexer,
    mut indexed: Indexed,
) -> CliResult<(Indexed, Vec<StageSbom>)> {
    let mut stages = interrupt::run(
        async |cancel| Ok(indexer.stages(&indexed, &cancel).await?),
        || None,
    )?;
    if stages.is_empty() {
        return Err(CliError::new("no SBOM of a build stage is attached to the image").hint(
            "BuildKit attaches them with --sbom=true and --build-arg BUILDKIT_SBOM_SCAN_STAGE=true",
        ));
    }
    let names: Vec<String> = stages.iter().map(|stage| one_line(&stage.name)).collect();
    if let Some(unknown) = args.only_stage.iter().find(|it| !names.contains(it)) {
        let names = names.join(", ");
        return Err(CliError::new(format!(
            "no SBOM of the build stage {unknown:?} is attached to the image; there are {names}"
        )));
    }
    if !args.only_stage.is_empty() {
        stages.retain(|stage| args.only_stage.contains(&stage.name));
        indexed.sbom = Sbom::default();
    }
    let count = scanning::counted(stages.len(), "build stage");
    let names: Vec<String> = stages.iter().map(|stage| one_line(&stage.name)).collect();
    scanning::status(
        app,
        true,
        &format!("SBOMs of {count}: {}", names.join(", ")),
    );
    Ok((indexed, stages))
}

/// What nothing, or only something old, is known of.
fn tell_coverage(app: &App, report: &Report) {
    for line in cves::coverage_warnings(report, Timestamp::now()) {
        app.printer.warn(line);
    }
}

fn tell_summary(app: &App, report: &Report) {
    let packages = report.by_package();
    let total = report.counts().total();
    if total > 0 {
        let packages = scanning::counted(packages.len(), "vulnerable package");
        let total = scanning::counted(total, "vulnerability");
        let text = match packages.starts_with("1 ") {
            true => format!("Detected {packages} with {total}"),
            false => format!("Detected {packages} with a total of {total}"),
        };
        scanning::status(app, false, &text);
    } else if report.answer.coverage.word() == CoverageWord::Complete {
        scanning::status(app, true, "No vulnerable package detected");
    }
}

/// 2 for findings; 1 where nothing can be said.
fn exit(report: &Report) -> CliResult {
    if !report.answer.findings.is_empty() {
        return Err(CliError::of(ErrorKind::Trouble, ""));
    }
    let coverage = &report.answer.coverage;
    // Programs that no package explains may hold anything.
    let has_something =
        !coverage.ecosystems.is_empty() || report.indexed.sbom.coverage.program_bytes > 0;
    if coverage.word() == CoverageWord::None && has_something {
        return Err(CliError::new(
            "whether anything is wrong with this image can't be told: there are no advisories for what is in it",
        )
        .hint("`orlop scout db status` shows what there are advisories for"));
    }
    Ok(())
}

/// A type of packages, as package URLs have it.
pub(super) fn parse_type(text: &str) -> Result<PackageKind, String> {
    let found = PackageKind::ALL
        .iter()
        .find(|kind| kind.purl_type() == text);
    found.copied().ok_or_else(|| {
        let all: Vec<&str> = PackageKind::ALL
            .iter()
            .map(|kind| kind.purl_type())
            .collect();
        format!(
            "there is no such type of packages; there are {}",
            all.join(", ")
        )
    })
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    let found = Severity::ALL
        .into_iter()
        .find(|it| it.to_string().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "there are critical, high, medium, low and unspecified".to_owned())
}

/// The values of the base metrics of CVSS 2, 3 and 4.
const BASE_METRICS: &[(&str, &str)] = &[
    ("AV", "N A L P"),
    ("AC", "L M H"),
    ("Au", "N S M"),
    ("AT", "N P"),
    ("PR", "N L H"),
    ("UI", "N R P A"),
    ("S", "U C N P X"),
    ("C", "N L H P C"),
    ("I", "N L H P C"),
    ("A", "N L H P C"),
    ("VC", "N L H"),
    ("VI", "N L H"),
    ("VA", "N L H"),
    ("SC", "N L H"),
    ("SI", "N L H S"),
    ("SA", "N L H S"),
];
/// The names of other metrics.
const OTHER_METRICS: &str = "E RL RC CDP TD CR IR AR \
    MAV MAC MAT MPR MUI MS MC MI MA MVC MVI MVA MSC MSI MSA R V RE U CVSS";

/// A metric with its value. One that no vector has would take every finding away, as if there were none.
fn parse_metric(text: &str) -> Result<String, String> {
    let unknown = || "it is no metric of CVSS with its value, as AV:N is".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(unknown)?;
    let is_among = |word: &str, words: &str| {
        let mut words = words.split_ascii_whitespace();
        words.any(|known| known.eq_ignore_ascii_case(word))
    };
    let base = BASE_METRICS.iter();
    let mut base = base.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match base.next() {
        Some((_, values)) if is_among(value, values) => Ok(text.to_owned()),
        Some((name, values)) => Err(format!(
            "{name} has the values {}",
            values.replace(' ', ", ")
        )),
        None if is_among(name, OTHER_METRICS) && !value.is_empty() => Ok(text.to_owned()),
        None => Err(unknown()),
    }
}

/// A share between 0 and 1, in the unit of EPSS scores.
fn parse_share(text: &str) -> Result<u32, String> {
    let share: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if !(0.0..=1.0).contains(&share) {
        return Err("it isn't between 0 and 1".to_owned());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of one"
    )]
    let count = (share * f64::from(EpssScore::ONE)).round() as u32;
    Ok(count)
}
