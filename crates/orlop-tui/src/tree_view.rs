//! The pane of files: what is folded, hidden, filtered, and where the cursor is.

use orlop_image::look::{Change, Comparison, FileKind, FileTree, NodeId};
use regex::bytes::{Regex, RegexBuilder};

use crate::key::Key;
use crate::rows::{Row, Wanted, number};

/// The files, as they are looked at.
#[derive(Debug)]
pub(crate) struct TreeView {
    collapsed: Vec<bool>,
    hidden: Vec<Change>,
    filter: String,
    pattern: Option<Regex>,
    by_size: bool,
    /// Modes, owners and sizes are shown; when nobody has said, where there is room.
    pub(crate) attributes: Option<bool>,
    rows: Vec<Row>,
    cursor: usize,
    offset: usize,
    /// Lines that fitted when it was drawn last.
    pub(crate) height: usize,
}

impl TreeView {
    pub(crate) fn new(tree: &FileTree) -> Self {
        Self {
            collapsed: vec![false; tree.node_count()],
            hidden: Vec::new(),
            filter: String::new(),
            pattern: None,
            by_size: false,
            attributes: None,
            rows: Vec::new(),
            cursor: 0,
            offset: 0,
            height: 1,
        }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    pub(crate) fn is_hidden(&self, change: Change) -> bool {
        self.hidden.contains(&change)
    }

    pub(crate) fn by_size(&self) -> bool {
        self.by_size
    }

    /// Looks for the lines anew. The cursor stays on its file, or where it was.
    pub(crate) fn refresh(&mut self, tree: &FileTree, comparison: &Comparison) {
        let on = self.rows.get(self.cursor).map(|row| row.node);
        let wanted = Wanted {
            tree,
            comparison,
            collapsed: &self.collapsed,
            hidden: &self.hidden,
            pattern: self.pattern.as_ref(),
            by_size: self.by_size,
        };
        self.rows = wanted.rows();
        let found = on.and_then(|node| self.rows.iter().position(|row| row.node == node));
        let last = self.rows.len().saturating_sub(1);
        self.cursor = found.unwrap_or(self.cursor).min(last);
    }

    /// The lines that are drawn: the cursor's is among them.
    pub(crate) fn window(&mut self, height: usize) -> std::ops::Range<usize> {
        self.height = height.max(1);
        let lowest = (self.cursor + 1).saturating_sub(self.height);
        self.offset = self.offset.clamp(lowest, self.cursor.max(lowest));
        let end = (self.offset + height).min(self.rows.len());
        self.offset.min(end)..end
    }

    /// What is typed as a filter: a regular expression over paths, or, when it is none, a text.
    pub(crate) fn set_filter(&mut self, filter: String) {
        let build = |text: &str| RegexBuilder::new(text).unicode(false).build().ok();
        self.pattern = match filter.as_str() {
            "" => None,
            text => build(text).or_else(|| build(&regex::escape(text))),
        };
        self.filter = filter;
    }

    /// Does what a key means here, and says whether the lines are others now.
    pub(crate) fn press(&mut self, key: Key, tree: &FileTree, comparison: &Comparison) -> bool {
        let last = self.rows.len().saturating_sub(1);
        match key {
            Key::Up | Key::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            Key::Down | Key::Char('j') => self.cursor = (self.cursor + 1).min(last),
            Key::PageUp | Key::Char('u') => self.cursor = self.cursor.saturating_sub(self.height),
            Key::PageDown | Key::Char('d') => self.cursor = (self.cursor + self.height).min(last),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = last,
            Key::Left | Key::Char('h') => return self.fold(),
            Key::Right | Key::Char('l') => return self.unfold(),
            Key::Char(' ') => return self.toggle(),
            Key::Ctrl(' ') => self.toggle_all(tree, comparison),
            Key::Ctrl('a') => self.toggle_hidden(Change::Added),
            Key::Ctrl('r') => self.toggle_hidden(Change::Removed),
            // What a terminal sends for Ctrl+M.
            Key::Ctrl('m') | Key::Enter => self.toggle_hidden(Change::Modified),
            Key::Ctrl('u') => self.toggle_hidden(Change::Unmodified),
            Key::Ctrl('o') => self.by_size = !self.by_size,
            _ => return false,
        }
        matches!(key, Key::Ctrl(_) | Key::Enter)
    }

    fn toggle(&mut self) -> bool {
        let Some(row) = self.rows.get(self.cursor).filter(|row| row.has_children) else {
            return false;
        };
        let collapsed = &mut self.collapsed[number(row.node)];
        *collapsed = !*collapsed;
        true
    }

    /// Folds the directory, or goes to the one above.
    fn fold(&mut self) -> bool {
        let Some(row) = self.rows.get(self.cursor) else {
            return false;
        };
        let collapsed = &mut self.collapsed[number(row.node)];
        if row.has_children && !*collapsed {
            *collapsed = true;
            return true;
        }
        self.cursor = row.parent.unwrap_or(self.cursor);
        false
    }

    /// Unfolds the directory, or goes into it.
    fn unfold(&mut self) -> bool {
        let Some(row) = self.rows.get(self.cursor).filter(|row| row.has_children) else {
            return false;
        };
        let collapsed = &mut self.collapsed[number(row.node)];
        if std::mem::take(collapsed) {
            return true;
        }
        self.cursor += 1;
        false
    }

    /// Folds all directories; unfolds them when all are folded.
    fn toggle_all(&mut self, tree: &FileTree, comparison: &Comparison) {
        let is_directory = |node: &NodeId| {
            let file = comparison.file(tree, *node);
            file.is_none_or(|file| file.kind == FileKind::Directory)
        };
        let directories: Vec<usize> = tree.nodes().filter(is_directory).map(number).collect();
        let directories = || directories.iter().copied().filter(|&node| node != 0);
        let fold = directories().any(|node| !self.collapsed[node]);
        for node in directories() {
            self.collapsed[node] = fold;
        }
    }

    fn toggle_hidden(&mut self, change: Change) {
        match self.hidden.iter().position(|hidden| *hidden == change) {
            Some(at) => {
                self.hidden.remove(at);
            }
            None => self.hidden.push(change),
        }
    }

    pub(crate) fn is_collapsed(&self, node: NodeId) -> bool {
        self.collapsed[number(node)]
    }
}
