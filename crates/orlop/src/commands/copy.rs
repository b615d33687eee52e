//! `copy`: an image, or a whole repository, from one place to another, without unpacking it.

use std::sync::Arc;

use clap::Args;
use orlop_archive::Name;
use orlop_distribution::Client;
use orlop_image::event::EventSink;
use orlop_image::{Cancel, Copied, Copier, CopyOptions, Moved, Origin, Platforms};
use orlop_oci::{Platform, Reference};
use orlop_pattern::TagSelection;
use orlop_store::Store;

use super::copy_tags::CopyTagsArgs;
use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::place::{self, Found, Place};
use crate::units;

/// Arguments of `copy`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A PLACE is a NAME (or docker://NAME) in a registry, oci:DIR[:NAME], oci-archive:FILE[:NAME],
docker-archive:FILE[:NAME], or store:NAME. Everything is copied as it is: all platforms, no digest
changes. Only what the destination lacks is sent.

Examples:
  orlop copy alpine:3.20 registry.example.com/mirror/alpine:3.20
  orlop copy --referrers --digest-tags registry.example.com/app:v1 other.example.com/app:v1
  orlop copy --all-tags registry.example.com/app other.example.com/app
  orlop copy --semver '>=1.4, <2' --exclude '*-debug' registry.example.com/app oci:layout
  orlop copy --platform linux/arm64 alpine:3.20 docker-archive:alpine.tar"
)]
pub struct CopyArgs {
    /// What to copy
    #[arg(value_name = "SOURCE_PLACE")]
    pub source: Place,
    /// Where to
    #[arg(value_name = "TARGET_PLACE")]
    pub target: Place,
    /// Copy all tags of a repository; both places are names without a tag
    #[arg(short, long)]
    pub all_tags: bool,
    /// Which of them; any of these implies --all-tags
    #[command(flatten)]
    pub selected: CopyTagsArgs,
    /// Copy only this platform's manifest; several: the index with only these: os[/arch[/variant]]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Copy what names the image as its subject: signatures, SBOMs, attestations
    #[arg(long)]
    pub referrers: bool,
    /// Copy tags that are made of the image's digest, as cosign's
    #[arg(long)]
    pub digest_tags: bool,
    /// Look at every manifest and blob, also where the target is up to date
    #[arg(long)]
    pub recheck: bool,
    /// Print only digests
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// The source doesn't give the image, or the target doesn't take it.
pub fn run(app: &App, args: CopyArgs) -> CliResult {
    let selection = args.selected.selection()?;
    let whole = args.all_tags || !selection.is_all();
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let copying = Copying {
        app,
        client: &client,
        options: CopyOptions {
            platforms: args.platform.clone(),
            referrers: args.referrers,
            digest_tags: args.digest_tags,
            recheck: args.recheck,
            parallel: app.settings.parallel_uploads,
        },
        known: app.known_sources()?,
        events,
        args: &args,
    };
    let result = interrupt::run(
        async |cancel| match whole {
            true => copying.repository(&selection, &cancel).await,
            false => copying.one(&cancel).await,
        },
        || None,
    );
    progress.finish();
    let moved = result?;
    if !args.quiet && moved != Moved::default() {
        app.printer.note(summary(&moved));
    }
    Ok(())
}

/// One run of the command.
struct Copying<'a> {
    app: &'a App,
    client: &'a Client,
    options: CopyOptions,
    known: Option<Store>,
    events: Arc<dyn EventSink>,
    args: &'a CopyArgs,
}

impl Copying<'_> {
    async fn one(&self, cancel: &Cancel) -> CliResult<Moved> {
        let found = self.args.source.find(self.app, self.client).await?;
        if let Place::Store(name) = &self.args.target {
            return self.bring_in(&found, name, cancel).await;
        }
        let (target, name) = self.args.target.open(self.client, found.name)?;
        let copier = Copier::new(
            found.origin,
            target,
            &self.options,
            self.known.as_ref(),
            &self.events,
            cancel,
        );
        let copied = copier.image(&found.target, name.as_ref()).await?;
        let moved = copier.finish().await?;
        self.report(&self.args.target.to_string(), &copied)?;
        Ok(moved)
    }

    async fn bring_in(&self, found: &Found, name: &str, cancel: &Cancel) -> CliResult<Moved> {
        let platforms = match self.args.platform.as_slice() {
            [] => Platforms::All,
            platforms => Platforms::These(platforms.to_vec()),
        };
        let (from, target) = (&found.origin, &found.target);
        let events = &self.events;
        let loaded = place::bring_in(self.app, from, target, name, platforms, events, cancel);
        let loaded = loaded.await?;
        let copied = Copied {
            target: loaded.target,
            was_there: false,
            referrers: 0,
        };
        self.report(&self.args.target.to_string(), &copied)?;
        Ok(Moved::default())
    }

    async fn repository(&self, selection: &TagSelection, cancel: &Cancel) -> CliResult<Moved> {
        let source = repository_of(&self.args.source)?;
        let remote = self.client.repository(source.repository());
        let tags = tokio::select! {
            tags = remote.tags() => tags.map_err(|error| registry_error(&error))?,
            () = cancel.cancelled() => return Err(CliError::silent()),
        };
        let count = tags.len();
        let tags = selection.select(tags);
        if tags.is_empty() && !selection.is_all() {
            let name = source.familiar();
            return Err(CliError::new(format!(
                "{name}: none of its {count} tags is selected"
            )));
        }
        if let Place::Registry(target) = &self.args.target
            && !target.is_name_only()
        {
            return Err(tagged());
        }
        let (target, _) = self.args.target.open(self.client, None)?;
        let copier = Copier::new(
            Origin::Registry(remote.clone()),
            target,
            &self.options,
            self.known.as_ref(),
            &self.events,
            cancel,
        );
        for tag in tags {
            let from = source.repository().with_tag(&tag)?;
            let descriptor = remote
                .resolve(orlop_distribution::ManifestRef::Tag(&tag))
                .await
                .map_err(|error| registry_error(&error))?;
            let to = match &self.args.target {
                Place::Registry(target) => target.repository().with_tag(&tag)?,
                _ => from,
            };
            let copied = copier
                .image(&descriptor, Some(&Name::Full(to.clone())))
                .await?;
            self.report(&to.familiar(), &copied)?;
        }
        Ok(copier.finish().await?)
    }

    fn report(&self, place: &str, copied: &Copied) -> CliResult {
        let target = &copied.target;
        if self.args.quiet {
            return self.app.printer.line(&target.digest);
        }
        let there = if copied.was_there { " (was there)" } else { "" };
        self.app.printer.line(format_args!(
            "{place}: digest: {} size: {}{there}",
            target.digest, target.size
        ))
    }
}

fn repository_of(place: &Place) -> CliResult<&Reference> {
    match place {
        Place::Registry(name) if name.is_name_only() => Ok(name),
        Place::Registry(_) => Err(tagged()),
        _ => Err(CliError::new(
            "--all-tags/-a needs a repository as its source",
        )),
    }
}

fn tagged() -> CliError {
    CliError::new("tag can't be used with --all-tags/-a")
}

fn summary(moved: &Moved) -> String {
    format!(
        "{} blobs sent ({}), {} mounted, {} were there, {} manifests sent",
        moved.blobs,
        units::size(moved.bytes),
        moved.mounted,
        moved.there,
        moved.manifests
    )
}
