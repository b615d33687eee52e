//! Removing names and images. What only they needed is collected in the same step, unless the handle
//! says that it is held for a while ([`Store::undoable`]).

use orlop_oci::{Digest, Reference};
use rusqlite::Transaction;

use crate::error::{Error, Result};
use crate::gc::{Collected, Liveness};
use crate::history::NameChange;
use crate::mounts::{self, MountRecord};
use crate::names;
use crate::snapshots::SnapshotSpace;
use crate::store::{Durability, Store};
use crate::undo::{self, RemovalId};

/// What happens to an image when its last name is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnnamed {
    /// It stays, dangling.
    Keep,
    /// It is removed, with everything that only it needs.
    Remove,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Names, in the order given.
    pub names: Vec<NameChange>,
    /// Images, by their targets.
    pub images: Vec<Digest>,
    /// Their content, as far as it isn't held for [`Store::undo`].
    pub collected: Collected,
}

/// An image as somebody saw it who found that nobody needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The digest of its target.
    pub target: Digest,
    /// All of its names, in any order.
    pub names: Vec<Reference>,
}

impl Store {
    /// Removes names and, if asked to, the images that have no name left: all in one transaction.
    ///
    /// # Errors
    /// [`Error::NoName`], or [`Error::InUse`] when such an image is mounted: then nothing is removed.
    pub fn remove_names(
        &self,
        names: &[Reference],
        when_unnamed: WhenUnnamed,
        space: &dyn SnapshotSpace,
    ) -> Result<Removed> {
        self.remove_by(space, |tx| {
            let mut removed = Removed::default();
            for name in names {
                removed
                    .names
                    .push(names::remove_name(tx, name, self.cause())?);
            }
            if when_unnamed == WhenUnnamed::Remove {
                for target in removed.names.iter().filter_map(|n| n.old.as_ref()) {
                    let unnamed = names::names_of(tx, target)?.is_empty();
                    if unnamed && !removed.images.contains(target) {
                        removed.images.push(target.clone());
                    }
                }
            }
            Ok(removed)
        })
    }

    /// Removes images with all of their names and everything that only they need.
    ///
    /// # Errors
    /// [`Error::NoImage`], or [`Error::InUse`] when one is mounted: then nothing is removed.
    pub fn remove_images(&self, targets: &[Digest], space: &dyn SnapshotSpace) -> Result<Removed> {
        self.remove_by(space, |tx| {
            let mut removed = Removed::default();
            for target in targets {
                if !removed.images.contains(target) {
                    self.remove_with_names(tx, target, &mut removed)?;
                }
            }
            Ok(removed)
        })
    }

    /// Removes images that somebody found unused a moment ago, all in one transaction. One that got
    /// or lost a name, a mount or a container since, or that is gone, is left alone.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub fn remove_unused(&self, unused: &[Unused], space: &dyn SnapshotSpace) -> Result<Removed> {
        self.remove_by(space, |tx| {
            let mut removed = Removed::default();
            let mounts = mounts::living(tx)?;
            for image in unused {
                if is_still_unused(tx, image, &mounts)? && !removed.images.contains(&image.target) {
                    self.remove_with_names(tx, &image.target, &mut removed)?;
                }
            }
            Ok(removed)
        })
    }

    /// Removes manifests, with what only they need, although an index names them: the index stays and
    /// they can be pulled again. Those that are images of their own, held or mounted, stay.
    ///
    /// # Errors
    /// When the database can't be written or files can't be removed.
    pub fn remove_manifests(
        &self,
        manifests: &[Digest],
        space: &dyn SnapshotSpace,
    ) -> Result<Collected> {
        self.layout().make_room_for_a_removal();
        let collected = self.write(Durability::Durable, |tx| {
            let mut liveness = Liveness::new(tx, self.layout())?;
            liveness.disowned.extend(manifests.iter().cloned());
            liveness.collect(manifests, &[])
        })?;
        self.remove_files(collected, space)
    }

    fn remove_with_names(
        &self,
        tx: &Transaction<'_>,
        target: &Digest,
        removed: &mut Removed,
    ) -> Result<()> {
        for name in names::names_of(tx, target)? {
            removed
                .names
                .push(names::remove_name(tx, &name, self.cause())?);
        }
        removed.images.push(target.clone());
        Ok(())
    }

    /// Runs a removal: `choose` takes the names away and says which images go; here their rows go,
    /// into the record of what can be undone, and then their content.
    fn remove_by(
        &self,
        space: &dyn SnapshotSpace,
        choose: impl FnOnce(&Transaction<'_>) -> Result<Removed>,
    ) -> Result<Removed> {
        let mut recorded: Option<RemovalId> = None;
        self.layout().make_room_for_a_removal();
        let mut removed = self.write(Durability::Durable, |tx| {
            let mut removed = choose(tx)?;
            let mounts = mounts::living(tx)?;
            for target in &removed.images {
                refuse_when_mounted(target, &mounts)?;
            }
            if let Some(recording) = self.recording() {
                recorded = undo::record(tx, recording, &removed)?;
            }
            for target in &removed.images {
                let gone = tx
                    .prepare_cached("DELETE FROM images WHERE target = ?1")?
                    .execute([target.as_str()])?;
                if gone == 0 {
                    return Err(Error::NoImage(target.clone()));
                }
                crate::index_json::mark_stale(tx)?;
            }
            removed.collected = Liveness::new(tx, self.layout())?.collect(&removed.images, &[])?;
            Ok(removed)
        })?;
        if let Some(recording) = self.recording() {
            recording.is_recorded(recorded);
        }
        // First: a tool that reads index.json shouldn't be led to files that are gone.
        self.follow_with_index_json();
        removed.collected = self.remove_files(removed.collected, space)?;
        Ok(removed)
    }
}

fn is_still_unused(
    tx: &Transaction<'_>,
    image: &Unused,
    mounts: &[MountRecord],
) -> rusqlite::Result<bool> {
    let there = tx
        .prepare_cached("SELECT 1 FROM images WHERE target = ?1")?
        .exists([image.target.as_str()])?;
    let mut names = image.names.clone();
    names.sort_by_cached_key(Reference::to_string);
    let is_used = mounts
        .iter()
        .any(|mount| mount.image.as_ref() == Some(&image.target))
        || !crate::containers::using(tx, &image.target)?.is_empty();
    Ok(there && !is_used && names == names::names_of(tx, &image.target)?)
}

fn refuse_when_mounted(image: &Digest, mounts: &[MountRecord]) -> Result<()> {
    match mounts.iter().find(|m| m.image.as_ref() == Some(image)) {
        None => Ok(()),
        Some(mount) => Err(Error::InUse {
            image: image.clone(),
            by: format!("mounted on {}", mount.target.display()),
        }),
    }
}
