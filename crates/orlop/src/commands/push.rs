//! `push`: sending an image to a registry.

use std::sync::Arc;

use clap::Args;
use orlop_image::event::EventSink;
use orlop_image::model::Pushed;
use orlop_image::{Images, PushOptions};
use orlop_oci::{Platform, Reference};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;

/// Arguments of `push`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop push registry.example.com/team/app:v1
  orlop push --all-tags registry.example.com/team/app
  orlop push --platform linux/amd64 registry.example.com/team/app:v1")]
pub struct PushArgs {
    /// What to push
    #[arg(value_name = "NAME[:TAG]")]
    pub name: String,
    /// Push all tags of an image to the repository
    #[arg(short, long)]
    pub all_tags: bool,
    /// Push only this platform of a multi-platform image, without its index: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Suppress verbose output
    #[arg(short, long)]
    pub quiet: bool,
    /// Accepted for docker's sake; nothing is skipped
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub disable_content_trust: Option<bool>,
}

/// docker's note about `--platform`.
const PLATFORM_NOTE: &str =
    "Using --platform pushes only the specified platform manifest of a multi-platform image index.
Other components, like attestations, will not be included.
To push the complete multi-platform image, remove the --platform flag.
";

/// Runs it.
///
/// # Errors
/// There is no such image, or the registry doesn't take it.
pub fn run(app: &App, args: PushArgs) -> CliResult {
    let name: Reference = args.name.parse()?;
    if args.all_tags && !name.is_name_only() {
        return Err(CliError::new("tag can't be used with --all-tags/-a"));
    }
    if args.platform.is_some() && !args.quiet {
        app.printer.note(PLATFORM_NOTE);
    }
    let store = app.images()?;
    let names = if args.all_tags {
        tags_of(&store.list()?, &name)?
    } else {
        vec![name.clone().with_default_tag()]
    };
    if !args.all_tags && name.is_name_only() && !args.quiet {
        app.printer.line(format_args!(
            "Using default tag: {}",
            names[0].tag().unwrap_or_default()
        ))?;
    }
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = PushOptions {
        platform: args.platform.clone(),
        parallel: app.settings.parallel_uploads,
    };
    let remote = client.repository(name.repository());
    let result = interrupt::run(
        async |cancel| {
            let mut done = Vec::new();
            for name in &names {
                done.push(
                    store
                        .push(&remote, name, &options, &events, &cancel)
                        .await?,
                );
            }
            Ok(done)
        },
        || None,
    );
    progress.finish();
    result?
        .iter()
        .try_for_each(|pushed| report(app, &store, pushed, &args))
}

/// All names with a tag that the store has in this repository.
fn tags_of(
    images: &[orlop_image::model::ImageSummary],
    name: &Reference,
) -> CliResult<Vec<Reference>> {
    let mut names: Vec<Reference> = images
        .iter()
        .flat_map(|image| &image.tags)
        .filter(|tag| tag.repository() == name.repository())
        .cloned()
        .collect();
    names.sort();
    if names.is_empty() {
        let repository = name.repository().familiar_name();
        return Err(CliError::new(format!(
            "An image does not exist locally with the tag: {repository}"
        )));
    }
    Ok(names)
}

fn report(app: &App, store: &Images, pushed: &Pushed, args: &PushArgs) -> CliResult {
    if args.quiet {
        app.printer.line(&pushed.reference)?;
    } else {
        let label = pushed
            .reference
            .tag()
            .unwrap_or_else(|| pushed.target.digest.as_str());
        app.printer.line(format_args!(
            "{label}: digest: {} size: {}",
            pushed.target.digest, pushed.target.size
        ))?;
    }
    if pushed.single_platform && args.platform.is_none() {
        let index = store
            .inspect(&pushed.reference.familiar(), None)?
            .target
            .digest;
        app.printer.note(format_args!(
            "Not all multiplatform-content is present and only the available single-platform image was pushed\n\
             {index} -> {}",
            pushed.target.digest
        ));
    }
    Ok(())
}
