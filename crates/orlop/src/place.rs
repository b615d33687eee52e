//! How people write where an image is: skopeo's words, and crane's and regctl's `ocidir://`. Without
//! such a word it is a name in a registry.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use orlop_archive::{ArchiveFormat, Local, Name};
use orlop_distribution::Client;
use orlop_image::event::EventSink;
use orlop_image::model::Loaded;
use orlop_image::{Cancel, Destination, Origin, Platforms, PullOptions};
use orlop_oci::{Descriptor, Reference};

use crate::app::App;
use crate::error::{CliError, CliResult};

/// Where an image is or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `docker://NAME` or `NAME`.
    Registry(Reference),
    /// `oci:DIR[:NAME]`, `ocidir://DIR[:NAME]`.
    Layout(LocalPlace),
    /// `oci-archive:FILE[:NAME]`.
    OciArchive(LocalPlace),
    /// `docker-archive:FILE[:NAME]`.
    DockerArchive(LocalPlace),
    /// `store:NAME`, and what others call their own store: `containers-storage:`, `docker-daemon:`.
    Store(String),
}

/// A file or directory, and the name of an image in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPlace {
    /// Where it is.
    pub path: PathBuf,
    /// What the image is called there.
    pub name: Option<String>,
}

impl LocalPlace {
    /// skopeo's form: what stands behind the first colon is the name.
    fn of(text: &str) -> CliResult<Self> {
        let (path, name) = match text.split_once(':') {
            Some((path, name)) => (path, Some(name)),
            None => (text, None),
        };
        if path.is_empty() {
            return Err(CliError::new("a path is missing"));
        }
        Ok(Self {
            path: path.into(),
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        })
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// It isn't there, or is neither an archive nor a layout.
    pub fn read(&self, app: &App) -> CliResult<Local> {
        let scratch = app.env.scratch();
        let local = Local::open(&self.path, &scratch, &app.settings.bounds);
        Ok(local.map_err(orlop_image::Error::from)?)
    }

    fn archive_name(&self) -> CliResult<Option<Name>> {
        let Some(text) = &self.name else {
            return Ok(None);
        };
        if text.contains(['/', ':', '@']) {
            let reference: Reference = text.parse()?;
            return Ok(Some(Name::Full(reference.with_default_tag())));
        }
        Ok(Some(Name::Bare(text.clone())))
    }
}

impl FromStr for Place {
    type Err = CliError;

    fn from_str(text: &str) -> CliResult<Self> {
        let place = text.split_once(':').and_then(|(word, rest)| {
            let slashes = rest.strip_prefix("//");
            Some(match (word, slashes) {
                ("docker", Some(name)) => name.parse().map(Self::Registry).map_err(CliError::from),
                ("ocidir", Some(rest)) => LocalPlace::of(rest).map(Self::Layout),
                ("oci" | "ocidir", _) => LocalPlace::of(rest).map(Self::Layout),
                ("oci-archive", _) => LocalPlace::of(rest).map(Self::OciArchive),
                ("docker-archive", _) => LocalPlace::of(rest).map(Self::DockerArchive),
                ("store" | "containers-storage" | "docker-daemon", _) => {
                    Ok(Self::Store(rest.to_owned()))
                }
                ("dir" | "tarball" | "sif" | "ostree" | "docker-archive-url", _) => Err(
                    CliError::new(format!("{word}: is no place that orlop knows"))
                        .hint("places are NAME, docker://NAME, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] and store:NAME"),
                ),
                _ => return None,
            })
        });
        match place {
            Some(place) => place.map_err(|error| error.context(format_args!("place {text:?}"))),
            None => Ok(Self::Registry(text.parse()?)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = |f: &mut fmt::Formatter<'_>, word: &str, place: &LocalPlace| {
            write!(f, "{word}:{}", place.path.display())?;
            place.name.iter().try_for_each(|name| write!(f, ":{name}"))
        };
        match self {
            Self::Registry(reference) => write!(f, "{}", reference.familiar()),
            Self::Layout(place) => local(f, "oci", place),
            Self::OciArchive(place) => local(f, "oci-archive", place),
            Self::DockerArchive(place) => local(f, "docker-archive", place),
            Self::Store(name) => write!(f, "store:{name}"),
        }
    }
}

/// An image at its place.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where its content is.
    pub origin: Origin,
    /// Its index or manifest.
    pub target: Descriptor,
    /// What it is called there.
    pub name: Option<Name>,
}

impl Place {
    /// Whether a text begins with a word that says where the image is.
    pub fn is_spelled_out(text: &str) -> bool {
        text.starts_with("docker://") || !matches!(text.parse(), Ok(Self::Registry(_)) | Err(_))
    }

    /// Looks for the image.
    ///
    /// # Errors
    /// It isn't there, or it isn't clear which is meant.
    pub async fn find(&self, app: &App, client: &Client) -> CliResult<Found> {
        match self {
            Self::Registry(reference) => {
                let remote = client.repository(reference.repository());
                let reference = reference.clone().with_default_tag();
                let target = remote
                    .resolve(orlop_distribution::ManifestRef::of(&reference))
                    .await
                    .map_err(|error| crate::app::registry_error(&error))?;
                Ok(Found {
                    origin: Origin::Registry(remote),
                    target,
                    name: Some(Name::Full(reference)),
                })
            }
            Self::Layout(place) | Self::OciArchive(place) | Self::DockerArchive(place) => {
                find_local(place.read(app)?, place)
            }
            Self::Store(name) => {
                let images = app.images()?;
                let target = images.inspect(name, None)?.target;
                let name = name.parse::<Reference>().ok();
                Ok(Found {
                    origin: Origin::Store(images.store().clone()),
                    target,
                    name: name.map(|name| Name::Full(name.with_default_tag())),
                })
            }
        }
    }

