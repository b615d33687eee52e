//! One file of layers of which only the uppermost are at hand. What people look for is nearly always in
//! the last layer that speaks of it, so that those below needn't be fetched.
//!
//! A layer may reach into those below in a way that shows only there: through a symbolic link, or into a
//! directory that it doesn't describe itself. Such an entry is *loose*. Where one could matter, the answer
//! is [`Sight::Unsure`], and a [`Flattener`](crate::Flattener) tells, which takes all layers. That is so
//! where a component of what is looked for has its name; and for a file, or nothing, whatever its name:
//! the links on the way of a loose entry may lead to the file, which makes room for a directory.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};

use crate::path::{Way, ancestors, components, last_component};
use crate::{Bounds, Entry, EntryKind, Error, Result, TarReader, Whiteout};

/// Where the content of a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The layer, counted as they were added, from 0.
    pub layer: usize,
    /// The entry in it, counted from 0.
    pub entry: u32,
}

/// What is seen at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Something with an entry: a file, or a device or pipe.
    At(Place),
    /// A directory.
    Directory,
    /// Nothing.
    Absent,
    /// Nothing in the layers so far; those below tell.
    Below,
    /// It depends on how layers lie upon each other.
    Unsure,
}

/// Takes the layers of an image, the uppermost first.
#[derive(Debug, Default)]
pub struct Finder {
    layers: Vec<Seen>,
}

/// What one layer says.
#[derive(Debug, Default)]
struct Seen {
    entries: HashMap<Vec<u8>, Said>,
    /// Paths that whiteouts hide.
    hidden: HashSet<Vec<u8>>,
    /// Directories of which nothing from below is left.
    opaque: HashSet<Vec<u8>>,
    /// Components of loose entries, from the first that isn't described.
    loose: HashSet<Vec<u8>>,
    /// Anything may be hidden or replaced.
    is_unclear: bool,
}

#[derive(Clone, Debug)]
enum Said {
    Directory,
    Symlink(Vec<u8>),
    Content(u32),
    /// A hard link to what this layer doesn't have.
    Elsewhere,
}

impl Finder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a layer, uncompressed, below those before. All of `reader` is read.
    ///
    /// # Errors
    /// When the layer is malformed.
    pub fn add_below<R: BufRead>(&mut self, reader: R, bounds: &Bounds) -> Result<()> {
        let mut tar = TarReader::new(reader, bounds.clone());
        let mut seen = Seen::default();
        let mut number = 0;
        while let Some(entry) = tar.next_entry()? {
            seen.add(entry, number)?;
            number += 1;
        }
        self.layers.push(seen);
        tar.drain()
    }

    /// What is at a path; links are followed, inside of the root. `is_all` says that there are no layers
    /// below.
    ///
    /// # Errors
    /// When there are too many links on the way.
    pub fn find(&self, path: &[u8], is_all: bool) -> Result<Sight> {
        let mut way = Way::to(path);
        while way.step() {
            match self.look(way.real(), is_all) {
                Ok((_, Said::Directory)) => {}
                Ok((layer, Said::Content(entry))) if way.is_at_end() => {
                    return Ok(Sight::At(Place {
                        layer,
                        entry: *entry,
                    }));
                }
                // A file where a directory would have to be.
                Ok((_, Said::Content(_))) => return Ok(Sight::Absent),
                Ok((_, Said::Elsewhere)) => return Ok(Sight::Unsure),
                Ok((_, Said::Symlink(text))) => way.follow(text)?,
                Err(sight) => return Ok(sight),
            }
        }
        Ok(Sight::Directory)
    }

    /// What the uppermost layer that speaks of a path says, and which it is. Everything above it in the
    /// tree is a directory.
    fn look(&self, path: &[u8], is_all: bool) -> Result<(usize, &Said), Sight> {
        let mut is_any_loose = false;
        let absent = |is_any_loose| match is_any_loose {
            true => Sight::Unsure,
            false => Sight::Absent,
        };
        for (number, seen) in self.layers.iter().enumerate() {
            let is_loose = || components(path).any(|component| seen.loose.contains(&component));
            if seen.is_unclear || is_loose() {
                return Err(Sight::Unsure);
            }
            is_any_loose |= !seen.loose.is_empty();
            match seen.entries.get(path) {
                Some(Said::Content(_)) if is_any_loose => return Err(Sight::Unsure),
                Some(said) => return Ok((number, said)),
                None if seen.hides(path) => return Err(absent(is_any_loose)),
                None => {}
            }
        }
        Err(match is_all {
            true => absent(is_any_loose),
            false => Sight::Below,
        })
    }
}

