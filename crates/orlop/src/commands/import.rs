//! `import`: an image from the archive of a root file system.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use jiff::Timestamp;
use orlop_distribution::{Client, Download};
use orlop_image::event::EventSink;
use orlop_image::{ImportOptions, PullOptions};
use orlop_oci::{Platform, Reference};
use tokio::sync::mpsc;
use url::Url;

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult, chain};
use crate::{interrupt, scanning};

/// Pieces of a file that may wait between the network and the thread that reads them.
const PIECES: usize = 32;

/// Arguments of `import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop import rootfs.tar.xz base:v1
  tar -C rootfs -c . | orlop import -c 'CMD [\"/bin/sh\"]' - base:v1
  orlop import --message 'from the build' https://example.com/rootfs.tar.gz

The archive may be compressed with gzip, zstd, xz or bzip2. Changes are the instructions CMD, ENTRYPOINT,
ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR.")]
pub struct ImportArgs {
    /// A file, an address, or - for standard input
    #[arg(value_name = "FILE|URL|-")]
    pub source: String,
    /// What the image is called
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub name: Option<String>,
    /// Apply a Dockerfile instruction to the created image
    #[arg(short, long, value_name = "INSTRUCTION")]
    pub change: Vec<String>,
    /// Set commit message for imported image
    #[arg(short, long)]
    pub message: Option<String>,
    /// Set the platform of the image: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// It is no archive, or the disk doesn't take it.
pub fn run(app: &App, args: &ImportArgs) -> CliResult {
    let name = args.name.as_deref().map(name_of).transpose()?;
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| args.source.to_ascii_lowercase().starts_with(scheme));
    // docker's words: the client sends the file, so that its engine sees none.
    let seen = if is_url { &args.source } else { "-" };
    let import = ImportOptions {
        label: match args.source.as_str() {
            "-" => "standard input".to_owned(),
            source => source.to_owned(),
        },
        name,
        platform: app
            .platform(args.platform.clone())
            .unwrap_or_else(Platform::host),
        message: match &args.message {
            Some(message) => message.clone(),
            None => format!("Imported from {seen}"),
        },
        changes: args.change.clone(),
        created: Timestamp::now(),
    };
    let file = if is_url {
        None
    } else {
        Some(open(&args.source)?)
    };
    let store = app.images()?;
    let progress = app.progress(false);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = PullOptions {
        bounds: app.settings.bounds.clone(),
        observers: scanning::observers(app, &store),
        ..PullOptions::default()
    };
    let result = interrupt::run(
        async |cancel| {
            let reader: Box<dyn Read + Send> = match file {
                Some(file) => Box::new(file),
                None => {
                    let source = &args.source;
                    app.printer.note(format_args!("Downloading from {source}"));
                    let max = options.bounds.max_uncompressed;
                    Box::new(download(&client, source, max).await?)
                }
            };
            let importing = store.import(reader, &import, &options, &events, &cancel);
            Ok(importing.await?)
        },
        || None,
    );
    progress.finish();
    app.printer.line(&result?.target.digest)
}

fn name_of(text: &str) -> CliResult<Reference> {
    let name: Reference = text.parse()?;
    if name.digest().is_some() {
        return Err(CliError::new("cannot import digest reference"));
    }
    Ok(name.with_default_tag())
}

fn open(source: &str) -> CliResult<File> {
    let failed = |error: io::Error| CliError::from(error).context(format_args!("open {source}"));
    match source {
        "-" => Ok(File::from(
            rustix::io::dup(io::stdin()).map_err(|e| failed(e.into()))?,
        )),
        path => File::open(path).map_err(failed),
    }
}

/// Begins to fetch a file, and goes on beside whoever reads it.
async fn download(client: &Client, url: &str, max: u64) -> CliResult<Pieces> {
    let address = Url::parse(url).map_err(|error| CliError::new(error.to_string()).context(url))?;
    let answer = client.download(&address, None, max).await;
    let Download::File(mut download) = answer.map_err(|error| registry_error(&error))? else {
        return Err(CliError::new("the server sends nothing").context(url));
    };
    let (sender, pieces) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        loop {
            let piece = match download.chunk().await {
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => return,
                Err(error) => Err(chain(&error)),
            };
            let is_last = piece.is_err();
            if sender.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    Ok(Pieces {
        pieces,
        current: Bytes::new(),
    })
}

/// What comes in from the network, read by a thread.
struct Pieces {
    pieces: mpsc::Receiver<Result<Bytes, String>>,
    current: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let count = self.current.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}
