//! The command line of Orlop: what was typed, what it means, a use-case, one printer.
//!
//! Two layers, as ripgrep has them: [`cli`] holds what can be typed, one file for each command in
//! [`commands`] turns it into a use-case of `orlop-image` and prints the answer. What the answer
//! looks like is pure ([`view`], [`format`], [`table`], [`units`]); only [`printer`] writes, and
//! only [`environment`] and [`terminal`] look around. Nothing here would be missed by a user of the
//! libraries.

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod editing;
pub mod environment;
pub mod error;
mod filter;
pub mod format;
mod interrupt;
mod looking;
#[cfg(all(target_env = "gnu", any(target_feature = "crt-static", test)))]
mod name_service;
pub mod output;
pub mod place;
pub mod printer;
pub mod progress;
mod prompt;
mod rootless;
mod scanning;
pub mod table;
pub mod terminal;
pub mod units;
pub mod view;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use crate::environment::Environment;
use crate::error::CliResult;
use crate::printer::Printer;

/// Runs the program with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    name_service::only_files_and_dns();
    let printer = Arc::new(Printer::stdio());
    let result = run_with(arguments, &printer).and_then(|()| printer.flush());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run_with(arguments: impl IntoIterator<Item = OsString>, printer: &Arc<Printer>) -> CliResult {
    let Some(cli) = cli::parse(arguments, printer)? else {
        return Ok(());
    };
    if cli.global.debug {
        printer.show_details();
    }
    let app = app::App::new(cli.global, Environment::of_process(), printer.clone())?;
    if cli.command.may_need_images() {
        // As long as there is one thread.
        rootless::prepare(&app.env, &app.settings)?;
    }
    commands::dispatch(&app, cli.command)
}
