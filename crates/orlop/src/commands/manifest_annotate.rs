//! `manifest annotate`: what a local list says of one of its manifests.

use clap::Args;

use super::manifest::{lists, name};
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Systems and architectures that docker takes together (docker/cli, `cli/command/manifest/util.go`).
const KNOWN: [(&str, &[&str]); 8] = [
    ("darwin", &["386", "amd64", "arm", "arm64"]),
    ("dragonfly", &["amd64"]),
    ("freebsd", &["386", "amd64", "arm"]),
    (
        "linux",
        &[
            "386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64le", "riscv64",
            "s390x",
        ],
    ),
    ("netbsd", &["386", "amd64", "arm"]),
    ("openbsd", &["386", "amd64", "arm"]),
    ("plan9", &["386", "amd64"]),
    ("windows", &["386", "amd64", "arm64"]),
];

/// Arguments of `manifest annotate`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop manifest annotate registry.example.com/app:v1 registry.example.com/app:v1-arm --arch arm --variant v7
  orlop manifest annotate registry.example.com/app:v1 registry.example.com/app:v1-win --os-version 10.0.20348.1")]
pub struct ManifestAnnotateArgs {
    /// The list
    #[arg(value_name = "MANIFEST_LIST")]
    pub list: String,
    /// One of its manifests, by the name that it was added by
    #[arg(value_name = "MANIFEST")]
    pub manifest: String,
    /// Set architecture
    #[arg(long, value_name = "NAME")]
    pub arch: Option<String>,
    /// Set operating system
    #[arg(long, value_name = "NAME")]
    pub os: Option<String>,
    /// Set operating system feature
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub os_features: Vec<String>,
    /// Set operating system version
    #[arg(long, value_name = "VERSION")]
    pub os_version: Option<String>,
    /// Set architecture variant
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
}

/// Runs it.
///
/// # Errors
/// The list hasn't this manifest, or there is no such platform.
pub fn run(app: &App, args: &ManifestAnnotateArgs) -> CliResult {
    let (target, manifest) = (name(&args.list)?, name(&args.manifest)?);
    let lists = lists(app);
    let absent = || {
        CliError::new(format!(
            "manifest for image {} does not exist in {}",
            args.manifest, args.list
        ))
    };
    if lists.get(&target)?.is_none() {
        return Err(absent());
    }
    let lock = lists.lock()?;
    let mut list = lists.get(&target)?.ok_or_else(absent)?;
    let there: Vec<String> = list
        .entries
        .iter()
        .map(|e| e.reference.familiar())
        .collect();
    let entry = list
        .get_mut(&manifest)
        .ok_or_else(|| absent().hint(format!("the list has {}", there.join(", "))))?;
    let platform = entry.descriptor.platform.get_or_insert_default();
    for (field, value) in [
        (&mut platform.os, &args.os),
        (&mut platform.architecture, &args.arch),
    ] {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    for feature in &args.os_features {
        if !platform.os_features.contains(feature) {
            platform.os_features.push(feature.clone());
        }
    }
    for (field, value) in [
        (&mut platform.os_version, &args.os_version),
        (&mut platform.variant, &args.variant),
    ] {
        if value.is_some() {
            field.clone_from(value);
        }
    }
    check(&platform.os, &platform.architecture)?;
    Ok(lists.put(&list, &lock)?)
}

fn check(os: &str, architecture: &str) -> CliResult {
    let known = KNOWN
        .iter()
        .any(|(system, all)| *system == os && all.contains(&architecture));
    if known {
        return Ok(());
    }
    Err(CliError::new(format!(
        "manifest entry for image has unsupported os/arch combination: {os}/{architecture}"
    )))
}
