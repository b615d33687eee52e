//! What a configuration file may say, and how a mistake in it is reported.

use std::collections::BTreeMap;
use std::path::PathBuf;

use orlop_distribution::RegistriesConfig;
use orlop_registry::config::ServeConfig;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ProgressMode;
use crate::error::CliError;

/// The whole of a configuration file. What it does not say stays as it is in the layers below.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// The folder that everything is kept in.
    pub root: Option<PathBuf>,
    /// `overlay2`, `btrfs`, `zfs` or `vfs`.
    pub storage_driver: Option<String>,
    /// What single storage drivers need to know.
    pub storage: StorageConfig,
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
    /// How the store is kept.
    pub store: StoreConfig,
    /// How images are scanned, and the advisories they are judged by.
    pub scout: ScoutConfig,
    /// One table for each registry.
    pub registry: RegistriesConfig,
    /// What `orlop serve` serves.
    pub serve: ServeConfig,
}

/// What single storage drivers need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// The dataset below which `zfs` makes its own.
    pub zfs_dataset: Option<String>,
}

/// What a layer may be at most: protection from decompression bombs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Bytes of a layer, unpacked.
    pub layer_bytes: Option<u64>,
    /// Unpacked bytes for each packed byte.
    pub ratio: Option<u64>,
    /// Files and folders of a layer.
    pub layer_entries: Option<u64>,
}

/// How the store is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// How long the content of removed images is held: `10m`.
    pub undo_for: Option<String>,
}

/// How images are scanned, and the advisories they are judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoutConfig {
    /// Whether packages are looked for while layers are unpacked.
    pub index_on_pull: Option<bool>,
    /// Which kinds of sources `db update` fetches.
    pub sources: Option<Vec<String>>,
    /// Which ecosystems of OSV.
    pub ecosystems: Option<Vec<String>>,
    /// Which releases of Alpine.
    pub alpine_releases: Option<Vec<String>>,
    /// Where sources are, by their names.
    pub urls: BTreeMap<String, String>,
    /// Which base images the catalogue has: `alpine:3.*`.
    pub base_images: Option<Vec<String>>,
    /// From which age on data is called stale: `5d`.
    pub stale_after: Option<String>,
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
    let serve = config.serve.check();
    serve
        .map_err(|fault| key_fault(text, origin, &format!("serve.{}", fault.key), &fault.reason))?;
    toml::from_str(text).map_err(|error| explain(text, origin, &error))
}

fn explain(text: &str, origin: &str, error: &toml::de::Error) -> CliError {
    let Some(span) = error.span() else {
        return CliError::new(format!("{origin}: {}", error.message()));
    };
    let start = span.start.min(text.len());
    let line = line_at(text, start);
    let key = key_at(text, start);
    let hint = hint_for(key.as_deref().unwrap_or_default());
    let key = key.map_or_else(String::new, |key| format!("{key}: "));
    CliError::new(format!("{origin}: line {line}: {key}{}", error.message())).hint(hint)
}

fn hint_for(key: &str) -> &'static str {
    if key.split('.').next() == Some("serve") {
        "`orlop serve --help` describes every key"
    } else {
        "`orlop config --help` describes every key"
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// What is wrong with a key that `text` has: `serve.webhooks[1].url`, counted from 0. Names the line
/// of the key, or of the innermost table around it that is there.
pub(super) fn key_fault(text: &str, origin: &str, key: &str, reason: &str) -> CliError {
    let line = find(text, key).map_or_else(String::new, |at| {
        format!("line {}: ", line_at(text, at.min(text.len())))
    });
    CliError::new(format!("{origin}: {line}{key}: {reason}")).hint(hint_for(key))
}

/// Where a key stands, or the innermost table around it.
fn find(text: &str, key: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let (mut table, mut found) = (table.into_inner(), None);
    for part in key.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let mut entries = table.into_iter();
        let entry = entries.find(|(key, _)| key.get_ref().as_ref() == name);
        let Some((key, value)) = entry else { break };
        found = Some(key.span().start);
        let value = match (value.into_inner(), index) {
            (DeValue::Array(array), Some(index)) => {
                let Some(element) = array.into_iter().nth(index) else {
                    break;
                };
                found = Some(element.span().start);
                Spanned::into_inner(element)
            }
            (value, _) => value,
        };
        let DeValue::Table(inner) = value else { break };
        table = inner;
    }
    found
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
                "[serve]\nlisten = [\"127.0.0.1:1\", \"5000\"]\n",
                "/etc/orlop/config.toml: line 2: serve.listen: \"5000\" is no address: ",
            ),
            (
                "[serve]\nanonymous = \"pull\"\n\n[serve.limits]\npage = 0\n",
                "/etc/orlop/config.toml: line 5: serve.limits.page: must be between 1 and 100000",
            ),
            (
                "[[serve.webhooks]]\nname = \"a\"\nurl = \"http://h\"\n\n[[serve.webhooks]]\nname = \"a\"\nurl = \"http://h\"\n",
                "/etc/orlop/config.toml: line 6: serve.webhooks[1].name: there are two webhooks \"a\"",
            ),
            (
                "[serve.tls]\ncertificate = \"/c\"\n",
                "/etc/orlop/config.toml: line 1: serve.tls: missing field `key`",
            ),
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
