//! Reading the layers and laying them over each other.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileConfig, KEYS, Kind, file};
use crate::environment::Environment;
use crate::error::{CliError, CliResult};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Variable(&'static str),
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// What flags say about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--set KEY=VALUE`, in order.
    pub set: Vec<String>,
    /// Flags with a key of their own: the key and its value.
    pub values: Vec<(&'static str, toml::Value)>,
}

/// All layers, merged.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    merged: toml::Table,
    origins: BTreeMap<String, Origin>,
    files: Vec<(PathBuf, bool)>,
    /// The files that were there, as they were read.
    texts: BTreeMap<PathBuf, String>,
}

/// The configuration of the machine.
const SYSTEM_FILE: &str = "/etc/orlop/config.toml";

impl Layers {
    /// Reads them all.
    ///
    /// # Errors
    /// A layer is malformed or says what no configuration may say, or a file that was named
    /// cannot be read.
    pub fn read(env: &Environment, overrides: &Overrides) -> CliResult<Self> {
        let mut layers = Self::default();
        let named = overrides
            .config
            .clone()
            .or_else(|| env.get("ORLOP_CONFIG").map(PathBuf::from));
        match named {
            Some(path) => layers.read_file(&path, true)?,
            None => {
                layers.read_file(Path::new(SYSTEM_FILE), false)?;
                layers.read_file(&user_file(env), false)?;
            }
        }
        layers.read_variables(env)?;
        for assignment in &overrides.set {
            let text = assignment_to_toml(assignment);
            let table = file::parse(&text, &format!("--set {assignment}"))?;
            layers.add(table, &Origin::Flag);
        }
        for (key, value) in &overrides.values {
            let table = nested(key, value.clone());
            file::parse(&table.to_string(), "command line")?;
            layers.add(table, &Origin::Flag);
        }
        Ok(layers)
    }

    /// The merged configuration.
    ///
    /// # Errors
    /// Values that are right by themselves contradict each other.
    pub fn config(&self) -> CliResult<FileConfig> {
        let text = self.merged.to_string();
        file::parse(&text, "configuration")?;
        toml::from_str(&text)
            .map_err(|error| CliError::new(format!("configuration: {}", error.message())))
    }

    /// The files that were looked for, and whether they were there.
    pub fn files(&self) -> &[(PathBuf, bool)] {
        &self.files
    }

    /// Where the value of a key came from; `None` for a default.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// The error that a key can't be used, with the place where it was set. A part of a list is
    /// named by its place there: `serve.webhooks[1].url`.
    pub fn fault(&self, key: &str, reason: &str) -> CliError {
        // Lists have one origin, and so has a table that isn't there.
        let list = key.split('[').next().unwrap_or(key);
        let parents = std::iter::successors(Some(list), |key| Some(key.rsplit_once('.')?.0));
        let mut within = parents.filter_map(|parent| {
            let inside = |key: &String| {
                key.strip_prefix(parent)
                    .is_some_and(|rest| rest.starts_with('.'))
            };
            let here = self.origins.get(parent);
            here.or_else(|| {
                self.origins
                    .iter()
                    .find(|(key, _)| inside(key))
                    .map(|(_, at)| at)
            })
        });
        match within.next() {
            Some(Origin::File(path)) => {
                let text = self.texts.get(path).map_or("", String::as_str);
                file::key_fault(text, &path.display().to_string(), key, reason)
            }
            Some(origin) => file::key_fault("", &origin.to_string(), key, reason),
            None => file::key_fault("", "configuration", key, reason),
        }
    }

    /// All values that some layer set, by dotted key, with their origin.
    pub fn values(&self) -> Vec<(String, toml::Value, Origin)> {
        let mut flat = Vec::new();
        flatten(&self.merged, "", &mut |key, value| {
            if let Some(origin) = self.origins.get(&key) {
                flat.push((key, value.clone(), origin.clone()));
            }
        });
        flat
    }

    fn read_file(&mut self, path: &Path, must_exist: bool) -> CliResult {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let table = file::parse(&text, &path.display().to_string())?;
                self.add(table, &Origin::File(path.to_owned()));
                self.files.push((path.to_owned(), true));
                self.texts.insert(path.to_owned(), text);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {
                self.files.push((path.to_owned(), false));
                Ok(())
            }
            Err(error) => Err(CliError::new(format!(
                "reading the configuration {}: {error}",
                path.display()
            ))),
        }
    }

    fn read_variables(&mut self, env: &Environment) -> CliResult {
        for key in KEYS {
            let set = key
                .variables
                .iter()
                .find_map(|name| Some((*name, env.get(name)?)));
            let Some((name, text)) = set else { continue };
            let value = value_of(key.kind, text)
                .map_err(|wanted| CliError::new(format!("{name}: {text:?} is not {wanted}")))?;
            let table = nested(key.name, value);
            file::parse(&table.to_string(), name)?;
            self.add(table, &Origin::Variable(name));
        }
        Ok(())
    }

    fn add(&mut self, table: toml::Table, origin: &Origin) {
        flatten(&table, "", &mut |key, _| {
            self.origins.insert(key, origin.clone());
        });
        merge(&mut self.merged, table);
    }
}

