//! `pull`: bringing an image from a registry.

use std::sync::Arc;

use clap::Args;
use orlop_distribution::Client;
use orlop_image::event::EventSink;
use orlop_image::model::Pulled;
use orlop_image::{Cancel, Images, Origin, Platforms, PullOptions};
use orlop_oci::{Platform, Reference};

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::scanning;

/// Arguments of `pull`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop pull alpine:3.20
  orlop pull --platform linux/arm64 registry.example.com/team/app:v1
  orlop pull --all-platforms debian@sha256:DIGEST")]
pub struct PullArgs {
    /// What to pull
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub name: String,
    /// Download all tagged images in the repository
    #[arg(short, long)]
    pub all_tags: bool,
    /// Pull all platforms of the image
    #[arg(long, conflicts_with = "platform")]
    pub all_platforms: bool,
    /// Pull this platform, or these: os[/arch[/variant]] [env: DOCKER_DEFAULT_PLATFORM]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Suppress verbose output
    #[arg(short, long)]
    pub quiet: bool,
    /// Accepted for docker's sake; nothing is skipped
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub disable_content_trust: Option<bool>,
}

/// Runs it.
///
/// # Errors
/// The registry doesn't give the image, or the disk doesn't take it.
pub fn run(app: &App, args: PullArgs) -> CliResult {
    let name: Reference = args.name.parse()?;
    if args.all_tags && !name.is_name_only() {
        return Err(CliError::new("tag can't be used with --all-tags/-a"));
    }
    let reference = name.clone().with_default_tag();
    if !args.all_tags && name.is_name_only() && !args.quiet {
        let tag = reference.tag().unwrap_or_default();
        app.printer.line(format_args!("Using default tag: {tag}"))?;
    }
    let store = app.images()?;
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let pulling = Pulling {
        app,
        args: &args,
        store: &store,
        client: &client,
        events,
    };
    let result = interrupt::run(
        async |cancel| match args.all_tags {
            true => pulling.all_tags(&name, &cancel, || progress.finish()).await,
            false => {
                let pulled = pulling.one(&reference, &cancel).await;
                progress.finish();
                pulling.report(&pulled?)
            }
        },
        || progress.kept(),
    );
    progress.finish();
    result?;
    app.printer.line(if args.all_tags {
        name.to_string()
    } else {
        reference.to_string()
    })
}

/// One run of the command.
struct Pulling<'a> {
    app: &'a App,
    args: &'a PullArgs,
    store: &'a Images,
    client: &'a Client,
    events: Arc<dyn EventSink>,
}

impl Pulling<'_> {
    async fn one(&self, reference: &Reference, cancel: &Cancel) -> CliResult<Pulled> {
        let origin = Origin::Registry(self.client.repository(reference.repository()));
        let options = PullOptions {
            platforms: self.platforms(),
            parallel: self.app.settings.parallel_downloads,
            bounds: self.app.settings.bounds.clone(),
            observers: scanning::observers(self.app, self.store),
            ..PullOptions::default()
        };
        Ok(self
            .store
            .pull(&origin, reference, &options, &self.events, cancel)
            .await?)
    }

    async fn all_tags(&self, name: &Reference, cancel: &Cancel, finish: impl Fn()) -> CliResult {
        let remote = self.client.repository(name.repository());
        let tags = tokio::select! {
            tags = remote.tags() => tags.map_err(|error| registry_error(&error))?,
            () = cancel.cancelled() => return Err(CliError::silent()),
        };
        for tag in tags {
            let pulled = self.one(&name.repository().with_tag(&tag)?, cancel).await?;
            self.report(&pulled)?;
        }
        finish();
        Ok(())
    }

    fn platforms(&self) -> Platforms {
        if self.args.all_platforms {
            return Platforms::All;
        }
        let mut wanted = self.args.platform.clone();
        if wanted.is_empty() {
            wanted.extend(self.app.platform(None));
        }
        if wanted.is_empty() {
            Platforms::Host
        } else {
            Platforms::These(wanted)
        }
    }

    fn report(&self, pulled: &Pulled) -> CliResult {
        if self.args.quiet {
            return Ok(());
        }
        let printer = &self.app.printer;
        printer.line(format_args!("Digest: {}", pulled.target.digest))?;
        let name = pulled.reference.familiar();
        if let Some(before) = &pulled.moved_from {
            printer.note(format_args!(
                "{name} moved from {before} to {}",
                pulled.target.digest
            ));
        }
        printer.line(if pulled.changed {
            format!("Status: Downloaded newer image for {name}")
        } else {
            format!("Status: Image is up to date for {name}")
        })
    }
}
