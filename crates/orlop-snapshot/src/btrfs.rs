//! Each snapshot is a subvolume with the whole tree: a snapshot of the one below with the layer applied.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_fs::{Settled, Unpacked, Usage, WhiteoutStyle};
use orlop_oci::{ChainId, Digest};
use rustix::fs::Mode;
use rustix::mount::MountFlags;

use crate::btrfs_subvolume as subvolume;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::overlay2::{existing_directory, unmount};
use crate::staging::{Dispose, Staging};
use crate::vfs::bind;
use crate::{Below, Driver, MountMode, throwaway};

/// The driver on btrfs. Only mounting needs root.
///
/// A published subvolume is read-only. It is made so after it got its name: the kernel doesn't move a
/// read-only one from directory to directory. Who dies between the two leaves an orphan, as its row
/// comes later still.
#[derive(Clone, Debug)]
pub struct Btrfs {
    home: Home,
}

impl Btrfs {
    /// The driver's name.
    pub const NAME: &'static str = "btrfs";

    /// The driver of a store.
    pub fn new(store_root: &Path) -> Self {
        Self {
            home: Home::with(store_root, Self::NAME, Arc::new(Subvolumes)),
        }
    }

    /// Tries whether it works in this store: makes a subvolume, a snapshot of it, and removes both.
    ///
    /// # Errors
    /// [`Error::Unusable`] with the reason.
    pub fn probe(&self) -> Result<()> {
        self.try_out().map_err(|error| Error::Unusable {
            driver: Self::NAME,
            reason: error.to_string(),
        })
    }

    fn try_out(&self) -> Result<()> {
        // Where it lies is told by what is there, before anything is made.
        let there = self.home.path().ancestors().find(|path| path.exists());
        if let Some(there) = there
            && !subvolume::is_btrfs(there)?
        {
            return Err(Error::Unusable {
                driver: Self::NAME,
                reason: format!("{} is on another file system", there.display()),
            });
        }
        let probe = ChainId(Digest::of(b"probe"));
        let staging = self.home.begin_with(&probe, make_tree)?;
        subvolume::snapshot(staging.path(), &staging.beside("snapshot"))?;
        subvolume::set_read_only(staging.path(), true)?;
        staging.remove()
    }

    /// The tree of a stack.
    fn tree(&self, chain: &[ChainId]) -> Result<PathBuf> {
        match chain.last() {
            None => self.home.empty(0),
            Some(top) => Ok(self.home.stack(std::slice::from_ref(top))?.remove(0)),
        }
    }
}

/// Makes an empty subvolume, as a root that no layer names.
fn make_tree(tree: &Path) -> Result<()> {
    subvolume::create(tree)?;
    rustix::fs::chmod(tree, Mode::from_raw_mode(0o755)).map_err(Error::os("create", tree))
}

/// Subvolumes right in the directory go as such; what they hold needn't be looked at.
#[derive(Debug)]
struct Subvolumes;

impl Dispose for Subvolumes {
    fn dispose(&self, directory: &Path) -> Result<()> {
        let entries = fs::read_dir(directory).map_err(Error::io("read", directory))?;
        for entry in entries {
            let path = entry.map_err(Error::io("read", directory))?.path();
            if subvolume::is_subvolume(&path) {
                subvolume::destroy(&path)?;
            }
        }
        Ok(orlop_fs::remove_tree(directory)?)
    }
}

impl Driver for Btrfs {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn below(&self) -> Below {
        Below::Shared
    }

    fn status(&self) -> Vec<(&'static str, String)> {
        // As docker, which had the version of a library here that it doesn't use any more.
        vec![("Btrfs", String::new())]
    }

    fn whiteouts(&self) -> WhiteoutStyle {
        WhiteoutStyle::Apply
    }

    fn begin(&self, chain: &ChainId, parent: Option<&ChainId>) -> Result<Staging> {
        let below = parent
            .map(|parent| self.tree(std::slice::from_ref(parent)))
            .transpose()?;
        self.home.begin_with(chain, |tree| match &below {
            Some(below) => subvolume::snapshot(below, tree),
            None => make_tree(tree),
        })
    }

    fn apply_on_top(
        &self,
        staging: &Staging,
        _parents: &[ChainId],
        work: &mut dyn FnMut(&Path) -> orlop_fs::Result<()>,
    ) -> Result<()> {
        Ok(work(staging.path())?)
    }

    fn settle(
        &self,
        _staging: &Staging,
        _parents: &[ChainId],
        _unpacked: &Unpacked,
    ) -> Result<Settled> {
        // The layer was unpacked on top of those below: it had what it needs.
        Ok(Settled::Done)
    }

    fn publish(&self, staging: Staging) -> Result<()> {
        let Some(chain) = staging.chain() else {
            return Ok(());
        };
        let target = self.home.snapshot(chain);
        // An orphan of a crash.
        subvolume::destroy(&target)?;
        fs::rename(staging.path(), &target).map_err(Error::io("publish", &target))?;
        subvolume::set_read_only(&target, true)
    }

    fn exists(&self, chain: &ChainId) -> bool {
        self.home.snapshot(chain).is_dir()
    }

    fn remove(&self, chain: &ChainId) -> Result<()> {
        // At once for who looks: nothing of it is there after a crash in between.
        subvolume::destroy(&self.home.snapshot(chain))
    }

    fn usage(&self, chain: &ChainId) -> Result<Usage> {
        Ok(orlop_fs::usage(&self.home.snapshot(chain))?)
    }

    fn layer_dir(&self, chain: &ChainId) -> PathBuf {
        self.home.snapshot(chain)
    }

    fn mount(&self, chain: &[ChainId], target: &Path, mode: MountMode) -> Result<()> {
        let target = existing_directory(target)?;
        let tree = self.tree(chain)?;
        if mode == MountMode::ReadOnly {
            return bind(&tree, &target, MountFlags::RDONLY);
        }
        // Refused before anything is made.
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NeedsRoot(target));
        }
        let scratch = throwaway::create(&self.home, &target)?;
        let copy = scratch.path().join("tree");
        if chain.is_empty() {
            make_tree(&copy)?;
        } else {
            subvolume::snapshot(&tree, &copy)?;
        }
        bind(&copy, &target, MountFlags::empty())?;
        scratch.keep();
        Ok(())
    }

    fn unmount(&self, target: &Path) -> Result<()> {
        let target = unmount(target, Self::NAME)?;
        throwaway::remove(&self.home, &target)
    }

    fn present(&self) -> Result<Vec<ChainId>> {
        self.home.present()
    }

    fn sweep_staging(&self) -> Result<()> {
        self.home.sweep_staging()
    }

    fn sweep(&self, mounted: &[PathBuf]) -> Result<()> {
        self.home.sweep(mounted)
    }
}
