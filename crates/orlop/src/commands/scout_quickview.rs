//! `scout quickview`: how an image stands, and the image it stands on.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use orlop_image::event::{EventSink, NoEvents};
use orlop_scout::{Base, Indexed, Indexer, JudgeOptions, Report};
use orlop_vuln::database::Database;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::output;
use crate::scanning::{self, TARGET_HELP, Target};
use crate::view::{cves, quickview};

/// How `scout quickview` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum QuickviewFormat {
    /// For people
    #[default]
    Text,
    /// One object, for programs
    Json,
}

/// Arguments of `scout quickview`.
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("Below the base image stands what this image's own layers add to its vulnerabilities, or take away.

The base image is the one that the builder's provenance names, or annotations, or labels; else the one
with the longest stack of the same layers, of those in the store and those that scout.base_images
names when `orlop scout db update` runs. Who says so, and how sure it is, is told.

{TARGET_HELP}

Examples:
  orlop scout quickview alpine:3.20
  orlop scout qv --format json registry://example.com/app:v1
  orlop scout qv archive://app.tar"))]
pub struct ScoutQuickviewArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields say it")]
    pub target: Target,
    /// Judge with what was known at the end of this day, or at this time
    #[arg(long, value_name = "DATE", value_parser = scanning::parse_as_of)]
    pub as_of: Option<Timestamp>,
    /// How to answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: QuickviewFormat,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// The image, or what is known of its base image, can't be read or judged.
pub fn run(app: &App, args: &ScoutQuickviewArgs) -> CliResult {
    let database = scanning::database(app)?;
    let quiet = args.format == QuickviewFormat::Json;
    let (indexer, indexed) = scanning::scan(app, &args.target, quiet)?;
    let base = scanning::base(&indexer, &indexed, &database)?;
    let options = scanning::judge_options(app, args.as_of);
    let below = match &base {
        Some(base) => below(&indexer, &indexed, base, &database, options)?,
        None => None,
    };
    let report = Report::new(indexed, &database, options).map_err(CliError::from)?;
    for line in cves::coverage_warnings(&report, Timestamp::now()) {
        app.printer.warn(line);
    }
    let base = base.map(|base| quickview::BaseView { base, below });
    let text = match args.format {
        QuickviewFormat::Text => quickview::text(&report, base.as_ref()),
        QuickviewFormat::Json => format!("{:#}\n", quickview::object(&report, base.as_ref())),
    };
    output::write(app, args.output.as_deref(), &text)
}

/// What is wrong with the base image alone.
fn below(
    indexer: &Indexer,
    indexed: &Indexed,
    base: &Base,
    database: &Database,
    options: JudgeOptions,
) -> CliResult<Option<Report>> {
    let events: Arc<dyn EventSink> = Arc::new(NoEvents);
    let below = interrupt::run(
        async |cancel| Ok(indexer.below(indexed, base, &events, &cancel).await?),
        || None,
    )?;
    let below = below.map(|below| Report::new(below, database, options));
    Ok(below.transpose()?)
}