/// The user's own configuration.
fn user_file(env: &Environment) -> PathBuf {
    env.config_home().join("orlop/config.toml")
}

fn value_of(kind: Kind, text: &str) -> Result<toml::Value, &'static str> {
    match kind {
        Kind::Text | Kind::Time | Kind::Table => Ok(text.into()),
        Kind::Bool => match text {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err("true or false"),
        },
        Kind::Integer => text
            .parse::<i64>()
            .map(toml::Value::from)
            .map_err(|_| "a number"),
        Kind::List => {
            let items = text.split(',').map(|item| item.trim().into());
            Ok(toml::Value::Array(items.collect()))
        }
    }
}

/// `KEY=VALUE`: a value that is no TOML is taken as a text.
fn assignment_to_toml(assignment: &str) -> String {
    let is_toml = toml::from_str::<toml::Table>(assignment).is_ok();
    match assignment.split_once('=') {
        Some((key, value)) if !is_toml => format!("{key} = {}", toml::Value::from(value.trim())),
        _ => assignment.to_owned(),
    }
}

/// A table with one value at a dotted key.
fn nested(key: &str, value: toml::Value) -> toml::Table {
    let (first, rest) = match key.split_once('.') {
        Some((first, rest)) => (first, toml::Value::Table(nested(rest, value))),
        None => (key, value),
    };
    toml::Table::from_iter([(first.to_owned(), rest)])
}

fn merge(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn flatten(table: &toml::Table, prefix: &str, each: &mut impl FnMut(String, &toml::Value)) {
    for (key, value) in table {
        let bare = key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let key = if bare {
            format!("{prefix}{key}")
        } else {
            format!("{prefix}{key:?}")
        };
        match value {
            toml::Value::Table(table) => flatten(table, &format!("{key}."), each),
            value => each(key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env_with(files: &tempfile::TempDir, more: &[(&str, &str)]) -> Environment {
        let home = files.path().to_str().expect("a plain path");
        let mut variables = vec![("XDG_CONFIG_HOME", home)];
        variables.extend_from_slice(more);
        Environment::new(&variables, false)
    }

    #[test]
    fn later_layers_win_and_origins_are_known() {
        let dir = tempfile::tempdir().expect("a folder");
        let user = dir.path().join("orlop/config.toml");
        std::fs::create_dir(dir.path().join("orlop")).expect("a folder");
        std::fs::write(
            &user,
            "root = \"/from/file\"\nprogress = \"plain\"\n[registry.\"docker.io\"]\nmirrors = [\"http://m:5000\"]\nretries = 2\n",
        )
        .expect("a file");
        let env = env_with(
            &dir,
            &[("ORLOP_PROGRESS", "json"), ("ORLOP_LIMITS_RATIO", "7")],
        );
        let overrides = Overrides {
            set: vec![
                "registry.\"docker.io\".retries=9".to_owned(),
                "platform=linux/arm64".to_owned(),
            ],
            values: vec![("root", "/from/flag".into())],
            ..Default::default()
        };
        let layers = Layers::read(&env, &overrides).expect("layers");
        let config = layers.config().expect("a configuration");
        assert_eq!(config.root, Some("/from/flag".into()));
        assert_eq!(config.progress, Some(crate::config::ProgressMode::Json));
        assert_eq!(config.platform.as_deref(), Some("linux/arm64"));
        assert_eq!(config.limits.ratio, Some(7));
        let hub = config.registry.of("docker.io");
        assert_eq!(
            (hub.mirrors, hub.retries),
            (vec!["http://m:5000".to_owned()], Some(9))
        );

        assert_eq!(layers.origin("root"), Some(&Origin::Flag));
        assert_eq!(
            layers.origin("progress"),
            Some(&Origin::Variable("ORLOP_PROGRESS"))
        );
        assert_eq!(
            layers.origin("registry.\"docker.io\".mirrors"),
            Some(&Origin::File(user))
        );
        assert_eq!(
            layers.origin("registry.\"docker.io\".retries"),
            Some(&Origin::Flag)
        );
        assert_eq!(layers.origin("storage_driver"), None);
    }

    #[test]
    fn a_named_file_stands_alone_and_must_exist() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = env_with(&dir, &[("ORLOP_CONFIG", "/nowhere/config.toml")]);
        let error = Layers::read(&env, &Overrides::default()).expect_err("no such file");
        assert!(
            error
                .message()
                .starts_with("reading the configuration /nowhere/config.toml: ")
        );
    }

    #[test]
    fn bad_variables_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, value, expected) in [
            (
                "ORLOP_TLS_VERIFY",
                "maybe",
                "ORLOP_TLS_VERIFY: \"maybe\" is not true or false",
            ),
            (
                "ORLOP_PARALLEL_DOWNLOADS",
                "x",
                "ORLOP_PARALLEL_DOWNLOADS: \"x\" is not a number",
            ),
            (
                "ORLOP_PROGRESS",
                "loud",
                "ORLOP_PROGRESS: line 1: progress: unknown variant `loud`",
            ),
        ] {
            let env = env_with(&dir, &[(name, value)]);
            let error = Layers::read(&env, &Overrides::default()).expect_err(name);
            assert!(error.message().starts_with(expected), "{}", error.message());
        }
    }
}
