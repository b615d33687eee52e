//! `history`: the steps that made an image.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::CliResult;
use crate::format::LIST_HELP;
use crate::view::history::{Options, listing};

/// Arguments of `history`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop history alpine:3.20
  orlop history --no-trunc --format '{{.CreatedBy}}' alpine:3.20")]
pub struct HistoryArgs {
    /// A name or ID
    #[arg(value_name = "IMAGE")]
    pub image: String,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Print sizes and dates in human readable format
    #[arg(
        short = 'H',
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub human: bool,
    /// Don't truncate output
    #[arg(long)]
    pub no_trunc: bool,
    /// Show the history of this platform: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Only show image IDs
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// The image isn't there, or the format makes no sense.
pub fn run(app: &App, args: HistoryArgs) -> CliResult {
    let entries = app.images()?.history(&args.image, args.platform.as_ref())?;
    let options = Options {
        human: args.human,
        no_trunc: args.no_trunc,
        now: Timestamp::now(),
        zone: TimeZone::system(),
    };
    let listing = listing(&entries, &options);
    app.printer.text(match args.format.as_deref() {
        None | Some("table") if args.quiet => listing.column("ID"),
        format => listing.render(format)?,
    })
}
