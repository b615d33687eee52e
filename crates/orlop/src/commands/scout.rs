//! `scout …`: what is in an image, and what is wrong with it.

use clap::{Args, Subcommand};

use super::{scout_cache, scout_cves, scout_db, scout_quickview, scout_sbom, scout_why};
use crate::app::App;
use crate::error::CliResult;

/// Arguments of `scout`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Nothing leaves the machine, and no account is needed: packages are compared with a database of
advisories in the store's folder.

Examples:
  orlop scout db update
  orlop scout cves alpine:3.20
  orlop scout cves --only-severity critical,high --exit-code app:v1
  orlop scout sbom --format spdx -o app.spdx.json app:v1"
)]
pub struct ScoutArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ScoutCommand,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum ScoutCommand {
    /// Manage the local cache: show its size, or prune it
    Cache(scout_cache::ScoutCacheArgs),
    /// Display CVEs identified in a software artifact
    Cves(scout_cves::ScoutCvesArgs),
    /// Manage the database of advisories
    Db(scout_db::ScoutDbArgs),
    /// Quick overview of an image: its vulnerabilities, and those of its base image
    #[command(alias = "qv")]
    Quickview(scout_quickview::ScoutQuickviewArgs),
    /// Generate or display the SBOM of an image
    Sbom(scout_sbom::ScoutSbomArgs),
    /// Show why a CVE is found in an image, or isn't
    Why(scout_why::ScoutWhyArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: ScoutArgs) -> CliResult {
    match args.command {
        ScoutCommand::Cache(args) => scout_cache::run(app, &args),
        ScoutCommand::Cves(args) => scout_cves::run(app, &args),
        ScoutCommand::Db(args) => scout_db::run(app, args),
        ScoutCommand::Quickview(args) => scout_quickview::run(app, &args),
        ScoutCommand::Sbom(args) => scout_sbom::run(app, &args),
        ScoutCommand::Why(args) => scout_why::run(app, &args),
    }
}
