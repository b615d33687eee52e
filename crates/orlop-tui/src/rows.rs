//! Which lines of the tree are to be seen, in which order.

use orlop_image::look::{Change, Comparison, FileTree, NodeId};
use regex::bytes::Regex;

/// A line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) node: NodeId,
    /// The line of the directory that it is in.
    pub(crate) parent: Option<usize>,
    /// It is the last in that directory.
    pub(crate) is_last: bool,
    /// It has something below it that could be seen.
    pub(crate) has_children: bool,
}

/// What decides it.
pub(crate) struct Wanted<'a> {
    pub(crate) tree: &'a FileTree,
    pub(crate) comparison: &'a Comparison,
    /// Directories whose content isn't shown, by the node's number.
    pub(crate) collapsed: &'a [bool],
    pub(crate) hidden: &'a [Change],
    /// What a path, with `/` at its beginning, must match.
    pub(crate) pattern: Option<&'a Regex>,
    pub(crate) by_size: bool,
}

impl Wanted<'_> {
    /// The lines.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let shown = self.shown();
        let mut rows: Vec<Row> = Vec::new();
        let mut waiting = self.children(NodeId::ROOT, None, &shown);
        while let Some(mut row) = waiting.pop() {
            let at = rows.len();
            let below = self.children(row.node, Some(at), &shown);
            row.has_children = !below.is_empty();
            rows.push(row);
            if !self.collapsed[number(row.node)] {
                waiting.extend(below);
            }
        }
        rows
    }

    /// The lines directly below a node, the first last.
    fn children(&self, node: NodeId, parent: Option<usize>, shown: &[bool]) -> Vec<Row> {
        let children = self.tree.children(node);
        let mut children: Vec<NodeId> = children.filter(|child| shown[number(*child)]).collect();
        if self.by_size {
            children.sort_by_key(|child| std::cmp::Reverse(self.comparison.size(*child)));
        }
        let last = children.last().copied();
        let row = |node| Row {
            node,
            parent,
            is_last: Some(node) == last,
            has_children: false,
        };
        children.into_iter().rev().map(row).collect()
    }

    /// For each node whether it is shown, if all above it are.
    fn shown(&self) -> Vec<bool> {
        let mut shown = match self.pattern {
            Some(pattern) => self.matching(pattern),
            None => vec![true; self.tree.node_count()],
        };
        for node in self.tree.nodes().rev() {
            let change = self.comparison.change(node);
            let visible = change.is_some_and(|change| !self.hidden.contains(&change));
            let at = number(node);
            shown[at] = shown[at] && visible;
            if shown[at] {
                // The way to what is found.
                shown[number(self.tree.parent(node))] = true;
            }
        }
        shown
    }

    fn matching(&self, pattern: &Regex) -> Vec<bool> {
        let mut path = Vec::new();
        // How long the path of each open directory is.
        let mut open: Vec<(NodeId, usize)> = vec![(NodeId::ROOT, 0)];
        let mut found = Vec::with_capacity(self.tree.node_count());
        for node in self.tree.nodes() {
            if node == NodeId::ROOT {
                found.push(false);
                continue;
            }
            let parent = self.tree.parent(node);
            while open.last().is_some_and(|(last, _)| *last != parent) {
                open.pop();
            }
            path.truncate(open.last().map_or(0, |(_, length)| *length));
            path.push(b'/');
            path.extend_from_slice(self.tree.name(node));
            open.push((node, path.len()));
            found.push(pattern.is_match(&path));
        }
        found
    }
}

/// A node's place in vectors that have one thing for each node.
pub(crate) fn number(node: NodeId) -> usize {
    node.number()
}

/// The lines that lead from the root to a row: for each directory above it whether it is the last of its
/// own, the outermost first.
pub(crate) fn guides(rows: &[Row], row: usize) -> Vec<bool> {
    let mut guides = Vec::new();
    let mut at = rows[row].parent;
    while let Some(above) = at {
        guides.push(rows[above].is_last);
        at = rows[above].parent;
    }
    guides.reverse();
    guides
}
