//! Tables by which codes are decoded: of the next bits, what they mean and how many of them do.
//!
//! An entry of a table (as libdeflate has them):
//!
//! ```text
//! literal     bit 31, the byte from bit 16 on
//! length or   the base from bit 16 on; the bits of the code from bit 8 on; the bits of code and extra
//! distance      together from bit 0 on
//! subtable    bits 15 and 14; its start from bit 16 on, its bits from bit 8 on, the bits of this table from 0 on
//! end         bits 15 and 13
//! nothing     bit 15
//! ```
//!
//! A literal and the end have the bits of their codes from bit 0 on too.

use crate::InflateError;

pub(crate) const LITERAL: u32 = 1 << 31;
pub(crate) const EXCEPTIONAL: u32 = 1 << 15;
pub(crate) const SUBTABLE: u32 = 1 << 14;
pub(crate) const END: u32 = 1 << 13;

/// Bits that the first table of literals and lengths is asked with.
pub(crate) const LITERAL_BITS: u32 = 11;
/// Bits that the first table of distances is asked with.
pub(crate) const DISTANCE_BITS: u32 = 8;
/// No code has more.
const MAX_BITS: usize = 15;

/// Entries of a table with its subtables: with 11 bits at most 2,342 of 288 codes, with 9 at most 594 of 32. The
/// size is a power of two, so that no index is outside.
pub(crate) const LITERAL_ENTRIES: usize = 4096;
pub(crate) const DISTANCE_ENTRIES: usize = 1024;

/// Literals and lengths.
pub(crate) const LITERALS: usize = 288;
/// Distances.
pub(crate) const DISTANCES: usize = 32;

/// What each code of literals and lengths means (RFC 1951, section 3.2.5).
pub(crate) const LITERAL_MEANINGS: [u32; LITERALS] = literal_meanings();
/// What each code of distances means.
pub(crate) const DISTANCE_MEANINGS: [u32; DISTANCES] = distance_meanings();

const fn literal_meanings() -> [u32; LITERALS] {
    let mut meanings = [EXCEPTIONAL; LITERALS];
    let mut byte = 0;
    while byte < 256 {
        meanings[byte] = LITERAL | ((byte as u32) << 16);
        byte += 1;
    }
    meanings[256] = EXCEPTIONAL | END;
    let (mut code, mut base) = (257, 3);
    while code < 285 {
        let extra = if code < 265 {
            0
        } else {
            (code - 261) as u32 / 4
        };
        meanings[code] = (base << 16) | extra;
        base += 1 << extra;
        code += 1;
    }
    meanings[285] = 258 << 16;
    meanings
}

const fn distance_meanings() -> [u32; DISTANCES] {
    let mut meanings = [EXCEPTIONAL; DISTANCES];
    let (mut code, mut base) = (0, 1);
    while code < 30 {
        let extra = if code < 4 { 0 } else { (code - 2) as u32 / 2 };
        meanings[code] = (base << 16) | extra;
        base += 1 << extra;
        code += 1;
    }
    meanings
}

/// What codes must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// There is a code for all bits.
    Whole,
    /// Or there is but one code, of one bit; or none, if none is used. So zlib allows it.
    OrSingle,
}

/// Makes the table of a code from the lengths of its codes.
pub(crate) fn build(
    table: &mut [u32],
    table_bits: u32,
    lengths: &[u8],
    meanings: &[u32],
    completeness: Completeness,
) -> Result<(), InflateError> {
    let mut counts = [0u16; MAX_BITS + 1];
    for &length in lengths {
        counts[usize::from(length)] += 1;
    }
    let is_empty = usize::from(counts[0]) == lengths.len();
    let longest = (1..=MAX_BITS).rev().find(|&bits| counts[bits] > 0);
    if !is_whole(&counts)? {
        let is_allowed = completeness == Completeness::OrSingle && longest.unwrap_or(0) <= 1;
        if !is_allowed {
            return Err(InflateError::CodeLengths);
        }
        table[..1 << table_bits].fill(EXCEPTIONAL);
    }
    if is_empty {
        return Ok(());
    }
    let mut sorted = [0u16; LITERALS];
    let sorted = sort(lengths, &counts, &mut sorted);
    fill(table, table_bits, lengths, meanings, &counts, sorted);
    Ok(())
}

