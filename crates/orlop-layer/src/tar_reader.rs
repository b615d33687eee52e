//! Reads a layer's archive, entry by entry.

use std::io::{self, BufRead};

use tar_core::{
    EntryType,
    parse::{Limits, ParseError, ParseEvent, ParsedEntry, Parser},
};

use crate::{
    Bounds, Entry, EntryKind, Error, Region, Result, Time, entry::clean_path, pax::Records,
};

const BLOCK: usize = 512;

/// The entries of an uncompressed layer, in order.
///
/// [`next_entry`](Self::next_entry) gives an entry, then [`read_chunk`](Self::read_chunk) its
/// content, as slices of the source's buffer; what isn't read is skipped. When there are no more
/// entries, [`drain`](Self::drain) reads what trails the archive: the diff ID covers it.
///
/// Ambiguities are settled as Go's `archive/tar` does: only regular files have content, whatever
/// the size of another entry says; a file whose name ends in `/` is a directory; global PAX
/// headers are ignored (docker and containerd do); an archive may end without its two zero blocks
/// where a header could begin.
#[derive(Debug)]
pub struct TarReader<R> {
    source: Source<R>,
    parser: Parser,
    bounds: Bounds,
    /// Content bytes of the current entry that weren't handed out.
    content: u64,
    /// Zeros between that content and the next header.
    padding: u64,
    entries: u64,
    /// Bytes of the files so far, holes included.
    file_bytes: u64,
    /// The current entry's name, for errors.
    current: Vec<u8>,
    done: bool,
}

/// The stream with what was taken off it too early: headers that straddle two buffers of the
/// reader are put together in `held`.
#[derive(Debug)]
struct Source<R> {
    reader: R,
    held: Vec<u8>,
    held_used: usize,
    /// Bytes handed out as a slice that are still to be consumed.
    lent: usize,
    position: u64,
}

impl<R: BufRead> Source<R> {
    /// Takes back what was lent.
    fn settle(&mut self) {
        let lent = std::mem::take(&mut self.lent);
        if lent > 0 {
            self.consume(lent);
        }
    }

