//! `mount`: an image's files at a directory.

use std::path::PathBuf;

use clap::Args;
use orlop_image::MountOptions;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;
use crate::rootless;

/// Arguments of `mount`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop mount alpine:3.20 /mnt/alpine
  orlop mount --rw alpine:3.20 /mnt/scratch
  orlop unshare sh -c 'orlop mount alpine:3.20 mnt && ls mnt'
  orlop umount /mnt/alpine")]
pub struct MountArgs {
    /// A name or ID
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// An existing directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Allow writing, into a layer that unmounting throws away
    #[arg(long)]
    pub rw: bool,
    /// Mount this platform of a multi-platform image: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// The image isn't there, or cannot be mounted.
pub fn run(app: &App, args: MountArgs) -> CliResult {
    rootless::refuse_mounting(&app.env)?;
    let store = app.images()?;
    let options = MountOptions {
        platform: args.platform,
        writable: args.rw,
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
    };
    interrupt::run(
        async |cancel| {
            let mounted = store.mount(&args.image, &args.directory, &options, &cancel);
            Ok(mounted.await?)
        },
        || None,
    )
}
