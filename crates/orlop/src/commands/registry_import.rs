//! `registry import`: adopting what another registry kept in a folder.

use std::path::PathBuf;

use clap::Args;
use orlop_image::event::Work;
use orlop_registry_store::{ImportFormat, ImportOptions, ImportProgress, ImportReport};

use super::registry::{Latest, long_work};
use super::serve::{Plan, ServeArgs};
use crate::app::App;
use crate::error::{CliError, CliResult, chain};
use crate::units::size;

/// Arguments of `registry import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop registry import /var/lib/docker-registry
  orlop registry import /var/lib/zot --root /srv/registry

The other folder is only read. What is here already stays; an import that was broken off goes on.")]
pub struct ImportArgs {
    /// The folder of CNCF distribution (with docker/registry/v2 in it) or of zot
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Copy every file, where hard links to the other folder's would do
    #[arg(long)]
    pub copy: bool,
}

/// Runs it.
///
/// # Errors
/// The folder isn't one of a registry, or something of it couldn't be adopted.
pub fn run(app: &App, args: &ImportArgs) -> CliResult {
    let plan = Plan::new(app, &ServeArgs::default())?;
    // Before a registry is made that would stay empty.
    ImportFormat::of(&args.folder).map_err(|error| CliError::new(chain(&error)))?;
    let storage = plan.open(app)?;
    let mut options = ImportOptions::default();
    options.link = !args.copy;
    let (progress, latest) = (app.progress(false), Latest::new());
    let imported = async {
        let mut tell = |told: ImportProgress<'_>| {
            progress.work(adopting(&told));
            latest.set((told.report.linked + told.report.copied, told.report.bytes));
        };
        let imported = storage.import(&args.folder, &options, &mut tell).await;
        let report = imported.map_err(|error| CliError::new(chain(&error)))?;
        storage.flush().await.map_err(|error| plan.fault(&error))?;
        Ok(report)
    };
    let kept = || {
        let (blobs, bytes) = latest.get()?;
        let bytes = size(bytes);
        Some(format!(
            "kept {bytes} ({blobs} blobs); the next import goes on"
        ))
    };
    let report = long_work(Some(&progress), imported, kept)?;
    tell(app, &report)?;
    let skipped = report.skipped.len() as u64 + report.skipped_more;
    match skipped {
        0 => Ok(()),
        1 => Err(CliError::new("1 thing wasn't adopted")),
        count => Err(CliError::new(format!("{count} things weren't adopted"))),
    }
}

fn adopting(told: &ImportProgress<'_>) -> Work {
    let (done, all) = (told.done, told.all);
    Work {
        what: "Adopting",
        done: done.blobs.min(all.blobs),
        total: Some(all.blobs),
        unit: "blobs",
        bytes: done.bytes.min(all.bytes),
        total_bytes: Some(all.bytes),
        note: None,
    }
}

fn tell(app: &App, report: &ImportReport) -> CliResult {
    for skipped in &report.skipped {
        let repository = skipped.repository.as_ref();
        let repository = repository.map_or_else(String::new, |name| format!("{name}: "));
        app.printer.line(format_args!(
            "skipped {repository}{}: {}",
            skipped.what, skipped.why
        ))?;
    }
    if report.skipped_more > 0 {
        app.printer
            .line(format_args!("and {} more", report.skipped_more))?;
    }
    let from = match report.format {
        Some(ImportFormat::Distribution) => "CNCF distribution",
        Some(ImportFormat::Zot) => "zot",
        _ => "the folder",
    };
    app.printer.line(format_args!(
        "Adopted {} tags and {} manifests in {} repositories from {from}: {} ({} blobs linked, {} copied)",
        report.tags,
        report.manifests,
        report.repositories,
        size(report.bytes),
        report.linked,
        report.copied
    ))
}
