//! Compressed bytes, whatever they hold. Also a fuzz target: `fuzz/src/bin/compression.rs`.

use std::io::{self, Read};

use orlop_layer::{BoundedReader, Bounds, Decompressor, sniff};
use orlop_oci::Compression;

/// Uncompressed bytes for one compressed byte, and whatever the ratio.
const RATIO: u64 = 20;
const FLOOR: u64 = 1 << 16;

/// As what they look like, and as each other kind: no more comes out than the bound allows, and in
/// how large pieces the source comes and the content goes makes no difference.
pub(crate) fn check(data: &[u8]) {
    for compression in [
        sniff(data),
        Compression::None,
        Compression::Gzip,
        Compression::Zstd,
    ] {
        let whole = read(compression, data, usize::MAX, 1 << 16);
        if let Ok(content) = &whole {
            assert!(content.len() as u64 <= bounds().uncompressed_limit(data.len() as u64));
            assert!(compression != Compression::None || content == data);
        }
        for (source, buffer) in [(1, 1 << 16), (7, 61)] {
            let pieces = read(compression, data, source, buffer);
            match (&whole, &pieces) {
                (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
                // A bomb may be damaged, too: which of them is seen first depends on the pieces.
                (Err(_), Err(_)) => {}
                _ => panic!("{compression:?} in pieces of {source}: {whole:?} and {pieces:?}"),
            }
        }
    }
}

fn bounds() -> Bounds {
    Bounds {
        max_uncompressed: 1 << 20,
        max_ratio: RATIO,
        ratio_floor: FLOOR,
        ..Bounds::default()
    }
}

/// Through a buffer of so many bytes, from a source that gives at most so many.
fn read(
    compression: Compression,
    data: &[u8],
    source: usize,
    buffer: usize,
) -> io::Result<Vec<u8>> {
    let decompressor = Decompressor::new(compression, Drops(data, source))?;
    let mut bounded = BoundedReader::new(decompressor, &bounds(), data.len() as u64);
    let (mut content, mut buffer) = (Vec::new(), vec![0; buffer]);
    loop {
        match bounded.read(&mut buffer)? {
            0 => break,
            count => content.extend_from_slice(&buffer[..count]),
        }
    }
    assert_eq!(bounded.passed(), content.len() as u64);
    // The end stays the end.
    assert_eq!(bounded.read(&mut buffer)?, 0);
    assert!(bounded.into_inner().get_ref().0.is_empty());
    Ok(content)
}

/// A source that gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.1);
        self.0.read(&mut buffer[..count])
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("compression", 29, check);
}
