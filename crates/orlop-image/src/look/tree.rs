//! All layers of an image in one tree.
//!
//! A node is a path that any layer speaks of; with it stands what each layer says of it, bottom first.
//! Nodes lie in the order of a walk (parents before children, children by name), so that what is below a
//! node is a range, and a view of the image is one pass over two vectors.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::look::layer::LayerFiles;
use crate::look::record::{FileKind, FileRecord, Record, RecordKind};

/// A path in a [`FileTree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// `/`.
    pub const ROOT: Self = Self(0);

    /// Its number among all nodes, in their order: for vectors with one thing for each.
    pub fn number(self) -> usize {
        self.0 as usize
    }

    pub(super) fn index(self) -> usize {
        self.number()
    }
}

/// What a layer says of a node: a record of that layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Saying {
    pub(super) layer: u32,
    pub(super) record: u32,
}

#[derive(Debug)]
struct Node {
    name: Box<[u8]>,
    parent: u32,
    /// The node after the last below this one.
    end: u32,
    /// What the layers say, in `sayings`.
    sayings: Range<u32>,
}

/// The layers of an image laid upon each other.
#[derive(Debug)]
pub struct FileTree {
    layers: Vec<Arc<LayerFiles>>,
    nodes: Vec<Node>,
    sayings: Vec<Saying>,
    /// The children of all nodes, one node's after the other's.
    children: Vec<u32>,
    /// Where in `children` those of a node begin.
    first_child: Vec<u32>,
}

/// What is visible up to one layer.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// For each node the saying that describes it, if one does.
    pub(super) files: Vec<Option<u32>>,
    /// Whether a node is there. A directory may be without being described.
    pub(super) present: Vec<bool>,
}

fn small(n: usize) -> u32 {
    u32::try_from(n).expect("what is read is bounded far below that")
}

impl FileTree {
    /// Lays layers upon each other, the bottom one first.
    pub fn stack(layers: &[Arc<LayerFiles>]) -> Self {
        let mut sayings = Vec::new();
        for (layer, files) in layers.iter().enumerate() {
            let records = 0..files.records.len();
            sayings.extend(records.map(|record| Saying {
                layer: small(layer),
                record: small(record),
            }));
        }
        let record =
            |s: &Saying| -> &Record { &layers[s.layer as usize].records[s.record as usize] };
        sayings.sort_unstable_by(|a, b| {
            in_order(&record(a).path, &record(b).path)
                .then_with(|| (a.layer, a.record).cmp(&(b.layer, b.record)))
        });
        let mut builder = Builder::new();
        for (index, saying) in sayings.iter().enumerate() {
            builder.say(&record(saying).path, small(index));
        }
        let nodes = builder.finish();
        let (first_child, children) = children_of(&nodes);
        Self {
            layers: layers.to_vec(),
            nodes,
            sayings,
            children,
            first_child,
        }
    }

    /// How many layers there are.
    pub fn layer_count(&self) -> usize {
        self.layers.len()
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[Arc<LayerFiles>] {
        &self.layers
    }

    /// How many nodes there are, the root included.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// All nodes: parents before children, children by name.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..small(self.nodes.len())).map(NodeId)
    }

    /// The last component of a node's path; empty for the root.
    pub fn name(&self, node: NodeId) -> &[u8] {
        &self.nodes[node.index()].name
    }

    /// The node above. The root's is the root.
    pub fn parent(&self, node: NodeId) -> NodeId {
        NodeId(self.nodes[node.index()].parent)
    }

    /// The node behind all that are below this one.
    pub(super) fn end(&self, node: NodeId) -> usize {
        self.nodes[node.index()].end as usize
    }

    /// The nodes directly below, by name.
    pub fn children(&self, node: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + '_ {
        self.child_slice(node).iter().copied().map(NodeId)
    }

    fn child_slice(&self, node: NodeId) -> &[u32] {
        let at = node.index();
        let range = self.first_child[at] as usize..self.first_child[at + 1] as usize;
        &self.children[range]
    }

    /// A node's path from the root, without a `/` at its beginning; empty for the root.
    pub fn path(&self, node: NodeId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            names.push(self.name(at));
            at = self.parent(at);
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The node of a path as [`FileTree::path`] gives it.
    pub fn find(&self, path: &[u8]) -> Option<NodeId> {
        let mut at = NodeId::ROOT;
        for name in path.split(|&byte| byte == b'/').filter(|n| !n.is_empty()) {
            let children = self.child_slice(at);
            let found = children.binary_search_by(|&child| self.name(NodeId(child)).cmp(name));
            at = NodeId(children[found.ok()?]);
        }
        Some(at)
    }

    /// What the layers say of a node, bottom first, each with its number among the sayings.
    pub(super) fn sayings(&self, node: NodeId) -> impl Iterator<Item = (u32, Saying)> + '_ {
        let range = self.nodes[node.index()].sayings.clone();
        range.map(|index| (index, self.sayings[index as usize]))
    }

    pub(super) fn record(&self, saying: Saying) -> &Record {
        &self.layers[saying.layer as usize].records[saying.record as usize]
    }

    /// The file that the saying with this number describes.
    pub(super) fn file(&self, saying: u32) -> Option<&FileRecord> {
        self.record(self.sayings[saying as usize]).file()
    }

    pub(super) fn layer_of(&self, saying: u32) -> usize {
        self.sayings[saying as usize].layer as usize
    }

