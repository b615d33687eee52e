//! What is explored.

use orlop_image::look::{FileTree, Waste};

/// An image, ready to be shown.
#[derive(Debug)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// Its files.
    pub tree: FileTree,
    /// What it wastes.
    pub waste: Waste,
    /// Its layers, as many as the tree has, bottom first.
    pub layers: Vec<LayerLine>,
    /// How bytes are written.
    pub size: fn(u64) -> String,
}

/// What is told of a layer beside its files.
#[derive(Clone, Debug)]
pub struct LayerLine {
    /// The instruction that made it.
    pub command: String,
    /// The digest of the stored blob.
    pub digest: String,
    /// The digest of its archive.
    pub diff_id: String,
    /// Bytes of its files.
    pub size: u64,
    /// Bytes as it is stored.
    pub compressed: u64,
}

/// A text of somebody else's on one line, safe to show.
pub(crate) fn one_line(text: &str) -> String {
    let safe = |c: char| match c {
        '\n' => '↵',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(safe).collect()
}
