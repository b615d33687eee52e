//! Why something is on the disk: who holds it, and who holds those, up to the roots.
//!
//! Read in one transaction, so that what is told was true at one moment. Where collection asks "does
//! any root reach it?" and stops at the first, this goes on and collects all.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::time::SystemTime;

use jiff::Timestamp;
use orlop_oci::{ChainId, DiffId, Digest, Reference};
use rusqlite::Connection;

use crate::blobs;
use crate::containers::{self, ContainerUse};
use crate::error::{Error, Result};
use crate::images;
use crate::layout::digest_of_file_name;
use crate::leases::{self, LeaseRecord, LivingLeases};
use crate::locks::is_locked;
use crate::mounts::{self, MountRecord};
use crate::names;
use crate::snapshots::{self, SnapshotRecord};
use crate::sql;
use crate::store::Store;
use crate::sweep::{KEEP_PARTIAL, names_in};

/// Something that takes space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A blob: a document, a packed layer.
    Blob(Digest),
    /// The snapshots of a chain, of whatever drivers.
    Chain(ChainId),
}

/// Who holds a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Another thing, which has holders of its own.
    Thing(Thing),
    /// It is the target of an image with these names; dangling without any.
    Image {
        /// The names, sorted.
        names: Vec<Reference>,
    },
    /// A running operation.
    Lease(LeaseRecord),
    /// A mount.
    Mount(MountRecord),
    /// A container.
    Container(ContainerUse),
    /// A removal that can be taken back.
    Removal {
        /// What was typed.
        command: String,
        /// Its time, which the next command after it ends.
        until: Timestamp,
    },
}

/// The holders of a thing, and of those that hold it.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    by_thing: HashMap<Thing, Vec<Holder>>,
}

impl Holders {
    /// Those of one thing.
    pub fn of(&self, thing: &Thing) -> &[Holder] {
        self.by_thing.get(thing).map_or(&[], Vec::as_slice)
    }

    /// Whether a root holds it: else the next collection takes it.
    pub fn is_held(&self, thing: &Thing) -> bool {
        let mut seen = HashSet::new();
        let mut pending = vec![thing];
        while let Some(thing) = pending.pop() {
            if !seen.insert(thing) {
                continue;
            }
            for holder in self.of(thing) {
                match holder {
                    Holder::Thing(above) => pending.push(above),
                    _ => return true,
                }
            }
        }
        false
    }
}

/// A blob that comes in, or came in in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Which.
    pub digest: Digest,
    /// How many bytes are there.
    pub size: u64,
    /// Somebody brings it right now.
    pub is_arriving: bool,
    /// Until when it waits for another try.
    pub kept_until: Timestamp,
}

/// What a digest, or the beginning of one, stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identified {
    /// Blobs, stored or named by a document that is.
    pub blobs: Vec<Digest>,
    /// Chains.
    pub chains: Vec<ChainId>,
    /// Layers, by what they are unpacked.
    pub layers: Vec<DiffId>,
}

impl Store {
    /// Who holds these things, up to the roots.
    ///
    /// # Errors
    /// When the database or the kernel's table of mounts can't be read.
    pub fn holders(&self, things: &[Thing]) -> Result<Holders> {
        self.read(|db| {
            let mut living = LivingLeases::new(self.layout());
            let reader = Reader {
                db,
                leases: leases::living(db, &mut living)?,
                mounts: mounts::living(db)?,
            };
            let mut holders = Holders::default();
            let mut pending = things.to_vec();
            while let Some(thing) = pending.pop() {
                if holders.by_thing.contains_key(&thing) {
                    continue;
                }
                let found = match &thing {
                    Thing::Blob(digest) => reader.of_blob(digest)?,
                    Thing::Chain(chain) => reader.of_chain(chain)?,
                };
                pending.extend(found.iter().filter_map(|holder| match holder {
                    Holder::Thing(above) => Some(above.clone()),
                    _ => None,
                }));
                holders.by_thing.insert(thing, found);
            }
            Ok(holders)
        })
    }

    /// The snapshots of a chain, of all drivers.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn snapshots_of(&self, chain: &ChainId) -> Result<Vec<SnapshotRecord>> {
        self.snapshots_where("chain_id", chain.as_str())
    }

    /// The snapshots of a layer, on whatever they stand.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn snapshots_of_layer(&self, layer: &DiffId) -> Result<Vec<SnapshotRecord>> {
        self.snapshots_where("diff_id", layer.as_str())
    }

    fn snapshots_where(&self, column: &str, value: &str) -> Result<Vec<SnapshotRecord>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {} FROM snapshots WHERE {column} = ?1",
                snapshots::COLUMNS
            ))?;
            let rows = statement.query_map([value], snapshots::record)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Everything whose identity begins with these hex digits, with or without `sha256:` in front.
    /// Nothing when `prefix` has anything else in it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn identify(&self, prefix: &str) -> Result<Identified> {
        let Some(beginnings) = images::beginnings(prefix) else {
            return Ok(Identified::default());
        };
        self.read(|db| {
            let mut found = Identified::default();
            for beginning in beginnings {
                found.blobs.extend(starting(
                    db,
                    &["blobs.digest", "edges.child", "edges.parent"],
                    &beginning,
                )?);
                let chains: Vec<Digest> = starting(
                    db,
                    &["snapshots.chain_id", "image_chains.chain_id"],
                    &beginning,
                )?;
                found.chains.extend(chains.into_iter().map(ChainId));
                let layers: Vec<Digest> =
                    starting(db, &["layers.diff_id", "snapshots.diff_id"], &beginning)?;
                found.layers.extend(layers.into_iter().map(DiffId));
            }
            Ok(found)
        })
    }

    /// The blobs that are not whole yet, of which the digest begins with `prefix` as in
    /// [`Store::identify`].
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn partials(&self, prefix: &str) -> Result<Vec<Partial>> {
        let Some(beginnings) = images::beginnings(prefix) else {
            return Ok(Vec::new());
        };
        let ingest = self.layout().ingest();
        let mut partials = Vec::new();
        for name in names_in(&ingest)? {
            let Some(digest) = digest_of_file_name(&name) else {
                continue;
            };
            if !beginnings.iter().any(|b| digest.as_str().starts_with(b)) {
                continue;
            }
            let path = ingest.join(&name);
            let meta = match fs::metadata(&path) {
                Ok(meta) => meta,
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(Error::io("look at", &path)(e)),
            };
            let modified = meta.modified().unwrap_or_else(|_| SystemTime::now());
            partials.push(Partial {
                is_arriving: is_locked(&self.layout().blob_lock(&digest))?,
                size: meta.len(),
                kept_until: Timestamp::try_from(modified + KEEP_PARTIAL).unwrap_or(Timestamp::MAX),
                digest,
            });
        }
        Ok(partials)
    }
}

