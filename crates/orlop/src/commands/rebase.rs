//! `rebase`: an image on another base, without building it again.

use clap::Args;
use orlop_archive::Name;
use orlop_image::edit::{BaseImage, Bases, Operation};

use crate::app::App;
use crate::editing::{self, EditArgs, Editing};
use crate::error::CliResult;
use crate::place::Place;

/// Arguments of `rebase`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What isn't said of the bases is read from the image's annotations
org.opencontainers.image.base.name and org.opencontainers.image.base.digest, which are set afterwards.
The layers above the old base are put onto the new one as they are: whether they fit there, only a
test can tell.

Examples:
  orlop rebase registry.example.com/app:v1
  orlop rebase --old-base debian:12.10 --new-base debian:12.11 -t registry.example.com/app:v1.1 \\
      registry.example.com/app:v1"
)]
pub struct RebaseArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "they say it themselves")]
    pub image: EditArgs,
    /// Old base image to remove
    #[arg(long, alias = "old_base", value_name = "PLACE")]
    pub old_base: Option<Place>,
    /// New base image to insert
    #[arg(long, alias = "new_base", value_name = "PLACE")]
    pub new_base: Option<Place>,
}

/// Runs it.
///
/// # Errors
/// The image doesn't stand on the old base, one of them isn't there, or the new place doesn't take it.
pub fn run(app: &App, args: &RebaseArgs) -> CliResult {
    editing::run(app, args.image.quiet, async |editing| {
        let old = base(editing, args.old_base.as_ref()).await?;
        let new = base(editing, args.new_base.as_ref()).await?;
        let bases = Bases::new(editing.client.clone(), old, new);
        let operation = Operation::Rebase(Box::new(bases));
        editing.edit(&args.image, operation).await
    })
}

async fn base(editing: &Editing<'_>, place: Option<&Place>) -> CliResult<Option<BaseImage>> {
    let Some(place) = place else { return Ok(None) };
    let found = editing.find(place).await?;
    let name = match (&found.name, place) {
        (Some(Name::Full(reference)), _) => reference.to_string(),
        _ => place.to_string(),
    };
    Ok(Some(BaseImage {
        origin: found.origin,
        target: found.target,
        name,
    }))
}
