//! Export: an image's file system as one archive, or one file of it, without unpacking anything: the layers
//! are read from their blobs, so that it needs no privileges, and owners are those of the image.
//!
//! The image may be anywhere. Of one in a registry each layer that is needed is fetched once, into an
//! unlinked file, and believed when it is there as a whole and right. For one file the layers are
//! fetched from the top, until they tell what is at its path ([`Finder`]).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use orlop_distribution::BlobSource as _;
use orlop_layer::{
    BUFFER_SIZE, BoundedReader, Bounds, Decompressor, EntryKind, Finder, Flattener, Place, Sight,
    TarWriter, copy_entry, sniff,
};
use orlop_oci::{Descriptor, Platform};
use orlop_store::{Lease, Store};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::look;
use crate::origin::Origin;
use crate::save::Stoppable;
use crate::single::checked_bytes;
use crate::stored::stored_blob;

/// An image whose files go out.
#[derive(Debug)]
pub struct Exporter {
    /// What people call the image.
    name: String,
    /// Bottom first.
    layers: Vec<Descriptor>,
    from: From,
    bounds: Bounds,
    cancel: Cancel,
}

#[derive(Debug)]
enum From {
    Store(
        Store,
        #[expect(dead_code, reason = "it holds the blobs")] Lease,
    ),
    Elsewhere {
        origin: Origin,
        /// Where layers are kept while they are read.
        scratch: PathBuf,
        /// Those that were fetched.
        fetched: Vec<OnceLock<Arc<File>>>,
    },
}

impl Images {
    /// An image of the store, for `platform` or else for the one that runs here.
    ///
    /// # Errors
    /// When there is no such image or platform.
    pub fn exporter(
        &self,
        name: &str,
        platform: Option<&Platform>,
        bounds: &Bounds,
        cancel: &Cancel,
    ) -> Result<Exporter> {
        let lease = self.store.lease_for_reading("export")?;
        let details = self.inspect(name, platform)?;
        lease.hold_blob(&details.target.digest)?;
        let manifest = details.manifest.ok_or_else(|| Error::NotPulled {
            image: name.to_owned(),
            platform: platform.cloned().unwrap_or_else(Platform::host).to_string(),
        })?;
        Ok(Exporter {
            name: name.to_owned(),
            layers: self.content(&manifest)?.manifest.layers,
            from: From::Store(self.store.clone(), lease),
            bounds: bounds.clone(),
            cancel: cancel.clone(),
        })
    }
}

impl Exporter {
    /// The image that `target` of `origin` stands for. Layers of a registry are kept in the folder
    /// `scratch` while they are read. What reads them then has to be run by a thread of this runtime.
    ///
    /// # Errors
    /// It isn't there for the platform, or is no image with file systems.
    pub async fn elsewhere(
        origin: Origin,
        target: &Descriptor,
        (name, platform): (&str, Option<&Platform>),
        scratch: PathBuf,
        bounds: &Bounds,
        cancel: &Cancel,
    ) -> Result<Self> {
        let manifest = tokio::select! {
            found = look::image_for(&origin, target, name, platform) => found?,
            () = cancel.cancelled() => return Err(Error::Cancelled),
        };
        let layers = manifest.layers;
        Ok(Self {
            name: name.to_owned(),
            from: From::Elsewhere {
                origin,
                scratch,
                fetched: layers.iter().map(|_| OnceLock::new()).collect(),
            },
            layers,
            bounds: bounds.clone(),
            cancel: cancel.clone(),
        })
    }

    /// Writes all files, as a container of the image would see them, to `out`. What later layers hide
    /// isn't in it; hard links are hard links. Blocks. Gives `out` back with everything written.
    ///
    /// # Errors
    /// When a layer can't be had or isn't what it is said to be, [`Error::Damaged`] when that is the
    /// store's copy, when writing fails, or [`Error::Cancelled`].
    pub fn tree<W: Write>(&self, out: W) -> Result<W> {
        let flat = self.flattened()?.finish();
        let mut tar = TarWriter::new(out);
        for number in 0..self.layers.len() {
            let reader = self.reader(number)?;
            flat.write(number, reader, &self.bounds, &mut tar)
                .map_err(|error| self.told(number, error))?;
        }
        tar.finish().map_err(Error::io("write the archive"))
    }

    /// Writes the content of the file at `path` to `out`; links are followed, inside of the image.
    /// Blocks.
    ///
    /// # Errors
    /// When there is no such file, and as [`Exporter::tree`].
    pub fn file<W: Write>(&self, path: &str, out: &mut W) -> Result<()> {
        let place = match self.find(path)? {
            Sight::At(place) => place,
            Sight::Directory => return Err(refused(path, "it is a directory")),
            Sight::Absent | Sight::Below | Sight::Unsure => {
                // docker's words.
                let name = &self.name;
                let refusal = format!("Could not find the file {path} in image {name}");
                return Err(Error::Refused(refusal));
            }
        };
        let reader = self.reader(place.layer)?;
        let kind = copy_entry(reader, place.entry, &self.bounds, out)
            .map_err(|error| self.told(place.layer, error))?;
        match kind {
            EntryKind::File => Ok(()),
            EntryKind::Fifo => Err(refused(path, "it is a named pipe")),
            _ => Err(refused(path, "it is a device")),
        }
    }