/// The identities in these columns that start so, each once.
fn starting(db: &Connection, columns: &[&str], beginning: &str) -> rusqlite::Result<Vec<Digest>> {
    let queries: Vec<String> = columns
        .iter()
        .filter_map(|column| column.split_once('.'))
        .map(|(table, column)| {
            // `g` comes right after the last hex digit.
            format!("SELECT {column} FROM {table} WHERE {column} >= ?1 AND {column} < ?1 || 'g'")
        })
        .collect();
    db.prepare_cached(&queries.join(" UNION "))?
        .query_map([beginning], |row| sql::digest(row, 0))?
        .collect()
}

struct Reader<'a> {
    db: &'a Connection,
    leases: Vec<LeaseRecord>,
    mounts: Vec<MountRecord>,
}

impl Reader<'_> {
    fn of_blob(&self, digest: &Digest) -> Result<Vec<Holder>> {
        let mut holders = Vec::new();
        if images::exists(self.db, digest)? {
            let names = names::names_of(self.db, digest)?;
            holders.push(Holder::Image { names });
        }
        for parent in self.list("SELECT parent FROM edges WHERE child = ?1", digest.as_str())? {
            // What is known of a document that isn't here holds nothing.
            if blobs::size_of(self.db, &parent)?.is_some() {
                holders.push(Holder::Thing(Thing::Blob(parent)));
            }
        }
        self.roots(
            "SELECT lease FROM lease_blobs WHERE digest = ?1",
            digest.as_str(),
            |mount| mount.image.as_ref() == Some(digest),
            &mut holders,
        )?;
        let containers = containers::using(self.db, digest)?;
        holders.extend(containers.into_iter().map(Holder::Container));
        self.removals(digest, &mut holders)?;
        Ok(holders)
    }

    fn of_chain(&self, chain: &ChainId) -> Result<Vec<Holder>> {
        let mut holders = Vec::new();
        let manifests = self.list(
            "SELECT DISTINCT manifest FROM image_chains WHERE chain_id = ?1",
            chain.as_str(),
        )?;
        for manifest in &manifests {
            holders.push(Holder::Thing(Thing::Blob(manifest.clone())));
        }
        if manifests.is_empty() {
            // Else those above are held by the same manifests.
            let above = self.list(
                "SELECT DISTINCT chain_id FROM snapshots WHERE parent = ?1",
                chain.as_str(),
            )?;
            let above = above.into_iter().map(|c| Thing::Chain(ChainId(c)));
            holders.extend(above.map(Holder::Thing));
        }
        self.roots(
            "SELECT lease FROM lease_chains WHERE chain_id = ?1",
            chain.as_str(),
            |mount| mount.chain.as_ref() == Some(chain),
            &mut holders,
        )?;
        let ids: Vec<ContainerUse> = self
            .db
            .prepare_cached(
                "SELECT id, name, running FROM containers WHERE chain_id = ?1 ORDER BY id",
            )?
            .query_map([chain.as_str()], containers::record)?
            .collect::<rusqlite::Result<_>>()?;
        holders.extend(ids.into_iter().map(Holder::Container));
        Ok(holders)
    }

    fn roots(
        &self,
        leases: &str,
        key: &str,
        is_mounted: impl Fn(&MountRecord) -> bool,
        holders: &mut Vec<Holder>,
    ) -> Result<()> {
        let ids: Vec<String> = self
            .db
            .prepare_cached(leases)?
            .query_map([key], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let leases = self.leases.iter().filter(|lease| ids.contains(&lease.id));
        holders.extend(leases.cloned().map(Holder::Lease));
        let mounts = self.mounts.iter().filter(|mount| is_mounted(mount));
        holders.extend(mounts.cloned().map(Holder::Mount));
        Ok(())
    }

    fn removals(&self, target: &Digest, holders: &mut Vec<Holder>) -> Result<()> {
        let removals: Vec<Holder> = self
            .db
            .prepare_cached(
                "SELECT command, held_until FROM removed_images JOIN removals ON id = removal
                 WHERE target = ?1 AND held_until IS NOT NULL ORDER BY id",
            )?
            .query_map([target.as_str()], |row| {
                Ok(Holder::Removal {
                    command: row.get(0)?,
                    until: sql::time(row, 1)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        holders.extend(removals);
        Ok(())
    }

    fn list(&self, query: &str, key: &str) -> rusqlite::Result<Vec<Digest>> {
        self.db
            .prepare_cached(query)?
            .query_map([key], |row| sql::digest(row, 0))?
            .collect()
    }
}