    /// Opens the place for reading, whatever images it has.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn origin(&self, app: &App, client: &Client) -> CliResult<Origin> {
        Ok(match self {
            Self::Registry(reference) => {
                Origin::Registry(client.repository(reference.repository()))
            }
            Self::Layout(place) | Self::OciArchive(place) | Self::DockerArchive(place) => {
                Origin::Local(place.read(app)?)
            }
            Self::Store(_) => Origin::Store(app.images()?.store().clone()),
        })
    }

    /// Opens the place for writing: where images go, and what they are called there. `name` is what the
    /// image is called where it comes from, which it keeps in a layout or archive unless another is given.
    ///
    /// # Errors
    /// It can't be opened, or nothing can be written there.
    pub fn open(
        &self,
        client: &Client,
        name: Option<Name>,
    ) -> CliResult<(Destination, Option<Name>)> {
        let failed = |error: orlop_archive::Error| orlop_image::Error::from(error);
        Ok(match self {
            Self::Registry(reference) => {
                let remote = client.repository(reference.repository());
                let reference = reference.clone().with_default_tag();
                (remote.into(), Some(Name::Full(reference)))
            }
            Self::Layout(place) => {
                let writer = orlop_archive::LayoutWriter::open(&place.path).map_err(failed)?;
                (writer.into(), place.archive_name()?.or(name))
            }
            Self::OciArchive(place) => (
                Destination::archive(&place.path, ArchiveFormat::Oci)?,
                place.archive_name()?.or(name),
            ),
            Self::DockerArchive(place) => (
                Destination::archive(&place.path, ArchiveFormat::Docker)?,
                place.archive_name()?.or(name),
            ),
            // One image goes there another way, see `copy`.
            Self::Store(_) => return Err(CliError::new("--all-tags/-a can't copy into the store")),
        })
    }
}

/// Copies an image into the store, without unpacking it, under a name.
///
/// # Errors
/// The name is none, the origin doesn't give the image, or the disk doesn't take it.
pub async fn bring_in(
    app: &App,
    origin: &Origin,
    target: &Descriptor,
    name: &str,
    platforms: Platforms,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> CliResult<Loaded> {
    let name: Reference = name.parse::<Reference>()?.with_default_tag();
    if name.digest().is_some() {
        return Err(CliError::new(
            "refusing to create a tag with a digest reference",
        ));
    }
    let options = PullOptions {
        platforms,
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
        ..PullOptions::default()
    };
    let images = app.images()?;
    let copying = images.copy_in(origin, target, Some(&name), &options, events, cancel);
    Ok(copying.await?)
}

fn find_local(local: Local, place: &LocalPlace) -> CliResult<Found> {
    let image = match (&place.name, local.images()) {
        (None, [image]) => image.clone(),
        (None, []) => return Err(CliError::new(format!("{}: it has no image", local.label()))),
        (None, images) => {
            let names = images.iter().flat_map(|image| &image.names);
            let names: Vec<String> = names.map(Name::text).collect();
            return Err(CliError::new(format!(
                "{}: it has {} images, and it isn't said which is meant",
                local.label(),
                images.len()
            ))
            .hint(format!("add one of their names: {}", names.join(", "))));
        }
        (Some(name), images) => {
            let whole = name
                .parse::<Reference>()
                .ok()
                .map(Reference::with_default_tag);
            let called = |n: &Name| n.text() == *name || n.reference() == whole;
            images
                .iter()
                .find(|image| {
                    image.names.iter().any(called) || image.target.digest.as_str() == name
                })
                .cloned()
                .ok_or_else(|| {
                    CliError::new(format!("No such image: {name} in {}", local.label()))
                })?
        }
    };
    Ok(Found {
        origin: Origin::Local(local),
        target: image.target,
        name: image.names.into_iter().next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_names() {
        let local = |path: &str, name: Option<&str>| LocalPlace {
            path: path.into(),
            name: name.map(str::to_owned),
        };
        let registry = |name: &str| Place::Registry(name.parse().expect("a name"));
        for (text, expected) in [
            ("alpine:3.20", registry("alpine:3.20")),
            ("docker://alpine:3.20", registry("alpine:3.20")),
            ("localhost:5000/a:1", registry("localhost:5000/a:1")),
            ("oci:/tmp/l", Place::Layout(local("/tmp/l", None))),
            ("oci:l:1.0", Place::Layout(local("l", Some("1.0")))),
            ("ocidir://l:1.0", Place::Layout(local("l", Some("1.0")))),
            (
                "oci-archive:a.tar:localhost:5000/a:1",
                Place::OciArchive(local("a.tar", Some("localhost:5000/a:1"))),
            ),
            (
                "docker-archive:a.tar",
                Place::DockerArchive(local("a.tar", None)),
            ),
            ("store:alpine", Place::Store("alpine".into())),
            ("docker-daemon:a:1", Place::Store("a:1".into())),
        ] {
            let place: Place = text.parse().expect(text);
            assert_eq!(place, expected, "{text}");
            let again: Place = place.to_string().parse().expect("it reads back");
            assert_eq!(again, place, "{text}");
        }
    }

    #[test]
    fn what_is_no_place() {
        for (text, words) in [
            ("oci:", "a path is missing"),
            ("dir:/tmp/x", "no place that orlop knows"),
            ("Alpine", "must be lowercase"),
            ("docker://Alpine", "must be lowercase"),
        ] {
            let error = text.parse::<Place>().expect_err(text);
            assert!(error.message().contains(words), "{text}: {error}");
        }
    }
}
