//! `tag ls`: the tags of a repository.

use clap::Args;
use orlop_archive::Name;
use orlop_distribution::TagRange;
use orlop_oci::Reference;
use serde_json::json;

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::format::indented_json;
use crate::interrupt;
use crate::place::Place;

/// Arguments of `tag ls`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "The tags come in the registry's order.

Examples:
  orlop tag ls alpine
  orlop tag ls --last 3.18 --limit 10 alpine
  orlop tag ls --json registry.example.com/team/app
  orlop tag ls oci:build/layout")]
pub struct TagLsArgs {
    /// The repository; or a layout or archive, whose names are listed
    pub repository: Place,
    /// List at most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// List only what comes after this tag
    #[arg(long, value_name = "TAG")]
    pub last: Option<String>,
    /// Print one JSON object, as skopeo does
    #[arg(long)]
    pub json: bool,
}

impl TagLsArgs {
    /// Of a name and nothing else.
    pub(super) fn bare(name: &str) -> CliResult<Self> {
        Ok(Self {
            repository: name.parse()?,
            limit: None,
            last: None,
            json: false,
        })
    }

    /// Nothing but a name was typed, that may be an image's: how it was typed.
    pub(super) fn as_bare(&self) -> Option<String> {
        let is_bare = self.limit.is_none() && self.last.is_none() && !self.json;
        match &self.repository {
            Place::Registry(name) if is_bare => Some(name.familiar()),
            _ => None,
        }
    }
}

/// Runs it.
///
/// # Errors
/// The repository isn't there or can't be read.
pub fn run(app: &App, args: &TagLsArgs) -> CliResult {
    let tags = match &args.repository {
        Place::Registry(name) => of_registry(app, name, args)?,
        Place::Layout(place) | Place::OciArchive(place) | Place::DockerArchive(place) => {
            if let Some(name) = &place.name {
                return Err(named(name));
            }
            let local = place.read(app)?;
            let names = local.images().iter().flat_map(|image| &image.names);
            let names: Vec<String> = names.map(Name::text).collect();
            cut(names, args)
        }
        Place::Store(_) => {
            return Err(
                CliError::new("tag ls is for registries, layouts and archives")
                    .hint("`orlop images` lists what the store has"),
            );
        }
    };
    if !args.json {
        return tags.iter().try_for_each(|tag| app.printer.line(tag));
    }
    let repository = match &args.repository {
        Place::Registry(name) => name.repository().to_string(),
        place => place.to_string(),
    };
    let list = json!({"Repository": repository, "Tags": tags});
    app.printer.line(indented_json(&list))
}

fn of_registry(app: &App, name: &Reference, args: &TagLsArgs) -> CliResult<Vec<String>> {
    if !name.is_name_only() {
        return Err(named(&name.familiar()));
    }
    let client = app.client(app.progress(true))?;
    let remote = client.repository(name.repository());
    let range = TagRange {
        after: args.last.clone(),
        limit: args.limit,
    };
    interrupt::run(
        async |cancel| {
            tokio::select! {
                tags = remote.tags_in(&range) => tags.map_err(|error| registry_error(&error)),
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    )
}

fn cut(mut names: Vec<String>, args: &TagLsArgs) -> Vec<String> {
    if let Some(last) = &args.last
        && let Some(at) = names.iter().position(|name| name == last)
    {
        names.drain(..=at);
    }
    names.truncate(args.limit.unwrap_or(usize::MAX));
    names
}

fn named(name: &str) -> CliError {
    CliError::new(format!("{name}: tag ls lists a whole repository"))
        .hint("give its name without a tag or digest")
}
