//! The belt between the two threads of a layer: buffers of uncompressed bytes, a few at a time,
//! used again and again.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use orlop_oci::{Algorithm, DiffId, Digester};

use crate::pull::buffered;

/// Bytes in a buffer.
const BUFFER_SIZE: usize = 256 << 10;
/// Full buffers that may wait.
const DEPTH: usize = 6;

type Item = io::Result<Vec<u8>>;

/// The end that fills buffers.
pub(crate) struct BeltWriter {
    full: SyncSender<Item>,
    empty: Receiver<Vec<u8>>,
    made: usize,
}

/// The end that empties them, as a `BufRead` that hashes what passes: the diff ID.
pub(crate) struct BeltReader {
    full: Receiver<Item>,
    empty: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    position: usize,
    digester: Digester,
    ended: bool,
}

/// A new belt.
pub(crate) fn belt() -> (BeltWriter, BeltReader) {
    let (full_in, full_out) = sync_channel(DEPTH);
    let (empty_in, empty_out) = sync_channel(DEPTH + 2);
    let writer = BeltWriter {
        full: full_in,
        empty: empty_out,
        made: 0,
    };
    let reader = BeltReader {
        full: full_out,
        empty: empty_in,
        current: Vec::new(),
        position: 0,
        digester: Digester::new(Algorithm::Sha256),
        ended: false,
    };
    (writer, reader)
}

impl BeltWriter {
    /// Moves everything from `source` to the other end. Stops early, without an error, when that
    /// end is gone: it has its own reason, which is the one to report.
    pub(crate) fn pump(mut self, source: &mut impl Read) -> io::Result<()> {
        loop {
            let Some(mut buffer) = self.buffer() else {
                return Ok(());
            };
            match fill(source, &mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    buffer.truncate(count);
                    if self.full.send(Ok(buffer)).is_err() {
                        return Ok(());
                    }
                }
                Err(error) => {
                    let copy = io::Error::new(error.kind(), error.to_string());
                    let _ = self.full.send(Err(copy));
                    return Err(error);
                }
            }
        }
    }

    fn buffer(&mut self) -> Option<Vec<u8>> {
        let mut buffer = match self.empty.try_recv() {
            Ok(buffer) => buffer,
            Err(_) if self.made < DEPTH + 2 => {
                self.made += 1;
                Vec::new()
            }
            Err(_) => self.empty.recv().ok()?,
        };
        buffer.resize(BUFFER_SIZE, 0);
        Some(buffer)
    }
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

impl BeltReader {
    /// The diff ID of all that has passed.
    pub(crate) fn finish(self) -> DiffId {
        DiffId(self.digester.finish())
    }
}

impl BufRead for BeltReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.current.len() && !self.ended {
            let spent = std::mem::take(&mut self.current);
            if spent.capacity() > 0 {
                let _ = self.empty.try_send(spent);
            }
            self.position = 0;
            match self.full.recv() {
                Ok(Ok(buffer)) => {
                    self.digester.update(&buffer);
                    self.current = buffer;
                }
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(_) => self.ended = true,
            }
        }
        Ok(&self.current[self.position..])
    }

    fn consume(&mut self, count: usize) {
        self.position += count;
    }
}

impl Read for BeltReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffered::read(self, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_in_order_and_is_hashed() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        let (writer, mut reader) = belt();
        let sent = bytes.clone();
        let thread = std::thread::spawn(move || writer.pump(&mut &sent[..]));
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        thread.join().unwrap().unwrap();
        assert!(received == bytes);
        assert_eq!(reader.finish().0, orlop_oci::Digest::of(&bytes));
    }

    #[test]
    fn an_error_reaches_both_ends() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("torn"))
            }
        }
        let (writer, mut reader) = belt();
        let thread = std::thread::spawn(move || writer.pump(&mut Broken));
        assert_eq!(reader.fill_buf().unwrap_err().to_string(), "torn");
        assert!(thread.join().unwrap().is_err());
    }

    #[test]
    fn a_reader_that_left_stops_the_writer() {
        let (writer, reader) = belt();
        drop(reader);
        writer.pump(&mut io::repeat(0)).unwrap();
    }
}
