//! Which tags of a repository `copy` takes.

use clap::Args;
use orlop_pattern::{TagPattern, TagPatterns, TagSelection, range};

use crate::error::{CliError, CliResult};

/// The options that select tags.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Tags of a whole repository")]
pub struct CopyTagsArgs {
    /// Copy the tags that match: a glob, or a regular expression as /REGEX/
    #[arg(long, value_name = "PATTERN")]
    pub tags: Vec<String>,
    /// Leave out the tags that match
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Copy the tags that are versions in this range, as \">=1.2, <2\"
    #[arg(long, value_name = "RANGE")]
    pub semver: Option<String>,
    /// Count pre-releases as versions
    #[arg(long)]
    pub prereleases: bool,
    /// Copy only so many of the highest versions
    #[arg(long, visible_alias = "last", value_name = "NUMBER")]
    pub latest: Option<usize>,
}

impl CopyTagsArgs {
    /// What they select.
    ///
    /// # Errors
    /// A pattern or the range can't be read, or `--prereleases` has nothing to say it of.
    pub fn selection(&self) -> CliResult<TagSelection> {
        let patterns = |option: &str, texts: &[String]| {
            let patterns: Vec<TagPattern> = texts.iter().map(|t| TagPattern::of(t)).collect();
            TagPatterns::new(&patterns)
                .map_err(|error| CliError::usage(error).context(format_args!("--{option}")))
        };
        let semver = self.semver.as_deref().map(range).transpose();
        let selection = TagSelection {
            include: patterns("tags", &self.tags)?,
            exclude: patterns("exclude", &self.exclude)?,
            semver: semver.map_err(|error| CliError::usage(error).context("--semver"))?,
            prereleases: self.prereleases,
            latest: self.latest,
        };
        if self.prereleases && selection.semver.is_none() && selection.latest.is_none() {
            return Err(CliError::usage(
                "--prereleases needs --semver or --latest beside it",
            ));
        }
        Ok(selection)
    }
}