    /// What a saying means: of a hard link the file that its target was when the link was made.
    pub(super) fn meant(&self, saying: u32) -> Option<&FileRecord> {
        // Links to links are made by nobody, but can be written.
        const MAX_LINKS: usize = 8;
        let mut at = saying;
        for _ in 0..MAX_LINKS {
            let file = self.file(at)?;
            if file.kind != FileKind::HardLink {
                return Some(file);
            }
            let target = self.find(&file.link).and_then(|node| {
                let before = self
                    .sayings(node)
                    .filter(|(index, s)| s.layer as usize <= self.layer_of(at) && *index != at);
                before
                    .filter(|(_, saying)| self.record(*saying).file().is_some())
                    .last()
            });
            match target {
                Some((index, _)) => at = index,
                None => return Some(file),
            }
        }
        self.file(saying)
    }

    /// What is visible up to a layer, itself included; nothing when there is none.
    pub(super) fn snapshot(&self, layer: Option<usize>) -> Snapshot {
        let count = self.nodes.len();
        let mut snapshot = Snapshot {
            files: vec![None; count],
            present: vec![false; count],
        };
        let Some(top) = layer else {
            return snapshot;
        };
        // Below which layer nothing of a node's inside is visible any more.
        let mut inside: Vec<u32> = vec![0; count];
        for node in self.nodes() {
            let above = match node {
                NodeId::ROOT => 0,
                _ => inside[self.parent(node).index()],
            };
            let seen = self.look_at(node, top, above);
            snapshot.files[node.index()] = seen.file;
            inside[node.index()] = seen.inside;
        }
        for node in self.nodes().rev() {
            snapshot.present[node.index()] |= snapshot.files[node.index()].is_some();
            if snapshot.present[node.index()] {
                snapshot.present[self.parent(node).index()] = true;
            }
        }
        snapshot.present[0] = true;
        snapshot
    }

    /// One node up to layer `top`, when nothing of layers below `above` is visible there. A whiteout hides
    /// what is below its layer, not what the layer itself has there.
    fn look_at(&self, node: NodeId, top: usize, above: u32) -> Seen {
        let (mut hidden, mut inside, mut file) = (above, above, None);
        for (index, saying) in self.sayings(node) {
            if saying.layer as usize > top {
                break;
            }
            match &self.record(saying).kind {
                RecordKind::Whiteout => {
                    hidden = saying.layer;
                    inside = saying.layer;
                }
                RecordKind::Opaque => inside = saying.layer,
                RecordKind::File(record) => {
                    file = Some(index);
                    if record.kind != FileKind::Directory {
                        inside = saying.layer;
                    }
                }
            }
            hidden = hidden.max(above);
            inside = inside.max(above);
        }
        Seen {
            file: file.filter(|&file| self.layer_of(file) >= hidden as usize),
            inside,
        }
    }
}

/// What is known of a node, and below which layer nothing inside it is visible.
struct Seen {
    file: Option<u32>,
    inside: u32,
}

/// Paths as a walk finds them: a directory comes before all that is in it, and that before anything else.
fn in_order(a: &[u8], b: &[u8]) -> Ordering {
    // No name has a NUL, so a separator that counts as one comes first.
    let key = |&byte: &u8| if byte == b'/' { 0 } else { byte };
    a.iter().map(key).cmp(b.iter().map(key))
}

/// Makes nodes of paths that come in order.
struct Builder {
    nodes: Vec<Node>,
    /// The path of the node added last, and its ancestors with the lengths of their paths.
    path: Vec<u8>,
    open: Vec<(usize, u32)>,
}

impl Builder {
    fn new() -> Self {
        let root = Node {
            name: Box::default(),
            parent: 0,
            end: 0,
            sayings: 0..0,
        };
        Self {
            nodes: vec![root],
            path: Vec::new(),
            open: vec![(0, 0)],
        }
    }

    fn say(&mut self, path: &[u8], saying: u32) {
        // Leave directories that the path isn't in.
        while let Some(&(length, node)) = self.open.last() {
            let inside = length == 0
                || (path.len() >= length
                    && path[..length] == self.path[..length]
                    && path.get(length).is_none_or(|&byte| byte == b'/'));
            if inside {
                break;
            }
            self.close(node);
            self.open.pop();
        }
        let (mut length, mut parent) = self.open.last().copied().unwrap_or_default();
        while length < path.len() {
            let start = if length == 0 { 0 } else { length + 1 };
            let rest = &path[start..];
            let name_length = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
            let node = small(self.nodes.len());
            self.nodes.push(Node {
                name: rest[..name_length].into(),
                parent,
                end: 0,
                sayings: saying..saying,
            });
            (length, parent) = (start + name_length, node);
            self.open.push((length, node));
        }
        self.path.clear();
        self.path.extend_from_slice(path);
        let sayings = &mut self.nodes[parent as usize].sayings;
        if sayings.start == sayings.end {
            sayings.start = saying;
        }
        sayings.end = saying + 1;
    }

    fn close(&mut self, node: u32) {
        self.nodes[node as usize].end = small(self.nodes.len());
    }

    fn finish(mut self) -> Vec<Node> {
        for (_, node) in std::mem::take(&mut self.open) {
            self.close(node);
        }
        self.nodes
    }
}

/// Where the children of each node begin, and all children.
fn children_of(nodes: &[Node]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0; nodes.len() + 1];
    for node in &nodes[1..] {
        first[node.parent as usize + 1] += 1;
    }
    for at in 1..first.len() {
        first[at] += first[at - 1];
    }
    let mut next = first.clone();
    let mut children = vec![0; nodes.len() - 1];
    for (index, node) in nodes.iter().enumerate().skip(1) {
        let at = &mut next[node.parent as usize];
        children[*at as usize] = small(index);
        *at += 1;
    }
    (first, children)
}
