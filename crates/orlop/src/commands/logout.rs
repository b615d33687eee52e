//! `logout`: forgetting a login.

use clap::Args;
use orlop_distribution::registry_name;
use orlop_oci::DEFAULT_REGISTRY;

use crate::app::{App, address_of};
use crate::error::{CliError, CliResult, chain};

/// Arguments of `logout`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  orlop logout\n  orlop logout registry.example.com")]
pub struct LogoutArgs {
    /// The registry; Docker Hub when there is none
    #[arg(value_name = "SERVER")]
    pub server: Option<String>,
}

/// Runs it. That nobody was logged in is no error, as for docker.
///
/// # Errors
/// The login cannot be removed.
pub fn run(app: &App, args: &LogoutArgs) -> CliResult {
    let registry = registry_name(args.server.as_deref().unwrap_or(DEFAULT_REGISTRY));
    app.printer.line(format_args!(
        "Removing login credentials for {}",
        address_of(&registry)
    ))?;
    app.credentials()
        .erase(&registry)
        .map_err(|error| CliError::new(chain(&error)).context("could not erase credentials"))?;
    Ok(())
}
