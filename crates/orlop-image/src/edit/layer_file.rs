//! Layers that are made here: from an archive, or from all layers of an image.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_archive::RootLayer;
use orlop_distribution::BlobSource as _;
use orlop_layer::{
    BUFFER_SIZE, BoundedReader, Bounds, Decompressor, Flattener, TarReader, TarWriter, sniff,
};
use orlop_oci::edit::{NewLayer, Parts};
use orlop_oci::{Descriptor, History};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::pull::blocking;
use crate::single::checked_bytes;

/// A layer that was made, in a file.
#[derive(Debug)]
pub struct LayerFile {
    /// What images say of it.
    pub layer: NewLayer,
    /// Its bytes.
    pub file: File,
}

impl LayerFile {
    /// Reads an archive, as it is or compressed, into an unlinked file in `scratch`, and reads it through:
    /// it must be one that can be a layer. `label` is what messages and the image's history call it.
    ///
    /// # Errors
    /// When it can't be read, is no archive or a hostile one, or [`Error::Cancelled`].
    pub async fn read(
        reader: impl Read + Send + 'static,
        label: &str,
        scratch: PathBuf,
        bounds: Arc<Bounds>,
        cancel: &Cancel,
    ) -> Result<Self> {
        let (name, stop) = (label.to_owned(), cancel.clone());
        let reading = blocking(move || {
            let reader = Stoppable {
                inner: reader,
                cancel: stop,
            };
            let made = RootLayer::read(reader, &name, &scratch, &bounds)?;
            let layer = Self::of(made, format!("append {name}"));
            check(&layer, &bounds).map_err(|error| Error::Refused(format!("{name}: {error}")))?;
            Ok(layer)
        });
        tokio::select! {
            layer = reading => layer,
            // Its thread ends with what it reads; the file has no name.
            () = cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    fn of(made: RootLayer, created_by: String) -> Self {
        Self {
            layer: NewLayer {
                descriptor: made.descriptor,
                diff_id: made.diff_id,
                history: History {
                    created_by,
                    ..History::default()
                },
            },
            file: made.file,
        }
    }
}

fn check(layer: &LayerFile, bounds: &Bounds) -> orlop_layer::Result<()> {
    let failed = orlop_layer::Error::Read;
    let mut file = layer.file.try_clone().map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let reader = uncompressed(file, layer.layer.descriptor.size, bounds).map_err(failed)?;
    let mut tar = TarReader::new(reader, bounds.clone());
    while tar.next_entry()?.is_some() {}
    tar.drain()
}

/// What a layer of so many bytes unpacks to.
fn uncompressed(blob: impl Read, size: u64, bounds: &Bounds) -> io::Result<impl BufRead> {
    let mut reader = BufReader::with_capacity(BUFFER_SIZE, blob);
    let compression = sniff(reader.fill_buf()?);
    let plain = Decompressor::new(compression, reader)?;
    let bounded = BoundedReader::new(plain, bounds, size);
    Ok(BufReader::with_capacity(BUFFER_SIZE, bounded))
}

/// Ends when it is asked to.
struct Stoppable<R> {
    inner: R,
    cancel: Cancel,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.cancel.is_cancelled() {
            true => Err(io::Error::other(Error::Cancelled)),
            false => self.inner.read(buffer),
        }
    }
}

/// How images are flattened.
#[derive(Clone, Debug)]
pub struct Flatten {
    /// Where files without a name may be, as large as the image, and as all that it unpacks to.
    pub scratch: PathBuf,
    /// What layers may be.
    pub bounds: Arc<Bounds>,
    /// The wish to stop.
    pub cancel: Cancel,
}

impl Flatten {
    /// Makes one layer of those that an image has, which come from `origin`.
    pub(crate) async fn layer(&self, origin: &Origin, image: &Parts) -> Result<LayerFile> {
        let mut files = Vec::new();
        for descriptor in image.layers() {
            files.push((descriptor.clone(), self.bring(origin, descriptor).await?));
        }
        let flatten = self.clone();
        let created_by = format!("flatten {}", image.manifest().digest());
        let created = image.settings().created;
        let mut layer = blocking(move || flatten.together(&files, created_by)).await?;
        layer.layer.history.created = created;
        Ok(layer)
    }

    /// Brings a layer's blob into a file, verified.
    async fn bring(&self, origin: &Origin, layer: &Descriptor) -> Result<File> {
        if !layer.media_type.is_layer() {
            let why = format!("it is no layer of files but {}", layer.media_type);
            return Err(Error::layer(&layer.digest, why));
        }
        let blob = checked_bytes(origin, layer, &self.cancel)?;
        let (scratch, digest) = (self.scratch.clone(), layer.digest.clone());
        blocking(move || {
            let failed = |error: io::Error| match error.downcast::<Error>() {
                Ok(error) => error,
                Err(error) => Error::io(format!("fetch layer {digest}"))(error),
            };
            let mut file = temporary(&scratch)?;
            let mut reader = blob.open(0).map_err(failed)?;
            io::copy(&mut reader, &mut file).map_err(failed)?;
            Ok(file)
        })
        .await
    }

    fn together(&self, files: &[(Descriptor, File)], created_by: String) -> Result<LayerFile> {
        let told = |layer: &Descriptor, error: orlop_layer::Error| match self.cancel.is_cancelled()
        {
            true => Error::Cancelled,
            false => Error::layer(&layer.digest, error),
        };
        let open = |layer: &Descriptor, file: &File| -> orlop_layer::Result<_> {
            let failed = orlop_layer::Error::Read;
            let mut inner = file.try_clone().map_err(failed)?;
            inner.seek(SeekFrom::Start(0)).map_err(failed)?;
            let cancel = self.cancel.clone();
            uncompressed(Stoppable { inner, cancel }, layer.size, &self.bounds).map_err(failed)
        };
        let mut flattener = Flattener::new();
        for (layer, file) in files {
            open(layer, file)
                .and_then(|reader| flattener.add(reader, &self.bounds))
                .map_err(|error| told(layer, error))?;
        }
        let flat = flattener.finish();
        let tar = io::BufWriter::with_capacity(BUFFER_SIZE, temporary(&self.scratch)?);
        let mut tar = TarWriter::new(tar);
        for (number, (layer, file)) in files.iter().enumerate() {
            open(layer, file)
                .and_then(|reader| flat.write(number, reader, &self.bounds, &mut tar))
                .map_err(|error| told(layer, error))?;
        }
        let failed = || Error::io("write the layer");
        let mut tar = tar.finish().map_err(failed())?;
        tar.flush().map_err(failed())?;
        let mut tar = tar
            .into_inner()
            .map_err(|error| failed()(error.into_error()))?;
        tar.seek(SeekFrom::Start(0)).map_err(failed())?;
        let inner = Stoppable {
            inner: tar,
            cancel: self.cancel.clone(),
        };
        let made = RootLayer::read(inner, "the layer", &self.scratch, &self.bounds);
        match (made, self.cancel.is_cancelled()) {
            (Err(_), true) => Err(Error::Cancelled),
            (made, _) => Ok(LayerFile::of(made?, created_by)),
        }
    }
}

/// A file without a name.
fn temporary(scratch: &Path) -> Result<File> {
    let what = format!("make a temporary file in {}", scratch.display());
    tempfile::tempfile_in(scratch).map_err(Error::io(what))
}
