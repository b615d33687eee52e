//! `system prune`: removing all that nobody needs.

use clap::Args;
use jiff::Timestamp;

use super::image_prune;
use crate::app::App;
use crate::error::CliResult;
use crate::filter::{Filters, PRUNE_KEYS};
use crate::prompt::confirm;

/// Arguments of `system prune`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop system prune
  orlop system prune --all --force")]
pub struct SystemPruneArgs {
    /// Remove all unused images not just dangling ones
    #[arg(short, long)]
    pub all: bool,
    /// Provide filter values: label=, label!=, until=
    #[arg(long, value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    pub force: bool,
}

/// Runs it.
///
/// # Errors
/// The store cannot be changed, or a filter makes no sense.
pub fn run(app: &App, args: &SystemPruneArgs) -> CliResult {
    let filters = Filters::parse(&args.filter, PRUNE_KEYS)?;
    drop(filters.predicate(Timestamp::now(), &|_| Ok(None))?);
    if !args.force && !confirm(&app.printer, &question(args.all, &filters))? {
        return Ok(());
    }
    image_prune::prune(app, &app.images()?, args.all, &filters)
}

/// As docker asks (docker/cli `cli/command/system/prune.go`).
fn question(all: bool, filters: &Filters) -> String {
    let images = if all {
        "all images without at least one container associated to them"
    } else {
        "all dangling images"
    };
    let mut text = format!("WARNING! This will remove:\n  - {images}\n");
    let filters = filters.texts();
    if !filters.is_empty() {
        text.push_str("\n  Items to be pruned will be filtered with:\n");
        for filter in filters {
            text.push_str(&format!("  - {filter}\n"));
        }
    }
    text.push_str("\nAre you sure you want to continue?");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_says_what_will_go() {
        assert_eq!(
            question(false, &Filters::default()),
            "WARNING! This will remove:\n  - all dangling images\n\nAre you sure you want to continue?"
        );
        let filters =
            Filters::parse(&["until=24h".into(), "label=a".into()], PRUNE_KEYS).expect("filters");
        assert_eq!(
            question(true, &filters),
            "WARNING! This will remove:\n  - all images without at least one container associated to them\n\n  \
             Items to be pruned will be filtered with:\n  - label=a\n  - until=24h\n\n\
             Are you sure you want to continue?"
        );
    }
}
