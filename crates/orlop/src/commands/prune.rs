//! `prune`, `image prune`: removing images that nobody needs, as docker does, and by how many there
//! are, when they were used, and how much space is wanted.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use orlop_image::Images;
use orlop_image::model::Removed;
use orlop_image::prune::{PrunePlan, PrunePolicy};
use orlop_pattern::{TagPattern, TagPatterns};
use orlop_registry::config::Period;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::filter::{Filters, PRUNE_KEYS};
use crate::prompt::confirm;
use crate::units::{self, SizeText};
use crate::view::prune_plan;

/// What to remove, and how.
#[derive(Args, Clone, Debug)]
pub struct PruneOptions {
    /// Remove all unused images, not just dangling ones
    #[arg(short, long)]
    pub all: bool,
    /// Provide filter values: label=, label!=, until=
    #[arg(long, value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    pub force: bool,
    /// Keep the N newest images of each repository, and remove the others too
    #[arg(long, value_name = "N")]
    pub keep_last: Option<usize>,
    /// Keep images with a tag that matches, and remove the others too: a glob, or /REGEX/
    #[arg(long, value_name = "PATTERN")]
    pub keep_tag: Vec<String>,
    /// Remove images that weren't pulled, pushed, tagged or mounted for so long: 14d, 36h
    #[arg(long, value_name = "TIME")]
    pub unused_for: Option<Period>,
    /// Remove the least recently used until so much of the disk is free: 20GB
    #[arg(long, value_name = "SIZE")]
    pub free: Option<SizeText>,
    /// Change nothing, and say what would be removed and why
    #[arg(long)]
    pub dry_run: bool,
    /// Free the space at once, that of earlier removals too, whatever store.undo_for says
    #[arg(long)]
    pub no_undo: bool,
}

/// Arguments of `prune` and `image prune`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop prune --keep-last 3 --dry-run
  orlop prune --unused-for 30d --keep-last 1 --force
  orlop prune --free 20GB --keep-tag 'v*' --force
  orlop image prune --all --force --filter until=720h

Without -a only dangling images go. --keep-last, --keep-tag, --unused-for and --free look at all
images that no container uses and that aren't mounted; all options together must agree that an
image may go.
--keep-last counts digests, the last built first; an image stays if any of its repositories keeps
it.
--free stops as soon as so much is free on the disk, and removes nothing if it is already.")]
pub struct PruneArgs {
    /// What to remove, and how.
    #[command(flatten)]
    pub options: PruneOptions,
}

const ALL: &str =
    "WARNING! This will remove all images without at least one container associated to them.
Are you sure you want to continue?";

const DANGLING: &str = "WARNING! This will remove all dangling images.
Are you sure you want to continue?";

/// Runs `image prune`.
///
/// # Errors
/// The store cannot be changed, or a filter makes no sense.
pub fn run(app: &App, args: &PruneArgs) -> CliResult {
    let question = if args.options.all { ALL } else { DANGLING };
    let filters = Filters::parse(&args.options.filter, PRUNE_KEYS)?;
    run_asking(app, &args.options, "prune", &filters, question)
}

/// Plans, asks and removes. docker's question is asked where its own options were given; else what is
/// planned is shown, and then asked for.
pub(super) fn run_asking(
    app: &App,
    options: &PruneOptions,
    command: &str,
    filters: &Filters,
    dockers_question: &str,
) -> CliResult {
    // A filter that makes no sense is found before anybody is asked.
    let wanted = filters.predicate(Timestamp::now(), &|_| Ok(None))?;
    let policy = options.policy()?;
    let asks_as_docker = policy.is_dockers() && !options.dry_run;
    if asks_as_docker && !options.force && !confirm(&app.printer, dockers_question)? {
        return Ok(());
    }
    let images = app.images()?;
    let plan = images.plan_prune(&policy, &wanted)?;
    if options.dry_run {
        return app
            .printer
            .text(prune_plan::would(&plan, Timestamp::now())?);
    }
    if !asks_as_docker && !options.force {
        let question = prune_plan::question(&plan, Timestamp::now())?;
        if !confirm(&app.printer, &question)? {
            return Ok(());
        }
    }
    remove(app, &images, options, command, &policy, &plan)
}

/// Removes, and prints what docker prints.
fn remove(
    app: &App,
    images: &Images,
    options: &PruneOptions,
    command: &str,
    policy: &PrunePolicy,
    plan: &PrunePlan,
) -> CliResult {
    let hold = if options.no_undo {
        Duration::ZERO
    } else {
        app.settings.undo_for
    };
    let mut removal = images.undoable(command, hold).prune(plan, policy)?;
    if options.no_undo {
        removal.reclaimed += images.let_go(None)?;
    }
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
    ))?;
    if !hold.is_zero() && plan.images_bytes() > 0 && !removal.items.is_empty() {
        note_hold(&app.printer, plan.images_bytes(), hold);
    }
    if options.free.is_some() && plan.remove.is_empty() && plan.short == 0 {
        app.printer
            .note("as much is free as was asked for: no image was removed");
    }
    if plan.short > 0 {
        app.printer.note(format_args!(
            "{} less is free than asked for: nothing else may be removed",
            units::size4(plan.short)
        ));
    }
    Ok(())
}

/// Says that content isn't freed yet.
pub(super) fn note_hold(printer: &Arc<crate::printer::Printer>, bytes: u64, hold: Duration) {
    printer.note(format_args!(
        "{} is held for `orlop undo`, for {}; --no-undo frees it now",
        units::size4(bytes),
        units::short_duration(hold.as_secs())
    ));
}

impl PruneOptions {
    fn policy(&self) -> CliResult<PrunePolicy> {
        let patterns: Vec<TagPattern> = self.keep_tag.iter().map(|t| TagPattern::of(t)).collect();
        let keep_tags = TagPatterns::new(&patterns)
            .map_err(|error| CliError::usage(error).context("--keep-tag"))?;
        Ok(PrunePolicy {
            all: self.all,
            keep_last: self.keep_last,
            keep_tags: (!keep_tags.is_all()).then_some(keep_tags),
            unused_for: self.unused_for.map(|period| period.0),
            free: self.free.map(|size| size.0),
        })
    }
}
