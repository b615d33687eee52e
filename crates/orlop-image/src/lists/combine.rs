//! An index of what several names stand for (`docker buildx imagetools create`).

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_oci::edit::{EditError, ListAnnotations, combined, for_platforms};
use orlop_oci::{Descriptor, Manifest, Platform, Raw};

use crate::cancel::Cancel;
use crate::edit::Bench;
use crate::error::{Error, Result};
use crate::lists::entries::platform_of;
use crate::origin::Origin;

/// How many sources are asked for at once.
const SOURCES: usize = 8;

/// An image or index that goes into another one.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub origin: Origin,
    /// What shall be said of it.
    pub descriptor: Descriptor,
}

/// What came of sources.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The index, or the only source as it was.
    pub raw: Raw,
    /// From where it can be copied, with all that it names.
    pub origin: Origin,
}

/// Combines sources to one index: manifests as they are, of indexes each of their manifests. A single
/// index in which nothing is to be noted stays as it is; so does a single manifest unless
/// `prefer_index`. Of the result only `platforms` are left, when there are any.
///
/// # Errors
/// When a source can't be had, breaks a rule, or when nothing is left.
pub async fn combine(
    sources: Vec<Source>,
    annotations: &ListAnnotations,
    prefer_index: bool,
    platforms: &[Platform],
    cancel: &Cancel,
) -> Result<Combined> {
    let combining = async {
        let documents = stream::iter(sources)
            .map(fetch)
            .buffered(SOURCES)
            .try_collect::<Vec<(Source, Raw)>>()
            .await?;
        together(documents, annotations, prefer_index, platforms)
    };
    tokio::select! {
        combined = combining => combined,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// Fetches a source's document; one that says nothing of its platform gets that of its configuration.
async fn fetch(mut source: Source) -> Result<(Source, Raw)> {
    let raw = source.origin.described(&source.descriptor).await?;
    if let Manifest::Image(image) = parse(&raw)? {
        let said = source.descriptor.platform.take();
        let platform = match said {
            Some(platform) if !platform.os.is_empty() && !platform.architecture.is_empty() => {
                Some(platform)
            }
            said if image.is_image() => {
                let own = platform_of(&source.origin, &image).await?.normalized();
                Some(filled(said.unwrap_or_default(), own))
            }
            said => said,
        };
        source.descriptor.platform = platform;
    }
    Ok((source, raw))
}

/// What a platform doesn't say, from the configuration.
fn filled(mut said: Platform, own: Platform) -> Platform {
    if said.architecture.is_empty() {
        said.architecture = own.architecture;
        said.variant = said.variant.or(own.variant);
    }
    if said.os.is_empty() {
        said.os = own.os;
    }
    said
}

fn parse(raw: &Raw) -> Result<Manifest> {
    raw.manifest()
        .map_err(Error::document("manifest", raw.digest()))
}

fn together(
    documents: Vec<(Source, Raw)>,
    annotations: &ListAnnotations,
    prefer_index: bool,
    platforms: &[Platform],
) -> Result<Combined> {
    if let [(source, raw)] = documents.as_slice()
        && annotations.is_empty()
    {
        let is_index = raw.media_type().is_index();
        if !is_index && !prefer_index {
            check_platform(&source.descriptor, platforms)?;
        }
        if is_index || !prefer_index {
            let whole = Bench::new(source.origin.clone());
            return part(raw.clone(), whole, platforms);
        }
    }
    let mut bench: Option<Bench> = None;
    let mut manifests = Vec::new();
    for (source, raw) in documents {
        let (bench, home) = match &mut bench {
            Some(bench) => {
                let home = bench.origin(source.origin);
                (bench, home)
            }
            None => (bench.insert(Bench::new(source.origin)), 0),
        };
        match parse(&raw)? {
            Manifest::Index(index) => {
                bench.at(home, &index.manifests);
                manifests.extend(index.manifests);
            }
            Manifest::Image(_) => {
                bench.at(home, [&source.descriptor]);
                manifests.push(source.descriptor);
            }
        }
    }
    let bench = bench.ok_or_else(|| Error::Refused("no sources specified".to_owned()))?;
    part(combined(manifests, annotations), bench, platforms)
}

fn check_platform(descriptor: &Descriptor, platforms: &[Platform]) -> Result<()> {
    let own = descriptor.platform.clone().unwrap_or_default();
    let fits = platforms.is_empty()
        || (platforms.iter()).any(|wanted| wanted.matcher().rank(&own) == Some(0));
    if fits {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "input platform {own} does not match any of the provided platforms"
    )))
}

/// The part for these platforms, where it is an index.
fn part(raw: Raw, mut bench: Bench, platforms: &[Platform]) -> Result<Combined> {
    let raw = match platforms.is_empty() || !raw.media_type().is_index() {
        true => raw,
        false => for_platforms(&raw, platforms).map_err(|error| match error {
            EditError::Contradiction(text) => Error::Refused(text),
            error => Error::edit(raw.digest())(error),
        })?,
    };
    bench.document(raw.clone());
    Ok(Combined {
        origin: bench.finish(raw.descriptor()),
        raw,
    })
}
