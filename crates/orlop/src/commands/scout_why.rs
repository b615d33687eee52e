//! `scout why`: why a CVE is found in an image, or isn't.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use orlop_scout::Report;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::scanning::{self, TARGET_HELP, Target};
use crate::view::{cves, verdicts};

/// How `scout why` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WhyFormat {
    /// For people.
    #[default]
    Text,
    /// A list of objects.
    Json,
}

/// Arguments of `scout why`.
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("Shown is the whole chain: each advisory about the CVE that names a package of the image, its range,
how the versions were compared, and the file, layer and instruction that brought the package; also
of those that aren't affected.

{TARGET_HELP}

Examples:
  orlop scout why CVE-2019-14697 alpine:3.9
  orlop scout why GHSA-462w-v97r-4m45 fs://."))]
pub struct ScoutWhyArgs {
    /// A CVE, or the id or alias of an advisory
    #[arg(value_name = "CVE")]
    pub id: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields say it")]
    pub target: Target,
    /// Judge with what was known at the end of this day, or at this time
    #[arg(long, value_name = "DATE", value_parser = scanning::parse_as_of)]
    pub as_of: Option<Timestamp>,
    /// How to answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: WhyFormat,
}

/// Runs it.
///
/// # Errors
/// The image can't be read or judged, or no advisory about the CVE names a package of it.
pub fn run(app: &App, args: &ScoutWhyArgs) -> CliResult {
    let database = scanning::database(app)?;
    let indexed = scanning::index(app, &args.target, true)?;
    let report = Report::new(indexed, &database, scanning::judge_options(app, args.as_of))?;
    let verdicts = report.why(&database, &args.id)?;
    if verdicts.is_empty() {
        for line in cves::coverage_warnings(&report, Timestamp::now()) {
            app.printer.warn(line);
        }
        return Err(CliError::new(format!(
            "{}: no advisory about it names a package of {}",
            args.id, report.indexed.subject.name
        ))
        .hint("`orlop scout sbom --format list` lists the packages"));
    }
    match args.format {
        WhyFormat::Text => {
            let mut texts = Vec::with_capacity(verdicts.len());
            for verdict in &verdicts {
                texts.push(
                    database
                        .text(verdict.record)
                        .map_err(orlop_scout::Error::from)?,
                );
            }
            let color = app.printer.look().stdout_color;
            app.printer
                .text(verdicts::text(&report, &args.id, &verdicts, &texts, color))
        }
        WhyFormat::Json => {
            let object = orlop_scout::formats::verdicts(&report, &verdicts);
            app.printer.line(format_args!("{object:#}"))
        }
    }
}
