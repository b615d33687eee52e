//! `manifest push`: a local list to its registry, with the manifests that it lacks there.

use std::sync::Arc;

use clap::Args;
use orlop_archive::Name;
use orlop_image::event::EventSink;
use orlop_image::lists::{List, pushable};
use orlop_image::{Copier, CopyOptions, Destination};

use super::manifest::{lists, name, no_such};
use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;

/// Arguments of `manifest push`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Manifests of other repositories, and of other registries, go with the list: only what is
missing moves, and within a registry blobs are mounted.

Examples:
  orlop manifest push registry.example.com/app:v1
  orlop manifest push --purge registry.example.com/app:v1"
)]
pub struct ManifestPushArgs {
    /// The list
    #[arg(value_name = "MANIFEST_LIST")]
    pub list: String,
    /// Remove the local manifest list after push
    #[arg(short, long)]
    pub purge: bool,
    /// Allow push to an insecure registry
    #[arg(long)]
    pub insecure: bool,
}

/// Runs it.
///
/// # Errors
/// There is no such list, or the registry doesn't take it.
pub fn run(app: &App, args: &ManifestPushArgs) -> CliResult {
    let target = name(&args.list)?;
    let lists = lists(app);
    let list = lists.get(&target)?.ok_or_else(|| no_such(&target))?;
    push(app, &list, args.insecure)?;
    if args.purge {
        let _lock = lists.lock()?;
        lists.remove(&target)?;
    }
    Ok(())
}

fn push(app: &App, list: &List, insecure: bool) -> CliResult {
    let progress = app.progress(false);
    let client = app.client_with(progress.clone(), insecure)?;
    let (origin, target) = pushable(&client, list)?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = CopyOptions {
        parallel: app.settings.parallel_uploads,
        ..CopyOptions::default()
    };
    let known = app.known_sources()?;
    let pushed = interrupt::run(
        async |cancel| {
            let remote = client.repository(list.name.repository());
            let to = Destination::from(remote);
            let copier = Copier::new(origin, to, &options, known.as_ref(), &events, &cancel);
            let name = Name::Full(list.name.clone());
            Ok(copier.image(&target, Some(&name)).await?)
        },
        || None,
    );
    progress.finish();
    let pushed = pushed?;
    let repository = list.name.repository();
    for entry in &list.entries {
        if entry.reference.repository() != repository {
            let digest = &entry.descriptor.digest;
            app.printer.line(format_args!(
                "Pushed ref {repository}@{digest} with digest: {digest}"
            ))?;
        }
    }
    app.printer.line(&pushed.target.digest)
}
