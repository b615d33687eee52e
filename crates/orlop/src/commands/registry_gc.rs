//! `registry gc`: collection, at once.

use clap::Args;
use orlop_image::event::Work;
use orlop_registry::config::Period;
use orlop_registry_store::{CollectOptions, CollectPhase, CollectProgress, CollectReport, Freed};

use super::registry::{Existing, Latest, long_work};
use crate::app::App;
use crate::error::CliResult;
use crate::units::size;

/// Arguments of `registry gc`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop registry gc --dry-run
  orlop registry gc --grace 10m

The registry may be served meanwhile: what a push brought, or was told is there, is left alone for
the grace (at worst a minute less), so let it be longer than a push pauses. Ctrl-C ends it within a
second, and the next one goes on.")]
pub struct GcArgs {
    /// Change nothing, and say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// How long what nothing names is left alone [default: serve.collect.grace]
    #[arg(long, value_name = "TIME")]
    pub grace: Option<Period>,
}

/// Runs it.
///
/// # Errors
/// The registry can't be read or written.
pub fn run(app: &App, args: &GcArgs) -> CliResult {
    let registry = Existing::open(app)?;
    let mut options = CollectOptions::default();
    options.dry_run = args.dry_run;
    options.grace = args.grace.map(|grace| grace.0);
    let (progress, latest) = (app.progress(false), Latest::new());
    let collected = async {
        let mut tell = |told: &CollectProgress| {
            progress.work(collecting(told, args.dry_run));
            latest.set(told.freed);
        };
        let collected = registry.storage.collect(&options, &mut tell).await;
        collected.map_err(|error| registry.plan.fault(&error))
    };
    let kept = || latest.get().map(|freed| so_far(freed, args.dry_run));
    let report = long_work(Some(&progress), collected, kept)?;
    for line in lines(&report) {
        app.printer.line(line)?;
    }
    Ok(())
}

fn collecting(told: &CollectProgress, dry_run: bool) -> Work {
    let (what, unit) = match &told.phase {
        CollectPhase::Unowned => ("Collecting what no repository has:", "blobs"),
        CollectPhase::Repository(_) => ("Collecting", "repositories"),
        CollectPhase::Files => ("Looking for files left by a crash:", "files"),
    };
    let (freed, done) = (told.freed, told.done);
    let verb = if dry_run { "would free" } else { "freed" };
    Work {
        what,
        done: if told.total > 0 { done } else { freed.count },
        total: (told.total > 0).then(|| told.total.max(done)),
        unit,
        note: (freed.count > 0).then(|| format!("{verb} {}", size(freed.bytes))),
        ..Work::default()
    }
}

/// What there is of one that was interrupted.
fn so_far(freed: Freed, dry_run: bool) -> String {
    if dry_run {
        return "nothing was changed".to_owned();
    }
    let Freed { count, bytes } = freed;
    format!(
        "freed {} ({count} blobs); the next one goes on",
        size(bytes)
    )
}

/// What it did, or would do.
fn lines(report: &CollectReport) -> Vec<String> {
    let mut lines = Vec::new();
    for gone in &report.repositories {
        let mut what = Vec::new();
        what.extend(counted(
            gone.orphans,
            "referrer without its subject",
            "referrers without their subject",
        ));
        what.extend(counted(gone.blobs, "blob", "blobs"));
        lines.push(format!("{}: {}", gone.repository, what.join(", ")));
    }
    let mut what = Vec::new();
    what.extend(counted(
        report.files,
        "file left by a crash",
        "files left by a crash",
    ));
    match report.uploads {
        0 => {}
        1 => what.push("1 upload that nobody went on with".to_owned()),
        count => what.push(format!("{count} uploads that nobody went on with")),
    }
    if !what.is_empty() {
        lines.push(what.join(", "));
    }
    let freed = if report.dry_run {
        "Would free"
    } else {
        "Freed"
    };
    let Freed { count, bytes } = report.freed;
    lines.push(format!("{freed} {} ({count} blobs)", size(bytes)));
    lines
}

fn counted(freed: Freed, one: &str, many: &str) -> Option<String> {
    let what = match freed.count {
        0 => return None,
        1 => one,
        _ => many,
    };
    Some(format!("{} {what} ({})", freed.count, size(freed.bytes)))
}

#[cfg(test)]
mod tests {
    use orlop_registry_store::RepositoryCollected;

    use super::*;

    #[test]
    fn it_says_what_went() {
        let report = CollectReport {
            dry_run: true,
            repositories: vec![RepositoryCollected {
                repository: "team/app".parse().expect("a name"),
                orphans: Freed {
                    count: 1,
                    bytes: 500,
                },
                blobs: Freed {
                    count: 2,
                    bytes: 12_300_000,
                },
            }],
            freed: Freed {
                count: 2,
                bytes: 12_300_500,
            },
            files: Freed { count: 0, bytes: 0 },
            uploads: 3,
            complete: true,
        };
        assert_eq!(
            lines(&report),
            [
                "team/app: 1 referrer without its subject (500B), 2 blobs (12.3MB)",
                "3 uploads that nobody went on with",
                "Would free 12.3MB (2 blobs)"
            ]
        );
    }
}
