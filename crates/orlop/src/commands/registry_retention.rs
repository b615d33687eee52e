//! `registry retention`: the rules of the configuration, at once.

use clap::Args;
use orlop_registry_store::RepositoryRetention;

use super::registry::{Existing, work};
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `registry retention`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop registry retention --dry-run
  orlop registry retention --dry-run --verbose

The rules are [[serve.retention]] of the configuration (`orlop serve --help`).")]
pub struct RetentionArgs {
    /// Change nothing, and say what would be removed, and why
    #[arg(long)]
    pub dry_run: bool,
    /// Say what is kept, too, and why
    #[arg(short, long)]
    pub verbose: bool,
}

/// Runs it.
///
/// # Errors
/// There are no rules, or the registry can't be read or written.
pub fn run(app: &App, args: &RetentionArgs) -> CliResult {
    let registry = Existing::open(app)?;
    if registry.plan.config.retention.is_empty() {
        return Err(CliError::new("there are no rules of retention")
            .hint("[[serve.retention]] in the configuration: `orlop serve --help`"));
    }
    let mut lines = Vec::new();
    let report = work(async {
        let rules = registry.storage.rules();
        let mut each = |done| lines.extend(told(&done, args.verbose));
        let retained = registry
            .storage
            .retain(&rules, args.dry_run, &mut each)
            .await;
        retained.map_err(|error| registry.plan.fault(&error))
    })?;
    for line in lines {
        app.printer.line(line)?;
    }
    let went = if args.dry_run {
        "Would remove"
    } else {
        "Removed"
    };
    app.printer.line(format_args!(
        "{went} {} tags and {} manifests in {} repositories",
        report.tags, report.manifests, report.repositories
    ))
}

/// What was decided about a repository.
fn told(done: &RepositoryRetention, verbose: bool) -> Vec<String> {
    let shown = done
        .decisions
        .iter()
        .filter(|decision| decision.remove || verbose);
    let mut lines: Vec<String> = shown
        .map(|decision| {
            let verb = if decision.remove { "remove" } else { "keep  " };
            let what = match &decision.tag {
                Some(tag) => format!("{}:{tag}", done.repository),
                None => format!("{}@{}", done.repository, decision.digest),
            };
            format!("{verb} {what}  {}", decision.reason)
        })
        .collect();
    if done.changed_meanwhile > 0 {
        lines.push(format!(
            "{}: {} stayed, since they changed meanwhile",
            done.repository, done.changed_meanwhile
        ));
    }
    lines
}
