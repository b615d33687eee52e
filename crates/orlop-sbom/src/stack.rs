//! Records of layers laid upon each other: which files the image has in the end.
//!
//! What an entry does is what it does when layers are unpacked one after the other, inside of the root: links
//! on its way are followed, also those of layers below; a file in the way of a directory goes; a whiteout
//! hides what the layers below have, not what its own layer has. `orlop-layer`'s flattening does the same
//! with archives, and is the model of the tests.

use std::collections::{BTreeMap, HashSet};

use crate::{EntryKind, Layer};

/// Links on the way to a path.
const MAX_LINKS: usize = 40;
/// Files and directories of an image.
const MAX_NODES: usize = 8_000_000;
/// Directories upon each other. Links can make a path longer than any layer may write it.
const MAX_DEPTH: u32 = 2048;

/// A place in the tree.
pub(crate) type NodeId = u32;

/// The root.
const ROOT: NodeId = 0;

/// An entry: layer and index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Source {
    pub(crate) layer: u32,
    pub(crate) entry: u32,
}

/// The files of an image.
#[derive(Debug)]
pub(crate) struct Stack<'r> {
    layers: &'r [Layer<'r>],
    nodes: Vec<Node<'r>>,
    /// What the layer at hand hid already: saying it again costs nothing.
    hidden: HashSet<(NodeId, bool)>,
    /// The directory of the last entry, which is often that of the next. Only one without a link on its
    /// way: where a link leads can change with what is put there.
    last_directory: Option<(&'r str, NodeId)>,
    is_too_large: bool,
}

#[derive(Debug)]
struct Node<'r> {
    name: &'r str,
    parent: NodeId,
    depth: u32,
    /// The layer that put it there last.
    layer: u32,
    what: What<'r>,
}

#[derive(Debug)]
enum What<'r> {
    Directory(BTreeMap<&'r str, NodeId>),
    /// The entry that has the content: another one for a hard link.
    Content(Source),
}

/// Where a path leads.
enum Found<'r> {
    Node(NodeId),
    /// These components are missing below a directory.
    Missing(NodeId, Vec<&'r str>),
    /// This file is where a directory would have to be.
    Blocked(NodeId),
    /// There are too many links on the way.
    Lost,
}

/// A file that is there in the end.
#[derive(Debug)]
pub(crate) struct Visible {
    pub(crate) node: NodeId,
    pub(crate) path: String,
    /// The layer that put it under this path.
    pub(crate) layer: u32,
    pub(crate) content: Source,
}

