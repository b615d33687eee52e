//! `config`: what the configuration is, where it comes from, and what it may say.

use clap::{Args, Subcommand};

use crate::app::App;
use crate::config::{KEYS, describe, describe_registry};
use crate::error::CliResult;

/// What `orlop config --help` begins with.
pub const ABOUT: &str = "Show the configuration and describe its keys.\n\n\
    The configuration is a TOML file: /etc/orlop/config.toml, and over it the user's own\n\
    orlop/config.toml in the configuration folder (~/.config). --config FILE or ORLOP_CONFIG take\n\
    the place of both. Variables override files, flags override variables, and --set KEY=VALUE\n\
    sets any key: --set 'registry.\"docker.io\".mirrors=[\"http://127.0.0.1:5000\"]'.";

/// Arguments of `config`.
#[derive(Args, Clone, Debug)]
#[command(
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
        let value = without_secrets(&key, value);
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

/// Keys whose values are secrets, and the table all of whose values may be.
const SECRETS: &[&str] = &["secret", "authorization"];
const SECRET_TABLE: &str = "headers";

/// A value as it may be shown.
fn without_secrets(key: &str, value: toml::Value) -> toml::Value {
    use toml::Value;
    let name = key.rsplit('.').next().unwrap_or(key);
    match value {
        Value::String(_) if SECRETS.contains(&name) || is_in(key, SECRET_TABLE) => "***".into(),
        Value::Table(table) => {
            let shown = table.into_iter().map(|(name, value)| {
                let value = without_secrets(&format!("{key}.{name}"), value);
                (name, value)
            });
            Value::Table(shown.collect())
        }
        Value::Array(list) => {
            let shown = list.into_iter().map(|value| without_secrets(key, value));
            Value::Array(shown.collect())
        }
        value => value,
    }
}

fn is_in(key: &str, table: &str) -> bool {
    key.rsplit('.').nth(1) == Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let table: toml::Table = toml::from_str(
            "webhooks = [{ name = 'a', secret = 'hunter2', secret_file = '/f', authorization = 'hunter2',
              headers = { X-Token = 'hunter2' } }]",
        )
        .expect("TOML");
        let value = table["webhooks"].clone();
        let shown = without_secrets("serve.webhooks", value).to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.contains("\"/f\"") && shown.contains("\"***\""),
            "{shown}"
        );
    }
}
