//! The directory of a driver: what all drivers have in common on disk.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_oci::{ChainId, Digest};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::staging::{self, Dispose, LockedDirectory, Plain, Staging};
use crate::throwaway;

/// `ROOT/snapshots/DRIVER`.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    driver: &'static str,
    path: PathBuf,
    dispose: Arc<dyn Dispose>,
}

impl Home {
    pub(crate) fn new(store_root: &Path, driver: &'static str) -> Self {
        Self::with(store_root, driver, Arc::new(Plain))
    }

    /// Of a driver that makes more than directories and files.
    pub(crate) fn with(store_root: &Path, driver: &'static str, dispose: Arc<dyn Dispose>) -> Self {
        Self {
            driver,
            path: store_root.join("snapshots").join(driver),
            dispose,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn snapshot(&self, chain: &ChainId) -> PathBuf {
        self.path
            .join(format!("{}-{}", chain.0.algorithm(), chain.0.hex()))
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.path.join("staging")
    }

    pub(crate) fn throwaway(&self) -> PathBuf {
        self.path.join("throwaway")
    }

    /// An empty directory, made when it is first needed; another one for each number.
    pub(crate) fn empty(&self, number: usize) -> Result<PathBuf> {
        let path = self.path.join("empty").join(number.to_string());
        make_directory(&path)?;
        drop_acls(&path)
            .and_then(|()| rustix::fs::chmod(&path, rustix::fs::Mode::from_raw_mode(0o755)))
            .map_err(Error::os("create", &path))?;
        Ok(path)
    }

    /// The directories of a stack, in the order given; all must be there.
    pub(crate) fn stack(&self, chain: &[ChainId]) -> Result<Vec<PathBuf>> {
        chain
            .iter()
            .map(|chain| {
                let path = self.snapshot(chain);
                if path.is_dir() {
                    Ok(path)
                } else {
                    Err(Error::NoSnapshot {
                        chain: chain.clone(),
                        driver: self.driver,
                    })
                }
            })
            .collect()
    }

    pub(crate) fn begin(&self, chain: &ChainId) -> Result<Staging> {
        self.begin_with(chain, staging::empty_tree)
    }

    /// The same with a tree that `make` makes.
    pub(crate) fn begin_with(
        &self,
        chain: &ChainId,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Staging> {
        let directory = self.locked_directory(&self.staging())?;
        Staging::create(directory, Some(chain.clone()), make)
    }

    /// A directory with a name of its own in `parent`, locked, and removed unless it is kept.
    pub(crate) fn locked_directory(&self, parent: &Path) -> Result<LockedDirectory> {
        LockedDirectory::create(parent, Arc::clone(&self.dispose))
    }

    /// Moves what was staged into its place.
    pub(crate) fn publish(&self, staging: &Staging) -> Result<()> {
        let Some(chain) = staging.chain() else {
            return Ok(());
        };
        let target = self.snapshot(chain);
        // An orphan of a crash; the staging directory takes it along when it goes.
        move_away(&target, &staging.beside("orphan"))?;
        fs::rename(staging.path(), &target).map_err(Error::io("publish", &target))
    }

    /// Moves a snapshot out of its place at once, then takes it apart.
    pub(crate) fn remove(&self, chain: &ChainId) -> Result<()> {
        let path = self.snapshot(chain);
        if !path.try_exists().map_err(Error::io("look at", &path))? {
            return Ok(());
        }
        let directory = self.locked_directory(&self.staging())?;
        let staging = Staging::create(directory, None, |_| Ok(()))?;
        move_away(&path, &staging.beside("removed"))?;
        staging.remove()
    }

    pub(crate) fn present(&self) -> Result<Vec<ChainId>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("read", &self.path)(e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::io("read", &self.path))?.file_name();
            let digest = name
                .to_str()
                .and_then(|name| name.split_once('-'))
                .and_then(|(algorithm, hex)| format!("{algorithm}:{hex}").parse::<Digest>().ok());
            found.extend(digest.map(ChainId));
        }
        Ok(found)
    }

    pub(crate) fn sweep_staging(&self) -> Result<()> {
        self.sweep_directory(&self.staging(), |_| false)
    }

    /// How many are being made or taken apart.
    pub(crate) fn staged(&self) -> Result<usize> {
        let staging = self.staging();
        match fs::read_dir(&staging) {
            Ok(entries) => Ok(entries.count()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
            Err(e) => Err(Error::io("read", &staging)(e)),
        }
    }

    pub(crate) fn sweep(&self, mounted: &[PathBuf]) -> Result<()> {
        self.sweep_staging()?;
        throwaway::sweep(self, mounted)
    }

    /// Removes what nobody has locked in `parent`, unless `keep` says otherwise.
    pub(crate) fn sweep_directory(
        &self,
        parent: &Path,
        keep: impl Fn(&Path) -> bool,
    ) -> Result<()> {
        staging::sweep(parent, &*self.dispose, keep)
    }
}

/// Makes a directory, and those above it, that only the owner can look into. One that is there is fine.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::io("create", path))
}

/// Removes the access control lists that a directory of ours got from the one it was made in: they are
/// the machine's, and would be seen in the tree.
pub(crate) fn drop_acls(directory: &Path) -> rustix::io::Result<()> {
    for name in ["system.posix_acl_access", "system.posix_acl_default"] {
        match rustix::fs::removexattr(directory, name) {
            Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn move_away(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("move", from)(e)),
        _ => Ok(()),
    }
}
