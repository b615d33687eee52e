//! A jar, that is a zip archive, read where it lies.
//!
//! Crate `rawzip` reads the directory at the end and an entry by offset, from anything that can be read
//! at one; what it leaves to its user is here: bounds, overlaps, inflating.

use std::io::{self, Read};
use std::ops::Range;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipLocator};

use crate::{Content, Fault};

/// How many entries an archive may have; the largest shaded jars have 100,000.
const MAX_ENTRIES: u64 = 500_000;
/// How many of them are of use: jars in it, and what says who it is.
const MAX_OF_USE: usize = 20_000;
/// How many bytes all entries that are read may have when unpacked, in a jar and all jars in it.
const MAX_UNPACKED: u64 = 1 << 30;
/// How many bytes of packed jars in jars may be in memory at once.
const MAX_HELD: u64 = 64 << 20;

/// What reading one jar, with all in it, may still take.
#[derive(Debug)]
pub(super) struct Budget {
    unpacked: u64,
    held: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            unpacked: MAX_UNPACKED,
            held: MAX_HELD,
        }
    }

    /// Gives back what a jar took that was held in memory.
    pub(super) fn release(&mut self, held: usize) {
        self.held += held as u64;
    }
}

/// An entry that is of use.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    size: u64,
    method: CompressionMethod,
    /// Where it begins in the archive.
    at: u64,
    packed: u64,
    is_encrypted: bool,
    way: rawzip::ZipArchiveEntryWayfinder,
}

/// An archive.
pub(super) struct Archive<'a> {
    content: &'a dyn Content,
    archive: ZipArchive<At<'a>>,
    /// By name.
    pub(super) entries: Vec<Entry>,
}

struct At<'a>(&'a dyn Content);

impl ReaderAt for At<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }
}

/// The bytes of an entry that is itself read in pieces.
pub(super) enum Nested {
    /// Where it lies in the archive, as it is.
    Stored(Range<u64>),
    /// It was unpacked.
    Unpacked(Vec<u8>),
}

fn damaged(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(format!("its zip directory is damaged: {error}"))
}

impl<'a> Archive<'a> {
    /// Reads the directory and keeps the entries that are of use.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it is no zip archive, or has too many entries.
    pub(super) fn read(
        content: &'a dyn Content,
        is_of_use: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipLocator::new()
            .locate_in_reader(At(content), &mut buffer, content.size())
            .map_err(|(_, error)| damaged(&error))?;
        let mut entries = Vec::new();
        let mut count = 0;
        let mut all = archive.entries(&mut buffer);
        while let Some(entry) = all.next_entry().map_err(|error| damaged(&error))? {
            count += 1;
            if count > MAX_ENTRIES {
                return Err(Fault::new(format!(
                    "it has more than {MAX_ENTRIES} entries"
                )));
            }
            let path = entry.file_path();
            let Ok(name) = std::str::from_utf8(path.as_bytes()) else {
                continue;
            };
            if entry.is_dir() || !is_of_use(name) {
                continue;
            }
            if entries.len() == MAX_OF_USE {
                return Err(Fault::new(format!(
                    "it has more than {MAX_OF_USE} jars and descriptions in it"
                )));
            }
            entries.push(Entry {
                name: name.to_owned(),
                size: entry.uncompressed_size_hint(),
                method: entry.compression_method(),
                at: entry.local_header_offset(),
                packed: entry.compressed_size_hint(),
                is_encrypted: entry.flags().is_encrypted(),
                way: entry.wayfinder(),
            });
        }
        refuse_overlaps(&mut entries)?;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            content,
            archive,
            entries,
        })
    }

    /// Unpacks an entry of at most `bound` bytes.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it is damaged, larger, packed in a way that jars aren't, or the budget is used up.
    pub(super) fn unpack(
        &self,
        entry: &Entry,
        bound: u64,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, Fault> {
        let fault = |what: String| Fault::new(format!("its entry {} {what}", entry.name));
        if entry.is_encrypted {
            return Err(fault("is encrypted".to_owned()));
        }
        if entry.size > bound {
            return Err(fault(format!(
                "has {} bytes; at most {bound} are read",
                entry.size
            )));
        }
        let left = budget.unpacked.checked_sub(entry.size).ok_or_else(|| {
            fault(format!(
                "is left out: more than {MAX_UNPACKED} bytes would be unpacked"
            ))
        })?;
        budget.unpacked = left;
        let is_damaged = |error: &dyn std::fmt::Display| fault(format!("is damaged: {error}"));
        let found = self
            .archive
            .get_entry(entry.way)
            .map_err(|error| is_damaged(&error))?;
        let packed = io::BufReader::new(found.reader());
        let inflated: Box<dyn Read> = match entry.method {
            CompressionMethod::STORE => Box::new(packed),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
            other => {
                return Err(fault(format!("is packed by method {}", other.as_u16())));
            }
        };
        // Room that nothing fills costs nothing.
        let mut bytes = Vec::with_capacity(entry.size as usize);
        found
            .verifying_reader(inflated.take(entry.size + 1))
            .read_to_end(&mut bytes)
            .map_err(|error| is_damaged(&error))?;
        Ok(bytes)
    }

    /// Opens an entry that is an archive. What is stored as it is stays where it is.
    ///
    /// # Errors
    ///
    /// As [`Self::unpack`].
    pub(super) fn open(&self, entry: &Entry, budget: &mut Budget) -> Result<Nested, Fault> {
        if entry.method == CompressionMethod::STORE && !entry.is_encrypted {
            let found = self
                .archive
                .get_entry(entry.way)
                .map_err(|error| damaged(&error))?;
            let (start, end) = found.compressed_data_range();
            return Ok(Nested::Stored(start..end.min(self.content.size())));
        }
        let bytes = self.unpack(entry, budget.held, budget)?;
        budget.held -= bytes.len() as u64;
        Ok(Nested::Unpacked(bytes))
    }
}

/// Entries that share their bytes unpack to more than an archive can hold: no tool makes such.
fn refuse_overlaps(entries: &mut [Entry]) -> Result<(), Fault> {
    entries.sort_by_key(|entry| entry.at);
    for pair in entries.windows(2) {
        if pair[1].at < pair[0].at.saturating_add(pair[0].packed) {
            return Err(Fault::new(format!(
                "its entries {} and {} overlap",
                pair[0].name, pair[1].name
            )));
        }
    }
    Ok(())
}

/// A part of a file.
pub(super) struct Part<'a> {
    pub(super) content: &'a dyn Content,
    pub(super) range: Range<u64>,
}

impl Content for Part<'_> {
    fn size(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size().saturating_sub(offset);
        let length = left.min(buffer.len() as u64) as usize;
        if length == 0 {
            return Ok(0);
        }
        self.content
            .read_at(self.range.start + offset, &mut buffer[..length])
    }
}
