//! What the configuration means.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use orlop_distribution::{ANY_REGISTRY, RegistriesConfig};
use orlop_layer::Bounds;
use orlop_oci::Platform;
use orlop_registry::config::ServeConfig;
use orlop_scout::{BaseImages, SourcesWanted};
use serde::{Deserialize, Serialize};

use super::file::ScoutConfig;
use super::{Layers, Origin};
use crate::environment::Environment;
use crate::error::{CliError, CliResult, chain};

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ProgressMode {
    /// Bars on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// Bars, redrawn in place.
    Tty,
    /// Lines, each change once.
    Plain,
    /// A JSON object a line.
    Json,
    /// None.
    Quiet,
}

/// The whole configuration, resolved.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that everything is kept in.
    pub root: PathBuf,
    /// The storage driver that was asked for.
    pub storage_driver: Option<String>,
    /// Where `zfs` makes its datasets, if not where the store lies.
    pub zfs_dataset: Option<String>,
    /// How progress is shown.
    pub progress: ProgressMode,
    /// The platform to pull by default; absent for the machine's own.
    pub platform: Option<Platform>,
    /// Docker's `config.json`.
    pub docker_config: PathBuf,
    /// How many layers are fetched at a time.
    pub parallel_downloads: usize,
    /// How many layers are sent at a time.
    pub parallel_uploads: usize,
    /// What a layer may be at most.
    pub bounds: Bounds,
    /// How long the content of removed images is held.
    pub undo_for: Duration,
    /// Whether packages are looked for while layers are unpacked.
    pub index_on_pull: bool,
    /// What `orlop scout db update` fetches.
    pub advisories: SourcesWanted,
    /// Which base images its catalogue has.
    pub base_images: Vec<BaseImages>,
    /// From which age on advisories are called stale.
    pub stale_after: Duration,
    /// What holds for each registry.
    pub registries: RegistriesConfig,
    /// What `orlop serve` serves.
    pub serve: ServeConfig,
}

/// Distributions publish fixes daily.
const STALE_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);
/// The store of the machine.
const SYSTEM_ROOT: &str = "/var/lib/orlop";

impl Settings {
    /// Fills in defaults.
    ///
    /// # Errors
    /// A value makes no sense: the error names its key and where it was set.
    pub fn resolve(layers: &Layers, env: &Environment) -> CliResult<Self> {
        let config = layers.config()?;
        let root = config.root.unwrap_or_else(|| {
            if env.is_root() {
                SYSTEM_ROOT.into()
            } else {
                env.data_home().join("orlop")
            }
        });
        let platform = config
            .platform
            .as_deref()
            .map(Platform::from_str)
            .transpose();
        let mut registries = config.registry;
        if let Some(verify) = config.tls_verify {
            let everywhere = !matches!(layers.origin("tls_verify"), Some(Origin::File(_)));
            set_tls_verify(&mut registries, verify, everywhere);
        }
        let default = Bounds::default();
        Ok(Self {
            root: std::path::absolute(&root).map_err(|e| named(layers, "root", &e))?,
            storage_driver: config.storage_driver,
            zfs_dataset: config.storage.zfs_dataset,
            progress: config.progress.unwrap_or_default(),
            platform: platform.map_err(|error| named(layers, "platform", &error))?,
            docker_config: config
                .docker_config
                .unwrap_or_else(|| env.docker_config())
                .join("config.json"),
            parallel_downloads: config.parallel_downloads.unwrap_or(4).max(1),
            parallel_uploads: config.parallel_uploads.unwrap_or(4).max(1),
            bounds: Bounds {
                max_uncompressed: config
                    .limits
                    .layer_bytes
                    .unwrap_or(default.max_uncompressed),
                max_ratio: config.limits.ratio.unwrap_or(default.max_ratio),
                max_entries: config.limits.layer_entries.unwrap_or(default.max_entries),
                ..default
            },
            undo_for: config
                .store
                .undo_for
                .as_deref()
                .map(period)
                .transpose()
                .map_err(|why| named_words(layers, "store.undo_for", &why))?
                .unwrap_or_default(),
            index_on_pull: config.scout.index_on_pull.unwrap_or(false),
            advisories: advisories(layers, &config.scout)?,
            base_images: base_images(layers, &config.scout)?,
            stale_after: config
                .scout
                .stale_after
                .as_deref()
                .map(period)
                .transpose()
                .map_err(|why| named_words(layers, "scout.stale_after", &why))?
                .unwrap_or(STALE_AFTER),
            registries,
            serve: config.serve,
        })
    }
}

/// What is fetched of advisories; what makes no sense is told at once and not by the next update.
fn advisories(layers: &Layers, config: &ScoutConfig) -> CliResult<SourcesWanted> {
    let wanted = SourcesWanted {
        sources: config.sources.clone(),
        ecosystems: config.ecosystems.clone(),
        releases: config.alpine_releases.clone(),
        urls: config.urls.clone(),
    };
    match wanted.files() {
        Ok(_) => Ok(wanted),
        Err((key, why)) => Err(layers.fault(&format!("scout.{key}"), &why)),
    }
}

/// Which base images the catalogue has.
fn base_images(layers: &Layers, config: &ScoutConfig) -> CliResult<Vec<BaseImages>> {
    let texts = config.base_images.iter().flatten();
    let read = texts.map(|text| {
        let fault = |why: String| layers.fault("scout.base_images", &format!("{text:?}: {why}"));
        text.parse().map_err(fault)
    });
    read.collect()
}

