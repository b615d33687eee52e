//! `system df`: what takes how much of the disk.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::app::App;
use crate::error::CliResult;
use crate::format::{LIST_HELP, Template, compact_json};
use crate::view::{disk_usage, image_rows};

/// Arguments of `system df`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop system df
  orlop system df -v
  orlop system df --format '{{.Type}}: {{.Reclaimable}}'")]
pub struct DfArgs {
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Show detailed information on space usage
    #[arg(short, long)]
    pub verbose: bool,
}

/// Runs it.
///
/// # Errors
/// The store cannot be read, or the format makes no sense.
pub fn run(app: &App, args: &DfArgs) -> CliResult {
    let store = app.images()?;
    let images = if args.verbose {
        store.list_with_shared_sizes()?
    } else {
        store.list()?
    };
    if !args.verbose {
        let usage = store.disk_usage(&images)?;
        return app
            .printer
            .text(disk_usage::listing(&usage).render(args.format.as_deref())?);
    }
    let is_table = matches!(args.format.as_deref(), None | Some("table"));
    let options = image_rows::Options {
        digests: false,
        format_has_digest: false,
        no_trunc: !is_table,
        now: Timestamp::now(),
        zone: TimeZone::system(),
    };
    let listing = image_rows::usage_listing(&images, &options);
    if is_table {
        app.printer.text("Images space usage:\n\n")?;
        return app.printer.text(listing.render(None)?);
    }
    let all = json!({
        "Images": listing.objects(),
        "Containers": [],
        "Volumes": [],
        "BuildCache": [],
    });
    match args.format.as_deref() {
        Some("json") | None => app.printer.line(compact_json(&all)),
        Some(template) => app.printer.line(Template::parse(template)?.render(&all)?),
    }
}
