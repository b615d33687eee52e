//! `system repair`: damage is found, named, and put right where what is right is still here.
//!
//! The order is that of what depends on what: blobs first, all of them hashed; then the files of the
//! layout and the facts that are derived from documents; then the unpacked layers, bottom first, each
//! compared with what its blob unpacks to. A damaged blob goes to the quarantine, and whoever needs it
//! pulls it again; a damaged layer is unpacked anew. Everything is done under the locks that a pull
//! takes, one thing at a time, so that others may work meanwhile.

mod blobs;
mod derived;
mod layers;

use std::collections::HashSet;
use std::num::NonZero;

use orlop_layer::Bounds;
use orlop_oci::{ChainId, Digest};
use orlop_store::{BlobFault, Depth, Holder, Thing};

use crate::cancel::Cancel;
use crate::error::Result;
use crate::event::EventSink;
use crate::images::Images;

/// How to repair.
#[derive(Clone, Debug, Default)]
pub struct RepairOptions {
    /// Look at sizes of blobs and at whether layers are there; nothing is read.
    pub fast: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// How many blobs are read at a time; as many as there are processors when it is 0.
    pub threads: usize,
    /// What a layer that is unpacked may ask of the machine.
    pub bounds: Bounds,
}

impl RepairOptions {
    fn depth(&self) -> Depth {
        if self.fast {
            Depth::Size
        } else {
            Depth::Content
        }
    }

    fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        }
    }
}

/// What was looked at and found.
#[derive(Clone, Debug, Default)]
pub struct RepairReport {
    /// How many blobs were looked at.
    pub blobs: usize,
    /// Bytes that were read of them.
    pub bytes: u64,
    /// How many unpacked layers were looked at.
    pub layers: usize,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl RepairReport {
    /// How much of it is still damaged.
    pub fn remaining(&self) -> usize {
        let remains = |f: &&Finding| matches!(f.outcome, Outcome::Remains(_));
        self.findings.iter().filter(remains).count()
    }
}

/// One thing that isn't as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub damage: Damage,
    /// What became of it.
    pub outcome: Outcome,
}

/// What is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The database, in SQLite's words.
    Database(String),
    /// A blob, and the images that need it.
    Blob {
        /// Which.
        digest: Digest,
        /// How.
        fault: BlobFault,
        /// The names of the images.
        images: Vec<String>,
    },
    /// An image lacks blobs that it had.
    Incomplete {
        /// Its name, or its ID.
        image: String,
        /// The blobs.
        lacks: Vec<Digest>,
    },
    /// Files of blobs that no row names.
    Orphans {
        /// How many.
        count: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// `oci-layout` or `index.json`.
    Layout,
    /// What the database knows of a document isn't what the document says.
    Derived {
        /// The document.
        document: Digest,
        /// Which knowledge.
        what: &'static str,
    },
    /// An unpacked layer.
    Layer {
        /// The storage driver.
        driver: String,
        /// Which.
        chain: ChainId,
        /// How.
        fault: LayerFault,
        /// The names of the images that need it.
        images: Vec<String>,
    },
}

/// What is wrong with an unpacked layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerFault {
    /// Its directory is missing.
    Missing,
    /// Its files aren't those of its blob: the first that differ, and how many do.
    Different {
        /// Paths, in the order of the tree.
        some: Vec<String>,
        /// How many in all.
        count: usize,
    },
    /// The database doesn't know it.
    Unrecorded,
    /// It can't be read, in words.
    Unreadable(String),
}

/// What became of a damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is right again, or will be by itself; how.
    Repaired(String),
    /// It harms nobody; why.
    Harmless(String),
    /// It is still there; what to do.
    Remains(String),
}

/// One repair.
struct Repair<'a> {
    images: &'a Images,
    options: &'a RepairOptions,
    events: &'a dyn EventSink,
    cancel: &'a Cancel,
    report: RepairReport,
    /// Blobs that were found damaged.
    damaged: HashSet<Digest>,
}

impl Images {
    /// Looks for damage, and repairs what can be. Blocks; `cancel` stops it within a moment.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`], or when the store can't be read at all. What was repaired until
    /// then is.
    pub fn repair(
        &self,
        options: &RepairOptions,
        events: &dyn EventSink,
        cancel: &Cancel,
    ) -> Result<RepairReport> {
        let mut repair = Repair {
            images: self,
            options,
            events,
            cancel,
            report: RepairReport::default(),
            damaged: HashSet::new(),
        };
        for words in self.store.check_database()? {
            repair.found(
                Damage::Database(words),
                Outcome::Remains("the database has to be made anew".to_owned()),
            );
        }
        repair.blobs()?;
        repair.layout()?;
        repair.derived()?;
        repair.layers()?;
        Ok(repair.report)
    }
}

impl Repair<'_> {
    fn found(&mut self, damage: Damage, outcome: Outcome) {
        self.report.findings.push(Finding { damage, outcome });
    }

    /// The names of the images that need a thing, or their IDs where they have none.
    fn needed_by(&self, thing: &Thing) -> Result<Vec<String>> {
        let holders = self.images.store.holders(std::slice::from_ref(thing))?;
        let mut seen = Vec::new();
        let mut names = Vec::new();
        let mut pending = vec![thing.clone()];
        while let Some(thing) = pending.pop() {
            if seen.contains(&thing) {
                continue;
            }
            for holder in holders.of(&thing) {
                match (holder, &thing) {
                    (Holder::Thing(above), _) => pending.push(above.clone()),
                    (Holder::Image { names: own }, Thing::Blob(id)) if own.is_empty() => {
                        names.push(id.short().to_owned());
                    }
                    (Holder::Image { names: own }, _) => {
                        names.extend(own.iter().map(|name| name.familiar()));
                    }
                    _ => {}
                }
            }
            seen.push(thing);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn layout(&mut self) -> Result<()> {
        let store = &self.images.store;
        let marker = store.oci_dir().join("oci-layout").is_file();
        if marker && store.is_index_json_right()? {
            return Ok(());
        }
        let outcome = if self.options.dry_run {
            Outcome::Remains("it can be written anew".to_owned())
        } else {
            store.rewrite_layout_files()?;
            Outcome::Repaired("written anew".to_owned())
        };
        self.found(Damage::Layout, outcome);
        Ok(())
    }
}
