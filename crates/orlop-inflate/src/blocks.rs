//! The blocks of compressed data (RFC 1951, section 3.2.3).

use std::io::{self, Read};

use crate::InflateError;
use crate::input::{Bits, Input, Loop};
use crate::tables::{
    Completeness, DISTANCE_BITS, DISTANCE_ENTRIES, DISTANCE_MEANINGS, DISTANCES, END, EXCEPTIONAL,
    LITERAL, LITERAL_BITS, LITERAL_ENTRIES, LITERAL_MEANINGS, LITERALS, SUBTABLE, build,
};
use crate::window::{Window, copy_match};

/// In which order the lengths of the codes of code lengths are told.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const LENGTH_BITS: u32 = 7;
/// What the codes of code lengths mean: their number.
const LENGTH_MEANINGS: [u32; 19] = {
    let mut meanings = [0; 19];
    let mut code = 0;
    while code < 19 {
        meanings[code] = (code as u32) << 16;
        code += 1;
    }
    meanings
};
/// The most codes that a block may have of its own; the fixed codes have two more of each.
const MOST_LITERALS: usize = 286;
const MOST_DISTANCES: usize = 30;

/// A decoder of blocks, which goes on where it was when the window is full.
pub(crate) struct Blocks {
    literals: Box<[u32; LITERAL_ENTRIES]>,
    distances: Box<[u32; DISTANCE_ENTRIES]>,
    state: State,
    /// The block is the last.
    is_last: bool,
    /// The tables are those of the fixed codes.
    is_fixed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the header of a block.
    Header,
    /// In a block without compression, with so many bytes to come.
    Stored(usize),
    /// In a block with codes.
    Codes,
}

