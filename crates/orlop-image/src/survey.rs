//! One look at the whole store, for everything that speaks of many images: a thousand images cost a
//! handful of queries, not a handful each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::thread;

use orlop_oci::{Descriptor, Digest, Platform, PlatformMatcher};
use orlop_store::{Graph, Store};

use crate::error::Result;
use crate::facts::{Fact, Facts};

/// Facts, sizes and uses of all that is stored.
pub(crate) struct Survey<'a> {
    facts: Facts<'a>,
    pub(crate) graph: Graph,
    containers: HashMap<Digest, usize>,
    /// What this machine runs.
    pub(crate) host: PlatformMatcher,
    /// The fact last asked for: the caller that adds up an image asks for it once more.
    last: RefCell<Option<(Digest, Fact)>>,
}

impl<'a> Survey<'a> {
    /// For many images. The graph, the longest to read, is read beside the facts and whatever else the
    /// caller reads of the store.
    pub(crate) fn all_and<T>(
        store: &'a Store,
        read: impl FnOnce(&Store) -> Result<T>,
    ) -> Result<(Self, T)> {
        thread::scope(|scope| {
            let graph = scope.spawn(|| store.graph());
            let facts = Facts::all(store)?;
            let other = read(store)?;
            let graph = graph
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok((Self::with(store, facts, graph)?, other))
        })
    }

    /// For one image, whose facts are asked for one by one.
    pub(crate) fn some(store: &'a Store) -> Result<Self> {
        Self::with(store, Facts::some(store), store.graph()?)
    }

    fn with(store: &'a Store, facts: Facts<'a>, graph: Graph) -> Result<Self> {
        Ok(Self {
            facts,
            graph,
            containers: store.container_counts()?,
            host: Platform::host().matcher(),
            last: RefCell::default(),
        })
    }

    /// What a document is; `None` when it isn't in the store.
    pub(crate) fn fact(&self, descriptor: &Descriptor) -> Result<Option<Fact>> {
        if self.graph.size(&descriptor.digest).is_none() {
            return Ok(None);
        }
        if let Some((digest, fact)) = &*self.last.borrow()
            && *digest == descriptor.digest
        {
            return Ok(Some(fact.clone()));
        }
        let fact = self.facts.get(&descriptor.digest, &descriptor.media_type)?;
        self.last
            .replace(fact.clone().map(|fact| (descriptor.digest.clone(), fact)));
        Ok(fact)
    }

    /// How many containers use an image, or a manifest of it.
    pub(crate) fn containers(&self, digest: &Digest) -> usize {
        self.containers.get(digest).copied().unwrap_or_default()
    }
}
