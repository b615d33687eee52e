//! `prune`: removing images that nobody needs, by a policy. First a plan, which can be shown; then
//! the removal of what is in it, which leaves alone what somebody began to use since.

mod policy;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use jiff::Timestamp;
use orlop_oci::{Digest, Reference};
use orlop_store::{Cause, Release, Unused};

pub use policy::{Candidate, Keep, PrunePolicy, Reason, Verdict};

use crate::error::{Error, Result};
use crate::images::Images;
use crate::model::{ImageSummary, Removal, Removed};
use crate::remove::lines;

/// What a prune is going to do.
#[derive(Clone, Debug, Default)]
pub struct PrunePlan {
    /// The images that go, in this order.
    pub remove: Vec<PlannedRemoval>,
    /// Those that stay, and why.
    pub keep: Vec<(ImageSummary, Keep)>,
    /// Bytes of leftovers that are swept: content of interrupted pulls, files that crashes left.
    pub leftovers: u64,
    /// Bytes that only images need which are held for an undo, where the plan lets go of them.
    pub held: u64,
    /// Bytes that will be missing to what [`PrunePolicy::free`] asks for.
    pub short: u64,
}

/// An image that goes.
#[derive(Clone, Debug)]
pub struct PlannedRemoval {
    /// The image.
    pub image: ImageSummary,
    /// All of its names.
    pub names: Vec<Reference>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Bytes that nobody needs any more when it goes after those before it.
    pub frees: u64,
}

impl PrunePlan {
    /// Bytes that it frees in all.
    pub fn bytes(&self) -> u64 {
        self.images_bytes() + self.leftovers + self.held
    }

    /// Bytes that removing the images frees.
    pub fn images_bytes(&self) -> u64 {
        self.remove.iter().map(|planned| planned.frees).sum()
    }
}

impl Images {
    /// Plans a prune: of images that no container uses and that aren't mounted, as far as `wanted`
    /// agrees and the policy doesn't keep them. With [`PrunePolicy::free`], what is held for an undo
    /// goes first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn plan_prune(
        &self,
        policy: &PrunePolicy,
        wanted: &dyn Fn(&ImageSummary) -> bool,
    ) -> Result<PrunePlan> {
        // Before the list: a name that comes in between makes the image another one than is planned.
        let mut names: HashMap<Digest, Vec<Reference>> = HashMap::new();
        for name in self.store.names()? {
            names.entry(name.target).or_default().push(name.reference);
        }
        let images = self.list()?;
        let mut mounts: HashMap<Digest, PathBuf> = HashMap::new();
        for mount in self.store.mounts()? {
            if let Some(image) = mount.image {
                mounts.insert(image, mount.target);
            }
        }
        let candidates: Vec<Candidate<'_>> = images
            .iter()
            .map(|image| Candidate {
                mounted: mounts.get(&image.id).cloned(),
                wanted: wanted(image),
                image,
            })
            .collect();
        let verdicts = policy.judge(&candidates, Timestamp::now());
        let mut plan = PrunePlan {
            leftovers: self.store.leftovers()?.reclaimable(),
            ..PrunePlan::default()
        };
        for (image, verdict) in images.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Keep(keep) => plan.keep.push((image, keep)),
                Verdict::Remove(reasons) => plan.remove.push(PlannedRemoval {
                    names: names.remove(&image.id).unwrap_or_default(),
                    image,
                    reasons,
                    frees: 0,
                }),
            }
        }
        plan.remove
            .sort_by(|a, b| (a.image.used, &a.image.id).cmp(&(b.image.used, &b.image.id)));
        self.count(&mut plan, policy.free)?;
        Ok(plan)
    }

    /// Fills in what each image frees, and takes those out of the plan that needn't go.
    fn count(&self, plan: &mut PrunePlan, free: Option<u64>) -> Result<()> {
        let graph = self.store.graph()?;
        let held = self.store.held()?;
        let removed: Vec<&Digest> = plan.remove.iter().map(|p| &p.image.id).collect();
        let kept: Vec<&Digest> = plan.keep.iter().map(|(image, _)| &image.id).collect();
        let roots = || held.iter().chain(removed.iter().chain(&kept).copied());
        let order: Vec<&Digest> = match free {
            Some(_) => held.iter().chain(removed.iter().copied()).collect(),
            None => removed.clone(),
        };
        let mut frees = graph.freed_in_turn(roots(), &order);
        if let Some(target) = free {
            let of_held = frees.drain(..held.len());
            plan.held = of_held.sum();
            let there = self.free_space()? + plan.leftovers + plan.held;
            let missing = target.saturating_sub(there);
            let needed = PrunePolicy::spare(missing, &frees);
            let spared = plan.remove.split_off(needed).into_iter();
            plan.keep.extend(spared.map(|p| (p.image, Keep::Enough)));
            plan.short = missing.saturating_sub(frees[..needed].iter().sum());
        }
        for (planned, bytes) in plan.remove.iter_mut().zip(frees) {
            planned.frees = bytes;
        }
        Ok(())
    }

    /// Bytes that are free on the file system of the store, for those who aren't root.
    fn free_space(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(self.store.root())
            .map_err(|errno| Error::io("look at the disk of the store")(errno.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Removes what is planned, but for images that somebody began to use since, and then sweeps what
    /// crashes and interrupted pulls left.
    ///
    /// # Errors
    /// When the store can't be changed.
    pub fn prune(&self, plan: &PrunePlan, policy: &PrunePolicy) -> Result<Removal> {
        let space = self.space()?;
        let unused: Vec<Unused> = plan
            .remove
            .iter()
            .map(|planned| Unused {
                target: planned.image.id.clone(),
                names: planned.names.clone(),
            })
            .collect();
        let mut removal = Removal::default();
        if policy.free.is_some() {
            removal.reclaimed += self.store.release(&Release::All, &space)?.bytes;
        }
        if !unused.is_empty() {
            let pruned = self
                .store
                .because(Cause::Pruned)
                .remove_unused(&unused, &space)?;
            removal.reclaimed += pruned.collected.bytes;
            let images: HashSet<&Digest> = pruned.images.iter().collect();
            for planned in &plan.remove {
                let target = &planned.image.id;
                if images.contains(target) {
                    let gone = pruned
                        .names
                        .iter()
                        .filter(|c| c.old.as_ref() == Some(target));
                    removal.items.extend(lines(gone, &planned.names));
                    removal.items.push(Removed::Deleted(target.clone()));
                }
            }
        }
        removal.reclaimed += self.store.gc(&space)?.bytes;
        Ok(removal)
    }
}
