//! Unpacked layers, bottom first: each is unpacked once more, from its blob, and compared with what is
//! there. Where they differ, the new one takes the place of the old one.
//!
//! Not compared are the times of directories and of whiteouts, which a layer that doesn't name them
//! leaves to the moment of unpacking.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use orlop_fs::{Difference, NodeKind, TreeListing, Usage};
use orlop_oci::ChainId;
use orlop_snapshot::{DRIVERS, Driver, Staging, driver_of};
use orlop_store::{ChainLock, Lease, Publication, SnapshotRecord, Thing};

use super::{Damage, LayerFault, Outcome, Repair};
use crate::error::{Error, Result};
use crate::event::{Event, Work};
use crate::pull::{PlannedLayer, unpack_stored};

/// So many paths of a difference are told.
const SOME: usize = 3;

/// A layer that was unpacked once more, and what it takes if that is known.
type Fresh = (Staging, Option<Usage>);

/// What a look at an unpacked layer gave.
enum Seen {
    Right,
    /// Nobody could tell: what it has to be compared with isn't here, or somebody is at it.
    Unknown,
    /// It is as it should be, but the database doesn't know it. The lock is that of its chain.
    Unrecorded(Option<Usage>, ChainLock),
    /// It is not; what to put in its place, when that can be made.
    Wrong(LayerFault, Option<(Fresh, ChainLock)>),
}

