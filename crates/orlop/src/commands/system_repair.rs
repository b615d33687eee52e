//! `system repair`: finds damage in the store, names it, and repairs it.

use std::sync::Arc;

use clap::Args;
use orlop_image::Images;
use orlop_image::event::EventSink;
use orlop_image::repair::{RepairOptions, RepairReport};
use orlop_store::{Error as StoreError, Store};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::view::repair;

/// The help of `system repair`.
pub const ABOUT: &str = "Find damage in the store, and repair it

Every blob is read and hashed, and every unpacked layer is compared with what its blob unpacks to. A
damaged blob goes to the folder quarantine of the store, so that the next pull fetches it, and nothing
else; it stays there for a week. A damaged layer is unpacked anew from its blob. What is derived
(index.json, what lists show) is written anew. A database that is lost or damaged is made anew from the
images on the disk: names and images come back, the history of names doesn't.

Others may use the store meanwhile, unless its database has to be made anew. The exit code is 1 when
damage remains.";

/// Arguments of `system repair`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop system repair
  orlop system repair --dry-run
  orlop system repair --fast")]
pub struct RepairArgs {
    /// Look at sizes of blobs and whether layers are there, and read nothing
    #[arg(long)]
    pub fast: bool,
    /// Change nothing, and say what is damaged
    #[arg(long)]
    pub dry_run: bool,
    /// How many blobs are read at a time [default: one for each processor]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
}

/// Runs it.
///
/// # Errors
/// Damage remains, or the store cannot be read.
pub fn run(app: &App, args: &RepairArgs) -> CliResult {
    let images = open(app, args)?;
    let report = look(app, args, &images)?;
    for finding in &report.findings {
        app.printer.line(repair::finding(finding))?;
    }
    app.printer.line(repair::summary(&report))?;
    match report.remaining() {
        0 => Ok(()),
        1 => Err(CliError::new("1 thing is damaged still")),
        count => Err(CliError::new(format!("{count} things are damaged still"))),
    }
}

/// Opens the store. A database that can't be used is made anew first.
fn open(app: &App, args: &RepairArgs) -> CliResult<Images> {
    let root = &app.settings.root;
    match Store::open(root) {
        Ok(store) => {
            let words = store.check_database();
            match words {
                Ok(words) if words.is_empty() || args.dry_run => return app.images_of(store),
                Ok(_) | Err(StoreError::DamagedDatabase { .. }) if !args.dry_run => {}
                Ok(_) => return app.images_of(store),
                Err(error) => return Err(app.store_error(&error)),
            }
            // Nobody of ours may have it open while another takes its place.
            drop(store);
        }
        Err(StoreError::DamagedDatabase { .. } | StoreError::LostDatabase { .. })
            if !args.dry_run => {}
        Err(error) => return Err(app.store_error(&error)),
    }
    let rebuilt = Store::rebuild(root).map_err(|error| app.store_error(&error))?;
    app.printer.line(repair::rebuilt(&rebuilt))?;
    let store = Store::open(root).map_err(|error| app.store_error(&error))?;
    app.images_of(store)
}

fn look(app: &App, args: &RepairArgs, images: &Images) -> CliResult<RepairReport> {
    let progress = app.progress(false);
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = RepairOptions {
        fast: args.fast,
        dry_run: args.dry_run,
        threads: args.threads,
        bounds: app.settings.bounds.clone(),
    };
    let result = interrupt::run(
        async |cancel| {
            let (images, stop) = (images.clone(), cancel.clone());
            let work =
                tokio::task::spawn_blocking(move || images.repair(&options, &*events, &stop));
            tokio::select! {
                report = work => Ok(report
                    .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?),
                // What is being unpacked to compare with is swept by whoever comes next.
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || Some("what was repaired is; run it again to go on".to_owned()),
    );
    progress.finish();
    result
}
