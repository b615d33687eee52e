//! Export: an image's file system as one archive, without unpacking it: the layers are read from their
//! blobs, so that it needs no privileges, and owners are those of the image.

use std::io::{BufRead, BufReader, Write};

use orlop_distribution::BlobSource as _;
use orlop_layer::{BUFFER_SIZE, BoundedReader, Bounds, Decompressor, Flattener, TarWriter, sniff};
use orlop_oci::{Descriptor, Platform};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::save::Stoppable;
use crate::stored::stored_blob;

impl Images {
    /// Writes the files of an image, as a container of it would see them, to `out`. What later layers
    /// hide isn't in it; hard links are hard links. Blocks. Gives `out` back with everything written.
    ///
    /// # Errors
    /// When there is no such image or platform, [`Error::Damaged`] when the store's copy is wrong, when
    /// writing fails, or [`Error::Cancelled`].
    pub fn export<W: Write>(
        &self,
        name: &str,
        platform: Option<&Platform>,
        bounds: &Bounds,
        out: W,
        cancel: &Cancel,
    ) -> Result<W> {
        let lease = self.store.lease("export")?;
        let details = self.inspect(name, platform)?;
        lease.hold_blob(&details.target.digest)?;
        let manifest = details.manifest.ok_or_else(|| Error::NotPulled {
            image: name.to_owned(),
            platform: platform.cloned().unwrap_or_else(Platform::host).to_string(),
        })?;
        let layers = self.content(&manifest)?.manifest.layers;
        let told = |layer: &Descriptor, error: orlop_layer::Error| match cancel.is_cancelled() {
            true => Error::Cancelled,
            false => layer_error(layer, error),
        };
        let mut flattener = Flattener::new();
        for layer in &layers {
            let reader = self.layer_reader(layer, bounds, cancel)?;
            flattener
                .add(reader, bounds)
                .map_err(|error| told(layer, error))?;
        }
        let flat = flattener.finish();
        let mut tar = TarWriter::new(out);
        for (number, layer) in layers.iter().enumerate() {
            let reader = self.layer_reader(layer, bounds, cancel)?;
            flat.write(number, reader, bounds, &mut tar)
                .map_err(|error| told(layer, error))?;
        }
        tar.finish().map_err(Error::io("write the archive"))
    }

    /// The uncompressed bytes of a layer, whose blob is hashed while they are read.
    fn layer_reader<'a>(
        &self,
        layer: &Descriptor,
        bounds: &Bounds,
        cancel: &'a Cancel,
    ) -> Result<impl BufRead + use<'a>> {
        if !layer.media_type.is_layer() {
            let media_type = &layer.media_type;
            return Err(Error::layer(
                &layer.digest,
                format!("it is no layer of files but {media_type}"),
            ));
        }
        let what = || format!("read layer {}", layer.digest);
        let blob = stored_blob(&self.store, layer)?;
        let inner = blob.open(0).map_err(Error::io(what()))?;
        let mut reader = BufReader::with_capacity(BUFFER_SIZE, Stoppable { inner, cancel });
        let compression = sniff(reader.fill_buf().map_err(Error::io(what()))?);
        let plain = Decompressor::new(compression, reader).map_err(Error::io(what()))?;
        let bounded = BoundedReader::new(plain, bounds, layer.size);
        Ok(BufReader::with_capacity(BUFFER_SIZE, bounded))
    }
}

/// What a stored blob said about itself comes back as itself.
fn layer_error(layer: &Descriptor, error: orlop_layer::Error) -> Error {
    match error {
        orlop_layer::Error::Read(source) => match source.downcast::<Error>() {
            Ok(damaged) => damaged,
            Err(source) => Error::layer(&layer.digest, orlop_layer::Error::Read(source)),
        },
        orlop_layer::Error::Write(source) => Error::io("write the archive")(source),
        error => Error::layer(&layer.digest, error),
    }
}
