//! `diff`: in what two images differ.

use clap::Args;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::looking;
use crate::view::image_diff::ImageDiff;

/// Arguments of `diff`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Files are compared as a container would see them: type, content, mode, owner, extended attributes,
but not times. A (added), C (changed) and D (deleted) are docker's letters. Nothing is printed when
nothing differs.

An IMAGE is looked for in the store, and then at its registry, from which nothing is kept. It may
also be docker://NAME, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME].

Examples:
  orlop diff alpine:3.19 alpine:3.20
  orlop diff --exit-code app:before oci-archive:app.tar
  orlop diff --json --platform linux/arm64 app:v1 app:v2"
)]
pub struct DiffArgs {
    /// The first image
    #[arg(value_name = "IMAGE")]
    pub first: String,
    /// What to compare it with
    #[arg(value_name = "IMAGE")]
    pub second: Option<String>,
    /// Exit with 0 when nothing differs, with 1 when something does, with 2 when that can't be told
    #[arg(long)]
    pub exit_code: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Compare the images of this platform: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Print nothing; with --exit-code
    #[arg(short, long, requires = "exit_code")]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// An image can't be read, or with `--exit-code` they differ.
pub fn run(app: &App, args: &DiffArgs) -> CliResult {
    let differ = compare(app, args).map_err(|error| match args.exit_code {
        true => error.into_trouble(),
        false => error,
    })?;
    match args.exit_code && differ {
        true => Err(CliError::silent()),
        false => Ok(()),
    }
}

/// Prints the differences, and says whether there are any.
fn compare(app: &App, args: &DiffArgs) -> CliResult<bool> {
    let Some(second) = &args.second else {
        return Err(CliError::new(format!(
            "{}: what changed in a container can't be shown: orlop doesn't run containers yet",
            args.first
        ))
        .hint("two images are compared by `orlop diff IMAGE IMAGE`"));
    };
    let names = [args.first.as_str(), second.as_str()];
    let images = looking::look(app, &names, args.platform.clone(), true)?;
    let [first, second] = images.as_slice() else {
        return Ok(false);
    };
    let diff = ImageDiff::new([first, second], names);
    if !args.quiet {
        match args.json {
            true => app.printer.line(format_args!("{:#}", diff.object()))?,
            false => app.printer.text(diff.text())?,
        }
    }
    Ok(!diff.is_empty())
}