/// Whether every sequence of bits begins with a code. An error if there are more codes than bits for them.
fn is_whole(counts: &[u16; MAX_BITS + 1]) -> Result<bool, InflateError> {
    let mut left = 1i32;
    for &count in &counts[1..] {
        left = 2 * left - i32::from(count);
        if left < 0 {
            return Err(InflateError::CodeLengths);
        }
    }
    Ok(left == 0)
}

/// The codes that are used, by length and then by number: the order in which bits are given to them.
fn sort<'a>(
    lengths: &[u8],
    counts: &[u16; MAX_BITS + 1],
    sorted: &'a mut [u16; LITERALS],
) -> &'a [u16] {
    let mut next = [0u16; MAX_BITS + 2];
    for bits in 1..=MAX_BITS {
        next[bits + 1] = next[bits] + counts[bits];
    }
    let used = usize::from(next[MAX_BITS + 1]);
    for (code, &length) in (0u16..).zip(lengths) {
        if length > 0 {
            let place = &mut next[usize::from(length)];
            sorted[usize::from(*place)] = code;
            *place += 1;
        }
    }
    &sorted[..used]
}

fn fill(
    table: &mut [u32],
    table_bits: u32,
    lengths: &[u8],
    meanings: &[u32],
    counts: &[u16; MAX_BITS + 1],
    sorted: &[u16],
) {
    let mut left = *counts;
    // The bits of the next code, its first bit the lowest.
    let mut bits = 0u32;
    let mut subtable: Option<Subtable> = None;
    let mut free = 1usize << table_bits;
    for &code in sorted {
        let length = u32::from(lengths[usize::from(code)]);
        let meaning = meanings[usize::from(code)];
        if length <= table_bits {
            let entry = meaning + (length << 8) + length;
            let step = 1 << length;
            for place in (bits as usize..1 << table_bits).step_by(step) {
                table[place] = entry;
            }
        } else {
            let prefix = bits & ((1 << table_bits) - 1);
            let below = match subtable {
                Some(known) if known.prefix == prefix => known,
                _ => {
                    let below = Subtable::new(prefix, free, table_bits, length, &left);
                    free += 1 << below.bits;
                    let pointer = (below.start << 16) as u32;
                    table[prefix as usize] =
                        pointer | EXCEPTIONAL | SUBTABLE | (below.bits << 8) | table_bits;
                    subtable = Some(below);
                    below
                }
            };
            let length = length - table_bits;
            let entry = meaning + (length << 8) + length;
            let first = (bits >> table_bits) as usize;
            for place in (first..1 << below.bits).step_by(1 << length) {
                table[below.start + place] = entry;
            }
        }
        left[length as usize] -= 1;
        bits = next_code(bits, length);
    }
}

/// The table of the codes with the same first bits.
#[derive(Clone, Copy)]
struct Subtable {
    prefix: u32,
    start: usize,
    bits: u32,
}

impl Subtable {
    /// With as many bits as the codes need that are left and begin with the prefix, the next of which has
    /// `length` bits.
    fn new(
        prefix: u32,
        start: usize,
        table_bits: u32,
        length: u32,
        left: &[u16; MAX_BITS + 1],
    ) -> Self {
        let mut bits = length - table_bits;
        let mut used = u32::from(left[length as usize]);
        while used < 1 << bits && (table_bits + bits) < MAX_BITS as u32 {
            bits += 1;
            used = (used << 1) + u32::from(left[(table_bits + bits) as usize]);
        }
        Self {
            prefix,
            start,
            bits,
        }
    }
}

/// The next code of the same or a greater length: one is added to bits whose first is the lowest.
fn next_code(bits: u32, length: u32) -> u32 {
    let ones = (!bits & ((1 << length) - 1)).checked_ilog2();
    match ones {
        // The highest bit that isn't set is, and those above it aren't any more.
        Some(highest) => (bits & ((1 << highest) - 1)) | (1 << highest),
        None => 0,
    }
}
