//! Many layers as one: what a container of the image would see, as an archive, without unpacking.
//!
//! The layers are read twice. First every header, bottom layer first, into a tree of what is there in the
//! end ([`Flattener`]); then again, in the same order, and what survived is written ([`Flat`]). One pass
//! from the top, as others have it, needs no tree but writes a hard link before its file, and loses
//! the content of a file whose first name a later layer removed.
//!
//! Memory grows with the number of files, by their paths and some words each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, Write};
use std::ops::Bound;

use crate::finder::{Place, Sight};
use crate::path::{Way, ancestors};
use crate::{Bounds, Entry, EntryKind, Error, Result, TarReader, TarWriter, Whiteout};

/// Which entry of which layer.
type Source = (u32, u32);

/// Something at a path.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The entry that put it there.
    by: Source,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Directory,
    /// A directory that no entry describes, only something in it.
    Implied,
    /// The entry that has the content: another one for a hard link.
    Content(Source),
}

/// Takes the layers of an image, the lowest first.
#[derive(Debug, Default)]
pub struct Flattener {
    nodes: BTreeMap<Vec<u8>, Node>,
    /// The texts of symbolic links, by the entry that has them.
    links: HashMap<Source, Vec<u8>>,
    /// What the layer at hand hid already. Nothing of the layers before comes back there, and a layer
    /// that says it a million times costs no more than one that says it once.
    hidden: HashSet<(Vec<u8>, bool)>,
    layers: u32,
}

/// What is written of the entries of all layers.
#[derive(Debug)]
pub struct Flat(HashMap<Source, Vec<Written>>);

/// One entry to be written.
#[derive(Debug)]
struct Written {
    path: Vec<u8>,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// As it is, under that path.
    Same,
    /// As another name of the file at this path.
    Link(Vec<u8>),
    /// As an empty directory that no entry describes.
    Implied,
}

impl Flattener {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a layer, uncompressed, on top of those before. All of `reader` is read.
    ///
    /// # Errors
    /// When the layer is malformed, or links to what isn't there.
    pub fn add<R: BufRead>(&mut self, reader: R, bounds: &Bounds) -> Result<()> {
        let mut tar = TarReader::new(reader, bounds.clone());
        let mut number = 0;
        while let Some(entry) = tar.next_entry()? {
            self.add_entry(entry, (self.layers, number))?;
            number += 1;
        }
        self.layers += 1;
        self.hidden.clear();
        tar.drain()
    }

    fn add_entry(&mut self, entry: Entry, by: Source) -> Result<()> {
        let bad = |reason: String| Error::entry(&entry.path, reason);
        let whiteout = Whiteout::of(&entry.path).map_err(|error| bad(error.to_string()))?;
        match whiteout {
            Some(Whiteout::Metadata) => return Ok(()),
            Some(Whiteout::Opaque { dir }) => {
                if let Some(dir) = self.find(&dir, true)? {
                    self.hide(&dir, false, by.0);
                }
                return Ok(());
            }
            Some(Whiteout::File { path }) => {
                if let Some(path) = self.find(&path, false)? {
                    self.hide(&path, true, by.0);
                }
                return Ok(());
            }
            None => {}
        }
        let path = self.make_way(&entry.path, by)?;
        let what = match entry.kind {
            EntryKind::Directory => What::Directory,
            EntryKind::HardLink => What::Content(self.target_of(&entry)?),
            _ => What::Content(by),
        };
        if let What::Content(_) = what {
            self.remove(&path);
        }
        if entry.kind == EntryKind::Symlink {
            self.links.insert(by, entry.link);
        }
        self.nodes.insert(path, Node { by, what });
        Ok(())
    }

    /// The content that a hard link stands for.
    fn target_of(&self, entry: &Entry) -> Result<Source> {
        let target = self.find(&entry.link, false)?;
        match target.and_then(|target| self.nodes.get(&target)) {
            Some(Node {
                what: What::Content(content),
                ..
            }) => Ok(*content),
            _ => {
                let target = crate::printable(&entry.link);
                let reason = format!("a hard link to \"{target}\", which is no file");
                Err(Error::entry(&entry.path, reason))
            }
        }
    }

    /// Where an entry goes: its directories are there afterwards, over files that were in their way.
    fn make_way(&mut self, path: &[u8], by: Source) -> Result<Vec<u8>> {
        let real = loop {
            match self.resolve(path, false)? {
                Found::At(real) => break real,
                Found::Blocked(file) => self.remove(&file),
            }
        };
        for ancestor in ancestors(&real) {
            self.nodes.entry(ancestor.to_vec()).or_insert(Node {
                by,
                what: What::Implied,
            });
        }
        Ok(real)
    }

    /// Where a path is, unless a file is in the way.
    fn find(&self, path: &[u8], last: bool) -> Result<Option<Vec<u8>>> {
        Ok(match self.resolve(path, last)? {
            Found::At(real) => Some(real),
            Found::Blocked(_) => None,
        })
    }

    /// Where a path really is: links on the way are followed, inside of the root, and `last` says
    /// whether the last component is too.
    fn resolve(&self, path: &[u8], last: bool) -> Result<Found> {
        let mut way = Way::to(path);
        while way.step() {
            if way.is_at_end() && !last {
                break;
            }
            let Some(What::Content(content)) = self.nodes.get(way.real()).map(|node| node.what)
            else {
                continue;
            };
            match self.links.get(&content) {
                Some(text) => way.follow(text)?,
                None if way.is_at_end() => break,
                None => return Ok(Found::Blocked(way.into_real())),
            }
        }
        Ok(Found::At(way.into_real()))
    }

