//! Compose files: the `image` of each service (compose-spec, `05-services.md`).
//!
//! A service that is built gives its image that name; it isn't pulled by it, so it isn't pinned.
//! Anchors and merges (`x-…`, `<<`) are followed to where the reference really stands.

use std::collections::HashSet;

use super::tree::Tree;
use crate::error::Result;
use crate::image::Image;

/// All image references of a compose file, each place once.
pub(crate) fn images(text: &str) -> Result<Vec<Image>> {
    let tree = Tree::read(text)?;
    let mut nodes = Vec::new();
    let mut seen = HashSet::new();
    for document in tree.documents() {
        let Some(services) = tree.get(*document, "services") else {
            continue;
        };
        for (_, service) in tree.entries(services) {
            let is_built = tree.get(*service, "build").is_some();
            if let Some(image) = tree.get(*service, "image").filter(|_| !is_built)
                && seen.insert(image)
            {
                nodes.push(image);
            }
        }
    }
    Ok(nodes
        .into_iter()
        .filter_map(|node| tree.image(node, ""))
        .collect())
}
