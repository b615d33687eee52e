//! `append`: more layers on an image, or an image of nothing else.

use std::fs::File;
use std::io;
use std::sync::Arc;

use clap::Args;
use orlop_image::edit::{LayerFile, Operation, scratch};
use orlop_oci::Platform;

use crate::app::App;
use crate::editing::{self, Editing};
use crate::error::{CliError, CliResult};
use crate::place::{Found, Place};

/// Arguments of `append`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A layer is a tar archive; compressed with gzip or zstd it stays as it is, all others become gzip.
Of a base for several platforms each one gets the layers.

Examples:
  orlop append --base alpine:3.20 --new-layer files.tar.gz --new-tag registry.example.com/app:v1
  tar -c app | orlop append -b alpine:3.20 -f - -t store:app:v1
  orlop append -f rootfs.tar -t registry.example.com/base:v1"
)]
pub struct AppendArgs {
    /// Image to append to; without it, an empty one
    #[arg(short, long, value_name = "PLACE")]
    pub base: Option<Place>,
    /// Tar archive to append, - for standard input; may be repeated, the lowest first
    #[arg(
        short = 'f',
        long,
        alias = "new_layer",
        value_name = "FILE",
        required = true,
        value_delimiter = ','
    )]
    pub new_layer: Vec<String>,
    /// Where the image goes
    #[arg(short = 't', long, aliases = ["new_tag", "tag"], value_name = "PLACE")]
    pub new_tag: Place,
    /// Note the base in the annotations org.opencontainers.image.base.*
    #[arg(long)]
    pub set_base_image_annotations: bool,
    /// Of a base for several platforms, append only to these; without a base, what it runs on
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Print only the result
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// A layer is no archive, the base isn't there, or the new place doesn't take it.
pub fn run(app: &App, args: &AppendArgs) -> CliResult {
    editing::run(app, args.quiet, async |editing| {
        let (found, platforms) = base(app, editing, args).await?;
        let mut layers = Vec::new();
        for name in &args.new_layer {
            layers.push(layer(app, editing, name).await?);
        }
        let name = match (&args.base, args.set_base_image_annotations) {
            (Some(Place::Registry(name)), true) => {
                Some(name.clone().with_default_tag().to_string())
            }
            (Some(place), true) => Some(place.to_string()),
            _ => None,
        };
        let operation = Operation::Append { layers, base: name };
        editing
            .edit_found(found, &args.new_tag, platforms, operation)
            .await
    })
}

/// The base, and which of its platforms are meant.
async fn base<'a>(
    app: &App,
    editing: &Editing<'_>,
    args: &'a AppendArgs,
) -> CliResult<(Found, &'a [Platform])> {
    if let Some(place) = &args.base {
        let mut found = editing.find(place).await?;
        // What it was called isn't what is made of it.
        found.name = None;
        return Ok((found, &args.platform));
    }
    let platform = match args.platform.as_slice() {
        [] => app.platform(None).unwrap_or_else(Platform::host),
        [platform] => platform.clone(),
        _ => return Err(CliError::new("without a base an image is for one platform")),
    };
    let (origin, target) = scratch(&platform);
    let found = Found {
        origin,
        target,
        name: None,
    };
    Ok((found, &[]))
}

async fn layer(app: &App, editing: &Editing<'_>, name: &str) -> CliResult<LayerFile> {
    let failed = |error: io::Error| CliError::from(error).context(format_args!("open {name}"));
    let file = match name {
        "-" => File::from(rustix::io::dup(io::stdin()).map_err(|e| failed(e.into()))?),
        path => File::open(path).map_err(failed)?,
    };
    let label = match name {
        "-" => "standard input",
        name => name,
    };
    let bounds = Arc::new(app.settings.bounds.clone());
    let scratch = app.env.scratch();
    Ok(LayerFile::read(file, label, scratch, bounds, &editing.cancel).await?)
}
