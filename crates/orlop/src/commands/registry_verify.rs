//! `registry verify`: reads all content again, and names what is damaged and who needs it.

use clap::Args;
use orlop_image::event::Work;
use orlop_registry_store::{Finding, Need, VerifyProgress, VerifyReport};

use super::registry::{Existing, Latest, long_work};
use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::units::size;

/// Arguments of `registry verify`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:
  orlop registry verify

Nothing is changed. The exit code is 1 when something is damaged. Ctrl-C ends it within a second.")]
pub struct VerifyArgs {
    /// How many blobs are read at a time [default: one for each processor]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
}

/// Runs it.
///
/// # Errors
/// Something is damaged, or the registry can't be read.
pub fn run(app: &App, args: &VerifyArgs) -> CliResult {
    let registry = Existing::open(app)?;
    let (progress, latest) = (app.progress(false), Latest::new());
    let verified = async {
        let mut tell = |told: &VerifyProgress| {
            progress.work(reading(told));
            latest.set(*told);
        };
        let verified = registry.storage.verify(args.threads, &mut tell).await;
        verified.map_err(|error| registry.plan.fault(&error))
    };
    let kept = || latest.get().map(|told| so_far(&told));
    let report = long_work(Some(&progress), verified, kept)?;
    let mut damaged = 0;
    for finding in &report.findings {
        damaged += usize::from(!matches!(finding, Finding::Stray { .. }));
        for line in lines(finding) {
            app.printer.line(line)?;
        }
    }
    app.printer.line(summary(&report))?;
    match damaged {
        0 => Ok(()),
        1 => Err(CliError::new("1 thing is damaged")),
        count => Err(CliError::new(format!("{count} things are damaged"))),
    }
}

fn reading(told: &VerifyProgress) -> Work {
    Work {
        what: "Reading",
        done: told.blobs,
        // More may have come since it began.
        total: Some(told.all.blobs.max(told.blobs)),
        unit: "blobs",
        bytes: told.bytes,
        total_bytes: Some(told.all.bytes.max(told.bytes)),
        note: (told.findings > 0).then(|| format!("{} findings", told.findings)),
    }
}

/// What there is of one that was interrupted.
fn so_far(told: &VerifyProgress) -> String {
    let found = match told.findings {
        0 => "nothing was found".to_owned(),
        1 => "1 thing was found".to_owned(),
        count => format!("{count} things were found"),
    };
    format!(
        "{} of {} blobs were read, {found}; nothing was changed",
        told.blobs, told.all.blobs
    )
}

fn summary(report: &VerifyReport) -> String {
    format!(
        "Read {} blobs ({}), {} of them manifests",
        report.blobs,
        size(report.bytes),
        report.manifests
    )
}

fn lines(finding: &Finding) -> Vec<String> {
    match finding {
        Finding::Damaged {
            digest,
            reason,
            needed_by,
        } => {
            let mut lines = vec![format!("damaged: {digest}: {reason}")];
            if needed_by.is_empty() {
                lines.push("  needed by nobody".to_owned());
            }
            lines.extend(
                needed_by
                    .iter()
                    .map(|need| format!("  needed by {}", who(need))),
            );
            lines
        }
        Finding::Incomplete {
            repository,
            manifest,
            lacks,
            tags,
        } => {
            let need = Need {
                repository: repository.clone(),
                manifest: manifest.clone(),
                tags: tags.clone(),
            };
            let mut lines = vec![format!("incomplete: {}", who(&need))];
            lines.extend(lacks.iter().map(|digest| format!("  lacks {digest}")));
            lines
        }
        Finding::Stray {
            digest,
            size: bytes,
        } => vec![format!(
            "stray: {digest} ({}): nothing knows of it; `orlop registry gc` removes it",
            size(*bytes)
        )],
        Finding::Metadata(reason) => vec![format!("metadata: {reason}")],
    }
}

/// A manifest by the tags that reach it, or by its digest.
fn who(need: &Need) -> String {
    let Need {
        repository,
        manifest,
        tags,
    } = need;
    if tags.is_empty() {
        return format!("{repository}@{manifest}");
    }
    let names: Vec<String> = tags
        .iter()
        .map(|tag| format!("{repository}:{tag}"))
        .collect();
    format!("{} ({manifest})", names.join(", "))
}
