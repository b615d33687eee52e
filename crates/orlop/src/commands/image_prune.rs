//! `image prune`: removing images that nobody needs.

use clap::Args;
use jiff::Timestamp;
use orlop_image::Images;
use orlop_image::model::Removed;

use crate::app::App;
use crate::error::CliResult;
use crate::filter::{Filters, PRUNE_KEYS};
use crate::prompt::confirm;
use crate::units;

/// Arguments of `image prune`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop image prune
  orlop image prune --all --force --filter until=720h")]
pub struct ImagePruneArgs {
    /// Remove all unused images, not just dangling ones
    #[arg(short, long)]
    pub all: bool,
    /// Provide filter values: label=, label!=, until=
    #[arg(long, value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    pub force: bool,
}

const ALL: &str =
    "WARNING! This will remove all images without at least one container associated to them.
Are you sure you want to continue?";

const DANGLING: &str = "WARNING! This will remove all dangling images.
Are you sure you want to continue?";

/// Runs it.
///
/// # Errors
/// The store cannot be changed, or a filter makes no sense.
pub fn run(app: &App, args: &ImagePruneArgs) -> CliResult {
    let filters = Filters::parse(&args.filter, PRUNE_KEYS)?;
    // A filter that makes no sense is found before anybody is asked.
    drop(filters.predicate(Timestamp::now(), &|_| Ok(None))?);
    if !args.force && !confirm(&app.printer, if args.all { ALL } else { DANGLING })? {
        return Ok(());
    }
    prune(app, &app.images()?, args.all, &filters)
}

/// Removes, and prints what docker prints.
pub(super) fn prune(app: &App, store: &Images, all: bool, filters: &Filters) -> CliResult {
    let predicate = filters.predicate(Timestamp::now(), &|_| Ok(None))?;
    let removal = store.prune(all, &predicate)?;
    if !removal.items.is_empty() {
        app.printer.line("Deleted Images:")?;
        for item in &removal.items {
            match item {
                Removed::Untagged(name) => app.printer.line(format_args!("untagged: {name}"))?,
                Removed::Deleted(id) => app.printer.line(format_args!("deleted: {id}"))?,
            }
        }
        app.printer.line("")?;
    }
    app.printer.line(format_args!(
        "Total reclaimed space: {}",
        units::size4(removal.reclaimed)
    ))
}
