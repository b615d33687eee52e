//! An image up to one layer, compared with the same image up to another.

use crate::look::record::{FileKind, FileRecord};
use crate::look::tree::{FileTree, NodeId, Snapshot};

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing.
    Unmodified,
    /// It, or for a directory something in it, is another.
    Modified,
    /// It wasn't there.
    Added,
    /// It isn't there any more.
    Removed,
}

/// In what two files differ. Times are no difference: every build makes new ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// File, directory, link, …
    pub kind: bool,
    /// The bytes of a file, the text of a symbolic link, the numbers of a device.
    pub content: bool,
    /// Permissions.
    pub mode: bool,
    /// Owner or group.
    pub owner: bool,
    /// Extended attributes.
    pub xattrs: bool,
}

impl Differences {
    /// What differs between two files. When contents weren't hashed, files of one size count as equal.
    pub fn between(a: &FileRecord, b: &FileRecord) -> Self {
        let kind = a.kind != b.kind;
        Self {
            kind,
            content: !kind
                && (a.size != b.size
                    || a.content != b.content
                    || a.link != b.link
                    || a.device != b.device),
            // A symbolic link's own mode means nothing.
            mode: a.mode != b.mode && (kind || a.kind != FileKind::Symlink),
            owner: (a.uid, a.gid) != (b.uid, b.gid),
            xattrs: a.xattrs != b.xattrs,
        }
    }

    /// There are none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Their words, in the order of the fields.
    pub fn words(&self) -> Vec<&'static str> {
        let all = [
            (self.kind, "type"),
            (self.content, "content"),
            (self.mode, "mode"),
            (self.owner, "owner"),
            (self.xattrs, "xattrs"),
        ];
        let there = all.into_iter().filter(|(there, _)| *there);
        there.map(|(_, word)| word).collect()
    }
}

/// What became of all paths of a [`FileTree`] between two of its layers.
#[derive(Debug)]
pub struct Comparison {
    nodes: Vec<Compared>,
}

#[derive(Clone, Copy, Debug)]
struct Compared {
    change: Option<Change>,
    /// The saying that describes it after, or before when it was removed.
    file: Option<u32>,
    /// Bytes of it and all below: of what is there, or of what was removed with it.
    size: u64,
}

impl Comparison {
    /// What became of a node; `None` when it is neither there before nor after.
    pub fn change(&self, node: NodeId) -> Option<Change> {
        self.nodes[node.index()].change
    }

    /// What describes it: as it is after, or was before it was removed. Nothing describes a directory that
    /// no layer has an entry for.
    pub fn file<'t>(&self, tree: &'t FileTree, node: NodeId) -> Option<&'t FileRecord> {
        tree.file(self.nodes[node.index()].file?)
    }

    /// Bytes of the files at and below a node, without those that were removed; of a removed one, those
    /// that were.
    pub fn size(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].size
    }
}

impl FileTree {
    /// Compares the image up to the layer `before` with the image up to `after`, both included. Without
    /// `before` all is new.
    ///
    /// A directory counts as modified when anything below it is.
    pub fn compare(&self, before: Option<usize>, after: usize) -> Comparison {
        let lower = self.snapshot(before);
        let upper = self.snapshot(Some(after));
        let mut nodes: Vec<Compared> = self
            .nodes()
            .map(|node| self.compare_node(node, &lower, &upper))
            .collect();
        for node in self.nodes().rev() {
            if node == NodeId::ROOT {
                break;
            }
            let below = nodes[node.index()];
            let above = &mut nodes[self.parent(node).index()];
            let removed = above.change == Some(Change::Removed);
            match below.change {
                None => continue,
                Some(Change::Removed) if !removed => {}
                Some(_) => above.size = above.size.saturating_add(below.size),
            }
            if below.change != Some(Change::Unmodified) && above.change == Some(Change::Unmodified)
            {
                above.change = Some(Change::Modified);
            }
        }
        Comparison { nodes }
    }

    fn compare_node(&self, node: NodeId, lower: &Snapshot, upper: &Snapshot) -> Compared {
        let at = node.index();
        let change = match (lower.present[at], upper.present[at]) {
            (false, false) => None,
            (false, true) => Some(Change::Added),
            (true, false) => Some(Change::Removed),
            (true, true) => Some(self.change_of(lower.files[at], upper.files[at])),
        };
        let file = match change {
            Some(Change::Removed) => lower.files[at],
            _ => upper.files[at],
        };
        let size = file.and_then(|file| self.file(file)).map_or(0, |f| f.size);
        Compared { change, file, size }
    }

    fn change_of(&self, before: Option<u32>, after: Option<u32>) -> Change {
        let same = match (before, after) {
            (Some(before), Some(after)) => before == after || self.differ(before, after).is_none(),
            // A directory that a layer begins or ceases to describe is there as before.
            _ => true,
        };
        match same {
            true => Change::Unmodified,
            false => Change::Modified,
        }
    }

    fn differ(&self, before: u32, after: u32) -> Differences {
        match (self.meant(before), self.meant(after)) {
            (Some(a), Some(b)) => Differences::between(a, b),
            _ => Differences::default(),
        }
    }
}
