//! Each snapshot is a dataset with the whole tree: a clone of the one below with the layer applied.
//!
//! A published dataset is mounted nowhere: hundreds of mounts that nobody looks at slow down whoever reads
//! the table of mounts. It is there when its directory `sha256-HEX` is, an empty one; what costs a program
//! each time is asked only when something changes. The directory comes before the dataset has its name and
//! goes after it has lost it, so that collection finds whatever a crash leaves.
//!
//! `zfs snapshot` returns when what it holds is on the disk: nothing else of a dataset is synced.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_fs::{Settled, Unpacked, Usage, WhiteoutStyle};
use orlop_oci::{ChainId, Digest};
use rustix::fs::Mode;
use rustix::mount::MountFlags;

use crate::error::{Error, Result};
use crate::home::{Home, make_directory};
use crate::overlay2::{existing_directory, unmount};
use crate::staging::Staging;
use crate::vfs::bind;
use crate::zfs_command::{self as command, assign, zfs, zpool};
use crate::zfs_dataset::{self as dataset, Datasets};
use crate::{Below, Driver, MountMode, throwaway};

/// The driver on ZFS. Needs root, and the program `zfs`.
#[derive(Clone, Debug)]
pub struct Zfs {
    home: Home,
    datasets: Arc<Datasets>,
}

impl Zfs {
    /// The driver's name.
    pub const NAME: &'static str = "zfs";

    /// The driver of a store. `dataset` is where its datasets are made, if not on the one that the store
    /// lies on; a store that has some keeps them where they are.
    pub fn new(store_root: &Path, dataset: Option<&str>) -> Self {
        let datasets = Arc::new(Datasets::new(store_root, dataset));
        let dispose: Arc<Datasets> = Arc::clone(&datasets);
        Self {
            home: Home::with(store_root, Self::NAME, dispose),
            datasets,
        }
    }

    /// Tries whether it works in this store: makes a dataset, mounts it, and removes it.
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
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NeedsRoot(self.home.path().to_owned()));
        }
        // A store that has layers has shown that it works.
        if self.datasets.existing()?.is_some() {
            return Ok(());
        }
        // Where there is none, nothing is made.
        self.datasets.ensure()?;
        self.begin(&ChainId(Digest::of(b"probe")), None)?.remove()
    }

    /// Makes and mounts the dataset of a directory in the making: empty, or a clone.
    fn make(&self, directory: &Path, tree: &Path, parent: Option<&ChainId>) -> Result<()> {
        let container = self.datasets.ensure()?;
        let name = dataset::of_directory(&container, directory);
        let mount_point = assign("mountpoint", tree);
        let options = [
            OsStr::new("-o"),
            &mount_point,
            "-o".as_ref(),
            "canmount=noauto".as_ref(),
        ];
        match parent {
            None => zfs(&[&[OsStr::new("create")], &options[..], &[name.as_ref()]].concat())?,
            Some(parent) => {
                let origin = dataset::snapshot(&container, parent);
                let ends = [origin.as_ref(), name.as_ref()];
                zfs(&[&[OsStr::new("clone")], &options[..], &ends[..]].concat())?
            }
        };
        command::mount(&name)
    }

    /// The top of a stack, which must be there.
    fn top<'a>(&self, chain: &'a [ChainId]) -> Result<Option<&'a ChainId>> {
        match chain.last() {
            None => Ok(None),
            Some(top) if self.exists(top) => Ok(Some(top)),
            Some(top) => Err(Error::NoSnapshot {
                chain: top.clone(),
                driver: Self::NAME,
            }),
        }
    }
}

impl Driver for Zfs {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn below(&self) -> Below {
        Below::Shared
    }

    fn status(&self) -> Vec<(&'static str, String)> {
        let Ok(Some(container)) = self.datasets.existing() else {
            return Vec::new();
        };
        let pool = container.split('/').next().unwrap_or_default();
        let health = zpool(&["list", "-H", "-o", "health", pool]).unwrap_or_default();
        let wanted = "used,available,quota,compression";
        let values = zfs(&["get", "-H", "-p", "-o", "value", wanted, &container]);
        let values = values.unwrap_or_default();
        let mut values = values.lines().map(str::to_owned);
        let mut next = || values.next().unwrap_or_default();
        let (used, available, quota, compression) = (next(), next(), next(), next());
        vec![
            ("Zpool", pool.to_owned()),
            ("Zpool Health", health.trim().to_owned()),
            ("Parent Dataset", container.clone()),
            ("Space Used By Parent", used),
            ("Space Available", available),
            (
                "Parent Quota",
                match quota.as_str() {
                    "0" | "none" | "" => "no".to_owned(),
                    _ => quota,
                },
            ),
            ("Compression", compression),
        ]
    }

