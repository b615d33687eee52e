//! Wasted space and efficiency, by dive's definitions (wagoodman/dive `dive/filetree/efficiency.go`,
//! `dive/image/analysis.go`), so that thresholds that were set for it hold here.
//!
//! What counts are the leaves of each layer's own tree: files, whiteouts, and directories of which the
//! layer describes no content. Each adds its size to its path; the whiteout of a directory adds what was
//! in it, that of a file nothing. The score is the sum of each path's smallest size over the sum of all
//! sizes; a path that occurs twice or more is wasted, with all of its sizes.
//!
//! Where dive has a mistake the definition is followed, not the mistake: a whiteout of nothing doesn't end
//! the layer, and what a directory held doesn't depend on whether each layer describes it.

use crate::look::record::{FileKind, RecordKind};
use crate::look::tree::{FileTree, NodeId, Snapshot};

/// A path that layers have more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastedPath {
    /// The path, without `/` at its beginning.
    pub path: Vec<u8>,
    /// In how many layers it is a leaf.
    pub count: usize,
    /// The sum of its sizes, in bytes.
    pub size: u64,
}

/// What an image wastes.
#[derive(Clone, Debug, PartialEq)]
pub struct Waste {
    /// Between 0 and 1; 1 when nothing is wasted.
    pub efficiency: f64,
    /// The wasted paths, the largest first.
    pub paths: Vec<WastedPath>,
    /// The sum of their sizes, in bytes.
    pub bytes: u64,
    /// Bytes of the files of all layers.
    pub image_size: u64,
    /// The same without the bottom layer: what the image adds to its base.
    pub user_size: u64,
}

impl Waste {
    /// The wasted bytes as a part of [`user_size`](Self::user_size). Without any user bytes it isn't a
    /// number, or infinite when bytes are wasted all the same.
    pub fn user_wasted(&self) -> f64 {
        self.bytes as f64 / self.user_size as f64
    }
}

/// What all layers have at one path.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    count: usize,
    sum: u64,
    smallest: u64,
}

impl Found {
    fn add(&mut self, size: u64) {
        self.smallest = match self.count {
            0 => size,
            _ => self.smallest.min(size),
        };
        self.count += 1;
        self.sum = self.sum.saturating_add(size);
    }
}

impl FileTree {
    /// What the layers waste.
    pub fn waste(&self) -> Waste {
        let mut found = vec![Found::default(); self.node_count()];
        for (layer, sayings) in self.sayings_by_layer().iter().enumerate() {
            self.add_leaves(layer, sayings, &mut found);
        }
        let (mut smallest, mut all, mut paths) = (0_u64, 0_u64, Vec::new());
        for node in self.nodes() {
            let at = found[node.index()];
            smallest = smallest.saturating_add(at.smallest);
            all = all.saturating_add(at.sum);
            if at.count > 1 {
                paths.push(WastedPath {
                    path: self.path(node),
                    count: at.count,
                    size: at.sum,
                });
            }
        }
        paths.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
        let sum = |sizes: &mut dyn Iterator<Item = u64>| sizes.fold(0, u64::saturating_add);
        Waste {
            efficiency: match all {
                0 => 1.0,
                _ => smallest as f64 / all as f64,
            },
            bytes: sum(&mut paths.iter().map(|path| path.size)),
            image_size: sum(&mut self.layers().iter().map(|layer| layer.size)),
            user_size: sum(&mut self.layers().iter().skip(1).map(|layer| layer.size)),
            paths,
        }
    }

    /// The nodes that each layer speaks of, in their order, with what it says of each.
    fn sayings_by_layer(&self) -> Vec<Vec<(NodeId, Said)>> {
        let mut layers = vec![Vec::<(NodeId, Said)>::new(); self.layer_count()];
        // The root is no file of a layer.
        for node in self.nodes().skip(1) {
            for (_, saying) in self.sayings(node) {
                let said = match &self.record(saying).kind {
                    RecordKind::File(file) => Said::File(file.size),
                    RecordKind::Whiteout => Said::Whiteout,
                    RecordKind::Opaque => Said::Nothing,
                };
                let sayings = &mut layers[saying.layer as usize];
                // Of two entries with one path the later is the file.
                let again = sayings.last_mut().filter(|(last, earlier)| {
                    *last == node && matches!((&earlier, &said), (Said::File(_), Said::File(_)))
                });
                match again {
                    Some((_, earlier)) => *earlier = said,
                    None => sayings.push((node, said)),
                }
            }
        }
        layers
    }

    fn add_leaves(&self, layer: usize, sayings: &[(NodeId, Said)], found: &mut [Found]) {
        let mut removed = None;
        for (index, (node, said)) in sayings.iter().enumerate() {
            match said {
                Said::Whiteout => {
                    let sizes = removed.get_or_insert_with(|| self.sizes_below(layer));
                    found[node.index()].add(self.removed_size(*node, sizes));
                }
                Said::File(size) => {
                    let next = sayings[index + 1..].iter().find(|(next, _)| next != node);
                    if next.is_none_or(|(next, _)| next.index() >= self.end(*node)) {
                        found[node.index()].add(*size);
                    }
                }
                Said::Nothing => {}
            }
        }
    }

    /// The sizes that are visible below a layer.
    fn sizes_below(&self, layer: usize) -> Below {
        let snapshot = self.snapshot(layer.checked_sub(1));
        let mut sum = 0_u64;
        let mut sums = Vec::with_capacity(self.node_count() + 1);
        for file in &snapshot.files {
            sums.push(sum);
            let file = file.and_then(|file| self.file(file));
            sum = sum.saturating_add(file.map_or(0, |file| file.size));
        }
        sums.push(sum);
        Below { snapshot, sums }
    }

    /// What a whiteout of the node takes away: of a directory all that was in it.
    fn removed_size(&self, node: NodeId, below: &Below) -> u64 {
        let at = node.index();
        let file = below.snapshot.files[at].and_then(|file| self.file(file));
        let is_directory = match file {
            Some(file) => file.kind == FileKind::Directory,
            None => below.snapshot.present[at],
        };
        match is_directory {
            true => below.sums[self.end(node)] - below.sums[at],
            false => 0,
        }
    }
}

/// What a layer says of a path, as far as it counts here.
#[derive(Clone, Debug)]
enum Said {
    File(u64),
    Whiteout,
    Nothing,
}

/// What is visible below a layer, with the sum of the sizes of all nodes before each.
struct Below {
    snapshot: Snapshot,
    sums: Vec<u64>,
}
