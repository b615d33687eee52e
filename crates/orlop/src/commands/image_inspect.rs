//! `image inspect`: all about images.

use clap::Args;
use orlop_oci::Platform;

use super::inspect::Inspector;
use crate::app::App;
use crate::error::CliResult;
use crate::format::OBJECT_HELP;

/// Arguments of `image inspect`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop image inspect alpine:3.20
  orlop image inspect --platform linux/arm64 alpine:3.20
  orlop image inspect -f '{{json .Config.Env}}' alpine:3.20")]
pub struct ImageInspectArgs {
    /// Names or IDs
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<String>,
    #[arg(short, long, help = OBJECT_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Inspect this platform of a multi-platform image: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// An image isn't there, or the format makes no sense.
pub fn run(app: &App, args: ImageInspectArgs) -> CliResult {
    let mut inspector = Inspector::new(args.format.as_deref())?;
    let store = app.images()?;
    for name in &args.images {
        match store.inspect(name, args.platform.as_ref()) {
            Ok(image) => inspector.add(&image),
            Err(error) => inspector.fail(error.into()),
        }
    }
    inspector.finish(&app.printer)
}