impl Repair<'_> {
    pub(super) fn layers(&mut self) -> Result<()> {
        if !self.images.store.is_writable() {
            // There is no room to unpack anything to compare with.
            return Ok(());
        }
        let layers = self.needed_layers()?;
        let all_bytes: u64 = layers.iter().map(|layer| layer.descriptor.size).sum();
        let mounted = self.mounted(&layers)?;
        for name in DRIVERS {
            let driver = driver_of(self.images.store.root(), name)?;
            let mut checked = 0;
            // Of this driver: what stands on them can't be compared.
            let mut unsound: HashSet<ChainId> = HashSet::new();
            for (index, layer) in layers.iter().enumerate() {
                if self.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let record = self.images.store.snapshot(name, &layer.chain)?;
                if record.is_none() && !driver.exists(&layer.chain) {
                    continue;
                }
                self.report.layers += 1;
                self.events.emit(Event::Work(Work {
                    what: "Checking",
                    done: index as u64,
                    total: Some(layers.len() as u64),
                    unit: "unpacked layers",
                    bytes: checked,
                    total_bytes: Some(all_bytes),
                    note: Some((*name).to_owned()),
                }));
                checked += layer.descriptor.size;
                if layer.below.iter().any(|below| unsound.contains(below)) {
                    unsound.insert(layer.chain.clone());
                    continue;
                }
                let _lease = self.hold(layer)?;
                let seen = self.look(&driver, layer, record.as_ref())?;
                if !self.settle(&driver, layer, seen, &mounted)? {
                    unsound.insert(layer.chain.clone());
                }
            }
        }
        Ok(())
    }

    /// The layers of all images, each on its chain once, those below before those above.
    fn needed_layers(&self) -> Result<Vec<PlannedLayer>> {
        let mut layers: BTreeMap<(usize, ChainId), PlannedLayer> = BTreeMap::new();
        for layer in self.layers_of_images()?.into_iter().flatten() {
            let key = (layer.below.len(), layer.chain.clone());
            // Two images may have it packed in two ways, of which one is right.
            match layers.get(&key) {
                Some(known) if self.is_packed(known)? || !self.is_packed(&layer)? => {}
                _ => drop(layers.insert(key, layer)),
            }
        }
        Ok(layers.into_values().collect())
    }

    /// Its blob is here and right.
    fn is_packed(&self, layer: &PlannedLayer) -> Result<bool> {
        let digest = &layer.descriptor.digest;
        Ok(!self.damaged.contains(digest) && self.images.store.blob(digest)?.is_some())
    }

    /// The chains that are mounted, with all that they stand on.
    fn mounted(&self, layers: &[PlannedLayer]) -> Result<BTreeMap<ChainId, String>> {
        let mut mounted = BTreeMap::new();
        for mount in self.images.store.mounts()? {
            let Some(top) = &mount.chain else { continue };
            let target = mount.target.display().to_string();
            if let Some(layer) = layers.iter().find(|layer| layer.chain == *top) {
                mounted.extend(layer.below.iter().map(|b| (b.clone(), target.clone())));
            }
            mounted.insert(top.clone(), target);
        }
        Ok(mounted)
    }

    /// Keeps what a layer is compared with while that is read: its blob, and the layers below.
    fn hold(&self, layer: &PlannedLayer) -> Result<Option<Lease>> {
        if self.options.fast {
            return Ok(None);
        }
        let lease = self.images.store.lease("system repair")?;
        let blob = layer.descriptor.digest.clone();
        let chains: Vec<ChainId> = layer.below.iter().chain([&layer.chain]).cloned().collect();
        lease.hold(&[blob], &chains)?;
        Ok(Some(lease))
    }

    /// The layers below are in their places, where a lease keeps them.
    fn stands(&self, driver: &dyn Driver, layer: &PlannedLayer) -> Result<bool> {
        for below in &layer.below {
            if self.images.store.snapshot(driver.name(), below)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn look(
        &self,
        driver: &Arc<dyn Driver>,
        layer: &PlannedLayer,
        record: Option<&SnapshotRecord>,
    ) -> Result<Seen> {
        let store = &self.images.store;
        let Some(lock) = store.try_lock_chain(&layer.chain)? else {
            return Ok(Seen::Unknown);
        };
        let fault = (!driver.exists(&layer.chain)).then_some(LayerFault::Missing);
        // Another process may have taken it away by now. Files go after the row, so that the row tells it
        // when it is read after them.
        let is_known = store.snapshot(driver.name(), &layer.chain)?.is_some();
        if !is_known && (record.is_some() || fault.is_some()) {
            return Ok(Seen::Unknown);
        }
        let is_enough = match fault {
            // Who keeps files elsewhere (ZFS) checks each block against a sum of its own.
            None => self.options.fast || !driver.has_files_in_place(),
            Some(_) => self.options.dry_run,
        };
        if is_enough || !self.is_packed(layer)? || !self.stands(&**driver, layer)? {
            return Ok(fault.map_or(Seen::Unknown, |fault| Seen::Wrong(fault, None)));
        }
        let cancelled = self.cancel.flag();
        let limits = (&self.images.privilege, &self.options.bounds);
        let fresh = unpack_stored(store, &**driver, layer, limits, cancelled);
        let fresh = match fresh {
            Ok(fresh) => fresh,
            Err(_) if self.cancel.is_cancelled() => return Err(Error::Cancelled),
            Err(error) => {
                let fault = fault.unwrap_or_else(|| LayerFault::Unreadable(words(&error)));
                return Ok(Seen::Wrong(fault, None));
            }
        };
        let fault = fault.or_else(|| compare(&driver.layer_dir(&layer.chain), fresh.0.path()));
        Ok(match (fault, record) {
            (None, Some(_)) => Seen::Right,
            (None, None) => Seen::Unrecorded(fresh.1, lock),
            (Some(fault), _) => Seen::Wrong(fault, Some((fresh, lock))),
        })
    }

    /// Does what there is to do, and tells it. Whether the layer is right now.
    fn settle(
        &mut self,
        driver: &Arc<dyn Driver>,
        layer: &PlannedLayer,
        seen: Seen,
        mounted: &BTreeMap<ChainId, String>,
    ) -> Result<bool> {
        let (fault, outcome) = match seen {
            Seen::Right | Seen::Unknown => return Ok(true),
            Seen::Unrecorded(usage, lock) => {
                let outcome = if self.options.dry_run {
                    Outcome::Remains("it can be taken into the database".to_owned())
                } else {
                    self.record(driver, layer, usage, lock)?;
                    Outcome::Repaired("taken into the database".to_owned())
                };
                (LayerFault::Unrecorded, outcome)
            }
            Seen::Wrong(fault, fresh) => {
                let outcome = match (fresh, mounted.get(&layer.chain)) {
                    (_, Some(target)) => Outcome::Remains(format!(
                        "it is mounted on {target}: unmount it, and repair again"
                    )),
                    _ if self.options.dry_run => {
                        Outcome::Remains("it can be unpacked anew".to_owned())
                    }
                    (None, None) if matches!(fault, LayerFault::Unreadable(_)) => {
                        Outcome::Remains("it was left alone".to_owned())
                    }
                    (None, None) => Outcome::Remains(
                        "it can be unpacked anew when its blob is here: pull the image".to_owned(),
                    ),
                    (Some(((fresh, usage), lock)), None) => {
                        driver.remove(&layer.chain)?;
                        driver.publish(fresh)?;
                        self.record(driver, layer, usage, lock)?;
                        Outcome::Repaired("unpacked anew".to_owned())
                    }
                };
                (fault, outcome)
            }
        };
        let is_right = matches!(outcome, Outcome::Repaired(_));
        let images = self.needed_by(&Thing::Chain(layer.chain.clone()))?;
        let damage = Damage::Layer {
            driver: driver.name().to_owned(),
            chain: layer.chain.clone(),
            fault,
            images,
        };
        self.found(damage, outcome);
        Ok(is_right)
    }

    /// Makes an unpacked layer that is in its place durable and known.
    fn record(
        &self,
        driver: &Arc<dyn Driver>,
        layer: &PlannedLayer,
        usage: Option<Usage>,
        lock: ChainLock,
    ) -> Result<()> {
        let usage = match usage {
            Some(usage) => usage,
            None => driver.usage(&layer.chain)?,
        };
        self.images.store.publish(Publication {
            snapshots: vec![SnapshotRecord {
                driver: driver.name().to_owned(),
                chain_id: layer.chain.clone(),
                parent: layer.parent().cloned(),
                diff_id: layer.diff_id.clone(),
                bytes: usage.bytes,
                inodes: usage.inodes,
            }],
            chain_locks: vec![lock],
            ..Publication::default()
        })?;
        Ok(())
    }
}

/// How the tree that is there differs from the one that should be.
fn compare(there: &Path, fresh: &Path) -> Option<LayerFault> {
    let there = match TreeListing::read(there) {
        Ok(listing) => listing,
        Err(error) => return Some(LayerFault::Unreadable(error.to_string())),
    };
    let fresh = match TreeListing::read(fresh) {
        Ok(listing) => listing,
        Err(error) => return Some(LayerFault::Unreadable(error.to_string())),
    };
    let differences = there.diff(&fresh);
    let differences: Vec<&Difference> = differences.iter().filter(|d| !is_only_time(d)).collect();
    if differences.is_empty() {
        return None;
    }
    let path = |difference: &&Difference| {
        let (Difference::Left(path, _) | Difference::Right(path, _) | Difference::Both(path, _)) =
            difference;
        format!("/{}", String::from_utf8_lossy(path))
    };
    let count = differences.len();
    let mut some: Vec<String> = differences.iter().map(path).collect();
    some.sort();
    some.truncate(SOME);
    Some(LayerFault::Different { some, count })
}

fn is_only_time(difference: &Difference) -> bool {
    let Difference::Both(_, nodes) = difference else {
        return false;
    };
    let (mut there, fresh) = (nodes.0.clone(), &nodes.1);
    // A whiteout of overlayfs is made by us, and has no time of its own.
    if !matches!(there.kind, NodeKind::Directory | NodeKind::CharDevice(0, 0)) {
        return false;
    }
    there.mtime = fresh.mtime;
    there == *fresh
}

/// An error and what led to it.
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}
