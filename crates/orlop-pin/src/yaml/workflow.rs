//! GitHub Actions: the containers and services of a workflow's jobs, steps that are images
//! (`uses: docker://…`), and actions that are one (`runs.image: docker://…`).
//! ("Workflow syntax for GitHub Actions", "Metadata syntax for GitHub Actions".)

use std::collections::HashSet;

use super::tree::{NodeId, Tree};
use crate::error::Result;
use crate::image::Image;

/// How a step or an action names an image.
const SCHEME: &str = "docker://";

/// All image references of a workflow or an action, each place once.
pub(crate) fn images(text: &str) -> Result<Vec<Image>> {
    let tree = Tree::read(text)?;
    let mut found = Found {
        tree: &tree,
        nodes: Vec::new(),
        seen: HashSet::new(),
    };
    for document in tree.documents() {
        if let Some(jobs) = tree.get(*document, "jobs") {
            for (_, job) in tree.entries(jobs) {
                found.job(*job);
            }
        }
        if let Some(runs) = tree.get(*document, "runs") {
            found.add(tree.get(runs, "image"), SCHEME);
            found.steps(runs);
        }
    }
    let nodes = found.nodes;
    Ok(nodes
        .into_iter()
        .filter_map(|(node, prefix)| tree.image(node, prefix))
        .collect())
}

struct Found<'t, 'a> {
    tree: &'t Tree<'a>,
    nodes: Vec<(NodeId, &'static str)>,
    seen: HashSet<NodeId>,
}

impl Found<'_, '_> {
    fn job(&mut self, job: NodeId) {
        self.container(self.tree.get(job, "container"));
        if let Some(services) = self.tree.get(job, "services") {
            for (_, service) in self.tree.entries(services) {
                self.container(Some(*service));
            }
        }
        self.steps(job);
    }

    fn steps(&mut self, of: NodeId) {
        let Some(steps) = self.tree.get(of, "steps") else {
            return;
        };
        for step in self.tree.items(steps) {
            self.add(self.tree.get(*step, "uses"), SCHEME);
        }
    }

    /// A container is a name, or a mapping with one.
    fn container(&mut self, node: Option<NodeId>) {
        let Some(node) = node else { return };
        let image = match self.tree.scalar(node) {
            Some(_) => Some(node),
            None => self.tree.get(node, "image"),
        };
        self.add(image, "");
    }

    fn add(&mut self, node: Option<NodeId>, prefix: &'static str) {
        if let Some(node) = node
            && self.seen.insert(node)
        {
            self.nodes.push((node, prefix));
        }
    }
}
