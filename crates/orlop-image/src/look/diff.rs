//! The files of two images, compared as a container would see them.

use crate::look::compare::{Change, Differences};
use crate::look::record::FileRecord;
use crate::look::tree::{FileTree, NodeId, Snapshot};

/// A path that isn't the same in two images.
#[derive(Clone, Debug, PartialEq)]
pub struct FileDifference {
    /// The path, without `/` at its beginning; empty for the root.
    pub path: Vec<u8>,
    /// [`Change::Added`] when only the second has it, [`Change::Removed`] when only the first,
    /// [`Change::Modified`] when both have it and it isn't the same.
    pub change: Change,
    /// What it is in the first. Nothing describes a directory that only its content makes.
    pub before: Option<FileRecord>,
    /// What it is in the second.
    pub after: Option<FileRecord>,
    /// What is another.
    pub what: Differences,
}

/// Compares all files of two images, in the order of paths. Both must have been read by one
/// [`Looker`](crate::look::Looker): hashes of contents of two can't be compared.
///
/// A hard link is what its target is: in which order an archive names them is no difference.
pub fn diff_files(a: &FileTree, b: &FileTree) -> Vec<FileDifference> {
    let side = |tree| Side {
        tree,
        snapshot: tree.snapshot(tree.layer_count().checked_sub(1)),
    };
    let mut walk = Walk {
        a: side(a),
        b: side(b),
        path: Vec::new(),
        found: Vec::new(),
    };
    walk.both(Some(NodeId::ROOT), Some(NodeId::ROOT));
    walk.found
}

struct Side<'t> {
    tree: &'t FileTree,
    snapshot: Snapshot,
}

impl Side<'_> {
    fn file(&self, node: NodeId) -> Option<&FileRecord> {
        self.tree.file(self.snapshot.files[node.index()]?)
    }

    fn meant(&self, node: NodeId) -> Option<&FileRecord> {
        self.tree.meant(self.snapshot.files[node.index()]?)
    }

    /// What is visible in a directory, by name.
    fn children(&self, node: Option<NodeId>) -> Vec<NodeId> {
        let Some(node) = node else {
            return Vec::new();
        };
        let children = self.tree.children(node);
        children
            .filter(|child| self.snapshot.present[child.index()])
            .collect()
    }
}

struct Walk<'t> {
    a: Side<'t>,
    b: Side<'t>,
    path: Vec<u8>,
    found: Vec<FileDifference>,
}

impl Walk<'_> {
    /// One path, and all below it. Paths have a bounded depth, so this ends soon.
    fn both(&mut self, a: Option<NodeId>, b: Option<NodeId>) {
        self.compare(a, b);
        let (in_a, in_b) = (self.a.children(a), self.b.children(b));
        let (mut at_a, mut at_b) = (in_a.iter().peekable(), in_b.iter().peekable());
        loop {
            let name_a = at_a.peek().map(|&&node| self.a.tree.name(node));
            let name_b = at_b.peek().map(|&&node| self.b.tree.name(node));
            let (take_a, take_b) = match (name_a, name_b) {
                (None, None) => return,
                (Some(a), Some(b)) => (a <= b, b <= a),
                (a, b) => (a.is_some(), b.is_some()),
            };
            let name = if take_a { name_a } else { name_b };
            let length = self.path.len();
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(name.unwrap_or_default());
            let next_a = at_a.next_if(|_| take_a).copied();
            let next_b = at_b.next_if(|_| take_b).copied();
            self.both(next_a, next_b);
            self.path.truncate(length);
        }
    }

    fn compare(&mut self, a: Option<NodeId>, b: Option<NodeId>) {
        let (change, what) = match (a, b) {
            (Some(a), Some(b)) => {
                let (Some(before), Some(after)) = (self.a.meant(a), self.b.meant(b)) else {
                    return;
                };
                let what = Differences::between(before, after);
                if what.is_none() {
                    return;
                }
                (Change::Modified, what)
            }
            (Some(_), None) => (Change::Removed, Differences::default()),
            (None, _) => (Change::Added, Differences::default()),
        };
        self.found.push(FileDifference {
            path: self.path.clone(),
            change,
            before: a.and_then(|a| self.a.file(a)).cloned(),
            after: b.and_then(|b| self.b.file(b)).cloned(),
            what,
        });
    }
}
