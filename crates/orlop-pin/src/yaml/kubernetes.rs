//! Kubernetes objects: the images of containers, wherever a pod's specification stands.
//!
//! What has a pod in it (Pod, Deployment, CronJob, a List, somebody's own kind) is told by its shape:
//! a list of `containers`, `initContainers` or `ephemeralContainers`, and volumes that are images.

use std::collections::HashSet;

use super::tree::{NodeId, Tree};
use crate::error::Result;
use crate::image::Image;

const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// All image references of Kubernetes objects, each place once.
pub(crate) fn images(text: &str) -> Result<Vec<Image>> {
    let tree = Tree::read(text)?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut waiting: Vec<NodeId> = tree.documents().to_vec();
    while let Some(node) = waiting.pop() {
        if !seen.insert(node) {
            continue;
        }
        waiting.extend(tree.items(node));
        for (key, value) in tree.entries(node) {
            waiting.push(*value);
            let Some(key) = tree.scalar(*key) else {
                continue;
            };
            if LISTS.contains(&key.value.as_str()) {
                found.extend(
                    tree.items(*value)
                        .iter()
                        .filter_map(|c| tree.get(*c, "image")),
                );
            } else if key.value == "volumes" {
                // spec.volumes[].image.reference: a volume that is an image.
                let images = tree
                    .items(*value)
                    .iter()
                    .filter_map(|v| tree.get(*v, "image"));
                found.extend(images.filter_map(|image| tree.get(image, "reference")));
            }
        }
    }
    let mut once = HashSet::new();
    found.retain(|node| once.insert(*node));
    Ok(found
        .into_iter()
        .filter_map(|node| tree.image(node, ""))
        .collect())
}
