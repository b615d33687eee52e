//! Writes an archive, entry by entry: the other direction of [`TarReader`](crate::TarReader).
//!
//! Entries are POSIX headers (ustar), with PAX records only for what those can't hold, so that an entry
//! always becomes the same bytes and every tar reads them. Nothing of the machine gets in: no user
//! names, no access times, no process IDs in the names of PAX headers.

use std::io::{self, Write};

use tar_core::builder::EntryBuilder;
use tar_core::{EntryType, SparseEntry};

use crate::{Entry, EntryKind, Time};

const BLOCK: u64 = 512;
/// The largest time that eleven octal digits hold.
const LARGEST_SECONDS: i64 = 0o77_777_777_777;
/// The most data of a sparse file: with its map it must fit into a header's own size field.
const LARGEST_SPARSE: u64 = 7 << 30;

/// Writes entries and then their content.
#[derive(Debug)]
pub struct TarWriter<W> {
    inner: W,
    /// Content bytes that the last entry promised and that didn't come yet.
    owed: u64,
    /// Zeros behind them.
    padding: u64,
    written: u64,
}

impl<W: Write> TarWriter<W> {
    /// Writes to `inner`, which should have a buffer.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            owed: 0,
            padding: 0,
            written: 0,
        }
    }

    /// Begins an entry. The content of a file, [`Entry::size`] bytes or those of its sparse regions,
    /// has to follow by [`content`](Self::content).
    ///
    /// # Errors
    /// When content of the entry before is missing, when an attribute's name is no UTF-8 (PAX has no
    /// other way to write it), or when writing fails.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.close()?;
        let content = match (&entry.sparse, entry.kind) {
            (Some(regions), EntryKind::File) => regions.iter().map(|region| region.length).sum(),
            (None, EntryKind::File) => entry.size,
            _ => 0,
        };
        let header = header(entry, content)?;
        self.put(&header)?;
        self.owed = content;
        self.padding = content.next_multiple_of(BLOCK) - content;
        Ok(())
    }

    /// Content of the entry last begun.
    ///
    /// # Errors
    /// When it is more than was promised, or when writing fails.
    pub fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.owed = self
            .owed
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::other("more content than the entry has room for"))?;
        self.put(bytes)
    }

    /// Ends the archive with two blocks of zeros.
    ///
    /// # Errors
    /// When content of the last entry is missing, or when writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.close()?;
        self.put(&[0; 2 * BLOCK as usize])?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// Bytes written so far.
    pub fn position(&self) -> u64 {
        self.written
    }

    /// Ends the last entry.
    fn close(&mut self) -> io::Result<()> {
        if self.owed > 0 {
            return Err(io::Error::other(format!(
                "{} bytes of the last entry's content are missing",
                self.owed
            )));
        }
        let padding = std::mem::take(&mut self.padding) as usize;
        self.put(&[0; BLOCK as usize][..padding])
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.inner.write_all(bytes)
    }
}

/// The blocks before an entry's content.
fn header(entry: &Entry, content: u64) -> io::Result<Vec<u8>> {
    let impossible = |error: tar_core::HeaderError| io::Error::other(error.to_string());
    let mut builder = EntryBuilder::new_ustar();
    let mut path = entry.path.clone();
    if path.is_empty() {
        path.push(b'.');
    }
    if entry.kind == EntryKind::Directory {
        path.push(b'/');
    }
    builder
        .path(&path)
        .entry_type(type_of(entry.kind))
        .mode(entry.mode)
        .and_then(|b| b.uid(entry.uid.into()))
        .and_then(|b| b.gid(entry.gid.into()))
        .and_then(|b| b.size(content))
        .map_err(impossible)?;
    if matches!(entry.kind, EntryKind::Symlink | EntryKind::HardLink) {
        builder.link_name(&entry.link);
    }
    if matches!(entry.kind, EntryKind::CharDevice | EntryKind::BlockDevice) {
        let (major, minor) = entry.device;
        builder.device(major, minor).map_err(impossible)?;
    }
    let seconds = entry.mtime.seconds.clamp(0, LARGEST_SECONDS);
    builder.mtime(seconds.unsigned_abs()).map_err(impossible)?;
    if entry.mtime.nanos > 0 || seconds != entry.mtime.seconds {
        builder.add_pax("mtime", pax_time(entry.mtime));
    }
    for (name, value) in &entry.xattrs {
        let name = std::str::from_utf8(name).map_err(|_| {
            let name = crate::printable(name);
            io::Error::other(format!("the attribute \"{name}\" has no name in UTF-8"))
        })?;
        builder.add_pax(&format!("SCHILY.xattr.{name}"), value);
    }
    if let (Some(regions), EntryKind::File) = (&entry.sparse, entry.kind) {
        if content > LARGEST_SPARSE {
            return Err(io::Error::other(format!(
                "the sparse file \"{}\" has more than {LARGEST_SPARSE} bytes of data",
                entry.printable_path()
            )));
        }
        let map: Vec<SparseEntry> = regions
            .iter()
            .map(|region| SparseEntry {
                offset: region.offset,
                length: region.length,
            })
            .collect();
        builder.sparse(&map, entry.size);
    }
    Ok(builder.finish_bytes())
}

fn type_of(kind: EntryKind) -> EntryType {
    match kind {
        EntryKind::File => EntryType::Regular,
        EntryKind::HardLink => EntryType::Link,
        EntryKind::Symlink => EntryType::Symlink,
        EntryKind::Directory => EntryType::Directory,
        EntryKind::CharDevice => EntryType::Char,
        EntryKind::BlockDevice => EntryType::Block,
        EntryKind::Fifo => EntryType::Fifo,
    }
}

/// Seconds with a fraction, as PAX has them: before 1970 both count backwards.
fn pax_time(time: Time) -> String {
    let Time { seconds, nanos } = time;
    if nanos == 0 {
        return seconds.to_string();
    }
    let (sign, whole, fraction) = match seconds < 0 {
        true => ("-", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanos),
        false => ("", seconds.unsigned_abs(), nanos),
    };
    let text = format!("{sign}{whole}.{fraction:09}");
    text.trim_end_matches('0').to_owned()
}
