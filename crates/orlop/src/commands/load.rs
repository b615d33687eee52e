//! `load`: images from an archive or a layout.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use orlop_archive::Local;
use orlop_image::event::EventSink;
use orlop_image::model::Loaded;
use orlop_image::{Cancel, Error, Images, Platforms, PullOptions};
use orlop_layer::Bounds;
use orlop_oci::Platform;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::output::blocking;
use crate::{interrupt, scanning, terminal};

/// Arguments of `load`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop load -i alpine.tar
  docker save team/app:v1 | orlop load
  orlop load -i layout/ --platform linux/arm64

Docker's archives of any age, OCI archives and OCI layout directories are read, as they are or
compressed with gzip, zstd, xz or bzip2.")]
pub struct LoadArgs {
    /// Read from an archive file or a layout directory, instead of standard input
    #[arg(short, long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Load only this platform, or these: os[/arch[/variant]]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Suppress the load output
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// It is no archive of images, or the disk doesn't take them.
pub fn run(app: &App, args: &LoadArgs) -> CliResult {
    let input = match &args.input {
        Some(path) if path.as_os_str() != "-" => Input::Path(path.clone()),
        _ if terminal::stdin_is_terminal() => {
            let refusal = "requested load from stdin, but stdin is empty";
            return Err(CliError::new(refusal));
        }
        _ => Input::Stdin,
    };
    let store = app.images()?;
    let progress = app.progress(args.quiet);
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = PullOptions {
        platforms: match args.platform.is_empty() {
            true => Platforms::All,
            false => Platforms::These(args.platform.clone()),
        },
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
        observers: scanning::observers(app, &store),
        ..PullOptions::default()
    };
    let result = interrupt::run(
        async |cancel| {
            let local = open(input, &store, options.bounds.clone(), &cancel).await?;
            if local.images().is_empty() {
                return Err(CliError::new("it has no images").context(local.label()));
            }
            for image in local.images() {
                let loading = store.load_image(&local, image, &options, &events, &cancel);
                report(app, &loading.await?)?;
            }
            Ok(())
        },
        || None,
    );
    progress.finish();
    result
}

enum Input {
    Path(PathBuf),
    Stdin,
}

/// Opens the archive. What can't be sought in is written to a nameless file in the store's folder.
async fn open(input: Input, store: &Images, bounds: Bounds, cancel: &Cancel) -> CliResult<Local> {
    let scratch = store.store().root().to_owned();
    let work = move || match input {
        Input::Path(path) => Ok(Local::open(&path, &scratch, &bounds)?),
        Input::Stdin => {
            let label = "standard input";
            let stdin = rustix::io::dup(std::io::stdin()).map_err(|error| Error::Io {
                what: format!("read {label}"),
                source: error.into(),
            })?;
            Ok(Local::file(File::from(stdin), label, &scratch, &bounds)?)
        }
    };
    blocking(cancel, work).await
}

fn report(app: &App, loaded: &Loaded) -> CliResult {
    for (name, before) in &loaded.moved {
        let name = name.familiar();
        app.printer
            .note(format_args!("{name} has moved: it was {before}"));
    }
    for name in &loaded.names {
        app.printer
            .line(format_args!("Loaded image: {}", name.familiar()))?;
    }
    if loaded.names.is_empty() {
        let id = &loaded.target.digest;
        app.printer.line(format_args!("Loaded image ID: {id}"))?;
    }
    // What is loaded is told at once, whatever comes of the rest.
    app.printer.flush()
}
