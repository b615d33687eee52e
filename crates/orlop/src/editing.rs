//! What `mutate`, `append`, `rebase` and `flatten` have in common: an image of a place is edited, and what
//! comes of it goes to a place.

use std::sync::Arc;

use clap::Args;
use orlop_archive::Name;
use orlop_distribution::Client;
use orlop_image::edit::{Edition, Operation, edit};
use orlop_image::event::EventSink;
use orlop_image::{Cancel, Copier, CopyOptions, Platforms};
use orlop_oci::{Digest, Platform, Reference};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::place::{self, Found, Place};

/// What is edited, and where to.
#[derive(Args, Clone, Debug)]
pub struct EditArgs {
    /// The image: a NAME in a registry, or another place (see `orlop copy --help`)
    #[arg(value_name = "PLACE")]
    pub image: Place,
    /// Where the edited image goes; without it, to where the image is
    #[arg(short, long, value_name = "PLACE")]
    pub tag: Option<Place>,
    /// Of an image for several platforms, edit only these; the others stay: os[/arch[/variant]]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Print only the result
    #[arg(short, long)]
    pub quiet: bool,
}

/// One run of a command that edits.
pub struct Editing<'a> {
    app: &'a App,
    /// Looks registries up.
    pub client: &'a Client,
    events: Arc<dyn EventSink>,
    /// Hears Ctrl-C.
    pub cancel: Cancel,
}

/// Runs a command that edits, and prints the name of what came of it.
///
/// # Errors
/// Those of the command.
pub fn run(
    app: &App,
    quiet: bool,
    work: impl AsyncFnOnce(&Editing<'_>) -> CliResult<String>,
) -> CliResult {
    let progress = app.progress(quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let result = interrupt::run(
        async |cancel| {
            let editing = Editing {
                app,
                client: &client,
                events,
                cancel,
            };
            work(&editing).await
        },
        || None,
    );
    progress.finish();
    app.printer.line(result?)
}

impl Editing<'_> {
    /// Looks for an image.
    ///
    /// # Errors
    /// It isn't there.
    pub async fn find(&self, place: &Place) -> CliResult<Found> {
        tokio::select! {
            found = place.find(self.app, self.client) => found,
            () = self.cancel.cancelled() => Err(CliError::silent()),
        }
    }

    /// Edits the image that the arguments name, and brings it to where they say.
    ///
    /// # Errors
    /// The image can't be edited so, or its new place doesn't take it.
    pub async fn edit(&self, args: &EditArgs, operation: Operation) -> CliResult<String> {
        let target = self.target(args)?;
        let found = self.find(&args.image).await?;
        self.edit_found(found, &target, &args.platform, operation)
            .await
    }

    /// The same with an image that was found.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn edit_found(
        &self,
        found: Found,
        target: &Place,
        platforms: &[Platform],
        operation: Operation,
    ) -> CliResult<String> {
        let edition = edit(
            &found.origin,
            &found.target,
            platforms,
            operation,
            &self.cancel,
        )
        .await?;
        self.report(&edition);
        self.deliver(&edition, target, found.name).await?;
        Ok(named(target, &edition.target.digest))
    }

    /// Where it goes.
    fn target(&self, args: &EditArgs) -> CliResult<Place> {
        let unnamed = |why: &str| {
            CliError::new(format!("{}: {why}", args.image))
                .hint("--tag says where the edited image goes")
        };
        match (&args.tag, &args.image) {
            (Some(tag), _) => Ok(tag.clone()),
            (None, Place::OciArchive(_) | Place::DockerArchive(_)) => {
                Err(unnamed("an archive can't be changed where it is"))
            }
            (None, Place::Store(name)) => {
                let reference = name.parse::<Reference>().ok();
                let reference = reference.map(Reference::with_default_tag);
                let known = match &reference {
                    Some(reference) => {
                        let names = self.app.images()?.tags_of(reference.repository())?;
                        names.contains(reference)
                    }
                    None => false,
                };
                match known {
                    true => Ok(args.image.clone()),
                    false => Err(unnamed("it is no name of the store")),
                }
            }
            (None, place) => Ok(place.clone()),
        }
    }

    fn report(&self, edition: &Edition) {
        if edition.attestations > 0 {
            let (count, s) = (edition.attestations, plural(edition.attestations));
            let text = format!("{count} attestation{s} of what was edited left out");
            self.app.printer.note(text);
        }
        if !edition.missing.is_empty() {
            let missing = edition.missing.join(", ");
            let text = format!("left out, because it isn't there: {missing}");
            self.app.printer.warn(text);
        }
    }

    async fn deliver(&self, edition: &Edition, target: &Place, name: Option<Name>) -> CliResult {
        if let Place::Store(name) = target {
            let (from, to) = (&edition.origin, &edition.target);
            let (platforms, events) = (Platforms::All, &self.events);
            place::bring_in(self.app, from, to, name, platforms, events, &self.cancel).await?;
            return Ok(());
        }
        let (destination, name) = target.open(self.client, name)?;
        // What it was called by its digest before has another one now.
        let name = name.filter(|name| match name {
            Name::Full(reference) => reference.digest().is_none(),
            Name::Bare(_) => true,
        });
        let options = CopyOptions {
            parallel: self.app.settings.parallel_uploads,
            ..CopyOptions::default()
        };
        let known = self.app.known_sources()?;
        let copier = Copier::new(
            edition.origin.clone(),
            destination,
            &options,
            known.as_ref(),
            &self.events,
            &self.cancel,
        );
        copier.image(&edition.target, name.as_ref()).await?;
        copier.finish().await?;
        Ok(())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// As crane prints it: where it is, by its digest.
fn named(target: &Place, digest: &Digest) -> String {
    match target {
        Place::Registry(name) => format!("{}@{digest}", name.repository().familiar_name()),
        _ => digest.to_string(),
    }
}
