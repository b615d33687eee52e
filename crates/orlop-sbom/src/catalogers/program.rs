//! Executables and shared libraries: where their sections are.
//!
//! ELF (System V gABI, chapter 4), PE (Microsoft's "PE Format") and Mach-O (`mach-o/loader.h`), as far
//! as it takes to find a section by its name and the bytes at an address. Only headers and tables of
//! headers are read, three reads for an ELF file of any size. Own code, because crate `object` reads
//! either a file that is wholly in memory or one through a cache that only grows, each name of a
//! section by a read of its own; the tables are simple.

use crate::{Content, Fault, FileInfo};

/// How many sections, segments or load commands are looked at; Chromium has 40.
const MAX_HEADERS: usize = 4096;
/// How many bytes the names of the sections may have.
const MAX_NAMES: u64 = 1 << 20;
/// How many bytes the load commands of a Mach-O file may have.
const MAX_COMMANDS: u64 = 4 << 20;

/// Shorter files hold no program.
const MIN_PROGRAM: u64 = 64;

/// Whether a file may be a program, by what is known before it is read: it can be executed, or is named
/// as a library.
pub(super) fn may_be(file: &FileInfo<'_>) -> bool {
    let name = file.name();
    let is_library = || {
        let has_ending = [".so", ".node", ".dll", ".exe", ".dylib"]
            .iter()
            .any(|ending| name.ends_with(ending));
        has_ending || name.contains(".so.")
    };
    file.size >= MIN_PROGRAM && (file.is_executable || is_library())
}

/// A named range of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    /// Where it is when the program runs.
    pub(super) address: u64,
    /// Where it is in the file.
    pub(super) offset: u64,
    /// How many bytes it has in the file.
    pub(super) size: u64,
}

/// A range of the file that is mapped when the program runs.
#[derive(Clone, Debug)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
    is_writable: bool,
}

/// The layout of a program.
pub(super) struct Program<'a> {
    content: &'a dyn Content,
    sections: Vec<Section>,
    segments: Vec<Segment>,
    /// Whether addresses have 8 bytes, and which one comes first.
    words: Words,
}

impl<'a> Program<'a> {
    /// Reads the layout; nothing if it is no program.
    ///
    /// # Errors
    ///
    /// [`Fault`] if its tables are damaged.
    pub(super) fn read(content: &'a dyn Content) -> Result<Option<Self>, Fault> {
        let mut start = [0; 64];
        let length = read_up_to(content, 0, &mut start)?;
        let start = &start[..length];
        if start.starts_with(b"\x7fELF") {
            return elf(content, start).map(Some);
        }
        if start.starts_with(b"MZ") {
            return pe(content, start);
        }
        if start.starts_with(b"\xcf\xfa\xed\xfe") {
            return mach_o(content, start).map(Some);
        }
        Ok(None)
    }

    /// The section of a name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Whether its sections have been stripped (packers do that).
    pub(super) fn has_no_sections(&self) -> bool {
        self.sections.is_empty()
    }

    /// Where the first data that a program may write is in the file, and how many bytes it has.
    pub(super) fn data(&self) -> Option<(u64, u64)> {
        let data = self.segments.iter().find(|segment| segment.is_writable)?;
        Some((data.offset, data.size))
    }

    /// Reads exactly `size` bytes at an address.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the address isn't in the file.
    pub(super) fn at_address(&self, address: u64, size: usize) -> Result<Vec<u8>, Fault> {
        let outside = || Fault::new(format!("its address {address:#x} is outside of it"));
        let offset = self
            .segments
            .iter()
            .filter_map(|segment| {
                let into = address.checked_sub(segment.address)?;
                let left = segment.size.checked_sub(into)?;
                (left >= size as u64).then(|| segment.offset.checked_add(into))?
            })
            .next()
            .ok_or_else(outside)?;
        bytes_at(self.content, offset, size)
    }

    /// The pointer at the start of some bytes.
    pub(super) fn pointer(&self, bytes: &[u8]) -> Option<u64> {
        self.words.word(bytes, 0)
    }

    /// How many bytes a pointer has.
    pub(super) fn word_size(&self) -> usize {
        self.words.size()
    }

    /// The same program with words as its writer says they are.
    pub(super) fn with_words(mut self, words: Words) -> Self {
        self.words = words;
        self
    }

    /// What it is read from.
    pub(super) fn content(&self) -> &'a dyn Content {
        self.content
    }
}

/// How a program writes its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Whether a word has 8 bytes, or 4.
    pub(super) is_wide: bool,
    /// Whether the highest byte comes first.
    pub(super) is_big: bool,
}

impl Words {
    /// How many bytes a word has.
    pub(super) fn size(self) -> usize {
        if self.is_wide { 8 } else { 4 }
    }

