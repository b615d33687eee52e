//! `scout db import`: the database from files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use orlop_image::event::EventSink;
use orlop_scout::Advisories;

use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;
use crate::scanning;
use crate::view::advisories;

/// Arguments of `scout db import`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What is read, packed or not: OSV records in JSON or YAML and archives of them (all.zip), the
security databases of Alpine, Wolfi and Chainguard, the Debian security tracker's JSON, CSAF 2.0
documents, Red Hat's OVAL definitions, EPSS scores and CISA's catalogue of exploited
vulnerabilities. A folder is read with everything below it.

The database is made of these paths and of nothing else: what it held before is replaced, and
`orlop scout db update` replaces it again. The same files with the same dates make the same bytes.

Examples:
  orlop scout db import ./osv/PyPI/all.zip ./osv/Debian/all.zip ./epss.csv.gz
  orlop scout db import --date 2026-01-31 ./advisories"
)]
pub struct ScoutDbImportArgs {
    /// Files and folders to read
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Day or time as of which they speak [default: when the newest file was changed]
    #[arg(long, value_name = "DATE", value_parser = scanning::parse_as_of)]
    pub date: Option<Timestamp>,
    /// Print only the database's digest
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// A path can't be read or has no advisories: then the database is what it was.
pub fn run(app: &App, args: &ScoutDbImportArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let progress = app.progress(args.quiet);
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let built = interrupt::run(
        async |cancel| {
            let paths = args.paths.clone();
            Ok(own.import(paths, args.date, &events, &cancel).await?)
        },
        || Some("the database is what it was".to_owned()),
    );
    progress.finish();
    let built = built?;
    advisories::warnings(&built)
        .iter()
        .for_each(|line| app.printer.warn(line));
    app.printer.text(match args.quiet {
        true => format!("{}\n", built.digest),
        false => advisories::summary(&built),
    })
}
