//! `scout db …`: the database of advisories.

use clap::{Args, Subcommand};

use super::{
    scout_db_artifact, scout_db_import, scout_db_status, scout_db_update, scout_db_verify,
};
use crate::app::App;
use crate::error::CliResult;

/// Arguments of `scout db`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "The database is one file in the store's folder. A new one takes its place whole, and scans that run
go on with the old one. Without a network it is imported from files, or pulled from a registry that
can be reached.

Examples:
  orlop scout db update
  orlop scout db import ./osv/PyPI/all.zip ./alpine-secdb
  orlop scout db push registry.example.com/scout/advisories
  orlop scout db pull registry.example.com/scout/advisories"
)]
pub struct ScoutDbArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ScoutDbCommand,
}

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub enum ScoutDbCommand {
    /// Make the database from files and folders of advisories
    Import(scout_db_import::ScoutDbImportArgs),
    /// Pull the database from a registry
    Pull(scout_db_artifact::ScoutDbPullArgs),
    /// Push the database to a registry
    Push(scout_db_artifact::ScoutDbPushArgs),
    /// Show what the database holds, and how old it is
    Status(scout_db_status::ScoutDbStatusArgs),
    /// Fetch advisories and make the database from them
    Update(scout_db_update::ScoutDbUpdateArgs),
    /// Read all of the database and compare it with its checksums
    Verify(scout_db_verify::ScoutDbVerifyArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: ScoutDbArgs) -> CliResult {
    match args.command {
        ScoutDbCommand::Import(args) => scout_db_import::run(app, &args),
        ScoutDbCommand::Pull(args) => scout_db_artifact::pull(app, &args),
        ScoutDbCommand::Push(args) => scout_db_artifact::push(app, &args),
        ScoutDbCommand::Status(args) => scout_db_status::run(app, &args),
        ScoutDbCommand::Update(args) => scout_db_update::run(app, &args),
        ScoutDbCommand::Verify(args) => scout_db_verify::run(app, &args),
    }
}