fn set_tls_verify(registries: &mut RegistriesConfig, verify: bool, everywhere: bool) {
    let any = registries.0.entry(ANY_REGISTRY.to_owned()).or_default();
    any.tls_verify.get_or_insert(verify);
    if everywhere {
        for table in registries.0.values_mut() {
            table.tls_verify = Some(verify);
        }
    }
}

/// A length of time, which may be none.
fn period(text: &str) -> Result<Duration, String> {
    let length = orlop_access::period::parse(text)?;
    Duration::try_from(length).map_err(|error| error.to_string())
}

fn named(layers: &Layers, key: &str, error: &dyn std::error::Error) -> CliError {
    named_words(layers, key, &chain(error))
}

fn named_words(layers: &Layers, key: &str, words: &str) -> CliError {
    let origin = layers
        .origin(key)
        .map_or_else(|| "default".to_owned(), Origin::to_string);
    CliError::new(format!("{origin}: {key}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::super::Overrides;
    use super::*;

    fn settings(variables: &[(&str, &str)], set: &[&str], root: bool) -> CliResult<Settings> {
        let mut all = vec![("HOME", "/home/u"), ("XDG_CONFIG_HOME", "/nonexistent")];
        all.extend_from_slice(variables);
        let env = Environment::new(&all, root);
        let overrides = Overrides {
            set: set.iter().map(|&text| text.to_owned()).collect(),
            ..Default::default()
        };
        Settings::resolve(&Layers::read(&env, &overrides)?, &env)
    }

    #[test]
    fn defaults() {
        let mine = settings(&[], &[], false).expect("settings");
        assert_eq!(mine.root, PathBuf::from("/home/u/.local/share/orlop"));
        assert_eq!(
            mine.docker_config,
            PathBuf::from("/home/u/.docker/config.json")
        );
        assert_eq!(mine.progress, ProgressMode::Auto);
        assert_eq!(mine.platform, None);
        let roots = settings(&[("DOCKER_CONFIG", "/cfg")], &[], true).expect("settings");
        assert_eq!(roots.root, PathBuf::from("/var/lib/orlop"));
        assert_eq!(roots.docker_config, PathBuf::from("/cfg/config.json"));
    }

    #[test]
    fn removed_content_is_held_when_asked_for() {
        let held = |set: &[&str]| settings(&[], set, false).map(|s| s.undo_for);
        assert_eq!(held(&[]).expect("ok"), Duration::ZERO);
        for (text, seconds) in [("10m", 600), ("0s", 0), ("1d", 86_400)] {
            let set = format!("store.undo_for=\"{text}\"");
            assert_eq!(held(&[&set]).expect(text), Duration::from_secs(seconds));
        }
        let error = held(&["store.undo_for=\"soon\""]).expect_err("no time");
        assert!(
            error.message().contains("store.undo_for: \"soon\" is no"),
            "{error}"
        );
    }

    #[test]
    fn advisories_are_fetched_where_it_is_said() {
        let mine = settings(&[("ORLOP_SCOUT_SOURCES", "osv, kev")], &[], false).expect("ok");
        let files = mine.advisories.files().expect("files");
        assert!(files.iter().any(|file| file.name == "osv/PyPI"));
        assert!(files.iter().any(|file| file.name == "kev"));
        assert!(!files.iter().any(|file| file.name == "debian"));
        assert_eq!(mine.stale_after, STALE_AFTER);
        let old = settings(&[], &["scout.stale_after=\"12h\""], false).expect("ok");
        assert_eq!(old.stale_after, Duration::from_secs(43_200));
        for (set, expected) in [
            (
                "scout.sources=[\"nvd\"]",
                "flag: scout.sources: there is no source \"nvd\"; there are osv, alpine, ",
            ),
            (
                "scout.urls.kev=\"nowhere\"",
                "flag: scout.urls.kev: \"nowhere\" is no address: ",
            ),
            (
                "scout.stale_after=\"old\"",
                "flag: scout.stale_after: \"old\" is no",
            ),
        ] {
            let error = settings(&[], &[set], false).expect_err(set);
            assert!(error.message().starts_with(expected), "{error}");
        }
    }

    #[test]
    fn platforms_are_checked() {
        let arm =
            settings(&[("DOCKER_DEFAULT_PLATFORM", "linux/arm64/v8")], &[], false).expect("ok");
        assert_eq!(arm.platform.expect("a platform").to_string(), "linux/arm64");
        let error = settings(&[("ORLOP_PLATFORM", "a/b/c/d")], &[], false).expect_err("nonsense");
        assert!(
            error.message().starts_with("ORLOP_PLATFORM: platform: "),
            "{error}"
        );
    }

    #[test]
    fn tls_verify_overrides_single_registries_only_from_flag_or_variable() {
        let registry = "registry.\"a.b\".tls_verify=true";
        let by_variable =
            settings(&[("ORLOP_TLS_VERIFY", "false")], &[registry], false).expect("ok");
        assert_eq!(by_variable.registries.of("a.b").tls_verify, Some(false));
        assert_eq!(by_variable.registries.of("other").tls_verify, Some(false));
        let silent = settings(&[], &[registry], false).expect("ok");
        assert_eq!(silent.registries.of("other").tls_verify, None);
    }
}
