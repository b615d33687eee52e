//! `undo`: takes back the last `rmi` or prune.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use orlop_image::event::EventSink;
use orlop_image::{Cancel, Images, Origin, Platforms, PullOptions, where_to_fetch};
use orlop_oci::Descriptor;
use orlop_store::{RemovalRecord, Undone};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::format::LIST_HELP;
use crate::interrupt;
use crate::view::removals;

/// The help of `undo`.
pub const ABOUT: &str = "Take back the last rmi or prune

Names come back to what they stood for, unless they stand for something else by now. Images come back
from the disk while their content is there: because another image has it too, or because it is held
for the time that store.undo_for says. Else they are fetched again, by their digest, from the
repositories in which they had a name. Run again, it takes back the removal before that.

Nothing is held by default: whoever removes an image wants its space, and no daemon of Orlop's would
free it later. Removals are on record for a week.";

/// Arguments of `undo`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop undo
  orlop undo --list
  orlop --set store.undo_for=\"10m\" rmi team/app:v1 && orlop undo --no-pull")]
pub struct UndoArgs {
    /// List the removals that can be taken back, the latest first
    #[arg(short, long)]
    pub list: bool,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT", requires = "list")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Don't fetch what isn't on the disk any more
    #[arg(long)]
    pub no_pull: bool,
}

/// Runs it.
///
/// # Errors
/// There is nothing to take back, or not all of it could be.
pub fn run(app: &App, args: &UndoArgs) -> CliResult {
    let images = app.images()?;
    let records = images.removals()?;
    if args.list {
        let listing = removals::listing(&records, Timestamp::now());
        return app.printer.text(listing.render(args.format.as_deref())?);
    }
    let Some(record) = records.first() else {
        return Err(CliError::new("nothing to undo: no removal is on record"));
    };
    let missing: Vec<&Descriptor> = record
        .images
        .iter()
        .filter(|image| !image.is_here)
        .map(|image| &image.target)
        .collect();
    let mut faults = Vec::new();
    if !args.no_pull && !missing.is_empty() {
        faults = fetch(app, &images, record, &missing)?;
    }
    let undone = images.undo(record.id)?;
    report(app, record, &undone)?;
    if undone.missing.is_empty() {
        return Ok(());
    }
    let error = CliError::new(lacking(&undone.missing, record));
    let error = faults.into_iter().fold(error, CliError::hint);
    Err(error.hint("store.undo_for = \"10m\" keeps what is removed on the disk for so long"))
}

/// Fetches images without giving them names. What can't be fetched is told, in words.
fn fetch(
    app: &App,
    images: &Images,
    record: &RemovalRecord,
    missing: &[&Descriptor],
) -> CliResult<Vec<String>> {
    let progress = app.progress(false);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = PullOptions {
        platforms: match app.platform(None) {
            Some(platform) => Platforms::These(vec![platform]),
            None => Platforms::Host,
        },
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
        nameless: true,
        ..PullOptions::default()
    };
    let result = interrupt::run(
        async |cancel: Cancel| {
            let mut faults = Vec::new();
            for target in missing {
                for place in where_to_fetch(record, &target.digest) {
                    let origin = Origin::Registry(client.repository(place.repository()));
                    let pulled = images
                        .pull(&origin, &place, &options, &events, &cancel)
                        .await;
                    match pulled {
                        Ok(_) => break,
                        Err(error @ orlop_image::Error::Cancelled) => return Err(error.into()),
                        Err(error) => faults.push(format!(
                            "{}: {}",
                            place.familiar(),
                            CliError::from(error).message()
                        )),
                    }
                }
            }
            Ok(faults)
        },
        || progress.kept(),
    );
    progress.finish();
    result
}

fn report(app: &App, record: &RemovalRecord, undone: &Undone) -> CliResult {
    let came_back = !undone.names.is_empty() || !undone.images.is_empty();
    if came_back || undone.missing.is_empty() {
        app.printer
            .line(format_args!("Undone: {}", record.command))?;
    }
    for change in &undone.names {
        app.printer
            .line(format_args!("Tagged: {}", change.reference.familiar()))?;
    }
    for id in &undone.images {
        app.printer.line(format_args!("Restored: {id}"))?;
    }
    for (name, current) in &undone.taken {
        app.printer.note(format_args!(
            "{} stands for {} by now, and was left alone",
            name.familiar(),
            current.short()
        ));
    }
    Ok(())
}

fn lacking(missing: &[Descriptor], record: &RemovalRecord) -> String {
    let called = |target: &Descriptor| {
        let mut names = record.names.iter();
        match names.find(|(_, of)| *of == target.digest) {
            Some((name, _)) => format!("{} ({})", name.familiar(), target.digest.short()),
            None => target.digest.to_string(),
        }
    };
    let all: Vec<String> = missing.iter().map(called).collect();
    format!("not on the disk any more: {}", all.join(", "))
}