    /// What is at a path, by as few layers as tell. Layers are counted from the bottom.
    fn find(&self, path: &str) -> Result<Sight> {
        let too_many = |_| refused(path, "too many levels of symbolic links");
        let mut finder = Finder::new();
        for number in (0..self.layers.len()).rev() {
            finder
                .add_below(self.reader(number)?, &self.bounds)
                .map_err(|error| self.told(number, error))?;
            let sight = finder.find(path.as_bytes(), number == 0);
            match sight.map_err(too_many)? {
                Sight::Below => {}
                Sight::Unsure => {
                    return self.flattened()?.see(path.as_bytes()).map_err(too_many);
                }
                Sight::At(Place { layer, entry }) => {
                    let layer = self.layers.len() - 1 - layer;
                    return Ok(Sight::At(Place { layer, entry }));
                }
                sight => return Ok(sight),
            }
        }
        Ok(Sight::Absent)
    }

    fn flattened(&self) -> Result<Flattener> {
        let mut flattener = Flattener::new();
        for number in 0..self.layers.len() {
            let reader = self.reader(number)?;
            flattener
                .add(reader, &self.bounds)
                .map_err(|error| self.told(number, error))?;
        }
        Ok(flattener)
    }

    /// The uncompressed bytes of a layer. Its blob is hashed while they are read, or was before.
    fn reader(&self, number: usize) -> Result<impl BufRead + use<'_>> {
        let layer = &self.layers[number];
        if !layer.media_type.is_layer() {
            let media_type = &layer.media_type;
            let reason = format!("it is no layer of files but {media_type}");
            return Err(Error::layer(&layer.digest, reason));
        }
        let what = || format!("read layer {}", layer.digest);
        let inner = self.blob(number)?;
        let cancel = &self.cancel;
        let mut reader = BufReader::with_capacity(BUFFER_SIZE, Stoppable { inner, cancel });
        let head = reader
            .fill_buf()
            .map_err(|error| self.told(number, error.into()))?;
        let compression = sniff(head);
        let plain = Decompressor::new(compression, reader).map_err(Error::io(what()))?;
        let bounded = BoundedReader::new(plain, &self.bounds, layer.size);
        Ok(BufReader::with_capacity(BUFFER_SIZE, bounded))
    }

    fn blob(&self, number: usize) -> Result<Box<dyn Read + Send>> {
        let layer = &self.layers[number];
        let opened = || Error::io(format!("read layer {}", layer.digest));
        match &self.from {
            From::Store(store, _) => stored_blob(store, layer)?.open(0).map_err(opened()),
            From::Elsewhere {
                origin: origin @ Origin::Registry(_),
                fetched,
                ..
            } => {
                let file = match fetched[number].get() {
                    Some(file) => file,
                    None => {
                        let file = Arc::new(self.fetch(number, origin)?);
                        fetched[number].get_or_init(|| file)
                    }
                };
                let file = Arc::clone(file);
                Ok(Box::new(Whole { file, position: 0 }))
            }
            From::Elsewhere { origin, .. } => self.passing(number, origin),
        }
    }

    /// The bytes of a blob, hashed on the way: its end passes only when all is right.
    fn passing(&self, number: usize, origin: &Origin) -> Result<Box<dyn Read + Send>> {
        let layer = &self.layers[number];
        let blob = checked_bytes(origin, layer, &self.cancel)?;
        let what = format!("read layer {}", layer.digest);
        blob.open(0).map_err(Error::io(what))
    }

    /// Fetches a layer, all of it.
    fn fetch(&self, number: usize, origin: &Origin) -> Result<File> {
        let From::Elsewhere { scratch, .. } = &self.from else {
            unreachable!("only what is elsewhere is fetched");
        };
        let kept = || Error::io(format!("keep a layer in {}", scratch.display()));
        let mut file = tempfile::tempfile_in(scratch).map_err(kept())?;
        let mut reader = self.passing(number, origin)?;
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = reader
                .read(&mut buffer)
                .map_err(|error| self.told(number, error.into()))?;
            if count == 0 {
                return Ok(file);
            }
            file.write_all(&buffer[..count]).map_err(kept())?;
        }
    }

    /// What went wrong with a layer. What its blob said about itself comes back as itself.
    fn told(&self, number: usize, error: orlop_layer::Error) -> Error {
        let layer = &self.layers[number];
        if self.cancel.is_cancelled() {
            return Error::Cancelled;
        }
        match error {
            orlop_layer::Error::Read(source) => match source.downcast::<Error>() {
                Ok(own) => own,
                Err(source) => Error::layer(&layer.digest, orlop_layer::Error::Read(source)),
            },
            orlop_layer::Error::Write(source) => Error::io("write the archive")(source),
            error => Error::layer(&layer.digest, error),
        }
    }
}

fn refused(path: &str, why: &str) -> Error {
    Error::Refused(format!("{path}: {why}"))
}

/// A file from its beginning, which others may read at the same time.
struct Whole {
    file: Arc<File>,
    position: u64,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
