//! The formats that are YAML: one tree for all, which knows where its scalars stand.

pub(crate) mod compose;
pub(crate) mod kubernetes;
mod tree;
pub(crate) mod workflow;

use crate::kind::Kind;
use tree::Tree;

/// The kind that a YAML text has the shape of.
pub(crate) fn looks_like(text: &str) -> Option<Kind> {
    let tree = Tree::read(text).ok()?;
    let mut kinds = tree.documents().iter().filter_map(|document| {
        let has = |key: &str| tree.get(*document, key).is_some();
        if has("apiVersion") && has("kind") {
            Some(Kind::Kubernetes)
        } else if has("services") {
            Some(Kind::Compose)
        } else if has("jobs") || has("runs") {
            Some(Kind::Workflow)
        } else {
            None
        }
    });
    kinds.next()
}
