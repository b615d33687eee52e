//! `system df`: what takes how much of the disk.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::app::App;
use crate::error::CliResult;
use crate::format::{LIST_HELP, Template, compact_json};
use crate::units;
use crate::view::{disk_usage, image_rows, removals};

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
        let listing = disk_usage::listing(
            &store.disk_usage(&images)?,
            &store.removed_usage()?,
            &store.leftover_usage()?,
        );
        return app.printer.text(listing.render(args.format.as_deref())?);
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
    let content = disk_usage::content_listing(&store.content_usage()?);
    let records = store.removals()?;
    let held: Vec<_> = records
        .into_iter()
        .filter(|record| record.images.iter().any(|image| image.held_until.is_some()))
        .collect();
    let removed = removals::listing(&held, options.now);
    if is_table {
        app.printer.text("Images space usage:\n\n")?;
        app.printer.text(listing.render(None)?)?;
        if !held.is_empty() {
            let sum = units::size4(store.held_bytes()?);
            app.printer
                .text(format_args!("\nRemoved images space usage: {sum}\n\n"))?;
            app.printer.text(removed.render(None)?)?;
        }
        app.printer.text("\nContent space usage:\n\n")?;
        return app.printer.text(content.render(None)?);
    }
    let all = json!({
        "Images": listing.objects(),
        "Containers": [],
        "Volumes": [],
        "BuildCache": [],
        "RemovedImages": removed.objects(),
        "Content": content.objects(),
    });
    match args.format.as_deref() {
        Some("json") | None => app.printer.line(compact_json(&all)),
        Some(template) => app.printer.line(Template::parse(template)?.render(&all)?),
    }
}
