//! `why`: what holds something on the disk.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::app::App;
use crate::error::CliResult;
use crate::format::compact_json;
use crate::view::why_tree;

/// How `why` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WhyFormat {
    /// A tree, from the thing up to what holds it.
    #[default]
    Tree,
    /// An object.
    Json,
}

/// Arguments of `why`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop why alpine:3.20
  orlop why 0e5574283393
  orlop why /var/lib/orlop/snapshots/overlay2/sha256-0e5574…
  orlop why --format json sha256:0e5574283393

A digest may be that of a blob (an index, a manifest, a configuration, a packed layer), of an unpacked
layer (a chain ID or a diff ID), or the beginning of one. A path may be in the store or in a mount.")]
pub struct WhyArgs {
    /// A name, a digest or its beginning, or a path
    #[arg(value_name = "NAME|DIGEST|PATH")]
    pub what: String,
    /// How to answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: WhyFormat,
    /// Show all that hold something, not only the first ten
    #[arg(short, long)]
    pub all: bool,
}

/// Runs it.
///
/// # Errors
/// Nothing, or more than one thing, is called so, or the store cannot be read.
pub fn run(app: &App, args: &WhyArgs) -> CliResult {
    let why = app.images()?.why(&args.what)?;
    let now = Timestamp::now();
    match args.format {
        WhyFormat::Tree => app.printer.text(why_tree::tree(&why, args.all, now)),
        WhyFormat::Json => app.printer.line(compact_json(&why_tree::json(&why))),
    }
}
