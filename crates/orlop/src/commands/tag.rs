//! `tag`: another name for an image; and what is asked of tags.
//!
//! Docker's `tag SOURCE TARGET` came first: `tag log NAME` is a question only because nobody calls an
//! image `log`. Who does, and types exactly these two words, gets what docker does.

use clap::{Args, Subcommand};

use super::tag_log::{self, TagLogArgs};
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `tag`.
#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    subcommand_value_name = "QUESTION",
    subcommand_help_heading = "Questions",
    after_help = "`orlop tag log NAME` is a question, unless there is an image called `log`: then it
gives that image the name NAME, as docker does. `docker.io/library/log` always means the image.

Examples:
  orlop tag alpine:3.20 registry.example.com/team/alpine:3.20
  orlop tag 0e5574283393 fedora/httpd:version1.0
  orlop tag log alpine:3.20"
)]
pub struct TagArgs {
    /// A name or ID of the image
    #[arg(value_name = "SOURCE_IMAGE[:TAG]", required = true)]
    pub source: Option<String>,
    /// Its new name
    #[arg(value_name = "TARGET_IMAGE[:TAG]", required = true)]
    pub target: Option<String>,
    /// What is asked.
    #[command(subcommand)]
    pub question: Option<TagQuestion>,
}

/// What can be asked of tags.
#[derive(Clone, Debug, Subcommand)]
pub enum TagQuestion {
    /// Show which digests a name had, and since when
    Log(TagLogArgs),
}

impl TagQuestion {
    /// The two words that docker would have read, when nothing else was typed.
    fn as_docker_reads_it(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Log(args) => args.is_bare().then_some(("log", &args.name)),
        }
    }

    /// The question that two words are, which an option before them made names.
    fn of_words(source: &str, target: &str) -> Option<Self> {
        (source == "log").then(|| Self::Log(TagLogArgs::bare(target)))
    }
}

/// Runs it. As docker, it says nothing when it gives a name.
///
/// # Errors
/// The image isn't there, or the name is none.
pub fn run(app: &App, args: &TagArgs) -> CliResult {
    let images = app.images()?;
    let words = match (&args.question, &args.source, &args.target) {
        (Some(question), ..) => question.as_docker_reads_it(),
        (None, Some(source), Some(target)) => Some((source.as_str(), target.as_str())),
        (None, ..) => return Err(CliError::new("tag needs a SOURCE_IMAGE and a TARGET_IMAGE")),
    };
    let question = args.question.clone().or_else(|| {
        let (source, target) = words?;
        TagQuestion::of_words(source, target)
    });
    match (question, words) {
        (None, Some((source, target))) => images.tag(source, target).map(drop)?,
        (Some(_), Some((source, target))) if images.inspect(source, None).is_ok() => {
            images.tag(source, target).map(drop)?;
        }
        (Some(TagQuestion::Log(args)), _) => tag_log::run(app, &images, &args)?,
        (None, None) => {}
    }
    Ok(())
}
