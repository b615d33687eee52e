//! `manifest create`: a local list of manifests that registries have.

use clap::Args;
use orlop_image::lists::{List, ListEntry, fetch_entries};
use orlop_oci::Reference;
use orlop_store::Store;

use super::manifest::{absent, lists, name};
use crate::app::App;
use crate::error::{CliError, CliResult, chain};
use crate::interrupt;

/// Arguments of `manifest create`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A MANIFEST that is an index itself comes as all its manifests, attestations included.

Examples:
  orlop manifest create registry.example.com/app:v1 registry.example.com/app:v1-amd64
  orlop manifest create --amend registry.example.com/app:v1 registry.example.com/app:v1-arm64"
)]
pub struct ManifestCreateArgs {
    /// What the list is pushed as
    #[arg(value_name = "MANIFEST_LIST")]
    pub list: String,
    /// Images in registries
    #[arg(value_name = "MANIFEST", required = true)]
    pub manifests: Vec<String>,
    /// Amend an existing manifest list
    #[arg(short, long)]
    pub amend: bool,
    /// Allow communication with an insecure registry
    #[arg(long)]
    pub insecure: bool,
}

/// Runs it.
///
/// # Errors
/// The list is there already, or a manifest isn't. Then nothing is changed.
pub fn run(app: &App, args: &ManifestCreateArgs) -> CliResult {
    let target = name(&args.list)?;
    let names: Vec<Reference> = args
        .manifests
        .iter()
        .map(|text| name(text))
        .collect::<CliResult<_>>()?;
    let lists = lists(app);
    let known = lists.get(&target)?;
    if known.is_some() && !args.amend {
        return Err(CliError::new(
            "refusing to amend an existing manifest list with no --amend flag",
        ));
    }
    let missing = names.iter().filter(|name| {
        let known = known.as_ref();
        known.is_none_or(|list| list.get(name).is_none())
    });
    let found = fetch(app, missing.cloned().collect(), args.insecure)?;
    // The folder is the store's: it is made as such.
    let root = &app.settings.root;
    Store::open(root).map_err(|error| {
        CliError::new(chain(&error)).context(format_args!("store {}", root.display()))
    })?;
    let lock = lists.lock()?;
    // Somebody else may have amended it meanwhile.
    let known = lists.get(&target)?;
    let mut list = known.unwrap_or_else(|| List::new(target.clone()));
    for entry in found {
        list.put(entry);
    }
    lists.put(&list, &lock)?;
    app.printer
        .line(format_args!("Created manifest list {target}"))
}

fn fetch(app: &App, names: Vec<Reference>, insecure: bool) -> CliResult<Vec<ListEntry>> {
    let progress = app.progress(true);
    let client = app.client_with(progress, insecure)?;
    interrupt::run(
        async |cancel| {
            let mut found = Vec::new();
            for name in names {
                let entries = fetch_entries(&client, &name, &cancel).await;
                found.extend(entries.map_err(|error| absent(&name, error))?);
            }
            Ok(found)
        },
        || None,
    )
}
