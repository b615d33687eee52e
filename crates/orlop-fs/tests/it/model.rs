//! Random layers against the simplest model of what unpacking means.

use std::collections::BTreeMap;

use orlop_fs::{NodeKind, WhiteoutStyle};
use proptest::prelude::*;

use crate::layer::{Layer, applied, assert_same, is_root, scratch};

#[derive(Clone, Debug)]
enum Op {
    File(String, u8),
    Dir(String, u32),
    /// Named so that it is never a parent.
    Symlink(String),
    Link(String, String),
}

#[derive(Clone, Debug, PartialEq)]
enum Model {
    Dir(u32),
    File { size: u64, inode: usize },
    Symlink { inode: usize },
}

fn model(ops: &[Op]) -> Option<BTreeMap<String, Model>> {
    let mut tree = BTreeMap::new();
    for (inode, op) in ops.iter().enumerate() {
        let path = match op {
            Op::File(path, _) | Op::Dir(path, _) | Op::Symlink(path) | Op::Link(path, _) => path,
        };
        for (end, _) in path.match_indices('/') {
            let parent = tree
                .entry(path[..end].to_owned())
                .or_insert(Model::Dir(0o755));
            if !matches!(parent, Model::Dir(_)) {
                return None;
            }
        }
        let below = format!("{path}/");
        let replace = |tree: &mut BTreeMap<String, Model>, new| {
            tree.retain(|other, _| !other.starts_with(&below));
            tree.insert(path.clone(), new);
        };
        match op {
            Op::File(_, size) => {
                let size = u64::from(*size);
                replace(&mut tree, Model::File { size, inode });
            }
            Op::Symlink(_) => replace(&mut tree, Model::Symlink { inode }),
            Op::Dir(_, mode) => {
                tree.insert(path.clone(), Model::Dir(*mode));
            }
            Op::Link(_, target) => {
                let found = tree
                    .get(target)
                    .filter(|node| !matches!(node, Model::Dir(_)))?
                    .clone();
                if target == path || target.starts_with(&below) {
                    return None;
                }
                replace(&mut tree, found);
            }
        }
    }
    Some(tree)
}

fn op() -> impl Strategy<Value = Op> {
    let dir = || prop::sample::select(vec!["a", "b", "a/b", "b/a", "a/b/a", "a-b"]);
    let anywhere =
        || (dir(), prop::sample::select(vec!["", "/s", "/x"])).prop_map(|(d, n)| format!("{d}{n}"));
    prop_oneof![
        3 => (anywhere(), any::<u8>()).prop_map(|(path, size)| Op::File(path, size)),
        3 => (dir(), prop::sample::select(vec![0o700u32, 0o755, 0o1777])).prop_map(|(d, m)| Op::Dir(d.to_owned(), m)),
        1 => dir().prop_map(|dir| Op::Symlink(format!("{dir}/s"))),
        2 => (anywhere(), anywhere()).prop_map(|(path, target)| Op::Link(link_name(path, &target), target)),
    ]
}

/// A link to what may be a symbolic link isn't a parent, either.
fn link_name(path: String, target: &str) -> String {
    match (target.ends_with("/s"), path.strip_suffix("/x")) {
        (false, _) => path,
        (true, _) if path.ends_with("/s") => path,
        (true, Some(dir)) => format!("{dir}/s"),
        (true, None) => format!("{path}/s"),
    }
}

fn layer(ops: &[Op]) -> Layer {
    let mut layer = Layer::new();
    for (number, op) in ops.iter().enumerate() {
        layer.mode = None;
        match op {
            Op::File(path, size) => layer.file(path, vec![number as u8; usize::from(*size)]),
            Op::Dir(path, mode) => layer.with_mode(*mode).dir(path),
            Op::Symlink(path) => layer.symlink(path, "/somewhere"),
            Op::Link(path, target) => layer.link(path, target),
        };
    }
    layer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_layer_is_what_the_model_says(ops in proptest::collection::vec(op(), 0..12)) {
        let layer = layer(&ops);
        let (Some(expected), result) = (model(&ops), applied(&[&layer])) else {
            prop_assert!(applied(&[&layer]).is_err());
            return Ok(());
        };
        let (_dir, listing) = result.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut found = BTreeMap::new();
        let mut groups = BTreeMap::new();
        for (path, node) in listing.nodes.iter().skip(1) {
            let path = String::from_utf8(path.clone()).unwrap();
            let model = expected.get(&path);
            let kind = match (&node.kind, model) {
                (NodeKind::Directory, _) => Model::Dir(node.mode),
                (NodeKind::File { size, .. }, Some(Model::File { inode, .. })) => {
                    Model::File { size: *size, inode: *inode }
                }
                (NodeKind::Symlink(_), Some(Model::Symlink { inode })) => Model::Symlink { inode: *inode },
                other => return Err(TestCaseError::fail(format!("{path}: {other:?}"))),
            };
            if let Model::File { inode, .. } | Model::Symlink { inode } = &kind {
                // The same inode in the model is the same file on disk, and no other.
                let name = node.link_group.clone().unwrap_or_else(|| path.clone().into_bytes());
                prop_assert_eq!(groups.entry(*inode).or_insert_with(|| name.clone()), &name);
            }
            found.insert(path, kind);
        }
        let distinct: std::collections::BTreeSet<_> = groups.values().collect();
        prop_assert_eq!(distinct.len(), groups.len());
        prop_assert_eq!(&found, &expected);

        // A single layer is the same in every style.
        for style in [WhiteoutStyle::OverlayUser, WhiteoutStyle::Overlay] {
            if style == WhiteoutStyle::Overlay && !is_root() {
                continue;
            }
            let dir = scratch();
            layer.unpack(dir.path(), style).unwrap();
            assert_same(&listing, &orlop_fs::TreeListing::read(dir.path()).unwrap());
        }
    }
}
