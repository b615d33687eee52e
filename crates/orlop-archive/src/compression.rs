//! The compression around an archive: gzip, zstd, xz and bzip2 in, gzip and zstd out.

use std::io::{self, BufReader, Read, Write};

use bzip2::bufread::MultiBzDecoder;
use flate2::{GzBuilder, write::GzEncoder};
use lzma_rust2::XzReader;
use orlop_layer::{BUFFER_SIZE, Bounds, Decompressor};
use orlop_oci::Compression as LayerCompression;

/// The memory that an xz stream may ask for, in KiB: `xz -9` needs 65 MiB, and none that people meet
/// needs more.
const XZ_MEMORY_KIB: u32 = 256 << 10;

/// How many bytes [`Outer::sniff`] needs.
pub(crate) const HEAD: usize = 6;

/// How an archive is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outer {
    /// Not at all, or in no way known here.
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Outer {
    /// What its first bytes speak of.
    pub(crate) fn sniff(head: &[u8]) -> Self {
        match head {
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            _ => match orlop_layer::sniff(head) {
                LayerCompression::None => Self::None,
                LayerCompression::Gzip => Self::Gzip,
                LayerCompression::Zstd => Self::Zstd,
            },
        }
    }

    /// The uncompressed view of `reader`, which stops with an error where a bomb is recognised.
    pub(crate) fn open<R: Read>(self, reader: R, bounds: &Bounds) -> io::Result<Inflated<R>> {
        let counted = Counted {
            inner: reader,
            passed: 0,
        };
        let decoder = match self {
            Self::None => Decoder::Layer(Decompressor::new(LayerCompression::None, counted)?),
            Self::Gzip => Decoder::Layer(Decompressor::new(LayerCompression::Gzip, counted)?),
            Self::Zstd => Decoder::Layer(Decompressor::new(LayerCompression::Zstd, counted)?),
            Self::Xz => Decoder::Xz(Box::new(XzReader::new_mem_limit(
                BufReader::with_capacity(BUFFER_SIZE, counted),
                true,
                XZ_MEMORY_KIB,
            ))),
            Self::Bzip2 => Decoder::Bzip2(Box::new(MultiBzDecoder::new(BufReader::with_capacity(
                BUFFER_SIZE,
                counted,
            )))),
        };
        Ok(Inflated {
            decoder,
            bounds: bounds.clone(),
            passed: 0,
        })
    }
}

/// Counts what the decoder has taken.
struct Counted<R> {
    inner: R,
    passed: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.passed += count as u64;
        Ok(count)
    }
}

enum Decoder<R: Read> {
    Layer(Decompressor<Counted<R>>),
    Xz(Box<XzReader<BufReader<Counted<R>>>>),
    Bzip2(Box<MultiBzDecoder<BufReader<Counted<R>>>>),
}

/// An archive without the compression around it. How long its compressed form is isn't known before
/// its end, so the bound grows with what was taken of it.
pub(crate) struct Inflated<R: Read> {
    decoder: Decoder<R>,
    bounds: Bounds,
    passed: u64,
}

impl<R: Read> Inflated<R> {
    /// Compressed bytes taken so far.
    fn taken(&self) -> u64 {
        match &self.decoder {
            Decoder::Layer(decoder) => decoder.get_ref().passed,
            Decoder::Xz(decoder) => decoder.inner().get_ref().passed,
            Decoder::Bzip2(decoder) => decoder.get_ref().get_ref().passed,
        }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.decoder {
            Decoder::Layer(decoder) => decoder.read(buffer)?,
            Decoder::Xz(decoder) => decoder.read(buffer).map_err(|e| damaged("xz", e))?,
            Decoder::Bzip2(decoder) => decoder.read(buffer).map_err(|e| damaged("bzip2", e))?,
        };
        self.passed += count as u64;
        let limit = self.bounds.uncompressed_limit(self.taken());
        if self.passed > limit {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "decompression bomb: {} compressed bytes unpack to more than {limit} bytes; \
                     raise limits.ratio or limits.layer_bytes if you trust the archive",
                    self.taken()
                ),
            ));
        }
        Ok(count)
    }
}

fn damaged(name: &str, error: io::Error) -> io::Error {
    // An error of the file below keeps its own words.
    match error.raw_os_error() {
        Some(_) => error,
        None => io::Error::new(error.kind(), format!("damaged {name} data: {error}")),
    }
}

/// How an archive is compressed as a whole when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compress {
    /// gzip at its usual level, without a time or a name in its header.
    Gzip,
    /// zstd at its usual level.
    Zstd,
}

/// Compresses what is written to it. The same bytes always become the same bytes.
pub struct Encoder<W: Write>(Kind<W>);

