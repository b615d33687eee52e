//! `image …`: docker's management form of the commands for images.

use clap::{Args, Subcommand};

use super::{
    history, image_inspect, images, import, load, mount, prune, pull, push, rmi, save, tag, umount,
};
use crate::app::App;
use crate::error::CliResult;

/// Arguments of `image`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  orlop image ls --digests\n  orlop image prune --all --filter until=720h"
)]
pub struct ImageArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ImageCommand,
}

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// List images
    #[command(visible_alias = "list")]
    Ls(images::ImagesArgs),
    /// Download an image from a registry
    Pull(pull::PullArgs),
    /// Upload an image to a registry
    Push(push::PushArgs),
    /// Display detailed information on one or more images
    Inspect(image_inspect::ImageInspectArgs),
    /// Show the history of an image
    History(history::HistoryArgs),
    /// Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
    Tag(tag::TagArgs),
    /// Remove one or more images
    #[command(visible_aliases = ["remove", "rmi"])]
    Rm(rmi::RmiArgs),
    /// Save one or more images to a tar archive (streamed to STDOUT by default)
    Save(save::SaveArgs),
    /// Load an image from a tar archive or STDIN
    Load(load::LoadArgs),
    /// Import the contents from a tarball to create a filesystem image
    Import(import::ImportArgs),
    /// Remove unused images
    Prune(prune::PruneArgs),
    /// Mount an image's files at a directory
    Mount(mount::MountArgs),
    /// Unmount what `orlop mount` mounted
    #[command(visible_alias = "umount")]
    Unmount(umount::UmountArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: ImageArgs) -> CliResult {
    match args.command {
        ImageCommand::Ls(args) => images::run(app, args).map(drop),
        ImageCommand::Pull(args) => pull::run(app, args),
        ImageCommand::Push(args) => push::run(app, args),
        ImageCommand::Inspect(args) => image_inspect::run(app, args),
        ImageCommand::History(args) => history::run(app, args),
        ImageCommand::Tag(args) => tag::run(app, &args),
        ImageCommand::Rm(args) => rmi::run(app, &args),
        ImageCommand::Save(args) => save::run(app, &args),
        ImageCommand::Load(args) => load::run(app, &args),
        ImageCommand::Import(args) => import::run(app, &args),
        ImageCommand::Prune(args) => prune::run(app, &args),
        ImageCommand::Mount(args) => mount::run(app, args),
        ImageCommand::Unmount(args) => umount::run(app, &args),
    }
}
