//! `umount`: undoing `mount`.

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::error::CliResult;

/// Arguments of `umount`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  orlop umount /mnt/alpine")]
pub struct UmountArgs {
    /// Where an image is mounted
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Runs it.
///
/// # Errors
/// Nothing of ours is mounted there, or it is busy.
pub fn run(app: &App, args: &UmountArgs) -> CliResult {
    app.images()?.unmount(&args.directory)?;
    Ok(())
}