    fn whiteouts(&self) -> WhiteoutStyle {
        WhiteoutStyle::Apply
    }

    fn begin(&self, chain: &ChainId, parent: Option<&ChainId>) -> Result<Staging> {
        let parent = match parent {
            None => None,
            Some(parent) => self.top(std::slice::from_ref(parent))?,
        };
        self.home.begin_with(chain, |tree| {
            self.make(tree.parent().unwrap_or(tree), tree, parent)?;
            match parent {
                None => rustix::fs::chmod(tree, Mode::from_raw_mode(0o755))
                    .map_err(Error::os("create", tree)),
                Some(_) => Ok(()),
            }
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
        let container = self.datasets.ensure()?;
        let directory = staging.path().parent().unwrap_or(staging.path());
        let draft = dataset::of_directory(&container, directory);
        let name = dataset::layer(&container, chain);
        command::unmount(&draft)?;
        if command::exists(&name)? {
            // An orphan of a crash.
            self.remove(chain)?;
        }
        make_directory(&self.home.snapshot(chain))?;
        zfs(&["rename", &draft, &name])?;
        zfs(&["set", "mountpoint=none", &name])?;
        zfs(&["set", "readonly=on", &name])?;
        zfs(&["snapshot", &dataset::snapshot(&container, chain)]).map(drop)
    }

    fn exists(&self, chain: &ChainId) -> bool {
        self.home.snapshot(chain).is_dir()
    }

    fn remove(&self, chain: &ChainId) -> Result<()> {
        let mark = self.home.snapshot(chain);
        let Some(container) = self.datasets.existing()? else {
            return Ok(());
        };
        let name = dataset::layer(&container, chain);
        if command::exists(&name)? {
            // Out of its place first: what is a clone of it may have to go before it does.
            let directory = self.home.locked_directory(&self.home.staging())?;
            let removed = dataset::of_directory(&container, directory.path());
            zfs(&["rename", &name, &removed])?;
            remove_mark(&mark)?;
            drop(directory);
        }
        remove_mark(&mark)?;
        // Those that waited for this one.
        self.sweep_staging()
    }

    fn usage(&self, chain: &ChainId) -> Result<Usage> {
        let top = self.top(std::slice::from_ref(chain))?;
        let directory = self.home.locked_directory(&self.home.staging())?;
        let tree = directory.path().join("tree");
        self.make(directory.path(), &tree, top)?;
        Ok(orlop_fs::usage(&tree)?)
    }

    fn layer_dir(&self, chain: &ChainId) -> PathBuf {
        self.home.snapshot(chain)
    }

    fn has_files_in_place(&self) -> bool {
        false
    }

    fn mount(&self, chain: &[ChainId], target: &Path, mode: MountMode) -> Result<()> {
        let target = existing_directory(target)?;
        let top = self.top(chain)?;
        let scratch = throwaway::create(&self.home, &target)?;
        let tree = scratch.path().join("tree");
        self.make(scratch.path(), &tree, top)?;
        let flags = match mode {
            MountMode::ReadOnly => MountFlags::RDONLY,
            MountMode::Throwaway => MountFlags::empty(),
        };
        bind(&tree, &target, flags)?;
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
        // One that is a clone of another goes before it: that other may be looked at again.
        let mut left = usize::MAX;
        loop {
            self.home.sweep_staging()?;
            match self.home.staged()? {
                fewer if 0 < fewer && fewer < left => left = fewer,
                _ => return Ok(()),
            }
        }
    }

    fn sweep(&self, mounted: &[PathBuf]) -> Result<()> {
        self.home.sweep(mounted)
    }
}

fn remove_mark(mark: &Path) -> Result<()> {
    match fs::remove_dir(mark) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", mark)(e)),
        _ => Ok(()),
    }
}
