//! `buildx imagetools create`: an index of images that registries have.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use orlop_archive::{Name, NewFile};
use orlop_distribution::Client;
use orlop_image::event::EventSink;
use orlop_image::lists::{Combined, Source, combine};
use orlop_image::{Cancel, Copier, CopyOptions, Destination};
use orlop_oci::edit::ListAnnotations;
use orlop_oci::{Descriptor, Digest, Platform, Reference, Repository, go_json, json};
use serde_json::Value;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::place::Place;

/// Arguments of `buildx imagetools create`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A SOURCE is an image in a registry, a digest in the only repository that is named, a descriptor
in JSON, or another place (see `orlop copy --help`). An annotation is `index:KEY=VALUE`, or
`manifest-descriptor[PLATFORM]:KEY=VALUE`.

Examples:
  orlop buildx imagetools create -t registry.example.com/app:v1 registry.example.com/app:v1-amd64 \\
      registry.example.com/app:v1-arm64
  orlop buildx imagetools create --append -t registry.example.com/app:v1 registry.example.com/app:v1-s390x
  orlop buildx imagetools create --dry-run --platform linux/arm64 alpine:3.20"
)]
pub struct ImagetoolsCreateArgs {
    /// What it is made of
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Set reference for new image
    #[arg(short, long, value_name = "NAME")]
    pub tag: Vec<String>,
    /// Read source descriptor from file
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Append to existing manifest
    #[arg(long)]
    pub append: bool,
    /// Show final image instead of pushing
    #[arg(long)]
    pub dry_run: bool,
    /// Add annotation to the image
    #[arg(long, value_name = "TYPE:KEY=VALUE")]
    pub annotation: Vec<String>,
    /// Filter specified platforms of target image
    #[arg(short, long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// With a single source, output an index instead of a carbon copy
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    pub prefer_index: bool,
    /// Write create result metadata to a file
    #[arg(long, value_name = "FILE")]
    pub metadata_file: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// A source isn't there, or a registry doesn't take what came of them.
pub fn run(app: &App, args: &ImagetoolsCreateArgs) -> CliResult {
    if args.sources.is_empty() && args.file.is_empty() {
        return Err(CliError::new("no sources specified"));
    }
    if !args.dry_run && args.tag.is_empty() {
        return Err(CliError::new(
            "can't push with no tags specified, please set --tag or --dry-run",
        ));
    }
    let tags = args.tag.iter();
    let tags = tags.map(|tag| Ok(tag.parse::<Reference>()?.with_default_tag()));
    let tags: Vec<Reference> = tags.collect::<CliResult<_>>()?;
    if let Some(tag) = tags.iter().find(|tag| tag.digest().is_some()) {
        let tag = tag.familiar();
        return Err(CliError::new(format!(
            "{tag}: a digest can't be given to a new image"
        )));
    }
    let sources = read_sources(args, &tags)?;
    let annotations = read_annotations(&args.annotation)?;
    let progress = app.progress(false);
    let client = app.client(progress.clone())?;
    let creating = Creating {
        app,
        client: &client,
        events: Arc::new(progress.clone()),
        tags,
    };
    let result = interrupt::run(
        async |cancel| {
            let sources = creating.find(sources).await?;
            let platforms = &args.platform;
            let combined =
                combine(sources, &annotations, args.prefer_index, platforms, &cancel).await?;
            if !args.dry_run {
                creating.push(&combined, &cancel).await?;
            }
            Ok(combined)
        },
        || None,
    );
    progress.finish();
    let combined = result?;
    if args.dry_run {
        app.printer.bytes(combined.raw.bytes())?;
        return app.printer.text("\n");
    }
    match &args.metadata_file {
        Some(file) => write_metadata(file, &combined.raw.descriptor(), &creating.repositories()),
        None => Ok(()),
    }
}

/// What was typed of a source.
struct Typed {
    text: String,
    place: Option<Place>,
    descriptor: Option<Partial>,
}

/// A descriptor as people write it: only the digest has to be there.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Partial {
    digest: Digest,
    #[serde(default)]
    media_type: Option<orlop_oci::MediaType>,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    schema_version: u64,
}

