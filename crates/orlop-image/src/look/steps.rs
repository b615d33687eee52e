//! The steps that made an image, and what each did to its files.

use jiff::Timestamp;
use orlop_oci::ImageConfig;

use crate::look::compare::{Change, Differences};
use crate::look::record::{FileKind, FileRecord};
use crate::look::tree::{FileTree, NodeId};

/// One step of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it ran.
    pub created: Option<Timestamp>,
    /// Its instruction; empty when the image doesn't tell.
    pub created_by: String,
    /// Free text.
    pub comment: String,
    /// The layer that it made, counted from the bottom.
    pub layer: Option<usize>,
}

/// The steps of an image with so many layers, the first first. Layers that no step tells of come last.
pub fn steps(config: &ImageConfig, layers: usize) -> Vec<Step> {
    let mut next = 0..layers;
    let mut steps: Vec<Step> = config
        .history
        .iter()
        .map(|step| Step {
            created: step.created,
            created_by: step.created_by.clone(),
            comment: step.comment.clone(),
            layer: match step.empty_layer {
                true => None,
                false => next.next(),
            },
        })
        .collect();
    steps.extend(next.map(|layer| Step {
        created: None,
        created_by: String::new(),
        comment: String::new(),
        layer: Some(layer),
    }));
    steps
}

/// What a layer did to a path.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerChange<'t> {
    /// The path, without `/` at its beginning; empty for the root.
    pub path: Vec<u8>,
    /// [`Change::Added`], [`Change::Modified`] or [`Change::Removed`].
    pub change: Change,
    /// The file as the layer has it, or as it was before it was removed. Nothing describes a directory
    /// that only its content makes.
    pub file: Option<&'t FileRecord>,
    /// Bytes of the file in this layer; of what was removed, all that it held.
    pub size: u64,
}

impl FileTree {
    /// What a layer did to the image below, in the order of paths.
    ///
    /// A file that the layer has again counts as modified even with the same content: it takes room
    /// again. A directory counts when its mode or owner is another. Of what was removed only the top is
    /// named.
    pub fn changes_of(&self, layer: usize) -> Vec<LayerChange<'_>> {
        let lower = self.snapshot(layer.checked_sub(1));
        let comparison = self.compare(layer.checked_sub(1), layer);
        let mut changes = Vec::new();
        for node in self.nodes() {
            let change = match comparison.change(node) {
                None => continue,
                Some(Change::Added) if node == NodeId::ROOT => continue,
                Some(Change::Removed) => {
                    if comparison.change(self.parent(node)) == Some(Change::Removed) {
                        continue;
                    }
                    Change::Removed
                }
                Some(Change::Added) => Change::Added,
                Some(_) if self.says_again(node, layer, lower.files[node.index()]) => {
                    Change::Modified
                }
                Some(_) => continue,
            };
            let file = comparison.file(self, node);
            changes.push(LayerChange {
                path: self.path(node),
                change,
                file,
                size: match change {
                    Change::Removed => comparison.size(node),
                    _ => file.map_or(0, |file| file.size),
                },
            });
        }
        changes
    }

    /// Whether the layer describes a file anew that was there, or a directory in another way.
    fn says_again(&self, node: NodeId, layer: usize, before: Option<u32>) -> bool {
        let said = self
            .sayings(node)
            .filter(|(_, saying)| saying.layer as usize == layer);
        let Some(file) = said.filter_map(|(_, s)| self.record(s).file()).last() else {
            return false;
        };
        let Some(before) = before.and_then(|before| self.file(before)) else {
            return file.kind != FileKind::Directory;
        };
        file.kind != FileKind::Directory || !Differences::between(before, file).is_none()
    }
}
