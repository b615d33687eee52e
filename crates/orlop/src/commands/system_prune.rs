//! `system prune`: removing all that nobody needs.

use clap::Args;

use super::prune::{self, PruneOptions};
use crate::app::App;
use crate::error::CliResult;
use crate::filter::{Filters, PRUNE_KEYS};

/// Arguments of `system prune`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop system prune
  orlop system prune --all --force")]
pub struct SystemPruneArgs {
    /// What to remove, and how.
    #[command(flatten)]
    pub options: PruneOptions,
}

/// Runs it.
///
/// # Errors
/// The store cannot be changed, or a filter makes no sense.
pub fn run(app: &App, args: &SystemPruneArgs) -> CliResult {
    let filters = Filters::parse(&args.options.filter, PRUNE_KEYS)?;
    let question = question(args.options.all, &filters);
    prune::run_asking(app, &args.options, "system prune", &filters, &question)
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
