//! `tag`: another name for an image; and what is asked of tags.
//!
//! Docker's `tag SOURCE TARGET` came first: `tag log NAME` is a question only because nobody calls an
//! image `log` (and `tag ls NAME` because nobody calls one `ls`). Who does, and types exactly these two
//! words, gets what docker does.

use clap::{Args, Subcommand};

use super::tag_log::{self, TagLogArgs};
use super::tag_ls::{self, TagLsArgs};
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
gives that image the name NAME, as docker does. `docker.io/library/log` always means the image. So
does `orlop tag ls REPOSITORY`.

Examples:
  orlop tag alpine:3.20 registry.example.com/team/alpine:3.20
  orlop tag 0e5574283393 fedora/httpd:version1.0
  orlop tag log alpine:3.20
  orlop tag ls registry.example.com/team/alpine"
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
    /// List the tags of a repository
    Ls(TagLsArgs),
}

impl TagQuestion {
    /// The two words that docker would have read, when nothing else was typed.
    fn as_docker_reads_it(&self) -> Option<(String, String)> {
        match self {
            Self::Log(args) => args
                .is_bare()
                .then(|| ("log".to_owned(), args.name.clone())),
            Self::Ls(args) => Some(("ls".to_owned(), args.as_bare()?)),
        }
    }

    /// The question that two words are, which an option before them made names.
    fn of_words(source: &str, target: &str) -> CliResult<Option<Self>> {
        Ok(match source {
            "log" => Some(Self::Log(TagLogArgs::bare(target))),
            "ls" => Some(Self::Ls(TagLsArgs::bare(target)?)),
            _ => None,
        })
    }
}

/// Runs it. As docker, it says nothing when it gives a name.
///
/// # Errors
/// The image isn't there, or the name is none.
pub fn run(app: &App, args: &TagArgs) -> CliResult {
    let words = match (&args.question, &args.source, &args.target) {
        (Some(question), ..) => question.as_docker_reads_it(),
        (None, Some(source), Some(target)) => Some((source.clone(), target.clone())),
        (None, ..) => return Err(CliError::new("tag needs a SOURCE_IMAGE and a TARGET_IMAGE")),
    };
    let question = match (&args.question, &words) {
        (None, Some((source, target))) => TagQuestion::of_words(source, target)?,
        (question, _) => question.clone(),
    };
    if let Some(TagQuestion::Ls(args)) = &question
        && app.known_sources()?.is_none()
    {
        // Without a store no image is called `ls`, and none has to be made to list tags.
        return tag_ls::run(app, args);
    }
    let images = app.images()?;
    match (question, words) {
        (None, Some((source, target))) => images.tag(&source, &target).map(drop)?,
        (Some(_), Some((source, target))) if images.inspect(&source, None).is_ok() => {
            images.tag(&source, &target).map(drop)?;
        }
        (Some(TagQuestion::Log(args)), _) => tag_log::run(app, &images, &args)?,
        (Some(TagQuestion::Ls(args)), _) => tag_ls::run(app, &args)?,
        (None, None) => {}
    }
    Ok(())
}