impl<'r> Stack<'r> {
    /// Lays layers upon each other, bottom first.
    pub(crate) fn of(layers: &'r [Layer<'r>]) -> Self {
        let mut stack = Self {
            layers,
            nodes: vec![Node {
                name: "",
                parent: ROOT,
                depth: 0,
                layer: 0,
                what: What::Directory(BTreeMap::new()),
            }],
            hidden: HashSet::new(),
            last_directory: None,
            is_too_large: false,
        };
        for (number, layer) in (0..).zip(layers) {
            stack.hidden.clear();
            for (entry, _) in (0..).zip(&layer.record.entries) {
                let layer = number;
                stack.add(Source { layer, entry });
            }
        }
        stack
    }

    /// Whether files were left out, because they were too many or too deep.
    pub(crate) fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// The files that are there and that `of_interest` wants, sorted by path component by component.
    pub(crate) fn visible(&self, of_interest: impl Fn(Source) -> bool) -> Vec<Visible> {
        let mut found = Vec::new();
        let mut path = String::new();
        let children = |node: NodeId| match &self.nodes[node as usize].what {
            What::Directory(children) => Some(children.values()),
            What::Content(_) => None,
        };
        let mut open: Vec<_> = children(ROOT).into_iter().collect();
        let mut lengths = vec![0];
        while let Some(last) = open.last_mut() {
            let Some(&id) = last.next() else {
                open.pop();
                lengths.pop();
                continue;
            };
            path.truncate(*lengths.last().unwrap_or(&0));
            let node = &self.nodes[id as usize];
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(node.name);
            match &node.what {
                What::Directory(_) => {
                    open.extend(children(id));
                    lengths.push(path.len());
                }
                What::Content(content) if of_interest(*content) => found.push(Visible {
                    node: id,
                    path: path.clone(),
                    layer: node.layer,
                    content: *content,
                }),
                What::Content(_) => {}
            }
        }
        found
    }

    /// What is directly in a directory under this name.
    pub(crate) fn child(&self, directory: NodeId, name: &str) -> Option<NodeId> {
        match &self.nodes[directory as usize].what {
            What::Directory(children) => children.get(name).copied(),
            What::Content(_) => None,
        }
    }

    /// The directories that something is in, from the next one up to the root.
    pub(crate) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let parent = |node: NodeId| match node {
            ROOT => None,
            node => Some(self.nodes[node as usize].parent),
        };
        std::iter::successors(parent(node), move |node| parent(*node))
    }

    /// Where a directory is that something in the image names; all links are followed.
    pub(crate) fn find_directory(&self, path: &'r str) -> Option<NodeId> {
        match self.resolve(path, true) {
            Found::Node(node) => Some(node),
            Found::Missing(..) | Found::Blocked(_) | Found::Lost => None,
        }
    }

    /// Where a path is; links before its last component are followed.
    fn find(&self, path: &'r str) -> Option<NodeId> {
        match self.resolve(path, false) {
            Found::Node(node) => Some(node),
            Found::Missing(..) | Found::Blocked(_) | Found::Lost => None,
        }
    }

    fn add(&mut self, by: Source) {
        let entry = &self.layers[by.layer as usize].record.entries[by.entry as usize];
        let path: &'r str = &entry.path;
        match &entry.kind {
            EntryKind::Opaque => {
                if let Found::Node(directory) = self.resolve(path, true) {
                    self.hide(directory, false, by.layer);
                }
            }
            EntryKind::Whiteout => {
                if let Found::Node(node) = self.resolve(path, false) {
                    self.hide(node, true, by.layer);
                }
            }
            // The root is there anyway.
            _ if path.is_empty() => {}
            EntryKind::Directory => {
                if let Some((parent, name)) = self.make_way(path, by.layer) {
                    self.put_directory(parent, name, by.layer);
                }
            }
            EntryKind::HardLink(target) => {
                if let Some((parent, name)) = self.make_way(path, by.layer) {
                    let target = self
                        .find(target)
                        .map(|node| &self.nodes[node as usize].what);
                    let content = match target {
                        Some(What::Content(content)) => *content,
                        _ => by,
                    };
                    self.put_content(parent, name, by.layer, content);
                }
            }
            EntryKind::File | EntryKind::Program(_) | EntryKind::Symlink(_) => {
                if let Some((parent, name)) = self.make_way(path, by.layer) {
                    self.put_content(parent, name, by.layer, by);
                }
            }
        }
    }

    fn put_directory(&mut self, parent: NodeId, name: &'r str, layer: u32) {
        if let Some(node) = self.child(parent, name)
            && let What::Directory(_) = self.nodes[node as usize].what
        {
            self.nodes[node as usize].layer = layer;
            return;
        }
        self.put(parent, name, layer, What::Directory(BTreeMap::new()));
    }

    fn put_content(&mut self, parent: NodeId, name: &'r str, layer: u32, content: Source) {
        self.put(parent, name, layer, What::Content(content));
    }

    /// Puts something in the place of whatever is there.
    fn put(&mut self, parent: NodeId, name: &'r str, layer: u32, what: What<'r>) -> Option<NodeId> {
        let depth = self.nodes[parent as usize].depth + 1;
        let id = NodeId::try_from(self.nodes.len()).ok();
        let Some(id) = id.filter(|id| (*id as usize) < MAX_NODES && depth <= MAX_DEPTH) else {
            self.is_too_large = true;
            return None;
        };
        let What::Directory(children) = &mut self.nodes[parent as usize].what else {
            return None;
        };
        if children.insert(name, id).is_some() {
            self.last_directory = None;
        }
        self.nodes.push(Node {
            name,
            parent,
            depth,
            layer,
            what,
        });
        Some(id)
    }

    /// Where an entry goes, as a directory and a name: its directories are there afterwards, over files
    /// that were in their way.
    fn make_way(&mut self, path: &'r str, layer: u32) -> Option<(NodeId, &'r str)> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some((last, node)) = self.last_directory
            && last == directory
        {
            return Some((node, name));
        }
        let (parent, name) = loop {
            match self.resolve(path, false) {
                Found::Node(ROOT) | Found::Lost => return None,
                Found::Node(node) => {
                    let node = &self.nodes[node as usize];
                    break (node.parent, node.name);
                }
                Found::Missing(mut parent, missing) => {
                    let (name, directories) = missing.split_last()?;
                    for directory in directories {
                        let what = What::Directory(BTreeMap::new());
                        parent = self.put(parent, directory, layer, what)?;
                    }
                    break (parent, *name);
                }
                Found::Blocked(file) => self.unlink(file),
            }
        };
        let is_plain = self.is_plain(parent, directory);
        self.last_directory = is_plain.then_some((directory, parent));
        Some((parent, name))
    }

    /// Whether a directory is where a path says, without links.
    fn is_plain(&self, directory: NodeId, path: &str) -> bool {
        let names = std::iter::once(directory).chain(self.ancestors(directory));
        let names = names.filter(|node| *node != ROOT);
        let names = names.map(|node| self.nodes[node as usize].name);
        names.eq(components(path).rev())
    }

    /// Where a path leads: links on the way are followed, inside of the root, and `last` says whether the
    /// last component is too.
    fn resolve(&self, path: &'r str, last: bool) -> Found<'r> {
        // The last is the next.
        let mut left: Vec<&'r str> = components(path).rev().collect();
        let mut node = ROOT;
        let mut missing: Vec<&'r str> = Vec::new();
        let mut links = 0;
        while let Some(component) = left.pop() {
            if component == ".." {
                if missing.pop().is_none() {
                    node = self.nodes[node as usize].parent;
                }
                continue;
            }
            if !missing.is_empty() {
                missing.push(component);
                continue;
            }
            let Some(child) = self.child(node, component) else {
                missing.push(component);
                continue;
            };
            let What::Content(content) = self.nodes[child as usize].what else {
                node = child;
                continue;
            };
            if left.is_empty() && !last {
                return Found::Node(child);
            }
            match self.link_text(content) {
                Some(text) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Found::Lost;
                    }
                    if text.starts_with('/') {
                        node = ROOT;
                    }
                    left.extend(components(text).rev());
                }
                None if left.is_empty() => return Found::Node(child),
                None => return Found::Blocked(child),
            }
        }
        match missing.is_empty() {
            true => Found::Node(node),
            false => Found::Missing(node, missing),
        }
    }

    fn link_text(&self, content: Source) -> Option<&'r str> {
        let record = self.layers[content.layer as usize].record;
        match &record.entries[content.entry as usize].kind {
            EntryKind::Symlink(text) => Some(text),
            _ => None,
        }
    }

    /// Takes away what layers before `layer` have below a node, and itself. A directory in which this
    /// layer has put something stays.
    fn hide(&mut self, node: NodeId, itself: bool, layer: u32) {
        if !self.hidden.insert((node, itself)) {
            return;
        }
        self.last_directory = None;
        let stays = self.keep_own(node, layer);
        if itself && !stays && node != ROOT {
            self.unlink(node);
        }
    }

    /// Takes away what isn't of `layer` below a node, and tells whether the node itself is to stay. It is as
    /// deep as [`MAX_DEPTH`] lets it be.
    fn keep_own(&mut self, node: NodeId, layer: u32) -> bool {
        let own = self.nodes[node as usize].layer >= layer;
        let What::Directory(children) = &mut self.nodes[node as usize].what else {
            return own;
        };
        let mut children = std::mem::take(children);
        children.retain(|_, child| self.keep_own(*child, layer));
        let stays = own || !children.is_empty();
        self.nodes[node as usize].what = What::Directory(children);
        stays
    }

    fn unlink(&mut self, node: NodeId) {
        self.last_directory = None;
        let Node { parent, name, .. } = self.nodes[node as usize];
        if let What::Directory(children) = &mut self.nodes[parent as usize].what {
            children.remove(name);
        }
    }
}

/// The components of a path or of a link's text, without empty ones and `.`.
fn components(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/')
        .filter(|component| !component.is_empty() && *component != ".")
}

#[cfg(test)]
mod tests;
