//! `tag log`: which digests a name had, when, and why.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_image::Images;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::format::LIST_HELP;
use crate::view::tag_log::{Options, listing};

/// Arguments of `tag log`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The record is the store's own: it begins when the name first came into this store.

Examples:
  orlop tag log alpine:3.20
  orlop tag log --no-trunc --format '{{.At}} {{.Previous}} {{.Digest}}' alpine:3.20"
)]
pub struct TagLogArgs {
    /// The name; without a tag `latest` is meant
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub name: String,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Don't truncate output
    #[arg(long)]
    pub no_trunc: bool,
}

impl TagLogArgs {
    /// Of a name and nothing else.
    pub(super) fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            format: None,
            no_trunc: false,
        }
    }

    /// Nothing but a name was typed.
    pub(super) fn is_bare(&self) -> bool {
        self.format.is_none() && !self.no_trunc
    }
}

/// Runs it.
///
/// # Errors
/// The name is none or was never in the store, or the format makes no sense.
pub fn run(app: &App, images: &Images, args: &TagLogArgs) -> CliResult {
    let changes = images.tag_history(&args.name)?;
    if changes.is_empty() {
        return Err(CliError::new(format!(
            "{}: this store has never had the name",
            args.name
        )));
    }
    let options = Options {
        no_trunc: args.no_trunc,
        now: Timestamp::now(),
        zone: TimeZone::system(),
    };
    let text = listing(&changes, &options).render(args.format.as_deref())?;
    app.printer.text(text)
}
