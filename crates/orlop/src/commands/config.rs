//! `config`: what the configuration is, where it comes from, and what it may say.

use clap::{Args, Subcommand};

use crate::app::App;
use crate::config::{KEYS, describe, describe_registry};
use crate::error::CliResult;

/// Arguments of `config`.
#[derive(Args, Clone, Debug)]
#[command(
    long_about = "Show the configuration and describe its keys.\n\n\
        The configuration is a TOML file: /etc/orlop/config.toml, and over it the user's own\n\
        orlop/config.toml in the configuration folder (~/.config). --config FILE or ORLOP_CONFIG take\n\
        the place of both. Variables override files, flags override variables, and --set KEY=VALUE\n\
        sets any key: --set 'registry.\"docker.io\".mirrors=[\"http://127.0.0.1:5000\"]'.",
    after_help = "Examples:\n  orlop config show\n  orlop config path\n\nEvery key is described by `orlop config --help`.",
    after_long_help = long_help()
)]
pub struct ConfigArgs {
    /// What to show.
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
}

/// What can be shown.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print all values that are set, and where
    #[command(after_help = "Example:\n  orlop config show")]
    Show,
    /// Print the configuration files that are read
    #[command(after_help = "Example:\n  orlop config path")]
    Path,
}

fn long_help() -> String {
    format!(
        "Keys:\n{}\n\
         Keys of a table [registry.\"HOST\"], which hold for one registry (\"*\": for all):\n{}\n\
         Example:\n  \
         root = \"/srv/orlop\"\n\n  \
         [registry.\"docker.io\"]\n  \
         mirrors = [\"http://127.0.0.1:5000\"]",
        describe(),
        describe_registry()
    )
}

/// Runs it.
///
/// # Errors
/// Only those of printing.
pub fn run(app: &App, args: &ConfigArgs) -> CliResult {
    match args.command.unwrap_or(ConfigCommand::Show) {
        ConfigCommand::Show => show(app),
        ConfigCommand::Path => {
            for (path, exists) in app.layers.files() {
                let note = if *exists { "" } else { " (not there)" };
                app.printer.line(format_args!("{}{note}", path.display()))?;
            }
            Ok(())
        }
    }
}

/// All of it as TOML: what is set with its origin, what is not as a comment with its default.
fn show(app: &App) -> CliResult {
    for (key, value, origin) in app.layers.values() {
        app.printer
            .line(format_args!("{key} = {value} # {origin}"))?;
    }
    for key in KEYS
        .iter()
        .filter(|key| app.layers.origin(key.name).is_none())
    {
        app.printer
            .line(format_args!("# {} # default: {}", key.name, key.default))?;
    }
    Ok(())
}