fn read_sources(args: &ImagetoolsCreateArgs, tags: &[Reference]) -> CliResult<Vec<Typed>> {
    let mut texts = Vec::new();
    if args.append {
        texts.extend(tags.first().map(ToString::to_string));
    }
    for file in &args.file {
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::from(error).context(file.display()))?;
        texts.push(text.trim().to_owned());
    }
    texts.extend(args.sources.iter().cloned());
    let mut sources = Vec::new();
    for text in texts {
        let source = read_source(&text).map_err(|error| {
            error.context(format_args!(
                "failed to parse source {text:?}, valid sources are digests, references and descriptors"
            ))
        })?;
        sources.push(source);
    }
    Ok(sources)
}

fn read_source(text: &str) -> CliResult<Typed> {
    let typed = |place, descriptor| Typed {
        text: text.to_owned(),
        place,
        descriptor,
    };
    if text.starts_with("sha256:") || text.starts_with("sha512:") {
        let digest = text.parse::<Digest>();
        let digest = digest.map_err(|error| CliError::new(error.to_string()))?;
        let descriptor = Partial {
            digest,
            media_type: None,
            size: 0,
            annotations: std::collections::BTreeMap::new(),
            platform: None,
            schema_version: 0,
        };
        return Ok(typed(None, Some(descriptor)));
    }
    if !text.starts_with('{') {
        return Ok(typed(Some(text.parse()?), None));
    }
    let descriptor: Partial =
        json::from_slice(text.as_bytes()).map_err(|error| CliError::new(error.to_string()))?;
    if descriptor.schema_version != 0 {
        return Err(CliError::new(format!(
            "expected an OCI content descriptor, got a manifest or index (schemaVersion {})",
            descriptor.schema_version
        )));
    }
    Ok(typed(None, Some(descriptor)))
}

/// `TYPE[PLATFORM]:KEY=VALUE`, as buildx has it.
fn read_annotations(texts: &[String]) -> CliResult<ListAnnotations> {
    let mut annotations = ListAnnotations::default();
    for text in texts {
        let wrong = |why: &str| {
            CliError::new(format!(
                "failed to parse annotations: invalid annotation {text:?}: {why}"
            ))
        };
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("expected key=value"))?;
        let (kind, key) = key.split_once(':').unwrap_or(("manifest", key));
        if key.is_empty() {
            return Err(wrong("its key is empty"));
        }
        let (kind, platform) = match kind.split_once('[') {
            Some((kind, platform)) => {
                let platform = platform
                    .strip_suffix(']')
                    .ok_or_else(|| wrong("missing ]"))?;
                let platform: Platform = platform
                    .parse()
                    .map_err(|error: orlop_oci::PlatformError| wrong(&error.to_string()))?;
                (kind, Some(platform))
            }
            None => (kind, None),
        };
        let (key, value) = (key.to_owned(), value.to_owned());
        match (kind, platform) {
            ("index", None) => drop(annotations.index.insert(key, value)),
            ("manifest-descriptor", platform) => {
                annotations.descriptors.push((platform, key, value))
            }
            ("manifest", _) => {
                return Err(
                    CliError::new("\"manifest\" annotations are not supported yet")
                        .hint("manifests stay as they are here; `orlop mutate` changes them"),
                );
            }
            ("index-descriptor", _) => {
                return Err(CliError::new(
                    "\"index-descriptor\" annotations are invalid while creating an image",
                ));
            }
            _ => return Err(wrong("unknown type")),
        }
    }
    Ok(annotations)
}

/// One run of the command.
struct Creating<'a> {
    app: &'a App,
    client: &'a Client,
    events: Arc<dyn EventSink>,
    tags: Vec<Reference>,
}

