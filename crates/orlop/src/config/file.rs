//! What a configuration file may say, and how a mistake in it is reported.

use std::path::PathBuf;

use orlop_distribution::RegistriesConfig;
use serde::{Deserialize, Serialize};

use super::ProgressMode;
use crate::error::CliError;

/// The whole of a configuration file. What it does not say stays as it is in the layers below.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// The folder that everything is kept in.
    pub root: Option<PathBuf>,
    /// `overlay2` or `vfs`.
    pub storage_driver: Option<String>,
    /// How progress is shown.
    pub progress: Option<ProgressMode>,
    /// The platform to pull when none is asked for: `os/arch[/variant]`.
    pub platform: Option<String>,
    /// The folder of docker's `config.json`, where logins are kept.
    pub docker_config: Option<PathBuf>,
    /// `false`: registries need no valid certificate and may speak plain HTTP.
    pub tls_verify: Option<bool>,
    /// How many layers are fetched at a time.
    pub parallel_downloads: Option<usize>,
    /// How many layers are sent at a time.
    pub parallel_uploads: Option<usize>,
    /// What a layer may be at most.
    pub limits: LimitsConfig,
    /// One table for each registry.
    pub registry: RegistriesConfig,
}

/// What a layer may be at most: protection from decompression bombs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Bytes of a layer, unpacked.
    pub layer_bytes: Option<u64>,
    /// Unpacked bytes for each packed byte.
    pub ratio: Option<u64>,
    /// Files and folders of a layer.
    pub layer_entries: Option<u64>,
}

/// Reads one layer from text; `origin` names it in errors.
///
/// # Errors
/// The text is no TOML, or says what no configuration may say. The error names the line and key.
pub(super) fn parse(text: &str, origin: &str) -> Result<toml::Table, CliError> {
    let config: FileConfig = toml::from_str(text).map_err(|error| explain(text, origin, &error))?;
    config
        .registry
        .check()
        .map_err(|error| CliError::new(format!("{origin}: {error}")))?;
    toml::from_str(text).map_err(|error| explain(text, origin, &error))
}

fn explain(text: &str, origin: &str, error: &toml::de::Error) -> CliError {
    let Some(span) = error.span() else {
        return CliError::new(format!("{origin}: {}", error.message()));
    };
    let start = span.start.min(text.len());
    let line = text[..start].matches('\n').count() + 1;
    let key = key_at(text, start).map_or_else(String::new, |key| format!("{key}: "));
    CliError::new(format!("{origin}: line {line}: {key}{}", error.message()))
        .hint("`orlop config --help` describes every key")
}

/// The dotted key whose value (or which itself) stands at this place.
fn key_at(text: &str, offset: usize) -> Option<String> {
    let line_start = text[..offset].rfind('\n').map_or(0, |n| n + 1);
    let line = text[line_start..].lines().next()?.trim();
    let name = line.split_once('=').map_or(line, |(key, _)| key).trim();
    if name.starts_with('[') {
        return Some(name.trim_matches(['[', ']']).to_owned());
    }
    let table = text[..line_start].lines().rev().find_map(|line| {
        let line = line.trim();
        line.starts_with('[').then(|| line.trim_matches(['[', ']']))
    });
    match (table, name) {
        (_, "") => None,
        (Some(table), name) => Some(format!("{table}.{name}")),
        (None, name) => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error(text: &str) -> String {
        parse(text, "/etc/orlop/config.toml")
            .expect_err(text)
            .message()
            .to_owned()
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_key() {
        for (text, expected) in [
            (
                "root = \"/x\"\nrot = 1\n",
                "/etc/orlop/config.toml: line 2: rot: unknown field `rot`",
            ),
            (
                "\nparallel_downloads = \"many\"\n",
                "/etc/orlop/config.toml: line 2: parallel_downloads: invalid type: string \"many\", expected usize",
            ),
            (
                "[registry.\"docker.io\"]\n# comment\nmirors = []\n",
                "/etc/orlop/config.toml: line 3: registry.\"docker.io\".mirors: unknown field `mirors`",
            ),
            (
                "progress = \"loud\"\n",
                "/etc/orlop/config.toml: line 1: progress: unknown variant `loud`",
            ),
            ("[limits\n", "/etc/orlop/config.toml: line 1: limits: "),
            (
                "[registry.\"a.b\"]\nconnections = 0\n",
                "/etc/orlop/config.toml: registry.\"a.b\".connections: must be between 1 and 32",
            ),
        ] {
            let message = error(text);
            assert!(
                message.starts_with(expected),
                "{text:?}\n{message}\n{expected}"
            );
        }
    }
}
