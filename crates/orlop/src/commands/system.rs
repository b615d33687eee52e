//! `system …`: the store as a whole.

use clap::{Args, Subcommand};

use super::{info, system_df, system_prune, system_repair};
use crate::app::App;
use crate::error::CliResult;

/// Arguments of `system`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  orlop system df\n  orlop system prune --force"
)]
pub struct SystemArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SystemCommand,
}

/// What can be done with the store.
#[derive(Debug, Subcommand)]
pub enum SystemCommand {
    /// Show disk usage
    Df(system_df::DfArgs),
    /// Display system-wide information
    Info(info::InfoArgs),
    /// Remove unused data
    Prune(system_prune::SystemPruneArgs),
    /// Find damage in the store, and repair it
    #[command(long_about = system_repair::ABOUT)]
    Repair(system_repair::RepairArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: SystemArgs) -> CliResult {
    match args.command {
        SystemCommand::Df(args) => system_df::run(app, &args),
        SystemCommand::Info(args) => info::run(app, &args),
        SystemCommand::Prune(args) => system_prune::run(app, &args),
        SystemCommand::Repair(args) => system_repair::run(app, &args),
    }
}