impl Seen {
    fn add(&mut self, entry: Entry, number: u32) -> Result<()> {
        let whiteout = Whiteout::of(&entry.path)
            .map_err(|error| Error::entry(&entry.path, error.to_string()))?;
        match whiteout {
            Some(Whiteout::Metadata) => {}
            Some(Whiteout::Opaque { dir }) => {
                let is_described = dir.is_empty() || self.is_directory(&dir);
                // What it empties has a name that only the layers below know.
                self.is_unclear |= !(is_described && self.describes_way(&dir));
                self.opaque.insert(dir);
            }
            Some(Whiteout::File { path }) => {
                let is_sure = self.check_way(&path);
                self.hidden.extend(is_sure.then_some(path));
            }
            None => {
                if self.check_way(&entry.path) {
                    self.put(entry, number);
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, entry: Entry, number: u32) {
        let said = match entry.kind {
            EntryKind::Directory => Said::Directory,
            EntryKind::Symlink => Said::Symlink(entry.link),
            EntryKind::HardLink if !self.describes_way(&entry.link) => Said::Elsewhere,
            EntryKind::HardLink => match self.entries.get(&entry.link) {
                None | Some(Said::Directory) => Said::Elsewhere,
                Some(said) => said.clone(),
            },
            _ => Said::Content(number),
        };
        let is_directory = matches!(said, Said::Directory);
        let before = self.entries.insert(entry.path, said);
        let was_directory = before.map(|said| matches!(said, Said::Directory));
        // What was in it is gone: of this layer, or of those below.
        self.is_unclear |= was_directory.is_some_and(|was| was != is_directory);
    }

    /// Whether it is sure where a path is. If not, its components are loose.
    fn check_way(&mut self, path: &[u8]) -> bool {
        let Some(gap) = ancestors(path).find(|ancestor| !self.is_directory(ancestor)) else {
            return true;
        };
        let known = gap.len() - last_component(gap).len();
        self.loose.extend(components(&path[known..]));
        false
    }

    fn describes_way(&self, path: &[u8]) -> bool {
        ancestors(path).all(|ancestor| self.is_directory(ancestor))
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        matches!(self.entries.get(path), Some(Said::Directory))
    }

    /// Whether nothing of a path is seen of the layers below.
    fn hides(&self, path: &[u8]) -> bool {
        self.hidden.contains(path)
            || self.opaque.contains(&b""[..])
            || ancestors(path).any(|ancestor| {
                let said = self.entries.get(ancestor);
                self.hidden.contains(ancestor)
                    || self.opaque.contains(ancestor)
                    || said.is_some_and(|said| !matches!(said, Said::Directory))
            })
    }
}

/// Writes the content of one entry of a layer, holes as zeros, if it is a file, and says what it is.
/// `reader` gives the layer from its beginning; nothing behind the entry is read.
///
/// # Errors
/// When the layer has no such entry or is malformed, or when writing fails.
pub fn copy_entry<R: BufRead, W: Write>(
    reader: R,
    number: u32,
    bounds: &Bounds,
    out: &mut W,
) -> Result<EntryKind> {
    let mut tar = TarReader::new(reader, bounds.clone());
    let mut left = number;
    let entry = loop {
        let entry = tar.next_entry()?.ok_or_else(|| Error::Truncated {
            position: tar.position(),
            what: format!("entry {number}"),
        })?;
        if left == 0 {
            break entry;
        }
        left -= 1;
    };
    if entry.kind != EntryKind::File {
        return Ok(entry.kind);
    }
    let Some(regions) = &entry.sparse else {
        while let Some(bytes) = tar.read_chunk()? {
            out.write_all(bytes).map_err(Error::Write)?;
        }
        return Ok(entry.kind);
    };
    let mut at = 0;
    let mut regions = regions.iter().filter(|region| region.length > 0);
    let mut left_in_region = 0;
    while let Some(mut bytes) = tar.read_chunk()? {
        while !bytes.is_empty() {
            if left_in_region == 0 {
                let Some(region) = regions.next() else { break };
                zeros(out, region.offset - at)?;
                (at, left_in_region) = (region.offset, region.length);
            }
            let count = usize::try_from(left_in_region).map_or(bytes.len(), |n| n.min(bytes.len()));
            out.write_all(&bytes[..count]).map_err(Error::Write)?;
            bytes = &bytes[count..];
            at += count as u64;
            left_in_region -= count as u64;
        }
    }
    zeros(out, entry.size - at)?;
    Ok(entry.kind)
}

fn zeros<W: Write>(out: &mut W, count: u64) -> Result<()> {
    let mut zeros = std::io::Read::take(std::io::repeat(0), count);
    std::io::copy(&mut zeros, out).map_err(Error::Write)?;
    Ok(())
}