    /// The next bytes; empty at the end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.held_used < self.held.len() {
            return Ok(&self.held[self.held_used..]);
        }
        loop {
            match self.reader.fill_buf() {
                // A second call, because the borrow of the first can't leave the loop.
                Ok(_) => return self.reader.fill_buf(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.position += count as u64;
        if self.held_used < self.held.len() {
            self.held_used += count;
            if self.held_used >= self.held.len() {
                self.held.clear();
                self.held_used = 0;
            }
        } else {
            self.reader.consume(count);
        }
    }

    /// Makes the next `wanted` bytes contiguous, if there are as many.
    fn gather(&mut self, wanted: usize) -> io::Result<&[u8]> {
        self.held.drain(..self.held_used);
        self.held_used = 0;
        while self.held.len() < wanted {
            let bytes = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if bytes.is_empty() {
                break;
            }
            let count = bytes.len().min(wanted - self.held.len());
            self.held.extend_from_slice(&bytes[..count]);
            self.reader.consume(count);
        }
        Ok(&self.held)
    }

    /// Consumes `count` bytes; says how many are missing.
    fn skip(&mut self, mut count: u64) -> io::Result<u64> {
        while count > 0 {
            let bytes = self.fill()?.len();
            if bytes == 0 {
                break;
            }
            let step = usize::try_from(count).map_or(bytes, |count| count.min(bytes));
            self.consume(step);
            count -= step as u64;
        }
        Ok(count)
    }
}

/// What the parser found, without a borrow of its input.
enum Step {
    More(usize),
    Entry(Box<(Entry, u64)>, usize),
    Ignored(usize),
    End(usize),
}

impl<R: BufRead> TarReader<R> {
    /// Reads the archive in `reader`. The larger its buffer the less is copied:
    /// [`BUFFER_SIZE`](crate::BUFFER_SIZE) is a good one.
    pub fn new(reader: R, bounds: Bounds) -> Self {
        let mut parser = Parser::new(Limits {
            max_metadata_size: bounds.max_metadata,
            max_path_len: None,
            max_sparse_entries: bounds.max_sparse_regions,
            ..Limits::default()
        });
        // Both are judged here, with better words: a name in `clean_path`, values in `pax`.
        parser.set_allow_empty_path(true);
        parser.set_ignore_pax_errors(true);
        Self {
            source: Source {
                reader,
                held: Vec::new(),
                held_used: 0,
                lent: 0,
                position: 0,
            },
            parser,
            bounds,
            content: 0,
            padding: 0,
            entries: 0,
            file_bytes: 0,
            current: Vec::new(),
            done: false,
        }
    }

    /// The next entry, or `None` behind the last. Content of the entry before that wasn't read is
    /// skipped.
    ///
    /// # Errors
    ///
    /// When the source fails, the archive is malformed or truncated, or a bound is passed. The
    /// reader is of no use after that.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        self.source.settle();
        let missing = self.source.skip(self.content)?;
        if missing > 0 {
            return Err(self.truncated());
        }
        self.content = 0;
        let padding = std::mem::take(&mut self.padding);
        // Go takes a missing padding at the end of an archive; so do the peers built on it.
        self.source.skip(padding)?;
        let mut wanted = BLOCK;
        while !self.done {
            match self.step(wanted)? {
                Step::More(more) => wanted = more,
                Step::Ignored(consumed) => {
                    self.count_entries(1)?;
                    self.source.consume(consumed);
                    wanted = BLOCK;
                }
                Step::End(consumed) => {
                    self.source.consume(consumed);
                    self.done = true;
                }
                Step::Entry(parsed, consumed) => {
                    let (entry, stored) = *parsed;
                    self.count(&entry)?;
                    self.source.consume(consumed);
                    self.content = stored;
                    self.padding = stored.next_multiple_of(BLOCK as u64) - stored;
                    self.current.clone_from(&entry.path);
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// The next piece of the current entry's content; `None` when there is no more. The slice is
    /// never empty. For a sparse file these are the bytes of its regions.
    ///
    /// # Errors
    ///
    /// When the source fails or ends too early.
    pub fn read_chunk(&mut self) -> Result<Option<&[u8]>> {
        self.source.settle();
        if self.content == 0 {
            return Ok(None);
        }
        if self.source.fill()?.is_empty() {
            return Err(self.truncated());
        }
        let bytes = self.source.fill()?;
        let count = usize::try_from(self.content).map_or(bytes.len(), |n| n.min(bytes.len()));
        self.content -= count as u64;
        // Lent, not consumed: the slice stays valid until the next call.
        self.source.lent = count;
        let bytes = match self.source.held_used < self.source.held.len() {
            true => &self.source.held[self.source.held_used..],
            false => self.source.reader.fill_buf()?,
        };
        Ok(Some(&bytes[..count]))
    }

    /// Reads everything that is left, so that the source has passed in full.
    ///
    /// # Errors
    ///
    /// When the source fails.
    pub fn drain(&mut self) -> Result<()> {
        self.source.settle();
        self.content = 0;
        self.padding = 0;
        self.done = true;
        self.source.skip(u64::MAX)?;
        Ok(())
    }

    /// Uncompressed bytes read so far.
    pub fn position(&self) -> u64 {
        self.source.position
    }

    /// The source.
    pub fn get_ref(&self) -> &R {
        &self.source.reader
    }

    /// The source, for instance to ask it for the digest after [`drain`](Self::drain).
    pub fn into_inner(self) -> R {
        self.source.reader
    }

    fn count(&mut self, entry: &Entry) -> Result<()> {
        let regions = entry.sparse.as_ref().map_or(0, Vec::len);
        self.count_entries((regions as u64).max(1))?;
        self.file_bytes = self.file_bytes.saturating_add(entry.size);
        if self.file_bytes > self.bounds.max_uncompressed {
            return Err(Error::TooMany {
                limit: self.bounds.max_uncompressed,
                what: "bytes in its files",
                key: Some("limits.layer_bytes"),
            });
        }
        Ok(())
    }

    fn count_entries(&mut self, entries: u64) -> Result<()> {
        self.entries += entries;
        if self.entries > self.bounds.max_entries {
            return Err(Error::TooMany {
                limit: self.bounds.max_entries,
                what: "entries",
                key: Some("limits.layer_entries"),
            });
        }
        Ok(())
    }

    fn truncated(&self) -> Error {
        Error::Truncated {
            position: self.source.position,
            what: format!("the content of \"{}\"", crate::printable(&self.current)),
        }
    }

    /// Runs the parser over the next bytes, at least `wanted` of them.
    fn step(&mut self, wanted: usize) -> Result<Step> {
        let position = self.source.position;
        // Headers, long names, PAX records and sparse maps, with room for their padding.
        let most = self.bounds.max_metadata as usize + 64 * self.bounds.max_sparse_regions;
        if wanted > most.saturating_add(64 * BLOCK) {
            return Err(Error::TooMany {
                limit: most as u64,
                what: "bytes of headers for one entry",
                key: None,
            });
        }
        let input = self.source.fill()?;
        let input = match input.len() < wanted {
            true => self.source.gather(wanted)?,
            false => input,
        };
        if input.len() < wanted {
            return at_end(input, position);
        }
        let header_error = |error: ParseError| Error::Header {
            position,
            reason: error.to_string(),
        };
        match self.parser.parse(input).map_err(header_error)? {
            ParseEvent::NeedData { min_bytes } if min_bytes > input.len() => {
                Ok(Step::More(min_bytes))
            }
            // It asks for less than it has: a sparse map has a longer line than it expects.
            ParseEvent::NeedData { .. } => Ok(Step::More(input.len() + BLOCK)),
            ParseEvent::GlobalExtensions { consumed, .. } => Ok(Step::Ignored(consumed)),
            ParseEvent::End { consumed } => Ok(Step::End(consumed)),
            ParseEvent::Entry { consumed, entry } => {
                let parsed = convert(&entry, None, &self.bounds, position)?;
                Ok(Step::Entry(Box::new(parsed), consumed))
            }
            ParseEvent::SparseEntry {
                consumed,
                mut entry,
                sparse_map,
                real_size,
            } => {
                let header = std::ptr::from_ref(entry.header) as usize - input.as_ptr() as usize;
                let map = consumed - header - BLOCK;
                if entry.entry_type != EntryType::GnuSparse {
                    reconcile_sparse_size(&mut entry, map as u64)
                        .map_err(|reason| Error::Header { position, reason })?;
                }
                let regions = sparse_map
                    .iter()
                    .map(|region| Region {
                        offset: region.offset,
                        length: region.length,
                    })
                    .collect();
                let parsed = convert(&entry, Some((regions, real_size)), &self.bounds, position)?;
                Ok(Step::Entry(Box::new(parsed), consumed))
            }
        }
    }
}

/// The archive ends where a header could be.
fn at_end(input: &[u8], position: u64) -> Result<Step> {
    // Nothing at all, or a single zero block.
    if input.is_empty() || (input.len() >= BLOCK && input.iter().all(|&byte| byte == 0)) {
        return Ok(Step::End(input.len()));
    }
    Err(Error::Truncated {
        position,
        what: "a header".to_owned(),
    })
}

/// PAX 1.0 keeps the map of a sparse file at the front of its content. Where a `size` record
/// gives the length of both, the parser takes it for that of the content alone.
fn reconcile_sparse_size(entry: &mut ParsedEntry<'_>, map: u64) -> Result<(), String> {
    let size = match entry.pax {
        Some(pax) => Records::parse(pax)?.size,
        None => None,
    };
    if let Some(size) = size {
        entry.size = size
            .checked_sub(map)
            .ok_or("a sparse map that is larger than its file")?;
    }
    Ok(())
}

/// Brings a parsed header into our shape; also gives the number of content bytes that follow.
fn convert(
    parsed: &ParsedEntry<'_>,
    sparse: Option<(Vec<Region>, u64)>,
    bounds: &Bounds,
    position: u64,
) -> Result<(Entry, u64)> {
    let records = match parsed.pax {
        Some(pax) => Records::parse(pax).map_err(|reason| Error::Header { position, reason })?,
        None => Records::default(),
    };
    let raw_path = c_string(&parsed.path, records.names_path);
    let path = clean_path(raw_path, bounds)?;
    let refuse = |reason: &str| Error::entry(raw_path, reason);
    let kind = kind_of(parsed.entry_type, raw_path).map_err(|reason| refuse(&reason))?;
    if path.is_empty() && kind != EntryKind::Directory {
        return Err(refuse("the root must be a directory"));
    }
    let raw_link = parsed.link_target.as_deref().unwrap_or_default();
    let link = link_of(kind, c_string(raw_link, records.names_link), bounds)
        .map_err(|reason| refuse(&reason))?;
    let owner = |id: u64| {
        u32::try_from(id)
            .ok()
            .filter(|&id| id != u32::MAX)
            .ok_or_else(|| refuse("an owner that is no 32-bit number"))
    };
    let stored = match kind {
        EntryKind::File => parsed.size,
        _ => 0,
    };
    // A value that wraps to the end of the stream would be read as one that ends before it.
    if stored > i64::MAX as u64 - BLOCK as u64 {
        return Err(refuse("an impossible size"));
    }
    let (size, sparse) = match sparse {
        Some((regions, size)) if kind == EntryKind::File => {
            check_regions(&regions, size, stored).map_err(refuse)?;
            (size, Some(regions))
        }
        _ => (stored, None),
    };
    let entry = Entry {
        path,
        kind,
        mode: parsed.mode & 0o7777,
        uid: owner(parsed.uid)?,
        gid: owner(parsed.gid)?,
        mtime: records.mtime.unwrap_or(Time {
            // Base-256 keeps times before 1970 as two's complement.
            seconds: parsed.mtime.cast_signed(),
            nanos: 0,
        }),
        size,
        link,
        device: (parsed.dev_major.unwrap_or(0), parsed.dev_minor.unwrap_or(0)),
        xattrs: records.xattrs.into_iter().collect(),
        sparse,
    };
    Ok((entry, stored))
}

/// Header fields and GNU long names end at their first NUL; PAX values can't hold one, and a NUL
/// in them is left to be refused.
fn c_string(name: &[u8], from_pax: bool) -> &[u8] {
    match name.iter().position(|&byte| byte == 0) {
        Some(end) if !from_pax => &name[..end],
        _ => name,
    }
}

fn kind_of(entry_type: EntryType, path: &[u8]) -> Result<EntryKind, String> {
    Ok(match entry_type {
        EntryType::Regular | EntryType::Continuous | EntryType::GnuSparse => {
            // Archives from before POSIX had no type for directories.
            if path.ends_with(b"/") && entry_type == EntryType::Regular {
                EntryKind::Directory
            } else {
                EntryKind::File
            }
        }
        EntryType::Link => EntryKind::HardLink,
        EntryType::Symlink => EntryKind::Symlink,
        EntryType::Directory => EntryKind::Directory,
        EntryType::Char => EntryKind::CharDevice,
        EntryType::Block => EntryKind::BlockDevice,
        EntryType::Fifo => EntryKind::Fifo,
        other => {
            return Err(format!(
                "type {:?} has no meaning in a layer",
                char::from(other.to_byte())
            ));
        }
    })
}

fn link_of(kind: EntryKind, raw: &[u8], bounds: &Bounds) -> Result<Vec<u8>, String> {
    match kind {
        EntryKind::HardLink => {
            let target = clean_path(raw, bounds).map_err(|error| match error {
                Error::Entry { path, reason } => format!("its link target \"{path}\" is {reason}"),
                other => other.to_string(),
            })?;
            if target.is_empty() {
                return Err("a hard link to the root".to_owned());
            }
            Ok(target)
        }
        EntryKind::Symlink if raw.is_empty() => Err("a symbolic link without a target".to_owned()),
        EntryKind::Symlink if raw.contains(&0) => {
            Err("a symbolic link's target with a NUL byte".to_owned())
        }
        EntryKind::Symlink if raw.len() >= bounds.max_path => Err(format!(
            "a symbolic link's target of more than {} bytes",
            bounds.max_path - 1
        )),
        EntryKind::Symlink => Ok(raw.to_vec()),
        _ => Ok(Vec::new()),
    }
}

/// Regions must be in order, apart, inside the file, and as many bytes as the archive holds.
fn check_regions(regions: &[Region], size: u64, stored: u64) -> Result<(), &'static str> {
    let mut end = 0;
    let mut data = 0u64;
    for region in regions {
        if region.offset < end {
            return Err("a sparse map out of order");
        }
        end = region
            .offset
            .checked_add(region.length)
            .filter(|&end| end <= size)
            .ok_or("a sparse map that leaves its file")?;
        data += region.length;
    }
    match data == stored {
        true => Ok(()),
        false => Err("a sparse map that doesn't fit its content"),
    }
}
