//! `save`: images into an archive or a layout.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use orlop_archive::{ArchiveFormat, ArchiveWriter, Compress, Encoder, LayoutWriter};
use orlop_image::event::EventSink;
use orlop_image::{Cancel, Error, Images, SaveTo};
use orlop_oci::Platform;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::output::{Output, blocking};

/// Arguments of `save`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop save -o alpine.tar alpine:3.20
  orlop save alpine:3.20 team/app:v1 | ssh host docker load
  orlop save --compress zstd -o app.tar.zst team/app:v1
  orlop save --format oci-dir -o layout alpine:3.20

The archive is docker's and an OCI layout at once, and the same images become the same bytes. A
name without a tag means all tags of the repository. What is here of a multi-platform image is saved.")]
pub struct SaveArgs {
    /// What to save
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<String>,
    /// Write to a file (for oci-dir a directory), instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Save only this platform, or these: os[/arch[/variant]]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Compress the archive as a whole
    #[arg(long, value_enum, value_name = "ALGORITHM")]
    pub compress: Option<Algorithm>,
    /// What to write
    #[arg(long, value_enum, default_value = "docker-archive")]
    pub format: Format,
    /// Suppress verbose output
    #[arg(short, long)]
    pub quiet: bool,
}

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// gzip
    Gzip,
    /// zstd
    Zstd,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An archive that docker and every OCI tool read
    DockerArchive,
    /// An OCI archive
    OciArchive,
    /// An OCI layout, as a directory; images are added to one that is there
    OciDir,
}

impl SaveArgs {
    fn compress(&self) -> Option<Compress> {
        self.compress.map(|algorithm| match algorithm {
            Algorithm::Gzip => Compress::Gzip,
            Algorithm::Zstd => Compress::Zstd,
        })
    }
}

/// Runs it.
///
/// # Errors
/// There is no such image, or it can't be written.
pub fn run(app: &App, args: &SaveArgs) -> CliResult {
    let store = app.images()?;
    let progress = app.progress(args.quiet || args.output.is_none());
    let saving = Saving {
        store,
        args: args.clone(),
        events: Arc::new(progress.clone()),
    };
    let result = match args.format {
        Format::OciDir => saving.into_directory(),
        Format::DockerArchive => saving.into_archive(app, ArchiveFormat::Docker),
        Format::OciArchive => saving.into_archive(app, ArchiveFormat::Oci),
    };
    progress.finish();
    result
}

/// One run of the command.
struct Saving {
    store: Images,
    args: SaveArgs,
    events: Arc<dyn EventSink>,
}

impl Saving {
    fn into_archive(self, app: &App, format: ArchiveFormat) -> CliResult {
        let output = Output::open(app, self.args.output.as_deref())?;
        let compress = self.args.compress();
        let written = interrupt::run(
            async |cancel| {
                let stop = cancel.clone();
                let work = move || {
                    let encoder = Encoder::new(compress, output).map_err(io_error("compress"))?;
                    let writer = ArchiveWriter::new(encoder, format);
                    let encoder = self.save(SaveTo::Archive(Box::new(writer)), &stop)?;
                    let encoder = encoder.expect("an archive gives back what it wrote to");
                    encoder.finish().map_err(io_error("write the archive"))
                };
                blocking(&cancel, work).await
            },
            || None,
        );
        written?.place()
    }

    fn into_directory(self) -> CliResult {
        if self.args.compress.is_some() {
            return Err(CliError::usage("--compress has no meaning for a directory"));
        }
        let Some(directory) = self.args.output.clone() else {
            return Err(CliError::usage(
                "--format oci-dir needs a directory: -o DIR",
            ));
        };
        let written = interrupt::run(
            async |cancel| {
                let stop = cancel.clone();
                let work = move || {
                    let writer = LayoutWriter::open(&directory)?;
                    self.save(SaveTo::<std::io::Sink>::Layout(writer), &stop)
                };
                blocking(&cancel, work).await
            },
            || None,
        );
        written.map(drop)
    }

    fn save<W: std::io::Write>(&self, to: SaveTo<W>, stop: &Cancel) -> Result<Option<W>, Error> {
        let SaveArgs {
            images, platform, ..
        } = &self.args;
        self.store.save(images, platform, to, &self.events, stop)
    }
}

fn io_error(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io {
        what: what.to_owned(),
        source,
    }
}
