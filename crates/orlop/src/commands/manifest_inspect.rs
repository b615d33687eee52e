//! `manifest inspect`: a manifest or a list, of a registry or a local one.

use base64::Engine as _;
use clap::Args;
use orlop_distribution::ManifestRef;
use orlop_image::lists::{ListEntry, fetch_entries, list_of};
use orlop_oci::edit::docker_list_of;
use orlop_oci::{Manifest, MediaType, Raw, Reference, go_json};
use serde_json::{Value, json};

use super::manifest::{absent, lists, name, no_such};
use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;

/// Arguments of `manifest inspect`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop manifest inspect alpine:3.20
  orlop manifest inspect --verbose alpine:3.20
  orlop manifest inspect registry.example.com/app:v1 registry.example.com/app:v1-arm64")]
pub struct ManifestInspectArgs {
    /// The local list that has the manifest, and the manifest; or only that, in a registry
    #[arg(value_names = ["MANIFEST_LIST", "MANIFEST"], num_args = 1..=2, required = true)]
    pub names: Vec<String>,
    /// Output additional info including layers and platform
    #[arg(short, long)]
    pub verbose: bool,
    /// Allow communication with an insecure registry
    #[arg(long)]
    pub insecure: bool,
}

/// Runs it.
///
/// # Errors
/// It isn't there.
pub fn run(app: &App, args: &ManifestInspectArgs) -> CliResult {
    let shown = match args.names.as_slice() {
        [list, manifest] => {
            let (list, manifest) = (name(list)?, name(manifest)?);
            let known = lists(app).get(&list)?;
            let entry = known.as_ref().and_then(|list| list.get(&manifest));
            let entry = entry.ok_or_else(|| no_such(&manifest))?;
            match args.verbose {
                true => indented(&details(entry)?),
                false => go_json::indented(&text(&entry.manifest)?, "\t"),
            }
        }
        names => {
            let name = name(names.last().map_or("", String::as_str))?;
            match lists(app).get(&name)? {
                Some(list) if args.verbose => indented(&all_details(&list.entries)?),
                Some(list) => text(&list_of(&list))?,
                None => remote(app, &name, args)?,
            }
        }
    };
    app.printer.line(shown)
}

fn remote(app: &App, name: &Reference, args: &ManifestInspectArgs) -> CliResult<String> {
    let client = app.client_with(app.progress(true), args.insecure)?;
    interrupt::run(
        async |cancel| {
            let remote = client.repository(name.repository());
            let asking = remote.manifest(ManifestRef::of(name));
            let raw = tokio::select! {
                raw = asking => raw.map_err(|error| absent(name, error.into()))?,
                () = cancel.cancelled() => return Err(CliError::silent()),
            };
            if args.verbose {
                // By its digest: the name may move meanwhile.
                let entries = fetch_entries(&client, name, &cancel).await;
                let entries = entries.map_err(|error| absent(name, error))?;
                return Ok(indented(&match entries.as_slice() {
                    [entry] if entry.reference == *name => details(entry)?,
                    entries => all_details(entries)?,
                }));
            }
            match raw.manifest() {
                Ok(Manifest::Index(index)) => {
                    text(&docker_list_of(raw.media_type().clone(), &index.manifests))
                }
                _ => Ok(go_json::indented(&text(&raw)?, "\t")),
            }
        },
        || None,
    )
}

fn text(raw: &Raw) -> CliResult<String> {
    String::from_utf8(raw.bytes().to_vec())
        .map_err(|error| CliError::new(error.to_string()).context(raw.digest()))
}

fn indented(value: &Value) -> String {
    go_json::indented(&go_json::html_safe(&value.to_string()), "\t")
}

fn all_details(entries: &[ListEntry]) -> CliResult<Value> {
    entries.iter().map(details).collect()
}

/// What docker's `--verbose` shows of a manifest.
fn details(entry: &ListEntry) -> CliResult<Value> {
    let manifest: Value = serde_json::from_slice(entry.manifest.bytes())
        .map_err(|error| CliError::new(error.to_string()).context(entry.manifest.digest()))?;
    let member = match entry.manifest.media_type() {
        MediaType::DockerManifest => "SchemaV2Manifest",
        _ => "OCIManifest",
    };
    let raw = base64::engine::general_purpose::STANDARD.encode(entry.manifest.bytes());
    Ok(json!({
        "Ref": entry.reference.to_string(),
        "Descriptor": entry.descriptor,
        "Raw": raw,
        member: manifest,
    }))
}
