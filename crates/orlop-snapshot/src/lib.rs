//! Storage drivers: how unpacked layers are kept and stacked.
//!
//! A snapshot is a layer on top of those below it, named by its chain ID. A driver decides what is on
//! the disk; whoever unpacks sees a directory. The drivers:
//!
//! * [`overlay2`](Overlay2): each layer in a directory of its own, in the form in which the kernel's
//!   overlay file system wants its lower directories. Layers are unpacked side by side, in any order;
//!   what a layer needs of those below (metadata of directories that it doesn't name, targets of hard
//!   links) is settled afterwards, bottom to top. A mount stacks them.
//! * [`btrfs`](Btrfs): each snapshot is the whole tree too, a subvolume of that file system: a snapshot of
//!   the subvolume below, with the layer applied, and read-only. It shares with the one below what the
//!   layer doesn't change.
//! * [`zfs`](Zfs): the same with datasets, clones of the dataset below.
//! * [`vfs`](Vfs): each snapshot is the whole tree, a copy of the one below with the layer applied.
//!   Slow and large, but it works everywhere, without root too.
//!
//! Where a snapshot begins with the one below, layers are unpacked one after the other, bottom first;
//! fetching and checking them goes on side by side. The other way was tried: unpacking each into a
//! directory of its own, and then moving that into the clone of the layer below. Neither btrfs nor ZFS
//! renames across subvolumes or datasets, so each file has to be made a second time, by reflink or by
//! copy, in order. That takes as long as unpacking it there at once does, which two threads are at (one
//! inflates, one writes).
//!
//! # On disk
//!
//! ```text
//! ROOT/snapshots/
//!   driver                    the name of the driver that was chosen for this store
//!   DRIVER/
//!     userxattr               overlay2 of a user namespace: marks by `user.` attributes
//!     sha256-HEX/             a snapshot: the tree itself (btrfs: a subvolume; zfs: empty, see `zfs_dataset`)
//!     staging/ID/             one being made, or being removed; locked while somebody is at it
//!     throwaway/ID/           the writable part of a mount that is thrown away with it
//!     empty/N/                empty directories, for stacks that have too few layers
//! ```
//!
//! A snapshot comes and goes by one rename between `DRIVER/` and `staging/`. A directory in `DRIVER/`
//! that the store has no row of is an orphan; in `staging/`, a directory that nobody has locked is
//! rubbish. Both are swept by the store's collection through [`Space`], the latter also by whoever opens
//! the store next.
//!
//! # The way of a layer
//!
//! ```text
//! let staging = driver.begin(chain, parent)?;              // an empty directory, or a copy (vfs)
//! let unpacked = unpack(staging.path(), …, driver.whiteouts(), position, …)?;
//! let staging = match driver.settle(&staging, parents, &unpacked)? {
//!     Settled::Done => staging,
//!     Settled::NeedsApply => {                             // rare: a lower directory is a link, …
//!         drop(staging);
//!         let staging = driver.begin(chain, parent)?;
//!         driver.apply_on_top(&staging, parents, &mut |directory| {
//!             unpack(directory, …, WhiteoutStyle::Apply, position, …)
//!         })?;
//!         staging
//!     }
//! };
//! driver.publish(staging)?;                                // one rename; Store::publish syncs
//! ```
//!
//! [`conformance`] holds every driver to the same results.

mod backing;
mod btrfs;
mod btrfs_subvolume;
mod choose;
pub mod conformance;
mod error;
mod home;
mod overlay2;
mod overlay_mount;
mod prune;
mod space;
mod staging;
mod throwaway;
mod vfs;
mod zfs;
mod zfs_command;
mod zfs_dataset;

use std::path::{Path, PathBuf};

use orlop_fs::{Settled, Unpacked, Usage, WhiteoutStyle};
use orlop_oci::ChainId;

pub use btrfs::Btrfs;
pub use choose::{DRIVERS, Wishes, choose, driver_of, remembered};
pub use error::{Error, Result};
pub use overlay2::Overlay2;
pub use space::Space;
pub use staging::Staging;
pub use vfs::Vfs;
pub use zfs::Zfs;

/// What a mount may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountMode {
    /// Only to be read.
    ReadOnly,
    /// Writable; what is written goes away with the mount.
    Throwaway,
}

