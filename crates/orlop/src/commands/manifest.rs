//! `manifest …`: docker's lists of manifests, made locally and pushed.

use clap::{Args, Subcommand};
use orlop_image::lists::Lists;
use orlop_oci::Reference;

use super::{
    manifest_annotate, manifest_create, manifest_inspect, manifest_push, manifest_raw, manifest_rm,
};
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `manifest`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Lists are kept in the store's folder until they are pushed with --purge, or removed.

Examples:
  orlop manifest create registry.example.com/app:v1 registry.example.com/app:v1-amd64 \\
      registry.example.com/app:v1-arm64
  orlop manifest annotate registry.example.com/app:v1 registry.example.com/app:v1-arm64 --variant v8
  orlop manifest push --purge registry.example.com/app:v1"
)]
pub struct ManifestArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ManifestCommand,
}

/// What can be done with manifests.
#[derive(Debug, Subcommand)]
pub enum ManifestCommand {
    /// Add additional information to a local image manifest
    Annotate(manifest_annotate::ManifestAnnotateArgs),
    /// Create a local manifest list for annotating and pushing to a registry
    Create(manifest_create::ManifestCreateArgs),
    /// Delete manifests or tags in a registry
    Delete(manifest_raw::ManifestDeleteArgs),
    /// Print a manifest or manifest list, byte for byte
    Get(manifest_raw::ManifestGetArgs),
    /// Print the digest of a manifest or manifest list
    Head(manifest_raw::ManifestHeadArgs),
    /// Display an image manifest, or manifest list
    Inspect(manifest_inspect::ManifestInspectArgs),
    /// Push a manifest list to a repository
    Push(manifest_push::ManifestPushArgs),
    /// Put a manifest or manifest list into a registry
    Put(manifest_raw::ManifestPutArgs),
    /// Delete one or more manifest lists from local storage
    Rm(manifest_rm::ManifestRmArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: ManifestArgs) -> CliResult {
    match args.command {
        ManifestCommand::Annotate(args) => manifest_annotate::run(app, &args),
        ManifestCommand::Create(args) => manifest_create::run(app, &args),
        ManifestCommand::Delete(args) => manifest_raw::delete(app, &args),
        ManifestCommand::Get(args) => manifest_raw::get(app, &args),
        ManifestCommand::Head(args) => manifest_raw::head(app, &args),
        ManifestCommand::Inspect(args) => manifest_inspect::run(app, &args),
        ManifestCommand::Push(args) => manifest_push::run(app, &args),
        ManifestCommand::Put(args) => manifest_raw::put(app, &args),
        ManifestCommand::Rm(args) => manifest_rm::run(app, &args),
    }
}

/// The local lists.
pub(super) fn lists(app: &App) -> Lists {
    Lists::of(&app.settings.root)
}

/// A name as lists have it: with a tag or a digest.
pub(super) fn name(text: &str) -> CliResult<Reference> {
    Ok(text.parse::<Reference>()?.with_default_tag())
}

/// docker's words for a list, or a manifest of one, that isn't there.
pub(super) fn no_such(name: &Reference) -> CliError {
    CliError::new(format!("No such manifest: {name}"))
}

/// docker's words for what a registry doesn't have.
pub(super) fn absent(name: &Reference, error: orlop_image::Error) -> CliError {
    match &error {
        orlop_image::Error::Registry(answer) if answer.is_not_found() => {
            CliError::new(format!("no such manifest: {name}")).detail(&error)
        }
        _ => error.into(),
    }
}
