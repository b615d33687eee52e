//! `manifest rm`: local lists go.

use clap::Args;

use super::manifest::{lists, name, no_such};
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `manifest rm`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop manifest rm registry.example.com/app:v1")]
pub struct ManifestRmArgs {
    /// Lists
    #[arg(value_name = "MANIFEST_LIST", required = true)]
    pub lists: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// A list isn't there. All others are removed.
pub fn run(app: &App, args: &ManifestRmArgs) -> CliResult {
    let mut said: Vec<String> = Vec::new();
    for text in &args.lists {
        if let Err(error) = remove(app, text) {
            said.push(error.message().to_owned());
        }
    }
    match said.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(said.join("\n"))),
    }
}

fn remove(app: &App, text: &str) -> CliResult {
    let name = name(text)?;
    match lists(app).remove(&name)? {
        true => Ok(()),
        false => Err(no_such(&name)),
    }
}