/// What a snapshot has of the layers below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Nothing: it is the layer alone, and unpacked without them.
    Apart,
    /// All, shared with them: on disk it takes what its layer wrote.
    Shared,
    /// A copy of all.
    Copied,
}

/// A way to keep and to stack layers.
pub trait Driver: Send + Sync {
    /// Its name, as in the configuration and on disk.
    fn name(&self) -> &'static str;

    /// What a snapshot has of the layers below it.
    fn below(&self) -> Below;

    /// The layer below must be published before [`Driver::begin`].
    fn needs_parent(&self) -> bool {
        self.below() != Below::Apart
    }

    /// What `docker info` says of a driver: names and values. Nothing that costs time.
    fn status(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How whiteouts are unpacked into the directory that [`Driver::begin`] gives.
    fn whiteouts(&self) -> WhiteoutStyle;

    /// A directory to unpack the layer of `chain` into.
    ///
    /// # Errors
    /// When it can't be made.
    fn begin(&self, chain: &ChainId, parent: Option<&ChainId>) -> Result<Staging>;

    /// Has `work` unpack a layer, with [`WhiteoutStyle::Apply`], into a directory that shows all layers
    /// below; what it changes there is in `staging` afterwards. For a layer that [`Driver::settle`]
    /// can't settle. `staging` is fresh from [`Driver::begin`]; `parents` are published, bottom first.
    ///
    /// # Errors
    /// When the directory can't be mounted, or those of `work`.
    fn apply_on_top(
        &self,
        staging: &Staging,
        parents: &[ChainId],
        work: &mut dyn FnMut(&Path) -> orlop_fs::Result<()>,
    ) -> Result<()>;

    /// Takes from the layers below what the unpacked layer needs of them. `parents` are published,
    /// bottom first.
    ///
    /// # Errors
    /// When files can't be read or written.
    fn settle(
        &self,
        staging: &Staging,
        parents: &[ChainId],
        unpacked: &Unpacked,
    ) -> Result<Settled>;

    /// Puts the snapshot in its place by renaming; an orphan there is replaced. The caller holds the
    /// lock of the chain, and has it synced by `Store::publish`.
    ///
    /// # Errors
    /// When it can't be renamed.
    fn publish(&self, staging: Staging) -> Result<()>;

    /// Whether the snapshot is in its place.
    fn exists(&self, chain: &ChainId) -> bool;

    /// Removes a snapshot. One that isn't there is no error.
    ///
    /// # Errors
    /// When files can't be removed.
    fn remove(&self, chain: &ChainId) -> Result<()>;

    /// What a snapshot holds, counted file by file; with [`Below::Shared`] that of the layers below too.
    ///
    /// # Errors
    /// When it can't be read.
    fn usage(&self, chain: &ChainId) -> Result<Usage>;

    /// Where a snapshot is, or would be.
    fn layer_dir(&self, chain: &ChainId) -> PathBuf;

    /// Whether [`Driver::layer_dir`] holds the snapshot's files. Where it is but a sign that there is one,
    /// they are seen through a mount only.
    fn has_files_in_place(&self) -> bool {
        true
    }

    /// Mounts a stack, bottom first, on an existing directory. Have the store know
    /// by `Store::add_mount`.
    ///
    /// # Errors
    /// When a layer is missing, or the kernel doesn't allow it.
    fn mount(&self, chain: &[ChainId], target: &Path, mode: MountMode) -> Result<()>;

    /// Unmounts what [`Driver::mount`] mounted, and throws away what was written.
    ///
    /// # Errors
    /// When something else or nothing is mounted there, or it is in use.
    fn unmount(&self, target: &Path) -> Result<()>;

    /// All snapshots that are in their place.
    ///
    /// # Errors
    /// When the directory can't be read.
    fn present(&self) -> Result<Vec<ChainId>>;

    /// Removes what dead processes were making or taking apart. Costs one look into a directory.
    ///
    /// # Errors
    /// When files can't be removed.
    fn sweep_staging(&self) -> Result<()>;

    /// Removes what dead processes left, except the writable parts of mounts on `mounted`.
    ///
    /// # Errors
    /// When files can't be removed.
    fn sweep(&self, mounted: &[PathBuf]) -> Result<()>;
}
