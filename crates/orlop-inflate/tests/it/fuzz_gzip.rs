//! Gzip, whatever it holds. Also a fuzz target: `fuzz/src/bin/gzip.rs`.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use orlop_inflate::GzipDecoder;

/// The most that is made of an input.
const MOST: u64 = 1 << 20;

/// What zlib makes plain is made plain, and what it refuses is refused; the first byte says in how large pieces
/// the source comes.
pub(crate) fn check(data: &[u8]) {
    let Some((size, data)) = data.split_first() else {
        return;
    };
    let mut theirs = Vec::new();
    let mut decoder = MultiGzDecoder::new(data).take(MOST + 1);
    let theirs = decoder.read_to_end(&mut theirs).map(|_| theirs);
    let ours = plain(data, usize::from(*size) + 1, 1 << 16);
    match (theirs, ours) {
        // A bomb ends in the middle, where nothing can be compared but what came.
        (Ok(theirs), ours) if theirs.len() as u64 > MOST => drop(ours),
        (Ok(theirs), Ok(ours)) => assert!(theirs == ours, "not the same content"),
        (Err(_), Err(_)) => {}
        (theirs, ours) => panic!(
            "zlib: {:?}, here: {:?}",
            theirs.map(|it| it.len()),
            ours.map(|it| it.len())
        ),
    }
}

/// Through a buffer of so many bytes, from a source that gives at most so many.
pub(crate) fn plain(data: &[u8], source: usize, buffer: usize) -> io::Result<Vec<u8>> {
    let mut decoder = GzipDecoder::new(Drops(data, source));
    let (mut content, mut buffer) = (Vec::new(), vec![0; buffer]);
    loop {
        match decoder.read(&mut buffer)? {
            0 => break,
            count => content.extend_from_slice(&buffer[..count]),
        }
        if content.len() as u64 > 4 * MOST {
            break;
        }
    }
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
    crate::seeds::replay("gzip", 1, check);
}
