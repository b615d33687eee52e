//! `digest`: what names stand for.

use clap::Args;
use orlop_archive::Name;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::place::Place;

/// Arguments of `digest`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A PLACE is a NAME (or docker://NAME) in a registry, oci:DIR[:NAME], oci-archive:FILE[:NAME],
docker-archive:FILE[:NAME], or store:NAME. Nothing is pulled.

Examples:
  orlop digest alpine:3.20
  orlop digest --full-ref --platform linux/arm64 alpine:3.20
  orlop digest oci:build/layout:v1 registry.example.com/app:v1"
)]
pub struct DigestArgs {
    /// Whose digest to print, one a line
    #[arg(value_name = "PLACE", required = true)]
    pub places: Vec<Place>,
    /// The digest of this platform's manifest and not of the index: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Print the whole name, with the digest in place of the tag
    #[arg(long)]
    pub full_ref: bool,
}

/// Runs it.
///
/// # Errors
/// One of them isn't there, or has nothing for the platform.
pub fn run(app: &App, args: &DigestArgs) -> CliResult {
    let client = app.client(app.progress(true))?;
    interrupt::run(
        async |cancel| {
            for place in &args.places {
                let line = tokio::select! {
                    line = line(app, &client, place, args) => line?,
                    () = cancel.cancelled() => return Err(CliError::silent()),
                };
                app.printer.line(line)?;
            }
            Ok(())
        },
        || None,
    )
}

async fn line(
    app: &App,
    client: &orlop_distribution::Client,
    place: &Place,
    args: &DigestArgs,
) -> CliResult<String> {
    let found = place.find(app, client).await?;
    let digest = match &args.platform {
        None => found.target.digest,
        Some(platform) => {
            let raw = found.origin.image_for(&found.target, Some(platform));
            raw.await?.digest().clone()
        }
    };
    if !args.full_ref {
        return Ok(digest.to_string());
    }
    let Some(Name::Full(reference)) = found.name else {
        return Err(CliError::new(format!(
            "{place}: it has no name that begins with a repository"
        ))
        .hint("leave out --full-ref"));
    };
    Ok(reference.repository().with_digest(digest).to_string())
}
