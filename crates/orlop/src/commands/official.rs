//! `official`: the supported tags of a Docker Official Image, and whether what is here is current.

use std::collections::BTreeSet;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use orlop_image::official::{Catalogue, CatalogueSource, DEFAULT_CATALOGUE, LibraryFile};
use orlop_image::{Cancel, look_up};
use orlop_oci::{Reference, Repository};

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::format::LIST_HELP;
use crate::interrupt;
use crate::units;
use crate::view::official_rows::{self, Local, Standing};

/// Arguments of `official`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What is supported is read from the library files of docker-library/official-images. They are not
part of this program: --refresh fetches them into the store's folder, and fetches them again only
when they have changed. Without them the tags of the registry are shown, supported or not.

For each tag that is in the store the registry is asked what it stands for now; --local leaves that
out. Without NAME all official images are listed.

Examples:
  orlop official --refresh
  orlop official redis
  orlop official --no-trunc --format '{{.Tags}}: {{.Source}}' redis:latest
  orlop official --refresh --from ./official-images"
)]
pub struct OfficialArgs {
    /// The image
    #[arg(value_name = "NAME[:TAG]")]
    pub name: Option<String>,
    /// Fetch the catalogue of official images first
    #[arg(long)]
    pub refresh: bool,
    /// Where from: the address of an archive, an archive, or a directory
    #[arg(long, value_name = "URL|PATH", requires = "refresh", default_value = DEFAULT_CATALOGUE)]
    pub from: String,
    /// Ask no registry
    #[arg(long)]
    pub local: bool,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Don't truncate output
    #[arg(long)]
    pub no_trunc: bool,
}

/// From then on people are told that their catalogue is old.
const OLD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Runs it.
///
/// # Errors
/// The catalogue can't be fetched or read, or there is no such official image.
pub fn run(app: &App, args: &OfficialArgs) -> CliResult {
    if args.refresh {
        refresh(app, &args.from)?;
        if args.name.is_none() {
            return Ok(());
        }
    }
    let root = &app.settings.root;
    let catalogue = Catalogue::read(root).map_err(|error| {
        CliError::from(error).hint("`orlop official --refresh` fetches it anew")
    })?;
    let asked = args.name.as_deref().map(official_name).transpose()?;
    match (&catalogue, &asked) {
        (Some(catalogue), Some(name)) => show(app, args, catalogue, name),
        (Some(catalogue), None) => list(app, args, catalogue),
        (None, Some(name)) if !args.local => show_tags(app, args, name),
        (None, _) => Err(CliError::new(format!(
            "there is no catalogue of official images in {}",
            root.display()
        ))
        .hint("`orlop official --refresh` fetches it")),
    }
}

/// A reference to an official image.
fn official_name(text: &str) -> CliResult<Reference> {
    let reference: Reference = text.parse()?;
    if !reference.repository().is_official() || reference.digest().is_some() {
        return Err(CliError::new(format!(
            "{text} names no official image: those are called NAME or NAME:TAG"
        )));
    }
    Ok(reference)
}

fn refresh(app: &App, from: &str) -> CliResult {
    let source = CatalogueSource::parse(from)?;
    let progress = app.progress(false);
    let client = app.client(progress.clone())?;
    let root = &app.settings.root;
    let refreshed = interrupt::run(
        async |cancel: Cancel| Ok(Catalogue::refresh(root, &source, &client, &cancel).await?),
        || Some("the old catalogue is as it was".to_owned()),
    );
    progress.finish();
    let refreshed = refreshed?;
    for (name, why) in &refreshed.left_out {
        app.printer.warn(format_args!(
            "{name} is no library file and is left out: {why}"
        ));
    }
    let what = if refreshed.changed {
        "fetched"
    } else {
        "unchanged"
    };
    app.printer.note(format_args!(
        "catalogue of {} official images {what}, from {source}",
        refreshed.images
    ));
    Ok(())
}

/// All official images.
fn list(app: &App, args: &OfficialArgs, catalogue: &Catalogue) -> CliResult {
    tell_age(app, catalogue);
    let mut images = Vec::new();
    for name in catalogue.names() {
        if let Some(file) = catalogue.image(name)? {
            images.push((name.to_owned(), file));
        }
    }
    let listing = official_rows::images(&images);
    app.printer.text(listing.render(args.format.as_deref())?)
}

