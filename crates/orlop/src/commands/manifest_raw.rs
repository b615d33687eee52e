//! `manifest get|head|put|delete`: manifests and indexes as they are, byte for byte, where they are.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;

use clap::Args;
use orlop_distribution::{Client, ManifestRef};
use orlop_oci::{MAX_MANIFEST_SIZE, Manifest, MediaType, Platform, Raw, Reference};
use serde_json::json;

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::format::indented_json;
use crate::interrupt;
use crate::output::Output;
use crate::place::Place;

/// Arguments of `manifest get`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The bytes are those that its digest is of. `manifest inspect` prints them for people.

Examples:
  orlop manifest get alpine:3.20
  orlop manifest get --platform linux/arm64 -o manifest.json alpine:3.20
  orlop manifest get oci-archive:app.tar"
)]
pub struct ManifestGetArgs {
    /// Whose manifest or index
    pub place: Place,
    /// The manifest of this platform and not the index: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Write to a file, instead of STDOUT
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `manifest head`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Only headers are asked for, where the registry says all in them.

Examples:
  orlop manifest head alpine:3.20
  orlop manifest head --json registry.example.com/app:v1"
)]
pub struct ManifestHeadArgs {
    /// Whose manifest or index
    pub place: Place,
    /// Print its descriptor: media type, digest and size
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `manifest put`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What it names must be in the repository. One with a subject gets into the list of its subject's
referrers.

Examples:
  orlop manifest put registry.example.com/app:v1 manifest.json
  orlop manifest get app:v1 | orlop manifest put registry.example.com/app:v2"
)]
pub struct ManifestPutArgs {
    /// Under which name; without a tag or digest, its digest is its name
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub name: Reference,
    /// The manifest or index; - or nothing: STDIN
    pub file: Option<PathBuf>,
    /// Its media type, where it doesn't say so itself
    #[arg(long, value_name = "TYPE")]
    pub media_type: Option<String>,
    /// Print only the digest
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `manifest delete`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "NAME@DIGEST deletes a manifest, with all tags that stand for it. NAME:TAG takes away only the tag.
Blobs are left to the registry's garbage collection.

Examples:
  orlop manifest delete registry.example.com/app:old
  orlop manifest delete registry.example.com/app@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1"
)]
pub struct ManifestDeleteArgs {
    /// What to delete
    #[arg(value_name = "NAME:TAG|NAME@DIGEST", required = true)]
    pub names: Vec<Reference>,
}

/// Runs `manifest get`.
///
/// # Errors
/// It isn't there, or isn't what it should be.
pub fn get(app: &App, args: &ManifestGetArgs) -> CliResult {
    let raw = with_client(app, async |client| {
        let found = args.place.find(app, &client).await?;
        let raw = found
            .origin
            .image_for(&found.target, args.platform.as_ref());
        Ok(raw.await?)
    })?;
    if args.output.is_none() {
        return app.printer.bytes(raw.bytes());
    }
    let mut out = Output::open(app, args.output.as_deref())?;
    out.write_all(raw.bytes())?;
    out.place()
}

/// Runs `manifest head`.
///
/// # Errors
/// It isn't there.
pub fn head(app: &App, args: &ManifestHeadArgs) -> CliResult {
    let target = with_client(app, async |client| {
        Ok(args.place.find(app, &client).await?.target)
    })?;
    if !args.json {
        return app.printer.line(target.digest);
    }
    let descriptor = json!({
        "mediaType": target.media_type.as_str(),
        "digest": target.digest.as_str(),
        "size": target.size,
    });
    app.printer.line(indented_json(&descriptor))
}

/// Runs `manifest put`.
///
/// # Errors
/// It is no manifest, or the registry doesn't take it.
pub fn put(app: &App, args: &ManifestPutArgs) -> CliResult {
    let raw = document(args)?;
    if let Some(digest) = args.name.digest()
        && !digest.matches(raw.bytes())
    {
        let actual = raw.digest();
        return Err(CliError::new(format!(
            "{}: the document's digest is {actual}",
            args.name.familiar()
        )));
    }
    let digest = raw.digest().clone();
    let name = match args.name.is_name_only() {
        true => args.name.repository().with_digest(digest.clone()),
        false => args.name.clone(),
    };
    with_client(app, async |client| {
        let remote = client.repository(name.repository());
        let put = remote.put_manifest(ManifestRef::of(&name), &raw);
        put.await.map_err(|error| registry_error(&error))
    })?;
    if args.quiet {
        return app.printer.line(digest);
    }
    app.printer.line(format_args!(
        "{}: digest: {digest} size: {}",
        name.familiar(),
        raw.bytes().len()
    ))
}

/// Runs `manifest delete`.
///
/// # Errors
/// One isn't there, or its registry doesn't allow it.
pub fn delete(app: &App, args: &ManifestDeleteArgs) -> CliResult {
    if let Some(name) = args.names.iter().find(|name| name.is_name_only()) {
        let name = name.familiar();
        return Err(
            CliError::new(format!("{name}: a tag or a digest must be given"))
                .hint("nothing was deleted"),
        );
    }
    with_client(app, async |client| {
        for name in &args.names {
            let remote = client.repository(name.repository());
            let (done, words) = match (name.digest(), name.tag()) {
                (Some(digest), _) => (remote.delete_manifest(digest).await, "Deleted"),
                (None, tag) => {
                    let tag = tag.unwrap_or(orlop_oci::DEFAULT_TAG);
                    (remote.delete_tag(tag).await, "Untagged")
                }
            };
            done.map_err(|error| registry_error(&error))?;
            app.printer
                .line(format_args!("{words}: {}", name.familiar()))?;
        }
        Ok(())
    })
}

/// The document that was given, under the type that it has.
fn document(args: &ManifestPutArgs) -> CliResult<Raw> {
    let label = match &args.file {
        Some(path) if path.as_os_str() != "-" => path.display().to_string(),
        _ => "standard input".to_owned(),
    };
    let read = |reader: &mut dyn Read| {
        let mut bytes = Vec::new();
        // A byte more tells that it is too large.
        reader.take(MAX_MANIFEST_SIZE + 1).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    let bytes = match &args.file {
        Some(path) if path.as_os_str() != "-" => File::open(path).and_then(|mut f| read(&mut f)),
        _ => read(&mut io::stdin()),
    };
    let bytes = bytes.map_err(|error| CliError::from(error).context(&label))?;
    let said = MediaType::from_header(args.media_type.as_deref().unwrap_or_default());
    let parsed = Manifest::parse(&said, &bytes)
        .map_err(|error| CliError::new(error.to_string()).context(&label))?;
    let media_type = match (args.media_type.is_some(), parsed) {
        (true, _) => said,
        (false, Manifest::Image(image)) => image.media_type.unwrap_or(MediaType::OciManifest),
        (false, Manifest::Index(index)) => index.media_type.unwrap_or(MediaType::OciIndex),
    };
    Ok(Raw::new(media_type, bytes))
}

/// Asks a registry, until it is interrupted.
fn with_client<T>(app: &App, ask: impl AsyncFnOnce(Client) -> CliResult<T>) -> CliResult<T> {
    let client = app.client(app.progress(true))?;
    interrupt::run(
        async |cancel| {
            tokio::select! {
                answer = ask(client) => answer,
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    )
}
