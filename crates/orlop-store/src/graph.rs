//! All that is known of who needs what, read at once: for lists of images and their sizes, where one
//! query for each image would cost too much.

use std::collections::{HashMap, HashSet};

use orlop_oci::{ChainId, Digest};
use rusqlite::{Connection, Row};

use crate::blobs::BlobInfo;
use crate::error::Result;
use crate::sql;
use crate::store::Store;

/// One consistent state of blobs, edges, chains and snapshots.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    numbers: HashMap<Digest, usize>,
    nodes: Vec<Node>,
    chain_numbers: HashMap<ChainId, usize>,
    chains: Vec<ChainNode>,
}

#[derive(Clone, Debug)]
struct Node {
    digest: Digest,
    /// In the store, with this many bytes.
    size: Option<u64>,
    children: Vec<usize>,
    chains: Vec<usize>,
}

#[derive(Clone, Debug)]
struct ChainNode {
    chain: ChainId,
    /// Unpacked, with this many bytes on disk in all drivers.
    bytes: Option<u64>,
}

impl Store {
    /// Reads the graph.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn graph(&self) -> Result<Graph> {
        self.read(|db| Ok(Graph::read(db)?))
    }

    /// The documents and blobs that a document names, here or not.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn children(&self, parent: &Digest) -> Result<Vec<Digest>> {
        self.neighbours("SELECT child FROM edges WHERE parent = ?1", parent)
    }

    /// The documents that name a blob.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn parents(&self, child: &Digest) -> Result<Vec<Digest>> {
        self.neighbours("SELECT parent FROM edges WHERE child = ?1", child)
    }

    fn neighbours(&self, query: &str, of: &Digest) -> Result<Vec<Digest>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(query)?;
            let rows = statement.query_map([of.as_str()], |row| sql::digest(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Numbers seen so far. An image reaches a handful of nodes, for which a look through a list is
/// quicker than a hash; a large index gets its hash.
#[derive(Default)]
struct Seen {
    few: Vec<usize>,
    many: HashSet<usize>,
}

impl Seen {
    const FEW: usize = 32;

    /// Says whether the number is new.
    fn insert(&mut self, number: usize) -> bool {
        if self.few.contains(&number) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(number);
            return true;
        }
        self.many.insert(number)
    }
}

impl Graph {
    fn read(db: &Connection) -> rusqlite::Result<Self> {
        let mut graph = Self::default();
        let mut statement = db.prepare_cached("SELECT digest, size FROM blobs")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let node = graph.node(sql::digest(row, 0)?);
            graph.nodes[node].size = Some(sql::count(row, 1)?);
        }
        let mut statement =
            db.prepare_cached("SELECT parent, child FROM edges ORDER BY parent, child")?;
        let mut rows = statement.query([])?;
        let mut parent = 0;
        while let Some(row) = rows.next()? {
            parent = graph.node_of_group(parent, row)?;
            let child = graph.node(sql::digest(row, 1)?);
            graph.nodes[parent].children.push(child);
        }
        let mut statement = db.prepare_cached("SELECT chain_id, bytes FROM snapshots")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let chain = graph.chain(sql::chain(row, 0)?);
            let bytes = sql::count(row, 1)?;
            let sum = graph.chains[chain].bytes.get_or_insert(0);
            *sum = sum.saturating_add(bytes);
        }
        let mut statement = db.prepare_cached(
            "SELECT manifest, chain_id FROM image_chains ORDER BY manifest, position",
        )?;
        let mut rows = statement.query([])?;
        let mut manifest = 0;
        while let Some(row) = rows.next()? {
            manifest = graph.node_of_group(manifest, row)?;
            let chain = graph.chain(sql::chain(row, 1)?);
            graph.nodes[manifest].chains.push(chain);
        }
        Ok(graph)
    }

    /// The node in the first column. Rows come in groups of one: nothing is parsed again that stood in
    /// the row before.
    fn node_of_group(&mut self, before: usize, row: &Row<'_>) -> rusqlite::Result<usize> {
        let text = row.get_ref(0)?.as_str()?;
        match self.nodes.get(before) {
            Some(node) if node.digest.as_str() == text => Ok(before),
            _ => Ok(self.node(sql::digest(row, 0)?)),
        }
    }

    fn node(&mut self, digest: Digest) -> usize {
        if let Some(number) = self.numbers.get(&digest) {
            return *number;
        }
        let number = self.nodes.len();
        self.numbers.insert(digest.clone(), number);
        self.nodes.push(Node {
            digest,
            size: None,
            children: Vec::new(),
            chains: Vec::new(),
        });
        number
    }

    fn chain(&mut self, chain: ChainId) -> usize {
        if let Some(number) = self.chain_numbers.get(&chain) {
            return *number;
        }
        let number = self.chains.len();
        self.chain_numbers.insert(chain.clone(), number);
        self.chains.push(ChainNode { chain, bytes: None });
        number
    }

    /// The length of a blob in bytes, when it is stored.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        self.nodes[*self.numbers.get(digest)?].size
    }

    /// What a document names, here or not, in no particular order.
    pub fn children(&self, parent: &Digest) -> Vec<&Digest> {
        self.numbers.get(parent).map_or(Vec::new(), |number| {
            let children = self.nodes[*number].children.iter();
            children.map(|child| &self.nodes[*child].digest).collect()
        })
    }

    /// The stored blobs that `root` is and needs, each once.
    pub fn content(&self, root: &Digest) -> Vec<BlobInfo> {
        let reached = self.reach([root]);
        let stored = reached.iter().map(|number| &self.nodes[*number]);
        stored
            .filter_map(|node| {
                node.size.map(|size| BlobInfo {
                    digest: node.digest.clone(),
                    size,
                })
            })
            .collect()
    }

    /// Bytes of the stored blobs that these are and need, each counted once.
    pub fn content_size<'a>(&self, roots: impl IntoIterator<Item = &'a Digest>) -> u64 {
        let reached = self.reach(roots);
        reached.iter().filter_map(|n| self.nodes[*n].size).sum()
    }

    /// Whether `root` and all that it needs is stored.
    pub fn is_complete(&self, root: &Digest) -> bool {
        self.numbers.contains_key(root)
            && self
                .reach([root])
                .iter()
                .all(|n| self.nodes[*n].size.is_some())
    }

    /// The chains of a manifest's layers, bottom first; empty until it was unpacked once.
    pub fn chains(&self, manifest: &Digest) -> Vec<&ChainId> {
        self.numbers.get(manifest).map_or(Vec::new(), |number| {
            let chains = self.nodes[*number].chains.iter();
            chains.map(|chain| &self.chains[*chain].chain).collect()
        })
    }

    /// Bytes on disk of a chain's own snapshot, when it is unpacked.
    pub fn snapshot_bytes(&self, chain: &ChainId) -> Option<u64> {
        self.chains[*self.chain_numbers.get(chain)?].bytes
    }

    /// Bytes on disk of the unpacked layers of these and of the manifests that they need, each snapshot
    /// counted once.
    pub fn unpacked_size<'a>(&self, roots: impl IntoIterator<Item = &'a Digest>) -> u64 {
        let chains = self.reach_chains(&self.reach(roots));
        chains.iter().filter_map(|c| self.chains[*c].bytes).sum()
    }

    /// For each of `images`, the bytes of blobs and unpacked layers that another of them needs too.
    pub fn shared_sizes<'a>(&self, images: &[&'a Digest]) -> HashMap<&'a Digest, u64> {
        let mut users = vec![0_u32; self.nodes.len()];
        let mut chain_users = vec![0_u32; self.chains.len()];
        let mut reached = Vec::with_capacity(images.len());
        for image in images {
            let nodes = self.reach([*image]);
            let chains = self.reach_chains(&nodes);
            nodes.iter().for_each(|n| users[*n] += 1);
            chains.iter().for_each(|c| chain_users[*c] += 1);
            reached.push((nodes, chains));
        }
        let shared = reached.into_iter().map(|(nodes, chains)| {
            let blobs = nodes.iter().filter(|n| users[**n] > 1);
            let layers = chains.iter().filter(|c| chain_users[**c] > 1);
            blobs.filter_map(|n| self.nodes[*n].size).sum::<u64>()
                + layers.filter_map(|c| self.chains[*c].bytes).sum::<u64>()
        });
        images.iter().copied().zip(shared).collect()
    }

    /// For each of `order`, the bytes of blobs and unpacked layers that nobody needs any more when it
    /// goes after those before it. `roots` are all that there are, those of `order` too.
    pub fn freed_in_turn<'a>(
        &self,
        roots: impl IntoIterator<Item = &'a Digest>,
        order: &[&'a Digest],
    ) -> Vec<u64> {
        let mut users = vec![0_u32; self.nodes.len()];
        let mut chain_users = vec![0_u32; self.chains.len()];
        for root in roots {
            let nodes = self.reach([root]);
            let chains = self.reach_chains(&nodes);
            nodes.iter().for_each(|n| users[*n] += 1);
            chains.iter().for_each(|c| chain_users[*c] += 1);
        }
        let mut free = |root: &Digest| {
            let nodes = self.reach([root]);
            let mut freed = 0_u64;
            for chain in self.reach_chains(&nodes) {
                chain_users[chain] = chain_users[chain].saturating_sub(1);
                if chain_users[chain] == 0 {
                    freed += self.chains[chain].bytes.unwrap_or_default();
                }
            }
            for node in nodes {
                users[node] = users[node].saturating_sub(1);
                if users[node] == 0 {
                    freed += self.nodes[node].size.unwrap_or_default();
                }
            }
            freed
        };
        order.iter().map(|root| free(root)).collect()
    }

    fn reach<'a>(&self, roots: impl IntoIterator<Item = &'a Digest>) -> Vec<usize> {
        let mut pending: Vec<usize> = roots
            .into_iter()
            .filter_map(|root| self.numbers.get(root).copied())
            .collect();
        let mut seen = Seen::default();
        let mut reached = Vec::new();
        while let Some(number) = pending.pop() {
            if seen.insert(number) {
                reached.push(number);
                pending.extend(&self.nodes[number].children);
            }
        }
        reached
    }

    /// The chains of these nodes, each once.
    fn reach_chains(&self, nodes: &[usize]) -> Vec<usize> {
        let manifests = nodes.iter().map(|n| &self.nodes[*n]);
        let mut chains: Vec<usize> = manifests.flat_map(|m| m.chains.iter().copied()).collect();
        chains.sort_unstable();
        chains.dedup();
        chains
    }
}
