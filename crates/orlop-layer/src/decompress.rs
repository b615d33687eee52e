//! Compressed bytes in, plain bytes out.

use std::io::{self, BufReader, Read};

use orlop_inflate::GzipDecoder;
use orlop_oci::Compression;

/// A good size for the buffers between the stages of a pipeline: big enough that calls cost
/// nothing, small enough that three of them stay in a core's cache.
pub const BUFFER_SIZE: usize = 256 * 1024;

/// The largest window that a zstd layer may ask for: 128 MiB, what `zstd` itself accepts unless
/// told otherwise. A decoder keeps one window in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// What compression the first bytes of a blob speak of (RFC 1952, RFC 8878: frames and skippable
/// frames, with which zstd:chunked layers may begin). Six bytes are enough.
///
/// The media type of a layer is a claim; docker and containerd look at the bytes, and some
/// registries hold layers whose type is wrong.
pub fn sniff(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// The uncompressed view of a blob.
///
/// Gzip may have several members and zstd several frames, as `pigz`, `estargz` and zstd:chunked
/// write them. Anything else behind the last member is an error, as in Go.
pub struct Decompressor<R: Read>(Kind<R>);

enum Kind<R: Read> {
    None(R),
    Gzip(GzipDecoder<R>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<R>>),
}

impl<R: Read> Decompressor<R> {
    /// Decompresses `reader`, which needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// When zstd can't have its memory.
    pub fn new(compression: Compression, reader: R) -> io::Result<Self> {
        Ok(Self(match compression {
            Compression::None => Kind::None(reader),
            Compression::Gzip => Kind::Gzip(GzipDecoder::new(reader)),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(
                    BufReader::with_capacity(BUFFER_SIZE, reader),
                )?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Kind::Zstd(decoder)
            }
        }))
    }

    /// The compressed source. Bytes that it has given may still wait in a buffer here.
    pub fn get_ref(&self) -> &R {
        match &self.0 {
            Kind::None(reader) => reader,
            Kind::Gzip(decoder) => decoder.get_ref(),
            Kind::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (result, name) = match &mut self.0 {
            Kind::None(reader) => return reader.read(buffer),
            Kind::Gzip(decoder) => (decoder.read(buffer), "gzip"),
            Kind::Zstd(decoder) => (decoder.read(buffer), "zstd"),
        };
        result.map_err(|error| match error.kind() {
            // What the decoders find; errors of the source keep their own kind and text.
            io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), format!("damaged {name} data: {error}"))
            }
            _ => error,
        })
    }
}

impl<R: Read> std::fmt::Debug for Decompressor<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Kind::None(_) => "Decompressor(none)",
            Kind::Gzip(_) => "Decompressor(gzip)",
            Kind::Zstd(_) => "Decompressor(zstd)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn plain(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Decompressor::new(compression, bytes)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn every_compression_gives_the_bytes_back() {
        let bytes: Vec<u8> = (0..2_000_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        let zstd = zstd::encode_all(&bytes[..], 1).unwrap();
        for (blob, compression) in [
            (bytes.clone(), Compression::None),
            (gzip(&bytes), Compression::Gzip),
            (zstd, Compression::Zstd),
        ] {
            assert_eq!(sniff(&blob), compression);
            assert!(
                plain(compression, &blob).unwrap() == bytes,
                "{compression:?}"
            );
        }
    }

    #[test]
    fn members_and_frames_are_joined() {
        let joined = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        assert_eq!(plain(Compression::Gzip, &joined).unwrap(), b"one two");
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let frame = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let joined = [
            &skippable[..],
            &frame(b"one "),
            &frame(b"two"),
            &skippable[..],
        ]
        .concat();
        assert_eq!(sniff(&joined), Compression::Zstd);
        assert_eq!(plain(Compression::Zstd, &joined).unwrap(), b"one two");
    }

    #[test]
    fn damage_is_found_and_named() {
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        for (compression, blob, name) in [
            (Compression::Gzip, gzip(&bytes), "damaged gzip data"),
            (
                Compression::Zstd,
                zstd::encode_all(&bytes[..], 1).unwrap(),
                "damaged zstd data",
            ),
        ] {
            let cut = plain(compression, &blob[..blob.len() / 2]).unwrap_err();
            assert!(cut.to_string().starts_with(name), "{cut}");
            let trailing = plain(compression, &[&blob[..], b"garbage"].concat());
            assert!(trailing.is_err(), "{compression:?}");
        }
        let mut flipped = gzip(&bytes);
        let crc = flipped.len() - 8;
        flipped[crc] ^= 1;
        assert!(plain(Compression::Gzip, &flipped).is_err());
    }
}