/// One official image, or those builds of it that have a tag.
fn show(app: &App, args: &OfficialArgs, catalogue: &Catalogue, name: &Reference) -> CliResult {
    tell_age(app, catalogue);
    let short = name.repository().familiar();
    let Some(mut file) = catalogue.image(short)? else {
        let age = units::ago(catalogue.fetched, Timestamp::now());
        return Err(
            CliError::new(format!("{short} is no Docker Official Image (as of {age})"))
                .hint("`orlop official` lists them, `orlop search` finds others"),
        );
    };
    if let Some(tag) = name.tag() {
        let all = file.clone();
        file.entries.retain(|entry| entry.has(tag));
        if file.entries.is_empty() {
            return Err(unsupported(short, tag, &all));
        }
    }
    let rows = official_rows::builds(&file, args.no_trunc);
    if args.format.is_some() {
        return app.printer.text(rows.render(args.format.as_deref())?);
    }
    app.printer.line(format_args!(
        "{short}: Docker Official Image, kept by {}\nCatalogue of {}, from {}\n",
        file.maintainers.join(", "),
        units::ago(catalogue.fetched, Timestamp::now()),
        catalogue.source
    ))?;
    if file.entries.is_empty() {
        app.printer.line("No tag of it is supported any more.")?;
    } else {
        app.printer.text(rows.render(None)?)?;
    }
    let locals = locals(app, args, name, &file)?;
    if !locals.is_empty() {
        let rows = official_rows::locals(&locals, args.no_trunc);
        app.printer.line("")?;
        app.printer.text(rows.render(None)?)?;
    }
    Ok(())
}

/// A tag that no build has.
fn unsupported(name: &str, tag: &str, file: &LibraryFile) -> CliError {
    let error = CliError::new(format!("{name}:{tag} is not supported (any more)"));
    let tags: Vec<&str> = file
        .entries
        .iter()
        .flat_map(|entry| entry.all_tags())
        .take(8)
        .collect();
    match tags.as_slice() {
        [] => error.hint(format!("no tag of {name} is")),
        tags => error.hint(format!("supported are {}, …", tags.join(", "))),
    }
}

/// An old catalogue says so by itself.
fn tell_age(app: &App, catalogue: &Catalogue) {
    let now = Timestamp::now();
    if now.duration_since(catalogue.fetched) > OLD {
        app.printer.warn(format_args!(
            "the catalogue is from {}: `orlop official --refresh` fetches it anew",
            units::ago(catalogue.fetched, now)
        ));
    }
}

/// What the store has of the image, and whether it is what the registry has.
fn locals(
    app: &App,
    args: &OfficialArgs,
    name: &Reference,
    file: &LibraryFile,
) -> CliResult<Vec<Local>> {
    let images = app.images()?;
    let mut names: BTreeSet<Reference> = images.tags_of(name.repository())?.into_iter().collect();
    names.retain(|local| name.tag().is_none_or(|tag| local.tag() == Some(tag)));
    let now = if args.local || names.is_empty() {
        None
    } else {
        let client = app.client(app.progress(false))?;
        let parallel = app.settings.parallel_downloads;
        let names = names.clone();
        Some(interrupt::run(
            async |cancel: Cancel| Ok(look_up(&client, names, parallel, &cancel).await?),
            || None,
        )?)
    };
    let mut locals = Vec::new();
    for local in names {
        let Some(digest) = images
            .store()
            .resolve(&local)
            .map_err(orlop_image::Error::from)?
        else {
            continue;
        };
        let standing = match now.as_ref().and_then(|now| now.get(&local)) {
            None => Standing::NotAsked,
            Some(Ok(target)) if target.digest == digest => Standing::Current,
            Some(Ok(target)) => Standing::Outdated(target.digest.clone()),
            Some(Err(error)) => Standing::Unknown(crate::error::chain(error)),
        };
        let supported = local
            .tag()
            .is_some_and(|tag| file.with_tag(tag).next().is_some());
        locals.push(Local {
            name: local.familiar(),
            digest,
            standing,
            supported,
        });
    }
    Ok(locals)
}

/// Without a catalogue: what the registry has, which says nothing of what is supported.
fn show_tags(app: &App, args: &OfficialArgs, name: &Reference) -> CliResult {
    app.printer.note(format_args!(
        "There is no catalogue of official images in {}: these are the tags of the registry, supported or not\n\
         hint: `orlop official --refresh` fetches the catalogue",
        app.settings.root.display()
    ));
    let repository: &Repository = name.repository();
    let client = app.client(app.progress(false))?;
    let remote = client.repository(repository);
    let mut tags = interrupt::run(
        async |cancel: Cancel| {
            tokio::select! {
                tags = remote.tags() => tags.map_err(|error| registry_error(&error)),
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    )?;
    tags.sort();
    tags.retain(|tag| name.tag().is_none_or(|asked| asked == tag));
    let listing = official_rows::tags(&tags);
    app.printer.text(listing.render(args.format.as_deref())?)
}
