//! `buildx …`: of docker's builder the commands for images in registries.

use clap::{Args, Subcommand};

use super::{imagetools_create, imagetools_inspect};
use crate::app::App;
use crate::error::CliResult;

/// Arguments of `buildx`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  orlop buildx imagetools inspect alpine:3.20"
)]
pub struct BuildxArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BuildxCommand,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum BuildxCommand {
    /// Commands to work on images in registry
    Imagetools(ImagetoolsArgs),
}

/// Arguments of `buildx imagetools`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  orlop buildx imagetools inspect alpine:3.20
  orlop buildx imagetools create -t registry.example.com/app:v1 registry.example.com/app:v1-amd64 \\
      registry.example.com/app:v1-arm64"
)]
pub struct ImagetoolsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ImagetoolsCommand,
}

/// What can be done with images in registries.
#[derive(Debug, Subcommand)]
pub enum ImagetoolsCommand {
    /// Create a new image based on source images
    Create(imagetools_create::ImagetoolsCreateArgs),
    /// Show details of an image in the registry
    Inspect(imagetools_inspect::ImagetoolsInspectArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: BuildxArgs) -> CliResult {
    let BuildxCommand::Imagetools(args) = args.command;
    match args.command {
        ImagetoolsCommand::Create(args) => imagetools_create::run(app, &args),
        ImagetoolsCommand::Inspect(args) => imagetools_inspect::run(app, &args),
    }
}
