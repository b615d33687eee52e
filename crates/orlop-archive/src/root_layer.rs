//! The archive of a root file system, made a layer that an image can have.
//!
//! One that is compressed with gzip or zstd stays as it is, byte for byte. All others become gzip, as in
//! docker's containerd store: every tool reads it, and a registry needn't keep it uncompressed.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::Path;

use orlop_layer::{BUFFER_SIZE, Bounds, DigestReader};
use orlop_oci::{Algorithm, Descriptor, DiffId, Digest, Digester, MediaType};

use crate::compression::{Compress, Encoder, HEAD, Outer};
use crate::error::{Error, Result};
use crate::spool::{fill, temporary};

/// A layer in an unlinked file.
#[derive(Debug)]
pub struct RootLayer {
    /// What it is.
    pub descriptor: Descriptor,
    /// What it unpacks to.
    pub diff_id: DiffId,
    /// Its bytes.
    pub file: File,
}

impl RootLayer {
    /// Reads an archive, as it is or compressed with gzip, zstd, xz or bzip2, into an unlinked file in
    /// `scratch`. `label` is what messages call it. Whether it is a tar shows when it is unpacked.
    ///
    /// # Errors
    /// When it is empty, can't be read, or is a bomb, or when the disk is full.
    pub fn read(
        mut reader: impl Read,
        label: &str,
        scratch: &Path,
        bounds: &Bounds,
    ) -> Result<Self> {
        let failed = || Error::io(format!("read {label}"));
        let mut head = [0; HEAD];
        let length = fill(&mut reader, &mut head).map_err(failed())?;
        if length == 0 {
            return Err(Error::invalid(label, "it is empty"));
        }
        let outer = Outer::sniff(&head[..length]);
        let whole = Cursor::new(head[..length].to_vec()).chain(reader);
        let kept = Kept::new(temporary(scratch)?);
        match outer {
            Outer::Gzip => keep(outer, MediaType::OciLayerGzip, whole, kept, bounds),
            Outer::Zstd => keep(outer, MediaType::OciLayerZstd, whole, kept, bounds),
            Outer::None | Outer::Xz | Outer::Bzip2 => compress(outer, whole, kept, bounds),
        }
        .map_err(failed())
    }
}

/// The file, and the digest of what was written to it.
struct Kept {
    file: BufWriter<File>,
    digester: Digester,
    length: u64,
}

impl Kept {
    fn new(file: File) -> Self {
        Self {
            file: BufWriter::with_capacity(BUFFER_SIZE, file),
            digester: Digester::new(Algorithm::Sha256),
            length: 0,
        }
    }

    fn finish(self, media_type: MediaType, diff_id: Digest) -> io::Result<RootLayer> {
        let digest = self.digester.finish();
        Ok(RootLayer {
            descriptor: Descriptor::new(media_type, digest, self.length),
            diff_id: DiffId(diff_id),
            file: self.file.into_inner().map_err(|error| error.into_error())?,
        })
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digester.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Keeps what is read.
struct Tee<R> {
    inner: R,
    kept: Kept,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.kept.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// Keeps the bytes as they come, and only looks at what they unpack to.
fn keep(
    outer: Outer,
    media_type: MediaType,
    reader: impl Read,
    kept: Kept,
    bounds: &Bounds,
) -> io::Result<RootLayer> {
    let mut tee = Tee {
        inner: reader,
        kept,
    };
    let mut plain = DigestReader::new(outer.open(&mut tee, bounds)?);
    copy(&mut plain, &mut io::sink())?;
    let (diff_id, _) = plain.finish();
    copy(&mut tee, &mut io::sink())?;
    tee.kept.finish(media_type, diff_id)
}

fn compress(outer: Outer, reader: impl Read, kept: Kept, bounds: &Bounds) -> io::Result<RootLayer> {
    let mut plain = DigestReader::new(outer.open(reader, bounds)?);
    let mut encoder = Encoder::new(Some(Compress::Gzip), kept)?;
    copy(&mut plain, &mut encoder)?;
    let kept = encoder.finish()?;
    kept.finish(MediaType::OciLayerGzip, plain.finish().0)
}

fn copy(reader: &mut impl Read, writer: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => writer.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom};

    use super::*;

    fn read(bytes: &[u8]) -> Result<(RootLayer, Vec<u8>)> {
        let scratch = tempfile::tempdir().unwrap();
        let mut layer = RootLayer::read(bytes, "it", scratch.path(), &Bounds::default())?;
        let mut stored = Vec::new();
        layer.file.seek(SeekFrom::Start(0)).unwrap();
        layer.file.read_to_end(&mut stored).unwrap();
        assert_eq!(layer.descriptor.digest, Digest::of(&stored));
        assert_eq!(layer.descriptor.size, stored.len() as u64);
        Ok((layer, stored))
    }

    #[test]
    fn what_can_be_a_layer_stays_as_it_is() {
        let plain: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
        let gzip = {
            let mut encoder = Encoder::new(Some(Compress::Gzip), Vec::new()).unwrap();
            encoder.write_all(&plain).unwrap();
            encoder.finish().unwrap()
        };
        let zstd = zstd::encode_all(&plain[..], 1).unwrap();
        for (bytes, media_type) in [
            (&gzip, MediaType::OciLayerGzip),
            (&zstd, MediaType::OciLayerZstd),
        ] {
            let (layer, stored) = read(bytes).unwrap();
            assert!(stored == *bytes);
            assert_eq!(layer.descriptor.media_type, media_type);
            assert_eq!(layer.diff_id.0, Digest::of(&plain));
        }
        let (layer, stored) = read(&plain).unwrap();
        assert!(stored == gzip);
        assert_eq!(layer.descriptor.media_type, MediaType::OciLayerGzip);
        assert_eq!(layer.diff_id.0, Digest::of(&plain));
        assert!(read(b"").unwrap_err().to_string().ends_with("it is empty"));
        assert!(read(&gzip[..gzip.len() / 2]).is_err());
    }
}
