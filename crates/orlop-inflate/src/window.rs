//! The last of what was made plain, which matches are copied from, and which is read.

use crate::input::boxed;

/// No match goes back further (RFC 1951, section 2).
const HISTORY: usize = 32 << 10;
/// Bytes that are made at once.
const ROOM: usize = 256 << 10;
/// The longest match.
pub(crate) const LONGEST: usize = 258;
/// Copies go so far beyond the end of a match.
const OVERSHOOT: usize = 64;
/// Between the limit and the end: three literals and a match, with what its copy writes too much.
const SLACK: usize = LONGEST + OVERSHOOT + 8;
const SIZE: usize = HISTORY + ROOM + SLACK;

pub(crate) type Buffer = [u8; SIZE];

/// A buffer that is filled up to a limit, read, and moved down to its history.
pub(crate) struct Window {
    pub(crate) buffer: Box<Buffer>,
    /// Where the next byte goes.
    pub(crate) end: usize,
    /// The first byte of the member: nothing is copied from before it.
    pub(crate) start: usize,
    /// The next byte to be read.
    read: usize,
}

impl Window {
    /// No symbol is decoded when the end is here or beyond.
    pub(crate) const LIMIT: usize = HISTORY + ROOM;

    pub(crate) fn new() -> Self {
        Self {
            buffer: boxed(),
            end: 0,
            start: 0,
            read: 0,
        }
    }

    /// What wasn't read yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.read..self.end]
    }

    /// What was added since `before`, a former end.
    pub(crate) fn since(&self, before: usize) -> &[u8] {
        &self.buffer[before..self.end]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.read += count;
    }

    /// Makes room when all was read.
    pub(crate) fn make_room(&mut self) {
        if self.end > HISTORY {
            let moved = self.end - HISTORY;
            self.buffer.copy_within(moved..self.end, 0);
            self.end = HISTORY;
            self.start = self.start.saturating_sub(moved);
        }
        self.read = self.end;
    }

    /// A new member begins.
    pub(crate) fn begin_member(&mut self) {
        self.start = self.end;
    }

    /// How many bytes fit below the limit.
    pub(crate) fn room(&self) -> usize {
        Self::LIMIT.saturating_sub(self.end)
    }

    /// Adds bytes, which fit.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.buffer[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }
}

/// Copies `length` bytes, at most [`LONGEST`], from `distance` before `end` to `end`, as if byte by byte: what is
/// copied may be copied again. Up to `OVERSHOOT` bytes behind them are written as well.
///
/// # Panics
/// Where there is no room for that, or the distance is nothing or reaches before the buffer.
#[inline(always)]
#[expect(
    unsafe_code,
    reason = "checks at each of a match's words cost a fifth of the speed"
)]
pub(crate) fn copy_match<const N: usize>(
    buffer: &mut [u8; N],
    end: usize,
    distance: usize,
    length: usize,
) {
    const { assert!(N > LONGEST + OVERSHOOT) };
    assert!(distance.wrapping_sub(1) < end && length <= LONGEST && end <= N - LONGEST - OVERSHOOT);
    // SAFETY: everything read begins at `end - distance`, which isn't before the buffer because `distance <= end`,
    // and everything written at `end`. Both go on in steps until `length` bytes are passed, so that no read or
    // write goes further than `end + length + 32`, which is inside because `length <= LONGEST`. Loads and stores
    // don't ask for alignment, and each load is done before its store.
    unsafe {
        let mut to = buffer.as_mut_ptr().add(end);
        let mut from = to.sub(distance).cast_const();
        let stop = to.add(length);
        if distance >= 16 {
            // Two at once: most matches are no longer.
            loop {
                to.cast::<[u8; 16]>()
                    .write_unaligned(from.cast::<[u8; 16]>().read_unaligned());
                to.add(16)
                    .cast::<[u8; 16]>()
                    .write_unaligned(from.add(16).cast::<[u8; 16]>().read_unaligned());
                to = to.add(32);
                from = from.add(32);
                if to >= stop {
                    break;
                }
            }
        } else if distance == 1 {
            to.write_bytes(from.read(), length);
        } else {
            // Eight bytes are written, of which `distance` at least are right.
            let step = distance.min(8);
            loop {
                to.cast::<[u8; 8]>()
                    .write_unaligned(from.cast::<[u8; 8]>().read_unaligned());
                to = to.add(step);
                from = from.add(step);
                if to >= stop {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_copied_as_if_byte_by_byte() {
        for distance in (1..70).chain([258, 300]) {
            for length in 3..=LONGEST {
                let mut buffer = [0; 700];
                for (at, byte) in buffer.iter_mut().enumerate() {
                    *byte = (at * 7 % 251) as u8;
                }
                let end = 310;
                let mut slow = buffer;
                for at in end..end + length {
                    slow[at] = slow[at - distance];
                }
                copy_match(&mut buffer, end, distance, length);
                assert_eq!(
                    buffer[..end + length],
                    slow[..end + length],
                    "{distance} {length}"
                );
                // What is beyond may be anything, but not everywhere.
                let untouched = end + length + OVERSHOOT;
                assert_eq!(
                    buffer[untouched..],
                    slow[untouched..],
                    "{distance} {length}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_match_is_never_copied() {
        for (end, distance, length) in [(10, 0, 3), (10, 11, 3), (10, 1, 259), (379, 1, 3)] {
            let copied = std::panic::catch_unwind(|| {
                copy_match(&mut [0; 700], end, distance, length);
            });
            assert!(copied.is_err(), "{end} {distance} {length}");
        }
    }
}
