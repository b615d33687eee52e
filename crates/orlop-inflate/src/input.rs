//! The compressed bytes, as bits: the lowest of a byte first (RFC 1951, section 3.1.1).

use std::io::{self, Read};

use crate::InflateError;

/// Bytes that are read at once.
const SIZE: usize = 256 << 10;
/// Zeros behind the end of the data, so that eight bytes can be loaded wherever bits are missing.
const PADDING: usize = 64;
/// All of the buffer.
pub(crate) type Buffer = [u8; SIZE + PADDING];
/// With so many bytes ahead, a symbol and a match need no look at the end.
const AHEAD: usize = 32;

/// A reader with a buffer, and the bits that were taken from it.
pub(crate) struct Input<R> {
    reader: R,
    buffer: Box<Buffer>,
    /// The next byte that isn't in `bits`.
    position: usize,
    /// Behind the last byte of data; zeros follow once the reader has no more.
    end: usize,
    is_ended: bool,
    bits: Bits,
}

/// Bits that were loaded. Above `count` there may be more of them already: those of the next byte.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bits {
    value: u64,
    /// In the lowest eight bits; those above mean nothing.
    count: u32,
}

impl Bits {
    /// The lowest bits.
    #[inline(always)]
    pub(crate) fn low(self, count: u32) -> u64 {
        self.value & ((1 << count) - 1)
    }

    /// How many there are.
    #[inline(always)]
    fn count(self) -> u32 {
        self.count & 0xff
    }

    /// Takes as many as the lowest six bits say, with those above up to the eighth being none; there must be so
    /// many.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.value >>= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Loads bits until there are 56 or more. The bytes that came whole are counted in `position`, and there
    /// must be eight at it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, buffer: &Buffer, position: &mut usize) {
        let word = &buffer[*position..];
        let word = word.first_chunk().copied().unwrap_or([0; 8]);
        self.value |= u64::from_le_bytes(word) << (self.count & 63);
        *position += ((!self.count & 63) >> 3) as usize;
        self.count |= 56;
    }
}

/// What the inner loop works with, and gives back.
pub(crate) struct Loop<'a> {
    pub(crate) buffer: &'a Buffer,
    pub(crate) position: usize,
    pub(crate) bits: Bits,
    /// At this position the loop stops, because the buffer must be looked after.
    pub(crate) stop: usize,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: boxed(),
            position: 0,
            end: 0,
            is_ended: false,
            bits: Bits::default(),
        }
    }

    pub(crate) fn get_ref(&self) -> &R {
        &self.reader
    }

    /// Reads until there are `count` bytes ahead, or no more.
    fn look_ahead(&mut self, count: usize) -> io::Result<()> {
        while self.end < self.position + count && !self.is_ended {
            // Whole bytes that were loaded may be given back.
            let start = self.position - (self.bits.count() >> 3) as usize;
            if start > 0 {
                self.buffer.copy_within(start..self.end, 0);
                self.end -= start;
                self.position -= start;
            }
            match self.reader.read(&mut self.buffer[self.end..SIZE]) {
                Ok(0) => {
                    self.is_ended = true;
                    self.buffer[self.end..self.end + PADDING].fill(0);
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Fails if bits were taken that aren't there.
    fn check(&self) -> Result<(), InflateError> {
        let unused = (self.bits.count() >> 3) as usize;
        match self.position > self.end + unused {
            true => Err(InflateError::Truncated),
            false => Ok(()),
        }
    }

    /// Makes ready for the inner loop: several symbols can be taken, or the data ends within them.
    pub(crate) fn begin(&mut self) -> io::Result<Loop<'_>> {
        self.look_ahead(AHEAD)?;
        self.check()?;
        Ok(Loop {
            position: self.position,
            bits: self.bits,
            // Where the data ends each symbol may be beyond it.
            stop: match self.is_ended {
                true if self.end < self.position + AHEAD => self.position,
                _ => self.end - AHEAD,
            },
            buffer: &self.buffer,
        })
    }

    /// Takes back what the inner loop left.
    pub(crate) fn end(&mut self, position: usize, bits: Bits) -> Result<(), InflateError> {
        self.position = position;
        self.bits = bits;
        self.check()
    }

    /// The next bits, at most 32.
    pub(crate) fn take(&mut self, count: u32) -> io::Result<u32> {
        if self.bits.count() < count {
            self.look_ahead(AHEAD)?;
            self.bits.fill(&self.buffer, &mut self.position);
        }
        let value = self.bits.low(count);
        self.bits.skip(count);
        self.check()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most 32 bits were taken"
        )]
        Ok(value as u32)
    }

    /// The next bits without taking them; zeros behind the end.
    pub(crate) fn peek(&mut self, count: u32) -> io::Result<u64> {
        if self.bits.count() < count {
            self.look_ahead(AHEAD)?;
            self.bits.fill(&self.buffer, &mut self.position);
        }
        Ok(self.bits.low(count))
    }

    /// Takes bits that were looked at.
    pub(crate) fn skip(&mut self, count: u32) -> Result<(), InflateError> {
        self.bits.skip(count);
        self.check()
    }

    /// Leaves the rest of a byte, and gives whole bytes back to the buffer.
    pub(crate) fn align(&mut self) {
        self.position -= (self.bits.count() >> 3) as usize;
        self.bits = Bits::default();
    }

    /// The next byte; to be asked for when [aligned](Self::align).
    pub(crate) fn byte(&mut self) -> io::Result<u8> {
        self.look_ahead(1)?;
        if self.position >= self.end {
            return Err(InflateError::Truncated.into());
        }
        self.position += 1;
        Ok(self.buffer[self.position - 1])
    }

    /// Bytes as they are, at most so many; none at the end. To be asked for when aligned.
    pub(crate) fn bytes(&mut self, most: usize) -> io::Result<&[u8]> {
        self.look_ahead(1)?;
        let start = self.position.min(self.end);
        let count = most.min(self.end - start);
        self.position = start + count;
        Ok(&self.buffer[start..start + count])
    }

    /// Whether nothing comes any more. To be asked for when aligned.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        self.look_ahead(1)?;
        Ok(self.position >= self.end)
    }
}

/// An array of zeros that was never on the stack.
pub(crate) fn boxed<const N: usize>() -> Box<[u8; N]> {
    // The length is right.
    let Ok(array) = vec![0; N].into_boxed_slice().try_into() else {
        unreachable!("a vector of N bytes is an array of N bytes");
    };
    array
}
