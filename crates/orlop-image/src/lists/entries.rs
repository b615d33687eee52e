//! The manifests that a name stands for, as entries of a list.

use orlop_distribution::{Client, ManifestRef, Remote};
use orlop_oci::edit::docker_list;
use orlop_oci::{
    Descriptor, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MAX_INDEX_DEPTH, Manifest, Platform,
    Raw, Reference,
};

use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::edit::Bench;
use crate::error::{Error, Result};
use crate::lists::List;
use crate::origin::Origin;

/// More manifests aren't taken from one index: each is fetched.
const MAX_ENTRIES: usize = 1000;

/// A manifest in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListEntry {
    /// Where it is.
    pub reference: Reference,
    /// What the list says of it.
    pub descriptor: Descriptor,
    /// It.
    pub manifest: Raw,
}

/// Fetches what a name stands for. The manifests of an index come one by one, with its attestations
/// and what it says of them; docker refuses indexes.
///
/// # Errors
/// When the registry doesn't have it, or it breaks a rule.
pub async fn fetch_entries(
    client: &Client,
    reference: &Reference,
    cancel: &Cancel,
) -> Result<Vec<ListEntry>> {
    let remote = client.repository(reference.repository());
    let fetching = async {
        let raw = remote.manifest(ManifestRef::of(reference)).await?;
        let mut found = Found::default();
        let descriptor = raw.descriptor();
        collect(&remote, reference.clone(), descriptor, raw, 0, &mut found).await?;
        Ok(found.entries)
    };
    tokio::select! {
        found = fetching => found,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    entries: Vec<ListEntry>,
    budget: Budget,
}

async fn collect(
    remote: &Remote,
    reference: Reference,
    mut descriptor: Descriptor,
    raw: Raw,
    depth: usize,
    found: &mut Found,
) -> Result<()> {
    let too_many = |what: &str| Error::invalid(raw.digest(), what.to_owned());
    found.budget.take(raw.bytes().len() as u64, raw.digest())?;
    match parse(&raw)? {
        Manifest::Image(image) => {
            if found.entries.len() >= MAX_ENTRIES {
                let what = format!("an index of more than {MAX_ENTRIES} manifests");
                return Err(too_many(&what));
            }
            if descriptor.platform.is_none() && image.is_image() {
                let origin = Origin::Registry(remote.clone());
                descriptor.platform = Some(platform_of(&origin, &image).await?);
            }
            found.entries.push(ListEntry {
                reference,
                descriptor,
                manifest: raw,
            });
        }
        Manifest::Index(_) if depth >= MAX_INDEX_DEPTH => {
            let what = format!("indexes nested deeper than {MAX_INDEX_DEPTH}");
            return Err(too_many(&what));
        }
        Manifest::Index(index) => {
            for mut child in index.manifests {
                let below = remote.manifest(ManifestRef::Digest(&child.digest)).await?;
                let below = below.as_described(&child);
                let below = below.map_err(Error::document("manifest", &child.digest))?;
                let name = pinned(&reference, &child)?;
                // What it holds of the child is here now.
                child.data = None;
                Box::pin(collect(remote, name, child, below, depth + 1, found)).await?;
            }
        }
    }
    Ok(())
}

fn parse(raw: &Raw) -> Result<Manifest> {
    raw.manifest()
        .map_err(Error::document("manifest", raw.digest()))
}

/// `NAME:TAG@DIGEST`, as docker writes where a manifest of a list is.
fn pinned(reference: &Reference, child: &Descriptor) -> Result<Reference> {
    let tag = reference.tag().map(|tag| format!(":{tag}"));
    let repository = reference.repository();
    let text = format!("{repository}{}@{}", tag.unwrap_or_default(), child.digest);
    Ok(text.parse()?)
}

/// Where an image runs, by its configuration.
pub(crate) async fn platform_of(origin: &Origin, image: &ImageManifest) -> Result<Platform> {
    Ok(configuration(origin, image).await?.1.platform)
}

/// An image's configuration.
pub(crate) async fn configuration(
    origin: &Origin,
    image: &ImageManifest,
) -> Result<(Raw, ImageConfig)> {
    let told = |error| Error::document("config", &image.config.digest)(error);
    if image.config.size > MAX_CONFIG_SIZE {
        return Err(told(orlop_oci::ManifestError::TooLarge {
            size: image.config.size,
            max: MAX_CONFIG_SIZE,
        }));
    }
    let bytes = origin.small_blob(&image.config).await?;
    let raw = Raw::described(&image.config, bytes).map_err(told)?;
    let config = ImageConfig::parse(raw.bytes()).map_err(told)?;
    Ok((raw, config))
}

/// The list as docker's client writes it.
pub fn list_of(list: &List) -> Raw {
    let descriptors: Vec<Descriptor> = list.entries.iter().map(|e| e.descriptor.clone()).collect();
    docker_list(&descriptors)
}

/// The list, ready to be copied to a registry: its manifests come from where they are.
///
/// # Errors
/// When a manifest has no platform, in docker's words.
pub fn pushable(client: &Client, list: &List) -> Result<(Origin, Descriptor)> {
    let raw = list_of(list);
    let mut bench: Option<Bench> = None;
    for entry in &list.entries {
        let platform = entry.descriptor.platform.as_ref();
        if platform.is_none_or(|p| p.os.is_empty() || p.architecture.is_empty()) {
            return Err(Error::Refused(format!(
                "manifest {} must have an OS and Architecture to be pushed to a registry",
                entry.reference
            )));
        }
        let origin = Origin::Registry(client.repository(entry.reference.repository()));
        let (bench, home) = match &mut bench {
            Some(bench) => {
                let home = bench.origin(origin);
                (bench, home)
            }
            None => (bench.insert(Bench::new(origin)), 0),
        };
        bench.at(home, [&entry.manifest.descriptor()]);
        bench.at(home, parse(&entry.manifest)?.children());
        bench.document(entry.manifest.clone());
    }
    let mut bench = bench.ok_or_else(|| Error::Refused(format!("{} not found", list.name)))?;
    bench.document(raw.clone());
    Ok((bench.finish(raw.descriptor()), raw.descriptor()))
}
