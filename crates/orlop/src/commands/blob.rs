//! `blob …`: what a registry, layout, archive or the store keeps by its digest.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use orlop_image::Error;
use orlop_oci::{Descriptor, Digest, MediaType};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::output::{self, Output};
use crate::place::Place;

/// Arguments of `blob`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  orlop blob get registry.example.com/app@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1 | tar -tz"
)]
pub struct BlobArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BlobCommand,
}

/// What can be done with blobs.
#[derive(Debug, Subcommand)]
pub enum BlobCommand {
    /// Download a blob (streamed to STDOUT by default)
    Get(BlobGetArgs),
}

/// Arguments of `blob get`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The bytes are checked as they pass, and their end is written only when all of them are right: what
is damaged never looks whole, and leaves no file.

Examples:
  orlop blob get -o layer.tar.gz alpine@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1
  orlop blob get oci:build/layout sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1 > blob"
)]
pub struct BlobGetArgs {
    /// The repository, and the blob's digest: NAME@DIGEST; or another place
    #[arg(value_name = "PLACE")]
    pub place: Place,
    /// The digest, where it isn't a part of the name
    pub digest: Option<Digest>,
    /// Write to a file, instead of STDOUT
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: &BlobArgs) -> CliResult {
    match &args.command {
        BlobCommand::Get(args) => get(app, args),
    }
}

fn get(app: &App, args: &BlobGetArgs) -> CliResult {
    let digest = digest_of(args)?;
    let client = app.client(app.progress(true))?;
    interrupt::run(
        async |cancel| {
            let origin = args.place.origin(app, &client)?;
            let size = tokio::select! {
                size = origin.blob_size(&digest) => size?,
                () = cancel.cancelled() => return Err(CliError::silent()),
            };
            let size = size.ok_or_else(|| {
                CliError::new(format!("{}: it has no blob {digest}", without_digest(args)))
                    .hint("`orlop manifest get` gives manifests")
            })?;
            let unknown = MediaType::from("application/octet-stream");
            let descriptor = Descriptor::new(unknown, digest.clone(), size);
            let blob = origin.blob_bytes(&descriptor, &cancel)?;
            let mut out = Output::open(app, args.output.as_deref())?;
            let work = move || blob.write_to(&mut out).map(|()| out);
            let out = output::blocking(&cancel, work).await?;
            if cancel.is_cancelled() {
                return Err(Error::Cancelled.into());
            }
            out.place()
        },
        || None,
    )
}

fn digest_of(args: &BlobGetArgs) -> CliResult<Digest> {
    let named = match &args.place {
        Place::Registry(name) => name.digest().cloned(),
        _ => None,
    };
    match (named, &args.digest) {
        (Some(named), Some(digest)) if named != *digest => {
            Err(CliError::usage("two digests are given for one blob"))
        }
        (_, Some(digest)) => Ok(digest.clone()),
        (Some(named), None) => Ok(named),
        (None, None) => Err(
            CliError::usage(format!("{}: which blob is meant?", args.place))
                .hint("add its digest: NAME@sha256:…, or PLACE sha256:…"),
        ),
    }
}

fn without_digest(args: &BlobGetArgs) -> String {
    match &args.place {
        Place::Registry(name) => name.repository().familiar_name(),
        place => place.to_string(),
    }
}
