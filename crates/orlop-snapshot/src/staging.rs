//! Directories in the making, or being taken apart. Each is locked by whoever is at it, so that a sweep
//! can tell those of dead processes.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use orlop_oci::ChainId;
use rustix::fs::{FlockOperation, Mode};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::home::make_directory;

/// How a driver takes apart a directory that holds what it made.
pub(crate) trait Dispose: std::fmt::Debug + Send + Sync {
    /// Removes the directory with all that is in it.
    fn dispose(&self, directory: &Path) -> Result<()>;
}

/// For drivers that make directories and files, and nothing else.
#[derive(Debug)]
pub(crate) struct Plain;

impl Dispose for Plain {
    fn dispose(&self, directory: &Path) -> Result<()> {
        Ok(orlop_fs::remove_tree(directory)?)
    }
}

/// A snapshot in the making. Dropped without [`crate::Driver::publish`], it is removed.
#[derive(Debug)]
pub struct Staging {
    chain: Option<ChainId>,
    tree: PathBuf,
    directory: LockedDirectory,
}

impl Staging {
    /// Makes `PARENT/ID`, and the tree in it by `make`.
    pub(crate) fn create(
        directory: LockedDirectory,
        chain: Option<ChainId>,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let tree = directory.path().join("tree");
        make(&tree)?;
        Ok(Self {
            chain,
            tree,
            directory,
        })
    }

    /// Where to unpack the layer.
    pub fn path(&self) -> &Path {
        &self.tree
    }

    /// What is being made; nothing when it is to be taken apart.
    pub(crate) fn chain(&self) -> Option<&ChainId> {
        self.chain.as_ref()
    }

    /// Room beside the tree that goes away with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Takes it apart, and tells when that fails.
    pub(crate) fn remove(self) -> Result<()> {
        self.directory.remove()
    }
}

/// Makes an empty tree, as a root that no layer names, whatever the umask is.
pub(crate) fn empty_tree(tree: &Path) -> Result<()> {
    fs::create_dir(tree).map_err(Error::io("create", tree))?;
    rustix::fs::chmod(tree, Mode::from_raw_mode(0o755)).map_err(Error::os("create", tree))
}

/// A directory with a name of its own, locked until it is dropped, and then removed.
#[derive(Debug)]
pub(crate) struct LockedDirectory {
    path: PathBuf,
    /// The directory itself; closing it unlocks it.
    lock: Option<File>,
    dispose: Arc<dyn Dispose>,
}

impl LockedDirectory {
    pub(crate) fn create(parent: &Path, dispose: Arc<dyn Dispose>) -> Result<Self> {
        make_directory(parent)?;
        loop {
            let path = parent.join(unique());
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(Error::io("create", &path)(e)),
            }
            // A sweep may come between making and locking; then it starts over.
            if let Some(lock) = try_lock(&path)? {
                return Ok(Self {
                    path,
                    lock: Some(lock),
                    dispose,
                });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets it stay, unlocked.
    pub(crate) fn keep(mut self) {
        self.lock = None;
    }

    fn remove(mut self) -> Result<()> {
        let removed = self.dispose.dispose(&self.path);
        self.lock = None;
        removed
    }
}

impl Drop for LockedDirectory {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What stays is swept when this process is gone.
            let _ = self.dispose.dispose(&self.path);
        }
    }
}

/// Locks a directory if nobody has it locked; nothing as well when it isn't there any more.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("open", path)(e)),
    };
    match rustix::io::retry_on_intr(|| {
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
    }) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(errno) => return Err(Error::os("lock", path)(errno)),
    }
    let locked = file.metadata().map_err(Error::io("look at", path))?;
    let same = fs::metadata(path).is_ok_and(|m| m.ino() == locked.ino() && m.dev() == locked.dev());
    Ok(same.then_some(file))
}

/// Removes the directories in `parent` that nobody has locked, unless `keep` says otherwise.
pub(crate) fn sweep(
    parent: &Path,
    dispose: &dyn Dispose,
    keep: impl Fn(&Path) -> bool,
) -> Result<()> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", parent)(e)),
    };
    for entry in entries {
        let path = entry.map_err(Error::io("read", parent))?.path();
        if keep(&path) {
            continue;
        }
        if let Some(lock) = try_lock(&path)? {
            dispose.dispose(&path)?;
            drop(lock);
        }
    }
    Ok(())
}

fn unique() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    format!(
        "{}-{nanos:x}-{}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_stays() {
        let dir = tempfile::tempdir().unwrap();
        let parent = dir.path().join("staging");
        let create = || LockedDirectory::create(&parent, Arc::new(Plain)).unwrap();
        let staging = Staging::create(create(), None, empty_tree).unwrap();
        fs::write(staging.path().join("x"), "").unwrap();
        let kept = create();
        let kept_path = kept.path().to_owned();
        kept.keep();
        let dead = create();
        let dead_path = dead.path().to_owned();
        dead.keep();
        sweep(&parent, &Plain, |path| path == kept_path).unwrap();
        assert!(staging.path().join("x").exists());
        assert!(kept_path.exists());
        assert!(!dead_path.exists());
        let path = staging.path().to_owned();
        drop(staging);
        assert!(!path.exists());
    }
}
