//! Setup, tests, fuzzing, benchmarks, generated documents: `cargo xtask --help`.
//!
//! This program depends on none of the crates that it builds and tests, so that it compiles in
//! seconds on a fresh checkout.

mod bench;
mod command;
mod dependencies;
mod dist;
mod docs;
mod fuzz;
mod policy;
mod setup;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Installs the Debian packages that building and testing need; without root, lists them
    Setup,
    /// Everything that must be right before a change is done: format, lints, dependencies, generated
    /// documents, all tests
    Test(test::TestArguments),
    /// Compares with the other tools, or measures: `pull`, `version`, `images`
    Bench {
        /// What is passed to the benchmark program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the fuzz targets, each for a while
    Fuzz(fuzz::FuzzArguments),
    /// Writes the man pages and the shell completions from the program's arguments
    Docs {
        /// Changes nothing; fails when a file isn't current
        #[arg(long)]
        check: bool,
    },
    /// Checks which way the crates depend, and that none is banned or has a licence that isn't allowed
    CheckDeps,
    /// Builds a release: the static program, man pages, completions, in one archive with its checksum
    Dist,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.chore {
        Chore::Setup => setup::setup(),
        Chore::Test(arguments) => test::test(&arguments),
        Chore::Bench { arguments } => bench::bench(&arguments),
        Chore::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Chore::Docs { check } => docs::docs(check),
        Chore::CheckDeps => dependencies::check(),
        Chore::Dist => dist::dist(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            command::say(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}
