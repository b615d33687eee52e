//! Each snapshot is the whole tree: a copy of the one below with the layer applied.

use std::path::{Path, PathBuf};

use orlop_fs::{Settled, Unpacked, Usage, WhiteoutStyle};
use orlop_oci::ChainId;
use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, UnmountFlags};

use crate::error::{Error, Result};
use crate::home::Home;
use crate::overlay2::{existing_directory, unmount};
use crate::staging::Staging;
use crate::{Below, Driver, MountMode, throwaway};

/// The driver that works everywhere, for the price of a copy for each layer. Only mounting needs root.
#[derive(Clone, Debug)]
pub struct Vfs {
    home: Home,
}

impl Vfs {
    /// The driver's name.
    pub const NAME: &'static str = "vfs";

    /// The driver of a store.
    pub fn new(store_root: &Path) -> Self {
        Self {
            home: Home::new(store_root, Self::NAME),
        }
    }

    /// The tree of a stack.
    fn tree(&self, chain: &[ChainId]) -> Result<PathBuf> {
        match chain.last() {
            None => self.home.empty(0),
            Some(top) => Ok(self.home.stack(std::slice::from_ref(top))?.remove(0)),
        }
    }
}

impl Driver for Vfs {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn below(&self) -> Below {
        Below::Copied
    }

    fn whiteouts(&self) -> WhiteoutStyle {
        WhiteoutStyle::Apply
    }

    fn begin(&self, chain: &ChainId, parent: Option<&ChainId>) -> Result<Staging> {
        let staging = self.home.begin(chain)?;
        if let Some(parent) = parent {
            let below = self.tree(std::slice::from_ref(parent))?;
            orlop_fs::copy_tree(&below, staging.path())?;
        }
        Ok(staging)
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
        self.home.publish(&staging)
    }

    fn exists(&self, chain: &ChainId) -> bool {
        self.home.snapshot(chain).is_dir()
    }

    fn remove(&self, chain: &ChainId) -> Result<()> {
        self.home.remove(chain)
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
        match mode {
            MountMode::ReadOnly => bind(&tree, &target, MountFlags::RDONLY),
            MountMode::Throwaway => {
                // Refused before the copy, not after it.
                if !rustix::process::geteuid().is_root() {
                    return Err(Error::NeedsRoot(target));
                }
                let scratch = throwaway::create(&self.home, &target)?;
                let copy = scratch.path().join("tree");
                orlop_fs::copy_tree(&tree, &copy)?;
                bind(&copy, &target, MountFlags::empty())?;
                scratch.keep();
                Ok(())
            }
        }
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

/// Shows a directory at another place. The kernel takes the flags of a bind mount only in a second step.
pub(crate) fn bind(from: &Path, target: &Path, flags: MountFlags) -> Result<()> {
    let failed = |errno| Error::mount(target, errno, String::new());
    rustix::mount::mount_bind(from, target).map_err(failed)?;
    let mut flags = flags | MountFlags::BIND | MountFlags::NOSUID | MountFlags::NODEV;
    // In a user namespace, what the machine forbids can't be taken back.
    let below = rustix::fs::statvfs(from).map_err(Error::os("look at", from))?;
    if below.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        flags |= MountFlags::NOEXEC;
    }
    rustix::mount::mount_remount(target, flags, "").map_err(|errno| {
        // Without its flags it must not stay.
        let _ = rustix::mount::unmount(target, UnmountFlags::DETACH);
        failed(errno)
    })
}
