//! `export`: an image's file system as an archive, or one file of it.

use std::path::PathBuf;

use clap::Args;
use orlop_image::{Cancel, Exporter};
use orlop_oci::Platform;

use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;
use crate::output::{Output, blocking};
use crate::place::Place;

/// Arguments of `export`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop export -o rootfs.tar alpine:3.20
  orlop export --platform linux/arm64 alpine:3.20 | tar -t
  orlop export docker://alpine:3.20 /etc/os-release

The files are those that a container of the image would see: all layers as one, owners and links as they
are in the image. IMAGE may also be docker://NAME in a registry, oci:DIR[:NAME], oci-archive:FILE[:NAME] or
docker-archive:FILE[:NAME]. For one file of a registry's image only the layers are fetched that tell what it
is, beginning with the last; nothing of them is kept.")]
pub struct ExportArgs {
    /// A name or ID, or where the image is
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Write the content of this file only; links are followed
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Write to a file, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Export this platform of a multi-platform image: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// There is no such image or file, or it can't be written.
pub fn run(app: &App, args: &ExportArgs) -> CliResult {
    let output = match args.path {
        Some(_) => Output::open_for_text(app, args.output.as_deref())?,
        None => Output::open(app, args.output.as_deref())?,
    };
    let path = args.path.clone();
    let written = interrupt::run(
        async |cancel| {
            let exporter = find(app, args, &cancel).await?;
            let work = move || match path {
                None => exporter.tree(output),
                Some(path) => {
                    let mut output = output;
                    exporter.file(&path, &mut output)?;
                    Ok(output)
                }
            };
            blocking(&cancel, work).await
        },
        || None,
    );
    written?.place()
}

async fn find(app: &App, args: &ExportArgs, cancel: &Cancel) -> CliResult<Exporter> {
    let bounds = &app.settings.bounds;
    let platform = app.platform(args.platform.clone());
    let platform = platform.as_ref();
    let place = match Place::is_spelled_out(&args.image) {
        true => args.image.parse()?,
        false => Place::Store(args.image.clone()),
    };
    if let Place::Store(name) = &place {
        return Ok(app.images()?.exporter(name, platform, bounds, cancel)?);
    }
    let client = app.client(app.progress(true))?;
    let found = tokio::select! {
        found = place.find(app, &client) => found?,
        () = cancel.cancelled() => return Err(orlop_image::Error::Cancelled.into()),
    };
    let asked = (args.image.as_str(), platform);
    let scratch = app.env.scratch();
    let exporter = Exporter::elsewhere(found.origin, &found.target, asked, scratch, bounds, cancel);
    Ok(exporter.await?)
}
