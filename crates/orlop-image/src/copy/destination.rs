//! Where an image goes: one set of verbs for a repository, a layout directory and an archive.

use std::fmt;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orlop_archive::{ArchiveFormat, ArchiveWriter, Archived, LayoutWriter, Name, NewFile};
use orlop_distribution::{ManifestRef, Remote};
use orlop_oci::{Descriptor, Digest, Raw};

use crate::error::{Error, Result};
use crate::pull::blocking;

/// What an archive is written to: a file that is there when it is complete.
type Out = BufWriter<NewFile>;

/// Who holds it writes; nothing is left when the archive is finished.
pub(crate) type ArchiveSlot = Mutex<Option<ArchiveWriter<Out>>>;

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// Where an image goes.
#[derive(Clone)]
pub enum Destination {
    /// A repository of a registry.
    Registry(Remote),
    /// A layout directory.
    Layout(LocalDestination<LayoutWriter>),
    /// An archive, which is written from front to back.
    Archive(LocalDestination<ArchiveSlot>),
}

/// A layout or archive, with the images that it has got so far.
pub struct LocalDestination<W> {
    pub(crate) writer: Arc<W>,
    images: Arc<Mutex<Vec<Archived>>>,
}

impl<W> Clone for LocalDestination<W> {
    fn clone(&self) -> Self {
        Self {
            writer: Arc::clone(&self.writer),
            images: Arc::clone(&self.images),
        }
    }
}

impl<W> LocalDestination<W> {
    fn new(writer: W) -> Self {
        Self {
            writer: Arc::new(writer),
            images: Arc::default(),
        }
    }

    fn add(&self, target: Descriptor, name: Option<&Name>) {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.push(Archived {
            names: name.cloned().into_iter().collect(),
            target,
        });
    }

    fn images(&self) -> Vec<Archived> {
        let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.clone()
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(remote) => remote.fmt(f),
            Self::Layout(layout) => layout.writer.fmt(f),
            Self::Archive(_) => f.write_str("Archive"),
        }
    }
}

impl From<Remote> for Destination {
    fn from(remote: Remote) -> Self {
        Self::Registry(remote)
    }
}

impl From<LayoutWriter> for Destination {
    fn from(writer: LayoutWriter) -> Self {
        Self::Layout(LocalDestination::new(writer))
    }
}

impl Destination {
    /// An archive at `path`, which is there when [`Copier::finish`](super::Copier::finish) has ended. A
    /// pipe or device is written to as it is.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn archive(path: &Path, format: ArchiveFormat) -> Result<Self> {
        let file = NewFile::create(path, 0o600)?;
        let writer = ArchiveWriter::new(BufWriter::with_capacity(BUFFER, file), format);
        Ok(Self::Archive(LocalDestination::new(Mutex::new(Some(
            writer,
        )))))
    }

    /// What a name stands for there; nothing when it isn't there.
    pub(crate) async fn resolve(&self, name: &Name) -> Result<Option<Digest>> {
        let (Self::Registry(remote), Name::Full(reference)) = (self, name) else {
            return Ok(None);
        };
        let remote = remote.clone().without_mirrors();
        match remote.resolve(ManifestRef::of(reference)).await {
            Ok(descriptor) => Ok(Some(descriptor.digest)),
            Err(error) => absent(error).map(|()| None),
        }
    }

    /// Whether a manifest is there, whatever its name.
    pub(crate) async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        match self {
            Self::Registry(remote) => {
                let remote = remote.clone().without_mirrors();
                match remote
                    .resolve(ManifestRef::Digest(&descriptor.digest))
                    .await
                {
                    Ok(_) => Ok(true),
                    Err(error) => absent(error).map(|()| false),
                }
            }
            // Its blobs may not be: whoever copied it may have stopped.
            Self::Layout(_) | Self::Archive(_) => Ok(false),
        }
    }

    /// Puts a manifest whose children are there, under a name or its digest. `is_root`: it counts as an
    /// image of its own also without a name.
    pub(crate) async fn manifest(
        &self,
        raw: &Raw,
        name: Option<&Name>,
        is_root: bool,
    ) -> Result<()> {
        match self {
            Self::Registry(remote) => {
                let name = match name {
                    Some(Name::Full(reference)) => ManifestRef::of(reference),
                    Some(Name::Bare(tag)) => ManifestRef::Tag(tag),
                    None => ManifestRef::Digest(raw.digest()),
                };
                remote.put_manifest(name, raw).await?;
            }
            Self::Layout(layout) => {
                let (writer, raw) = (Arc::clone(&layout.writer), raw.clone());
                blocking(move || Ok(writer.document(&raw)?)).await?;
            }
            Self::Archive(archive) => {
                let (writer, raw) = (Arc::clone(&archive.writer), raw.clone());
                blocking(move || with_writer(&writer, |writer| writer.document(&raw))).await?;
            }
        }
        let descriptor = raw.descriptor();
        match self {
            Self::Layout(layout) if is_root => layout.add(descriptor, name),
            Self::Archive(archive) if is_root => archive.add(descriptor, name),
            _ => {}
        }
        Ok(())
    }

    /// Writes the lists of a layout or archive.
    pub(crate) async fn finish(self) -> Result<()> {
        match self {
            Self::Registry(_) => Ok(()),
            Self::Layout(layout) => {
                blocking(move || Ok(layout.writer.finish(&layout.images())?)).await
            }
            Self::Archive(archive) => {
                blocking(move || {
                    let writer = lock(&archive.writer).take().ok_or(Error::Cancelled)?;
                    let out = writer.finish(&archive.images())?;
                    let file = out
                        .into_inner()
                        .map_err(|error| Error::io("write the archive")(error.into_error()))?;
                    Ok(file.place()?)
                })
                .await
            }
        }
    }
}

fn lock(writer: &ArchiveSlot) -> MutexGuard<'_, Option<ArchiveWriter<Out>>> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with the writer of an archive, while all others wait.
pub(crate) fn with_writer<T>(
    writer: &ArchiveSlot,
    work: impl FnOnce(&mut ArchiveWriter<Out>) -> orlop_archive::Result<T>,
) -> Result<T> {
    let mut writer = lock(writer);
    let writer = writer.as_mut().ok_or(Error::Cancelled)?;
    Ok(work(writer)?)
}

/// What isn't there, is no error; also where the repository isn't there, or not yet.
fn absent(error: orlop_distribution::Error) -> Result<()> {
    if error.is_not_found() {
        return Ok(());
    }
    Err(error.into())
}
