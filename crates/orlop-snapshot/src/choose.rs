//! Which driver a store uses.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::home::{Home, make_directory};
use crate::{Btrfs, Driver, Overlay2, Vfs};

/// The names of all drivers, the best first.
pub const DRIVERS: &[&str] = &[Overlay2::NAME, Btrfs::NAME, Vfs::NAME];

/// The driver of a store: the one that is wanted, or else the one that was chosen before, or else the
/// one of the file system that the store is on, or else the best one that works here. What was chosen is remembered, because snapshots of one driver are of no
/// use to another; what was wanted is not, so that trying one out doesn't change the store.
///
/// # Errors
/// [`Error::UnknownDriver`]; [`Error::Unusable`] when the wanted one doesn't work here.
pub fn choose(store_root: &Path, wanted: Option<&str>) -> Result<Arc<dyn Driver>> {
    if let Some(wanted) = wanted {
        let driver = driver_of(store_root, wanted)?;
        match wanted {
            Overlay2::NAME => Overlay2::new(store_root).probe()?,
            Btrfs::NAME => Btrfs::new(store_root).probe()?,
            _ => {}
        }
        return Ok(driver);
    }
    let note = store_root.join("snapshots").join("driver");
    match fs::read_to_string(&note) {
        Ok(name) => return driver_of(store_root, name.trim()),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &note)(e)),
    }
    let (btrfs, overlay) = (Btrfs::new(store_root), Overlay2::new(store_root));
    let chosen: Arc<dyn Driver> = if btrfs.probe().is_ok() {
        Arc::new(btrfs)
    } else if overlay.probe().is_ok() {
        Arc::new(overlay)
    } else {
        Arc::new(Vfs::new(store_root))
    };
    remember(store_root, &note, chosen.name())?;
    Ok(chosen)
}

/// The driver of this name, whether it works here or not: enough to remove what it has.
///
/// # Errors
/// [`Error::UnknownDriver`].
pub fn driver_of(store_root: &Path, name: &str) -> Result<Arc<dyn Driver>> {
    match name {
        Overlay2::NAME => Ok(Arc::new(Overlay2::new(store_root))),
        Btrfs::NAME => Ok(Arc::new(Btrfs::new(store_root))),
        Vfs::NAME => Ok(Arc::new(Vfs::new(store_root))),
        other => Err(Error::UnknownDriver(other.to_owned())),
    }
}

fn remember(store_root: &Path, note: &Path, name: &'static str) -> Result<()> {
    if let Some(directory) = note.parent() {
        make_directory(directory)?;
    }
    // In a directory that is swept when we die before the note has its name.
    let home = Home::new(store_root, name);
    let directory = home.locked_directory(&home.staging())?;
    let draft = directory.path().join("driver");
    fs::write(&draft, format!("{name}\n")).map_err(Error::io("write", &draft))?;
    fs::rename(&draft, note).map_err(Error::io("write", note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(choose(dir.path(), Some("vfs")).unwrap().name(), "vfs");
        assert!(!dir.path().join("snapshots/driver").exists());
        let first = choose(dir.path(), None).unwrap().name();
        let note = dir.path().join("snapshots/driver");
        assert_eq!(fs::read_to_string(&note).unwrap(), format!("{first}\n"));
        fs::write(&note, "vfs\n").unwrap();
        assert_eq!(choose(dir.path(), None).unwrap().name(), "vfs");
        fs::write(&note, "zfs9\n").unwrap();
        assert!(choose(dir.path(), None).is_err());
        let Err(error) = choose(dir.path(), Some("btrfs9")) else {
            panic!("taken");
        };
        assert_eq!(error.to_string(), "unknown storage driver \"btrfs9\"");
        assert_eq!(error.hint().unwrap(), "choose one of: overlay2, btrfs, vfs");
    }

    #[test]
    fn root_overlay_is_preferred() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED root_overlay_is_preferred: needs root");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        if crate::btrfs_subvolume::is_btrfs(dir.path()).unwrap() {
            assert_eq!(choose(dir.path(), None).unwrap().name(), "btrfs");
            return;
        }
        Overlay2::new(dir.path()).probe().unwrap();
        Overlay2::classic(dir.path()).probe().unwrap();
        assert_eq!(choose(dir.path(), None).unwrap().name(), "overlay2");
    }
}