/// Why the inner loop came to an end.
enum Stop {
    /// The input or the window must be looked after.
    Pause,
    /// The block ended.
    End,
    /// It is damaged.
    Error(InflateError),
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self {
            literals: Box::new([0; LITERAL_ENTRIES]),
            distances: Box::new([0; DISTANCE_ENTRIES]),
            state: State::Header,
            is_last: false,
            is_fixed: false,
        }
    }

    /// Decodes until the window is full (false) or the last block ended (true); then it is as new.
    pub(crate) fn decode<R: Read>(
        &mut self,
        input: &mut Input<R>,
        window: &mut Window,
    ) -> io::Result<bool> {
        loop {
            let is_ended = match self.state {
                State::Header => {
                    self.header(input)?;
                    false
                }
                State::Stored(left) => self.stored(left, input, window)?,
                State::Codes => self.codes(input, window)?,
            };
            if is_ended {
                self.state = State::Header;
                if std::mem::take(&mut self.is_last) {
                    return Ok(true);
                }
            } else if window.room() == 0 {
                return Ok(false);
            }
        }
    }

    fn header<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<()> {
        self.is_last = input.take(1)? == 1;
        match input.take(2)? {
            0 => {
                input.align();
                let mut word =
                    || Ok::<_, io::Error>(u16::from_le_bytes([input.byte()?, input.byte()?]));
                let (length, inverse) = (word()?, word()?);
                if length != !inverse {
                    return Err(InflateError::StoredLength.into());
                }
                self.state = State::Stored(usize::from(length));
            }
            1 => {
                self.fixed()?;
                self.state = State::Codes;
            }
            2 => {
                self.is_fixed = false;
                self.own(input)?;
                self.state = State::Codes;
            }
            _ => return Err(InflateError::BlockType.into()),
        }
        Ok(())
    }

    /// The codes that need no telling.
    fn fixed(&mut self) -> Result<(), InflateError> {
        if self.is_fixed {
            return Ok(());
        }
        let mut lengths = [8; LITERALS];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        self.build(&lengths, &[5; DISTANCES])?;
        self.is_fixed = true;
        Ok(())
    }

    fn build(&mut self, literals: &[u8], distances: &[u8]) -> Result<(), InflateError> {
        build(
            &mut self.literals[..],
            LITERAL_BITS,
            literals,
            &LITERAL_MEANINGS,
            Completeness::OrSingle,
        )?;
        build(
            &mut self.distances[..],
            DISTANCE_BITS,
            distances,
            &DISTANCE_MEANINGS,
            Completeness::OrSingle,
        )
    }

    /// The block's own codes (section 3.2.7).
    fn own<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<()> {
        let literals = input.take(5)? as usize + 257;
        let distances = input.take(5)? as usize + 1;
        let count = input.take(4)? as usize + 4;
        if literals > MOST_LITERALS || distances > MOST_DISTANCES {
            return Err(InflateError::TooManyCodes.into());
        }
        let mut lengths = [0; 19];
        for &place in &ORDER[..count] {
            #[expect(clippy::cast_possible_truncation, reason = "three bits")]
            let length = input.take(3)? as u8;
            lengths[place] = length;
        }
        let mut table = [0; 1 << LENGTH_BITS];
        let whole = Completeness::Whole;
        build(&mut table, LENGTH_BITS, &lengths, &LENGTH_MEANINGS, whole)?;
        let mut lengths = [0; MOST_LITERALS + MOST_DISTANCES];
        let lengths = &mut lengths[..literals + distances];
        code_lengths(input, &table, lengths)?;
        if lengths[256] == 0 {
            return Err(InflateError::NoEnd.into());
        }
        let (literals, distances) = lengths.split_at(literals);
        Ok(self.build(literals, distances)?)
    }

    fn stored<R: Read>(
        &mut self,
        left: usize,
        input: &mut Input<R>,
        window: &mut Window,
    ) -> io::Result<bool> {
        let wanted = left.min(window.room());
        if wanted == 0 {
            return Ok(left == 0);
        }
        let bytes = input.bytes(wanted)?;
        if bytes.is_empty() {
            return Err(InflateError::Truncated.into());
        }
        window.extend(bytes);
        let left = left - bytes.len();
        self.state = State::Stored(left);
        Ok(left == 0)
    }

    /// Decodes until the window is full (false) or the block ended.
    fn codes<R: Read>(&mut self, input: &mut Input<R>, window: &mut Window) -> io::Result<bool> {
        while window.room() > 0 {
            let mut ahead = input.begin()?;
            let stop = symbols(&mut ahead, &self.literals, &self.distances, window);
            let (position, bits) = (ahead.position, ahead.bits);
            input.end(position, bits)?;
            match stop {
                Stop::Pause => {}
                Stop::End => return Ok(true),
                Stop::Error(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

/// The lengths of a block's codes, which are coded themselves.
fn code_lengths<R: Read>(
    input: &mut Input<R>,
    table: &[u32; 1 << LENGTH_BITS],
    lengths: &mut [u8],
) -> io::Result<()> {
    let mut at = 0;
    while at < lengths.len() {
        #[expect(clippy::cast_possible_truncation, reason = "seven bits")]
        let entry = table[input.peek(LENGTH_BITS)? as usize];
        input.skip(entry & 0xff)?;
        let (value, count) = match entry >> 16 {
            #[expect(clippy::cast_possible_truncation, reason = "less than 16")]
            length @ 0..16 => (length as u8, 1),
            16 => {
                let Some(before) = at.checked_sub(1) else {
                    return Err(InflateError::CodeLengths.into());
                };
                (lengths[before], input.take(2)? as usize + 3)
            }
            17 => (0, input.take(3)? as usize + 3),
            _ => (0, input.take(7)? as usize + 11),
        };
        let Some(these) = lengths.get_mut(at..at + count) else {
            return Err(InflateError::CodeLengths.into());
        };
        these.fill(value);
        at += count;
    }
    Ok(())
}

/// The inner loop, with the instructions for bits that most processors have had since 2013.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2")]
fn symbols_bmi(
    ahead: &mut Loop<'_>,
    literals: &[u32; LITERAL_ENTRIES],
    distances: &[u32; DISTANCE_ENTRIES],
    window: &mut Window,
) -> Stop {
    symbols_of(ahead, literals, distances, window)
}

fn symbols(
    ahead: &mut Loop<'_>,
    literals: &[u32; LITERAL_ENTRIES],
    distances: &[u32; DISTANCE_ENTRIES],
    window: &mut Window,
) -> Stop {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
        #[expect(unsafe_code, reason = "instructions that not every processor has")]
        // SAFETY: the processor has them.
        return unsafe { symbols_bmi(ahead, literals, distances, window) };
    }
    symbols_of(ahead, literals, distances, window)
}

/// The inner loop. Each turn takes at most three literals, or two and a match: the bits loaded for them are
/// enough, because a literal of the first table has at most 11 bits, a length with all that belongs to it 20, and a
/// distance 28, for which bits are loaded anew. The entry of the next turn is looked up before a match is copied,
/// so that the one needn't wait for the other.
#[inline(always)]
fn symbols_of(
    ahead: &mut Loop<'_>,
    literals: &[u32; LITERAL_ENTRIES],
    distances: &[u32; DISTANCE_ENTRIES],
    window: &mut Window,
) -> Stop {
    let (input, stop_at) = (ahead.buffer, ahead.stop);
    let (mut position, mut bits) = (ahead.position, ahead.bits);
    let buffer = &mut *window.buffer;
    let mut end = window.end;
    let start = window.start;
    bits.fill(input, &mut position);
    let mut entry = literals[bits.low(LITERAL_BITS) as usize];
    let stop = 'blocks: loop {
        'symbols: {
            if entry & LITERAL != 0 {
                put(buffer, &mut end, entry, &mut bits);
                entry = literals[bits.low(LITERAL_BITS) as usize];
                if entry & LITERAL != 0 {
                    put(buffer, &mut end, entry, &mut bits);
                    entry = literals[bits.low(LITERAL_BITS) as usize];
                    if entry & LITERAL != 0 {
                        put(buffer, &mut end, entry, &mut bits);
                        entry = literals[bits.low(LITERAL_BITS) as usize];
                        bits.fill(input, &mut position);
                        break 'symbols;
                    }
                }
            }
            if entry & EXCEPTIONAL != 0 {
                if entry & SUBTABLE != 0 {
                    entry = below(literals, entry, LITERAL_BITS, &mut bits);
                    if entry & LITERAL != 0 {
                        put(buffer, &mut end, entry, &mut bits);
                        entry = literals[bits.low(LITERAL_BITS) as usize];
                        bits.fill(input, &mut position);
                        break 'symbols;
                    }
                }
                if entry & EXCEPTIONAL != 0 {
                    if entry & END != 0 {
                        bits.skip(entry);
                        break 'blocks Stop::End;
                    }
                    break 'blocks Stop::Error(InflateError::Code);
                }
            }
            let length = value(entry, &mut bits);
            entry = distances[bits.low(DISTANCE_BITS) as usize];
            bits.fill(input, &mut position);
            if entry & EXCEPTIONAL != 0 {
                if entry & SUBTABLE != 0 {
                    entry = below(distances, entry, DISTANCE_BITS, &mut bits);
                }
                if entry & EXCEPTIONAL != 0 {
                    break 'blocks Stop::Error(InflateError::Code);
                }
            }
            let distance = value(entry, &mut bits);
            if distance > end - start {
                break 'blocks Stop::Error(InflateError::TooFarBack);
            }
            entry = literals[bits.low(LITERAL_BITS) as usize];
            bits.fill(input, &mut position);
            copy_match(buffer, end, distance, length);
            end += length;
        }
        if position > stop_at || end >= Window::LIMIT {
            break 'blocks Stop::Pause;
        }
    };
    window.end = end;
    ahead.position = position;
    ahead.bits = bits;
    stop
}

/// Adds the byte of a literal.
#[inline(always)]
fn put<const N: usize>(buffer: &mut [u8; N], end: &mut usize, entry: u32, bits: &mut Bits) {
    bits.skip(entry);
    buffer[*end] = (entry >> 16) as u8;
    *end += 1;
}

/// The entry of a subtable.
#[inline(always)]
fn below<const N: usize>(table: &[u32; N], entry: u32, table_bits: u32, bits: &mut Bits) -> u32 {
    bits.skip(table_bits);
    let place = (entry >> 16) as usize + bits.low((entry >> 8) & 0xf) as usize;
    table[place % N]
}

/// The base of an entry with what its extra bits add, all of whose bits are taken.
#[inline(always)]
fn value(entry: u32, bits: &mut Bits) -> usize {
    let all = bits.low(entry & 0x1f) as u32;
    bits.skip(entry);
    ((entry >> 16) + (all >> ((entry >> 8) & 0xf))) as usize
}
