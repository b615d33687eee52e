//! `tag`: another name for an image.

use clap::Args;

use crate::app::App;
use crate::error::CliResult;

/// Arguments of `tag`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop tag alpine:3.20 registry.example.com/team/alpine:3.20
  orlop tag 0e5574283393 fedora/httpd:version1.0")]
pub struct TagArgs {
    /// A name or ID of the image
    #[arg(value_name = "SOURCE_IMAGE[:TAG]")]
    pub source: String,
    /// Its new name
    #[arg(value_name = "TARGET_IMAGE[:TAG]")]
    pub target: String,
}

/// Runs it. As docker, it says nothing.
///
/// # Errors
/// The image isn't there, or the name is none.
pub fn run(app: &App, args: &TagArgs) -> CliResult {
    app.images()?.tag(&args.source, &args.target)?;
    Ok(())
}