enum Kind<W: Write> {
    None(W),
    Gzip(Box<GzEncoder<W>>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Writes to `inner`, which should have a buffer; without `compress` as it is.
    ///
    /// # Errors
    /// When zstd can't have its memory.
    pub fn new(compress: Option<Compress>, inner: W) -> io::Result<Self> {
        Ok(Self(match compress {
            None => Kind::None(inner),
            Some(Compress::Gzip) => {
                let level = flate2::Compression::default();
                Kind::Gzip(Box::new(GzBuilder::new().write(inner, level)))
            }
            Some(Compress::Zstd) => {
                let mut encoder = zstd::stream::write::Encoder::new(inner, 0)?;
                encoder.include_checksum(true)?;
                // However many threads there are, what they write is the same.
                encoder.multithread(2)?;
                Kind::Zstd(encoder)
            }
        }))
    }

    /// Ends the compression. The writer below isn't flushed.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::None(writer) => Ok(writer),
            Kind::Gzip(encoder) => encoder.finish(),
            Kind::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::None(writer) => writer.write(bytes),
            Kind::Gzip(encoder) => encoder.write(bytes),
            Kind::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::None(writer) => writer.flush(),
            Kind::Gzip(encoder) => encoder.flush(),
            Kind::Zstd(encoder) => encoder.flush(),
        }
    }
}

impl<W: Write> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Kind::None(_) => "Encoder(none)",
            Kind::Gzip(_) => "Encoder(gzip)",
            Kind::Zstd(_) => "Encoder(zstd)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(program: &str, bytes: &[u8]) -> Vec<u8> {
        use std::process::{Command, Stdio};
        if program == "none" {
            return bytes.to_vec();
        }
        let mut child = Command::new(program)
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    fn plain(blob: &[u8], bounds: &Bounds) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Outer::sniff(&blob[..HEAD])
            .open(blob, bounds)?
            .read_to_end(&mut out)?;
        Ok(out)
    }

    fn bytes() -> Vec<u8> {
        (0..400_000u32)
            .flat_map(|n| (n / 3).to_le_bytes())
            .collect()
    }

    fn have_programs() -> bool {
        orlop_testing::need_programs(&[
            ("gzip", "gzip"),
            ("zstd", "zstd"),
            ("xz", "xz-utils"),
            ("bzip2", "bzip2"),
        ])
    }

    #[test]
    fn every_tools_output_is_read_back_in_one_piece_or_two() {
        if !have_programs() {
            return;
        }
        let bytes = bytes();
        let bounds = Bounds::default();
        for (program, outer) in [
            ("none", Outer::None),
            ("gzip", Outer::Gzip),
            ("zstd", Outer::Zstd),
            ("xz", Outer::Xz),
            ("bzip2", Outer::Bzip2),
        ] {
            let blob = compressed(program, &bytes);
            if outer != Outer::None {
                assert_eq!(Outer::sniff(&blob), outer);
            }
            assert!(plain(&blob, &bounds).unwrap() == bytes, "{program}");
            let twice = [&blob[..], &blob[..]].concat();
            assert_eq!(plain(&twice, &bounds).unwrap().len(), 2 * bytes.len());
        }
    }

    #[test]
    fn damage_is_found() {
        if !have_programs() {
            return;
        }
        let bounds = Bounds::default();
        for program in ["gzip", "zstd", "xz", "bzip2"] {
            let mut blob = compressed(program, &bytes());
            assert!(
                plain(&blob[..blob.len() / 2], &bounds).is_err(),
                "{program}"
            );
            let middle = blob.len() / 2;
            blob[middle] ^= 0x55;
            let error = plain(&blob, &bounds).unwrap_err().to_string();
            assert!(
                error.contains("damaged") || error.contains("checksum"),
                "{program}: {error}"
            );
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        if !have_programs() {
            return;
        }
        let zeros = vec![0; 3_000_000];
        let bounds = Bounds {
            ratio_floor: 1 << 20,
            max_ratio: 50,
            ..Bounds::default()
        };
        for program in ["gzip", "zstd", "xz", "bzip2"] {
            let error = plain(&compressed(program, &zeros), &bounds).unwrap_err();
            assert!(
                error.to_string().starts_with("decompression bomb"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_stream_that_wants_too_much_memory_is_refused() {
        if !have_programs() {
            return;
        }
        use std::process::Command;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, b"x").unwrap();
        let done = Command::new("xz")
            .args(["--lzma2=dict=1GiB", "-M", "0"])
            .arg(&file)
            .status();
        if !done.unwrap().success() {
            return;
        }
        let blob = std::fs::read(folder.path().join("f.xz")).unwrap();
        assert!(plain(&blob, &Bounds::default()).is_err());
    }

    #[test]
    fn what_is_written_is_the_same_each_time() {
        let bytes = bytes();
        for compress in [None, Some(Compress::Gzip), Some(Compress::Zstd)] {
            let write = || {
                let mut encoder = Encoder::new(compress, Vec::new()).unwrap();
                encoder.write_all(&bytes).unwrap();
                encoder.finish().unwrap()
            };
            assert!(write() == write(), "{compress:?}");
            if compress.is_some() {
                assert!(plain(&write(), &Bounds::default()).unwrap() == bytes);
            }
        }
    }
}