    fn number<const N: usize>(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(N)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_big {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    fn half(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number::<2>(bytes, at)
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number::<4>(bytes, at)
    }

    fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is_wide {
            self.number::<8>(bytes, at)
        } else {
            self.number::<4>(bytes, at)
        }
    }
}

/// Reads as many bytes as there are, up to the length of the buffer.
pub(super) fn read_up_to(
    content: &dyn Content,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, Fault> {
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset.saturating_add(filled as u64);
        match content.read_at(at, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) => return Err(Fault::new(error.to_string())),
        }
    }
    Ok(filled)
}

/// Reads exactly `size` bytes.
pub(super) fn bytes_at(content: &dyn Content, offset: u64, size: usize) -> Result<Vec<u8>, Fault> {
    // Checked first: a damaged header doesn't cost the memory that it claims.
    let end = offset.checked_add(size as u64);
    if end.is_none_or(|end| end > content.size()) {
        return Err(Fault::new("it ends before what its headers point at"));
    }
    let mut bytes = vec![0; size];
    if read_up_to(content, offset, &mut bytes)? < size {
        return Err(Fault::new("it ends early"));
    }
    Ok(bytes)
}

/// Reads a table of `count` headers of `size` bytes each.
fn table(content: &dyn Content, offset: u64, count: u64, size: u64) -> Result<Vec<u8>, Fault> {
    if count > MAX_HEADERS as u64 {
        return Err(Fault::new(format!(
            "it has {count} headers; at most {MAX_HEADERS} are read"
        )));
    }
    // Both have at most 16 bits.
    bytes_at(content, offset, (count * size) as usize)
}

fn elf<'a>(content: &'a dyn Content, start: &[u8]) -> Result<Program<'a>, Fault> {
    let early = || Fault::new("its ELF header ends early");
    let words = match start.get(4..6).ok_or_else(early)? {
        [class @ 1..=2, order @ 1..=2] => Words {
            is_wide: *class == 2,
            is_big: *order == 2,
        },
        _ => {
            return Err(Fault::new(
                "its ELF header is of an unknown class or byte order",
            ));
        }
    };
    // e_phoff, e_shoff; then, after e_flags and e_ehsize, the sizes and counts of the headers.
    let word = words.size();
    let segments_at = words.word(start, 24 + word).ok_or_else(early)?;
    let sections_at = words.word(start, 24 + 2 * word).ok_or_else(early)?;
    let half = |index: usize| {
        words
            .half(start, 24 + 3 * word + 6 + 2 * index)
            .ok_or_else(early)
    };
    let [segment_size, segments, section_size, sections, names] =
        [half(0)?, half(1)?, half(2)?, half(3)?, half(4)?];

    let mut program = Program {
        content,
        sections: Vec::new(),
        segments: Vec::new(),
        words,
    };
    if segments_at != 0 && segments != 0 {
        let bytes = table(content, segments_at, segments, segment_size)?;
        program.segments = elf_segments(&bytes, segment_size as usize, words);
    }
    if sections_at != 0 && sections != 0 {
        let bytes = table(content, sections_at, sections, section_size)?;
        program.sections = elf_sections(content, &bytes, section_size as usize, names, words)?;
    }
    Ok(program)
}

fn elf_segments(bytes: &[u8], size: usize, words: Words) -> Vec<Segment> {
    const LOAD: u64 = 1;
    const WRITE: u64 = 2;
    let word = words.size();
    let read = |bytes: &[u8]| {
        // p_flags is the second field of the wide form and the last but one of the other.
        let fields = if words.is_wide { 8 } else { 4 };
        let flags = words.u32(bytes, if words.is_wide { 4 } else { 24 })?;
        let segment = Segment {
            offset: words.word(bytes, fields)?,
            address: words.word(bytes, fields + word)?,
            size: words.word(bytes, fields + 3 * word)?,
            is_writable: flags & WRITE != 0,
        };
        (words.u32(bytes, 0)? == LOAD).then_some(segment)
    };
    bytes.chunks_exact(size.max(1)).filter_map(read).collect()
}

fn elf_sections(
    content: &dyn Content,
    bytes: &[u8],
    size: usize,
    names: u64,
    words: Words,
) -> Result<Vec<Section>, Fault> {
    const NO_BITS: u64 = 8;
    let word = words.size();
    let headers: Vec<_> = bytes.chunks_exact(size.max(1)).collect();
    let range = |header: &[u8]| {
        Some((
            words.word(header, 8 + 2 * word)?,
            words.word(header, 8 + 3 * word)?,
        ))
    };
    let damaged = || Fault::new("its table of sections is damaged");
    let (offset, length) = headers
        .get(names as usize)
        .and_then(|header| range(header))
        .ok_or_else(damaged)?;
    if length > MAX_NAMES {
        return Err(Fault::new(format!(
            "the names of its sections have {length} bytes; at most {MAX_NAMES} are read"
        )));
    }
    let names = bytes_at(content, offset, length as usize)?;
    let read = |header: &&[u8]| {
        let name = names.get(words.u32(header, 0)? as usize..)?;
        let name = name.split(|byte| *byte == 0).next()?;
        let (offset, size) = range(header)?;
        let has_bits = words.u32(header, 4)? != NO_BITS;
        Some(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            address: words.word(header, 8 + word)?,
            offset,
            size: if has_bits { size } else { 0 },
        })
    };
    headers
        .iter()
        .map(|header| read(header).ok_or_else(damaged))
        .collect()
}