    /// Takes away what layers before `layer` have below a path, and at it. A directory in which this
    /// layer has put something stays.
    fn hide(&mut self, path: &[u8], itself: bool, layer: u32) {
        if !self.hidden.insert((path.to_owned(), itself)) {
            return;
        }
        let mut going = Vec::new();
        let mut kept: HashSet<&[u8]> = HashSet::new();
        let own = self.nodes.get_key_value(path).filter(|_| itself);
        // From the end, so that what is in a directory comes before it.
        let below = below(&self.nodes, path).rev();
        for (key, node) in below.chain(own) {
            if node.by.0 < layer && !kept.contains(&key[..]) {
                going.push(key.clone());
                continue;
            }
            let mut path = &key[..];
            while let Some(end) = path.iter().rposition(|&byte| byte == b'/') {
                path = &path[..end];
                kept.insert(path);
            }
        }
        for key in going {
            self.nodes.remove(&key);
        }
    }

    /// Takes away what is at a path and below it.
    fn remove(&mut self, path: &[u8]) {
        let going: Vec<Vec<u8>> = below(&self.nodes, path)
            .map(|(key, _)| key.clone())
            .collect();
        for key in going {
            self.nodes.remove(&key);
        }
        self.nodes.remove(path);
    }

    /// What is at a path of the layers so far; links are followed, inside of the root.
    ///
    /// # Errors
    /// When there are too many links on the way.
    pub fn see(&self, path: &[u8]) -> Result<Sight> {
        let real = match self.resolve(path, true)? {
            Found::At(real) if real.is_empty() => return Ok(Sight::Directory),
            Found::At(real) => real,
            Found::Blocked(_) => return Ok(Sight::Absent),
        };
        Ok(match self.nodes.get(&real).map(|node| node.what) {
            None => Sight::Absent,
            Some(What::Directory | What::Implied) => Sight::Directory,
            Some(What::Content((layer, entry))) => Sight::At(Place {
                layer: layer as usize,
                entry,
            }),
        })
    }

    /// All layers were added: what is to be written of them.
    pub fn finish(mut self) -> Flat {
        let nodes = std::mem::take(&mut self.nodes);
        let mut names: Vec<(&Vec<u8>, &Node)> = nodes
            .iter()
            .filter(|(path, node)| {
                !matches!(node.what, What::Implied) || below(&nodes, path).next().is_none()
            })
            .collect();
        names.sort_by_key(|(_, node)| node.by);
        let mut first: HashMap<Source, &Vec<u8>> = HashMap::new();
        let mut written: HashMap<Source, Vec<Written>> = HashMap::new();
        for (path, Node { by, what }) in names {
            let (at, form) = match what {
                What::Directory => (by, Form::Same),
                What::Implied => (by, Form::Implied),
                What::Content(content) => match first.get(content) {
                    Some(&file) => (by, Form::Link(file.clone())),
                    // The first name that is left takes the place of the content.
                    None => {
                        first.insert(*content, path);
                        (content, Form::Same)
                    }
                },
            };
            let path = path.clone();
            written.entry(*at).or_default().push(Written { path, form });
        }
        Flat(written)
    }
}

/// What [`Flattener::resolve`] comes to.
enum Found {
    At(Vec<u8>),
    /// This file is where a directory would have to be.
    Blocked(Vec<u8>),
}

/// What is below a path.
fn below<'a>(
    nodes: &'a BTreeMap<Vec<u8>, Node>,
    path: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Vec<u8>, &'a Node)> + use<'a> {
    let (first, end) = match path {
        b"" => (Bound::Excluded(Vec::new()), Bound::Unbounded),
        // The byte behind `/` ends what begins with the path.
        path => (
            Bound::Included([path, b"/"].concat()),
            Bound::Excluded([path, b"0"].concat()),
        ),
    };
    nodes.range((first, end))
}

impl Flat {
    /// Writes what is left of a layer, the same that was added as the `layer`th, counted from 0. Layers
    /// are written in their order.
    ///
    /// # Errors
    /// When the layer isn't as it was, or when writing fails.
    pub fn write<R: BufRead, W: Write>(
        &self,
        layer: usize,
        reader: R,
        bounds: &Bounds,
        out: &mut TarWriter<W>,
    ) -> Result<()> {
        let layer = u32::try_from(layer).unwrap_or(u32::MAX);
        let mut tar = TarReader::new(reader, bounds.clone());
        let mut number = 0;
        while let Some(entry) = tar.next_entry()? {
            let written = self.0.get(&(layer, number)).map_or(&[][..], Vec::as_slice);
            number += 1;
            for written in written {
                out.entry(&written.entry(&entry)).map_err(Error::Write)?;
                if matches!(written.form, Form::Same) {
                    while let Some(bytes) = tar.read_chunk()? {
                        out.content(bytes).map_err(Error::Write)?;
                    }
                }
            }
        }
        tar.drain()
    }
}

impl Written {
    /// What is written in place of `entry`.
    fn entry(&self, entry: &Entry) -> Entry {
        let path = self.path.clone();
        match &self.form {
            Form::Same => Entry {
                path,
                ..entry.clone()
            },
            Form::Link(file) => Entry {
                path,
                kind: EntryKind::HardLink,
                link: file.clone(),
                size: 0,
                sparse: None,
                xattrs: Vec::new(),
                ..entry.clone()
            },
            Form::Implied => Entry {
                path,
                kind: EntryKind::Directory,
                mode: 0o755,
                uid: 0,
                gid: 0,
                mtime: entry.mtime,
                size: 0,
                link: Vec::new(),
                device: (0, 0),
                xattrs: Vec::new(),
                sparse: None,
            },
        }
    }
}
