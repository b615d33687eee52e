//! `history`: the steps that made an image.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_oci::Platform;
use serde_json::Value;

use crate::app::App;
use crate::error::CliResult;
use crate::format::LIST_HELP;
use crate::looking;
use crate::view::history::{Options, listing};
use crate::view::history_files;

/// Arguments of `history`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop history alpine:3.20
  orlop history --files alpine:3.20
  orlop history --no-trunc --format '{{.CreatedBy}}' alpine:3.20")]
pub struct HistoryArgs {
    /// A name or ID
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Show the files that each step added (A), changed (C) or deleted (D), with their sizes
    #[arg(long, conflicts_with_all = ["format", "quiet"])]
    pub files: bool,
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
    /// Print the steps as a JSON list, with --files also their files
    #[arg(long, conflicts_with_all = ["format", "quiet"])]
    pub json: bool,
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
    if args.files || args.json {
        let images = looking::look(app, &[&stored(&args.image)], args.platform, false)?;
        let Some(image) = images.first() else {
            return Ok(());
        };
        if args.json {
            let steps = history_files::objects(&entries, image, args.files);
            return app.printer.line(format_args!("{:#}", Value::from(steps)));
        }
        let table = listing.render(None)?;
        let text = history_files::text(&table, image, args.human);
        return app.printer.text(text);
    }
    app.printer.text(match args.format.as_deref() {
        None | Some("table") if args.quiet => listing.column("ID"),
        format => listing.render(format)?,
    })
}

/// The place of an image of the store, and of none that has the same name elsewhere.
fn stored(name: &str) -> String {
    format!("store:{name}")
}