/// A file with the mark of DOS that is no PE file is no program: any bytes may begin so.
fn pe<'a>(content: &'a dyn Content, start: &[u8]) -> Result<Option<Program<'a>>, Fault> {
    const WRITE: u64 = 0x8000_0000;
    const HEADER: u64 = 40;
    const WIDE: u64 = 0x20b;
    let words = Words {
        is_wide: true,
        is_big: false,
    };
    let Some(at) = words.u32(start, 0x3c) else {
        return Ok(None);
    };
    let mut header = [0; 56];
    if read_up_to(content, at, &mut header)? < header.len() || !header.starts_with(b"PE\0\0") {
        return Ok(None);
    }
    let early = || Fault::new("its PE header ends early");
    let count = words.half(&header, 6).ok_or_else(early)?;
    let optional = words.half(&header, 20).ok_or_else(early)?;
    let is_wide = words.half(&header, 24) == Some(WIDE);
    let base = if is_wide {
        words.word(&header, 48)
    } else {
        words.u32(&header, 52)
    };
    let base = base.ok_or_else(early)?;
    let bytes = table(content, at + 24 + optional, count, HEADER)?;
    let mut program = Program {
        content,
        sections: Vec::new(),
        segments: Vec::new(),
        words: Words { is_wide, ..words },
    };
    for header in bytes.chunks_exact(HEADER as usize) {
        let name = header[..8]
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or_default();
        let address = base.wrapping_add(words.u32(header, 12).ok_or_else(early)?);
        let size = words.u32(header, 16).ok_or_else(early)?;
        let offset = words.u32(header, 20).ok_or_else(early)?;
        program.sections.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            address,
            offset,
            size,
        });
        program.segments.push(Segment {
            address,
            offset,
            size,
            is_writable: words.u32(header, 36).ok_or_else(early)? & WRITE != 0,
        });
    }
    Ok(Some(program))
}

/// The 64-bit form in the byte order of every machine that it is made for today.
fn mach_o<'a>(content: &'a dyn Content, start: &[u8]) -> Result<Program<'a>, Fault> {
    const SEGMENT_64: u64 = 0x19;
    const HEADER: u64 = 32;
    let words = Words {
        is_wide: true,
        is_big: false,
    };
    let early = || Fault::new("its Mach-O commands end early");
    let count = words.u32(start, 16).ok_or_else(early)?;
    let length = words.u32(start, 20).ok_or_else(early)?;
    if count > MAX_HEADERS as u64 || length > MAX_COMMANDS {
        return Err(Fault::new(format!(
            "it has {count} Mach-O commands of {length} bytes; at most {MAX_HEADERS} of {MAX_COMMANDS} are read"
        )));
    }
    let commands = bytes_at(content, HEADER, length as usize)?;
    let mut program = Program {
        content,
        sections: Vec::new(),
        segments: Vec::new(),
        words,
    };
    let mut rest = commands.as_slice();
    for _ in 0..count {
        let size = words.u32(rest, 4).ok_or_else(early)? as usize;
        let command = rest.get(..size).filter(|_| size >= 8).ok_or_else(early)?;
        if words.u32(command, 0) == Some(SEGMENT_64) {
            mach_o_segment(&mut program, command).ok_or_else(early)?;
        }
        rest = &rest[size..];
    }
    Ok(program)
}

/// `segment_command_64` and the `section_64`s after it.
fn mach_o_segment(program: &mut Program<'_>, command: &[u8]) -> Option<()> {
    const WRITE: u64 = 2;
    const HEADER: usize = 72;
    const SECTION: usize = 80;
    let words = program.words;
    program.segments.push(Segment {
        address: words.word(command, 24)?,
        offset: words.word(command, 40)?,
        size: words.word(command, 48)?,
        is_writable: words.u32(command, 60)? & WRITE != 0,
    });
    let count = words.u32(command, 64)? as usize;
    for header in command.get(HEADER..)?.chunks_exact(SECTION).take(count) {
        if program.sections.len() == MAX_HEADERS {
            return None;
        }
        let name = header[..16].split(|byte| *byte == 0).next()?;
        program.sections.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            address: words.word(header, 32)?,
            size: words.word(header, 40)?,
            offset: words.u32(header, 48)?,
        });
    }
    Some(())
}
