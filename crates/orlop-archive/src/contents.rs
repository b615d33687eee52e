//! What an archive has, and where. Its headers are read, its content is sought over: an archive of many
//! gigabytes costs as much as one of kilobytes.
//!
//! Parsers that read an archive differently are a way to smuggle. Docker takes the last of two entries
//! of one name, podman the first; here two entries must be the same to the byte.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use orlop_layer::{Bounds, EntryKind, TarReader};

use crate::blob::BlobAt;
use crate::error::{Error, Result};

/// Entries of an archive. One of a thousand images has some ten thousand.
const MAX_ENTRIES: usize = 200_000;
/// Bytes of all names together.
const MAX_NAMES: usize = 32 << 20;
/// Bytes that are read at once where a header is: what comes after it is rarely a header too.
const HEADER_BUFFER: usize = 2048;
/// Links on the way to a file.
const MAX_LINKS: usize = 8;

const BLOCK: u64 = 512;

/// A table of contents.
#[derive(Debug)]
pub(crate) struct Contents {
    file: Arc<File>,
    files: HashMap<String, Extent>,
    /// Links and the names that they stand for.
    links: HashMap<String, String>,
}

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Extent {
    start: u64,
    length: u64,
}

/// Reads on from a place in the file that nobody else moves.
struct At<'a> {
    file: &'a File,
    position: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Contents {
    /// Reads the headers of the archive in `file`.
    pub(crate) fn read(file: File, place: &str, bounds: &Bounds) -> Result<Self> {
        let meta = file
            .metadata()
            .map_err(Error::io(format!("read {place}")))?;
        let length = meta.len();
        let mut contents = Self {
            file: Arc::new(file),
            files: HashMap::new(),
            links: HashMap::new(),
        };
        let mut position = 0;
        let (mut entries, mut names) = (0, 0);
        while let Some((entry, start)) = contents.entry_at(position, place, bounds)? {
            let content = match entry.kind {
                EntryKind::File => entry.size,
                _ => 0,
            };
            entries += 1;
            names += entry.path.len() + entry.link.len();
            if entries > MAX_ENTRIES || names > MAX_NAMES {
                let reason = format!("it has more than {MAX_ENTRIES} entries or too long names");
                return Err(Error::invalid(place, reason));
            }
            if start.checked_add(content).is_none_or(|end| end > length) {
                let (name, missing) = (
                    entry.printable_path(),
                    start.saturating_add(content) - length,
                );
                let reason = format!("it is cut off: \"{name}\" lacks {missing} bytes");
                return Err(Error::invalid(place, reason));
            }
            position = start + content.next_multiple_of(BLOCK);
            contents.add(
                &entry,
                Extent {
                    start,
                    length: content,
                },
                place,
            )?;
        }
        Ok(contents)
    }

    /// The entry whose header is at `position`, and where its content begins.
    fn entry_at(
        &self,
        position: u64,
        place: &str,
        bounds: &Bounds,
    ) -> Result<Option<(orlop_layer::Entry, u64)>> {
        let at = At {
            file: &self.file,
            position,
        };
        let reader = BufReader::with_capacity(HEADER_BUFFER, at);
        let mut tar = TarReader::new(reader, bounds.clone());
        let entry = tar.next_entry().map_err(|source| match source {
            // Whatever it is, it isn't the archive of anything.
            orlop_layer::Error::Header { .. } if position == 0 => Error::Unrecognized {
                place: place.to_owned(),
                reason: "it is no tar archive".to_owned(),
            },
            source => Error::Archive {
                place: place.to_owned(),
                source,
            },
        })?;
        Ok(entry.map(|entry| (entry, position + tar.position())))
    }

    fn add(&mut self, entry: &orlop_layer::Entry, extent: Extent, place: &str) -> Result<()> {
        // No document can name what isn't UTF-8.
        let Ok(name) = String::from_utf8(entry.path.clone()) else {
            return Ok(());
        };
        let twice = |name: &str| {
            Error::invalid(
                place,
                format!("it has two different entries \"{}\"", name.escape_debug()),
            )
        };
        match entry.kind {
            EntryKind::File => {
                if entry.sparse.is_some() {
                    let reason = format!("\"{}\" is a sparse file", entry.printable_path());
                    return Err(Error::invalid(place, reason));
                }
                if self.links.contains_key(&name) {
                    return Err(twice(&name));
                }
                match self.files.get(&name) {
                    Some(&first) if !self.is_same(first, extent, place)? => Err(twice(&name)),
                    Some(_) => Ok(()),
                    None => {
                        self.files.insert(name, extent);
                        Ok(())
                    }
                }
            }
            EntryKind::Symlink | EntryKind::HardLink => {
                let Some(target) = target_of(entry) else {
                    return Ok(());
                };
                let known = self.links.get(&name).is_some_and(|first| *first != target);
                if known || self.files.contains_key(&name) {
                    return Err(twice(&name));
                }
                self.links.insert(name, target);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether two parts of the file have the same bytes.
    fn is_same(&self, one: Extent, other: Extent, place: &str) -> Result<bool> {
        if one.length != other.length {
            return Ok(false);
        }
        let reader = |extent: Extent| {
            let blob = BlobAt::part(&self.file, extent.start, extent.length);
            BufReader::with_capacity(orlop_layer::BUFFER_SIZE, blob.reader(0))
        };
        let same = compare(&mut reader(one), &mut reader(other));
        same.map_err(Error::io(format!("read {place}")))
    }

    /// The file of this name, over links inside of the archive.
    pub(crate) fn find(&self, name: &str) -> Option<BlobAt> {
        let mut name = clean(name, "")?;
        for _ in 0..=MAX_LINKS {
            if let Some(extent) = self.files.get(&name) {
                return Some(BlobAt::part(&self.file, extent.start, extent.length));
            }
            name.clone_from(self.links.get(&name)?);
        }
        None
    }

    /// The names of all files and links, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files
            .keys()
            .chain(self.links.keys())
            .map(String::as_str)
    }
}

fn compare(one: &mut impl io::BufRead, other: &mut impl io::BufRead) -> io::Result<bool> {
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let count = a.len().min(b.len());
        if a[..count] != b[..count] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        one.consume(count);
        other.consume(count);
    }
}

/// What a link stands for, when it stays inside of the archive.
fn target_of(entry: &orlop_layer::Entry) -> Option<String> {
    let link = std::str::from_utf8(&entry.link).ok()?;
    match entry.kind {
        EntryKind::HardLink => Some(link.to_owned()),
        _ if link.starts_with('/') => None,
        _ => {
            let path = std::str::from_utf8(&entry.path).ok()?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            clean(link, folder)
        }
    }
}

/// `name` as seen from `folder`, without `.` and `..`. `None` when it leads out.
fn clean(name: &str, folder: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        for (name, folder, expected) in [
            ("../b/layer.tar", "a", Some("b/layer.tar")),
            ("layer.tar", "a/c", Some("a/c/layer.tar")),
            ("./x//y", "", Some("x/y")),
            ("../x", "", None),
            ("../../x", "a", None),
            ("..", "a", None),
        ] {
            assert_eq!(
                clean(name, folder).as_deref(),
                expected,
                "{name} in {folder}"
            );
        }
    }
}