impl Creating<'_> {
    /// The repositories of the tags, each once.
    fn repositories(&self) -> Vec<Repository> {
        let mut all: Vec<Repository> = self.tags.iter().map(|t| t.repository().clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The only repository that is named.
    fn only_repository(&self, sources: &[Typed]) -> Option<Repository> {
        let mut all = self.repositories();
        all.extend(sources.iter().filter_map(|source| match &source.place {
            Some(Place::Registry(name)) => Some(name.repository().clone()),
            _ => None,
        }));
        all.sort();
        all.dedup();
        match all.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    async fn find(&self, sources: Vec<Typed>) -> CliResult<Vec<Source>> {
        let only = self.only_repository(&sources);
        let mut found = Vec::new();
        for source in sources {
            let place = match (&source.place, &source.descriptor) {
                (Some(place), _) => place.clone(),
                (None, Some(partial)) => {
                    let repository = only.as_ref().ok_or_else(|| {
                        CliError::new(format!(
                            "multiple repositories specified, cannot infer repository for {:?}",
                            source.text
                        ))
                    })?;
                    Place::Registry(repository.with_digest(partial.digest.clone()))
                }
                (None, None) => continue,
            };
            let image = place.find(self.app, self.client).await?;
            let descriptor = match source.descriptor {
                Some(partial) => merged(image.target, partial)?,
                None => image.target,
            };
            found.push(Source {
                origin: image.origin,
                descriptor,
            });
        }
        Ok(found)
    }

    /// Content first, everywhere, then the names.
    async fn push(&self, combined: &Combined, cancel: &Cancel) -> CliResult {
        let options = CopyOptions {
            parallel: self.app.settings.parallel_uploads,
            ..CopyOptions::default()
        };
        let known = self.app.known_sources()?;
        let target = combined.raw.descriptor();
        let mut copiers = Vec::new();
        for repository in self.repositories() {
            let to = Destination::from(self.client.repository(&repository));
            let origin = combined.origin.clone();
            let copier = Copier::new(origin, to, &options, known.as_ref(), &self.events, cancel);
            copier.image(&target, None).await?;
            copiers.push((repository, copier));
        }
        for (repository, copier) in &copiers {
            for tag in self
                .tags
                .iter()
                .filter(|tag| tag.repository() == repository)
            {
                let digest = &target.digest;
                self.app
                    .printer
                    .note(format_args!("pushing {digest} to {tag}"));
                copier
                    .image(&target, Some(&Name::Full(tag.clone())))
                    .await?;
            }
        }
        Ok(())
    }
}

/// What the registry says, and what shall be said instead.
fn merged(mut found: Descriptor, said: Partial) -> CliResult<Descriptor> {
    if said.size != 0 && said.size != found.size {
        return Err(CliError::new(format!(
            "invalid size mismatch for {}, {} != {}",
            found.digest, said.size, found.size
        )));
    }
    if let Some(media_type) = said.media_type {
        found.media_type = media_type;
    }
    if !said.annotations.is_empty() {
        found.annotations = said.annotations;
    }
    found.platform = said.platform.or(found.platform);
    Ok(found)
}

fn write_metadata(
    path: &std::path::Path,
    descriptor: &Descriptor,
    repositories: &[Repository],
) -> CliResult {
    use std::io::Write as _;
    let names: Vec<String> = repositories.iter().map(ToString::to_string).collect();
    let metadata: Value = serde_json::json!({
        "containerimage.descriptor": descriptor,
        "image.name": names.join(","),
    });
    let text = go_json::indented(&metadata.to_string(), "  ");
    let failed = |error: orlop_archive::Error| CliError::from(orlop_image::Error::from(error));
    let mut file = NewFile::create(path, 0o644).map_err(failed)?;
    file.write_all(text.as_bytes())?;
    file.place().map_err(failed)
}
