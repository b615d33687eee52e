//! `export`: an image's file system as an archive.

use std::path::PathBuf;

use clap::Args;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;
use crate::output::{Output, blocking};

/// Arguments of `export`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop export -o rootfs.tar alpine:3.20
  orlop export --platform linux/arm64 alpine:3.20 | tar -t

The files are those that a container of the image would see: all layers as one, owners and links as they
are in the image.")]
pub struct ExportArgs {
    /// A name or ID
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Write to a file, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Export this platform of a multi-platform image: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// There is no such image, or it can't be written.
pub fn run(app: &App, args: &ExportArgs) -> CliResult {
    let store = app.images()?;
    let output = Output::open(app, args.output.as_deref())?;
    let bounds = app.settings.bounds.clone();
    let platform = app.platform(args.platform.clone());
    let image = args.image.clone();
    let written = interrupt::run(
        async |cancel| {
            let stop = cancel.clone();
            let work = move || store.export(&image, platform.as_ref(), &bounds, output, &stop);
            blocking(&cancel, work).await
        },
        || None,
    );
    written?.place()
}
